// The limits that a clock decides: CPU time, wall time and idleness.
//
// A value of its own: it is told what was seen and when, it says which limit is passed, and it plans when to look
// again. It reads no clock and makes no call.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>

#include "runtime/plan/plan.h"

namespace evalrun::supervise {

// Looking must cost little beside what it looks at: a look that takes 1 ms is followed by 20 ms of none, but no look is
// put off for longer than kLatestLook for its cost.
inline constexpr int kLookShare = 20;
inline constexpr Duration kLatestLook = std::chrono::milliseconds(100);

class LimitsClock {
 public:
  explicit LimitsClock(const Limits& limits) noexcept
      : cpu_limit_(limits.cpu_hard.value_or(limits.cpu)), wall_limit_(limits.wall), idle_limit_(limits.idle) {}

  // The program starts.
  void start(Duration at, Duration memory_wait = kLatestLook) noexcept;
  // Was seen at `at`: what the program has used since its start, in all. `memory_wait`: until its memory may come near
  // the limit.
  void look(Duration at, Duration cpu, Duration memory_wait = kLatestLook) noexcept;
  // It has used no CPU time for as long as limits.idle says.
  [[nodiscard]] bool is_idle(Duration at) const noexcept { return idle_limit_ && idle_for(at) >= *idle_limit_; }
  [[nodiscard]] Duration idle_for(Duration at) const noexcept { return at - last_progress_; }
  // That was no idleness: others have kept it from its core.
  void excuse(Duration at) noexcept { last_progress_ = at; }

  [[nodiscard]] bool is_over_wall(Duration at) const noexcept { return at >= wall_deadline_; }
  [[nodiscard]] bool is_over_cpu() const noexcept { return cpu_ > cpu_limit_; }

  // How the program runs, for the plan of the next look.
  struct Conditions {
    std::size_t cores = 1;     // that it may use at once: its CPU time grows no faster
    bool groups_hold = false;  // control groups hold memory and count CPU time: a look has nothing else to find
    Duration memory_wait = kLatestLook;  // until memory may come near its limit
    bool memory_is_urgent = false;       // it is near, and held by looks alone
    Duration last_cost = {};             // of the look before
  };
  enum class Nearness { Far, Near };
  // Soon enough that no limit is passed by much, and seldom enough that looking costs little. Near: a limit may be
  // passed so soon that the supervisor must not wait for its turn on a busy machine.
  Nearness plan_next_look(Duration at, const Conditions& conditions) noexcept;

  void look_no_later_than(Duration at) noexcept { next_look_ = std::min(next_look_, at); }

  [[nodiscard]] bool is_look_due(Duration at) const noexcept { return at >= next_look_; }
  // When it must be asked again, at the latest.
  [[nodiscard]] Duration deadline() const noexcept { return std::min(wall_deadline_, next_look_); }

 private:
  [[nodiscard]] Duration time_to_nearest(Duration at, std::size_t cores) const noexcept;

  Duration cpu_limit_, wall_limit_;
  std::optional<Duration> idle_limit_;
  Duration wall_deadline_{}, next_look_{};
  Duration cpu_{};                           // at the last look
  Duration compared_at_{}, compared_cpu_{};  // what CPU time must have grown from, and when that was
  Duration last_progress_{};                 // when CPU time last grew
  Duration quiet_wait_ = kLatestLook;        // until the next look, where nothing asks for an earlier one
};

}  // namespace evalrun::supervise
