#include "runtime/sandbox/cell.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/core/error.h"
#include "runtime/sandbox/delivery.h"
#include "runtime/sandbox/fork_server.h"

namespace evalrun::sandbox {
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
std::vector<lockdown::Rlimit> rlimits_of(const CompiledPlan& plan, const Identity& identity) {
  std::vector<lockdown::Rlimit> rlimits(plan.child().rlimits.begin(), plan.child().rlimits.end());
  for (lockdown::Rlimit& rlimit : rlimits) {
    if (rlimit.resource != RLIMIT_NPROC || !identity.is_own) continue;
    ++rlimit.soft;
    ++rlimit.hard;
  }
  return rlimits;
}

}  // namespace

std::string why_not_shared(const CompiledPlan& plan) {
  if (plan.plan().network.mode != NetworkMode::None) return "its runs use a network, and a network remembers";
  if (plan.plan().proc == ProcView::Full) return "/proc/net shows what runs before have done";
  if (is_workspace_furnished(plan.layout())) return "a mount or a link stands in the workspace, each run's own";
  return "";
}

Cell::Cell(std::shared_ptr<const CompiledPlan> plan, ForkServer* server)
    : plan_(std::move(plan)),
      premises_(std::make_shared<Premises>(lease_identity(plan_->host().is_root, plan_->host().identities),
                                           arena_for(server))) {
  Fd control;
  const ChildEnds ends = make_ends(control, report_);
  Premises& premises = *premises_;
  keeper_.emplace(clone_child({.walker = Walker::Keeper,
                               .into = CLONE_NEWUSER,
                               .namespaces = namespaces_of(plan_->host()) & (CLONE_NEWNS | CLONE_NEWNET)},
                              ends, -1, premises.arena, server),
                  std::move(control), "a cell's keeper");
  premises.arena.keep_from_further_children();
  write_id_map(keeper_->pid(), premises.identity);
  ChildPlan common = plan_->child();
  const std::vector<lockdown::Rlimit> rlimits = rlimits_of(*plan_, premises.identity);
  common.rlimits = rlimits;
  premises.common = premises.arena.put_one(put_plan(common, premises.arena));
  premises.common_of = plan_.get();
  // The files are each run's own, and so are the streams: the keeper is given none.
  ChildPlan shared = *premises.common;
  shared.root.copies = {};
  const int no_stream = keeper_->control().get();
  deliver(shared,
          {.streams = {no_stream, no_stream, no_stream},
           .task_files = {},
           .cores = {},
           .drop_groups = !premises.identity.is_own,
           .plan_is_there = true,
           .waits_for_job = false},
          premises.arena, no_stream);
  premises.kept = premises.arena.used();
}

EmptySandbox Cell::next(int clone_into) {
  Premises& premises = *premises_;
  premises.arena.go_back_to(premises.kept);
  EmptySandbox empty(premises_);
  const ChildEnds ends = make_ends(empty.control_, empty.report_);
  const CloneRequest request{.walker = Walker::RunInit,
                             .into = CLONE_NEWPID,
                             .namespaces = namespaces_of(plan_->host()) & ~std::uint64_t{CLONE_NEWNET}};
  try {
    keeper_->ask(request, ends, clone_into, premises.arena);
  } catch (const HostError&) {
    read_report();
    throw;
  }
  empty.comes_from_ = this;
  ++runs_;
  return empty;
}

SandboxProcess Cell::take_clone() {
  try {
    SandboxProcess process = keeper_->take_clone();
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
  ChildRecord record{};
  while (::read(report_.get(), &record, sizeof record) == sizeof record) {
    if (record.kind == ChildRecord::Kind::Note) notes_.push_back(record.step);
    if (record.kind != ChildRecord::Kind::Failed) continue;
    throw HostError(name_of(record.step.stage), name_of(record.step.operation), plan_->describe_subject(record.step),
                    record.step.error);
  }
}

}  // namespace evalrun::sandbox
