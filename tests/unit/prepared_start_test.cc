// What a run that was prepared ahead waits for, in every order.
#include "runtime/supervise/prepared_start.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace evalrun::supervise {
namespace {

using Needs = PreparedStart::Needs;

constexpr pid_t kTarget = 77;

PreparedStart::JobNames job() {
  return {.name = "prog", .programs = {"/bin/prog", "/work/prog"}, .files = {"a", "b"}};
}

StepResult failed(Stage stage, Operation operation, std::int32_t item) {
  return {stage, operation, item, ENOENT};
}

TEST(prepared_start, a_program_that_is_not_pinned_starts_when_its_job_is_told) {
  PreparedStart start;
  EXPECT_FALSE(start.has_job());
  EXPECT_TRUE(start.take_job(job(), Needs::Nothing));
  EXPECT_TRUE(start.has_job());
  EXPECT_FALSE(start.take_target(kTarget)) << "it has started";
}

TEST(prepared_start, a_program_that_is_to_be_pinned_starts_when_its_process_is_known_too) {
  PreparedStart start;
  EXPECT_EQ(start.target(), -1);
  EXPECT_FALSE(start.take_job(job(), Needs::Target));
  EXPECT_TRUE(start.take_target(kTarget));
  EXPECT_EQ(start.target(), kTarget);
}

TEST(prepared_start, a_process_that_is_known_already_is_not_waited_for) {
  PreparedStart start;
  EXPECT_FALSE(start.take_target(kTarget)) << "there is no job";
  EXPECT_TRUE(start.take_job(job(), Needs::Target));
  EXPECT_EQ(start.target(), kTarget);
}

TEST(prepared_start, being_prepared_starts_nothing) {
  PreparedStart start;
  EXPECT_FALSE(start.is_prepared());
  start.set_prepared();
  EXPECT_TRUE(start.is_prepared());
  EXPECT_FALSE(start.has_job());
}

TEST(prepared_start, a_failed_step_is_about_the_job_where_the_job_brought_its_subject) {
  PreparedStart start;
  const StepResult exec = failed(Stage::Exec, Operation::Execve, 1);
  EXPECT_EQ(start.describe_subject(exec), std::nullopt) << "before the job is told";
  EXPECT_EQ(start.program_of(exec), nullptr);
  static_cast<void>(start.take_job(job(), Needs::Nothing));
  EXPECT_EQ(start.describe_subject(exec), "/work/prog");
  EXPECT_EQ(*start.program_of(exec), "/work/prog");
  EXPECT_EQ(start.describe_subject(failed(Stage::Exec, Operation::Execve, 2)), "") << "there are two";
  EXPECT_EQ(start.describe_subject(failed(Stage::Exec, Operation::Execve, -1)), "");
  EXPECT_EQ(start.program_of(failed(Stage::Exec, Operation::Execve, -1)), nullptr);

  const StepResult not_found = failed(Stage::Exec, Operation::NotFound, 0);
  EXPECT_EQ(start.describe_subject(not_found), "prog in PATH");
  EXPECT_EQ(start.program_of(not_found), nullptr);

  EXPECT_EQ(start.describe_subject(failed(Stage::Job, Operation::Openat2, 1)), "file b");
  EXPECT_EQ(start.describe_subject(failed(Stage::Job, Operation::Openat2, 2)), std::nullopt);
  EXPECT_EQ(start.describe_subject(failed(Stage::Job, Operation::Mkdir, 1)), std::nullopt) << "a folder of the plan's";
  EXPECT_EQ(start.describe_subject(failed(Stage::Mounts, Operation::Openat2, 1)), std::nullopt);
  EXPECT_EQ(start.program_of(failed(Stage::Mounts, Operation::Openat2, 1)), nullptr);
}

}  // namespace
}  // namespace evalrun::supervise
