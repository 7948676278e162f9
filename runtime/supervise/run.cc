#include "runtime/supervise/run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <thread>

#include "runtime/core/error.h"
#include "runtime/supervise/collect.h"
#include "runtime/supervise/reach.h"
#include "runtime/supervise/violations.h"

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
// Where memory must be looked for.
constexpr Duration kSampleEvery = 10ms;
// Otherwise the distance to the CPU limit decides, between these.
constexpr Duration kSoonest = 1ms;
constexpr Duration kLatest = 100ms;
// A program that sleeps in groups that hold its limits is looked at ever less often: of a thousand, most do.
constexpr Duration kQuietest = 1s;
// A busy machine lets the supervisor wait that long for its turn, unless it asks for haste.
constexpr Duration kNear = 50ms;
// The end of a program's work is noticed within this part of limits.idle.
constexpr int kIdleShare = 10;
// CPU time that waking up to look at a clock costs a program is no progress.
constexpr Duration kIdleNoise = 100us;
// Looking must cost little beside what it looks at: a look that takes 1 ms is followed by 20 ms of none.
constexpr int kSampleShare = 20;

// Pages that the set-up touches between its last word and execve.
constexpr Bytes kLastSteps = 256_KiB;

constexpr Bytes kibibytes(std::int64_t count) {
  return {static_cast<std::uint64_t>(count) << 10};
}

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

}  // namespace

Groundwork::Groundwork(Groups& run_groups, const Limits& limits, const sandbox::HostFacts& host,
                       sandbox::ForkServer* server)
    : groups(run_groups.trees().empty() ? std::optional<RunGroups>()
                                        : std::optional<RunGroups>(std::in_place, run_groups, limits)),
      sandbox(host, groups ? groups->clone_into() : -1, server) {}

Groundwork::Groundwork(Groups& run_groups, std::shared_ptr<sandbox::Cell> in)
    : cell(std::move(in)),
      groups(run_groups.trees().empty()
                 ? std::optional<RunGroups>()
                 : std::optional<RunGroups>(std::in_place, run_groups, cell->plan().plan().limits)),
      sandbox(cell->next(groups ? groups->clone_into() : -1)) {}

std::optional<Groundwork> lay_groundwork(Groups& groups, const Limits& limits, const sandbox::HostFacts& host) {
  try {
    return std::optional<Groundwork>(std::in_place, groups, limits, host);
  } catch (const HostError&) {
    return {};
  } catch (const SystemError&) {
    return {};
  }
}

Run::Run(EventLoop& loop, Groups& groups, std::shared_ptr<const sandbox::CompiledPlan> plan, Partner partner,
         Spawning spawning)
    : loop_(loop),
      plan_(std::move(plan)),
      both_{budget_of(plan_->plan().limits.output.both)},
      standard_output_{budget_of(plan_->plan().limits.output.standard_output)},
      standard_error_{budget_of(plan_->plan().limits.output.standard_error)},
      partner_(std::move(partner)),
      feeder_(loop),
      output_(
          loop, plan_->plan().output, plan_->plan(), "stdout", {&both_, &standard_output_},
          [this] { hit(Limit::Output); }, std::move(partner_.output)),
      waits_(spawning.start == sandbox::Start::WhenTold) {
  const Plan& values = plan_->plan();
  if (!waits_) feeder_.open(values, partner_.input);
  require_cgroup(values, groups);
  cgroup_state_ = groups.state();
  if (!std::holds_alternative<OutputToStdout>(values.error_output)) {
    error_output_.emplace(
        loop, values.error_output, values, "stderr", std::vector<Drain::Budget*>{&both_, &standard_error_},
        [this] { hit(Limit::Output); }, std::move(partner_.error_output));
  }
  sandbox::Streams streams;
  streams.input = feeder_.take_reader();
  streams.output = output_.take_writer();
  if (error_output_) streams.error_output = error_output_->take_writer();

  spawned_ = now();
  std::optional<Groundwork>& groundwork = spawning.groundwork;
  if (!groundwork) groundwork.emplace(groups, values.limits, plan_->host(), spawning.server);
  cell_ = groundwork->cell;
  if (groundwork->groups) {
    // While they are the groundwork's: where this throws, its process is gone before its groups are removed.
    groundwork->groups->make_v1_groups();
    groups_.emplace(std::move(*groundwork->groups));
  }
  sandbox_ = std::make_unique<sandbox::Sandbox>(
      std::move(groundwork->sandbox), *plan_, std::move(streams),
      groups_ ? std::span<const int>(groups_->task_files()) : std::span<const int>(), spawning.start);
  sampler_.emplace(sandbox_->init_pid());
  if (values.limits.address_space) address_space_.emplace(*values.limits.address_space);
  if (!sandbox_->cores().warning.empty()) warnings_.push_back(sandbox_->cores().warning);
  const auto& vetting = plan_->root().warnings();
  warnings_.insert(warnings_.end(), vetting.begin(), vetting.end());
  if (cell_) std::ranges::for_each(cell_->notes(), [this](const StepResult& note) { warn_of_missing_wall(note); });

  if (!waits_) feeder_.start();
  output_.start();
  if (error_output_) error_output_->start();
  loop_.watch(sandbox_->report().get(), Interest::Read, [this] { on_report(); });
  loop_.watch(sandbox_->control().get(), Interest::Read, [this] { on_control(); });
  loop_.watch(sandbox_->pidfd().get(), Interest::Read, [this] { on_init_gone(); });
  loop_.watch(timer_.get(), Interest::Read, [this] { on_timer(); });
  set_up_deadline_ = spawned_ + kSetUpLimit;
  arm_timer();
  if (!waits_) look_at_host();
}

// While the sandbox sets itself up: that takes longer.
void Run::look_at_host() {
  const sandbox::KernelFiles files;
  const std::vector<unsigned>& cores = sandbox_->cores().numbers;
  const bool no_swap = groups_ && groups_->forbids_swap();
  lasting_noise_ =
      sandbox::lasting_noise(files, cores, no_swap ? sandbox::Swapping::Forbidden : sandbox::Swapping::Possible);
  core_watch_.emplace(files, cores);
}

bool Run::is_waiting() const noexcept {
  if (!waits_ || phase_ != Phase::SettingUp || outcome_) return false;
  // Killed, and the loop has not come round to it yet.
  pollfd ended{sandbox_->pidfd().get(), POLLIN, 0};
  return ::poll(&ended, 1, 0) == 0;
}

void Run::start(const Plan& job, Partner partner) {
  partner_ = std::move(partner);
  output_.pass_to(std::move(partner_.output));
  if (error_output_) error_output_->pass_to(std::move(partner_.error_output));
  feeder_.open(job, partner_.input);
  job_programs_ = sandbox::program_candidates(job);
  job_name_ = job.argv.front();
  for (const WorkFile& file : job.files) job_files_.push_back(file.path);
  spawned_ = now();
  sandbox_->take_job(job);
  waits_ = false;
  feeder_.start();
  set_up_deadline_ = spawned_ + kSetUpLimit;
  arm_timer();
  // Who is to be pinned to cores says who it is on its way to where it waits.
  waits_to_be_known_ = !std::holds_alternative<CpusAny>(job.limits.cpus) && plan_->child().has_listener && target_ < 0;
  if (!waits_to_be_known_) let_go();
}

void Run::let_go() {
  sandbox_->start(plan_->plan(), target_);
  if (!sandbox_->cores().warning.empty()) warnings_.push_back(sandbox_->cores().warning);
  look_at_host();
}

void Run::on_target_known(pid_t target) {
  target_ = target;
  if (!std::exchange(waits_to_be_known_, false)) return;
  try {
    let_go();
  } catch (const HostError& error) {
    if (!outcome_) outcome_ = fault_of(error);
    end_now();
  }
}

// In a cell the next run must not learn of this one by what a network namespace remembers, nor may one that tried more
// than a program does leave it anything.
bool Run::may_have_left_traces() const noexcept {
  return violations_total_ > 0 || mediated_ > 0 || (broker_ && broker_->mediated() > 0);
}

std::string Run::describe_subject(const StepResult& step) const {
  const auto item = static_cast<std::size_t>(step.item);
  if (step.stage == Stage::Job && step.operation != Operation::Mkdir && item < job_files_.size()) {
    return "file " + job_files_[item];
  }
  if (step.stage != Stage::Exec || job_programs_.empty()) return plan_->describe_subject(step);
  if (step.operation == Operation::NotFound) return job_name_ + " in PATH";
  return item < job_programs_.size() ? job_programs_[item] : "";
}

Run::~Run() {
  if (cell_ && may_have_left_traces()) cell_->retire();
  loop_.forget(timer_.get());
  broker_.reset();
  if (!sandbox_) return;
  loop_.forget(sandbox_->report().get());
  loop_.forget(sandbox_->control().get());
  loop_.forget(sandbox_->pidfd().get());
  if (heir_ && phase_ == Phase::Gone) {
    heir_({std::move(cell_), groups_ ? std::optional<RunGroups>(std::move(*groups_)) : std::nullopt,
           std::move(sandbox_)});
  }
}

bool Run::finished() const noexcept {
  return phase_ == Phase::Gone && output_.ended() && (!error_output_ || error_output_->ended());
}

void Run::interrupt(int signal) {
  interrupted_ = true;
  if (!outcome_) {
    const char* name = ::sigabbrev_np(signal);
    outcome_ = SandboxFault{"run", "interrupted by", "SIG" + std::string(name == nullptr ? "?" : name), 0, true};
  }
  output_.give_up_sink();
  if (error_output_) error_output_->give_up_sink();
  end_now();
}

void Run::hit(Limit limit) {
  // Read perhaps after the program's end, written before it.
  // The program's first bytes can be read before the news that it was started.
  if (phase_ == Phase::SettingUp) on_report();
  if (phase_ == Phase::Running && !target_end_ && !outcome_) outcome_ = LimitHit{limit};
  end_now();
}

// From here on the program's clock stands still.
void Run::end_now() {
  if (phase_ == Phase::Ending || phase_ == Phase::Gone) return;
  if (phase_ == Phase::SettingUp) on_report();
  const Duration at = now();
  // What is about to be killed will not be seen again; what a group has counted stays counted.
  if (phase_ == Phase::Running && !target_end_ && !groups_tell_all()) sample(at);
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

void Run::warn_of_missing_wall(const StepResult& step) {
  warnings_.push_back("second wall missing: " + std::string(name_of(step.stage)) + ": " +
                      std::string(name_of(step.operation)) + " " + describe_subject(step) + ": " +
                      errno_text(step.error));
}

void Run::on_report() {
  ChildRecord record{};
  for (;;) {
    const ssize_t count = ::read(sandbox_->report().get(), &record, sizeof record);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count != sizeof record) break;
    switch (record.kind) {
      case ChildRecord::Kind::Note: warn_of_missing_wall(record.step); break;
      case ChildRecord::Kind::Failed: on_failure(record.step); break;
      case ChildRecord::Kind::Prepared:
        is_prepared_ = true;
        arm_timer();
        break;
      case ChildRecord::Kind::AboutToExec:
        about_to_exec_ = true;
        started_ = Duration(record.time_ns);
        set_up_cpu_ = std::chrono::microseconds(record.cpu_us);
        init_cpu_ = std::chrono::microseconds(record.init_cpu_us);
        set_up_size_ = {kibibytes(record.max_rss_kib).count + kLastSteps.count};
        break;
    }
  }
  // End of file: every copy of the pipe is closed. After "about to exec", by execve itself.
  loop_.forget(sandbox_->report().get());
  if (phase_ != Phase::SettingUp || !about_to_exec_ || outcome_) return;
  phase_ = Phase::Running;
  wall_deadline_ = started_ + plan_->plan().limits.wall;
  last_progress_ = started_;
  plan_next_look(now(), {});
  arm_timer();
  if (partner_.started) partner_.started();
}

bool Run::is_programs_own_fault(const StepResult& step) const {
  // A shortage of the host's is nobody's file.
  if (step.stage != Stage::Exec || is_retryable(step.error)) return false;
  // A program that the plan's author placed in the workspace is a submission; any other is part of the operator's
  // set-up.
  const std::string program = describe_subject(step);
  const bool relative = program.find('/') != std::string::npos && program.front() != '/';
  const std::string path = relative ? plan_->plan().cwd + "/" + program : program;
  return rootfs::is_within(path, "/work") || rootfs::is_within(path, "/tmp");
}

Outcome Run::fault(const StepResult& step) const {
  if (is_programs_own_fault(step)) {
    return NotStarted{std::string(name_of(step.operation)), describe_subject(step), step.error};
  }
  SandboxFault fault{std::string(name_of(step.stage)), std::string(name_of(step.operation)), describe_subject(step),
                     step.error, is_retryable(step.error)};
  if (step.stage == Stage::Namespaces) fault.remedy = sandbox::explain_refused_namespaces(step.error);
  return fault;
}

void Run::on_failure(const StepResult& step) {
  if (!outcome_ || std::holds_alternative<LimitHit>(*outcome_)) outcome_ = fault(step);
  // The child leaves by itself; the deadline stands in case it cannot.
}

// Nothing is answered: whoever made such a call sleeps in it until it is killed.
void Run::on_violations(std::vector<RecordedViolation> violations) {
  if (phase_ == Phase::SettingUp) on_report();
  if (!outcome_) outcome_ = Violation{violations.front().call};
  violations_total_ += violations.size();
  for (RecordedViolation& violation : violations) {
    if (violations_.size() < kViolationsKept) violations_.push_back(std::move(violation));
  }
  end_now();
}

bool Run::answer_asked(int listener, const seccomp_notif& call) {
  if (on_call_) {
    const bool goes_on = on_call_(call);
    if (!address_space_ || !asks_for_address_space(call)) {
      if (goes_on) let_go_on(listener, call.id);
      return goes_on;
    }
  }
  if (!address_space_ || !asks_for_address_space(call)) return false;
  if (address_space_->answer(listener, call) == AddressSpace::Answer::Exceeded) hit(Limit::AddressSpace);
  return true;
}

void Run::stop_listening() {
  if (!broker_) return;
  mediated_ = broker_->mediated();
  const std::vector<std::string> notes = broker_->notes();
  warnings_.insert(warnings_.end(), notes.begin(), notes.end());
  broker_.reset();
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
    if (count != sizeof record) break;
    Ancillary ancillary = ancillary_of(message);
    switch (record.kind) {
      case InitRecord::Kind::WorkFolder: work_folder_ = std::move(ancillary.descriptor); break;
      case InitRecord::Kind::Listener:
        if (Fd listener = std::move(ancillary.descriptor)) {
          broker_.emplace(
              loop_, std::move(listener), *plan_, sandbox_->identity(),
              Broker::Handlers{
                  [this](std::vector<RecordedViolation> violations) { on_violations(std::move(violations)); },
                  [this](int from, const seccomp_notif& call) { return answer_asked(from, call); }});
        }
        on_target_known(ancillary.sender);
        break;
      case InitRecord::Kind::Failed: on_failure(record.step); break;
      case InitRecord::Kind::TargetEnded:
        target_end_ = record;
        // If a limit has stopped the clock already, that moment counts.
        if (ended_ == Duration{}) ended_ = Duration(record.time_ns);
        grace_deadline_ = now() + kGrace;
        arm_timer();
        break;
      case InitRecord::Kind::Finished:
        finish_ = record;
        if (heir_ && target_end_) return end_of_all_but_init();
        break;
    }
  }
  loop_.forget(sandbox_->control().get());
}

void Run::on_init_gone() {
  // What init said last may still be in the socket.
  if (!finish_) on_control();
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
  loop_.forget(sandbox_->pidfd().get());
  stop_listening();
  sandbox_->release_cores();
  gone_ = now();
  if (ended_ == Duration{}) ended_ = gone_;
  phase_ = Phase::Gone;
  haste_.reset();
  output_.close_soon();
  if (error_output_) error_output_->close_soon();
  grace_deadline_ = gone_ + kGrace;
  arm_timer();
  if (partner_.gone) partner_.gone();
}

bool Run::groups_tell_all() const {
  return groups_ && groups_->counts_cpu() && groups_->limits_memory() && groups_->processes_peak();
}

void Run::sample(Duration at) {
  if (!groups_tell_all()) {
    const std::optional<TreeUsage> usage = sampler_->look(plan_->plan().limits.memory);
    if (!usage && !outcome_ && !target_end_) {
      outcome_ = SandboxFault{"run", "look at",
                              "/proc/" + std::to_string(sandbox_->init_pid()) + " (hidden by hidepid?)", ENOENT, false};
    }
    const TreeUsage seen = usage.value_or(TreeUsage{});
    sampled_cpu_ = std::max(sampled_cpu_, seen.cpu - std::min(seen.cpu, set_up_cpu_));
    sampled_memory_ = seen.memory;
    sampled_peak_ = std::max(sampled_peak_, seen.memory);
    peak_tasks_ = std::max(peak_tasks_, seen.tasks);
  }
  const Duration before = cpu_so_far_;
  cpu_so_far_ = cpu_time().total();
  const bool works = cpu_so_far_ - before > kIdleNoise;
  quiet_wait_ = works ? kLatest : std::min(2 * quiet_wait_, kQuietest);
  if (works || waits_for_a_core(at)) last_progress_ = at;
  plan_next_look(at, now() - at);
}

// Using no CPU for as long as limits.idle says is no idleness where others have kept the program from its core.
bool Run::waits_for_a_core(Duration at) const {
  const std::optional<Duration>& idle_limit = plan_->plan().limits.idle;
  return idle_limit && at - last_progress_ >= *idle_limit && sampler_->is_ready_to_run();
}

// How soon a limit can be met whose clock the supervisor watches; zero where one is met already.
Duration Run::time_to_nearest_limit(Duration at) const {
  const Limits& limits = plan_->plan().limits;
  // The CPU limit cannot be reached before every core the run may use has worked so long.
  const std::size_t cores = sandbox_->cores().numbers.empty() ? std::max(1U, std::thread::hardware_concurrency())
                                                              : sandbox_->cores().numbers.size();
  const Duration cpu = (limits.cpu - cpu_so_far_) / static_cast<std::int64_t>(cores);
  const Duration idle = limits.idle ? last_progress_ + *limits.idle - at : Duration::max();
  return std::max(Duration{}, std::min({cpu, idle, wall_deadline_ - at}));
}

// Soon enough that no limit is passed by much; seldom enough that looking costs little.
void Run::plan_next_look(Duration at, Duration cost) {
  const std::optional<Duration>& idle_limit = plan_->plan().limits.idle;
  const bool groups_hold = groups_ && groups_->limits_memory() && groups_->counts_cpu();
  const Duration nearest = time_to_nearest_limit(at);
  Duration wait = groups_hold ? quiet_wait_ : kSampleEvery;
  if (idle_limit) wait = std::min(wait, std::max(*idle_limit / kIdleShare, kSampleEvery));
  if (nearest > kNear) {
    haste_.reset();
    wait = std::min(wait, nearest - kNear);
  } else {
    if (!haste_) haste_.emplace(loop_.haste());
    wait = std::min(wait, nearest);
  }
  // However long a look takes: a program that makes looking slow must not go unseen for it.
  next_sample_ = at + std::max({wait, kSoonest, std::min(cost * kSampleShare, kLatest)});
}

void Run::on_timer() {
  timer_.acknowledge();
  armed_ = {};
  const Duration at = now();
  const Limits& limits = plan_->plan().limits;
  switch (phase_) {
    case Phase::SettingUp:
      if (at >= next_deadline()) {
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
      sample(at);
      idle_ = at - last_progress_;
      if (outcome_) return end_now();
      if (groups_ && groups_->out_of_memory()) return hit(Limit::Memory);
      if (cpu_so_far_ > limits.cpu) return hit(Limit::Cpu);
      const bool held_by_group = groups_ && groups_->limits_memory();
      if (!held_by_group && sampled_memory_ > limits.memory) return hit(Limit::Memory);
      if (limits.idle && idle_ >= *limits.idle) return hit(Limit::Idle);
      break;
    }
    case Phase::Ending:
      if (at >= grace_deadline_) sandbox_->kill();
      break;
    case Phase::Gone:
      if (at < grace_deadline_) break;
      // Whoever reads our own output does not; the run is over all the same.
      output_.give_up_sink();
      if (error_output_) error_output_->give_up_sink();
      return;
  }
  arm_timer();
}

Duration Run::next_deadline() const {
  switch (phase_) {
    case Phase::SettingUp: return waits_ && is_prepared_ ? Duration::max() : set_up_deadline_;
    case Phase::Running: return target_end_ ? grace_deadline_ : std::min(wall_deadline_, next_sample_);
    case Phase::Ending: return std::max(grace_deadline_, now() + 1ms);
    case Phase::Gone: return grace_deadline_;
  }
  return {};
}

// A timer that fires too soon is set again then; most runs have ended before.
void Run::arm_timer() {
  const Duration deadline = next_deadline();
  if (armed_ != Duration{} && armed_ <= deadline) return;
  armed_ = deadline;
  timer_.set(deadline);
}

// Of init, which is in the program's group: what it takes to reap a program's orphans is not the program's.
Duration Run::init_cpu() const {
  clockid_t clock{};
  timespec time{};
  // It fails where init is gone: then what it said last holds.
  if (::clock_getcpuclockid(sandbox_->init_pid(), &clock) != 0 || ::clock_gettime(clock, &time) != 0) return init_cpu_;
  return std::max(init_cpu_, Duration(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec)));
}

// Of the program alone: what its group counted, less what init and the set-up took of it.
CpuTime Run::cpu_time() const {
  Duration own = set_up_cpu_;
  CpuTime time;
  if (const std::optional<GroupCpu> counted = groups_ ? groups_->cpu() : std::nullopt) {
    time = {counted->user, counted->system, groups_->cpu_source()};
    own += finish_ ? Duration(std::chrono::microseconds(finish_->usage.init_us)) : init_cpu();
  } else if (finish_) {
    time = {std::chrono::microseconds(finish_->usage.user_us), std::chrono::microseconds(finish_->usage.system_us),
            "init: getrusage of every process it waited for"};
    // Children that nobody waits for (SIGCHLD ignored) never show there.
    if (sampled_cpu_ > time.total()) return {sampled_cpu_, {}, "sampling of the tree, which saw more than init did"};
  } else {
    return {sampled_cpu_, {}, "sampling"};
  }
  // The set-up ran in system calls, up to the clock's grain.
  const Duration from_system = std::min(time.system, own);
  time.system -= from_system;
  time.user -= std::min(time.user, own - from_system);
  return time;
}

// The program's largest process, as init heard of it. ru_maxrss begins with the set-up, which is a copy of us: what is
// no larger than that says nothing of the program.
std::optional<Bytes> Run::largest_process() const {
  if (!finish_) return std::nullopt;
  const Bytes largest = kibibytes(finish_->usage.max_rss_kib);
  return largest > set_up_size_ ? std::optional(largest) : std::nullopt;
}

Memory Run::memory() const {
  const bool oom = groups_ && groups_->out_of_memory();
  if (const std::optional<Bytes> peak = groups_ ? groups_->memory_peak() : std::nullopt) {
    return {*peak, groups_->memory_source(), oom};
  }
  // Where nobody has looked, the set-up's own size is the best that is known: no process was larger.
  const Bytes at_most{finish_ && sampled_peak_.count == 0 ? kibibytes(finish_->usage.max_rss_kib) : Bytes{}};
  return {std::max(sampled_peak_, largest_process().value_or(at_most)),
          "sampling of the tree, and init: the largest process's ru_maxrss; files in memory count only where mapped",
          oom};
}

Processes Run::processes() const {
  if (const std::optional<std::uint64_t> peak = groups_ ? groups_->processes_peak() : std::nullopt) {
    return {*peak - std::min<std::uint64_t>(*peak, 1), groups_->processes_source()};  // init is none of the program's
  }
  return {std::max<std::uint64_t>(peak_tasks_, about_to_exec_ ? 1 : 0), "sampling"};
}

RunFacts Run::facts(const CpuTime& cpu, const Memory& memory) const {
  RunFacts facts{.ended_for = outcome_, .interrupted = interrupted_};
  facts.out_of_memory = memory.oom;
  facts.memory_refused = groups_ && groups_->memory_refused();
  facts.address_space_refused = address_space_ && address_space_->has_refused();
  facts.output_exceeded = output_.exceeded() || (error_output_ && error_output_->exceeded());
  facts.about_to_exec = about_to_exec_;
  if (target_end_) facts.end = End{target_end_->code, target_end_->status};
  facts.cpu = cpu.total();
  facts.wall = ended_ - started_;
  facts.memory_is_held = groups_ && groups_->limits_memory();
  facts.memory_peak = std::max(sampled_peak_, largest_process().value_or(Bytes{}));
  return facts;
}

Fd Run::take_work_folder() {
  return about_to_exec_ ? std::move(work_folder_) : Fd();
}

RunResult Run::take_result(const SaveFolder* save_folder) {
  RunResult result;
  result.cpu = cpu_time();
  result.memory = memory();
  result.outcome = outcome_of(facts(result.cpu, result.memory), plan_->plan().limits);
  result.processes = processes();
  if (finish_) {
    const InitRecord::Usage& usage = finish_->usage;
    result.voluntary_switches = static_cast<std::uint64_t>(usage.voluntary);
    result.involuntary_switches = static_cast<std::uint64_t>(usage.involuntary);
    result.minor_faults = static_cast<std::uint64_t>(usage.minor_faults);
    result.major_faults = static_cast<std::uint64_t>(usage.major_faults);
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
  // By a signal alone: a call of another architecture, or an x32 number, which the filter lets nobody survive.
  if (std::holds_alternative<Violation>(result.outcome) && violations_.empty()) {
    RecordedViolation foreign;
    foreign.layer = "seccomp";
    foreign.action = "killed";
    foreign.remedy = "calls of another architecture and x32 calls are never allowed";
    violations_.push_back(std::move(foreign));
    violations_total_ = 1;
  }
  if (auto* hit = std::get_if<LimitHit>(&result.outcome)) {
    hit->reach = reach_of(hit->limit, result, plan_->plan().limits, idle_);
  }
  result.violations_total = violations_total_;
  result.violations = std::move(violations_);
  if (work_folder_ && target_end_ && save_folder != nullptr) {
    result.files = collect_files(work_folder_.get(), plan_->plan().collect, *save_folder);
  }
  result.layers = plan_->layers();
  result.layers.cgroup = cgroup_state_;
  result.kernel = plan_->host().kernel;
  result.warnings = std::move(warnings_);
  result.noise = std::move(lasting_noise_);
  if (core_watch_) {
    const std::vector<sandbox::Noise> met = core_watch_->noise(result.run, sandbox::is_core_leased);
    result.noise.insert(result.noise.end(), met.begin(), met.end());
  }
  return result;
}

}  // namespace evalrun::supervise
