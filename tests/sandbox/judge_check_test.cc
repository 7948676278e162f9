// `evalrun judge --check`.

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/packages/support.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

Finished judge(std::vector<std::string> words) {
  words.insert(words.begin(), {evalrun().string(), "judge"});
  return run_command(words);
}

TEST(judge_check, a_right_package_gets_a_summary) {
  const TemporaryFolder folder;
  for (const auto& [path, text] : kattis_legacy()) folder.write("sum/" + path, text);
  folder.write("sum/output_validators/check/check.cc", "int main() { return 42; }\n");
  folder.write("sum/input_validators/v.py", "raise SystemExit(42)\n");
  const Finished done = judge({"--check", (folder.path() / "sum").string()});
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_EQ(done.error_output, "");
  EXPECT_EQ(done.output,
            "sum: Kattis legacy, scoring\n"
            "  name                  Sum\n"
            "  groups                4\n"
            "  cases                 4, 3 distinct\n"
            "  time limit            from the accepted submissions, or --time-limit\n"
            "  memory limit          512MiB\n"
            "  output validator      output_validators/check, cpp\n"
            "  input validator       input_validators/v.py, python3\n"
            "  labelled submissions  4 (1 accepted, 1 mixed, 1 partially_accepted, 1 wrong_answer)\n"
            "  validators            5 runs, nothing is wrong\n");
}

TEST(judge_check, every_fault_is_a_line_and_the_status_is_2) {
  const TemporaryFolder folder;
  write_files(folder, {{"problem.yaml", "nmae: A\nvalidation: custom\n"}, {"data/secret/1.in", ""}});
  const Finished done = judge({"--check", folder.path().string()});
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_EQ(done.output, "");
  EXPECT_EQ(
      done.error_output,
      "evalrun: problem.yaml:1:1: nmae: is no key of this file; did you mean name?\n"
      "evalrun: problem.yaml: validation: custom needs an output validator, and there is none; add output_validators/ "
      "with its sources\n"
      "evalrun: data/secret/1.in: this case has no answer; add data/secret/1.ans\n");
}

TEST(judge_check, a_package_in_a_zip_lies_in_its_only_folder_or_in_its_root) {
  const TemporaryFolder folder;
  for (const std::string inside : {"sum/", ""}) {
    std::vector<ZipEntry> entries;
    for (const auto& [path, text] : kattis_2025()) entries.push_back({inside + path, text, ""});
    entries.push_back({inside + "input_validators/v.py", "raise SystemExit(43 if input() == 'x' else 42)\n", ""});
    for (const char* name : {"sum.zip", "sum.kpp"}) {
      write_zip(folder.path() / name, entries);
      const Finished done = judge({"--check", (folder.path() / name).string()});
      EXPECT_EQ(done.exit_code, 0) << done.error_output;
      EXPECT_TRUE(done.output.starts_with("sum: Kattis 2025-09, scoring\n")) << done.output;
    }
  }
}

TEST(judge_check, what_is_no_package_and_what_is_not_built_is_said_in_one_line) {
  const TemporaryFolder folder;
  const std::pair<std::vector<std::string>, std::string> rows[] = {
      {{"--check", folder.path().string()},
       "this is no problem package: it has no problem.yaml (Kattis, DOMjudge), init.yml (DMOJ), "
       "problem.xml (Polygon) or task.yaml (CMS)"},
      {{"--check", "/none"}, "/none: No such file or directory"},
      {{"--check"}, "judge needs a TASK; see evalrun judge --help"},
      {{folder.path().string()}, "judge needs a SUBMISSION after the TASK, or --self-test, or --check"},
      {{"--check", "plan.toml"}, "--check and --self-test take a package; evalrun check reads a plan"},
  };
  for (const auto& [words, message] : rows) {
    const Finished done = judge(words);
    EXPECT_EQ(done.exit_code, 2) << message;
    EXPECT_EQ(done.output, "");
    EXPECT_EQ(done.error_output, "evalrun: " + message + "\n");
  }
}

TEST(judge_check, a_million_faults_are_counted_and_not_all_told) {
  const TemporaryFolder folder;
  std::string yaml;
  for (int i = 0; i < 1000; ++i) yaml += "zzz" + std::to_string(i) + "qqq: 1\n";
  write_files(folder, {{"problem.yaml", yaml}, {"data/secret/1.in", ""}, {"data/secret/1.ans", ""}});
  const Finished done = judge({"--check", folder.path().string()});
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_EQ(std::count(done.error_output.begin(), done.error_output.end(), '\n'), 201);
  EXPECT_TRUE(done.error_output.ends_with("evalrun: and 800 more errors\n")) << done.error_output.substr(0, 1000);
}

}  // namespace
}  // namespace evalrun::test
