#include "runtime/jobs/job_board.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "runtime/report/result_board.h"

namespace evalrun::jobs {
namespace {

using nlohmann::json;
using report::Standing;
using report::standing_of;

std::size_t bytes_of(const std::optional<report::Excerpt>& excerpt) {
  return excerpt ? excerpt->bytes.size() : 0;
}

std::size_t bytes_of(const report::Row& row) {
  std::size_t bytes = sizeof row + row.name.size() + row.message.size() + row.skipped.size() +
                      row.compile_message.size() + bytes_of(row.compiler);
  for (const report::Cell& cell : row.cells) {
    bytes +=
        sizeof cell + cell.message.size() + cell.feedback.size() + bytes_of(cell.output) + bytes_of(cell.error_output);
  }
  return bytes;
}

std::string name_of(const json& line) {
  const json& id = line.value("id", json());
  if (id.is_string()) return id.get<std::string>();
  return id.is_number() ? id.dump() : "line " + line.value("line", json()).dump();
}

}  // namespace

JobBoard::JobBoard(std::string title, Bounds bounds) : bounds_(bounds) {
  board_.title = std::move(title);
}

void JobBoard::remove_row(std::size_t index) {
  ++board_.rows_left_out[board_.rows[index].verdict];
  if (standing_of(board_.rows[index].verdict) == Standing::Passed) --passed_;
  bytes_ -= places_[index].bytes;
  board_.rows[index] = std::move(board_.rows.back());
  places_[index] = places_.back();
  board_.rows.pop_back();
  places_.pop_back();
}

std::size_t JobBoard::last_passed() const {
  const auto passed = std::find_if(board_.rows.rbegin(), board_.rows.rend(), [](const report::Row& each) {
    return standing_of(each.verdict) == Standing::Passed;
  });
  return static_cast<std::size_t>(board_.rows.rend() - passed) - 1;
}

void JobBoard::add(std::string_view line) {
  const json whole = json::parse(line, nullptr, false);
  if (!whole.is_object()) return;
  report::Row row;
  row.name = name_of(whole);
  const json& number = whole.value("line", json());
  if (const auto error = whole.find("error"); error != whole.end() && error->is_string()) {
    row.skipped = error->get<std::string>();
    board_.rows.push_back(std::move(row));
  } else {
    report::add_result(board_, std::move(row), whole.value("result", json::object()));
  }
  const std::size_t bytes = bytes_of(board_.rows.back());
  places_.push_back({number.is_number_unsigned() ? number.get<std::uint64_t>() : 0, bytes});
  bytes_ += bytes;
  const bool has_passed = standing_of(board_.rows.back().verdict) == Standing::Passed;
  if (has_passed) ++passed_;
  while (board_.rows.size() > bounds_.rows || bytes_ > bounds_.bytes) {
    const bool is_counted_alone = has_passed || passed_ == 0;
    remove_row(is_counted_alone ? board_.rows.size() - 1 : last_passed());
    if (is_counted_alone) break;
  }
}

report::Board JobBoard::take() {
  std::vector<std::size_t> order(board_.rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t index) { return places_[index].line; });
  std::vector<report::Row> rows;
  for (const std::size_t index : order) rows.push_back(std::move(board_.rows[index]));
  board_.rows = std::move(rows);
  return std::move(board_);
}

}  // namespace evalrun::jobs
