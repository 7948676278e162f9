// --report, --junit, --csv and --feedback, through the binary.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <pugixml.hpp>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// The program prints what stands on its standard input.
std::string plan() {
  return R"(
image = "bash"
argv = ["cat"]
[[case]]
name = "right"
stdin = { text = "1 2\n" }
expect = { text = "1 2\n" }
[[case]]
name = "wrong"
points = 3
stdin = { text = "1 2\n3 4\n" }
expect = { text = "1 2\n3 5\n" }
[[case]]
name = "markup"
stdin = { text = "</script><script>x</script>" }
expect = { text = "y" }
[[case]]
name = "hidden"
secret = true
stdin = { text = "5 6 concealed\n" }
expect = { text = "7 8 concealed\n" }
)";
}

std::vector<std::string> with_reports(const TemporaryFolder& folder) {
  const auto in = [&](const char* name) { return (folder.path() / name).string(); };
  return {"--report", in("r.html"), "--junit", in("r.xml"), "--csv", in("r.csv"), "--feedback", in("feedback")};
}

TEST(report_files, of_a_graded_plan_say_what_its_result_says) {
  const TemporaryFolder folder;
  const PlanRun run = run_plan_in(folder, plan(), with_reports(folder));
  ASSERT_EQ(run.verdict(), "WA") << run.command.error_output;
  EXPECT_EQ(run.command.exit_code, 1);
  EXPECT_EQ(run.result.at("cases").at(1).at("difference"),
            (json{{"output", {{"byte", 6}, {"line", 2}}}, {"expected", {{"byte", 6}, {"line", 2}}}}));
  EXPECT_FALSE(run.result.at("cases").at(0).contains("difference"));
  EXPECT_FALSE(run.result.at("cases").at(3).contains("difference")) << "a secret case";

  const std::string csv = read_file(folder.path() / "r.csv");
  EXPECT_NE(csv.find(",WA,1,6,,,"), csv.npos) << csv;
  EXPECT_TRUE(csv.ends_with(",AC,WA,WA,WA\r\n")) << csv;

  pugi::xml_document xml;
  ASSERT_TRUE(xml.load_file((folder.path() / "r.xml").c_str()));
  EXPECT_EQ(xml.child("testsuites").attribute("tests").as_int(), 4);
  EXPECT_EQ(xml.child("testsuites").attribute("failures").as_int(), 3);

  const std::string page = read_file(folder.path() / "r.html");
  EXPECT_NE(page.find("\"a\":\"1 2\\n3 \",\"m\":\"4\",\"z\":\"\\n\""), page.npos);
  EXPECT_NE(page.find("\"a\":\"1 2\\n3 \",\"m\":\"5\",\"z\":\"\\n\""), page.npos);
  EXPECT_NE(page.find("\\u003c/script\\u003e\\u003cscript\\u003e"), page.npos);
  EXPECT_EQ(page.find("<script>x"), page.npos);
  EXPECT_EQ(page.find("concealed"), page.npos);

  ASSERT_EQ(std::distance(fs::directory_iterator(folder.path() / "feedback"), {}), 1);
  const std::string text = read_file(fs::directory_iterator(folder.path() / "feedback")->path());
  EXPECT_NE(text.find("0 of 1 secret case passed"), text.npos) << text;
  EXPECT_EQ(text.find("concealed"), text.npos);
  EXPECT_EQ(text.find("hidden"), text.npos);
}

TEST(report_files, of_a_plan_without_cases_show_its_run) {
  const TemporaryFolder folder;
  const PlanRun run = run_plan_in(folder, R"(image = "bash"
argv = ["cat"]
stdin.text = "shown"
)",
                                  with_reports(folder));
  ASSERT_EQ(run.verdict(), "OK") << run.command.error_output;
  EXPECT_NE(read_file(folder.path() / "r.html").find("\"a\":\"shown\""), std::string::npos);
  EXPECT_NE(read_file(folder.path() / "r.xml").find("tests=\"1\" failures=\"0\""), std::string::npos);
}

TEST(report_files, of_a_plan_from_standard_input_are_the_same) {
  const TemporaryFolder folder;
  std::vector<std::string> line = {evalrun().string(), "run", "-"};
  for (const std::string& word : with_reports(folder)) line.push_back(word);
  for (const std::string& lack : accepted_lacks()) line.insert(line.end(), {"--set", lack});
  const Finished done = run_command(line, plan());
  EXPECT_EQ(done.exit_code, 1) << done.error_output;
  EXPECT_NE(read_file(folder.path() / "r.csv").find("stdin,bash,WA"), std::string::npos)
      << read_file(folder.path() / "r.csv");
}

TEST(report_files, take_their_places_before_anything_runs) {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "in-the-way");
  for (const char* flag : {"--report", "--junit", "--csv"}) {
    const PlanRun run = run_plan_in(folder, plan(), {flag, (folder.path() / "in-the-way").string()});
    EXPECT_EQ(run.command.exit_code, 2) << flag;
    EXPECT_NE(run.command.error_output.find(std::string(flag) + " "), std::string::npos) << run.command.error_output;
    EXPECT_TRUE(run.result.is_null());
  }
  folder.write("file", "");
  const PlanRun run = run_plan_in(folder, plan(), {"--feedback", (folder.path() / "file").string()});
  EXPECT_EQ(run.command.exit_code, 2);
  EXPECT_NE(run.command.error_output.find("--feedback "), std::string::npos) << run.command.error_output;
}

TEST(report_files, that_cannot_be_written_leave_the_result_as_it_is_and_the_status_3) {
  for (const char* flag : {"--report", "--junit", "--csv"}) {
    const PlanRun run = run_plan(plan(), {flag, "/dev/full"});
    EXPECT_EQ(run.command.exit_code, 3) << flag;
    EXPECT_EQ(run.command.error_output, "evalrun: write /dev/full: No space left on device (ENOSPC)\n");
    EXPECT_EQ(run.verdict(), "WA") << "one result, and not one of a fault: " << run.command.output;
  }
}

TEST(report_files, of_a_wrong_plan_are_not_made) {
  const TemporaryFolder folder;
  const PlanRun run = run_plan_in(folder, "argv = 5\n", with_reports(folder));
  EXPECT_EQ(run.command.exit_code, 2);
  for (const char* name : {"r.html", "r.xml", "r.csv"}) EXPECT_FALSE(fs::exists(folder.path() / name)) << name;
}

Finished batch(const TemporaryFolder& folder, std::vector<std::string> more) {
  std::vector<std::string> line = {evalrun().string(),
                                   "batch",
                                   "--plan",
                                   (folder.path() / "plan.toml").string(),
                                   (folder.path() / "jobs.jsonl").string(),
                                   "--report",
                                   (folder.path() / "r.html").string(),
                                   "--junit",
                                   (folder.path() / "r.xml").string()};
  for (const std::string& word : more) line.push_back(word);
  for (const std::string& lack : accepted_lacks()) line.insert(line.end(), {"--set", lack});
  return run_command(line);
}

TEST(report_files, of_a_batch_have_a_row_for_each_job_also_of_those_out_of_the_journal) {
  const TemporaryFolder folder;
  folder.write("plan.toml", mounted_probe_plan("probe", {"exit", "0"}));
  folder.write("jobs.jsonl", R"({"id":"a","argv":["/opt/probe","exit","0"]}
{"id":"<b>","argv":["/opt/probe","exit","3"]}
no JSON
)");
  const std::string journal = (folder.path() / "journal").string();
  for (int turn = 0; turn < 2; ++turn) {
    fs::remove(folder.path() / "r.xml");
    const Finished done = batch(folder, {"--journal", journal, "--csv"});
    EXPECT_EQ(done.exit_code, 2) << done.error_output;
    pugi::xml_document xml;
    ASSERT_TRUE(xml.load_file((folder.path() / "r.xml").c_str()));
    const pugi::xml_node suites = xml.child("testsuites");
    EXPECT_EQ(suites.attribute("tests").as_int(), 3);
    EXPECT_EQ(suites.attribute("failures").as_int(), 1);
    EXPECT_EQ(suites.attribute("skipped").as_int(), 1);
    EXPECT_STREQ(suites.find_child_by_attribute("testsuite", "name", "<b>")
                     .child("testcase")
                     .child("failure")
                     .attribute("message")
                     .value(),
                 "exited with code 3");
    EXPECT_TRUE(suites.find_child_by_attribute("testsuite", "name", "line 3"));
    const std::string page = read_file(folder.path() / "r.html");
    EXPECT_NE(page.find("&lt;b&gt;"), page.npos);
    EXPECT_NE(page.find("3 submissions, 1 case"), page.npos);
  }
}

}  // namespace
}  // namespace evalrun::test
