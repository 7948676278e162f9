// A run and the calls that its filter hands to the supervisor: who answers which.
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>

#include "lockdown/call_judge.h"
#include "lockdown/listener.h"
#include "runtime/measure/tasks.h"
#include "runtime/mediate/violations.h"
#include "runtime/supervise/run.h"

namespace evalrun::supervise {
namespace {

// The processes of a program may fail one after the other, as a shell script's do; more than these are not looked at. A
// limit is met early.
constexpr unsigned kMostLooks = 32;

}  // namespace

void Run::listen(Fd listener) {
  loop::LoopOwner& owner = *this;
  broker_.emplace(
      loop_, owner, std::move(listener), *plan_, sandbox_->identity(), cloner_,
      mediate::Broker::Handlers{
          [this](std::vector<mediate::RecordedViolation> violations) { on_violations(std::move(violations)); },
          [this](int from, const seccomp_notif& call) { return answer_asked(from, call); },
          [this](const mediate::RefusedCall& refused) { on_refused_mediation(refused); }});
}

void Run::on_refused_mediation(const mediate::RefusedCall& refused) {
  if (!outcome_) {
    outcome_ = SandboxFault{"mediation",
                            refused.call,
                            "",
                            refused.error,
                            false,
                            "something around this process refuses it, so no bind or connect of a program can be made "
                            "here; evalrun doctor tells more"};
  }
  end_now();
}

// Nothing is answered: whoever made such a call sleeps in it until it is killed.
void Run::on_violations(std::vector<mediate::RecordedViolation> violations) {
  if (phase_ == Phase::SettingUp) on_report();
  if (!outcome_) outcome_ = Violation{violations.front().call};
  violations_total_ += violations.size();
  for (mediate::RecordedViolation& violation : violations) {
    if (violations_.size() < mediate::kViolationsKept) violations_.push_back(std::move(violation));
  }
  end_now();
}

// A plan that is observed is traced already.
bool Run::answer_child_signal(int listener, const seccomp_notif& call) {
  if (!measure::asks_for_child_signal(call)) return false;
  if (on_call_ || (groups_ && groups_->counts_cpu())) {
    lockdown::let_go_on(listener, call.id);
    return true;
  }
  loop::LoopOwner& owner = *this;
  if (!exit_tracer_) exit_tracer_.emplace(loop_, owner, sandbox_->init_pid());
  exit_tracer_->answer(listener, call);
  return true;
}

// False: somebody else has to answer it yet.
bool Run::answer_shared_memory(int listener, const seccomp_notif& call) {
  if (on_call_ || !mediate::asks_for_shared_memory(call)) return false;
  const bool is_counted = groups_ && groups_->limits_memory();
  if (!is_counted && !shared_memory_) {
    const Limits& limits = plan_->plan().kind.limits;
    shared_memory_.emplace(sandbox_->init_pid(), limits.memory, limits.file_size);
  }
  if (!is_counted && shared_memory_->decide(listener, call) == mediate::SharedMemory::Answer::Refused) {
    lockdown::answer_call(listener, call.id, ENOMEM);
    return true;
  }
  if (address_space_ && mediate::asks_for_address_space(call)) return false;
  lockdown::let_go_on(listener, call.id);
  return true;
}

// What tells of a limit: a process that fails, or comes to its last descriptor. It waits meanwhile.
bool Run::look_at_noted(const seccomp_notif& call) {
  const Limits& limits = plan_->plan().kind.limits;
  const auto pid = static_cast<pid_t>(call.pid);
  const measure::NotedCall noted = measure::noted_call(call, limits.open_files);
  if (noted == measure::NotedCall::Other) return false;
  if (noted == measure::NotedCall::ChoosesLast) {
    look_.has_chosen_last = true;
  } else if (looks_ < kMostLooks) {
    ++looks_;
    look_.add(measure::look_at_process(pid, noted, limits.open_files, limits.file_size));
    // A program that is refused a process at once has ended before the next look at the tree.
    if (noted == measure::NotedCall::Fails && !(groups_ && groups_->processes_peak())) {
      peak_tasks_ = std::max(peak_tasks_, measure::tasks_below(sandbox_->init_pid()));
    }
  }
  return true;
}

void Run::answer_file_lock(int listener, const seccomp_notif& call) {
  if (!file_locks_) {
    std::vector<dev_t> of_host;
    for (const rootfs::TreeStep& tree : plan_->child().root.trees) {
      of_host.push_back(gnu_dev_makedev(tree.device_major, tree.device_minor));
    }
    loop::LoopOwner& owner = *this;
    file_locks_.emplace(loop_, owner, std::move(of_host));
  }
  file_locks_->answer(listener, call);
}

bool Run::answer_asked(int listener, const seccomp_notif& call) {
  lockdown::CallArguments arguments;
  std::copy(std::begin(call.data.args), std::end(call.data.args), arguments.begin());
  if (look_at_noted(call)) {
    lockdown::let_go_on(listener, call.id);
    return true;
  }
  if (lockdown::is_noted(call.data.nr, arguments)) {
    may_send_file_size_signal_ = true;
    lockdown::let_go_on(listener, call.id);
    return true;
  }
  if (mediate::asks_for_epoll_watch(call)) {
    epoll_watches_.answer(listener, call);
    return true;
  }
  if (mediate::asks_for_file_lock(call)) {
    answer_file_lock(listener, call);
    return true;
  }
  if (answer_child_signal(listener, call) || answer_shared_memory(listener, call)) return true;
  if (on_call_) {
    const bool goes_on = on_call_(call);
    if (!address_space_ || !mediate::asks_for_address_space(call)) {
      if (goes_on) lockdown::let_go_on(listener, call.id);
      return goes_on;
    }
  }
  if (!address_space_ || !mediate::asks_for_address_space(call)) return false;
  if (address_space_->answer(listener, call) == mediate::AddressSpace::Answer::Exceeded) hit(Limit::AddressSpace);
  return true;
}

void Run::stop_listening() {
  if (!broker_) return;
  mediated_ = broker_->mediated();
  mediation_cpu_ = broker_->cpu();
  const std::vector<std::string> notes = broker_->notes();
  warnings_.insert(warnings_.end(), notes.begin(), notes.end());
  if (std::string note = epoll_watches_.note(); !note.empty()) warnings_.push_back(std::move(note));
  if (file_locks_) {
    if (std::string note = file_locks_->note(); !note.empty()) warnings_.push_back(std::move(note));
    file_locks_.reset();
  }
  if (exit_tracer_) exit_tracer_->stop_answering();
  broker_.reset();
}

}  // namespace evalrun::supervise
