// Standard input fed, standard output and error drained, and nothing that a program does with them blocks a run.

#include <gtest/gtest.h>

#include "runtime/core/sha256.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

TEST(streams, standard_input_is_nothing_text_a_file_or_ours) {
  const TemporaryFolder folder;
  folder.write("1.in", std::string(300'000, 'i'));
  EXPECT_EQ(run_plan(probe_plan("probe", {"count-input"})).output(), "input 0\n");
  EXPECT_EQ(run_plan(probe_plan("probe", {"count-input"}, "stdin = \"null\"\n")).output(), "input 0\n");
  EXPECT_EQ(run_plan(probe_plan("probe", {"count-input"}, "stdin = { text = \"seven77\" }\n")).output(), "input 7\n");
  EXPECT_EQ(run_plan_in(folder, probe_plan("probe", {"count-input"}, "stdin = { file = \"1.in\" }\n")).output(),
            "input 300000\n");
  EXPECT_EQ(
      run_plan(probe_plan("probe", {"count-input"}, "stdin = \"inherit\"\n"), {}, std::string(300'000, 'i')).output(),
      "input 300000\n");
}

TEST(streams, inherited_input_may_be_a_file_or_closed) {
  const TemporaryFolder folder;
  folder.write("in", "four");
  const std::string plan =
      folder.write("plan.toml", probe_plan("probe", {"count-input"}, "stdin = \"inherit\"\n")).string();
  const auto with = [&](const std::string& redirection) {
    const Finished shell =
        run_command({"sh", "-c", "exec \"$0\" run --format json \"$1\" " + redirection, evalrun().string(), plan});
    return nlohmann::json::parse(shell.output).at("stdout").at("text").get<std::string>();
  };
  EXPECT_EQ(with("< " + (folder.path() / "in").string()), "input 4\n");
  EXPECT_EQ(with("< /dev/null"), "input 0\n");
  EXPECT_EQ(with("<&-"), "input 0\n");
}

TEST(streams, a_program_that_reads_nothing_does_not_hold_the_run) {
  const TemporaryFolder folder;
  folder.write("1.in", std::string(2'000'000, 'i'));
  EXPECT_EQ(run_plan_in(folder, probe_plan("probe", {"say", "done"}, "stdin = { file = \"1.in\" }\n")).verdict(), "OK");
  EXPECT_EQ(run_plan_in(folder, probe_plan("probe", {"close", "0", "sleep", "0.1"}, "stdin = { file = \"1.in\" }\n"))
                .verdict(),
            "OK");
}

TEST(streams, a_program_that_writes_much_before_it_reads_much_does_not_deadlock) {
  const TemporaryFolder folder;
  folder.write("1.in", std::string(2'000'000, 'i'));
  const PlanRun run =
      run_plan_in(folder, probe_plan("probe", {"write", "2000000", "write-error", "2000000", "count-input"},
                                     "stdin = { file = \"1.in\" }\n"));
  EXPECT_EQ(run.verdict(), "OK");
  EXPECT_EQ(run.result.at("stdout").at("bytes"), 2'000'000 + 14);
  EXPECT_EQ(run.result.at("stderr").at("bytes"), 2'000'000);
}

TEST(streams, bytes_that_are_not_utf8_are_base64) {
  const PlanRun run = run_plan(probe_plan("probe", {"write-hex", "ff00fe"}));
  EXPECT_EQ(run.result.at("stdout").at("base64"), "/wD+");
  EXPECT_FALSE(run.result.at("stdout").contains("text"));
  EXPECT_EQ(run.result.at("stdout").at("sha256"), sha256_hex(std::string("\xff\x00\xfe", 3)));
}

TEST(streams, a_cut_inside_a_character_is_still_text) {
  const PlanRun run =
      run_plan(probe_plan("probe", {"write-hex", "61e282ac", "sleep", "1"}, "limits.output = \"3B\"\n"));
  EXPECT_EQ(run.verdict(), "OLE");
  EXPECT_EQ(run.result.at("stdout").at("text"), "a");
}

TEST(streams, output_can_go_to_a_file_to_ours_nowhere_or_together) {
  const TemporaryFolder folder;
  const PlanRun file = run_plan_in(folder, probe_plan("probe", {"say", "out", "complain", "err"},
                                                      "stdout = { file = \"1.out\" }\nstderr = \"null\"\n"));
  EXPECT_EQ(read_file(folder.path() / "1.out"), "out\n");
  EXPECT_EQ(file.result.at("stdout").at("bytes"), 4);
  EXPECT_FALSE(file.result.at("stdout").contains("text"));
  EXPECT_EQ(file.result.at("stderr").at("bytes"), 4);
  const PlanRun together = run_plan(probe_plan("probe", {"say", "out", "complain", "err"}, "stderr = \"stdout\"\n"));
  EXPECT_EQ(together.output(), "out\nerr\n");
  const std::string plan = folder
                               .write("inherit.toml", probe_plan("probe", {"say", "out", "complain", "err"},
                                                                 "stdout = \"inherit\"\nstderr = \"inherit\"\n"))
                               .string();
  const Finished ours = run_command({evalrun().string(), plan, "--output", "/dev/null"});
  EXPECT_EQ(ours.output, "out\n");
  EXPECT_EQ(ours.error_output, "err\n");
}

TEST(streams, inherited_output_that_nobody_reads_is_counted_and_the_run_ends) {
  const TemporaryFolder folder;
  const std::string plan =
      folder.write("plan.toml", probe_plan("probe", {"write", "1000000"}, "stdout = \"inherit\"\n")).string();
  const std::string result = (folder.path() / "result").string();
  const Finished shell =
      run_command({"sh", "-c", "\"$0\" \"$1\" --output \"$2\" | head -c 10", evalrun().string(), plan, result});
  EXPECT_EQ(shell.output, "xxxxxxxxxx");
  const nlohmann::json json = nlohmann::json::parse(read_file(result));
  EXPECT_EQ(json.at("stdout").at("bytes"), 1'000'000);
  EXPECT_EQ(json.at("stdout").at("truncated"), true);
}

TEST(streams, a_program_that_closes_its_output_and_sleeps_meets_the_wall) {
  const PlanRun run =
      run_plan(probe_plan("probe", {"close", "1", "close", "2", "sleep", "60"}, "limits.wall = \"300ms\"\n"));
  EXPECT_EQ(run.result.at("outcome").at("limit"), "wall");
}

TEST(streams, a_daemon_that_holds_the_output_open_dies_with_the_run) {
  const PlanRun run = run_plan(probe_plan("probe", {"daemon", "60", "say", "left"}));
  EXPECT_EQ(run.verdict(), "OK");
  EXPECT_EQ(run.output(), "left\n");
  EXPECT_LT(run.result.at("timing_us").at("teardown"), 1'500'000);
}

TEST(streams, the_program_cannot_reach_behind_its_pipes) {
  const TemporaryFolder folder;
  folder.write("1.in", "input");
  // Seek and truncate fail as on any pipe.
  const PlanRun run =
      run_plan_in(folder, probe_plan("probe", {"call", "lseek", "0", "0", "0", "then", "call", "ftruncate", "1", "0"},
                                     "stdin = { file = \"1.in\" }\nstdout = \"capture\"\n"));
  EXPECT_EQ(run.output(), "call lseek ESPIPE\ncall ftruncate EINVAL\n") << run.command.output;
  EXPECT_EQ(read_file(folder.path() / "1.in"), "input");
}

}  // namespace
}  // namespace evalrun::test
