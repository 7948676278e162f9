// Several runs in one workspace, one after another, through the binary.

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

const std::string kBash = "image = \"bash\"\n";

std::string step_of(const std::string& script, const std::string& more = "") {
  return "[[step]]\nargv = [\"bash\", \"-c\", '''" + script + "''']\n" + more + "\n";
}

std::string verdicts(const PlanRun& run) {
  std::string text;
  for (const auto& one : run.result.at("steps")) {
    text += (one.at("verdict").is_null() ? "-" : one.at("verdict").get<std::string>()) + " ";
  }
  return text;
}

std::string output_of(const PlanRun& run, std::size_t step) {
  return run.result.at("steps").at(step).at("stdout").value("text", "");
}

TEST(steps, a_step_finds_the_files_that_the_one_before_has_left) {
  const PlanRun run = run_plan(
      kBash + "[files]\nfirst = { text = \"1\\n\" }\n" +
      step_of(
          "mkdir d; cat first > d/second; echo 2 >> d/second; printf '#!/bin/sh\\necho ran' > tool; chmod 755 tool; "
          "rm first; echo gone > /tmp/t") +
      step_of("cat d/second; ./tool; ls; ls /tmp", "name = \"look\"") +
      step_of("cat; cat given", "stdin.text = \"in\\n\"\nfiles = { given = { text = \"out\\n\" } }"));
  EXPECT_EQ(run.command.exit_code, 0) << run.command.error_output;
  EXPECT_EQ(run.verdict(), "OK");
  EXPECT_EQ(run.result.at("message"), "3 steps exited with code 0");
  EXPECT_EQ(verdicts(run), "OK OK OK ");
  EXPECT_EQ(run.result.at("steps").at(0).at("name"), "1");
  EXPECT_EQ(run.result.at("steps").at(1).at("name"), "look");
  EXPECT_EQ(output_of(run, 1), "1\n2\nran\nd\ntool\n");
  EXPECT_EQ(output_of(run, 2), "in\nout\n");
  EXPECT_GT(run.result.at("steps").at(2).at("cpu").at("total_us"), 0);
}

TEST(steps, the_first_one_that_fails_ends_the_run_unless_it_says_otherwise) {
  const std::string fails = "echo left > file; exit 3";
  const PlanRun stopped = run_plan(kBash + step_of(fails) + step_of("echo other > file"));
  EXPECT_EQ(stopped.command.exit_code, 1);
  EXPECT_EQ(stopped.verdict(), "RE");
  EXPECT_EQ(stopped.result.at("message"), "step 1: exited with code 3");
  EXPECT_EQ(verdicts(stopped), "RE - ");
  EXPECT_EQ(stopped.result.at("steps").at(1).at("message"), "not run");

  const PlanRun went_on = run_plan(kBash + step_of(fails, "on_failure = \"go-on\"") + step_of("cat file"));
  EXPECT_EQ(went_on.command.exit_code, 1);
  EXPECT_EQ(went_on.verdict(), "RE");
  EXPECT_EQ(went_on.result.at("message"), "step 1: exited with code 3");
  EXPECT_EQ(verdicts(went_on), "RE OK ");
  EXPECT_EQ(output_of(went_on, 1), "left\n");
}

TEST(steps, each_one_has_limits_of_its_own) {
  const std::string spins = "while :; do :; done";
  const PlanRun run = run_plan(kBash + step_of("for ((i = 0; i < 30000; i++)); do :; done", "limits.cpu = \"5s\"") +
                               step_of(spins, "limits.cpu = \"100ms\"\nname = \"spin\"") + step_of("true"));
  EXPECT_EQ(verdicts(run), "OK TLE - ");
  EXPECT_EQ(run.result.at("message"), "step spin: stopped at the CPU limit of 100ms");
}

TEST(steps, what_is_collected_comes_from_the_last_step_that_ran) {
  const TemporaryFolder folder;
  const auto collected = [&](const std::string& name, const std::string& steps) {
    const std::string save_to = (folder.path() / name).string();
    const PlanRun run = run_plan("collect = [\"file\"]\n" + kBash + steps, {"--save-to", save_to});
    EXPECT_EQ(run.result.at("files").size(), 1U) << run.command.output;
    return read_file(save_to + "/file");
  };
  EXPECT_EQ(collected("all", step_of("echo 1 > file") + step_of("echo 2 >> file")), "1\n2\n");
  EXPECT_EQ(collected("failed", step_of("echo 1 > file; false") + step_of("echo 2 >> file")), "1\n");
}

TEST(steps, follow_a_compile_step) {
  const PlanRun run = run_plan(kBash + "[compile]\nargv = [\"bash\", \"-c\", \"echo made > made\"]\n" +
                               step_of("cat made; echo more >> made") + step_of("cat made"));
  EXPECT_EQ(run.verdict(), "OK");
  EXPECT_EQ(run.result.at("compile").at("verdict"), "OK");
  EXPECT_EQ(output_of(run, 0), "made\n");
  EXPECT_EQ(output_of(run, 1), "made\nmore\n");
  const PlanRun failed = run_plan(kBash + "[compile]\nargv = [\"bash\", \"-c\", \"exit 1\"]\n" + step_of("true"));
  EXPECT_EQ(failed.verdict(), "CE");
  EXPECT_EQ(verdicts(failed), "- ");
}

// What the plan holds in memory is replaced where a step leaves more than that, and the other way round.
TEST(steps, many_bytes_and_few_follow_each_other) {
  const std::string limits = "[limits]\nmemory = \"512MiB\"\n";
  const PlanRun run =
      run_plan(kBash + limits + step_of("head -c 12000000 /dev/zero > large; echo s > small") +
               step_of("wc -c < large; rm large; echo t >> small") + step_of("ls; cat small") +
               step_of("rm small; head -c 12000000 /dev/zero > large") +
               step_of("ls; cat large/now", "files = { \"large/now\" = { text = \"in its place\\n\" } }"));
  EXPECT_EQ(run.verdict(), "OK") << run.command.output;
  EXPECT_EQ(output_of(run, 1), "12000000\n");
  EXPECT_EQ(output_of(run, 2), "small\ns\nt\n");
  EXPECT_EQ(output_of(run, 4), "large\nin its place\n");
}

TEST(steps, more_than_the_next_one_has_room_for_is_the_fault_of_who_left_it) {
  const PlanRun run = run_plan(kBash + step_of("head -c 2000000 /dev/zero > large", "name = \"make\"") +
                               step_of("true", "limits.workspace = \"1MiB\""));
  EXPECT_EQ(run.verdict(), "RE");
  EXPECT_EQ(verdicts(run), "RE - ");
  EXPECT_NE(run.result.at("message").get<std::string>().find("step make: exited with code 0; the step left"),
            std::string::npos)
      << run.result.at("message");
}

TEST(steps, a_program_that_is_not_there_is_found_before_anything_runs) {
  const PlanRun run = run_plan(kBash + step_of("echo ran > file") + "[[step]]\nargv = [\"no-such-program\"]\n");
  EXPECT_EQ(run.command.exit_code, 2);
  EXPECT_NE(run.command.error_output.find("step[1].argv: no-such-program is not in PATH"), std::string::npos)
      << run.command.error_output;
  // One in /work may be what an earlier step makes.
  EXPECT_EQ(run_plan(kBash + step_of("printf '#!/bin/sh\\necho made' > made; chmod +x made") +
                     "[[step]]\nargv = [\"./made\"]\n")
                .verdict(),
            "OK");
}

TEST(steps, are_told_one_by_one_in_text_and_by_explain) {
  const std::string plan = kBash + step_of("echo words", "name = \"talk\"") + step_of("exit 1") + step_of("true");
  const TemporaryFolder folder;
  const std::string file = folder.write("plan.toml", plan).string();
  const Finished text = run_command({evalrun().string(), "--format", "text", file});
  for (const char* part : {"RE  step 2: exited with code 1\n", "step talk: OK, exited with code 0; cpu ", "\nwords\n",
                           "step 2: RE, exited with code 1; cpu ", "step 3: not run\n"}) {
    EXPECT_NE(text.output.find(part), std::string::npos) << part << text.output;
  }
  const Finished explained = run_command({evalrun().string(), "explain", file});
  EXPECT_EQ(explained.exit_code, 0) << explained.error_output;
  for (const char* part : {"== step talk\n", "== step 2\n", "== step 3\n"}) {
    EXPECT_NE(explained.output.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(run_command({evalrun().string(), "check", file}).exit_code, 0);
  const Finished traced = run_command({evalrun().string(), "trace", file});
  EXPECT_EQ(traced.exit_code, 2);
  EXPECT_NE(traced.error_output.find("this plan has steps"), std::string::npos) << traced.error_output;
}

TEST(steps, are_the_columns_of_a_report) {
  const TemporaryFolder folder;
  const std::string csv = (folder.path() / "report.csv").string();
  run_plan(kBash + step_of("true", "name = \"one\"") + step_of("exit 1", "name = \"two\"") + step_of("true"),
           {"--csv", csv});
  const std::string report = read_file(csv);
  EXPECT_NE(report.find("\"case one\",\"case two\",\"case 3\""), std::string::npos) << report;
  EXPECT_NE(report.find(",OK,RE,"), std::string::npos) << report;
}

TEST(steps, of_a_job_of_a_batch_are_in_its_line) {
  const TemporaryFolder folder;
  folder.write("plan.toml", kBash + step_of("cat given; echo made > made") + step_of("cat made; exit $(cat code)"));
  const std::string jobs =
      "{\"id\": \"a\", \"files\": {\"given\": {\"text\": \"A\"}, \"code\": {\"text\": \"0\"}}}\n"
      "{\"id\": \"b\", \"files\": {\"given\": {\"text\": \"B\"}, \"code\": {\"text\": \"4\"}}}\n";
  const Finished done = run_command(
      {evalrun().string(), "batch", "--order", "input", "--plan", (folder.path() / "plan.toml").string(), "-"}, jobs);
  const std::size_t end = done.output.find('\n');
  const auto first = nlohmann::json::parse(done.output.substr(0, end)).at("result");
  const auto second = nlohmann::json::parse(done.output.substr(end + 1)).at("result");
  EXPECT_EQ(first.at("verdict"), "OK");
  EXPECT_EQ(first.at("steps").at(0).at("stdout").at("text"), "A");
  EXPECT_EQ(second.at("message"), "step 2: exited with code 4");
  EXPECT_EQ(second.at("steps").at(1).at("stdout").at("text"), "made\n");
}

}  // namespace
}  // namespace evalrun::test
