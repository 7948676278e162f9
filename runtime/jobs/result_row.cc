#include "runtime/jobs/result_row.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "runtime/core/text.h"

namespace evalrun::jobs {
namespace {

using nlohmann::json;

constexpr std::size_t kIdWidth = 24;

struct Row {
  std::string id, line, verdict, score, score_max, message;
  std::uint64_t cpu_us = 0, wall_us = 0, memory_bytes = 0;
  bool has_figures = false;
};

std::string text_in(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::uint64_t number_in(const json& object, const char* section, const char* key) {
  const auto found = object.find(section);
  if (found == object.end()) return 0;
  return key == nullptr ? found->get<std::uint64_t>() : found->value(key, std::uint64_t{0});
}

void add_figures(Row& row, const json& run) {
  if (!run.contains("cpu")) return;
  row.has_figures = true;
  row.cpu_us = std::max(row.cpu_us, number_in(run, "cpu", "total_us"));
  row.wall_us = std::max(row.wall_us, number_in(run, "wall_us", nullptr));
  row.memory_bytes = std::max(row.memory_bytes, number_in(run, "memory", "peak_bytes"));
}

Row read(const std::string& line) {
  // What the program wrote is no part of a row, and may be long.
  const auto keep = [](int, json::parse_event_t event, json& parsed) {
    return event != json::parse_event_t::key || (parsed != "stdout" && parsed != "stderr");
  };
  const json whole = json::parse(line, keep, false);
  Row row;
  if (!whole.is_object()) return row;
  row.id = text_in(whole, "id");
  row.line = text_in(whole, "line");
  if (whole.contains("error")) {
    row.message = text_in(whole, "error");
    return row;
  }
  const json result = whole.value("result", json::object());
  row.verdict = text_in(result, "verdict");
  row.score = text_in(result, "score");
  row.score_max = text_in(result, "score_max");
  row.message = text_in(result, "message");
  const json runs = result.value(result.contains("steps") ? "steps" : "cases", json::array());
  if (runs.empty()) add_figures(row, result);
  for (const json& one : runs) add_figures(row, one);
  return row;
}

std::string csv_row(const Row& row) {
  const auto figure = [&](std::uint64_t value) { return row.has_figures ? std::to_string(value) : std::string(); };
  std::string text;
  for (const std::string& field : {row.id, row.line, row.verdict, row.score, row.score_max, figure(row.cpu_us),
                                   figure(row.wall_us), figure(row.memory_bytes)}) {
    text += csv_field(field) + ",";
  }
  return text + csv_field(row.message) + "\n";
}

std::string right(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text + "  ";
}

std::string tenths(std::uint64_t value, std::uint64_t unit, const char* name) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", static_cast<double>(value) / static_cast<double>(unit), name);
  return text;
}

std::string text_row(const Row& row) {
  const auto figure = [&](std::uint64_t value, std::uint64_t unit, const char* name) {
    return row.has_figures ? tenths(value, unit, name) : std::string();
  };
  std::string text = padded(row.id.empty() ? "line " + row.line : one_line(row.id), kIdWidth) +
                     padded(row.verdict.empty() ? "-" : row.verdict, 5) +
                     right(row.score_max.empty() ? "" : row.score + "/" + row.score_max, 7) +
                     right(figure(row.cpu_us, 1000, "ms"), 11) + right(figure(row.wall_us, 1000, "ms"), 11) +
                     right(figure(row.memory_bytes, 1 << 20, "MiB"), 10) + one_line(row.message);
  while (text.ends_with(' ')) text.pop_back();
  return text + "\n";
}

}  // namespace

std::string header_of(ResultForm form) {
  switch (form) {
    case ResultForm::JsonLines: return "";
    case ResultForm::Csv: return "id,line,verdict,score,score_max,cpu_us,wall_us,memory_peak_bytes,message\n";
    case ResultForm::Text:
      return padded("id", kIdWidth) + padded("", 5) + right("score", 7) + right("cpu", 11) + right("wall", 11) +
             right("memory", 10) + "message\n";
  }
  return "";
}

std::string row_of(std::string line, ResultForm form) {
  switch (form) {
    case ResultForm::JsonLines: return std::move(line += "\n");
    case ResultForm::Csv: return csv_row(read(line));
    case ResultForm::Text: return text_row(read(line));
  }
  return "";
}

}  // namespace evalrun::jobs
