#include "runtime/supervise/limits_clock.h"

#include <algorithm>

namespace evalrun::supervise {
namespace {

using namespace std::chrono_literals;

// Where memory must be looked for.
constexpr Duration kSampleEvery = 10ms;
// Otherwise the distance to the nearest limit decides, between this and kLatestLook.
constexpr Duration kSoonest = 1ms;
// A program that sleeps in groups that hold its limits is looked at ever less often: of a thousand, most do.
constexpr Duration kQuietest = 1s;
// A busy machine lets the supervisor wait that long for its turn, unless it asks for haste.
constexpr Duration kNear = 50ms;
// The end of a program's work is noticed within this part of limits.idle.
constexpr int kIdleShare = 10;
// Where groups count, a look reads a few small files and costs the program nothing.
constexpr int kGroupShare = 4;
// A run that is sampled and may pass its memory limit within this time is looked at more often.
constexpr Duration kNearMemory = 4ms;
constexpr int kNearShare = 10;
// CPU time that waking up to look at a clock costs a program is no progress.
constexpr Duration kIdleNoise = 100us;

}  // namespace

void LimitsClock::start(Duration at, Duration memory_wait) noexcept {
  wall_deadline_ = at + wall_limit_;
  last_progress_ = compared_at_ = at;
  quiet_wait_ = memory_wait;
}

void LimitsClock::look(Duration at, Duration cpu, Duration memory_wait) noexcept {
  const bool works = cpu - cpu_ > kIdleNoise;
  cpu_ = cpu;
  quiet_wait_ = works ? memory_wait : std::min(2 * quiet_wait_, kQuietest);
  // However often the run is looked at for other limits.
  const Duration every = std::clamp(idle_limit_.value_or(kLatestLook) / kIdleShare, kSampleEvery, kLatestLook);
  const bool has_progressed = cpu - compared_cpu_ > kIdleNoise;
  if (has_progressed) last_progress_ = at;
  if (!has_progressed && at - compared_at_ < every) return;
  compared_at_ = at;
  compared_cpu_ = cpu;
}

// Zero where a limit is passed already.
Duration LimitsClock::time_to_nearest(Duration at, std::size_t cores) const noexcept {
  // The CPU limit cannot be reached before every core has worked so long.
  const Duration cpu = (cpu_limit_ - cpu_) / static_cast<std::int64_t>(cores);
  const Duration idle = idle_limit_ ? last_progress_ + *idle_limit_ - at : Duration::max();
  return std::max(Duration{}, std::min({cpu, idle, wall_deadline_ - at}));
}

LimitsClock::Nearness LimitsClock::plan_next_look(Duration at, const Conditions& conditions) noexcept {
  const Duration nearest = time_to_nearest(at, conditions.cores);
  Duration wait = conditions.groups_hold ? quiet_wait_ : std::min(conditions.memory_wait, kSampleEvery);
  if (idle_limit_) wait = std::min(wait, std::max(*idle_limit_ / kIdleShare, kSampleEvery));
  wait = std::min(wait, nearest > kNear ? nearest - kNear : nearest);
  // However long a look takes: a program that makes looking slow must not go unseen for it.
  const int share = conditions.groups_hold                 ? kGroupShare
                    : conditions.memory_wait < kNearMemory ? kNearShare
                                                           : kLookShare;
  const Duration soonest = conditions.memory_is_urgent ? std::min(conditions.memory_wait, kSoonest) : kSoonest;
  next_look_ = at + std::max({wait, soonest, std::min(conditions.last_cost * share, kLatestLook)});
  return nearest > kNear && !conditions.memory_is_urgent ? Nearness::Far : Nearness::Near;
}

}  // namespace evalrun::supervise
