#include "lockdown/filter_program.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>

#include "runtime/core/error.h"
#include "runtime/core/fd.h"

namespace evalrun::lockdown {
namespace {

static_assert(std::endian::native == std::endian::little, "low_half() and high_half() know one byte order");

struct ReleaseContext {
  void operator()(void* context) const noexcept { seccomp_release(context); }
};
using Context = std::unique_ptr<void, ReleaseContext>;

void check(int result, const std::string& what) {
  if (result < 0) throw std::runtime_error("libseccomp " + what + ": " + errno_text(-result));
}

Context make_context(std::uint32_t default_action) {
  Context context(seccomp_init(default_action));
  if (!context) throw std::runtime_error("libseccomp seccomp_init failed");
  check(seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "attribute ACT_BADARCH");
  // A binary tree over the numbers. Priorities would have no effect under it, nor need they: the kernel caches which
  // numbers are always allowed (seccomp_cache_prepare, Linux 5.11) and skips the program for them.
  check(seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "attribute CTL_OPTIMIZE");
  return context;
}

void add_rule(const Context& context, std::uint32_t action, int number, const std::string& name) {
  check(seccomp_rule_add_array(context.get(), action, number, 0, nullptr),
        "rule for " + (name.empty() ? std::to_string(number) : name));
}

std::vector<sock_filter> exported(const Context& context) {
  const Fd file(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!file) throw SystemError("memfd_create", "seccomp");
  check(seccomp_export_bpf(context.get(), file.get()), "seccomp_export_bpf");
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  if (size < 0) throw SystemError("lseek", "exported filter");
  std::vector<sock_filter> program(static_cast<std::size_t>(size) / sizeof(sock_filter));
  const std::size_t bytes = program.size() * sizeof(sock_filter);
  const ssize_t got = ::pread(file.get(), program.data(), bytes, 0);
  if (got < 0) throw SystemError("pread", "exported filter");
  if (static_cast<std::size_t>(got) != bytes) throw std::runtime_error("exported filter: short read");
  return program;
}

void check_length(const std::vector<sock_filter>& program) {
  if (program.size() > BPF_MAXINSNS) {
    throw std::runtime_error("the system-call filter has " + std::to_string(program.size()) +
                             " instructions; the kernel takes " + std::to_string(BPF_MAXINSNS));
  }
}

std::uint32_t low_half(unsigned argument) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t));
}
std::uint32_t high_half(unsigned argument) {
  return low_half(argument) + sizeof(std::uint32_t);
}

sock_filter statement(int code, std::uint32_t k) {
  return {static_cast<std::uint16_t>(code), 0, 0, k};
}

// The block of one call: its rows in order, then its own default.
class ArgumentBlock {
 public:
  ArgumentBlock(const CallDecision& decision, SeccompProfile profile) : profile_(profile) {
    for (std::size_t first = 0; first < decision.rows.size();) {
      const std::size_t end = end_of_run(decision.rows, first);
      add_rows({decision.rows.data() + first, end - first});
      first = end;
    }
    finish(decision.otherwise);
  }

  [[nodiscard]] const std::vector<sock_filter>& code() const noexcept { return code_; }

 private:
  // Neighbours that ask the same argument for other values and say the same become one chain of comparisons.
  static bool joins(const ArgumentRow& a, const ArgumentRow& b) {
    constexpr auto kOneOf = ArgumentTest::Compare::OneOf;
    return !a.and_test && !b.and_test && a.test.compare == kOneOf && b.test.compare == kOneOf &&
           a.test.argument == b.test.argument && a.test.mask == b.test.mask && a.verdict == b.verdict;
  }

  static std::size_t end_of_run(const std::vector<ArgumentRow>& rows, std::size_t first) {
    std::size_t end = first + 1;
    while (end < rows.size() && joins(rows[first], rows[end])) ++end;
    return end;
  }

  void add_rows(std::span<const ArgumentRow> rows) {
    const ArgumentRow& row = rows.front();
    if (rows.size() == 1) {
      add_test(row.test);
      if (row.and_test) add_test(*row.and_test);
    } else {
      load(row.test);
      for (const ArgumentRow& each : rows) compare_equal(each.test.values, To::Verdict);
      otherwise_jump(To::NextRow);
    }
    add_verdict(row.verdict);
  }

  // Falls through where the test holds.
  void add_test(const ArgumentTest& test) {
    switch (test.compare) {
      case ArgumentTest::Compare::OneOf:
        load(test);
        compare_equal(test.values, To::TestHolds);
        otherwise_jump(To::NextRow);
        break;
      case ArgumentTest::Compare::NoneOf:
        load(test);
        compare_equal(test.values, To::NextRow);
        break;
      case ArgumentTest::Compare::AnyBit:
        if (const auto high = static_cast<std::uint32_t>(test.mask >> 32); high != 0) {
          load_word(high_half(test.argument));
          jump_if(BPF_JSET, high, To::TestHolds);
        }
        load_word(low_half(test.argument));
        jump_if(BPF_JSET, static_cast<std::uint32_t>(test.mask), To::TestHolds);
        otherwise_jump(To::NextRow);
        break;
    }
    land(To::TestHolds);
  }

  void add_verdict(CallVerdict verdict) {
    land(To::Verdict);
    finish(verdict);
    land(To::NextRow);
  }

  void finish(CallVerdict verdict) { code_.push_back(statement(BPF_RET | BPF_K, action_of(verdict, profile_))); }

  // A row's tests may leave another word in the accumulator than the one a later row asks for, and jumps reach a row
  // from several places; so every test loads its own word.
  void load(const ArgumentTest& test) {
    load_word(low_half(test.argument));
    const auto mask = static_cast<std::uint32_t>(test.mask);
    if (mask != 0xffffffff) code_.push_back(statement(BPF_ALU | BPF_AND | BPF_K, mask));
  }
  void load_word(std::uint32_t offset) { code_.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offset)); }

  enum class To : std::uint8_t { TestHolds, Verdict, NextRow };
  enum class Branch : std::uint8_t { IfTrue, IfFalse };
  struct Pending {
    std::size_t from;
    Branch branch;
    To to;
  };

  void compare_equal(const ValueSet& values, To target) {
    for (const std::uint32_t value : values) jump_if(BPF_JEQ, value, target);
  }
  void jump_if(int condition, std::uint32_t k, To target) {
    pending_.push_back({code_.size(), Branch::IfTrue, target});
    code_.push_back(statement(BPF_JMP | condition | BPF_K, k));
  }
  // The other way out of the comparison just made.
  void otherwise_jump(To target) { pending_.push_back({code_.size() - 1, Branch::IfFalse, target}); }

  void land(To target) {
    std::erase_if(pending_, [&](const Pending& jump) {
      if (jump.to != target) return false;
      const std::size_t distance = code_.size() - jump.from - 1;
      if (distance > 0xff) throw std::logic_error("a row of the call table is too long for one jump");
      sock_filter& comparison = code_[jump.from];
      (jump.branch == Branch::IfTrue ? comparison.jt : comparison.jf) = static_cast<std::uint8_t>(distance);
      return true;
    });
  }

  SeccompProfile profile_;
  std::vector<sock_filter> code_;
  std::vector<Pending> pending_;
};

bool is_marker(const sock_filter& instruction) {
  return instruction.code == (BPF_RET | BPF_K) && (instruction.k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRACE;
}

// Each marker becomes a jump to its block behind the program.
void splice(std::vector<sock_filter>& program, const std::vector<ArgumentBlock>& blocks) {
  const std::size_t skeleton = program.size();
  std::vector<std::size_t> starts;
  for (const ArgumentBlock& block : blocks) {
    starts.push_back(program.size());
    program.insert(program.end(), block.code().begin(), block.code().end());
  }
  std::vector<bool> reached(blocks.size());
  for (std::size_t i = 0; i < skeleton; ++i) {
    if (!is_marker(program[i])) continue;
    const std::size_t block = program[i].k & SECCOMP_RET_DATA;
    program[i] = statement(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(starts.at(block) - i - 1));
    reached[block] = true;
  }
  for (const bool each : reached) {
    if (!each) throw std::logic_error("libseccomp dropped the marker of a filtered call");
  }
}

}  // namespace

std::uint32_t action_of(CallVerdict verdict, SeccompProfile profile) noexcept {
  const auto error = [](int number) { return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(number); };
  switch (verdict) {
    case CallVerdict::Allow: return SECCOMP_RET_ALLOW;
    case CallVerdict::Asked: return SECCOMP_RET_USER_NOTIF;
    case CallVerdict::Mediated: return SECCOMP_RET_USER_NOTIF;
    case CallVerdict::Violation: return profile == SeccompProfile::Strict ? SECCOMP_RET_USER_NOTIF : error(EPERM);
    case CallVerdict::NotPermitted: return error(EPERM);
    case CallVerdict::AccessDenied: return error(EACCES);
    case CallVerdict::NotImplemented: return error(ENOSYS);
    case CallVerdict::NotATerminal: return error(ENOTTY);
    case CallVerdict::InvalidArgument: return error(EINVAL);
    case CallVerdict::FamilyUnsupported: return error(EAFNOSUPPORT);
    case CallVerdict::ProtocolUnsupported: return error(EPROTONOSUPPORT);
    case CallVerdict::OperationUnsupported: return error(EOPNOTSUPP);
    case CallVerdict::Ignored: return error(0);
  }
  return SECCOMP_RET_KILL_PROCESS;
}

std::vector<sock_filter> assemble_filter(const CallPolicy& policy, SeccompProfile profile) {
  const std::uint32_t default_action = action_of(policy.unlisted, profile);
  const Context context = make_context(default_action);
  std::vector<ArgumentBlock> blocks;
  for (const auto& [number, decision] : policy.calls) {
    if (!decision.rows.empty()) {
      add_rule(context, SCMP_ACT_TRACE(blocks.size()), number, decision.name);
      blocks.emplace_back(decision, profile);
      continue;
    }
    // libseccomp refuses rules that say what the default says.
    const std::uint32_t action = action_of(decision.otherwise, profile);
    if (action != default_action) add_rule(context, action, number, decision.name);
  }
  std::vector<sock_filter> program = exported(context);
  splice(program, blocks);
  check_length(program);
  return program;
}

std::vector<sock_filter> assemble_allow_only(std::span<const int> numbers) {
  const Context context = make_context(SCMP_ACT_KILL_PROCESS);
  for (const int number : numbers) add_rule(context, SCMP_ACT_ALLOW, number, "");
  std::vector<sock_filter> program = exported(context);
  check_length(program);
  return program;
}

}  // namespace evalrun::lockdown
