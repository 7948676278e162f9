// A run and its limits: when to look at what the program uses, and what to do about it.
#include <algorithm>
#include <thread>

#include "runtime/supervise/run.h"

namespace evalrun::supervise {
namespace {

using namespace std::chrono_literals;

// A run that is sampled is looked at no less often than this for its memory, and no more often than that.
constexpr Duration kSampleEvery = 10ms;
constexpr Duration kSoonest = 1ms;
constexpr std::uint64_t kBytesPerMicrosecond = 4000;  // no program that was measured fills new pages faster
// A run that is sampled and may pass its memory limit within this time must not wait for the supervisor's turn.
constexpr Duration kUrgent = 4ms;
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
    const std::optional<measure::TreeUsage> usage = sampler_->look(plan_->plan().kind.limits.memory, outside);
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
  look_at_group_memory();
  clock_.look(at, cpu_time().total(), memory_wait());
  // Using no CPU is no idleness where others have kept the program from its core.
  if (clock_.is_idle(at) && sampler_->is_ready_to_run()) clock_.excuse(at);
  plan_next_look(at, loop::now() - began);
}

measure::Activity Run::activity() const {
  measure::Activity seen = sampler_->activity();
  const bool waits_for_us =
      output_.holds_more() || (error_output_ && error_output_->holds_more()) || (broker_ && broker_->is_waited_for());
  if (waits_for_us) seen.is_asleep = false;
  return seen;
}

// How long the memory of a program that works stays surely below the limit.
Duration Run::memory_wait() const {
  if (group_holds_memory()) return std::min(kLatestLook, groups_->next_memory_look());
  const Bytes limit = plan_->plan().kind.limits.memory;
  const std::uint64_t room = limit.count - std::min(limit.count, sampled_memory_.count);
  return std::clamp<Duration>(std::chrono::microseconds(room / kBytesPerMicrosecond), kSoonest, kSampleEvery);
}

bool Run::memory_is_urgent() const {
  return group_holds_memory() ? groups_->memory_is_urgent() : memory_wait() < kUrgent;
}

// Calls are mediated on any core.
std::size_t Run::cores_to_use() const {
  const bool may_use_all = sandbox_->cores().numbers.empty() || (broker_ && broker_->mediated() > 0);
  return may_use_all ? std::max(1U, std::thread::hardware_concurrency()) : sandbox_->cores().numbers.size();
}

void Run::plan_first_look() {
  const Duration at = loop::now();
  plan_next_look(at, {});
  if (!group_holds_memory()) clock_.look_no_later_than(at + kFirstSample);
}

void Run::plan_next_look(Duration at, Duration cost) {
  const LimitsClock::Conditions conditions{.cores = cores_to_use(),
                                           .groups_hold = group_holds_memory() && groups_->counts_cpu(),
                                           .memory_wait = memory_wait(),
                                           .memory_is_urgent = memory_is_urgent(),
                                           .last_cost = cost};
  switch (clock_.plan_next_look(at, conditions)) {
    case LimitsClock::Nearness::Far: haste_.reset(); break;
    case LimitsClock::Nearness::Near:
      if (!haste_) haste_.emplace(loop_.haste());
      break;
  }
}

void Run::on_timer() {
  timer_.acknowledge();
  armed_ = {};
  const Duration at = loop::now();
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
      if (clock_.is_over_wall(at)) return hit(Limit::Wall);
      if (!clock_.is_look_due(at)) break;
      sample(at);
      idle_ = clock_.idle_for(at);
      if (outcome_) return end_now();
      if (has_passed_memory_limit()) return meet_memory_limit();
      if (clock_.is_over_cpu()) return hit(Limit::Cpu);
      if (clock_.is_idle(at)) return hit(Limit::Idle);
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
    case Phase::SettingUp: return waits_for_job() && is_prepared() ? Duration::max() : set_up_deadline_;
    case Phase::Running: return target_end_ ? grace_deadline_ : clock_.deadline();
    case Phase::Ending: return std::max(grace_deadline_, loop::now() + 1ms);
    case Phase::Gone: return collection_ && !collection_->ended() ? Duration(1) : grace_deadline_;
  }
  return {};
}

// A timer that fires too soon is set again then; most runs have ended before.
void Run::arm_timer() {
  const Duration deadline = next_deadline();
  if (armed_ != Duration{} && armed_ <= deadline) return;
  timer_.set(deadline);
  armed_ = deadline;
}

}  // namespace evalrun::supervise
