// Limits that end no run by themselves: what the result says where a program is below, at and above each, where groups
// count and where nothing does.

#include <gtest/gtest.h>

#include "tests/support/command.h"
#include "tests/support/in_process.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using supervise::LimitMet;

std::string met(const supervise::RunResult& result) {
  std::string text;
  for (const LimitMet& one : result.limits_met) {
    text += (text.empty() ? "" : ", ") + std::string(name_of(one.limit)) + " " + std::string(name_of(one.evidence));
    if (one.times) text += " x" + std::to_string(*one.times);
  }
  return text;
}

struct Row {
  std::string name;
  std::vector<std::string> words;
  std::string limit;
  std::string with_groups, without;
};

class LimitsMet : public ::testing::TestWithParam<BackEnd> {
 protected:
  void SetUp() override {
    if (!has(GetParam())) EVALRUN_SKIP(name_of(GetParam()));
  }

  static void check(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      const supervise::RunResult result = run_in_process(GetParam(), probe_plan("probe", row.words, row.limit + "\n"));
      const std::string& expected = GetParam() == BackEnd::Groups ? row.with_groups : row.without;
      EXPECT_EQ(met(result), expected) << row.name << ": " << result.output.kept << result.error_output.kept;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(limits_met, LimitsMet, ::testing::Values(BackEnd::Groups, BackEnd::Sampling),
                         [](const auto& each) { return name_of(each.param); });

TEST_P(LimitsMet, processes) {
  const std::string limit = "limits.processes = 8";
  check({
      {"below", {"thread", "6", "sleep", "0.3", "exit", "1"}, limit, "", ""},
      // Without a group nobody counts refusals: a program that fails with all that it may have is told of.
      {"at", {"thread", "7", "sleep", "0.3", "exit", "1"}, limit, "", "processes seen"},
      {"above", {"thread", "8", "sleep", "0.3", "exit", "1"}, limit, "processes counted x1", "processes seen"},
      {"above, and it fails at once", {"thread", "8", "exit", "1"}, limit, "processes counted x1", "processes seen"},
      {"below, and it fails at once", {"thread", "6", "exit", "1"}, limit, "", ""},
      {"twice above",
       {"thread", "8", "thread", "1", "sleep", "0.3", "exit", "1"},
       limit,
       "processes counted x2",
       "processes seen"},
      {"above, and it goes on", {"thread", "8", "sleep", "0.3"}, limit, "processes counted x1", ""},
  });
}

TEST_P(LimitsMet, open_files) {
  const std::string limit = "limits.open_files = 32";
  check({
      {"below", {"open-many", "/dev/null", "28", "exit", "1"}, limit, "", ""},
      {"at", {"open-many", "/dev/null", "29", "exit", "1"}, limit, "open_files seen", "open_files seen"},
      {"above", {"open-many", "/dev/null", "40", "exit", "1"}, limit, "open_files seen", "open_files seen"},
      {"above, and aborted", {"open-many", "/dev/null", "40", "abort"}, limit, "open_files seen", "open_files seen"},
      {"above, and closed again",
       {"open-many", "/dev/null", "40", "close", "31", "exit", "0"},
       limit,
       "open_files seen",
       "open_files seen"},
      {"the last closed after others",
       {"open-many", "/dev/null", "40", "close", "9", "close", "31", "exit", "0"},
       limit,
       "open_files inferred",
       "open_files inferred"},
      {"the last alone, by its number", {"dup2", "1", "31", "close", "31", "exit", "1"}, limit, "", ""},
  });
}

TEST_P(LimitsMet, file_size) {
  const std::string limit = "limits.file_size = \"64KiB\"";
  check({
      {"below", {"ignore", "25", "fill", "/work/f", "65535", "exit", "1"}, limit, "", ""},
      {"at", {"ignore", "25", "fill", "/work/f", "65536", "exit", "1"}, limit, "file_size seen", "file_size seen"},
      {"above", {"ignore", "25", "fill", "/work/f", "70000", "exit", "1"}, limit, "file_size seen", "file_size seen"},
      {"above, in /tmp",
       {"ignore", "25", "fill", "/tmp/f", "70000", "exit", "1"},
       limit,
       "file_size seen",
       "file_size seen"},
  });
}

TEST_P(LimitsMet, workspace) {
  const std::string limit = "limits.workspace = \"1MiB\"";
  // The probe itself is not in it: it is a file of the plan, which takes the most of a megabyte.
  const auto check_mounted = [&](const std::string& name, const std::vector<std::string>& words,
                                 const std::string& expected) {
    const supervise::RunResult result = run_in_process(GetParam(), mounted_probe_plan("probe", words, limit + "\n"));
    EXPECT_EQ(met(result), expected) << name << ": " << result.output.kept << result.error_output.kept;
  };
  check_mounted("below", {"fill", "/work/f", "900000", "exit", "1"}, "");
  check_mounted("above", {"fill", "/work/f", "9000000", "exit", "1"}, "workspace seen");
  check_mounted("above, and it goes on", {"fill", "/tmp/f", "9000000"}, "workspace seen");
}

TEST_P(LimitsMet, inodes) {
  const std::string limit = "limits.inodes = 64";
  check({
      {"below", {"files", "/work", "40", "exit", "1"}, limit, "", ""},
      {"above", {"files", "/work", "100", "exit", "1"}, limit, "inodes seen", "inodes seen"},
      {"above, and it goes on", {"files", "/work", "100"}, limit, "inodes seen", "inodes seen"},
  });
}

TEST_P(LimitsMet, stack) {
  check({
      {"overflow", {"recurse"}, "limits.stack = \"1MiB\"", "stack inferred", "stack inferred"},
      {"SIGSEGV of a small program", {"raise", "11"}, "limits.stack = \"8MiB\"", "", ""},
  });
}

TEST(limits_met, an_unlimited_stack_is_rlim_infinity) {
  const PlanRun run = run_plan(probe_plan("probe", {"limit", "3"}, "limits.stack = \"unlimited\"\n"));
  EXPECT_EQ(run.output(), "limit 3 18446744073709551615 18446744073709551615\n") << run.command.output;
}

TEST(limits_met, the_command_prints_them_in_the_result_and_for_people) {
  const std::string plan =
      probe_plan("probe", {"open-many", "/dev/null", "40", "exit", "1"}, "limits.open_files = 32\n");
  const PlanRun run = run_plan(plan);
  EXPECT_EQ(run.verdict(), "RE");
  EXPECT_EQ(run.result.at("message"), "exited with code 1; probably met limits.open_files (32)");
  const nlohmann::json& met = run.result.at("limits_met").at(0);
  EXPECT_EQ(met.at("limit"), "open_files");
  EXPECT_EQ(met.at("allowed"), 32);
  EXPECT_TRUE(met.at("times").is_null());
  EXPECT_EQ(met.at("evidence"), "seen");
  const TemporaryFolder folder;
  const Finished text = run_command({evalrun().string(), folder.write("plan.toml", plan).string(), "--format", "text"});
  EXPECT_NE(text.output.find("probably met limits.open_files (32) (seen: "), std::string::npos) << text.output;
}

TEST(limits_met, an_output_limit_says_which_stream) {
  const PlanRun run =
      run_plan(probe_plan("probe", {"write", "100"}, "limits.output = { stdout = \"10B\", stderr = \"1KiB\" }\n"));
  EXPECT_EQ(run.verdict(), "OLE");
  EXPECT_EQ(run.result.at("outcome").at("what"), "stdout");
  EXPECT_EQ(run.result.at("message"), "stopped at the output limit: stdout passed 10B");
}

}  // namespace
}  // namespace evalrun::test
