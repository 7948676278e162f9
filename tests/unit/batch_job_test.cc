// A batch's lines: jobs, and what is no job.
#include <gtest/gtest.h>

#include "runtime/jobs/job.h"
#include "runtime/jobs/json_tree.h"
#include "runtime/jobs/result_line.h"

namespace evalrun::batch {
namespace {

std::variant<jobs::JobLine, jobs::BadLine> parse(const std::string& line) {
  return jobs::parse_job(line, {"jobs.jsonl", 7, 1});
}

void expect_bad(const std::string& line, const std::optional<jobs::JobId>& id, const std::string& says) {
  const auto parsed = parse(line);
  const auto* bad = std::get_if<jobs::BadLine>(&parsed);
  ASSERT_NE(bad, nullptr) << line;
  EXPECT_EQ(bad->id, id) << line;
  EXPECT_EQ(bad->message.rfind("jobs.jsonl:7:1: ", 0), 0U) << bad->message;
  EXPECT_NE(bad->message.find(says), std::string::npos) << bad->message;
}

TEST(BatchJob, the_keys_of_a_plan_are_one_change_and_those_of_set_follow_it) {
  const auto parsed = parse(R"({"set": {"limits.cpu": "1s", "limits.processes": 4}, "argv": ["a", "b"],
    "id": "x", "stdin": {"text": "é"}})");
  const auto* job = std::get_if<jobs::JobLine>(&parsed);
  ASSERT_NE(job, nullptr);
  EXPECT_EQ(job->id, jobs::JobId("x"));
  EXPECT_EQ(job->plan, "");
  ASSERT_EQ(job->changes.size(), 3U);
  const auto& merged = std::get<MergeChange>(job->changes[0]).keys;
  ASSERT_EQ(merged.size(), 2U);
  EXPECT_EQ(merged[0].name, "argv");
  EXPECT_EQ(std::get<std::string>(std::get<TomlArray>(merged[0].node.value).at(1).value), "b");
  EXPECT_EQ(merged[0].node.place.position(), (SourcePosition{"jobs.jsonl", 7, 1}));
  EXPECT_EQ(std::get<std::string>(std::get<TomlTable>(merged[1].node.value).at(0).node.value), "é");
  EXPECT_EQ(std::get<SetChange>(job->changes[1]).key, "limits.cpu");
  EXPECT_EQ(std::get<std::int64_t>(std::get<SetChange>(job->changes[2]).value.value), 4);
}

TEST(BatchJob, a_job_may_name_its_own_plan_and_nothing_else) {
  const auto parsed = parse(R"({"id": "", "plan": "a/b.toml"})");
  const auto* job = std::get_if<jobs::JobLine>(&parsed);
  ASSERT_NE(job, nullptr);
  EXPECT_EQ(job->plan, "a/b.toml");
  EXPECT_TRUE(job->changes.empty());
}

TEST(BatchJob, every_kind_of_json_value_has_its_place_in_the_tree) {
  const jobs::JsonTree tree = jobs::parse_json(R"([true, -1, 9223372036854775807, 0.5, "t", [], {}])", {"f", 1, 1});
  EXPECT_EQ(tree.error, "");
  const auto& values = std::get<TomlArray>(tree.root.value);
  ASSERT_EQ(values.size(), 7U);
  EXPECT_TRUE(std::get<bool>(values[0].value));
  EXPECT_EQ(std::get<std::int64_t>(values[1].value), -1);
  EXPECT_EQ(std::get<std::int64_t>(values[2].value), INT64_MAX);
  EXPECT_EQ(std::get<double>(values[3].value), 0.5);
  EXPECT_EQ(std::get<std::string>(values[4].value), "t");
  EXPECT_TRUE(std::holds_alternative<TomlArray>(values[5].value));
  EXPECT_TRUE(std::holds_alternative<TomlTable>(values[6].value));
}

TEST(BatchJob, what_is_no_job_is_told_with_its_id_where_that_can_be_read) {
  expect_bad("nonsense", std::nullopt, "not JSON at byte");
  expect_bad("", std::nullopt, "not JSON");
  expect_bad("[1]", std::nullopt, "expected a JSON object, found an array");
  expect_bad("{}", std::nullopt, "id: missing; expected a string or an integer");
  expect_bad(R"({"id": 0.5})", std::nullopt, "id: expected a string or an integer, found a float");
  expect_bad(R"({"id": 7, "plan": 7})", 7, "plan: expected the path of a plan, found an integer");
  expect_bad(R"({"id": 18446744073709551615})", std::nullopt, "at most 63 bits");
  expect_bad(R"({"id": "a", "plan": 7})", "a", "plan: expected the path of a plan, found an integer");
  expect_bad(R"({"id": "a", "plan": ""})", "a", "plan: expected the path of a plan");
  expect_bad(R"({"id": "a", "set": ["x"]})", "a", "set: expected a table of a plan's keys, found an array");
  expect_bad(R"({"id": "a", "argv": ["b"], )", "a", "not JSON at byte");
  expect_bad(R"({"id": "a"} {"id": "b"})", std::nullopt, "not JSON at byte");
  expect_bad(R"({"id": "a", "stdin": null})", "a", "null is no value of a plan");
  expect_bad(R"({"id": "a", "argv": ["b"], "argv": ["c"]})", "a", "expected each key once");
  expect_bad(R"({"id": "a", "limits": {"processes": 9223372036854775808}})", "a", "at most 63 bits");
  expect_bad("{\"id\": \"a\", \"stdin\": {\"text\": \"\xff\"}}", "a", "not JSON at byte");
}

TEST(BatchJob, values_may_nest_as_deeply_as_in_a_plan_and_no_deeper) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(jobs::parse_json(nested(32), {"f", 1, 1}).error, "");
  EXPECT_NE(jobs::parse_json(nested(33), {"f", 1, 1}).error.find("nest too deeply"), std::string::npos);
  expect_bad(R"({"id": "a", "x": )" + std::string(1000000, '['), "a", "nest too deeply");
}

TEST(BatchJob, an_unknown_key_is_told_with_the_keys_of_a_job_and_of_a_plan) {
  expect_bad(R"({"id": 1, "zzzzzz": 2})", 1, "zzzzzz: unknown key; known here: id, plan, set, image, argv, source");
  expect_bad(R"({"id": 1, "plam": "x"})", 1, "plam: unknown key; did you mean \"plan\"?");
  expect_bad(R"({"id": 1, "agrv": ["x"]})", 1, "agrv: unknown key; did you mean \"argv\"?");
  EXPECT_TRUE(std::holds_alternative<jobs::JobLine>(parse(R"({"id": 1, "argv": ["x"]})")));
  EXPECT_TRUE(std::holds_alternative<jobs::JobLine>(parse(R"({"id": 1, "cpu": "1s"})")))
      << "the plan's reader says limits.cpu";
}

TEST(BatchJob, an_integer_id_is_repeated_as_it_was_given) {
  for (const char* id : {"7", "-7", "0", "9223372036854775807", "-9223372036854775808"}) {
    const auto parsed = parse(std::string("{\"id\": ") + id + "}");
    const auto* job = std::get_if<jobs::JobLine>(&parsed);
    ASSERT_NE(job, nullptr) << id;
    EXPECT_EQ(jobs::text_of(job->id), id);
    const std::string line = jobs::result_line(job->id, 3, "{}");
    EXPECT_EQ(line, std::string("{\"id\":") + id + ",\"line\":3,\"result\":{}}");
    EXPECT_EQ(jobs::id_in_result_line(line), id);
  }
  EXPECT_EQ(jobs::id_in_result_line(jobs::result_line("7", 3, "{}")), "7");
  EXPECT_EQ(jobs::error_line(jobs::JobId(7), 4, "no"), R"({"id":7,"line":4,"error":"no"})");
}

TEST(BatchJob, a_result_stands_behind_its_id_and_line) {
  EXPECT_EQ(jobs::result_line("a\"b", 3, R"({"verdict":"OK"})"), R"({"id":"a\"b","line":3,"result":{"verdict":"OK"}})");
  EXPECT_EQ(jobs::error_line("a", 4, "no\n"), R"({"id":"a","line":4,"error":"no\n"})");
  EXPECT_EQ(jobs::error_line(std::nullopt, 5, "x\xff"), "{\"id\":null,\"line\":5,\"error\":\"x\\\\xff\"}");
}

}  // namespace
}  // namespace evalrun::batch
