#include "lockdown/call_policy.h"

#include <seccomp.h>

#include <algorithm>
#include <stdexcept>

#include "runtime/core/text.h"

namespace evalrun::lockdown {
namespace {

constexpr std::string_view kAllowKey = "seccomp.allow";
constexpr std::string_view kDenyKey = "seccomp.deny";

[[noreturn]] void reject(const Plan& plan, std::string_view key, const std::string& message) {
  throw PlanError(plan.origin.where(std::string(key)), key, message);
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

const NamedReason* find_named(std::span<const NamedReason> table, std::string_view name) {
  const auto found = std::ranges::find(table, name, &NamedReason::name);
  return found != table.end() ? &*found : nullptr;
}

std::string_view why_never_allowed(std::string_view name) {
  for (const CallGroup& group : call_groups()) {
    if (std::ranges::binary_search(group.calls, name)) return group.never_allowed;
  }
  const auto filtered = std::ranges::find(filtered_calls(), name, &FilteredCall::call);
  return filtered != filtered_calls().end() ? filtered->never_allowed : std::string_view{};
}

std::vector<std::string> all_names() {
  std::vector<std::string> names{std::string(kFcntlLocks)};
  for (const CallGroup& group : call_groups()) names.insert(names.end(), group.calls.begin(), group.calls.end());
  for (const FilteredCall& filtered : filtered_calls()) names.emplace_back(filtered.call);
  return names;
}

void check_known(const Plan& plan, std::string_view key, const std::string& name) {
  if (number_of_call(name)) return;
  std::string message = in_quotes(name) + " is not a system call of this architecture";
  const std::string near = nearest(name, all_names());
  if (!near.empty() && near != name) message += "; did you mean " + in_quotes(near) + "?";
  reject(plan, key, message);
}

void check_overrides(const Plan& plan) {
  for (const std::string& name : plan.kind.seccomp.allow) {
    if (contains(plan.kind.seccomp.deny, name))
      reject(plan, kAllowKey, in_quotes(name) + " is in seccomp.deny as well");
    if (name == kFcntlLocks) continue;
    check_known(plan, kAllowKey, name);
    const std::string_view reason = why_never_allowed(name);
    if (!reason.empty()) reject(plan, kAllowKey, in_quotes(name) + " is never allowed: " + std::string(reason));
  }
  if (plan.kind.seccomp.deny_action == DenyAction::Violation &&
      plan.kind.seccomp.profile == SeccompProfile::Compatible) {
    reject(plan, "seccomp.deny.action", "expected \"fail\", since with profile = \"compatible\" no call ends a run");
  }
  for (const std::string& name : plan.kind.seccomp.deny) {
    check_known(plan, kDenyKey, name);
    if (const NamedReason* needed = find_named(calls_needed_to_start(), name)) {
      reject(plan, kDenyKey, in_quotes(name) + " is needed to start the program: " + std::string(needed->reason));
    }
  }
}

// Whether the plan says all that seccomp.allow needs for this call.
bool is_within_words(const Plan& plan, std::string_view call) {
  const CapabilityRow& row = row_of(word_for_call(call));
  if (plan.kind.capabilities.takes(row.word)) return false;
  return std::ranges::count(row.allows, call) > 0 || !plan.kind.capabilities.takes(Capability::CallsMore);
}

class Resolver {
 public:
  explicit Resolver(const Plan& plan) : plan_(plan) {}

  void add(const CallGroup& group) {
    const CallVerdict verdict = verdict_of(group, plan_);
    for (const std::string_view call : group.calls) add(call, {"", verdict, {}, std::string(group.name)});
  }

  void add(const FilteredCall& filtered) {
    std::vector<ArgumentRow> rows;
    for (ArgumentRow row : filtered.rows) {
      if (row.only_without && has(*row.only_without)) continue;
      if (!row.unlocked_by.empty() && allows(row.unlocked_by)) row.verdict = CallVerdict::Allow;
      rows.push_back(row);
    }
    add(filtered.call, {"", filtered.otherwise, std::move(rows), "the rows of arguments"});
  }

  void allow(std::string_view call, std::string_view origin) {
    const std::string name(call);
    const std::optional<int> number = number_of_call(name);
    if (!number) return;
    std::vector<ArgumentRow> rows;
    if (const auto known = policy_.calls.find(*number); known != policy_.calls.end()) rows = known->second.rows;
    std::erase_if(rows, [](const ArgumentRow& row) {
      return row.verdict != CallVerdict::Noted && row.verdict != CallVerdict::Ignored;
    });
    policy_.replace(*number, {name, CallVerdict::Allow, std::move(rows), std::string(origin)});
  }

  // Its rows still refuse what they refused.
  void ask(std::string_view call) {
    const std::optional<int> number = number_of_call(std::string(call));
    if (!number) return;
    CallDecision& decision = policy_.calls.at(*number);
    decision.otherwise = CallVerdict::Asked;
    decision.origin = "limits.address_space";
  }

  // These rows come after those that refuse some of the call: a refused call hides nothing.
  void ask(const FilteredCall& hiding) {
    const std::optional<int> number = number_of_call(std::string(hiding.call));
    const auto known = number ? policy_.calls.find(*number) : policy_.calls.end();
    if (known == policy_.calls.end()) return;
    CallDecision& decision = known->second;
    if (decision.otherwise != CallVerdict::Allow) return;
    decision.rows.insert(decision.rows.end(), hiding.rows.begin(), hiding.rows.end());
    decision.otherwise = hiding.otherwise;
  }

  // Goes on as before, and the supervisor remembers it where the argument has this value.
  void note(std::string_view call, unsigned argument, std::uint32_t value, std::string_view reason) {
    const std::optional<int> number = number_of_call(std::string(call));
    if (!number) return;
    CallDecision& decision = policy_.calls.at(*number);
    if (decision.otherwise != CallVerdict::Allow) return;
    decision.rows.push_back(
        {.test = {.argument = argument, .values = {value}}, .verdict = CallVerdict::Noted, .reason = reason});
  }

  // A call that needs more of the plan than its name here (the image's list may have such) is passed over.
  [[nodiscard]] bool allows(std::string_view call) const {
    return contains(plan_.kind.seccomp.allow, call) && is_within_words(plan_, call);
  }

  void forbid(const std::string& call, std::string_view origin) { replace(call, CallVerdict::Violation, origin); }

  void deny(const std::string& call, std::string_view origin) {
    const std::optional<int> number = number_of_call(call);
    if (!number) return;
    const auto known = policy_.calls.find(*number);
    std::vector<ArgumentRow> rows;
    if (known != policy_.calls.end()) {
      if (known->second.otherwise == CallVerdict::Violation) return;
      rows = known->second.rows;
      std::erase_if(rows, [](const ArgumentRow& row) { return row.verdict != CallVerdict::Violation; });
    }
    policy_.replace(*number, {call, CallVerdict::NotPermitted, std::move(rows), std::string(origin)});
  }

  void admit_for_set_up(const SetUpCall& call) {
    if (call.use == SetUpCall::Use::SealedOnly) return;
    if (!call.option) return allow(call.call, "the set-up");
    const std::optional<int> number = number_of_call(std::string(call.call));
    if (!number) return;
    auto& rows = policy_.calls.at(*number).rows;
    rows.insert(rows.begin(),
                {.test = {.values = {*call.option}}, .verdict = CallVerdict::Allow, .reason = call.reason});
  }

  CallPolicy take() { return std::move(policy_); }

 private:
  // A call of the tables that this architecture does not have (open on arm64) needs no rule.
  void add(std::string_view call, CallDecision decision) {
    decision.name = std::string(call);
    if (const std::optional<int> number = number_of_call(decision.name)) policy_.add(*number, std::move(decision));
  }

  void replace(std::string_view call, CallVerdict verdict, std::string_view origin) {
    const std::string name(call);
    if (const std::optional<int> number = number_of_call(name)) {
      policy_.replace(*number, {name, verdict, {}, std::string(origin)});
    }
  }

  [[nodiscard]] bool has(Capability word) const {
    if (word == Capability::NetLoopback) return plan_.kind.network.mode != NetworkMode::None;
    return !plan_.kind.capabilities.takes(word);
  }

  const Plan& plan_;
  CallPolicy policy_;
};

// Whoever has it open must close it, or has chosen its number; opening it names no number.
constexpr LastDescriptorCall kLastDescriptorCalls[] = {{"close", 0}, {"dup2", 1}, {"dup3", 1}};

}  // namespace

std::span<const LastDescriptorCall> last_descriptor_calls() noexcept {
  return kLastDescriptorCalls;
}

void CallPolicy::add(int number, CallDecision decision) {
  const auto [place, is_new] = calls.try_emplace(number, decision);
  if (is_new) return;
  throw std::logic_error("two seccomp rules for " + in_quotes(decision.name) + ": " + describe_rule(place->second) +
                         ", and " + describe_rule(decision));
}

void CallPolicy::replace(int number, CallDecision decision) {
  calls.insert_or_assign(number, std::move(decision));
}

RuleKind kind_of(const CallDecision& decision, SeccompProfile profile) noexcept {
  if (!decision.rows.empty()) return RuleKind::ByArguments;
  switch (decision.otherwise) {
    case CallVerdict::Allow: return RuleKind::Allow;
    case CallVerdict::Asked:
    case CallVerdict::Noted:
    case CallVerdict::ForeignCall:
    case CallVerdict::Mediated: return RuleKind::Notify;
    case CallVerdict::Violation: return profile == SeccompProfile::Strict ? RuleKind::Notify : RuleKind::Errno;
    default: return RuleKind::Errno;
  }
}

std::string describe_rule(const CallDecision& decision) {
  const std::string verdict(name_of(decision.otherwise));
  const std::string what = decision.rows.empty() ? verdict : "by its arguments, else " + verdict;
  return what + " (" + decision.origin + ")";
}

std::optional<int> number_of_call(const std::string& name) {
  // Below zero: unknown (__NR_SCMP_ERROR), or libseccomp's placeholder for a call of other architectures.
  const int number = seccomp_syscall_resolve_name(name.c_str());
  if (number >= 0) return number;
  const auto newer = std::ranges::find(newer_calls(), name, &NumberedCall::name);
  return newer != newer_calls().end() ? std::optional(newer->number) : std::nullopt;
}

CallVerdict verdict_of(const CallGroup& group, const Plan& plan) {
  const bool pinned = !std::holds_alternative<CpusAny>(plan.kind.limits.cpus);
  if (group.when_pinned && pinned) return *group.when_pinned;
  return group.verdict;
}

CallPolicy resolve_whitelist(const Plan& plan, Phase phase, Uncounted uncounted) {
  check_overrides(plan);
  Resolver resolver(plan);
  for (const CallGroup& group : call_groups()) resolver.add(group);
  for (const FilteredCall& filtered : filtered_calls()) resolver.add(filtered);
  for (const std::string& name : plan.kind.seccomp.allow) {
    if (name != kFcntlLocks && resolver.allows(name)) resolver.allow(name, kAllowKey);
  }
  for (const LastDescriptorCall& last : last_descriptor_calls()) {
    resolver.note(last.call, last.argument, plan.kind.limits.open_files - 1,
                  "the last descriptor that limits.open_files gives");
  }
  if (uncounted.cpu_time)
    std::ranges::for_each(calls_that_hide_cpu_time(), [&](const auto& call) { resolver.ask(call); });
  if (uncounted.memory) std::ranges::for_each(calls_that_hide_memory(), [&](const auto& call) { resolver.ask(call); });
  if (plan.kind.limits.address_space) {
    for (const std::string_view call : calls_that_map()) resolver.ask(call);
  }
  for (const CapabilityRow& row : capability_rows()) {
    if (!plan.kind.capabilities.takes(row.word)) continue;
    for (const std::string_view call : row.calls) resolver.deny(std::string(call), row.name);
  }
  for (const std::string& name : plan.kind.seccomp.deny) {
    switch (plan.kind.seccomp.deny_action) {
      case DenyAction::Fail: resolver.deny(name, kDenyKey); break;
      case DenyAction::Violation: resolver.forbid(name, kDenyKey); break;
    }
  }
  if (phase == Phase::SetUp) {
    for (const SetUpCall& call : set_up_calls()) resolver.admit_for_set_up(call);
  }
  return resolver.take();
}

CallPolicy resolve_observed(const Plan& plan) {
  CallPolicy policy = resolve_whitelist(plan, Phase::SetUp);
  for (auto& [number, decision] : policy.calls) {
    const bool begins = decision.name == "brk" || decision.name == "mmap" || decision.origin == "files";
    if (begins && decision.otherwise == CallVerdict::Allow) {
      decision.otherwise = CallVerdict::Asked;
    }
  }
  return policy;
}

CallPolicy resolve_seal() {
  CallPolicy policy{.unlisted = CallVerdict::Allow, .foreign = CallVerdict::Allow};
  for (const SetUpCall& call : set_up_calls()) {
    const std::string name(call.call);
    const std::optional<int> number = number_of_call(name);
    if (!number) continue;
    if (!call.option) {
      policy.add(*number, CallDecision{name, call.sealed, {}, "the seal"});
    } else {
      CallDecision unsealed{name, CallVerdict::Allow, {}, "the seal"};
      CallDecision& decision = policy.calls.try_emplace(*number, std::move(unsealed)).first->second;
      decision.rows.push_back({.test = {.values = {*call.option}}, .verdict = call.sealed, .reason = call.reason});
    }
  }
  return policy;
}

}  // namespace evalrun::lockdown
