#include "runtime/trace/trace.h"

#include <algorithm>
#include <cerrno>

#include "rootfs/view.h"
#include "runtime/supervise/run.h"
#include "runtime/trace/diagnosis.h"
#include "runtime/trace/host_names.h"

namespace evalrun::trace {
namespace {

// Names that the host may turn out not to have are many: loaders and runtimes try folder after folder.
constexpr std::size_t kCandidatesKept = 1024;
// Names that are missing in the image are more still, and few of them lead out of it.
constexpr std::size_t kMissingKept = 8192;

void add(std::vector<Refusal>& refusals, Refusal refusal) {
  const auto same = std::ranges::find_if(refusals, [&](const Refusal& each) {
    return each.seen.number == refusal.seen.number && each.layer == refusal.layer &&
           each.seen.path == refusal.seen.path && describe(each.remedy) == describe(refusal.remedy);
  });
  if (same != refusals.end()) {
    ++same->times;
  } else if (refusals.size() < (refusal.if_link_leads_out ? kMissingKept : kCandidatesKept)) {
    refusals.push_back(std::move(refusal));
  }
}

// By the links that the program's own call has followed. The path that a mount must show stands in the place of the one
// that was asked for. False where no link leads out: then nothing was refused.
bool follow_links(Refusal& refusal, const sandbox::CompiledPlan& plan) {
  const rootfs::View view(plan.layout(), "/");
  const rootfs::Look look = view.look(refusal.seen.path);
  if (!look.leads_out()) return !refusal.if_link_leads_out && look.link.empty();
  if (plan.plan().kind.capabilities.takes(Capability::FsRead)) return true;
  const std::optional<rootfs::Mend> mend = rootfs::mend_for(plan.layout(), look);
  if (!mend) return false;
  refusal.remedy = {AddMount{.bind = mend->path, .tmpfs = "", .at = mend->path, .exec = mend->is_run}};
  refusal.if_on_host = mend->path;
  return true;
}

void resolve_missing(std::vector<Refusal>& refusals, const sandbox::CompiledPlan& plan) {
  std::erase_if(refusals, [&](Refusal& each) {
    const PlanAddition* addition = each.remedy.addition();
    const bool asks_for_mount = addition != nullptr && std::holds_alternative<AddMount>(*addition) &&
                                (each.seen.error == ENOENT || each.seen.error == ENOTDIR);
    return asks_for_mount && !follow_links(each, plan);
  });
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
  resolve_missing(found.refusals, *plan);
  drop_what_the_host_has_not(found.refusals);
  return found;
}

}  // namespace evalrun::trace
