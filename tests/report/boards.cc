#include "tests/report/boards.h"

#include <algorithm>

namespace evalrun::test {

using namespace std::string_literals;
using namespace std::chrono_literals;
using report::Board;
using report::Cell;
using report::Column;
using report::Excerpt;
using report::Exchange;
using report::Row;

namespace {

Excerpt text(const std::string& bytes) {
  return report::excerpt_of(bytes, bytes.size());
}

Cell passed(Duration time) {
  return {.verdict = "AC",
          .time = time,
          .wall = time * 2,
          .memory = 4_MiB,
          .score = 1,
          .score_max = 1,
          .message = "accepted",
          .output = text("3\n"),
          .error_output = text("")};
}

Cell wrong() {
  Cell cell = passed(120ms);
  cell.verdict = "WA";
  cell.score = 0;
  cell.message = "wrong answer";
  cell.feedback = "line 2, token 2: expected \"5\", found \"6\"";
  cell.jury_feedback = "the second number of the second line";
  cell.output = text("1 2\n4 6\n7\n");
  cell.error_output = text("warning: guessed\n");
  cell.difference = {.output_byte = 6, .expected_byte = 6};
  return cell;
}

Cell too_slow() {
  Cell cell = passed(1s);
  cell.verdict = "TLE";
  cell.score = 0;
  cell.message = "stopped at the CPU limit of 1s";
  cell.output = text("");
  cell.transcript = {{.at = 1ms, .text = text("10\n")},
                     {.direction = Exchange::Direction::FromSubmission, .at = 2ms, .text = text("? 5\n")},
                     {.at = 3ms, .text = text("higher\n")}};
  cell.exchanges_left_out = 7;
  cell.facts = {{"decided by", "the submission's time limit"}};
  return cell;
}

}  // namespace

Board small_board() {
  Board board{.title = "Sum of Three", .facts = {{"format", "Kattis legacy"}}, .notes = {"one case has no points"}};
  board.time_limit = 1s;
  board.memory_limit = 64_MiB;
  board.columns = {{.name = "sample", .group = "samples"},
                   {.name = "small", .group = "g1"},
                   {.name = "large", .group = "g1", .time_limit = 2s},
                   {.name = "trap", .group = "g2", .disclosure = Disclosure::Secret}};
  for (Column& column : board.columns) {
    column.input = text("the input of " + column.name + "\n");
    column.expected = text("1 2\n4 5\n7\n");
  }
  Row good{.name = "accepted/good.cpp", .language = "C++", .verdict = "AC", .message = "accepted"};
  good.score = 4;
  good.score_max = 4;
  good.expectation = {.expected = "AC", .met = true};
  good.cells = {passed(10ms), passed(20ms), passed(1900ms), passed(30ms)};
  good.cells[2].near_limit = true;
  Row bad{.name = "wrong_answer/bad.py", .language = "Python", .verdict = "WA", .message = "case small: wrong answer"};
  bad.score = 1;
  bad.score_max = 4;
  bad.expectation = {.expected = "WA or TLE", .met = true};
  bad.groups = {{.name = "g1", .verdict = "WA", .score = 0, .score_max = 2}};
  bad.cells = {passed(10ms), wrong(), Cell{.skipped = "the group has failed already"}, wrong()};
  Row slow{.name = "accepted/slow.cpp", .language = "C++", .verdict = "TLE", .message = "case sample: time limit"};
  slow.score = 0;
  slow.score_max = 4;
  slow.expectation = {.expected = "AC", .met = false};
  slow.cells = {too_slow()};
  board.rows = {good, bad, slow};
  return board;
}

Board board_with(const std::string& words) {
  Board board{.title = words, .facts = {{words, words}}, .notes = {words}};
  Cell cell = wrong();
  cell.message = cell.feedback = cell.jury_feedback = words;
  const std::size_t middle = std::min<std::size_t>(words.size() / 2, 100);
  cell.difference = {.output_byte = middle, .expected_byte = middle};
  cell.input = cell.output = cell.expected = cell.error_output = text(words);
  cell.facts = {{words, words}};
  cell.transcript = {{.at = 1ms, .text = text(words)},
                     {.direction = Exchange::Direction::FromSubmission, .at = 2ms, .text = text(words)}};
  Cell skipped{.skipped = words};
  board.columns = {{.name = words, .group = words, .input = text(words), .expected = text(words)},
                   {.name = words + "2", .group = words}};
  Row row{.name = words, .language = words, .verdict = "WA", .message = words, .compile_message = words};
  row.compiler = text(words);
  row.groups = {{.name = words, .verdict = words}};
  row.cells = {cell, skipped};
  Row other = row;
  other.name += "2";
  other.verdict = words;
  other.cells[0].verdict = words;
  other.expectation = {.expected = words, .met = false};
  Row skipped_row{.name = words + "3", .skipped = words};
  board.rows = {row, other, skipped_row};
  return board;
}

Board large_board(std::size_t rows, std::size_t columns) {
  Board board{.title = "Large"};
  board.time_limit = 1s;
  board.memory_limit = 64_MiB;
  std::string page;
  while (page.size() < report::kExcerptBytes) page += "<a line of output> & \"more\"\n";
  const std::string shown = page.substr(0, report::kExcerptBytes);
  for (std::size_t i = 0; i < columns; ++i) {
    Column column{.name = "secret/" + std::to_string(i), .group = "group" + std::to_string(i / 10)};
    column.input = column.expected = Excerpt{shown, 0, 1 << 20};
    board.columns.push_back(std::move(column));
  }
  for (std::size_t i = 0; i < rows; ++i) {
    Row row{.name = "submission" + std::to_string(i) + ".cpp", .language = "C++"};
    row.verdict = i % 3 == 0 ? "WA" : "AC";
    for (std::size_t at = 0; at < columns; ++at) {
      Cell cell = i % 3 == 0 ? wrong() : passed(std::chrono::milliseconds(10 + (at * 7919 + i * 31) % 900));
      cell.output = cell.error_output = Excerpt{shown, 0, 1 << 20};
      row.cells.push_back(std::move(cell));
    }
    board.rows.push_back(std::move(row));
  }
  return board;
}

std::vector<std::string> hostile_texts() {
  return {"<script>document.title = 'owned'; window.owned = 1</script>",
          "</script><script>window.owned = 1</script><!--",
          "<img src=x onerror=\"window.owned = 1\"><svg onload='window.owned = 1'>",
          "\"><b onmouseover=window.owned=1>'\"`</td></table></pre></title></style>",
          "&lt;b&gt; &amp;amp; &#x3c;script&#x3e; \\u003cscript\\u003e",
          "javascript:window.owned=1",
          "]]> --> <?xml version='1.0'?> <!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]> &a;",
          "line\nfeed\r\nreturn\rtab\t\v\f",
          "nul\0byte, escape \x1b[2J\x1b]0;title\x07, delete \x7f"s,
          "not UTF-8 \xff\xfe \xc0\x8a \xe2\x80",
          "C1 \xc2\x9b\xc2\x85 U+FFFE \xef\xbf\xbe U+FFFF \xef\xbf\xbf",
          "bidi \xe2\x80\xae\xe2\x81\xa6\xe2\x80\xaa separators \xe2\x80\xa8\xe2\x80\xa9 zero \xe2\x80\x8b\xef\xbb\xbf",
          "=cmd|' /C calc'!A0",
          "Gr\xc3\xbc\xc3\x9f"
          "e \xe4\xb8\x96\xe7\x95\x8c \xf0\x9f\x98\x80",
          "../../etc/passwd",
          std::string(1 << 20, 'm'),
          ""};
}

}  // namespace evalrun::test
