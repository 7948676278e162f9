// A run and its limits: when to look at what the program uses, and what to do about it.
#include <algorithm>
#include <thread>

#include "runtime/supervise/run.h"

namespace evalrun::supervise {
namespace {

using namespace std::chrono_literals;

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
// Where groups count, a look reads a few small files and costs the program nothing.
constexpr int kGroupShare = 4;
// A run that is sampled and may pass its memory limit within this time is looked at more often.
constexpr Duration kNearMemory = 4ms;
constexpr int kNearShare = 10;
constexpr std::uint64_t kBytesPerMicrosecond = 4000;  // no program that was measured fills new pages faster
// How much a program maps of files on disk is known soon after its start.
constexpr Duration kFirstSample = 2ms;

}  // namespace

bool Run::groups_tell_all() const {
  return groups_ && groups_->counts_cpu() && groups_->limits_memory() && groups_->processes_peak();
}

void Run::sample(Duration at) {
  Duration began = at;
  if (!groups_tell_all()) {
    const measure::OutsideProcesses outside = outside_processes();
    began = loop::now();
    // First: what ends while the tree is looked at is missed this time, and not counted twice.
    const Duration ended = exit_tracer_ ? exit_tracer_->ended().value_or(measure::EndedUse{}).total() : Duration{};
    const std::optional<measure::TreeUsage> usage = sampler_->look(plan_->plan().limits.memory, outside);
    if (!usage && !outcome_ && !target_end_) {
      outcome_ = SandboxFault{"run", "look at",
                              "/proc/" + std::to_string(sandbox_->init_pid()) + " (hidden by hidepid?)", ENOENT, false};
    }
    const measure::TreeUsage seen = usage.value_or(measure::TreeUsage{});
    const Duration cpu = std::max(seen.cpu, ended + seen.alive);
    sampled_cpu_ = std::max(sampled_cpu_, cpu - std::min(cpu, set_up_cpu_));
    sampled_memory_ = seen.memory;
    sampled_peak_ = std::max(sampled_peak_, seen.memory);
    peak_tasks_ = std::max(peak_tasks_, seen.tasks);
  }
  const Duration before = cpu_so_far_;
  cpu_so_far_ = cpu_time().total();
  look_at_group_memory();
  const bool works = cpu_so_far_ - before > kIdleNoise;
  quiet_wait_ = works ? longest_wait() : std::min(2 * quiet_wait_, kQuietest);
  note_progress(at);
  plan_next_look(at, loop::now() - began);
}

// However often the run is looked at for other limits.
void Run::note_progress(Duration at) {
  const Duration every = std::clamp(plan_->plan().limits.idle.value_or(kLatest) / kIdleShare, kSampleEvery, kLatest);
  const bool works = cpu_so_far_ - compared_cpu_ > kIdleNoise;
  if (works || waits_for_a_core(at)) last_progress_ = at;
  if (!works && at - compared_at_ < every) return;
  compared_at_ = at;
  compared_cpu_ = cpu_so_far_;
}

// Of a program that works: until its memory or its CPU time may come near a limit.
Duration Run::longest_wait() const {
  if (group_holds_memory()) return std::min(kLatest, groups_->next_memory_look());
  const Bytes limit = plan_->plan().limits.memory;
  const std::uint64_t room = limit.count - std::min(limit.count, sampled_memory_.count);
  return std::clamp<Duration>(std::chrono::microseconds(room / kBytesPerMicrosecond), kSoonest, kSampleEvery);
}

// Using no CPU for as long as limits.idle says is no idleness where others have kept the program from its core.
bool Run::waits_for_a_core(Duration at) const {
  const std::optional<Duration>& idle_limit = plan_->plan().limits.idle;
  return idle_limit && at - last_progress_ >= *idle_limit && sampler_->is_ready_to_run();
}

// How soon a limit can be met whose clock the supervisor watches; zero where one is met already.
Duration Run::time_to_nearest_limit(Duration at) const {
  const Limits& limits = plan_->plan().limits;
  // The CPU limit cannot be reached before every core the run may use has worked so long. Calls are mediated on any.
  const bool may_use_all = sandbox_->cores().numbers.empty() || (broker_ && broker_->mediated() > 0);
  const std::size_t cores =
      may_use_all ? std::max(1U, std::thread::hardware_concurrency()) : sandbox_->cores().numbers.size();
  const Duration cpu = (limits.cpu - cpu_so_far_) / static_cast<std::int64_t>(cores);
  const Duration idle = limits.idle ? last_progress_ + *limits.idle - at : Duration::max();
  return std::max(Duration{}, std::min({cpu, idle, wall_deadline_ - at}));
}

void Run::plan_first_look() {
  const Duration at = loop::now();
  quiet_wait_ = longest_wait();
  compared_at_ = at;
  plan_next_look(at, {});
  if (!group_holds_memory()) next_sample_ = std::min(next_sample_, at + kFirstSample);
}

// Soon enough that no limit is passed by much; seldom enough that looking costs little.
void Run::plan_next_look(Duration at, Duration cost) {
  const std::optional<Duration>& idle_limit = plan_->plan().limits.idle;
  const bool groups_hold = groups_ && groups_->limits_memory() && groups_->counts_cpu();
  const Duration nearest = time_to_nearest_limit(at);
  Duration wait = groups_hold ? quiet_wait_ : std::min(longest_wait(), kSampleEvery);
  if (idle_limit) wait = std::min(wait, std::max(*idle_limit / kIdleShare, kSampleEvery));
  const bool memory_is_urgent = groups_ && groups_->memory_is_urgent();
  wait = std::min(wait, nearest > kNear ? nearest - kNear : nearest);
  if (nearest > kNear && !memory_is_urgent) {
    haste_.reset();
  } else if (!haste_) {
    haste_.emplace(loop_.haste());
  }
  // However long a look takes: a program that makes looking slow must not go unseen for it.
  const int share = groups_hold ? kGroupShare : longest_wait() < kNearMemory ? kNearShare : kSampleShare;
  const Duration soonest = memory_is_urgent ? groups_->next_memory_look() : kSoonest;
  next_sample_ = at + std::max({wait, std::min(soonest, kSoonest), std::min(cost * share, kLatest)});
}

void Run::on_timer() {
  timer_.acknowledge();
  armed_ = {};
  const Duration at = loop::now();
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
      if (has_passed_memory_limit()) return meet_memory_limit();
      if (cpu_so_far_ > limits.cpu) return hit(Limit::Cpu);
      if (limits.idle && idle_ >= *limits.idle) return hit(Limit::Idle);
      break;
    }
    case Phase::Ending:
      if (at >= grace_deadline_) sandbox_->kill();
      break;
    case Phase::Gone:
      if (collection_ && !collection_->ended()) collection_->advance();
      if (at < grace_deadline_) break;
      // Whoever reads our own output does not; the run is over all the same.
      output_.give_up_sink();
      if (error_output_) error_output_->give_up_sink();
      if (!collection_ || collection_->ended()) return;
      break;
  }
  arm_timer();
}

Duration Run::next_deadline() const {
  switch (phase_) {
    case Phase::SettingUp: return waits_ && is_prepared_ ? Duration::max() : set_up_deadline_;
    case Phase::Running: return target_end_ ? grace_deadline_ : std::min(wall_deadline_, next_sample_);
    case Phase::Ending: return std::max(grace_deadline_, loop::now() + 1ms);
    case Phase::Gone: return collection_ && !collection_->ended() ? Duration(1) : grace_deadline_;
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

}  // namespace evalrun::supervise
