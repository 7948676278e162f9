// A run from its spawn to its end; run_calls.cc has what its filter hands over, run_clock.cc its limits, run_failure.cc
// steps that fail, run_result.cc its figures.
#include "runtime/supervise/run.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <limits>

#include "lockdown/steps.h"
#include "runtime/core/error.h"
#include "runtime/core/small_file.h"

namespace evalrun::supervise {
namespace {

using sandbox::ChildRecord;
using sandbox::InitRecord;
using namespace std::chrono_literals;

// Setting up takes milliseconds, on a host with dozens of runs for each core seconds; a source on a dead network mount
// takes for ever.
constexpr Duration kSetUpLimit = 60s;
// How long init may take to kill and reap everything before it is killed itself.
constexpr Duration kGrace = 2s;

// Pages that the set-up touches between its last word and execve.
constexpr Bytes kLastSteps = 256_KiB;

constexpr std::uint64_t budget_of(const std::optional<Bytes>& limit) {
  return limit ? limit->count : std::numeric_limits<std::uint64_t>::max();
}

// What came with a message: a descriptor, and, where the socket asks for it, who sent it.
struct Ancillary {
  Fd descriptor;
  pid_t sender = -1;
};

Ancillary ancillary_of(msghdr& message) {
  Ancillary found;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_type == SCM_RIGHTS) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
      found.descriptor = Fd(descriptor);
    } else if (header->cmsg_type == SCM_CREDENTIALS) {
      ucred sender{};
      std::memcpy(&sender, CMSG_DATA(header), sizeof sender);
      found.sender = sender.pid;
    }
  }
  return found;
}

// The kernel drops a descriptor that comes where this process may not have so many open.
Fd descriptor_of(Ancillary& ancillary, const char* what) {
  if (!ancillary.descriptor) throw SystemError("recvmsg", what, EMFILE);
  return std::move(ancillary.descriptor);
}

}  // namespace

Run::Run(loop::EventLoop& loop, std::shared_ptr<const sandbox::CompiledPlan> plan, RunHooks hooks, sandbox::Start start)
    : loop_(loop),
      plan_(std::move(plan)),
      both_{budget_of(plan_->plan().kind.limits.output.both)},
      standard_output_{budget_of(plan_->plan().kind.limits.output.standard_output)},
      standard_error_{budget_of(plan_->plan().kind.limits.output.standard_error)},
      hooks_(std::move(hooks)),
      feeder_(loop, *this),
      output_(
          loop, *this, plan_->plan().kind.output, plan_->plan(), "stdout", {&both_, &standard_output_},
          [this] { hit(Limit::Output); }, std::move(hooks_.output)),
      clock_(plan_->plan().kind.limits),
      prepared_start_(start == sandbox::Start::WhenTold ? std::optional<PreparedStart>(PreparedStart())
                                                        : std::nullopt) {}

Run::Run(loop::EventLoop& loop, groups::Groups& groups, std::shared_ptr<const sandbox::CompiledPlan> plan,
         RunHooks hooks, RunOrigin origin)
    : Run(loop, std::move(plan), std::move(hooks), origin.start) {
  cloner_ = origin.cloner;
  const Plan& values = plan_->plan();
  if (!waits_for_job()) feeder_.open(values, hooks_.input);
  groups::require_cgroup(values, groups);
  cgroup_state_ = groups.state();
  if (!std::holds_alternative<OutputToStdout>(values.kind.error_output)) {
    loop::LoopOwner& owner = *this;
    error_output_.emplace(
        loop, owner, values.kind.error_output, values, "stderr", std::vector<Drain::Budget*>{&both_, &standard_error_},
        [this] { hit(Limit::Output); }, std::move(hooks_.error_output));
  }
  sandbox::Streams streams;
  streams.input = feeder_.take_reader();
  streams.output = output_.take_writer();
  if (error_output_) streams.error_output = error_output_->take_writer();

  spawned_ = loop::now();
  std::optional<Groundwork>& groundwork = origin.groundwork;
  if (!groundwork) groundwork.emplace(groups, plan_->held_limits(), plan_->host(), origin.cloner);
  cell_ = groundwork->cell;
  if (groundwork->groups) {
    // While they are the groundwork's: where this throws, its process is gone before its groups are removed.
    groundwork->groups->make_v1_groups();
    groups_.emplace(std::move(*groundwork->groups));
  }
  sandbox_ = std::make_unique<sandbox::Sandbox>(
      std::move(groundwork->sandbox), *plan_, std::move(streams),
      groups_ ? std::span<const int>(groups_->task_files()) : std::span<const int>(), origin.start);
  sampler_.emplace(sandbox_->init_pid());
  starts_from_snapshot_ = !waits_for_job() && plan_->snapshot() != nullptr;
  if (values.kind.limits.address_space) address_space_.emplace(*values.kind.limits.address_space);
  if (!sandbox_->cores().warning.empty()) warnings_.push_back(sandbox_->cores().warning);
  if (plan_->host().core_limit < lockdown::kCoreLimit &&
      first_word_of("/proc/sys/kernel/core_pattern").starts_with('|')) {
    warnings_.emplace_back(
        "core dumps: the host's core_pattern runs a handler as root at each crash of a program, since "
        "the hard limit on core files is 0; with a hard limit of 1 it does not");
  }
  const auto& vetting = plan_->root().warnings();
  warnings_.insert(warnings_.end(), vetting.begin(), vetting.end());
  if (cell_) std::ranges::for_each(cell_->notes(), [this](const StepResult& note) { on_note(note); });

  if (!waits_for_job()) feeder_.start();
  if (hooks_.output_closed) output_.tell_end(hooks_.output_closed);
  output_.start();
  if (error_output_) error_output_->start();
  loop_.watch(sandbox_->report().get(), loop::Interest::Read, *this, [this] { on_report(); });
  loop_.watch(sandbox_->control().get(), loop::Interest::Read, *this, [this] { on_control(); });
  loop_.watch(sandbox_->pidfd().get(), loop::Interest::Read, *this, [this] { on_init_gone(); });
  loop_.watch(timer_.get(), loop::Interest::Read, *this, [this] { on_timer(); });
  set_up_deadline_ = spawned_ + kSetUpLimit;
  arm_timer();
  if (!waits_for_job()) look_at_host();
}

// While the sandbox sets itself up: that takes longer.
void Run::look_at_host() {
  const host::KernelFiles files;
  const std::vector<unsigned>& cores = sandbox_->cores().numbers;
  const bool no_swap = groups_ && groups_->forbids_swap();
  lasting_noise_ = host::lasting_noise(files, cores, no_swap ? host::Swapping::Forbidden : host::Swapping::Possible);
  core_watch_.emplace(files, cores);
}

bool Run::is_waiting() const noexcept {
  if (!waits_for_job() || phase_ != Phase::SettingUp || outcome_) return false;
  // Killed, and the loop has not come round to it yet.
  pollfd ended{sandbox_->pidfd().get(), POLLIN, 0};
  return ::poll(&ended, 1, 0) == 0;
}

void Run::start(const Plan& plan, RunHooks hooks) {
  hooks_ = std::move(hooks);
  output_.pass_to(std::move(hooks_.output));
  output_.tell_end(hooks_.output_closed);
  if (error_output_) error_output_->pass_to(std::move(hooks_.error_output));
  feeder_.open(plan, hooks_.input);
  PreparedStart::JobNames job{
      .name = plan.job.argv.front(), .programs = sandbox::program_candidates(plan), .files = {}};
  for (const WorkFile& file : plan.job.files) job.files.push_back(file.path);
  spawned_ = loop::now();
  const bool from_snapshot = plan_->starts_from_snapshot(plan.job);
  starts_from_snapshot_ = from_snapshot;
  sandbox_->take_job(plan,
                     from_snapshot ? sandbox::Sandbox::StartsFrom::Snapshot : sandbox::Sandbox::StartsFrom::Execve);
  // Who is to be pinned to cores says who it is on its way to where it waits.
  const bool is_pinned = !std::holds_alternative<CpusAny>(plan.kind.limits.cpus) && plan_->child().has_listener;
  const bool may_start = prepared_start_->take_job(
      std::move(job), is_pinned ? PreparedStart::Needs::Target : PreparedStart::Needs::Nothing);
  feeder_.start();
  set_up_deadline_ = spawned_ + kSetUpLimit;
  arm_timer();
  if (may_start) let_go();
}

void Run::let_go() {
  sandbox_->start(plan_->plan(), prepared_start_->target());
  if (!sandbox_->cores().warning.empty()) warnings_.push_back(sandbox_->cores().warning);
  look_at_host();
}

void Run::on_target_known(pid_t target) {
  if (prepared_start_ && prepared_start_->take_target(target)) let_go();
}

void Run::on_failure(std::exception_ptr what) noexcept {
  const bool is_first = !std::exchange(failed_, true);
  try {
    if (!outcome_) outcome_ = fault_of(what);
    // Gently, so that the figures are whole.
    if (is_first) end_now();
    if (is_first && phase_ == Phase::Ending) return;
  } catch (...) {
    if (!outcome_) outcome_ = SandboxFault{"supervisor", "end the run", "", ENOMEM, true};  // short texts: no memory
  }
  give_up();
}

// Nothing more is read or answered, and nothing here can fail. What is left to wait for is init's end.
void Run::give_up() noexcept {
  feeder_.close();
  output_.abandon();
  if (error_output_) error_output_->abandon();
  if (collection_) collection_->abandon();
  broker_.reset();
  if (!sandbox_) return;
  loop_.forget(sandbox_->report().get());
  loop_.forget(sandbox_->control().get());
  if (phase_ == Phase::Gone) return tell_gone();
  if (ended_ == Duration{}) ended_ = loop::now();
  tell_ended();
  phase_ = Phase::Ending;
  sandbox_->kill();
  grace_deadline_ = loop::now() + kGrace;
  try {
    arm_timer();  // killed again then
  } catch (...) {
    // Once must do.
  }
}

void Run::tell_gone() noexcept {
  if (std::exchange(told_gone_, true) || !hooks_.gone) return;
  try {
    hooks_.gone();
  } catch (...) {
    // Nobody can use it: see RunHooks.
  }
}

void Run::tell_ended() noexcept {
  if (std::exchange(told_ended_, true) || !hooks_.ended) return;
  try {
    hooks_.ended();
  } catch (...) {
    // As above.
  }
}

std::optional<End> Run::program_end() const noexcept {
  if (!target_end_) return std::nullopt;
  return End{target_end_->code, target_end_->status};
}

// In a cell the next run must not learn of this one by what a network namespace remembers, nor may one that tried more
// than a program does leave it anything.
bool Run::may_have_left_traces() const noexcept {
  return violations_total_ > 0 || mediated_ > 0 || (broker_ && broker_->mediated() > 0);
}

Run::~Run() {
  if (cell_ && may_have_left_traces()) cell_->retire();
  loop_.forget(timer_.get());
  broker_.reset();
  exit_tracer_.reset();
  if (!sandbox_) return;
  loop_.forget(sandbox_->report().get());
  loop_.forget(sandbox_->control().get());
  loop_.forget(sandbox_->pidfd().get());
  if (!teardown_taker_ || phase_ != Phase::Gone) return;
  try {
    teardown_taker_({std::move(cell_), groups_ ? std::optional<groups::RunGroups>(std::move(*groups_)) : std::nullopt,
                     std::move(sandbox_)});
  } catch (...) {
    // What nobody could take has been waited for.
  }
}

bool Run::finished() const noexcept {
  return phase_ == Phase::Gone && output_.ended() && (!error_output_ || error_output_->ended()) &&
         (!collection_ || collection_->ended());
}

void Run::interrupt(int signal) noexcept {
  interrupted_ = true;
  try {
    if (!outcome_) outcome_ = Cancelled{signal};
    output_.give_up_sink();
    if (error_output_) error_output_->give_up_sink();
    if (collection_) collection_->abandon();
    end_now();
  } catch (...) {
    on_failure(std::current_exception());
  }
}

void Run::hit(Limit limit) {
  // The program's first bytes can be read before the news that it was started.
  if (phase_ == Phase::SettingUp) on_report();
  // What is met only after the program's end, as by output that is read then, the result's facts say (outcome.h).
  if (phase_ == Phase::Running && !target_end_ && !outcome_) outcome_ = LimitHit{limit_behind(limit)};
  end_now();
}

// From here on the program's clock stands still.
void Run::end_now() {
  if (phase_ == Phase::Ending || phase_ == Phase::Gone) return;
  if (phase_ == Phase::SettingUp) on_report();
  const Duration at = loop::now();
  // What is about to be killed will not be seen again; what a group has counted stays counted.
  if (phase_ == Phase::Running && !target_end_ && !groups_tell_all()) sample(at);
  if (ended_ == Duration{}) ended_ = at;
  tell_ended();
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

// What a step could not do, and the run goes on without.
void Run::on_note(const StepResult& step) {
  const std::string operation(name_of(step.operation));
  if (step.stage == Stage::Hostname) {
    uts_ns_state_ = {host::LayerState::Kind::Degraded, operation + " is refused here (" + errno_text(step.error) +
                                                           "), so programs see the name of this host"};
    return;
  }
  std::string warning = "second wall missing: " + std::string(name_of(step.stage)) + ": " + operation;
  if (const std::string subject = describe_subject(step); !subject.empty()) warning += " " + subject;
  warning += ": " + errno_text(step.error);
  // The first wall is the filter.
  if (step.stage == Stage::Session)
    warning += "; programs hold this process's session keyring and can make no call on it";
  warnings_.push_back(std::move(warning));
}

void Run::on_report() {
  ChildRecord record{};
  for (;;) {
    const ssize_t count = ::read(sandbox_->report().get(), &record, sizeof record);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) throw SystemError("read", "the set-up's words");
    if (count != sizeof record) break;
    switch (record.kind) {
      case ChildRecord::Kind::Note: on_note(record.step); break;
      case ChildRecord::Kind::Failed: on_failure(record.step); break;
      case ChildRecord::Kind::Prepared:
        if (prepared_start_) prepared_start_->set_prepared();
        arm_timer();
        break;
      case ChildRecord::Kind::AboutToExec:
        about_to_exec_ = true;
        started_ = Duration(record.time_ns);
        set_up_cpu_ = std::chrono::microseconds(record.cpu_us);
        init_cpu_ = std::chrono::microseconds(record.init_cpu_us);
        set_up_size_ = {kibibytes(record.max_rss_kib).count + kLastSteps.count};
        break;
      case ChildRecord::Kind::Restored:
        // Only from here on is it the program's time.
        started_ = Duration(record.time_ns);
        set_up_cpu_ = std::chrono::microseconds(record.cpu_us);
        start_.kind = Start::Kind::Snapshot;
        start_.recorded_cpu = plan_->snapshot()->cpu;
        // Where processes are looked at, pages of the snapshot's file in memory count as theirs.
        if (group_holds_memory()) share_ = plan_->snapshot()->share;
        break;
      case ChildRecord::Kind::NotRestored:
        start_.why = "not restored: " + describe_restore(record.step);
        if (failed_restore_taker_) failed_restore_taker_(start_.why);
        break;
      case ChildRecord::Kind::WaitsForRecorder: break;  // a recorder's own
    }
  }
  // End of file: every copy of the pipe is closed. After "about to exec", by execve itself.
  loop_.forget(sandbox_->report().get());
  if (phase_ != Phase::SettingUp || !about_to_exec_ || outcome_) return;
  phase_ = Phase::Running;
  clock_.start(started_, memory_wait());
  plan_first_look();
  arm_timer();
  if (hooks_.started) hooks_.started();
}

void Run::on_control() {
  for (;;) {
    InitRecord record{};
    iovec part{&record, sizeof record};
    alignas(cmsghdr) char buffer[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(ucred))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = buffer;
    message.msg_controllen = sizeof buffer;
    const ssize_t count = ::recvmsg(sandbox_->control().get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    // An init that died before it had read everything is at its end, too.
    if (count < 0 && errno != ECONNRESET) throw SystemError("recvmsg", "init's words");
    if (count != sizeof record) break;
    Ancillary ancillary = ancillary_of(message);
    switch (record.kind) {
      case InitRecord::Kind::WorkFolder: work_folder_ = descriptor_of(ancillary, "/work"); break;
      case InitRecord::Kind::Listener:
        listen(descriptor_of(ancillary, "the filter's listener"));
        on_target_known(ancillary.sender);
        break;
      case InitRecord::Kind::Failed: on_failure(record.step); break;
      case InitRecord::Kind::TargetEnded:
        target_end_ = record;
        // If a limit has stopped the clock already, that moment counts.
        if (ended_ == Duration{}) ended_ = Duration(record.time_ns);
        grace_deadline_ = loop::now() + kGrace;
        arm_timer();
        tell_ended();
        break;
      case InitRecord::Kind::Finished:
        finish_ = record;
        if (teardown_taker_ && target_end_) return end_of_all_but_init();
        break;
    }
  }
  loop_.forget(sandbox_->control().get());
}

void Run::on_init_gone() {
  // What init said last may still be in the socket. What fails twice is left.
  if (!finish_ && !std::exchange(heard_last_, true)) on_control();
  if (phase_ == Phase::Gone) return;
  if (phase_ == Phase::SettingUp) on_report();
  sandbox_->reap();
  finish();
}

// init has waited for everything and has nothing more to do but end.
void Run::end_of_all_but_init() {
  // A quick program has ended before the news that it was started is read.
  if (phase_ == Phase::SettingUp) on_report();
  loop_.forget(sandbox_->report().get());
  loop_.forget(sandbox_->control().get());
  finish();
}

void Run::finish() {
  // First what cannot fail: from here on the run is over, whatever does.
  loop_.forget(sandbox_->pidfd().get());
  sandbox_->release_cores();
  gone_ = loop::now();
  if (exit_tracer_ && exit_tracer_->is_lost() && !outcome_) {
    outcome_ = SandboxFault{"run", "trace", "its processes: the tracer was killed", 0, true};
  }
  if (ended_ == Duration{}) ended_ = gone_;
  tell_ended();
  phase_ = Phase::Gone;
  haste_.reset();
  stop_listening();
  output_.close_soon();
  if (error_output_) error_output_->close_soon();
  grace_deadline_ = gone_ + kGrace;
  begin_to_collect();
  arm_timer();
  tell_gone();
}

}  // namespace evalrun::supervise
