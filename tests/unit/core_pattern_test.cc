// What the doctor says of a host's core_pattern.
#include <gtest/gtest.h>

#include "runtime/doctor/examinations.h"

namespace evalrun::doctor {
namespace {

struct Row {
  const char* pattern;
  std::uint64_t limit;
  State state;
  const char* finding;
};

TEST(core_pattern, is_good_where_the_limit_keeps_dumps_away_and_named_where_it_does_not) {
  const Row rows[] = {
      {"core", 1, State::Good, "core_pattern is core, and programs leave no core dumps"},
      {"core", 0, State::Good, "core_pattern is core, and programs leave no core dumps"},
      {"", 1, State::Good, "core_pattern is empty, and programs leave no core dumps"},
      {"/var/crash/%p", 0, State::Good, "core_pattern is /var/crash/%p, and programs leave no core dumps"},
      {"|/usr/lib/systemd/systemd-coredump %P", 1, State::Good,
       "core_pattern is |/usr/lib/systemd/systemd-coredump %P, a handler that is not run for programs: RLIMIT_CORE is "
       "1"},
      {"|/usr/share/apport/apport %p", 0, State::Degraded,
       "core_pattern is |/usr/share/apport/apport %p, a handler that the kernel runs as root at each crash of a "
       "program"},
      {"@/run/systemd/coredump", 1, State::Degraded,
       "core_pattern is @/run/systemd/coredump, a socket: no limit keeps the core dumps of crashed programs from it"},
      {"@/run/systemd/coredump", 0, State::Degraded,
       "core_pattern is @/run/systemd/coredump, a socket: no limit keeps the core dumps of crashed programs from it"},
  };
  for (const Row& row : rows) {
    const Check check = check_core_pattern(row.pattern, row.limit);
    EXPECT_EQ(check.name, "core_dumps");
    EXPECT_EQ(check.state, row.state) << row.pattern;
    EXPECT_EQ(check.finding, row.finding);
    EXPECT_EQ(check.remedy.empty(), row.state == State::Good) << check.remedy;
  }
}

}  // namespace
}  // namespace evalrun::doctor
