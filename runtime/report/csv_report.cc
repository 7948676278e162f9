#include "runtime/report/csv_report.h"

#include "runtime/core/text.h"

namespace evalrun::report {
namespace {

void end_line(std::string& text) {
  text.back() = '\r';  // in place of the last comma
  text += '\n';
}

// A number of our own; "" for none.
void add_number(std::string& text, const std::optional<double>& number) {
  if (number) text += to_string(*number);
  text += ',';
}

void add_field(std::string& text, std::string_view field) {
  text += csv_field(field) + ",";
}

void add_row(std::string& text, const Board& board, const Row& row) {
  const std::optional<Duration> time = longest_time(row);
  const std::optional<Bytes> memory = largest_memory(row);
  add_field(text, row.name);
  add_field(text, row.language);
  add_field(text, row.verdict);
  add_number(text, row.score);
  add_number(text, row.score_max);
  add_field(text, row.expectation ? row.expectation->expected : "");
  add_field(text, !row.expectation ? "" : row.expectation->met ? "yes" : "no");
  add_field(text, time ? std::to_string(to_microseconds(*time)) : "");
  add_field(text, memory ? std::to_string(memory->count) : "");
  add_field(text, row.message.empty() ? row.skipped : row.message);
  for (std::size_t i = 0; i < board.columns.size(); ++i) add_field(text, verdict_of(row, i));
  end_line(text);
}

}  // namespace

std::string csv_report(const Board& board) {
  std::string text =
      "submission,language,verdict,score,score_max,expected,as_expected,cpu_us,memory_peak_bytes,message,";
  for (const Column& column : board.columns) add_field(text, "case " + column.name);
  end_line(text);
  for (const Row& row : board.rows) add_row(text, board, row);
  return text;
}

}  // namespace evalrun::report
