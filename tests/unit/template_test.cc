// One plan varied many times: a varied plan is what the parser makes of a text that says the same.
#include "runtime/reader/template.h"

#include <gtest/gtest.h>

#include "runtime/core/sha256.h"
#include "tests/support/command.h"

namespace evalrun {
namespace {

using namespace std::chrono_literals;

TomlNode value(const std::string& toml) {
  return parse_toml_value(toml, "jobs").value();
}

TomlTable keys(const std::string& toml) {
  return std::get<TomlTable>(parse_toml(toml, "jobs").value);
}

Task vary_task(const std::string& text, std::vector<PlanChange> changes,
               const std::vector<std::filesystem::path>& search_path = {}) {
  ImageCache images(search_path);
  return PlanTemplate({text, "plan.toml", "plan", "/plans"}, {}).make(std::move(changes), "/jobs", images);
}

Plan vary(const std::string& text, std::vector<PlanChange> changes,
          const std::vector<std::filesystem::path>& search_path = {}) {
  return vary_task(text, std::move(changes), search_path).plan;
}

template <typename... Changes>
std::vector<PlanChange> list(Changes... changes) {
  std::vector<PlanChange> all;
  (all.emplace_back(std::move(changes)), ...);
  return all;
}

void expect_refusal(const std::string& text, std::vector<PlanChange> changes, const std::string& says) {
  try {
    vary(text, std::move(changes));
    ADD_FAILURE() << "accepted; expected: " << says;
  } catch (const PlanError& error) {
    EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
  }
}

constexpr const char* kPlan = R"(argv = ["a"]
stdin = { file = "1.in" }
files = { "a" = { from = "a" }, "b" = { text = "b" } }
env = { A = "1" }
[limits]
cpu = "1s"
wall = "3s"
)";

TEST(PlanTemplate, without_changes_it_is_the_plan_of_its_text) {
  const Plan plan = vary(kPlan, {});
  EXPECT_EQ(plan.job.argv, std::vector<std::string>{"a"});
  EXPECT_EQ(plan.origin.name, "plan");
  EXPECT_EQ(plan.origin.sha256.size(), 64U);
  EXPECT_EQ(std::get<InputFile>(plan.job.input).path, "/plans/1.in");
  EXPECT_EQ(plan.kind.limits.cpu, 1s);
}

TEST(PlanTemplate, sections_are_gone_into_and_values_take_the_place_of_values) {
  const Plan plan = vary(kPlan, list(MergeChange{keys("argv = [\"b\", \"c\"]\nlimits.cpu = \"7s\"\nenv.B = \"2\"")}));
  EXPECT_EQ(plan.job.argv, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(plan.kind.limits.cpu, 7s);
  EXPECT_EQ(plan.kind.limits.wall, 3s);
  EXPECT_EQ(plan.job.env.at("A"), "1");
  EXPECT_EQ(plan.job.env.at("B"), "2");
}

TEST(PlanTemplate, the_hash_covers_what_changes_and_not_the_order_of_jobs) {
  const auto hash = [](std::vector<PlanChange> changes) { return vary(kPlan, std::move(changes)).origin.sha256; };
  EXPECT_EQ(hash({}), sha256_hex(kPlan));
  const std::string one = hash(list(MergeChange{keys("env.B = \"1\"")}));
  EXPECT_NE(one, hash({}));
  EXPECT_EQ(one, hash(list(MergeChange{keys("\n\nenv.B = \"1\"")}))) << "where it stands does not matter";
  EXPECT_NE(one, hash(list(MergeChange{keys("env.B = \"2\"")})));
  EXPECT_NE(hash(list(SetChange{"env.B", value("'1'")})), hash(list(SetChange{"env.C", value("'1'")})));
}

TEST(PlanTemplate, a_file_or_a_stream_is_replaced_as_a_whole) {
  const Plan plan =
      vary(kPlan, list(MergeChange{keys("stdin.text = \"x\"\nfiles.a.text = \"new\"\nfiles.c.text = \"c\"")}));
  EXPECT_EQ(std::get<InputText>(plan.job.input).text, "x");
  ASSERT_EQ(plan.job.files.size(), 3U);
  EXPECT_EQ(plan.job.files[0].path, "a");
  EXPECT_EQ(std::get<std::string>(plan.job.files[0].source), "new");
  EXPECT_EQ(std::get<std::string>(plan.job.files[1].source), "b");
  EXPECT_EQ(plan.job.files[2].path, "c");
}

TEST(PlanTemplate, paths_of_a_change_are_relative_to_its_own_folder) {
  const Plan plan = vary(kPlan, list(SetChange{"files.c", value("{ from = \"sub/c\" }")},
                                     MergeChange{keys("stdin.file = \"2.in\"\nstdout.file = \"/abs/out\"")}));
  EXPECT_EQ(std::get<std::filesystem::path>(plan.job.files[0].source), "/plans/a");
  EXPECT_EQ(std::get<std::filesystem::path>(plan.job.files[2].source), "/jobs/sub/c");
  EXPECT_EQ(std::get<InputFile>(plan.job.input).path, "/jobs/2.in");
  EXPECT_EQ(std::get<OutputFile>(plan.kind.output).path, "/abs/out");
}

TEST(PlanTemplate, later_changes_go_over_earlier_ones) {
  const Plan plan =
      vary(kPlan, list(MergeChange{keys("limits.cpu = \"7s\"")}, SetChange{"limits.cpu", value("\"9s\"")}));
  EXPECT_EQ(plan.kind.limits.cpu, 9s);
}

TEST(PlanTemplate, limits_that_are_changed_reach_the_cases_that_have_none_of_their_own) {
  const std::string graded =
      "argv = [\"a\"]\n[[case]]\nexpect.text = \"1\"\n[[case]]\nexpect.text = \"2\"\nlimits.cpu = \"4s\"\n";
  const Task task = vary_task(graded, list(SetChange{"limits.cpu", value("\"9s\"")}));
  EXPECT_EQ(task.cases.at(0).limits.cpu, 9s);
  EXPECT_EQ(task.cases.at(1).limits.cpu, 4s);
}

TEST(PlanTemplate, the_rules_of_a_plan_hold_for_changes) {
  expect_refusal(kPlan, list(SetChange{"limits.cpu", value("\"9\"")}), "jobs: limits.cpu: expected a time with a unit");
  expect_refusal(kPlan, list(MergeChange{keys("limts.cpu = \"9s\"")}), "jobs:1:1: limts: unknown key; did you mean");
  expect_refusal(kPlan, list(MergeChange{keys("files.\"../x\".text = \"\"")}), "expected as name");
  expect_refusal(kPlan, list(MergeChange{keys("files.\"a/x\".text = \"\"")}), "which is a file");
  expect_refusal(kPlan, list(SetChange{"files.a.text", value("\"\"")}), "expected one of the keys");
  expect_refusal(kPlan, list(SetChange{"not a key", value("1")}), "expected a key of a plan");
  expect_refusal(kPlan, list(MergeChange{keys("stdout.file = \"/plans/1.in\"")}), "expected a file other than stdin's");
}

TEST(PlanTemplate, what_only_a_change_can_bring_may_be_missing_in_the_text_but_no_key_may_be_wrong) {
  EXPECT_EQ(vary("limits.cpu = \"1s\"", list(MergeChange{keys("argv = [\"b\"]")})).job.argv.front(), "b");
  expect_refusal("limits.cpu = \"1s\"", {}, "argv: missing");
  EXPECT_THROW(PlanTemplate({"limits.cpu = 1", "plan.toml", "plan", "/"}, {}), PlanError);
}

TEST(PlanTemplate, an_image_is_read_once_and_the_run_line_takes_the_changed_source) {
  const test::TemporaryFolder folder;
  folder.write("lang.toml", "name = \"lang\"\nrun = [\"run\", \"{source}\"]\n[env]\nA = \"image\"\n");
  ImageCache images({folder.path()});
  const PlanTemplate plan({"image = \"lang\"\n", "plan.toml", "plan", "/plans"}, {});
  const auto with_source = [&](const std::string& source) {
    return plan
        .make(list(MergeChange{keys("source = \"" + source + "\"\nfiles.\"" + source + "\".text = \"\"")}), "/jobs",
              images)
        .plan;
  };
  EXPECT_EQ(with_source("a.x").job.argv, (std::vector<std::string>{"run", "a.x"}));
  std::filesystem::remove(folder.path() / "lang.toml");
  const Plan second = with_source("b.x");
  EXPECT_EQ(second.job.argv, (std::vector<std::string>{"run", "b.x"}));
  EXPECT_EQ(second.job.env.at("A"), "image");
  EXPECT_EQ(second.kind.image, "lang");
  EXPECT_EQ(second.origin.name, "plan");
  EXPECT_EQ(second.origin.folder, "/plans");
}

}  // namespace
}  // namespace evalrun
