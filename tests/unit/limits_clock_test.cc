// The clock of a run's limits, by the times that it is told.
#include "runtime/supervise/limits_clock.h"

#include <gtest/gtest.h>

namespace evalrun::supervise {
namespace {

using namespace std::chrono_literals;
using Conditions = LimitsClock::Conditions;
using Nearness = LimitsClock::Nearness;

constexpr Duration kStart = 100s;

Limits limits_of(Duration cpu, Duration wall, std::optional<Duration> idle = {}) {
  Limits limits;
  limits.cpu = cpu;
  limits.wall = wall;
  limits.idle = idle;
  return limits;
}

LimitsClock started(const Limits& limits) {
  LimitsClock clock(limits);
  clock.start(kStart);
  return clock;
}

// How long after `at` it wants to look again.
Duration wait_of(LimitsClock& clock, Duration at, const Conditions& conditions) {
  clock.plan_next_look(at, conditions);
  return clock.deadline() - at;
}

TEST(limits_clock, wall_time_is_over_at_the_limit_and_not_before) {
  const LimitsClock clock = started(limits_of(2s, 10s));
  EXPECT_FALSE(clock.is_over_wall(kStart + 10s - 1ns));
  EXPECT_TRUE(clock.is_over_wall(kStart + 10s));
  EXPECT_TRUE(clock.is_over_wall(kStart + 10s + 1ns));
}

TEST(limits_clock, cpu_time_is_over_above_the_limit_and_not_at_it) {
  LimitsClock clock = started(limits_of(2s, 10s));
  clock.look(kStart + 1s, 2s - 1ns);
  EXPECT_FALSE(clock.is_over_cpu());
  clock.look(kStart + 2s, 2s);
  EXPECT_FALSE(clock.is_over_cpu());
  clock.look(kStart + 3s, 2s + 1ns);
  EXPECT_TRUE(clock.is_over_cpu());
}

TEST(limits_clock, a_program_is_idle_when_it_has_used_no_cpu_time_for_as_long_as_the_limit_says) {
  LimitsClock clock = started(limits_of(2s, 10s, 1s));
  EXPECT_FALSE(clock.is_idle(kStart + 1s - 1ns));
  EXPECT_TRUE(clock.is_idle(kStart + 1s));
  clock.look(kStart + 1s, 5ms);
  EXPECT_FALSE(clock.is_idle(kStart + 2s - 1ns));
  EXPECT_TRUE(clock.is_idle(kStart + 2s));
  EXPECT_EQ(clock.idle_for(kStart + 2s), 1s);
}

TEST(limits_clock, what_a_look_costs_the_program_is_no_progress) {
  LimitsClock clock = started(limits_of(2s, 10s, 1s));
  clock.look(kStart + 500ms, 100us);
  EXPECT_TRUE(clock.is_idle(kStart + 1s));
  clock.look(kStart + 1s, 200us + 1ns);
  EXPECT_FALSE(clock.is_idle(kStart + 1s));
}

TEST(limits_clock, a_program_that_waited_for_its_core_is_not_idle) {
  LimitsClock clock = started(limits_of(2s, 10s, 1s));
  clock.look(kStart + 1s, 0s);
  EXPECT_TRUE(clock.is_idle(kStart + 1s));
  clock.excuse(kStart + 1s);
  EXPECT_FALSE(clock.is_idle(kStart + 1s));
  EXPECT_TRUE(clock.is_idle(kStart + 2s));
}

TEST(limits_clock, without_a_limit_no_program_is_idle) {
  const LimitsClock clock = started(limits_of(2s, 10s));
  EXPECT_FALSE(clock.is_idle(kStart + 9s));
}

TEST(limits_clock, memory_that_no_group_holds_is_looked_for_every_10_ms) {
  LimitsClock clock = started(limits_of(2s, 10s));
  EXPECT_EQ(wait_of(clock, kStart, {}), 10ms);
}

TEST(limits_clock, a_quiet_program_in_groups_is_looked_at_ever_less_often_until_it_works) {
  LimitsClock clock = started(limits_of(100s, 100s));
  const Conditions held{.groups_hold = true};
  Duration at = kStart;
  EXPECT_EQ(wait_of(clock, at, held), 100ms);
  for (const Duration wait : {200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    clock.look(at += 1s, 0s);
    EXPECT_EQ(wait_of(clock, at, held), wait);
  }
  clock.look(at += 1s, 1ms);
  EXPECT_EQ(wait_of(clock, at, held), 100ms);
}

TEST(limits_clock, the_cpu_limit_is_as_far_as_all_cores_together_need_for_it) {
  LimitsClock clock = started(limits_of(2s, 100s));
  clock.look(kStart + 1s, 1600ms);
  // 400 ms are left: of four cores 100 ms each, of which the last 50 are near.
  EXPECT_EQ(wait_of(clock, kStart + 1s, {.cores = 4, .groups_hold = true}), 50ms);
  EXPECT_EQ(wait_of(clock, kStart + 1s, {.cores = 1, .groups_hold = true}), 100ms);
}

TEST(limits_clock, the_supervisor_must_hurry_within_50_ms_of_any_limit) {
  const Conditions held{.groups_hold = true};
  LimitsClock wall = started(limits_of(2s, 10s));
  EXPECT_EQ(wall.plan_next_look(kStart + 10s - 51ms, held), Nearness::Far);
  EXPECT_EQ(wall.deadline(), kStart + 10s - 50ms);
  EXPECT_EQ(wall.plan_next_look(kStart + 10s - 50ms, held), Nearness::Near);
  EXPECT_EQ(wall.deadline(), kStart + 10s);

  LimitsClock cpu = started(limits_of(2s, 10s));
  cpu.look(kStart + 3s, 2s - 51ms);
  EXPECT_EQ(cpu.plan_next_look(kStart + 3s, held), Nearness::Far);
  cpu.look(kStart + 3s, 2s - 50ms);
  EXPECT_EQ(cpu.plan_next_look(kStart + 3s, held), Nearness::Near);
  EXPECT_EQ(cpu.deadline(), kStart + 3s + 50ms);

  LimitsClock idle = started(limits_of(2s, 10s, 1s));
  EXPECT_EQ(idle.plan_next_look(kStart + 1s - 51ms, held), Nearness::Far);
  EXPECT_EQ(idle.plan_next_look(kStart + 1s - 50ms, held), Nearness::Near);
}

TEST(limits_clock, idleness_is_noticed_within_a_tenth_of_its_limit_but_not_looked_for_more_often_than_memory) {
  const Conditions held{.groups_hold = true};
  LimitsClock clock = started(limits_of(2s, 10s, 500ms));
  EXPECT_EQ(wait_of(clock, kStart, held), 50ms);
  LimitsClock shorter = started(limits_of(2s, 10s, 90ms));
  EXPECT_EQ(wait_of(shorter, kStart, held), 10ms);
}

TEST(limits_clock, looks_come_no_sooner_than_their_cost_allows_and_not_much_later_for_it) {
  LimitsClock clock = started(limits_of(20s, 100s));
  EXPECT_EQ(wait_of(clock, kStart, {.last_cost = 1ms}), 20ms);
  EXPECT_EQ(wait_of(clock, kStart, {.last_cost = 1s}), 100ms);
  clock.look(kStart + 30s, 20s);
  EXPECT_EQ(wait_of(clock, kStart + 30s, {}), 1ms) << "at the limit";
}

TEST(limits_clock, a_look_is_due_when_it_was_planned_for) {
  LimitsClock clock = started(limits_of(2s, 10s));
  clock.plan_next_look(kStart, {});
  EXPECT_FALSE(clock.is_look_due(kStart + 10ms - 1ns));
  EXPECT_TRUE(clock.is_look_due(kStart + 10ms));
}

}  // namespace
}  // namespace evalrun::supervise
