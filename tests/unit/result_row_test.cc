// Lines of a batch's output as rows.

#include "runtime/jobs/result_row.h"

#include <gtest/gtest.h>

namespace evalrun::jobs {
namespace {

std::string result(const std::string& id, const std::string& message) {
  return R"({"id":)" + id + R"(,"line":3,"result":{"version":1,"verdict":"RE","message":")" + message +
         R"(","cpu":{"total_us":1500},"wall_us":2500,"memory":{"peak_bytes":1048576},)"
         R"("stdout":{"bytes":9,"text":"written"},"stderr":{"bytes":0}}})";
}

TEST(ResultRow, json_stays_as_it_is) {
  EXPECT_EQ(header_of(ResultForm::JsonLines), "");
  EXPECT_EQ(row_of("{\"id\":1}", ResultForm::JsonLines), "{\"id\":1}\n");
}

TEST(ResultRow, csv_quotes_what_separates_fields_and_keeps_a_row_on_one_line) {
  EXPECT_EQ(row_of(result("\"a\"", "plain"), ResultForm::Csv), "a,3,RE,,,1500,2500,1048576,plain\n");
  EXPECT_EQ(row_of(result("\"a,b\"", "say \\\"x\\\""), ResultForm::Csv),
            "\"a,b\",3,RE,,,1500,2500,1048576,\"say \"\"x\"\"\"\n");
  EXPECT_EQ(row_of(result("7", "a\\nb"), ResultForm::Csv), "7,3,RE,,,1500,2500,1048576,a\\x0ab\n");
}

TEST(ResultRow, csv_holds_no_formula_of_a_job) {
  EXPECT_EQ(row_of(result("\"=cmd|' /C calc'!A0\"", "-1"), ResultForm::Csv),
            "\"'=cmd|' /C calc'!A0\",3,RE,,,1500,2500,1048576,'-1\n");
  EXPECT_EQ(row_of(result("\"a=b\"", "1-1"), ResultForm::Csv), "a=b,3,RE,,,1500,2500,1048576,1-1\n");
}

TEST(ResultRow, a_line_that_is_an_error_has_its_message_alone) {
  EXPECT_EQ(row_of(R"({"id":null,"line":4,"error":"wrong"})", ResultForm::Csv), ",4,,,,,,,wrong\n");
  const std::string text = row_of(R"({"id":null,"line":4,"error":"wrong"})", ResultForm::Text);
  EXPECT_TRUE(text.starts_with("line 4 ")) << text;
  EXPECT_TRUE(text.ends_with(" wrong\n")) << text;
}

TEST(ResultRow, a_submission_shows_its_score_and_its_longest_case) {
  const std::string line =
      R"({"id":"s","line":1,"result":{"verdict":"WA","message":"case 2: wrong answer","score":1,"score_max":2,"cases":[)"
      R"({"cpu":{"total_us":5},"wall_us":9,"memory":{"peak_bytes":3}},)"
      R"({"cpu":{"total_us":7},"wall_us":8,"memory":{"peak_bytes":2}},{"verdict":null}]}})";
  EXPECT_EQ(row_of(line, ResultForm::Csv), "s,1,WA,1,2,7,9,3,\"case 2: wrong answer\"\n");
}

TEST(ResultRow, what_is_no_json_is_an_empty_row) {
  EXPECT_EQ(row_of("nonsense", ResultForm::Csv), ",,,,,,,,\n");
}

}  // namespace
}  // namespace evalrun::jobs
