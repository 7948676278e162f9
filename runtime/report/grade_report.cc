#include "runtime/report/grade_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/core/text.h"
#include "runtime/judge/verdict.h"
#include "runtime/report/figures.h"

namespace evalrun::report {
namespace {

using nlohmann::ordered_json;

// The longest name that the table makes room for.
constexpr std::size_t kNameWidth = 24;

void add_run(ordered_json& json, const supervise::RunResult& run) {
  json["outcome"] = to_json(run.outcome);
  json["limits_met"] = to_json(run.limits_met);
  add_measurements(json, run);
  json["stdout"] = to_json(run.output);
  json["stderr"] = to_json(run.error_output);
  json["violations"] = to_json(run.violations);
  json["violations_total"] = run.violations_total;
}

void add_tail(ordered_json& json, const supervise::RunResult& run) {
  json["timing_us"] = {{"setup", to_microseconds(run.setup)},
                       {"run", to_microseconds(run.run)},
                       {"teardown", to_microseconds(run.teardown)}};
  ordered_json warnings = warnings_json(run);
  if (!warnings.empty()) json["warnings"] = std::move(warnings);
}

ordered_json compile_json(const judge::CompileGrade& compile) {
  ordered_json json = {{"verdict", judge::name_of(compile.verdict)}, {"message", json_text(compile.message)}};
  add_run(json, compile.run);
  add_tail(json, compile.run);
  return json;
}

ordered_json place_json(const judge::Place& place) {
  return {{"byte", place.byte}, {"line", place.line}};
}

ordered_json difference_json(const judge::Difference& difference, const std::string& file) {
  ordered_json json = {{"output", place_json(difference.found)}, {"expected", place_json(difference.expected)}};
  if (!file.empty()) json["file"] = json_text(file);
  return json;
}

ordered_json case_json(const Case& one, const judge::CaseGrade& grade) {
  ordered_json json = {{"name", json_text(one.name)}, {"group", json_text(one.group)}};
  json["verdict"] = grade.verdict ? ordered_json(judge::name_of(*grade.verdict)) : ordered_json(nullptr);
  json["points"] = grade.points;
  json["points_max"] = one.points;
  if (!grade.verdict) {
    json["message"] = "not run";
    return json;
  }
  json["message"] = json_text(grade.message);
  json["feedback"] = json_text(grade.feedback);
  if (grade.difference) json["difference"] = difference_json(*grade.difference, one.output_file);
  add_run(json, grade.run);
  add_tail(json, grade.run);
  return json;
}

// The run whose layers and host stand for all: they are the same for each.
const supervise::RunResult* some_run(const judge::Grade& grade) {
  for (const judge::CaseGrade& one : grade.cases) {
    if (one.verdict && one.verdict != judge::Verdict::Ie) return &one.run;
  }
  return grade.run ? &*grade.run : grade.compile ? &grade.compile->run : nullptr;
}

std::string padded_left(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text + "  ";
}

std::string row(const Case& one, const judge::CaseGrade& grade, std::size_t width) {
  std::string text = padded(one_line(one.name), width + 2);
  if (!grade.verdict) return text + "-    not run\n";
  text += padded(judge::name_of(*grade.verdict), 5) +
          padded_left(std::to_string(grade.points) + "/" + std::to_string(one.points), 6) +
          padded_left(milliseconds(grade.run.cpu.total()), 11) + padded_left(milliseconds(grade.run.wall), 11) +
          padded_left(mebibytes(grade.run.memory.peak), 10);
  if (grade.verdict != judge::Verdict::Ac) text += one_line(grade.feedback.empty() ? grade.message : grade.feedback);
  while (text.ends_with(' ')) text.pop_back();
  return text + "\n";
}

// What a program that failed has said, below the table.
std::string words_of_failure(const Case& one, const judge::CaseGrade& grade) {
  std::string text;
  if (!grade.verdict) return text;
  for (const std::string& warning : grade.run.warnings) {
    text += "case " + one_line(one.name) + ": warning: " + one_line(warning) + "\n";
  }
  if (*grade.verdict == judge::Verdict::Ac || grade.run.error_output.kept.empty()) return text;
  text += "case " + one_line(one.name) + ", stderr" + (grade.run.error_output.truncated ? " (cut)" : "") + ":\n" +
          printable(grade.run.error_output.kept);
  return text.ends_with('\n') ? text : text + "\n";
}

}  // namespace

std::string to_json(const GradeReport& report, Layout layout) {
  const judge::Grade& grade = report.grade;
  ordered_json json = {{"version", 1}};
  json["plan"] = {{"name", json_text(report.task.plan.origin.name)}, {"sha256", report.task.plan.origin.sha256}};
  json["verdict"] = judge::name_of(grade.verdict);
  if (grade.run) json["outcome"] = nullptr;  // keeps its place in front of the message
  json["message"] = json_text(grade.message);
  if (!grade.cases.empty()) {
    json["score"] = grade.score;
    json["score_max"] = grade.score_max;
  }
  if (grade.run) {
    add_run(json, *grade.run);
    json["files"] = to_json(grade.run->files);
  }
  if (grade.compile) json["compile"] = compile_json(*grade.compile);
  if (!grade.cases.empty()) {
    ordered_json& cases = json["cases"] = ordered_json::array();
    for (std::size_t i = 0; i < grade.cases.size(); ++i) {
      cases.push_back(case_json(report.task.cases[i], grade.cases[i]));
    }
  }
  const supervise::RunResult* run = some_run(grade);
  if (run != nullptr) json["layers"] = to_json(run->layers);
  json["timing_us"] = {{"total", to_microseconds(report.took)}};
  if (run != nullptr) json["host"] = host_json(*run);
  return written(json, layout);
}

std::string to_text(const GradeReport& report) {
  const judge::Grade& grade = report.grade;
  std::string text = std::string(judge::name_of(grade.verdict)) + "  " + one_line(grade.message);
  if (!grade.cases.empty()) {
    text += "; " + std::to_string(grade.score) + " of " + std::to_string(grade.score_max) + " points";
  }
  text += "\n";
  if (grade.compile) {
    const supervise::RunResult& run = grade.compile->run;
    text += "compile: " + one_line(grade.compile->message) + "; cpu " + milliseconds(run.cpu.total()) + ", memory " +
            mebibytes(run.memory.peak) + "\n";
    if (grade.compile->verdict != judge::Verdict::Ok) {
      text += printable(run.output.kept) + printable(run.error_output.kept);
    }
  }
  if (grade.run) {
    text += "cpu " + milliseconds(grade.run->cpu.total()) + ", wall " + milliseconds(grade.run->wall) + ", memory " +
            mebibytes(grade.run->memory.peak) + "\n" + printable(grade.run->output.kept) +
            printable(grade.run->error_output.kept);
  }
  const bool was_compiled = !grade.compile || grade.compile->verdict == judge::Verdict::Ok;
  if (grade.cases.empty() || !was_compiled) return text;
  std::size_t width = 4;
  for (const Case& one : report.task.cases) width = std::max(width, std::min(kNameWidth, one_line(one.name).size()));
  text += padded("case", width + 2) + padded("", 5) + padded_left("points", 6) + padded_left("cpu", 11) +
          padded_left("wall", 11) + padded_left("memory", 10);
  while (text.ends_with(' ')) text.pop_back();
  text += "\n";
  for (std::size_t i = 0; i < grade.cases.size(); ++i) text += row(report.task.cases[i], grade.cases[i], width);
  for (std::size_t i = 0; i < grade.cases.size(); ++i) text += words_of_failure(report.task.cases[i], grade.cases[i]);
  if (const supervise::RunResult* run = some_run(grade)) text += noise_line(run->noise);
  return text;
}

}  // namespace evalrun::report
