#include "lockdown/seccomp.h"

#include <seccomp.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "lockdown/call_policy.h"
#include "lockdown/filter_program.h"
#include "runtime/core/text.h"

namespace evalrun::lockdown {
namespace {

std::string heading(std::string_view name, CallVerdict verdict, SeccompProfile profile) {
  std::string text = std::string(name) + ": " + std::string(name_of(verdict));
  if (verdict == CallVerdict::Violation) {
    text += profile == SeccompProfile::Strict ? " (ends the run)" : " (EPERM under the compatible profile)";
  }
  if (verdict == CallVerdict::Noted) text += " (allowed; the supervisor remembers it)";
  if (verdict == CallVerdict::Mediated) text += " (the supervisor decides on a copy, and acts)";
  return text;
}

class Explanation {
 public:
  explicit Explanation(const Plan& plan) : plan_(plan), policy_(resolve_whitelist(plan, Phase::Program)) {}

  void add(const CallGroup& group) {
    std::vector<std::string> members;
    const CallVerdict verdict = verdict_of(group, plan_);
    for (const std::string_view call : group.calls) {
      const CallDecision* decision = find(call);
      if (decision != nullptr && refuses_nothing(*decision) && decision->otherwise == verdict) {
        members.emplace_back(call);
      }
    }
    if (members.empty()) return;
    text_ += heading(group.name, verdict, plan_.kind.seccomp.profile) + " (" + std::string(group.reason) + ")\n";
    text_ += wrapped(members, "  ");
    text_ += '\n';
  }

  void add(const FilteredCall& filtered) {
    const CallDecision* decision = find(filtered.call);
    if (decision == nullptr || decision->rows.empty()) return;
    text_ += std::string(filtered.call) + ": by its arguments\n";
    for (const ArgumentRow& row : decision->rows) {
      text_ += "  " + heading(row.reason, row.verdict, plan_.kind.seccomp.profile) + "\n";
    }
    text_ += "  else: " + std::string(name_of(decision->otherwise)) + " (" + std::string(filtered.reason) + ")\n\n";
  }

  void add_overrides() {
    std::vector<std::string> of_last_descriptor;
    for (const LastDescriptorCall& last : last_descriptor_calls()) {
      const CallDecision* decision = find(last.call);
      if (decision != nullptr && !decision->rows.empty()) of_last_descriptor.emplace_back(last.call);
    }
    add_list("noted where they name the last descriptor of limits.open_files: allowed, and the supervisor remembers it",
             of_last_descriptor);
    if (plan_.kind.limits.address_space) {
      add_list("asked: the supervisor holds limits.address_space", {calls_that_map().begin(), calls_that_map().end()});
    }
    for (const CapabilityRow& row : capability_rows()) {
      if (!plan_.kind.capabilities.takes(row.word)) continue;
      add_list(std::string(row.name) + " is taken: EPERM", {row.calls.begin(), row.calls.end()});
    }
    add_list("allowed by the plan", plan_.kind.seccomp.allow);
    add_list("denied by the plan: EPERM, or the violation that it is anyway", plan_.kind.seccomp.deny);
  }

  // Adds those calls that are not refused anyway.
  void add_asked(std::string_view why, std::span<const FilteredCall> hiding) {
    std::string lines;
    for (const FilteredCall& call : hiding) {
      const CallDecision* decision = find(call.call);
      if (decision == nullptr || decision->otherwise != CallVerdict::Allow || !decision->rows.empty()) continue;
      const std::string_view what = call.rows.empty() ? call.reason : call.rows.front().reason;
      lines += "  " + std::string(call.call) + ": " + std::string(what) + "\n";
    }
    if (!lines.empty()) text_ += "asked: " + std::string(why) + "\n" + lines + "\n";
  }

  std::string take() {
    text_ += "every other call: " + std::string(name_of(policy_.unlisted)) + "\n";
    text_ += "calls of another architecture, x32 numbers: violation (ends the run)\n";
    return std::move(text_);
  }

 private:
  // The rows of a call that its group decides are there for what the supervisor remembers.
  static bool refuses_nothing(const CallDecision& decision) {
    return std::ranges::all_of(decision.rows, [](const ArgumentRow& row) { return row.verdict == CallVerdict::Noted; });
  }

  [[nodiscard]] const CallDecision* find(std::string_view call) const {
    const std::optional<int> number = number_of_call(std::string(call));
    const auto found = number ? policy_.calls.find(*number) : policy_.calls.end();
    return found != policy_.calls.end() ? &found->second : nullptr;
  }

  void add_list(std::string_view title, const std::vector<std::string>& names) {
    if (names.empty()) return;
    text_ += std::string(title) + "\n";
    text_ += wrapped(names, "  ");
    text_ += '\n';
  }

  const Plan& plan_;
  CallPolicy policy_;
  std::string text_;
};

}  // namespace

FilterProgram build_whitelist(const Plan& plan, Uncounted uncounted) {
  return assemble_filter(resolve_whitelist(plan, Phase::SetUp, uncounted), plan.kind.seccomp.profile);
}

FilterProgram build_observed(const Plan& plan) {
  return assemble_filter(resolve_observed(plan), plan.kind.seccomp.profile);
}

// No row of the seal is a violation, so the profile does not matter to it.
FilterProgram build_seal() {
  return assemble_filter(resolve_seal(), SeccompProfile::Strict);
}

FilterProgram build_init_filter() {
  std::vector<int> numbers;
  for (const NamedReason& call : init_calls()) {
    if (const std::optional<int> number = number_of_call(std::string(call.name))) numbers.push_back(*number);
  }
  return assemble_allow_only(std::move(numbers));
}

std::string name_of_call(int number) {
  const std::unique_ptr<char, decltype(&::free)> name(::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number),
                                                      &::free);
  if (name) return name.get();
  const auto newer = std::ranges::find(newer_calls(), number, &NumberedCall::number);
  return newer != newer_calls().end() ? std::string(newer->name) : "call " + std::to_string(number);
}

bool is_mediated(int number) {
  const auto mediated = [&](const CallGroup& group) {
    return group.verdict == CallVerdict::Mediated && std::ranges::any_of(group.calls, [&](std::string_view call) {
             return number_of_call(std::string(call)) == number;
           });
  };
  return std::ranges::any_of(call_groups(), mediated);
}

bool is_known_call(const std::string& name) {
  return number_of_call(name).has_value();
}

std::string explain_whitelist(const Plan& plan, Uncounted uncounted) {
  Explanation explanation(plan);
  for (const CallGroup& group : call_groups()) explanation.add(group);
  for (const FilteredCall& filtered : filtered_calls()) explanation.add(filtered);
  explanation.add_overrides();
  if (uncounted.cpu_time) explanation.add_asked("no control group counts CPU time", calls_that_hide_cpu_time());
  if (uncounted.memory) explanation.add_asked("no control group counts memory", calls_that_hide_memory());
  return explanation.take();
}

}  // namespace evalrun::lockdown
