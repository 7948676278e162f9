// Runs that are prepared ahead, and runs that follow each other in a cell, by the sandbox's own interface: no event
// loop and no limits here.

#include "runtime/warm/cell.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/core/error.h"
#include "runtime/reader/parse.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using sandbox::ChildRecord;

std::shared_ptr<const sandbox::CompiledPlan> compiled(const std::vector<std::string>& words,
                                                      const std::string& more = "") {
  const PlanText text{mounted_probe_plan("probe", words, more), "plan.toml", "plan", "/"};
  return sandbox::compile(parse_plan(text, accepted_lacks(), {}), host::probe_host());
}

// A live run and what it prints.
class LiveRun {
 public:
  LiveRun(sandbox::EmptySandbox empty, const sandbox::CompiledPlan& plan, sandbox::Start start)
      : output_(make_pipe(Blocking::Yes, Blocking::Yes)),
        sandbox_(std::move(empty), plan,
                 {.input = make_pipe(Blocking::Yes, Blocking::Yes).read_end,
                  .output = std::move(output_.write_end),
                  .error_output = {}},
                 {}, start) {}

  sandbox::Sandbox& sandbox() { return sandbox_; }

  // The next word of the set-up; std::nullopt: none within `patience` milliseconds, or none any more.
  std::optional<ChildRecord> next_word(int patience) {
    for (;;) {
      pollfd report{sandbox_.report().get(), POLLIN, 0};
      if (::poll(&report, 1, patience) <= 0) return {};
      ChildRecord record{};
      if (::read(report.fd, &record, sizeof record) != sizeof record) return {};
      if (record.kind != ChildRecord::Kind::Note) return record;
    }
  }

  // All of it, to the program's end.
  std::string output() {
    std::string all;
    char bytes[4096];
    for (ssize_t size = 0; (size = ::read(output_.read_end.get(), bytes, sizeof bytes)) > 0;) {
      all.append(bytes, static_cast<std::size_t>(size));
    }
    return all;
  }

  bool has_output() {
    pollfd output{output_.read_end.get(), POLLIN, 0};
    return ::poll(&output, 1, 0) > 0;
  }

 private:
  Pipe output_;
  sandbox::Sandbox sandbox_;
};

constexpr int kPatience = 20'000;

void expect_word(LiveRun& run, ChildRecord::Kind kind) {
  const std::optional<ChildRecord> word = run.next_word(kPatience);
  ASSERT_TRUE(word);
  EXPECT_EQ(word->kind, kind) << name_of(word->step.stage) << ": " << name_of(word->step.operation) << ": "
                              << errno_text(word->step.error);
}

TEST(prepared_run, waits_behind_its_lockdown_until_it_is_told_its_job) {
  const auto plan = compiled({"say", "of the plan"});
  LiveRun run(sandbox::EmptySandbox(plan->host()), *plan, sandbox::Start::WhenTold);
  expect_word(run, ChildRecord::Kind::Prepared);
  EXPECT_FALSE(run.next_word(50)) << "it went on by itself";
  EXPECT_FALSE(run.has_output());
  const auto job = compiled({"say", "of the job", "cat", "deep/er/a.txt", "write-to", "deep/er/a.txt", "cat", "b.txt"},
                            "files.\"deep/er/a.txt\" = { text = \"text of a\\n\", mode = \"0444\" }\n"
                            "files.\"b.txt\" = { text = \"text of b\\n\" }\n");
  run.sandbox().take_job(job->plan());
  run.sandbox().start(job->plan(), -1);
  expect_word(run, ChildRecord::Kind::AboutToExec);
  EXPECT_EQ(run.output(), "of the job\ntext of a\nwrite-to deep/er/a.txt EACCES\ntext of b\n");
}

TEST(prepared_run, that_need_not_wait_does_not) {
  const auto plan = compiled({"say", "of the plan"});
  LiveRun run(sandbox::EmptySandbox(plan->host()), *plan, sandbox::Start::AtOnce);
  expect_word(run, ChildRecord::Kind::AboutToExec);
  EXPECT_EQ(run.output(), "of the plan\n");
}

TEST(prepared_run, whose_file_has_no_room_in_the_workspace_is_told_and_not_executed) {
  const auto plan = compiled({"say", "of the plan"}, "limits.workspace = \"64KiB\"\n");
  LiveRun run(sandbox::EmptySandbox(plan->host()), *plan, sandbox::Start::WhenTold);
  expect_word(run, ChildRecord::Kind::Prepared);
  Plan told = plan->plan();
  told.job.files.push_back({"large", std::string(std::size_t{1} << 20, 'x'), 0644, {}});
  run.sandbox().take_job(told);
  run.sandbox().start(told, -1);
  const std::optional<ChildRecord> word = run.next_word(kPatience);
  ASSERT_TRUE(word);
  EXPECT_EQ(word->kind, ChildRecord::Kind::Failed);
  EXPECT_EQ(word->step.stage, Stage::Job);
  EXPECT_EQ(word->step.error, ENOSPC);
  EXPECT_EQ(run.output(), "");
}

TEST(cell, runs_one_after_the_other_find_nothing_of_each_other) {
  const auto plan = compiled(
      {"read", "/work/left", "create", "/work/left", "read", "/work/left", "create", "/tmp/left", "create", "/left"});
  ASSERT_EQ(warm::why_not_shared(*plan), "");
  warm::Cell cell(plan);
  for (unsigned i = 1; i <= 5; ++i) {
    EXPECT_TRUE(cell.is_free());
    LiveRun run(cell.next(-1), *plan, sandbox::Start::AtOnce);
    EXPECT_FALSE(cell.is_free());
    EXPECT_EQ(cell.runs(), i);
    expect_word(run, ChildRecord::Kind::AboutToExec);
    EXPECT_EQ(run.output(),
              "read /work/left ENOENT\ncreate /work/left OK\nread /work/left OK\ncreate /tmp/left OK\n"
              "create /left EROFS\n");
  }
}

TEST(cell, a_run_in_it_can_be_prepared_ahead_too) {
  const auto plan = compiled({"say", "of the plan"});
  warm::Cell cell(plan);
  for (const std::string word : {"first", "second"}) {
    LiveRun run(cell.next(-1), *plan, sandbox::Start::WhenTold);
    expect_word(run, ChildRecord::Kind::Prepared);
    const auto job = compiled({"cat", "job.txt"}, "files.\"job.txt\" = { text = \"" + word + "\\n\" }\n");
    run.sandbox().take_job(job->plan());
    run.sandbox().start(job->plan(), -1);
    expect_word(run, ChildRecord::Kind::AboutToExec);
    EXPECT_EQ(run.output(), word + "\n");
  }
}

TEST(cell, a_plan_whose_runs_would_know_of_each_other_is_not_for_one) {
  EXPECT_EQ(warm::why_not_shared(*compiled({"exit", "0"})), "");
  EXPECT_NE(warm::why_not_shared(*compiled({"exit", "0"}, "network.mode = \"loopback\"\n")), "");
  EXPECT_NE(warm::why_not_shared(*compiled({"exit", "0"}, "proc.view = \"full\"\n")), "");
}

}  // namespace
}  // namespace evalrun::test
