#include "lockdown/call_judge.h"

#include <algorithm>

#include "runtime/core/arch.h"
#include "runtime/core/text.h"
#include "runtime/plan/profile.h"

namespace evalrun::lockdown {
namespace {

bool holds(const ArgumentTest& test, const CallArguments& arguments) {
  const std::uint64_t value = arguments.at(test.argument) & test.mask;
  switch (test.compare) {
    case ArgumentTest::Compare::AnyBit: return value != 0;
    case ArgumentTest::Compare::OneOf: return std::ranges::count(test.values, static_cast<std::uint32_t>(value)) > 0;
    case ArgumentTest::Compare::NoneOf: return std::ranges::count(test.values, static_cast<std::uint32_t>(value)) == 0;
  }
  return false;
}

const ArgumentRow* row_that_decides(const CallDecision& decision, const CallArguments& arguments) {
  const auto found = std::ranges::find_if(decision.rows, [&](const ArgumentRow& row) {
    return holds(row.test, arguments) && (!row.and_test || holds(*row.and_test, arguments));
  });
  return found != decision.rows.end() ? &*found : nullptr;
}

bool lets_through(CallVerdict verdict) {
  return verdict == CallVerdict::Allow || verdict == CallVerdict::Mediated || verdict == CallVerdict::Asked ||
         verdict == CallVerdict::Noted;
}

const CallGroup* group_of(const std::string& call) {
  const auto found = std::ranges::find_if(
      call_groups(), [&](const CallGroup& group) { return std::ranges::binary_search(group.calls, call); });
  return found != call_groups().end() ? &*found : nullptr;
}

const FilteredCall* filtered(const std::string& call) {
  const auto found = std::ranges::find(filtered_calls(), call, &FilteredCall::call);
  return found != filtered_calls().end() ? &*found : nullptr;
}

// By number: names are looked up slowly.
std::map<int, std::span<const ArgumentRow>> rows_that_note() {
  std::map<int, std::span<const ArgumentRow>> found;
  for (const FilteredCall& call : filtered_calls()) {
    const bool notes =
        std::ranges::any_of(call.rows, [](const ArgumentRow& row) { return row.verdict == CallVerdict::Noted; });
    const std::optional<int> number = notes ? number_of_call(std::string(call.call)) : std::nullopt;
    if (number) found.emplace(*number, call.rows);
  }
  return found;
}

Remedy never(std::string_view reason) {
  return {"no plan allows this: " + std::string(reason)};
}

Remedy allow(std::string_view name, const Plan& plan) {
  const bool is_given = word_for_call(name) != Capability::CallsMore;
  if (!is_given && plan.kind.capabilities.takes(Capability::CallsMore)) return {who_takes(plan, Capability::CallsMore)};
  return {AddItem{"seccomp.allow", toml_string(std::string(name))}};
}

std::string reason_of(const std::string& call) {
  if (const CallGroup* group = group_of(call)) return std::string(group->reason);
  if (const FilteredCall* one = filtered(call)) return std::string(one->reason);
  return "a call that this policy does not know";
}

}  // namespace

bool is_noted(int number, const CallArguments& arguments) {
  static const std::map<int, std::span<const ArgumentRow>> noting = rows_that_note();
  const auto found = noting.find(number);
  if (found == noting.end()) return false;
  // Rows that only some plans have refuse the call, so none of them holds for a call that reached the supervisor.
  const auto row = std::ranges::find_if(found->second, [&](const ArgumentRow& each) {
    return !each.only_without && holds(each.test, arguments) && (!each.and_test || holds(*each.and_test, arguments));
  });
  return row != found->second.end() && row->verdict == CallVerdict::Noted;
}

bool is_foreign(std::uint32_t architecture, int number) noexcept {
  // -1 is no call at all (filter_program.cc).
  return architecture != arch::kAuditArch ||
         (number != -1 && (static_cast<std::uint32_t>(number) & arch::kForeignCallBit) != 0);
}

CallJudge::CallJudge(const Plan& plan)
    : plan_(plan), whitelist_(resolve_whitelist(plan, Phase::Program)), seal_(resolve_seal()) {}

std::optional<CallDenial> CallJudge::judge(int number, const CallArguments& arguments) const {
  for (const CallPolicy* policy : {&whitelist_, &seal_}) {
    const auto found = policy->calls.find(number);
    if (found == policy->calls.end()) {
      if (lets_through(policy->unlisted)) continue;
      return CallDenial{policy->unlisted, reason_of(""), never("the call is unknown")};
    }
    const CallDecision& decision = found->second;
    const ArgumentRow* row = row_that_decides(decision, arguments);
    const CallVerdict verdict = row != nullptr ? row->verdict : decision.otherwise;
    if (lets_through(verdict)) continue;
    return CallDenial{verdict, row != nullptr ? std::string(row->reason) : reason_of(decision.name),
                      remedy_of(decision.name, row)};
  }
  return std::nullopt;
}

Remedy CallJudge::remedy_of(const std::string& call, const ArgumentRow* row) const {
  if (std::ranges::count(plan_.kind.seccomp.deny, call) > 0) {
    return {"take " + in_quotes(call) + " out of [seccomp] deny"};
  }
  const Capability word = row != nullptr && row->only_without ? *row->only_without : word_for_call(call);
  if (word != Capability::CallsMore && plan_.kind.capabilities.takes(word)) return {who_takes(plan_, word)};
  if (row != nullptr && !row->unlocked_by.empty()) return allow(row->unlocked_by, plan_);
  if (row != nullptr && row->only_without) return {SetKey{"network.mode", "\"loopback\""}};
  const CallGroup* group = group_of(call);
  if (group != nullptr) {
    if (!group->never_allowed.empty()) return never(group->never_allowed);
    return group->when_pinned ? Remedy{SetKey{"limits.cpus", "\"any\""}} : allow(call, plan_);
  }
  const FilteredCall* one = filtered(call);
  if (one == nullptr) return never("the call is unknown");
  return one->never_allowed.empty() ? allow(call, plan_) : never(row != nullptr ? row->reason : one->never_allowed);
}

}  // namespace evalrun::lockdown
