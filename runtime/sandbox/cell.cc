#include "runtime/sandbox/cell.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "runtime/core/error.h"
#include "runtime/core/sys.h"
#include "runtime/sandbox/delivery.h"
#include "runtime/sandbox/keeper.h"
#include "runtime/sandbox/messages.h"
#include "runtime/sandbox/spawn_parts.h"

namespace evalrun::sandbox {
namespace {

// It makes namespaces, and clones: milliseconds, on a host with dozens of runs for each core more.
constexpr std::chrono::seconds kAnswerWithin{5};

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

Cell::Cell(std::shared_ptr<const CompiledPlan> plan)
    : plan_(std::move(plan)),
      premises_(std::make_shared<Premises>(lease_identity(plan_->host().is_root, plan_->host().identities))) {
  const ChildEnds ends = make_ends(control_, report_);
  // A keeper that does not answer must not stop the supervisor for ever.
  const timeval limit{.tv_sec = kAnswerWithin.count(), .tv_usec = 0};
  if (::setsockopt(control_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0) {
    throw SystemError("setsockopt", "SO_RCVTIMEO");
  }
  const std::uint64_t own = namespaces_of(plan_->host()) & (CLONE_NEWNS | CLONE_NEWNET);
  ChildContext context{
      .walker = Walker::Keeper, .namespaces = own, .control = ends.control.get(), .report = ends.report.get()};
  keeper_.emplace(clone_child(context, CLONE_NEWUSER, -1));
  Premises& premises = *premises_;
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
  deliver(shared,
          {.streams = {control_.get(), control_.get(), control_.get()},
           .task_files = {},
           .cores = {},
           .drop_groups = !premises.identity.is_own,
           .plan_is_there = true,
           .waits_for_job = false},
          premises.arena, control_.get());
  premises.kept = premises.arena.used();
}

EmptySandbox Cell::next(int clone_into) {
  Premises& premises = *premises_;
  premises.arena.go_back_to(premises.kept);
  EmptySandbox empty(premises_);
  const ChildEnds ends = make_ends(empty.control_, empty.report_);

  const KeeperRequest request{.namespaces = namespaces_of(plan_->host()) & ~std::uint64_t{CLONE_NEWNET},
                              .into_group = clone_into >= 0 ? 1U : 0U};
  const int descriptors[] = {ends.control.get(), ends.report.get(), clone_into};
  const std::size_t sent = clone_into >= 0 ? 3 : 2;
  if (send_message(control_.get(), &request, sizeof request, {descriptors, sent}) < 0) explain_end();

  KeeperAnswer answer{};
  int pidfd = -1;
  std::size_t count = 0;
  const long result = receive_message(control_.get(), &answer, sizeof answer, {&pidfd, 1}, &count);
  if (result == -EAGAIN) throw HostError("spawn", "hear from", "a cell's keeper", ETIMEDOUT);
  if (result != sizeof answer && result != -EMFILE) explain_end();
  if (answer.pid < 0) throw HostError("spawn", "clone3", "in a cell", -answer.pid);
  if (count == 0) {
    // This process may not have so many open: nobody else would ever reap it.
    sys(SYS_kill, answer.pid, SIGKILL);
    sys(SYS_waitid, P_PID, answer.pid, nullptr, WEXITED | __WALL, nullptr);
    throw HostError("spawn", "receive", "a pidfd", EMFILE);
  }
  empty.process_.emplace(answer.pid, Fd(pidfd));
  ++runs_;
  read_report();
  return empty;
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

// The keeper is gone; it has said why.
void Cell::explain_end() {
  read_report();
  throw HostError("spawn", "hear from", "a cell's keeper", 0);
}

}  // namespace evalrun::sandbox
