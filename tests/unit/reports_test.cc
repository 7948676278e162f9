// Reports: what they hold, and that nothing of what they show gets a meaning of its own.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <set>

#include "runtime/core/fd.h"
#include "runtime/core/sha256.h"
#include "runtime/core/text.h"
#include "runtime/jobs/job_board.h"
#include "runtime/jobs/result_line.h"
#include "runtime/junit/junit_report.h"
#include "runtime/report/csv_report.h"
#include "runtime/report/feedback.h"
#include "runtime/report/grade_report.h"
#include "runtime/report/html_data.h"
#include "runtime/report/html_page.h"
#include "runtime/report/html_report.h"
#include "runtime/report/result_board.h"
#include "tests/report/boards.h"
#include "tests/support/command.h"

namespace evalrun::report {
namespace {

using namespace std::string_literals;
using namespace std::chrono_literals;
using nlohmann::json;
using test::board_with;
using test::hostile_texts;
using test::small_board;

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

// --- the board -------------------------------------------------------------------------------------------------------

TEST(Board, an_excerpt_is_the_beginning_or_what_is_around_a_place_far_into_the_text) {
  const std::string known = std::string(5000, 'a') + "\nthe line\n" + std::string(5000, 'b');
  EXPECT_EQ(excerpt_of(known, 20000).bytes, known.substr(0, kExcerptBytes));
  EXPECT_EQ(excerpt_of(known, 20000, 10).begin, 0U);
  const Excerpt around = excerpt_of(known, 20000, 5003);
  EXPECT_EQ(around.begin, 5001U) << "the line's beginning";
  EXPECT_TRUE(around.bytes.starts_with("the line\nbbb"));
  EXPECT_EQ(around.bytes.size(), kExcerptBytes);
  EXPECT_EQ(around.total, 20000U);
  EXPECT_EQ(excerpt_of(known, 20000, 4500).begin, 4500U - kExcerptBytes / 4) << "no line begins there";
  EXPECT_EQ(excerpt_of(known, 20000, 15000).begin, 0U) << "that is not known";
  EXPECT_FALSE(excerpt_of("abc", 3).is_cut());
  EXPECT_TRUE(excerpt_of("abc", 4).is_cut());
}

TEST(Board, verdicts_have_standings_and_words) {
  EXPECT_EQ(standing_of("AC"), Standing::Passed);
  EXPECT_EQ(standing_of("OK"), Standing::Passed);
  EXPECT_EQ(standing_of("WA"), Standing::Failed);
  EXPECT_EQ(standing_of("CE"), Standing::Failed);
  EXPECT_EQ(standing_of("IE"), Standing::Faulty);
  EXPECT_EQ(standing_of("JE"), Standing::Faulty);
  EXPECT_EQ(standing_of(""), Standing::NotRun);
  EXPECT_EQ(words_of("TLE"), "time limit");
  EXPECT_EQ(words_of("XYZ"), "XYZ");
  EXPECT_EQ(words_of(""), "not run");
}

TEST(Board, a_score_is_written_without_zeros_at_its_end) {
  EXPECT_EQ(to_string(12.0), "12");
  EXPECT_EQ(to_string(100.0), "100");
  EXPECT_EQ(to_string(0.5), "0.5");
  EXPECT_EQ(to_string(-0.0), "0");
  EXPECT_EQ(to_string(-2.25), "-2.25");
  EXPECT_EQ(to_string(1.0 / 3), "0.333333");
}

// --- CSV -------------------------------------------------------------------------------------------------------------

TEST(CsvReport, is_one_line_a_submission_with_a_column_a_case) {
  EXPECT_EQ(csv_report(small_board()),
            "submission,language,verdict,score,score_max,expected,as_expected,cpu_us,memory_peak_bytes,message,"
            "\"case sample\",\"case small\",\"case large\",\"case trap\"\r\n"
            "accepted/good.cpp,C++,AC,4,4,AC,yes,1900000,4194304,accepted,AC,AC,AC,AC\r\n"
            "wrong_answer/bad.py,Python,WA,1,4,\"WA or TLE\",yes,120000,4194304,\"case small: wrong "
            "answer\",AC,WA,,WA\r\n"
            "accepted/slow.cpp,C++,TLE,0,4,AC,no,1000000,4194304,\"case sample: time limit\",TLE,,,\r\n");
}

TEST(CsvReport, a_formula_gets_an_apostrophe_and_a_quotation_mark_is_doubled) {
  for (const auto& [text, field] : std::vector<std::pair<std::string, std::string>>{{"=1+1", "'=1+1"},
                                                                                    {"+1", "'+1"},
                                                                                    {"-1", "'-1"},
                                                                                    {"@A1", "'@A1"},
                                                                                    {"a=1", "a=1"},
                                                                                    {"\t=1", "\\x09=1"},
                                                                                    {"\r=1", "\\x0d=1"},
                                                                                    {"\n=1", "\\x0a=1"},
                                                                                    {"=a,b", "\"'=a,b\""},
                                                                                    {"a\"b", "\"a\"\"b\""},
                                                                                    {"", ""}}) {
    EXPECT_EQ(csv_field(text), field);
  }
}

// Read back by the rules of RFC 4180, written apart from the code under test.
std::vector<std::vector<std::string>> read_csv(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row{""};
  bool is_quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_quoted) {
      if (text[i] != '"') {
        row.back() += text[i];
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        row.back() += text[++i];
      } else {
        is_quoted = false;
      }
    } else if (text[i] == '"') {
      is_quoted = true;
    } else if (text[i] == ',') {
      row.emplace_back();
    } else if (text[i] == '\r' && text.substr(i, 2) == "\r\n") {
      rows.push_back(row);
      row = {""};
      ++i;
    } else {
      row.back() += text[i];
    }
  }
  EXPECT_EQ(row, std::vector<std::string>{""}) << "the last line is ended";
  return rows;
}

TEST(CsvReport, of_hostile_texts_has_as_many_rows_and_fields_and_no_formula) {
  for (const std::string& hostile : hostile_texts()) {
    const std::string text = csv_report(board_with(hostile));
    EXPECT_TRUE(is_utf8(text));
    const auto rows = read_csv(text);
    ASSERT_EQ(rows.size(), 4U);
    for (const auto& row : rows) {
      EXPECT_EQ(row.size(), 12U);
      for (const std::string& field : row) {
        EXPECT_TRUE(field.empty() || "=+-@\t\r\n"s.find(field.front()) == std::string::npos) << field.substr(0, 80);
      }
    }
  }
}

// --- JUnit -----------------------------------------------------------------------------------------------------------

pugi::xml_document parsed(const std::string& text) {
  pugi::xml_document document;
  const pugi::xml_parse_result result =
      document.load_buffer(text.data(), text.size(), pugi::parse_full, pugi::encoding_utf8);
  EXPECT_TRUE(result) << result.description() << "\n" << text.substr(0, 2000);
  return document;
}

TEST(JunitReport, has_a_suite_for_each_submission_and_labelled_ones_fail_by_their_label_alone) {
  const pugi::xml_document document = parsed(junit_report(small_board()));
  const pugi::xml_node suites = document.child("testsuites");
  EXPECT_STREQ(suites.attribute("name").value(), "Sum of Three");
  EXPECT_EQ(suites.attribute("failures").as_int(), 1);
  EXPECT_EQ(suites.attribute("errors").as_int(), 0);
  EXPECT_EQ(suites.attribute("skipped").as_int(), 1);
  EXPECT_EQ(suites.attribute("tests").as_int(), 12) << "4 cases, 4 cases, 1 case, and 3 labels";
  const pugi::xml_node slow = suites.find_child_by_attribute("testsuite", "name", "accepted/slow.cpp");
  const pugi::xml_node failure = slow.child("testcase").child("failure");
  EXPECT_STREQ(slow.child("testcase").attribute("name").value(), "expected verdict");
  EXPECT_STREQ(failure.attribute("message").value(), "expected AC, got TLE");
  const pugi::xml_node bad = suites.find_child_by_attribute("testsuite", "name", "wrong_answer/bad.py");
  EXPECT_STREQ(bad.find_child_by_attribute("testcase", "name", "small").child("system-out").child_value(),
               "WA: wrong answer");
  EXPECT_STREQ(bad.find_child_by_attribute("testcase", "name", "large").child("skipped").attribute("message").value(),
               "the group has failed already");
}

TEST(JunitReport, a_case_without_a_label_fails_or_is_in_error_by_its_verdict) {
  Board board = small_board();
  board.rows = {board.rows[1]};
  board.rows[0].expectation.reset();
  board.rows[0].cells[3].verdict = "IE";
  const pugi::xml_document document = parsed(junit_report(board));
  const pugi::xml_node suite = document.child("testsuites").child("testsuite");
  EXPECT_EQ(suite.attribute("tests").as_int(), 4);
  EXPECT_EQ(suite.attribute("failures").as_int(), 1);
  EXPECT_EQ(suite.attribute("errors").as_int(), 1);
  EXPECT_EQ(suite.attribute("skipped").as_int(), 1);
  const pugi::xml_node small = suite.find_child_by_attribute("testcase", "name", "small");
  EXPECT_STREQ(small.child("failure").attribute("type").value(), "WA");
  EXPECT_STREQ(small.child("failure").child_value(), "line 2, token 2: expected \"5\", found \"6\"");
  EXPECT_STREQ(small.child("system-err").child_value(), "warning: guessed\n");
  EXPECT_STREQ(suite.find_child_by_attribute("testcase", "name", "trap").child("error").attribute("type").value(),
               "IE");
  EXPECT_TRUE(suite.find_child_by_attribute("testcase", "name", "sample").first_child().empty());
}

TEST(JunitReport, a_submission_that_does_not_compile_has_one_failure) {
  Board board = small_board();
  Row row{.name = "broken.c", .verdict = "CE", .message = "compile error", .compile_message = "exited with code 1"};
  row.compiler = excerpt_of("broken.c:1: error\n", 18);
  board.rows = {row};
  const pugi::xml_document document = parsed(junit_report(board));
  const pugi::xml_node suite = document.child("testsuites").child("testsuite");
  EXPECT_EQ(suite.attribute("failures").as_int(), 1);
  EXPECT_EQ(suite.attribute("skipped").as_int(), 4);
  EXPECT_STREQ(suite.child("testcase").child("failure").child_value(), "broken.c:1: error\n");
}

// The characters that XML 1.0 allows, but for those that a reader changes.
bool is_fit_for_xml(std::string_view text) {
  if (!is_utf8(text) || count_of(text, "\xef\xbf\xbe") + count_of(text, "\xef\xbf\xbf") != 0) return false;
  return std::ranges::none_of(text, [](char each) {
    return (static_cast<std::uint8_t>(each) < 0x20 && each != '\n' && each != '\t') || each == 0x7F;
  });
}

TEST(JunitReport, of_hostile_texts_is_well_formed_and_reads_back) {
  const std::size_t elements = count_of(junit_report(board_with("harmless")), "<testcase");
  for (const std::string& hostile : hostile_texts()) {
    const std::string text = junit_report(board_with(hostile));
    EXPECT_TRUE(is_fit_for_xml(text)) << text.substr(0, 2000);
    EXPECT_EQ(count_of(text, "<testcase"), elements);
    EXPECT_EQ(count_of(text, "<!DOCTYPE") + count_of(text, "<![CDATA["), 0U);
    const pugi::xml_document document = parsed(text);
    const pugi::xml_node suite = document.child("testsuites").child("testsuite");
    EXPECT_EQ(suite.attribute("name").value(), xml_text(hostile));
    const std::string shown = xml_text(hostile.substr(0, kExcerptBytes));
    EXPECT_EQ(suite.child("testcase").child("failure").attribute("message").value(), xml_text(hostile));
    EXPECT_EQ(suite.child("testcase").child("system-err").child_value(), shown);
  }
}

// --- HTML ------------------------------------------------------------------------------------------------------------

std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const std::size_t from = text.find(begin);
  if (from == text.npos) return "";
  return text.substr(from + begin.size(), text.find(end, from + begin.size()) - from - begin.size());
}

json data_of(const std::string& page) {
  return json::parse(between(page, "<script type=\"application/json\" id=\"data\">", "</script>"), nullptr, false);
}

std::string base64_of_hex(const std::string& digits) {
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2)
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return base64(bytes);
}

TEST(HtmlReport, its_policy_lets_only_its_own_style_and_script_work_and_nothing_is_loaded) {
  const std::string page = html_report(small_board());
  EXPECT_EQ(between(page, "Content-Security-Policy\" content=\"", "\""),
            "default-src 'none'; style-src 'sha256-" + base64_of_hex(sha256_hex(between(page, "<style>", "</style>"))) +
                "'; script-src 'sha256-" + base64_of_hex(sha256_hex(between(page, "<script>", "</script>"))) +
                "'; base-uri 'none'; form-action 'none'");
  for (const char* loads :
       {"http:", "https:", "//fonts", "src=", "href=", "@import", "url(", "style=", "fetch(", "innerHTML"}) {
    EXPECT_EQ(count_of(page, loads), 0U) << loads;
  }
}

TEST(HtmlReport, is_a_table_with_headings_of_rows_and_columns) {
  const std::string page = html_report(small_board());
  EXPECT_EQ(count_of(page, "<th scope=\"row\""), 3U);
  EXPECT_EQ(count_of(page, "<th scope=\"col\""), 10U);
  EXPECT_NE(page.find("<th scope=\"colgroup\" colspan=\"2\" title=\"g1\">g1</th>"), page.npos);
  EXPECT_EQ(count_of(page, "class=\"v "), 12U);
  EXPECT_NE(page.find("<td class=\"v f\" data-c=\"1\">WA</td><td class=\"v s\" data-c=\"2\">–</td>"), page.npos);
  EXPECT_NE(page.find("<td class=\"v p\" data-c=\"2\">AC~</td>"), page.npos) << "near the limit";
  EXPECT_NE(page.find("1 of 3 labelled submissions did not come to what they are labelled with."), page.npos);
  EXPECT_NE(page.find("<td class=\"unmet\">✗ AC</td>"), page.npos);
}

TEST(HtmlReport, one_submission_is_a_list_of_cases) {
  Board board = small_board();
  board.rows = {board.rows[1]};
  const std::string page = html_report(board);
  EXPECT_EQ(count_of(page, "<th scope=\"row\""), 5U) << "all of it, and four cases";
  EXPECT_NE(page.find("<td class=\"w\">the group has failed already</td>"), page.npos);
}

TEST(HtmlReport, marks_the_word_at_the_first_difference_on_both_sides) {
  const json data = data_of(html_report(small_board()));
  const json& cell = data.at("rows").at(1).at("cells").at(1);
  EXPECT_EQ(cell.at("out"), (json{{"a", "1 2\n4 "}, {"m", "6"}, {"z", "\n7\n"}, {"b", 0}, {"n", 10}, {"t", 10}}));
  EXPECT_EQ(cell.at("exp"), (json{{"a", "1 2\n4 "}, {"m", "5"}, {"z", "\n7\n"}, {"b", 0}, {"n", 10}, {"t", 10}}));
  EXPECT_EQ(data.at("columns").at(1).at("in").at("a"), "the input of small\n");
  EXPECT_EQ(data.at("rows").at(2).at("cells").at(0).at("talk"),
            json::parse(R"([[0,"1.0 ms","10\n",0],[1,"2.0 ms","? 5\n",0],[0,"3.0 ms","higher\n",0]])"));
  EXPECT_EQ(data.at("rows").at(2).at("cells").at(0).at("more"), 7);
}

TEST(HtmlReport, a_difference_at_the_end_or_in_a_character_is_marked_without_breaking_it) {
  Board board = small_board();
  Cell& cell = board.rows[1].cells[1];
  cell.output = excerpt_of("a", 1);
  cell.expected = excerpt_of("a\xc3\xa4\xc3\xb6 b", 7);
  cell.difference = {.output_byte = 1, .expected_byte = 2};
  json data = data_of(html_report(board)).at("rows").at(1).at("cells").at(1);
  EXPECT_EQ(data.at("out").at("m"), "");
  EXPECT_EQ(data.at("exp").at("a"), "a");
  EXPECT_EQ(data.at("exp").at("m"), "\xc3\xa4\xc3\xb6");
  cell.difference = {.output_byte = 2, .expected_byte = 70};
  data = data_of(html_report(board)).at("rows").at(1).at("cells").at(1);
  EXPECT_FALSE(data.at("out").contains("m")) << "past what is shown";
  EXPECT_FALSE(data.at("exp").contains("m"));
}

TEST(HtmlReport, of_hostile_texts_has_the_markup_of_a_harmless_one) {
  const std::string harmless = html_report(board_with("harmless"));
  for (const std::string& hostile : hostile_texts()) {
    if (hostile.empty()) continue;
    const std::string page = html_report(board_with(hostile));
    EXPECT_EQ(count_of(page, "<"), count_of(harmless, "<")) << hostile.substr(0, 100);
    EXPECT_EQ(count_of(page, ">"), count_of(harmless, ">")) << hostile.substr(0, 100);
    EXPECT_TRUE(is_utf8(page));
    EXPECT_LT(page.size(), 1U << 20);
    EXPECT_TRUE(
        std::ranges::none_of(page, [](char each) { return static_cast<std::uint8_t>(each) < 0x20 && each != '\n'; }));
    for (const char* unfit : {"\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xae", "\xe2\x81\xa6", "\xc2\x9b"}) {
      EXPECT_EQ(count_of(page, unfit), 0U);
    }
    const json data = data_of(page);
    ASSERT_FALSE(data.is_discarded());
    const json& cell = data.at("rows").at(0).at("cells").at(0);
    EXPECT_EQ(cell.at("m"), one_line(short_message(hostile)));
    const json& err = cell.at("err");
    EXPECT_EQ(err.at("a"), printable(hostile.substr(0, kExcerptBytes)));
  }
}

TEST(HtmlReport, of_300_cases_and_48_submissions_is_bounded_and_keeps_the_failed_ones_texts_longest) {
  const std::string page = html_report(test::large_board(48, 300));
  EXPECT_LT(page.size(), kMostTextOfPage + (4U << 20));
  EXPECT_EQ(count_of(page, "class=\"v "), 48U * 300U);
  const json data = data_of(page);
  const std::size_t failed = data.at("rows").at(0).at("cells").at(0).at("out").at("n");
  const std::size_t passed = data.at("rows").at(1).at("cells").at(0).at("out").at("n");
  EXPECT_GE(failed, 128U);
  EXPECT_LT(passed, failed);
}

TEST(HtmlReport, of_a_board_that_is_too_large_shows_the_first_cells_and_counts_the_rest) {
  Board board;
  for (int i = 0; i < 100'000; ++i) board.columns.push_back({.name = std::to_string(i)});
  board.rows.push_back({.name = "a.cpp", .verdict = "AC"});
  board.rows[0].cells.resize(100'000, Cell{.verdict = "AC", .message = "accepted"});
  const std::string page = html_report(board);
  EXPECT_EQ(count_of(page, "<th scope=\"row\""), kMostCellsOfPage + 1);
  EXPECT_NE(page.find("Not in the table, but counted above: 60000 cases."), page.npos);
  EXPECT_LT(page.size(), 32U << 20);
}

TEST(HtmlData, leaves_out_every_text_where_not_even_the_messages_fit) {
  const std::string text = html_data(small_board(), {.rows = 3, .columns = 4}, 100);
  EXPECT_EQ(json::parse(text).at("rows").size(), 3U);
  EXPECT_EQ(json::parse(text).at("columns").size(), 4U);
}

// --- feedback --------------------------------------------------------------------------------------------------------

TEST(Feedback, tells_what_failed_and_nothing_of_a_secret_case_or_of_the_jury) {
  Board board = small_board();
  board.rows[1].cells[3].error_output = excerpt_of("read 77 trap", 12);
  EXPECT_EQ(feedback_text(board, board.rows[1]),
            "Sum of Three\n"
            "wrong_answer/bad.py\n"
            "\n"
            "Result: wrong answer, 1 of 4 points\n"
            "1 of 3 cases passed, 1 not run\n"
            "0 of 1 secret case passed\n"
            "\n"
            "Case small: wrong answer\n"
            "  line 2, token 2: expected \"5\", found \"6\"\n"
            "  input:\n"
            "    the input of small\n"
            "  your output:\n"
            "    1 2\n"
            "    4 6\n"
            "    7\n"
            "  expected output:\n"
            "    1 2\n"
            "    4 5\n"
            "    7\n"
            "  standard error:\n"
            "    warning: guessed\n");
}

TEST(Feedback, shows_an_exchange_and_how_much_of_it_is_left_out) {
  const Board board = small_board();
  const std::string text = feedback_text(board, board.rows[2]);
  EXPECT_NE(text.find("  exchange:\n"
                      "    1.0 ms  judge:  10\\x0a\n"
                      "    2.0 ms  you:    ? 5\\x0a\n"
                      "    3.0 ms  judge:  higher\\x0a\n"
                      "    and 7 more\n"),
            text.npos)
      << text;
  EXPECT_EQ(text.find("decided by"), text.npos);
}

TEST(Feedback, of_a_submission_that_does_not_compile_is_what_the_compiler_said) {
  Board board = small_board();
  Row row{.name = "a.c", .verdict = "CE", .compile_message = "exited with code 1"};
  row.compiler = excerpt_of("a.c:1: error\n", 13);
  EXPECT_EQ(feedback_text(board, row),
            "Sum of Three\na.c\n\nResult: compile error\n\nIt did not compile: exited with code 1\n  compiler:\n"
            "    a.c:1: error\n");
}

TEST(Feedback, no_line_of_a_program_looks_like_one_of_ours) {
  for (const std::string& hostile : hostile_texts()) {
    const Board board = board_with(hostile + "\nResult: accepted, 100 of 100 points\n\nCase 1: accepted\n");
    const std::string text = feedback_text(board, board.rows[0]);
    EXPECT_EQ(count_of("\n" + text, "\nResult: accepted"), 0U);
    EXPECT_EQ(count_of("\n" + text, "\nCase 1:"), 0U);
    EXPECT_TRUE(is_utf8(text));
  }
}

TEST(Feedback, its_files_have_safe_and_different_names) {
  Board board;
  for (const char* name :
       {"../../etc/passwd", "a/b", "a_b", "A_B", ".hidden", "-rf", "", "a\nb", "M\xc3\xbcller", "."}) {
    board.rows.push_back({.name = name});
  }
  board.rows.push_back({.name = std::string(300, 'x')});
  board.rows.push_back({.name = std::string(300, 'x') + "y"});
  EXPECT_EQ(feedback_names(board),
            (std::vector<std::string>{"_.._.._etc_passwd.txt", "a_b.txt", "a_b-2.txt", "A_B-3.txt", "_.hidden.txt",
                                      "_-rf.txt", "_.txt", "a_b-4.txt", "M__ller.txt", "_..txt",
                                      std::string(100, 'x') + ".txt", std::string(100, 'x') + "-2.txt"}));
}

TEST(Feedback, replaces_a_link_and_follows_none) {
  const test::TemporaryFolder folder;
  const auto victim = folder.write("victim", "untouched");
  std::filesystem::create_directory(folder.path() / "feedback");
  std::filesystem::create_symlink(victim, folder.path() / "feedback/accepted_good.cpp.txt");
  const Fd opened(::open((folder.path() / "feedback").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  write_feedback(opened.get(), small_board());
  EXPECT_EQ(test::read_file(victim), "untouched");
  const auto written = folder.path() / "feedback/accepted_good.cpp.txt";
  EXPECT_TRUE(std::filesystem::is_regular_file(std::filesystem::symlink_status(written)));
  EXPECT_TRUE(test::read_file(written).starts_with("Sum of Three\naccepted/good.cpp\n\nResult: accepted"));
  struct stat status {};
  ASSERT_EQ(::stat(written.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path() / "feedback"), {}), 3);
}

// --- boards out of results -------------------------------------------------------------------------------------------

Task task_of(const test::TemporaryFolder& folder) {
  Task task;
  task.plan.origin.name = "plan";
  task.plan.kind.image = "python";
  task.plan.job.source = "main.py";
  task.plan.kind.limits.cpu = 1s;
  Case text, file, secret;
  text.name = "text";
  text.input = InputText{"in"};
  text.expected = std::string("out");
  text.limits.cpu = 3s;
  file.name = "file";
  file.input = InputFile{folder.write("in.txt", std::string(9000, 'i'))};
  file.expected = folder.path() / "is-not-there";
  secret.name = "secret";
  secret.input = InputText{"hidden"};
  secret.expected = std::string("hidden");
  secret.disclosure = Disclosure::Secret;
  task.cases = {text, file, secret};
  return task;
}

TEST(ResultBoard, has_a_column_for_each_case_with_what_may_be_shown_of_it) {
  const test::TemporaryFolder folder;
  const Board board = board_of(task_of(folder));
  ASSERT_EQ(board.columns.size(), 3U);
  EXPECT_EQ(board.columns[0].time_limit, 3s);
  EXPECT_EQ(board.columns[0].input->bytes, "in");
  EXPECT_EQ(board.columns[0].expected->bytes, "out");
  EXPECT_EQ(board.columns[1].input->bytes, std::string(kExcerptBytes, 'i'));
  EXPECT_EQ(board.columns[1].input->total, 9000U);
  EXPECT_FALSE(board.columns[1].expected) << "cannot be read";
  EXPECT_FALSE(board.columns[2].input);
  EXPECT_FALSE(board.columns[2].expected);
  EXPECT_EQ(submission_of(task_of(folder)), "main.py");
}

TEST(ResultBoard, has_a_row_as_the_result_says) {
  const test::TemporaryFolder folder;
  const Task task = task_of(folder);
  judge::Grade grade;
  grade.verdict = judge::Verdict::Wa;
  grade.message = "case file: wrong answer";
  grade.score = 1;
  grade.score_max = 3;
  grade.cases.resize(3);
  grade.cases[0].verdict = judge::Verdict::Ac;
  grade.cases[0].run.cpu.user = 2800ms;
  grade.cases[0].run.memory.peak = 5_MiB;
  judge::CaseGrade& wrong = grade.cases[1];
  wrong.verdict = judge::Verdict::Wa;
  wrong.feedback = "line 1";
  wrong.difference.emplace();
  wrong.difference->found.byte = 2;
  wrong.difference->expected.byte = 3;
  wrong.run.output = {
      .bytes = 10000, .truncated = true, .kept = "ab\xff" + std::string(4000, 'o'), .captured = true, .sha256 = ""};
  wrong.run.error_output = {.bytes = 2, .kept = "e\n", .captured = true, .sha256 = ""};
  Board board = board_of(task);
  add_result(board, {.name = "main.py"}, json::parse(to_json(GradeReport{task, grade, 1s})));
  ASSERT_EQ(board.rows.size(), 1U);
  const Row& row = board.rows[0];
  EXPECT_EQ(row.verdict, "WA");
  EXPECT_EQ(row.score, 1);
  ASSERT_EQ(row.cells.size(), 3U);
  EXPECT_TRUE(row.cells[0].near_limit);
  EXPECT_EQ(row.cells[0].time, 2800ms);
  EXPECT_EQ(row.cells[0].memory, 5_MiB);
  EXPECT_EQ(row.cells[1].difference->output_byte, 2U);
  EXPECT_EQ(row.cells[1].difference->expected_byte, 3U);
  EXPECT_EQ(row.cells[1].output->bytes, "ab\xff" + std::string(4000, 'o')) << "byte for byte";
  EXPECT_EQ(row.cells[1].output->total, 10000U);
  EXPECT_EQ(row.cells[1].error_output->bytes, "e\n");
  EXPECT_EQ(row.cells[2].verdict, "");
  EXPECT_EQ(row.cells[2].skipped, "not run");
}

TEST(ResultBoard, takes_what_is_no_result_for_an_empty_row) {
  for (const char* text :
       {"null", "[]", "{}", "{\"verdict\":1,\"cases\":{}}", "{\"cases\":[1,{\"name\":2}],\"cpu\":[]}",
        "{\"cpu\":{\"total_us\":-1},\"stdout\":{\"base64\":\"!\"},\"warnings\":\"w\"}"}) {
    Board board;
    add_result(board, {.name = "x"}, json::parse(text));
    ASSERT_EQ(board.rows.size(), 1U);
    EXPECT_EQ(board.rows[0].verdict, "");
  }
}

std::string line(std::uint64_t number, const std::string& verdict, std::size_t bytes = 1) {
  const json result = {{"verdict", verdict},
                       {"cpu", {{"total_us", 5}}},
                       {"stdout", {{"bytes", bytes}, {"text", std::string(bytes, 'o')}}}};
  return jobs::result_line("job" + std::to_string(number), number, result.dump());
}

TEST(JobBoard, is_in_the_order_of_the_input_and_a_wrong_line_says_why) {
  jobs::JobBoard board("jobs");
  board.add(line(3, "RE"));
  board.add(line(1, "OK"));
  board.add(jobs::error_line(std::nullopt, 2, "is no JSON"));
  board.add("not a line");
  const Board taken = board.take();
  ASSERT_EQ(taken.rows.size(), 3U);
  EXPECT_EQ(taken.rows[0].name, "job1");
  EXPECT_EQ(taken.rows[1].name, "line 2");
  EXPECT_EQ(taken.rows[1].skipped, "is no JSON");
  EXPECT_EQ(taken.rows[2].cells.at(0).verdict, "RE");
  EXPECT_EQ(taken.columns.at(0).name, "run");
  EXPECT_TRUE(taken.rows_left_out.empty());
}

TEST(JobBoard, counts_what_it_has_no_room_for_and_keeps_those_that_failed) {
  jobs::JobBoard board("jobs", {.rows = 10});
  for (std::uint64_t i = 1; i <= 1000; ++i) board.add(line(i, i % 100 == 0 ? "RE" : "OK"));
  const Board taken = board.take();
  ASSERT_EQ(taken.rows.size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(taken.rows[i].name, "job" + std::to_string((i + 1) * 100));
  EXPECT_EQ(taken.rows_left_out, (std::map<std::string, std::uint64_t>{{"OK", 990}}));
}

TEST(JobBoard, is_bounded_by_bytes_too) {
  jobs::JobBoard board("jobs", {.rows = 1000, .bytes = 100'000});
  for (std::uint64_t i = 1; i <= 100; ++i) board.add(line(i, "WA", 4000));
  const Board taken = board.take();
  EXPECT_GT(taken.rows.size(), 10U);
  EXPECT_LT(taken.rows.size(), 26U);
  EXPECT_EQ(taken.rows_left_out.at("WA"), 100 - taken.rows.size());
}

}  // namespace
}  // namespace evalrun::report
