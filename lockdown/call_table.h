// The system-call policy as data: which call belongs to which group, what the filter says to it, and why. The filters
// (filter_program.h), what `evalrun explain` prints, and the tests are all made from these tables.
//
// A call is in exactly one place: a CallGroup, where the number alone decides, or a FilteredCall, where its arguments
// do. A call in neither is unknown to this policy and gets kUnknownCall. call_table.cc asserts all of that.
//
// A filter cannot look behind pointers. So no row here is about a path, an address or a structure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include "runtime/plan/capability.h"

namespace evalrun::lockdown {

// What a filter says to a call. filter_program.h maps it to a seccomp action, in one place.
enum class CallVerdict : std::uint8_t {
  Allow,
  Asked,                 // the supervisor answers
  Mediated,              // the supervisor decides on a copy of what the pointers point to, and acts itself
  Noted,                 // the supervisor remembers it, and the kernel goes on with it
  ForeignCall,           // of another architecture or of x32: a violation under every profile
  Violation,             // exploit-only: no ordinary program makes this call by accident
  NotPermitted,          // EPERM: what an unprivileged kernel says
  AccessDenied,          // EACCES: the plan gives no network
  NotImplemented,        // ENOSYS: callers probe and fall back
  NotATerminal,          // ENOTTY: what ioctl says of a request that the file does not know
  InvalidArgument,       // EINVAL: what fcntl says of a command that the kernel does not know
  FamilyUnsupported,     // EAFNOSUPPORT
  ProtocolUnsupported,   // EPROTONOSUPPORT
  OperationUnsupported,  // EOPNOTSUPP
  NoSuchOption,          // ENOPROTOOPT: what a kernel says of a socket option that it does not know
  Ignored                // 0, without effect: callers ask for what they can do without, and fail where they are told no
};

// "allow", "mediated", "violation", else the errno's name.
std::string_view name_of(CallVerdict verdict) noexcept;

// New kernels bring new calls, and C libraries probe for them: ENOSYS sends them down the path for old kernels, where
// killing ends programs that were fine yesterday (CPython 3.13 under a published kill-by-default list).
inline constexpr CallVerdict kUnknownCall = CallVerdict::NotImplemented;

struct CallGroup {
  std::string_view name;
  CallVerdict verdict;
  std::string_view reason;
  std::span<const std::string_view> calls;  // sorted
  // Why no plan may allow these calls; empty where one may.
  std::string_view never_allowed = {};
  // The verdict in a plan that pins the run to cores; empty where it is the same.
  std::optional<CallVerdict> when_pinned = {};
};

std::span<const CallGroup> call_groups() noexcept;

// A few values, in a type that constexpr tables can hold.
class ValueSet {
 public:
  constexpr ValueSet() = default;
  constexpr ValueSet(std::initializer_list<std::uint32_t> values) {
    // Throws, hence does not compile, where the values do not fit.
    for (const std::uint32_t value : values) values_.at(size_++) = value;
  }
  [[nodiscard]] constexpr const std::uint32_t* begin() const noexcept { return values_.data(); }
  [[nodiscard]] constexpr const std::uint32_t* end() const noexcept { return values_.data() + size_; }

 private:
  std::array<std::uint32_t, 10> values_{};
  std::size_t size_ = 0;
};

// One question about one argument. The kernel reads an `int` argument's low half only, so OneOf and NoneOf do as well:
// garbage above bit 31 must not change the answer. AnyBit takes a 64-bit mask: a mask that fits 32 bits asks about the
// low half, any other about both.
struct ArgumentTest {
  enum class Compare : std::uint8_t { OneOf, NoneOf, AnyBit };
  unsigned argument = 0;
  Compare compare = Compare::OneOf;
  std::uint64_t mask = 0xffffffff;
  ValueSet values{};  // OneOf and NoneOf: compared with (argument & mask)
};

// One row of a call's policy: where every test holds, the verdict. Rows are tried in their order; the first that holds
// decides.
struct ArgumentRow {
  ArgumentTest test;
  CallVerdict verdict;
  std::string_view reason;
  std::optional<ArgumentTest> and_test = {};
  // The row holds only in plans without this word. For net.loopback: in plans whose network mode is "none".
  std::optional<Capability> only_without = {};
  // The name in seccomp.allow that turns the verdict into Allow; empty where there is none.
  std::string_view unlocked_by = {};
};

struct FilteredCall {
  std::string_view call;
  std::span<const ArgumentRow> rows;
  CallVerdict otherwise;  // where no row holds
  std::string_view reason;
  // Why no plan may allow the whole call; empty where one may.
  std::string_view never_allowed = {};
};

std::span<const FilteredCall> filtered_calls() noexcept;  // sorted

// seccomp.allow takes this beside the names of calls: fcntl's record locks (POSIX and open file description locks).
inline constexpr std::string_view kFcntlLocks = "fcntl_locks";

// Calls that could hide CPU time or memory where no control group counts it. The supervisor is asked about those that
// would be allowed otherwise (docs/decisions/028 and 029).
std::span<const FilteredCall> calls_that_hide_cpu_time() noexcept;
std::span<const FilteredCall> calls_that_hide_memory() noexcept;

// Calls that the lockdown's later steps need and the program must not have. The whitelist's additions and the seal's
// denials both come from this one table, so neither can be forgotten.
struct SetUpCall {
  std::string_view call;
  std::optional<std::uint32_t> option;  // the first argument it is about; none: the whole call
  // Sealed rows that no step needs are refused by the whitelist already; the seal is a second wall there.
  enum class Use : std::uint8_t { LaterStep, SealedOnly } use;
  CallVerdict sealed;  // what the seal says
  std::string_view reason;
};

std::span<const SetUpCall> set_up_calls() noexcept;

// The calls by which a process maps more: limits.address_space bounds them. The stack has a limit of its own, and
// System V shared memory does not exist here.
std::span<const std::string_view> calls_that_map() noexcept;

struct NamedReason {
  std::string_view name;
  std::string_view reason;
};

// Calls that programs have too and that every start needs: a plan that denied one could never start.
std::span<const NamedReason> calls_needed_to_start() noexcept;

// All that pid 1 of the sandbox may do once it only waits.
std::span<const NamedReason> init_calls() noexcept;

// Calls newer than libseccomp 2.5.4's own table (Linux 5.17). Numbers up to 423 differ between architectures; from 424
// on nearly all are common to them.
struct NumberedCall {
  std::string_view name;
  int number;
};

std::span<const NumberedCall> newer_calls() noexcept;

}  // namespace evalrun::lockdown
