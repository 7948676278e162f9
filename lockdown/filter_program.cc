#include "lockdown/filter_program.h"

#include <linux/seccomp.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>

#include "runtime/core/arch.h"

namespace evalrun::lockdown {
namespace {

static_assert(std::endian::native == std::endian::little, "low_half() and high_half() know one byte order");

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

  bool operator==(const ArgumentBlock& other) const {
    return std::ranges::equal(code_, other.code_, [](const sock_filter& a, const sock_filter& b) {
      return a.code == b.code && a.jt == b.jt && a.jf == b.jf && a.k == b.k;
    });
  }

 private:
  // Neighbours that test the same argument for other values, with the same verdict, become one chain of comparisons.
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

// ---- The tree over the numbers --------------------------------------------------------------------------------------

// How all numbers from `first` to `last` are answered: by an action, or by a block of argument rows.
struct Range {
  std::uint32_t first;
  std::uint32_t last;
  std::uint32_t action;
  std::optional<std::size_t> block;

  [[nodiscard]] bool says_the_same_as(const Range& other) const {
    return action == other.action && block == other.block;
  }
};

// Neighbours with the same answer become one range.
class Ranges {
 public:
  explicit Ranges(std::uint32_t unlisted) : unlisted_(unlisted), ranges_{{0, UINT32_MAX, unlisted, {}}} {}

  // In ascending order of numbers.
  void add(int number, std::uint32_t action, std::optional<std::size_t> block = {}) {
    const auto first = static_cast<std::uint32_t>(number);
    begin({first, first, action, block});
    begin({first + 1, UINT32_MAX, unlisted_, {}});
  }

  // `foreign` is said to x32 numbers; -1 is a tracer's word for "skip the call" (seccomp(2)) and no call of another
  // architecture.
  std::vector<Range> take(std::uint32_t foreign) {
    begin({arch::kForeignCallBit, UINT32_MAX, foreign, {}});
    begin({UINT32_MAX, UINT32_MAX, unlisted_, {}});
    for (std::size_t i = 1; i < ranges_.size(); ++i) ranges_[i - 1].last = ranges_[i].first - 1;
    return std::move(ranges_);
  }

 private:
  void begin(const Range& range) {
    if (ranges_.back().first > range.first) throw std::logic_error("call numbers out of order");
    if (ranges_.back().first == range.first) ranges_.pop_back();
    if (ranges_.empty() || !ranges_.back().says_the_same_as(range)) ranges_.push_back(range);
  }

  std::uint32_t unlisted_;
  std::vector<Range> ranges_;
};

// A few numbers with one answer among others that all have another.
struct Chain {
  std::vector<std::uint32_t> numbers;
  Range match;
  Range otherwise;
};

constexpr std::size_t kLongestChain = 4;

std::optional<Chain> chain_of(std::span<const Range> ranges) {
  const auto is_wide = [](const Range& range) { return range.first != range.last; };
  const auto wide = std::ranges::find_if(ranges, is_wide);
  Chain chain{{}, {}, wide == ranges.end() ? ranges.front() : *wide};
  for (const Range& range : ranges) {
    if (range.says_the_same_as(chain.otherwise)) continue;
    if (chain.numbers.empty()) chain.match = range;
    if (is_wide(range) || !range.says_the_same_as(chain.match) || chain.numbers.size() == kLongestChain) return {};
    chain.numbers.push_back(range.first);
  }
  return chain;
}

// A comparison reaches 255 instructions, a jump any; a range takes one for itself, one for a comparison, one for a
// jump.
constexpr std::size_t kNearRanges = 255 / 3;

// The whole program: architecture, number, tree, blocks.
class Program {
 public:
  Program(std::span<const Range> ranges, const std::vector<ArgumentBlock>& blocks, std::uint32_t foreign) {
    code_.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
    code_.push_back({BPF_JMP | BPF_JEQ | BPF_K, 1, 0, arch::kAuditArch});
    code_.push_back(statement(BPF_RET | BPF_K, foreign));
    code_.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    add_tree(ranges);
    add_blocks(blocks);
    if (code_.size() > BPF_MAXINSNS) {
      throw std::runtime_error("the system-call filter has " + std::to_string(code_.size()) +
                               " instructions; the kernel takes " + std::to_string(BPF_MAXINSNS));
    }
  }

  std::vector<sock_filter> take() { return std::move(code_); }

 private:
  // Half of the ranges on either side of each comparison: as many steps to a rare call as to a common one. The kernel
  // remembers which numbers are always allowed (seccomp_cache_prepare, Linux 5.11) and skips the program for them.
  void add_tree(std::span<const Range> ranges) {
    if (ranges.size() == 1) return add_leaf(ranges.front());
    if (const auto chain = chain_of(ranges)) return add_chain(*chain);
    const std::span<const Range> below = ranges.first(ranges.size() / 2);
    const std::span<const Range> above = ranges.subspan(below.size());
    const std::size_t comparison = code_.size();
    code_.push_back({BPF_JMP | BPF_JGE | BPF_K, 0, 0, above.front().first});
    if (below.size() <= kNearRanges) {
      add_tree(below);
      code_[comparison].jt = static_cast<std::uint8_t>(code_.size() - comparison - 1);
    } else {
      code_[comparison].jf = 1;
      code_.push_back(statement(BPF_JMP | BPF_JA, 0));
      add_tree(below);
      code_[comparison + 1].k = static_cast<std::uint32_t>(code_.size() - comparison - 2);
    }
    add_tree(above);
  }

  void add_chain(const Chain& chain) {
    for (std::size_t left = chain.numbers.size(); left > 0; --left) {
      const std::uint32_t number = chain.numbers[chain.numbers.size() - left];
      code_.push_back({BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint8_t>(left), 0, number});
    }
    add_leaf(chain.otherwise);
    add_leaf(chain.match);
  }

  void add_leaf(const Range& range) {
    if (range.block) leaves_.push_back({code_.size(), *range.block});
    code_.push_back(range.block ? statement(BPF_JMP | BPF_JA, 0) : statement(BPF_RET | BPF_K, range.action));
  }

  void add_blocks(const std::vector<ArgumentBlock>& blocks) {
    std::map<std::size_t, std::size_t> begins;
    for (const Leaf& leaf : leaves_) {
      const auto [begin, is_new] = begins.try_emplace(leaf.block, code_.size());
      code_[leaf.at].k = static_cast<std::uint32_t>(begin->second - leaf.at - 1);
      if (!is_new) continue;
      const std::vector<sock_filter>& block = blocks.at(leaf.block).code();
      code_.insert(code_.end(), block.begin(), block.end());
    }
  }

  // Where the tree leads to a block.
  struct Leaf {
    std::size_t at;
    std::size_t block;
  };
  std::vector<sock_filter> code_;
  std::vector<Leaf> leaves_;
};

}  // namespace

std::uint32_t action_of(CallVerdict verdict, SeccompProfile profile) noexcept {
  const auto error = [](int number) { return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(number); };
  switch (verdict) {
    case CallVerdict::Allow: return SECCOMP_RET_ALLOW;
    case CallVerdict::Asked:
    case CallVerdict::Noted:
    case CallVerdict::ForeignCall:
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
    case CallVerdict::NoSuchOption: return error(ENOPROTOOPT);
    case CallVerdict::Ignored: return error(0);
  }
  return SECCOMP_RET_KILL_PROCESS;
}

std::vector<sock_filter> assemble_filter(const CallPolicy& policy, SeccompProfile profile) {
  Ranges ranges(action_of(policy.unlisted, profile));
  std::vector<ArgumentBlock> blocks;
  for (const auto& [number, decision] : policy.calls) {
    if (decision.rows.empty()) {
      ranges.add(number, action_of(decision.otherwise, profile));
    } else {
      ArgumentBlock block(decision, profile);
      // Calls that are decided alike share a block: the kernel's time to load a filter is linear in its length.
      const auto same = std::ranges::find(blocks, block);
      ranges.add(number, 0, static_cast<std::size_t>(same - blocks.begin()));
      if (same == blocks.end()) blocks.push_back(std::move(block));
    }
  }
  const std::uint32_t foreign = action_of(policy.foreign, profile);
  return Program(ranges.take(foreign), blocks, foreign).take();
}

std::vector<sock_filter> assemble_allow_only(std::vector<int> numbers) {
  std::ranges::sort(numbers);
  Ranges ranges(SECCOMP_RET_KILL_PROCESS);
  for (const int number : numbers) ranges.add(number, SECCOMP_RET_ALLOW);
  return Program(ranges.take(SECCOMP_RET_KILL_PROCESS), {}, SECCOMP_RET_KILL_PROCESS).take();
}

}  // namespace evalrun::lockdown
