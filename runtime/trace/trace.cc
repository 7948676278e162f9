#include "runtime/trace/trace.h"

#include <algorithm>

#include "runtime/supervise/run.h"
#include "runtime/trace/diagnosis.h"

namespace evalrun::trace {
namespace {

void add(std::vector<Refusal>& refusals, Refusal refusal) {
  const auto same = std::ranges::find_if(refusals, [&](const Refusal& each) {
    return each.layer == refusal.layer && each.call == refusal.call && each.seen.path == refusal.seen.path &&
           describe(each.remedy) == describe(refusal.remedy);
  });
  if (same != refusals.end()) {
    ++same->times;
  } else if (refusals.size() < kRefusalsKept) {
    refusals.push_back(std::move(refusal));
  }
}

}  // namespace

Trace trace(const std::shared_ptr<const sandbox::CompiledPlan>& plan) {
  Trace found;
  const lockdown::CallJudge judge(plan->plan());
  supervise::EventLoop loop;
  supervise::Groups groups;
  supervise::Run run(loop, groups, plan);
  // After the run, so that it ends first: init cannot be reaped while a process of its own is followed.
  Tracer tracer(loop, [&](const ObservedCall& call) {
    if (auto refusal = diagnose(call, *plan, judge)) add(found.refusals, std::move(*refusal));
  });
  run.observe([&](const seccomp_notif& call) {
    lockdown::CallArguments arguments;
    std::copy(std::begin(call.data.args), std::end(call.data.args), arguments.begin());
    if (judge.judge(call.data.nr, arguments)) return false;
    tracer.follow(call);
    return true;
  });
  while (!run.finished()) loop.run_once();
  found.result = run.take_result(nullptr);
  return found;
}

}  // namespace evalrun::trace
