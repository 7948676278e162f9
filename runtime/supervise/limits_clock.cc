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
// CPU time that waking up to look at a clock costs a program is no progress.
constexpr Duration kIdleNoise = 100us;

}  // namespace

void LimitsClock::start(Duration at) noexcept {
  wall_deadline_ = at + wall_limit_;
  last_progress_ = at;
}

void LimitsClock::look(Duration at, Duration cpu) noexcept {
  const bool works = cpu - cpu_ > kIdleNoise;
  cpu_ = cpu;
  quiet_wait_ = works ? kLatestLook : std::min(2 * quiet_wait_, kQuietest);
  if (works) last_progress_ = at;
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
  Duration wait = conditions.groups_hold ? quiet_wait_ : kSampleEvery;
  if (idle_limit_) wait = std::min(wait, std::max(*idle_limit_ / kIdleShare, kSampleEvery));
  const Nearness nearness = nearest > kNear ? Nearness::Far : Nearness::Near;
  wait = std::min(wait, nearness == Nearness::Far ? nearest - kNear : nearest);
  // However long a look takes: a program that makes looking slow must not go unseen for it.
  next_look_ = at + std::max({wait, kSoonest, std::min(conditions.last_cost * kLookShare, kLatestLook)});
  return nearness;
}

}  // namespace evalrun::supervise
