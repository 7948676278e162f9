#include "lockdown/filter_listing.h"

#include <algorithm>
#include <cstdio>

#include "lockdown/call_policy.h"
#include "runtime/core/text.h"

namespace evalrun::lockdown {
namespace {

std::string hexadecimal(std::uint64_t value) {
  char digits[19];
  std::snprintf(digits, sizeof digits, "0x%llx", static_cast<unsigned long long>(value));
  return digits;
}

std::string joined(const ValueSet& values, std::string_view separator) {
  std::string text;
  for (const std::uint32_t value : values) {
    if (!text.empty()) text += separator;
    text += hexadecimal(value);
  }
  return text;
}

std::string condition_of(const ArgumentRow& row) {
  std::string text = describe_test(row.test);
  if (row.and_test) text += " and " + describe_test(*row.and_test);
  return text;
}

std::string count_of(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string consequence_of(CallVerdict verdict, SeccompProfile profile) {
  switch (verdict) {
    case CallVerdict::Allow: return "allowed";
    case CallVerdict::Asked: return "asked: the supervisor answers, by the arguments in the registers";
    case CallVerdict::Noted: return "allowed, and noted by the supervisor";
    case CallVerdict::ForeignCall: return "violation: the run ends with verdict SV";
    case CallVerdict::Mediated: return "mediated: the supervisor decides on a copy and acts itself";
    case CallVerdict::Violation:
      return profile == SeccompProfile::Strict ? "violation: the run ends with verdict SV" : "EPERM";
    default: return std::string(name_of(verdict));
  }
}

class Listing {
 public:
  explicit Listing(const Plan& plan)
      : profile_(plan.kind.seccomp.profile), policy_(resolve_whitelist(plan, Phase::Program)) {}

  void add_programs(std::size_t whitelist, std::size_t seal, std::size_t init) {
    text_ += "programs: whitelist " + count_of(whitelist, "instruction") + ", seal " + std::to_string(seal) +
             ", init's own " + std::to_string(init) + "; the kernel takes " + std::to_string(BPF_MAXINSNS) +
             " each\n\n";
  }

  // The calls of one kind, by what happens and where the rule comes from.
  void add_kind(RuleKind kind, std::string_view title) {
    std::map<std::string, std::map<std::string, std::vector<std::string>>> calls;
    std::size_t count = 0;
    for (const auto& [number, decision] : policy_.calls) {
      if (kind_of(decision, profile_) != kind) continue;
      calls[consequence_of(decision.otherwise, profile_)][decision.origin].push_back(decision.name);
      ++count;
    }
    text_ += std::string(title) + ": " + count_of(count, "call") + "\n";
    for (auto& [consequence, by_origin] : calls) {
      for (auto& [origin, names] : by_origin) add_group(consequence, origin, names);
    }
    text_ += '\n';
  }

  void add_filtered() {
    const auto filtered = [&](const auto& entry) { return !entry.second.rows.empty(); };
    text_ += "decided by their arguments, the first row that holds: " +
             count_of(static_cast<std::size_t>(std::ranges::count_if(policy_.calls, filtered)), "call") + "\n";
    for (const auto& [number, decision] : policy_.calls) {
      if (!decision.rows.empty()) add_rows(decision);
    }
    text_ += '\n';
  }

  void add_seal() {
    text_ += "taken away by the seal, before the program starts\n";
    for (const SetUpCall& call : set_up_calls()) {
      text_ += "  " + std::string(call.call);
      if (call.option) text_ += ", where arg0 is " + hexadecimal(*call.option);
      text_ += ": " + std::string(name_of(call.sealed)) + " (" + std::string(call.reason) + ")\n";
    }
    text_ += '\n';
  }

  std::string take() {
    text_ += "every other number: " + consequence_of(policy_.unlisted, profile_) + "\n";
    text_ += "calls of another architecture, x32 numbers: " + consequence_of(policy_.foreign, profile_) + "\n";
    return std::move(text_);
  }

 private:
  void add_group(const std::string& consequence, const std::string& origin, std::vector<std::string>& names) {
    std::ranges::sort(names);
    text_ += "  " + consequence + "  [" + origin + "]";
    const auto group = std::ranges::find(call_groups(), origin, &CallGroup::name);
    if (group != call_groups().end()) text_ += "  " + std::string(group->reason);
    text_ += '\n' + wrapped(names, "    ");
  }

  void add_rows(const CallDecision& decision) {
    text_ += "  " + decision.name + "\n";
    for (const ArgumentRow& row : decision.rows) {
      text_ += "    " + condition_of(row) + ": " + consequence_of(row.verdict, profile_) + "  (" +
               std::string(row.reason) + ")\n";
    }
    const auto filtered = std::ranges::find(filtered_calls(), decision.name, &FilteredCall::call);
    const std::string_view why = filtered != filtered_calls().end() ? filtered->reason : decision.origin;
    text_ += "    else: " + consequence_of(decision.otherwise, profile_) + "  (" + std::string(why) + ")\n";
  }

  SeccompProfile profile_;
  CallPolicy policy_;
  std::string text_;
};

}  // namespace

std::string describe_test(const ArgumentTest& test) {
  const std::string argument = "arg" + std::to_string(test.argument);
  const bool whole = test.mask == 0xffffffff;
  const std::string value = whole ? argument : "(" + argument + " & " + hexadecimal(test.mask) + ")";
  switch (test.compare) {
    case ArgumentTest::Compare::OneOf: return value + " is " + joined(test.values, " or ");
    case ArgumentTest::Compare::NoneOf: return value + " is none of " + joined(test.values, ", ");
    case ArgumentTest::Compare::AnyBit: return argument + " has a bit of " + hexadecimal(test.mask);
  }
  return "?";
}

std::string list_filters(const Plan& plan, const FilterProgram& whitelist, const FilterProgram& seal,
                         const FilterProgram& init) {
  Listing listing(plan);
  listing.add_programs(whitelist.size(), seal.size(), init.size());
  listing.add_kind(RuleKind::Allow, "allowed");
  listing.add_kind(RuleKind::Errno, "answered with an errno");
  listing.add_kind(RuleKind::Notify, "handed to the supervisor");
  listing.add_filtered();
  listing.add_seal();
  return listing.take();
}

}  // namespace evalrun::lockdown
