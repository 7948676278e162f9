#include "runtime/warm/cell.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/core/error.h"
#include "runtime/sandbox/delivery.h"

namespace evalrun::warm {
namespace {

// Whether more than folders stands in one that each run makes anew: a bind cannot, and a job's files could collide with
// the rest.
bool is_workspace_furnished(const rootfs::Layout& layout) {
  return std::ranges::any_of(layout.entries, [&](const rootfs::Entry& entry) {
    if (std::holds_alternative<rootfs::Directory>(entry.what)) return false;
    return std::ranges::any_of(layout.entries, [&](const rootfs::Entry& folder) {
      return std::holds_alternative<rootfs::Workspace>(folder.what) && entry.at != folder.at &&
             rootfs::is_within(entry.at, folder.at);
    });
  });
}

// RLIMIT_NPROC counts the processes of an identity in its user namespace (user_namespaces(7)). The keeper is one of
// them where it has the run's identity for want of another.
std::vector<lockdown::Rlimit> rlimits_of(const sandbox::CompiledPlan& plan, const host::Identity& identity) {
  std::vector<lockdown::Rlimit> rlimits(plan.child().rlimits.begin(), plan.child().rlimits.end());
  for (lockdown::Rlimit& rlimit : rlimits) {
    if (rlimit.resource != RLIMIT_NPROC || !identity.is_own) continue;
    ++rlimit.soft;
    ++rlimit.hard;
  }
  return rlimits;
}

}  // namespace

std::string why_not_shared(const sandbox::CompiledPlan& plan) {
  if (plan.plan().kind.network.mode != NetworkMode::None) return "its runs use a network, and a network remembers";
  if (plan.plan().kind.proc == ProcView::Full) return "/proc/net shows what runs before have done";
  if (is_workspace_furnished(plan.layout())) return "a mount or a link stands in the workspace, each run's own";
  return "";
}

Cell::Cell(std::shared_ptr<const sandbox::CompiledPlan> plan, sandbox::Cloner* cloner) : plan_(std::move(plan)) {
  sandbox::DirectCloner direct;
  sandbox::Cloner& by = cloner == nullptr ? direct : *cloner;
  base_ = std::make_shared<sandbox::SandboxBase>(host::lease_identity(plan_->host().is_root, plan_->host().identities),
                                                 by.make_arena());
  Fd control;
  const sandbox::ChildEnds ends = sandbox::make_ends(control, report_);
  sandbox::SandboxBase& base = *base_;
  keeper_.emplace(by.clone({.walker = sandbox::Walker::Keeper,
                            .into = CLONE_NEWUSER,
                            .namespaces = sandbox::namespaces_of(plan_->host()) & (CLONE_NEWNS | CLONE_NEWNET)},
                           ends, -1, base.arena),
                  std::move(control), "a cell's keeper");
  base.arena.keep_from_further_children();
  sandbox::write_id_map(keeper_->pid(), base.identity);
  sandbox::write_oom_score(keeper_->pid(), plan_->plan());
  sandbox::ChildPlan common = plan_->child();
  const std::vector<lockdown::Rlimit> rlimits = rlimits_of(*plan_, base.identity);
  common.rlimits = rlimits;
  base.common = base.arena.put_one(sandbox::put_plan(common, base.arena));
  base.common_of = plan_.get();
  // The files are each run's own, and so are the streams: the keeper is given none.
  sandbox::ChildPlan shared = *base.common;
  shared.root.copies = {};
  const int no_stream = keeper_->control().get();
  sandbox::deliver(shared,
                   {.streams = {no_stream, no_stream, no_stream},
                    .task_files = {},
                    .cores = {},
                    .drop_groups = !base.identity.is_own,
                    .plan_is_there = true,
                    .waits_for_job = false},
                   base.arena, no_stream);
  base.kept = base.arena.used();
}

sandbox::EmptySandbox Cell::next(int clone_into) {
  sandbox::SandboxBase& base = *base_;
  base.arena.go_back_to(base.kept);
  Fd control;
  Fd report;
  const sandbox::ChildEnds ends = sandbox::make_ends(control, report);
  const sandbox::CloneRequest request{
      .walker = sandbox::Walker::RunInit,
      .into = CLONE_NEWPID,
      .namespaces = sandbox::namespaces_of(plan_->host()) & ~std::uint64_t{CLONE_NEWNET}};
  try {
    keeper_->ask(request, ends, clone_into, base.arena);
  } catch (const HostError&) {
    read_report();
    throw;
  }
  ++runs_;
  return {base_, std::move(control), std::move(report), *this};
}

sandbox::SandboxProcess Cell::take() {
  try {
    sandbox::SandboxProcess process = keeper_->take_clone();
    read_report();
    return process;
  } catch (const HostError&) {
    // What the keeper itself says is more.
    read_report();
    throw;
  }
}

// Throws HostError where the keeper tells of a failure.
void Cell::read_report() {
  sandbox::ChildRecord record{};
  while (::read(report_.get(), &record, sizeof record) == sizeof record) {
    if (record.kind == sandbox::ChildRecord::Kind::Note) notes_.push_back(record.step);
    if (record.kind != sandbox::ChildRecord::Kind::Failed) continue;
    throw HostError(name_of(record.step.stage), name_of(record.step.operation), plan_->describe_subject(record.step),
                    record.step.error);
  }
}

}  // namespace evalrun::warm
