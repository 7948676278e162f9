#include "runtime/report/html_report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "runtime/core/plural.h"
#include "runtime/core/sha256.h"
#include "runtime/core/text.h"
#include "runtime/report/figures.h"
#include "runtime/report/html_data.h"
#include "runtime/report/html_page.h"

namespace evalrun::report {
namespace {

// --- small parts -----------------------------------------------------------------------------------------------------

// A source of Content-Security-Policy: 'sha256-…'.
std::string hash_source(std::string_view text) {
  const std::string digits = sha256_hex(text);
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return "'sha256-" + base64(bytes) + "'";
}

std::string name_text(std::string_view bytes) {
  return html_text(short_name(bytes));
}

std::string message_text(std::string_view bytes) {
  return html_text(short_message(bytes));
}

// The class of a verdict's colour. Its letters say the same.
const char* class_of(std::string_view verdict) {
  switch (standing_of(verdict)) {
    case Standing::Passed: return "p";
    case Standing::Faulty: return "e";
    case Standing::NotRun: return "s";
    case Standing::Failed: break;
  }
  return verdict == "TLE" ? "t" : verdict == "MLE" || verdict == "OLE" ? "m" : "f";
}

std::string shown(std::string_view verdict) {
  return verdict.empty() ? "–" : name_text(verdict);
}

std::string chip(std::string_view verdict) {
  return "<span class=\"chip " + std::string(class_of(verdict)) + "\">" + shown(verdict) + "</span>";
}

// --- charts ----------------------------------------------------------------------------------------------------------

constexpr int kChartWidth = 110, kAxis = 92;  // the limit stands at kAxis; what is past it is drawn at the end

int place_on_axis(double part) {
  const double most = static_cast<double>(kChartWidth - 2) / kAxis;
  return static_cast<int>(std::lround(std::clamp(part, 0.0, most) * kAxis));
}

// A bar up to the largest of `parts`, a tick for each, and the limit. The numbers stand beside it as text.
std::string chart(const std::vector<double>& parts, bool has_limit) {
  if (parts.empty()) return "";
  std::set<int> places;
  for (const double part : parts) places.insert(place_on_axis(part));
  std::string text = "<svg width=\"" + std::to_string(kChartWidth) + "\" height=\"14\" aria-hidden=\"true\">";
  text += "<path class=\"track\" d=\"M0 7h" + std::to_string(kAxis) + "\"/><path class=\"reach\" d=\"M0 7h" +
          std::to_string(std::max(1, *places.rbegin())) + "\"/>";
  if (parts.size() > 1) {
    text += "<path class=\"ticks\" d=\"";
    for (const int place : places) text += "M" + std::to_string(place) + " 3v8";
    text += "\"/>";
  }
  if (has_limit) text += "<path class=\"limit\" d=\"M" + std::to_string(kAxis) + " 0v14\"/>";
  return text + "</svg>";
}

double seconds(Duration time) {
  return std::chrono::duration<double>(time).count();
}

// --- the page --------------------------------------------------------------------------------------------------------

class Page {
 public:
  explicit Page(const Board& board) : board_(board) {
    extent_.columns = std::min(board.columns.size(), kMostCellsOfPage);
    extent_.rows = std::min(board.rows.size(),
                            std::max<std::size_t>(1, kMostCellsOfPage / std::max<std::size_t>(1, extent_.columns)));
    for (const Row& row : board.rows) {
      longest_ = std::max(longest_, longest_time(row).value_or(Duration{}));
      largest_ = std::max(largest_, largest_memory(row).value_or(Bytes{}));
      has_expectations_ |= row.expectation.has_value();
      has_scores_ |= row.score.has_value();
    }
    for (const Column& column : board.columns) has_groups_ |= !column.group.empty();
  }

  std::string write() {
    text_.reserve(1 << 16);
    const std::string title = name_text(board_.title.empty() ? "Results" : board_.title);
    text_ +=
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src " +
        hash_source(kPageStyle) + "; script-src " + hash_source(kPageScript) +
        "; base-uri 'none'; form-action 'none'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
        "<title>" +
        title + "</title>\n<style>" + std::string(kPageStyle) + "</style>\n</head>\n<body>\n";
    text_ += "<header>\n<h1>" + title + "</h1>\n";
    add_summary();
    add_facts();
    text_ += "</header>\n<main>\n";
    add_tools();
    is_list() ? add_list() : add_matrix();
    add_left_out();
    text_ +=
        "<p class=\"unseen\" id=\"status\" role=\"status\"></p>\n"
        "<section id=\"detail\" aria-labelledby=\"detail-title\" hidden></section>\n</main>\n";
    text_ += "<script type=\"application/json\" id=\"data\">" + html_data(board_, extent_, kMostTextOfPage) +
             "</script>\n<script>" + std::string(kPageScript) + "</script>\n</body>\n</html>\n";
    return std::move(text_);
  }

 private:
  // One submission is a list of its cases.
  [[nodiscard]] bool is_list() const { return board_.rows.size() == 1 && board_.rows_left_out.empty(); }

  void add_summary() {
    std::map<std::string, std::uint64_t> counts = board_.rows_left_out;
    std::uint64_t rows = board_.rows.size(), unmet = 0, labelled = 0;
    for (const auto& [verdict, count] : counts) rows += count;
    for (const Row& row : board_.rows) {
      ++counts[row.verdict];
      labelled += row.expectation ? 1U : 0U;
      unmet += row.expectation && !row.expectation->met ? 1U : 0U;
    }
    if (is_list()) {
      const Row& row = board_.rows.front();
      text_ += "<p>" + chip(row.verdict) + " " + name_text(row.name) +
               (row.message.empty() ? "" : ": " + message_text(row.message)) +
               (row.score ? "; " + to_string(*row.score) + (row.score_max ? " of " + to_string(*row.score_max) : "") +
                                " points"
                          : "") +
               "</p>\n";
      return;
    }
    text_ += "<p>" + plural(rows, "submission") + ", " + plural(board_.columns.size(), "case") + "</p>\n";
    text_ += "<ul class=\"legend\" aria-label=\"Submissions by verdict\">";
    for (const auto& [verdict, count] : counts) {
      text_ += "<li>" + chip(verdict) + " " + std::to_string(count) + " " +
               name_text(verdict.empty() ? "not judged" : words_of(verdict)) + "</li>";
    }
    text_ += "</ul>\n";
    if (labelled != 0) {
      text_ += "<p>" +
               (unmet == 0 ? "Every labelled submission came to what it is labelled with."
                           : "<span class=\"unmet\">" + std::to_string(unmet) + " of " + std::to_string(labelled) +
                                 " labelled submissions did not come to what they are labelled with.</span>") +
               "</p>\n";
    }
  }

  void add_fact(const std::string& name, const std::string& value) {
    text_ += "<div><dt>" + name_text(name) + "</dt><dd>" + message_text(value) + "</dd></div>";
  }

  void add_facts() {
    text_ += "<dl class=\"facts\">";
    if (board_.time_limit) add_fact("time limit", evalrun::to_string(*board_.time_limit));
    if (board_.memory_limit) add_fact("memory limit", evalrun::to_string(*board_.memory_limit));
    for (const Fact& fact : board_.facts) add_fact(fact.name, fact.value);
    text_ += "</dl>\n";
    if (board_.notes.empty()) return;
    text_ += "<ul class=\"notes\">";
    for (const std::string& note : board_.notes) text_ += "<li>" + message_text(note) + "</li>";
    text_ += "</ul>\n";
  }

  void add_tools() {
    text_ += "<h2 id=\"results-title\">" + std::string(is_list() ? "Cases" : "Submissions and cases") + "</h2>\n";
    text_ += "<div class=\"tools\"><label><input type=\"checkbox\" id=\"only\"> Only what did not pass</label>\n";
    text_ += "<p class=\"hint\" id=\"hint\">Arrow keys move, Enter shows a case, Escape closes it.</p></div>\n";
    std::set<std::string> verdicts;
    bool is_near = false;
    for (std::size_t i = 0; i < extent_.rows; ++i) {
      for (const Cell& cell : board_.rows[i].cells) {
        verdicts.insert(cell.verdict);
        is_near |= cell.near_limit;
      }
    }
    text_ += "<ul class=\"legend\" aria-label=\"Verdicts\">";
    for (const std::string& verdict : verdicts) {
      text_ += "<li>" + chip(verdict) + " " + name_text(words_of(verdict)) + "</li>";
    }
    if (is_near) text_ += "<li>~ near the time limit</li>";
    text_ +=
        "</ul>\n<noscript><p>The details of a case need the page's script, which does not run here.</p></noscript>\n";
  }

  // Against its case's limit; where there is none, against the longest of all.
  [[nodiscard]] double time_part(const Cell& cell, const Column& column) const {
    const std::optional<Duration> limit = column.time_limit ? column.time_limit : board_.time_limit;
    const double whole = seconds(limit ? *limit : longest_);
    return whole > 0 ? seconds(cell.time) / whole : 0;
  }
  [[nodiscard]] double memory_part(const Cell& cell, const Column& column) const {
    const std::optional<Bytes> limit = column.memory_limit ? column.memory_limit : board_.memory_limit;
    const auto whole = static_cast<double>((limit ? *limit : largest_).count);
    return whole > 0 ? static_cast<double>(cell.memory.count) / whole : 0;
  }

  void add_figures(const std::string& classes, const std::string& chart, const std::string& number) {
    text_ += "<td class=\"" + classes + "\">" + chart + "<span>" + number + "</span></td>";
  }

  void add_figures_of(const Row& row) {
    std::vector<double> times, memories;
    bool has_time_limit = board_.time_limit.has_value(), has_memory_limit = board_.memory_limit.has_value();
    for (std::size_t i = 0; i < std::min(row.cells.size(), board_.columns.size()); ++i) {
      if (row.cells[i].verdict.empty()) continue;
      times.push_back(time_part(row.cells[i], board_.columns[i]));
      memories.push_back(memory_part(row.cells[i], board_.columns[i]));
      has_time_limit |= board_.columns[i].time_limit.has_value();
      has_memory_limit |= board_.columns[i].memory_limit.has_value();
    }
    const std::optional<Duration> time = longest_time(row);
    const std::optional<Bytes> memory = largest_memory(row);
    add_figures("n", chart(times, has_time_limit), time ? milliseconds(*time) : "");
    add_figures("n", chart(memories, has_memory_limit), memory ? mebibytes(*memory) : "");
  }

  static std::string score_of(const std::optional<double>& score, const std::optional<double>& most) {
    return !score ? "" : to_string(*score) + (most ? "/" + to_string(*most) : "");
  }

  void open_table(const char* classes) {
    text_ += std::string("<div class=\"scroll") + (is_list() ? " wide" : "") + "\"><table id=\"results\" class=\"" +
             std::string(classes) +
             "\" role=\"grid\" aria-labelledby=\"results-title\" aria-describedby=\"hint\">\n<thead>";
  }

  void add_heading(const std::string& name) { text_ += "<th scope=\"col\">" + name + "</th>"; }

  // Where a case has no group, the folder in its name is one. The other part of the name heads its column.
  static std::string group_of(const Column& column) {
    const std::size_t slash = column.name.rfind('/');
    if (!column.group.empty()) return column.group;
    return slash == column.name.npos ? "" : column.name.substr(0, slash);
  }
  static std::string label_of(const Column& column) {
    const std::size_t slash = column.name.rfind('/');
    return slash == column.name.npos || slash + 1 == column.name.size() ? column.name : column.name.substr(slash + 1);
  }

  void add_group_headings(std::size_t columns_before) {
    const auto first = board_.columns.begin();
    const auto last = first + static_cast<std::ptrdiff_t>(extent_.columns);
    if (std::all_of(first, last, [](const Column& column) { return group_of(column).empty(); })) return;
    text_ += "<tr class=\"groups\"><th colspan=\"" + std::to_string(columns_before) + "\"></th>";
    for (auto at = first; at != last;) {
      const std::string group = group_of(*at);
      const auto end = std::find_if(at, last, [&](const Column& column) { return group_of(column) != group; });
      const std::string name = name_text(group);
      text_ += "<th scope=\"colgroup\" colspan=\"" + std::to_string(end - at) + "\" title=\"" + name + "\">" + name +
               "</th>";
      at = end;
    }
    text_ += "</tr>";
  }

  void add_matrix() {
    open_table("matrix");
    std::vector<std::string> headings = {"Submission", "Verdict"};
    if (has_expectations_) headings.emplace_back("Expected");
    if (has_scores_) headings.emplace_back("Points");
    headings.insert(headings.end(), {"Time", "Memory"});
    add_group_headings(headings.size());
    text_ += "<tr>";
    for (const std::string& heading : headings) add_heading(heading);
    for (std::size_t i = 0; i < extent_.columns; ++i) {
      const Column& column = board_.columns[i];
      const char* secret = column.disclosure == Disclosure::Secret ? " (secret)" : "";
      const std::string name = name_text(column.name) + secret;
      text_ += "<th scope=\"col\" class=\"case\" title=\"" + name + "\"><span>" + name_text(label_of(column)) + secret +
               "</span></th>";
    }
    text_ += "</tr></thead>\n<tbody>\n";
    for (std::size_t i = 0; i < extent_.rows; ++i) add_row(i);
    text_ += "</tbody></table></div>\n";
  }

  void add_row(std::size_t index) {
    const Row& row = board_.rows[index];
    const bool is_well = row.expectation ? row.expectation->met : standing_of(row.verdict) == Standing::Passed;
    const std::string name = name_text(row.name);
    text_ += "<tr data-r=\"" + std::to_string(index) + "\"" + (is_well ? " class=\"ok\"" : "") +
             "><th scope=\"row\" title=\"" + name + "\">" + name +
             (row.language.empty() ? "" : "<small>" + name_text(row.language) + "</small>") + "</th><td>" +
             chip(row.verdict) + "</td>";
    if (has_expectations_) {
      text_ += !row.expectation       ? "<td></td>"
               : row.expectation->met ? "<td>" + name_text(row.expectation->expected) + "</td>"
                                      : "<td class=\"unmet\">✗ " + name_text(row.expectation->expected) + "</td>";
    }
    if (has_scores_) text_ += "<td class=\"n\">" + score_of(row.score, row.score_max) + "</td>";
    add_figures_of(row);
    for (std::size_t i = 0; i < extent_.columns; ++i) {
      const std::string_view verdict = verdict_of(row, i);
      const bool is_near = i < row.cells.size() && row.cells[i].near_limit;
      text_ += "<td class=\"v " + std::string(class_of(verdict)) + "\" data-c=\"" + std::to_string(i) + "\">" +
               shown(verdict) + (is_near ? "~" : "") + "</td>";
    }
    text_ += "</tr>\n";
  }

  void add_list() {
    const Row& row = board_.rows.front();
    open_table("list");
    text_ += "<tr>";
    add_heading("Case");
    if (has_groups_) add_heading("Group");
    add_heading("Verdict");
    if (has_scores_) add_heading("Points");
    add_heading("Time");
    add_heading("Memory");
    add_heading("Message");
    text_ += "</tr></thead>\n<tbody>\n<tr data-r=\"0\"><th scope=\"row\">all" +
             (row.language.empty() ? "" : "<small>" + name_text(row.language) + "</small>") + "</th>" +
             (has_groups_ ? "<td></td>" : "") + "<td>" + chip(row.verdict) + "</td>";
    if (has_scores_) text_ += "<td class=\"n\">" + score_of(row.score, row.score_max) + "</td>";
    add_figures_of(row);
    text_ += "<td class=\"w\">" + message_text(row.message.empty() ? row.skipped : row.message) + "</td></tr>\n";
    for (std::size_t i = 0; i < extent_.columns; ++i) add_case(row, i);
    text_ += "</tbody></table></div>\n";
  }

  void add_case(const Row& row, std::size_t index) {
    const Column& column = board_.columns[index];
    const Cell none;
    const Cell& cell = index < row.cells.size() ? row.cells[index] : none;
    const bool is_run = !cell.verdict.empty();
    const std::string name = name_text(column.name);
    text_ += "<tr data-r=\"0\" data-c=\"" + std::to_string(index) + "\"" +
             (standing_of(cell.verdict) == Standing::Passed ? " class=\"ok\"" : "") + "><th scope=\"row\" title=\"" +
             name + "\">" + name + (column.disclosure == Disclosure::Secret ? "<small>secret</small>" : "") + "</th>";
    if (has_groups_) text_ += "<td>" + name_text(column.group) + "</td>";
    text_ += "<td>" + chip(cell.verdict) + (cell.near_limit ? " ~" : "") + "</td>";
    if (has_scores_) text_ += "<td class=\"n\">" + score_of(cell.score, cell.score_max) + "</td>";
    const bool has_time_limit = column.time_limit || board_.time_limit;
    const bool has_memory_limit = column.memory_limit || board_.memory_limit;
    add_figures("n", is_run ? chart({time_part(cell, column)}, has_time_limit) : "",
                is_run ? milliseconds(cell.time) : "");
    add_figures("n", is_run ? chart({memory_part(cell, column)}, has_memory_limit) : "",
                is_run ? mebibytes(cell.memory) : "");
    const std::string& why = !is_run ? cell.skipped : cell.feedback.empty() ? cell.message : cell.feedback;
    text_ += "<td class=\"w\">" + message_text(why) + "</td></tr>\n";
  }

  void add_left_out() {
    std::uint64_t rows = board_.rows.size() - extent_.rows;
    for (const auto& [verdict, count] : board_.rows_left_out) rows += count;
    const std::size_t columns = board_.columns.size() - extent_.columns;
    if (rows == 0 && columns == 0) return;
    text_ +=
        "<p class=\"muted\">Not in the table, but counted above: " + (rows != 0 ? plural(rows, "submission") : "") +
        (rows != 0 && columns != 0 ? ", " : "") + (columns != 0 ? plural(columns, "case") : "") + ".</p>\n";
  }

  const Board& board_;
  Extent extent_;
  Duration longest_{};
  Bytes largest_;
  bool has_expectations_ = false, has_scores_ = false, has_groups_ = false;
  std::string text_;
};

}  // namespace

std::string html_report(const Board& board) {
  return Page(board).write();
}

}  // namespace evalrun::report
