#include "runtime/trace/trace.h"

#include <algorithm>

#include "runtime/supervise/run.h"
#include "runtime/trace/diagnosis.h"
#include "runtime/trace/host_names.h"

namespace evalrun::trace {
namespace {

// Names that the host may turn out not to have are many: loaders and runtimes try folder after folder.
constexpr std::size_t kCandidatesKept = 1024;

void add(std::vector<Refusal>& refusals, Refusal refusal) {
  const auto same = std::ranges::find_if(refusals, [&](const Refusal& each) {
    return each.seen.number == refusal.seen.number && each.layer == refusal.layer &&
           each.seen.path == refusal.seen.path && describe(each.remedy) == describe(refusal.remedy);
  });
  if (same != refusals.end()) {
    ++same->times;
  } else if (refusals.size() < kCandidatesKept) {
    refusals.push_back(std::move(refusal));
  }
}

void drop_what_the_host_has_not(std::vector<Refusal>& refusals) {
  const std::vector<MountRow> mounts = mount_table();
  std::erase_if(refusals, [&](Refusal& each) {
    if (each.if_on_host.empty()) return false;
    const HostName found = look_at_host(each.if_on_host, mounts);
    if (found == HostName::Special && std::holds_alternative<PlanAddition>(each.remedy.what)) {
      each.remedy = {"no plan allows this: it is a socket, a FIFO or a device of the host"};
    }
    return found == HostName::Missing;
  });
  if (refusals.size() > kRefusalsKept) refusals.resize(kRefusalsKept);
}

}  // namespace

Trace trace(const std::shared_ptr<const sandbox::CompiledPlan>& plan) {
  Trace found;
  const lockdown::CallJudge judge(plan->plan());
  loop::EventLoop loop;
  groups::Groups groups;
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
  drop_what_the_host_has_not(found.refusals);
  return found;
}

}  // namespace evalrun::trace
