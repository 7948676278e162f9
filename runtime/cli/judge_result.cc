#include "runtime/cli/judge_result.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "runtime/contest/expectation.h"
#include "runtime/core/base64.h"
#include "runtime/core/plural.h"
#include "runtime/core/text.h"
#include "runtime/judge/blame.h"
#include "runtime/judge/dialogue.h"
#include "runtime/judge/scoring.h"
#include "runtime/report/figures.h"
#include "runtime/report/grade_report.h"
#include "runtime/report/result_board.h"

namespace evalrun::cli {
namespace {

using report::mebibytes;
using report::padded_left;
using report::seconds;

using contest::Judged;
using judge::CaseGrade;
using nlohmann::ordered_json;
using Value = nlohmann::json;

constexpr std::size_t kWidestName = 44;
constexpr std::size_t kWidestMessage = 160;

// --- to JSON ---------------------------------------------------------------------------------------------------------

void add_bytes(ordered_json& to, const std::string& bytes) {
  if (is_shown_as_text(bytes)) {
    to["text"] = bytes;
  } else {
    to["base64"] = base64(bytes);
  }
}

void add_pieces(ordered_json& to, const std::vector<judge::TranscriptPiece>& pieces) {
  for (const judge::TranscriptPiece& piece : pieces) {
    ordered_json one = {{"from", judge::name_of(piece.from)},
                        {"at_us", std::chrono::duration_cast<std::chrono::microseconds>(piece.at).count()}};
    add_bytes(one, piece.bytes);
    to.push_back(std::move(one));
  }
}

ordered_json dialogue_json(const judge::DialogueEnd& end) {
  ordered_json pieces = ordered_json::array();
  add_pieces(pieces, end.transcript.beginning);
  add_pieces(pieces, end.transcript.end);
  ordered_json json = {{"ends", json_text(judge::describe(end))}, {"transcript", std::move(pieces)}};
  json["left_out"] = end.transcript.left_out_pieces;
  return json;
}

void add_judgement(ordered_json& json, const CaseGrade& grade) {
  if (grade.verdict) json["verdict"] = judge::kattis_name_of(*grade.verdict);
  if (!grade.why_skipped.empty()) json[grade.verdict ? "not_counted" : "skipped"] = json_text(grade.why_skipped);
  if (!grade.same_as.empty()) json["same_as"] = json_text(grade.same_as);
  if (grade.score) json["score"] = *grade.score;
  if (!grade.score && grade.share) json["share"] = *grade.share;
  if (grade.passes > 1) json["passes"] = grade.passes;
  if (!grade.team_message.empty()) json["team_message"] = json_text(grade.team_message);
  if (!grade.rule.empty()) json["rule"] = json_text(grade.rule);
  if (!grade.opinions.empty()) json["by_other_rules"] = judge::describe(grade.opinions);
  if (grade.dialogue) json["dialogue"] = dialogue_json(*grade.dialogue);
  if (grade.jury_fault) {
    ordered_json argv = ordered_json::array();
    for (const std::string& word : grade.jury_fault->argv) argv.push_back(json_text(word));
    json["jury_fault"] = {{"program", json_text(grade.jury_fault->program)},
                          {"what", json_text(grade.jury_fault->what)},
                          {"argv", std::move(argv)},
                          {"stderr", json_text(grade.jury_fault->error_output)}};
  }
}

ordered_json groups_json(const Judged& one) {
  ordered_json groups = ordered_json::array();
  for (std::size_t i = 1; i < one.grade.groups.size(); ++i) {
    const judge::GroupGrade& group = one.grade.groups[i];
    ordered_json json = {{"name", json_text(one.task->groups[i].name)}};
    json["verdict"] = group.verdict ? ordered_json(judge::kattis_name_of(*group.verdict)) : ordered_json(nullptr);
    if (group.verdict) json["score"] = group.score;
    if (!group.why_not_run.empty()) json["skipped"] = json_text(group.why_not_run);
    groups.push_back(std::move(json));
  }
  return groups;
}

// --- from JSON -------------------------------------------------------------------------------------------------------

const Value& member(const Value& object, const char* key) {
  static const Value kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

std::string text_in(const Value& object, const char* key) {
  const Value& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::optional<double> number_in(const Value& object, const char* key) {
  const Value& value = member(object, key);
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

std::uint64_t count_in(const Value& object, const char* key) {
  const Value& value = member(object, key);
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

std::string bytes_in(const Value& object) {
  const std::string encoded = text_in(object, "base64");
  return is_base64(encoded) && !encoded.empty() ? bytes_of_base64(encoded) : text_in(object, "text");
}

void add_transcript(report::Cell& cell, const Value& dialogue) {
  using Direction = report::Exchange::Direction;
  const Value& pieces = member(dialogue, "transcript");
  if (!pieces.is_array()) return;
  for (const Value& piece : pieces) {
    const std::string bytes = bytes_in(piece);
    cell.transcript.push_back(
        {.direction = text_in(piece, "from") == "interactor" ? Direction::ToSubmission : Direction::FromSubmission,
         .at = std::chrono::microseconds(static_cast<std::int64_t>(count_in(piece, "at_us"))),
         .text = report::excerpt_of(bytes, bytes.size())});
  }
  cell.exchanges_left_out = count_in(dialogue, "left_out");
}

void add_fact(report::Cell& cell, const char* name, std::string value) {
  if (!value.empty()) cell.facts.push_back({name, std::move(value)});
}

void add_judgement(report::Cell& cell, const Value& one) {
  cell.skipped = text_in(one, "skipped");
  cell.score = number_in(one, "score");
  if (!cell.score) cell.score = number_in(one, "points");
  // What the jury's program says is the jury's; a built-in checker's word is for everybody.
  if (member(one, "by_program").is_boolean())
    cell.jury_feedback = std::exchange(cell.feedback, text_in(one, "team_message"));
  add_fact(cell, "does not count", text_in(one, "not_counted"));
  add_fact(cell, "rule", text_in(one, "rule"));
  add_fact(cell, "by other rules", text_in(one, "by_other_rules"));
  add_fact(cell, "same run as case", text_in(one, "same_as"));
  if (const std::uint64_t passes = count_in(one, "passes")) add_fact(cell, "passes", std::to_string(passes));
  const Value& dialogue = member(one, "dialogue");
  add_fact(cell, "ends", text_in(dialogue, "ends"));
  add_transcript(cell, dialogue);
}

bool is_judged_by_program(const Task& task, const Case& one) {
  return task.interaction || judge::programs_judging(task, one) != nullptr;
}

// --- the table -------------------------------------------------------------------------------------------------------

// "7/8": of the cases that were run, how many passed.
std::string cases_passed(const report::Board& board, const report::Row& row) {
  std::size_t passed = 0;
  for (const report::Cell& cell : row.cells) {
    passed += report::standing_of(cell.verdict) == report::Standing::Passed ? 1 : 0;
  }
  return std::to_string(passed) + "/" + std::to_string(board.columns.size());
}

std::string shortened(std::string text) {
  if (text.size() <= kWidestMessage) return text;
  std::size_t end = kWidestMessage;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

// A fault of the jury is told whole: its message names the program, its words and its standard error.
std::string remark_of(const report::Row& row) {
  if (row.verdict.empty()) return one_line(row.skipped);
  const std::string message = one_line(row.message);
  switch (report::standing_of(row.verdict)) {
    case report::Standing::Passed: break;
    case report::Standing::Faulty: return message;
    case report::Standing::Failed:
    case report::Standing::NotRun: return shortened(message);
  }
  const bool near = std::ranges::any_of(row.cells, &report::Cell::near_limit);
  return near ? "near the time limit" : "";
}

}  // namespace

ordered_json to_result(const Judged& one, const problem::Problem& problem) {
  ordered_json json = {{"submission", json_text(one.name)}};
  if (one.refusal) {
    json["verdict"] = nullptr;
    json["skipped"] = json_text(one.refusal->message);
    return json;
  }
  const bool has_groups = !one.task->groups.empty();
  json["language"] = one.language;
  json["time_limit_us"] = std::chrono::duration_cast<std::chrono::microseconds>(one.limit).count();
  json["slowest_us"] = std::chrono::duration_cast<std::chrono::microseconds>(one.slowest).count();
  json["near_limit"] = one.is_near_limit;
  json["runs"] = one.runs;
  json.update(
      ordered_json::parse(report::to_json(report::GradeReport{*one.task, one.grade, {}}, report::Layout::OneLine)));
  json["verdict"] = judge::kattis_name_of(one.grade.verdict);
  if (has_groups) {
    json.erase("score_max");
    json.erase("score");
    if (problem.types.scoring) json["score"] = one.grade.groups.empty() ? 0.0 : one.grade.groups[0].score;
    json["groups"] = groups_json(one);
  }
  for (std::size_t i = 0; i < one.grade.cases.size(); ++i) {
    ordered_json& made = json["cases"][i];
    if (has_groups) {
      made.erase("points");
      made.erase("points_max");
    }
    add_judgement(made, one.grade.cases[i]);
    if (is_judged_by_program(*one.task, one.task->cases[i])) made["by_program"] = true;
  }
  if (one.labelled != nullptr && !contest::words_of(one.labelled->expected).empty()) {
    const auto mismatches = contest::mismatches(problem, one.labelled->expected, *one.task, one.grade);
    json["label"] = {{"says", json_text(contest::words_of(one.labelled->expected))}, {"met", mismatches.empty()}};
  }
  return json;
}

report::Board judge_board(const contest::Tasks& tasks, Duration limit) {
  const problem::Problem& problem = tasks.problem();
  report::Board board = report::board_of(tasks.common());
  board.title = problem.name.empty() ? problem.short_name : problem.name;
  board.facts = {{"type", problem::type_words(problem)}, {"time limit", to_string(limit)}};
  board.time_limit = limit;
  board.memory_limit = problem.limits.memory;
  for (std::size_t i = 0; i < board.columns.size() && i < problem.cases.size(); ++i) {
    report::Column& column = board.columns[i];
    const problem::Case& one = problem.cases[i];
    column.time_limit = tasks.common().cases[i].time_limit;
    column.memory_limit.reset();
    if (!one.is_sample && !one.full_feedback) column.disclosure = Disclosure::Secret;
  }
  return board;
}

void add_result(report::Board& board, const ordered_json& ordered) {
  const Value result = ordered;
  report::Row row{.name = text_in(result, "submission"), .language = text_in(result, "language")};
  if (member(result, "verdict").is_null()) {
    row.skipped = text_in(result, "skipped");
    board.rows.push_back(std::move(row));
    return;
  }
  if (const Value& label = member(result, "label"); label.is_object()) {
    row.expectation = report::Expectation{text_in(label, "says"), member(label, "met") == Value(true)};
  }
  if (const Value& groups = member(result, "groups"); groups.is_array()) {
    for (const Value& group : groups) {
      row.groups.push_back(
          {.name = text_in(group, "name"), .verdict = text_in(group, "verdict"), .score = number_in(group, "score")});
    }
  }
  report::add_result(board, std::move(row), result);
  report::Row& added = board.rows.back();
  const Value& cases = member(result, "cases");
  if (!cases.is_array()) return;
  for (std::size_t i = 0; i < std::min(cases.size(), added.cells.size()); ++i) add_judgement(added.cells[i], cases[i]);
}

int exit_status_of(const ordered_json& result) {
  const ordered_json& verdict = result.at("verdict");
  if (!verdict.is_string()) return 1;
  switch (report::standing_of(verdict.get<std::string>())) {
    case report::Standing::Passed: return 0;
    case report::Standing::Failed:
    case report::Standing::NotRun: return 1;
    case report::Standing::Faulty: break;
  }
  return 3;
}

std::string to_json(const problem::Problem& problem, Duration limit, const std::vector<ordered_json>& results) {
  ordered_json json = {{"version", 1}};
  json["problem"] = {{"name", json_text(problem.name.empty() ? problem.short_name : problem.name)},
                     {"type", problem::type_words(problem)},
                     {"cases", problem.cases.size()}};
  json["time_limit_us"] = std::chrono::duration_cast<std::chrono::microseconds>(limit).count();
  json["submissions"] = results;
  return report::written(json, report::Layout::Indented);
}

std::string heading(const problem::Problem& problem, Duration limit) {
  return one_line(problem.name.empty() ? problem.short_name : problem.name) + ": " + problem::type_words(problem) +
         ", " + plural(problem.cases.size(), "case") + ", time limit " + seconds(limit) + "\n";
}

std::string class_table(const report::Board& board) {
  std::size_t width = 10;
  bool scores = false;
  for (const report::Row& row : board.rows) {
    width = std::max(width, std::min(kWidestName, one_line(row.name).size()));
    scores = scores || row.score.has_value();
  }
  std::string text = padded("submission", width + 2) + padded("verdict", 9) + (scores ? padded("score", 9) : "") +
                     padded("cases", 9) + padded_left("time", 9) + padded_left("memory", 13) + "\n";
  std::map<std::string, std::size_t> counts;
  for (const report::Row& row : board.rows) {
    ++counts[row.verdict.empty() ? "not judged" : row.verdict];
    std::string line = padded(one_line(row.name), width + 2) + padded(row.verdict.empty() ? "-" : row.verdict, 9);
    if (!row.verdict.empty()) {
      if (scores) line += padded(row.score ? report::to_string(*row.score) : "-", 9);
      line += padded(cases_passed(board, row), 9);
      const auto time = report::longest_time(row);
      line += padded_left(time ? seconds(*time) : "-", 9);
      const auto memory = report::largest_memory(row);
      line += padded_left(memory ? mebibytes(*memory) : "-", 13) + "  ";
    }
    line += remark_of(row);
    while (line.ends_with(' ')) line.pop_back();
    text += line + "\n";
  }
  text += plural(board.rows.size(), "submission");
  const char* between = ": ";
  for (const auto& [verdict, count] : counts) {
    text += between + std::to_string(count) + " " + verdict;
    between = ", ";
  }
  return text + "\n";
}

}  // namespace evalrun::cli
