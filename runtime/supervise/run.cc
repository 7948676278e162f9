#include "runtime/supervise/run.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "runtime/core/error.h"
#include "runtime/supervise/collect.h"

namespace evalrun::supervise {
namespace {

using sandbox::ChildRecord;
using sandbox::InitRecord;
using namespace std::chrono_literals;

// Setting up takes milliseconds; a source on a dead network mount takes for ever.
constexpr Duration kSetUpLimit = 10s;
// How long init may take to kill and reap everything before it is killed itself.
constexpr Duration kGrace = 2s;
constexpr Duration kSampleEvery = 10ms;
// Looking must cost little beside what it looks at: a look that takes 1 ms is followed by 20 ms of none.
constexpr int kSampleShare = 20;

constexpr std::uint64_t budget_of(const std::optional<Bytes>& limit) {
  return limit ? limit->count : std::numeric_limits<std::uint64_t>::max();
}

bool is_retryable(int error) {
  return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE || error == ENOSPC ||
         error == EINTR || error == ETIMEDOUT || error == EUSERS;
}

Fd open_dev_null() {
  Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!null) throw SystemError("open", "/dev/null");
  return null;
}

}  // namespace

Run::Run(EventLoop& loop, std::shared_ptr<const sandbox::CompiledPlan> plan, OutputTap tap)
    : loop_(loop),
      plan_(std::move(plan)),
      both_{budget_of(plan_->plan().limits.output.both)},
      standard_output_{budget_of(plan_->plan().limits.output.standard_output)},
      standard_error_{budget_of(plan_->plan().limits.output.standard_error)},
      feeder_(loop, plan_->plan()),
      output_(
          loop, plan_->plan().output, plan_->plan(), "stdout", {&both_, &standard_output_},
          [this] { hit(Limit::Output); }, std::move(tap)) {
  const Plan& values = plan_->plan();
  if (!std::holds_alternative<OutputToStdout>(values.error_output)) {
    error_output_.emplace(
        loop, values.error_output, values, "stderr", std::vector<Drain::Budget*>{&both_, &standard_error_},
        [this] { hit(Limit::Output); });
  }
  sandbox::Streams streams;
  streams.input = std::holds_alternative<InputNull>(values.input) ? open_dev_null() : feeder_.take_reader();
  streams.output = output_.take_writer();
  if (error_output_) streams.error_output = error_output_->take_writer();

  spawned_ = now();
  sandbox_.emplace(*plan_, std::move(streams));
  if (!sandbox_->cores().warning.empty()) warnings_.push_back(sandbox_->cores().warning);
  const auto& vetting = plan_->root().warnings();
  warnings_.insert(warnings_.end(), vetting.begin(), vetting.end());

  feeder_.start();
  output_.start();
  if (error_output_) error_output_->start();
  loop_.watch(sandbox_->report().get(), Interest::Read, [this] { on_report(); });
  loop_.watch(sandbox_->control().get(), Interest::Read, [this] { on_control(); });
  loop_.watch(sandbox_->pidfd().get(), Interest::Read, [this] { on_init_gone(); });
  loop_.watch(timer_.get(), Interest::Read, [this] { on_timer(); });
  set_up_deadline_ = spawned_ + kSetUpLimit;
  arm_timer();
}

Run::~Run() {
  loop_.forget(timer_.get());
  if (!sandbox_) return;
  loop_.forget(sandbox_->report().get());
  loop_.forget(sandbox_->control().get());
  loop_.forget(sandbox_->pidfd().get());
}

bool Run::finished() const noexcept {
  return phase_ == Phase::Gone && output_.ended() && (!error_output_ || error_output_->ended());
}

void Run::interrupt(int signal) {
  if (!outcome_) {
    const char* name = ::sigabbrev_np(signal);
    outcome_ = SandboxFault{"run", "interrupted by", "SIG" + std::string(name == nullptr ? "?" : name), 0, true};
  }
  output_.give_up_sink();
  if (error_output_) error_output_->give_up_sink();
  end_now();
}

void Run::hit(Limit limit) {
  if (phase_ == Phase::Running && !target_end_ && !outcome_) outcome_ = LimitHit{limit};
  end_now();
}

// From here on the program's clock stands still.
void Run::end_now() {
  if (phase_ == Phase::Ending || phase_ == Phase::Gone) return;
  const Duration at = now();
  if (phase_ == Phase::Running && !target_end_) sample(at);
  if (ended_ == Duration{}) ended_ = at;
  const bool was_running = phase_ == Phase::Running;
  phase_ = Phase::Ending;
  // Before execve init is not listening yet.
  if (was_running) {
    sandbox_->ask_to_end();
    grace_deadline_ = at + kGrace;
  } else {
    sandbox_->kill();
  }
  arm_timer();
}

void Run::on_report() {
  ChildRecord record{};
  for (;;) {
    const ssize_t count = ::read(sandbox_->report().get(), &record, sizeof record);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count != sizeof record) break;
    switch (record.kind) {
      case ChildRecord::Kind::Note:
        warnings_.push_back("second wall missing: " + std::string(name_of(record.step.stage)) + ": " +
                            std::string(name_of(record.step.operation)) + " " + plan_->describe_subject(record.step) +
                            ": " + errno_text(record.step.error));
        break;
      case ChildRecord::Kind::Failed: on_failure(record.step); break;
      case ChildRecord::Kind::AboutToExec:
        about_to_exec_ = true;
        started_ = Duration(record.time_ns);
        set_up_cpu_ = std::chrono::microseconds(record.cpu_us);
        break;
    }
  }
  // End of file: every copy of the pipe is closed. After "about to exec", by execve itself.
  loop_.forget(sandbox_->report().get());
  if (phase_ != Phase::SettingUp || !about_to_exec_ || outcome_) return;
  phase_ = Phase::Running;
  wall_deadline_ = started_ + plan_->plan().limits.wall;
  last_progress_ = started_;
  next_sample_ = now() + kSampleEvery;
  arm_timer();
}

bool Run::is_programs_own_fault(const StepResult& step) const {
  if (step.stage != Stage::Exec) return false;
  // A program that the plan's author placed in the workspace is a submission; any other is part of the operator's
  // set-up.
  const std::string program = plan_->plan().argv.front();
  const bool relative = program.find('/') != std::string::npos && program.front() != '/';
  const std::string path = relative ? plan_->plan().cwd + "/" + program : program;
  return rootfs::is_within(path, "/work") || rootfs::is_within(path, "/tmp");
}

Outcome Run::fault(const StepResult& step) const {
  if (is_programs_own_fault(step)) {
    return NotStarted{std::string(name_of(step.operation)), plan_->describe_subject(step), step.error};
  }
  return SandboxFault{std::string(name_of(step.stage)), std::string(name_of(step.operation)),
                      plan_->describe_subject(step), step.error, is_retryable(step.error)};
}

void Run::on_failure(const StepResult& step) {
  if (!outcome_ || std::holds_alternative<LimitHit>(*outcome_)) outcome_ = fault(step);
  // The child leaves by itself; the deadline stands in case it cannot.
}

void Run::on_control() {
  for (;;) {
    InitRecord record{};
    iovec part{&record, sizeof record};
    alignas(cmsghdr) char ancillary[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = ancillary;
    message.msg_controllen = sizeof ancillary;
    const ssize_t count = ::recvmsg(sandbox_->control().get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count != sizeof record) break;
    switch (record.kind) {
      case InitRecord::Kind::WorkFolder:
        if (const cmsghdr* header = CMSG_FIRSTHDR(&message)) {
          int folder = -1;
          std::memcpy(&folder, CMSG_DATA(header), sizeof folder);
          work_folder_ = Fd(folder);
        }
        break;
      case InitRecord::Kind::Failed: on_failure(record.step); break;
      case InitRecord::Kind::TargetEnded:
        target_end_ = record;
        // If a limit has stopped the clock already, that moment counts.
        if (ended_ == Duration{}) ended_ = Duration(record.time_ns);
        grace_deadline_ = now() + kGrace;
        arm_timer();
        break;
      case InitRecord::Kind::Finished: finish_ = record; break;
    }
  }
  loop_.forget(sandbox_->control().get());
}

void Run::on_init_gone() {
  // What init said last may still be in the socket.
  if (!finish_) on_control();
  if (phase_ == Phase::SettingUp) on_report();
  loop_.forget(sandbox_->pidfd().get());
  sandbox_->reap();
  gone_ = now();
  if (ended_ == Duration{}) ended_ = gone_;
  phase_ = Phase::Gone;
  arm_timer();
}

void Run::sample(Duration at) {
  latest_ = look_at_tree(sandbox_->init_pid(), plan_->plan().limits.memory);
  sampled_peak_ = std::max(sampled_peak_, latest_.memory);
  peak_tasks_ = std::max(peak_tasks_, latest_.tasks);
  const Duration cost = now() - at;
  next_sample_ = at + std::max<Duration>(kSampleEvery, cost * kSampleShare);
}

void Run::on_timer() {
  timer_.acknowledge();
  const Duration at = now();
  const Limits& limits = plan_->plan().limits;
  switch (phase_) {
    case Phase::SettingUp:
      if (at >= set_up_deadline_) {
        if (!outcome_) outcome_ = SandboxFault{"spawn", "wait for the set-up", "", ETIMEDOUT, true};
        end_now();
      }
      break;
    case Phase::Running: {
      if (target_end_) {
        if (at >= grace_deadline_) sandbox_->kill();
        break;
      }
      if (at >= wall_deadline_) return hit(Limit::Wall);
      if (at < next_sample_) break;
      const Duration before = latest_.cpu;
      sample(at);
      if (latest_.cpu > before) last_progress_ = at;
      if (latest_.cpu - set_up_cpu_ > limits.cpu) return hit(Limit::Cpu);
      if (latest_.memory > limits.memory) return hit(Limit::Memory);
      if (limits.idle && at - last_progress_ >= *limits.idle) return hit(Limit::Idle);
      break;
    }
    case Phase::Ending:
      if (at >= grace_deadline_) sandbox_->kill();
      break;
    case Phase::Gone: return;
  }
  arm_timer();
}

void Run::arm_timer() {
  switch (phase_) {
    case Phase::SettingUp: timer_.set(set_up_deadline_); break;
    case Phase::Running: timer_.set(target_end_ ? grace_deadline_ : std::min(wall_deadline_, next_sample_)); break;
    case Phase::Ending: timer_.set(std::max(grace_deadline_, now() + 1ms)); break;
    case Phase::Gone: loop_.forget(timer_.get()); break;
  }
}

Duration Run::usage_cpu() const {
  if (!finish_) return latest_.cpu;
  return std::chrono::microseconds(finish_->usage.user_us + finish_->usage.system_us);
}

// What the facts mean, where nothing ended the run before the program did.
void Run::settle_outcome() {
  if (outcome_) return;
  if (!about_to_exec_) {
    // The pipe ended without a word: the set-up was killed.
    outcome_ = SandboxFault{"spawn", "hear from", "the set-up", 0, true};
    return;
  }
  if (!target_end_) {
    outcome_ = SandboxFault{"run", "hear from", "init", 0, true};
    return;
  }
  const Limits& limits = plan_->plan().limits;
  // The program may have ended between two looks, over its limits.
  if (usage_cpu() - set_up_cpu_ > limits.cpu) {
    outcome_ = LimitHit{Limit::Cpu};
  } else if (ended_ - started_ > limits.wall) {
    outcome_ = LimitHit{Limit::Wall};
  } else if (target_end_->code == CLD_EXITED) {
    outcome_ = Exited{target_end_->status};
  } else if (target_end_->status == SIGSYS) {
    outcome_ = Violation{};
  } else if (target_end_->status == SIGXFSZ) {
    outcome_ = LimitHit{Limit::FileSize};
  } else if (target_end_->status == SIGXCPU) {
    outcome_ = LimitHit{Limit::Cpu};
  } else {
    outcome_ = Signaled{target_end_->status};
  }
}

Fd Run::take_work_folder() { return about_to_exec_ ? std::move(work_folder_) : Fd(); }

RunResult Run::take_result(const std::filesystem::path& collect_into) {
  settle_outcome();
  RunResult result;
  result.outcome = *outcome_;
  if (finish_) {
    const InitRecord::Usage& usage = finish_->usage;
    result.cpu = {std::chrono::microseconds(usage.user_us), std::chrono::microseconds(usage.system_us),
                  "init: getrusage of every process it waited for"};
    // The target's own set-up ran in system calls.
    result.cpu.system -= std::min(result.cpu.system, set_up_cpu_);
    result.voluntary_switches = static_cast<std::uint64_t>(usage.voluntary);
    result.involuntary_switches = static_cast<std::uint64_t>(usage.involuntary);
    result.minor_faults = static_cast<std::uint64_t>(usage.minor_faults);
    result.major_faults = static_cast<std::uint64_t>(usage.major_faults);
    result.processes = {std::max<std::uint64_t>(peak_tasks_, 1), "sampling"};
    const Bytes largest{static_cast<std::uint64_t>(usage.max_rss_kib) << 10};
    result.memory = {std::max(sampled_peak_, largest),
                     "sampling of the tree, and init: the largest process's ru_maxrss", false};
  } else {
    result.cpu = {latest_.cpu, {}, "sampling"};
    result.processes = {peak_tasks_, "sampling"};
    result.memory = {sampled_peak_, "sampling", false};
  }
  if (started_ != Duration{} && phase_ == Phase::Gone) {
    result.wall = ended_ - started_;
    result.setup = started_ - spawned_;
    result.run = ended_ - started_;
  } else {
    result.setup = ended_ - spawned_;
  }
  result.teardown = gone_ - ended_;
  result.output = output_.take_result();
  if (error_output_) result.error_output = error_output_->take_result();
  if (std::holds_alternative<Violation>(result.outcome)) {
    result.violations.push_back({"seccomp", "", "killed", "see evalrun explain for the calls that the plan allows"});
    result.violations_total = 1;
  }
  if (work_folder_ && target_end_) {
    result.files = collect_files(work_folder_.get(), plan_->plan().collect, collect_into);
  }
  result.layers = plan_->layers();
  result.kernel = plan_->host().kernel;
  result.warnings = std::move(warnings_);
  return result;
}

}  // namespace evalrun::supervise
