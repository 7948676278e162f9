// Capability words: what a program may do, said in one word each, and how the kernel is told where a plan takes a word
// away. One table. The mount table, Landlock's rules, the system-call filter and the limits read their part of it;
// `evalrun explain` and docs/reference.md print all of it.
//
// A word that one layer cannot take away is taken by another, and the row says which; `remains` says what no layer
// takes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace evalrun {

enum class Capability : std::uint8_t {
  FsRead,
  FsWrite,
  FsDelete,
  FsLock,
  Exec,
  ProcessSpawn,
  ProcessThreads,
  NetUnix,
  NetLoopback,
  ProcMachine,
  CallsMore,
};
inline constexpr std::size_t kCapabilities = static_cast<std::size_t>(Capability::CallsMore) + 1;

// In order: of two, the lesser is the stricter.
enum class Grant : std::uint8_t {
  Taken,      // no key of the plan brings it back
  OnRequest,  // where a key of the plan asks for it
  Given,      // without being asked for
};

// A grant for each word. Sets form a lattice: `meet` is commutative, associative, idempotent, and never wider than
// either of the two.
class CapabilitySet {
 public:
  // Everything: what `meet` leaves the other set as it is.
  constexpr CapabilitySet() { grants_.fill(Grant::Given); }

  [[nodiscard]] constexpr Grant of(Capability word) const { return grants_[static_cast<std::size_t>(word)]; }
  [[nodiscard]] constexpr bool takes(Capability word) const { return of(word) == Grant::Taken; }
  constexpr void set(Capability word, Grant grant) { grants_[static_cast<std::size_t>(word)] = grant; }

  friend constexpr CapabilitySet meet(const CapabilitySet& a, const CapabilitySet& b) {
    CapabilitySet both;
    for (std::size_t i = 0; i < kCapabilities; ++i) {
      both.grants_[i] = a.grants_[i] < b.grants_[i] ? a.grants_[i] : b.grants_[i];
    }
    return both;
  }
  constexpr bool operator==(const CapabilitySet&) const = default;

 private:
  std::array<Grant, kCapabilities> grants_{};
};

// The rights that [landlock] has words for.
enum class PathRight : std::uint8_t { Read, Write, Execute, Delete };

// What the mount table does without a word. Each is an answer of its own.
enum class MountKnob : std::uint8_t {
  None,
  ProcessesOnly,  // /proc shows processes, whatever the image asks for
  ReadOnly,       // every mount, the workspace's when its files have been placed
  WorkNoExec,     // nothing in /work is executable, unless the program itself lies there
};

enum class LimitKnob : std::uint8_t {
  None,
  NoFileSize,  // RLIMIT_FSIZE 0
  OneTask,     // RLIMIT_NPROC: init and the program, where both words of processes are taken
};

enum class NetworkKnob : std::uint8_t {
  None,
  NoUnix,      // the supervisor refuses to bind and connect Unix sockets
  NoLoopback,  // network.mode is "none"
};

struct CapabilityRow {
  Capability word;
  std::string_view name;
  std::string_view gives;
  // Keys of a plan that ask for it: errors where it is taken.
  std::string_view asked_by;

  // ---- Without the word ----
  // Landlock: no rule grants it but for the program's own files.
  std::optional<PathRight> path_right = {};
  // seccomp: EPERM.
  std::span<const std::string_view> calls = {};
  // seccomp: rows of lockdown/call_table.h that hold without the word, as people read them.
  std::string_view calls_by_arguments = {};
  MountKnob mounts = MountKnob::None;
  LimitKnob limits = LimitKnob::None;
  NetworkKnob network = NetworkKnob::None;
  // The layer of [require] without which the word is not taken away; none: two hold it, or one that is always there.
  std::string_view held_by = {};
  // What a program still can.
  std::string_view remains;

  // ---- With the word ----
  // Of seccomp.allow: given with the word.
  std::span<const std::string_view> allows = {};
  // Of seccomp.allow: ways to the same end, which nobody has without the word.
  std::span<const std::string_view> other_ways = {};
};

// In the order of the words.
std::span<const CapabilityRow> capability_rows() noexcept;
const CapabilityRow& row_of(Capability word) noexcept;

std::string_view name_of(Grant grant) noexcept;  // "taken", "on request", "given"

// The word that seccomp.allow needs for this name: the one whose row names the call, else calls.more.
Capability word_for_call(std::string_view call) noexcept;

// Whether a word that `held` does not have turns this knob.
bool turns(const CapabilitySet& held, MountKnob knob) noexcept;
bool turns(const CapabilitySet& held, LimitKnob knob) noexcept;
bool turns(const CapabilitySet& held, NetworkKnob knob) noexcept;

}  // namespace evalrun
