#include "runtime/report/grade_report.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "runtime/core/base64.h"
#include "runtime/core/text.h"
#include "runtime/judge/verdict.h"
#include "runtime/report/board.h"
#include "runtime/report/figures.h"
#include "runtime/testreports/test_line.h"

namespace evalrun::report {
namespace {

using nlohmann::ordered_json;

// The longest name that the table makes room for.
constexpr std::size_t kNameWidth = 24;

// Of each end of a transcript.
constexpr std::uint64_t kTranscriptEnd = 4096;

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

// A whole number where it is one: clients that know no parts of points go on reading them.
ordered_json points_json(double points) {
  constexpr double kExact = 1e15;
  const double rounded = std::round(points * 1e6) / 1e6;
  if (rounded >= 0 && rounded < kExact && rounded == std::floor(rounded)) return static_cast<std::uint64_t>(rounded);
  return rounded;
}

ordered_json jury_fault_json(const judge::JuryFault& fault) {
  ordered_json argv = ordered_json::array();
  for (const std::string& word : fault.argv) argv.push_back(json_text(word));
  return {{"program", json_text(fault.program)},
          {"argv", std::move(argv)},
          {"what", json_text(fault.what)},
          {"stderr", json_text(fault.error_output)}};
}

ordered_json piece_json(const judge::TranscriptPiece& piece) {
  ordered_json json = {{"from", judge::name_of(piece.from)}, {"at_us", to_microseconds(piece.at)}};
  if (is_shown_as_text(piece.bytes)) {
    json["text"] = json_text(piece.bytes);
  } else {
    json["base64"] = base64(piece.bytes);
  }
  return json;
}

// How many of the pieces from `begin` on, or back from the end, are within the excerpt.
template <typename Pieces>
std::size_t fitting(const Pieces& pieces) {
  std::uint64_t bytes = 0;
  std::size_t count = 0;
  for (const judge::TranscriptPiece* piece : pieces) {
    bytes += piece->bytes.size() + judge::TranscriptKeeper::kPieceCost;
    if (bytes > kTranscriptEnd && count > 0) break;
    ++count;
  }
  return count;
}

// The beginning and the end of what was said.
void add_transcript(ordered_json& json, const judge::Transcript& transcript) {
  std::vector<const judge::TranscriptPiece*> pieces;
  for (const auto& piece : transcript.beginning) pieces.push_back(&piece);
  const std::size_t gap = pieces.size();  // what was not kept stands here
  for (const auto& piece : transcript.end) pieces.push_back(&piece);
  const std::size_t first = std::min(fitting(pieces), gap);
  std::vector<const judge::TranscriptPiece*> backwards(pieces.rbegin(),
                                                       pieces.rend() - static_cast<std::ptrdiff_t>(first));
  const std::size_t last = fitting(backwards);
  std::uint64_t left_out_bytes = transcript.left_out_bytes;
  ordered_json& list = json["transcript"] = ordered_json::array();
  for (std::size_t i = 0; i < first; ++i) list.push_back(piece_json(*pieces[i]));
  for (std::size_t i = first; i + last < pieces.size(); ++i) left_out_bytes += pieces[i]->bytes.size();
  for (std::size_t i = pieces.size() - last; i < pieces.size(); ++i) list.push_back(piece_json(*pieces[i]));
  json["transcript_pieces_left_out"] = transcript.left_out_pieces + (pieces.size() - first - last);
  json["transcript_bytes_left_out"] = left_out_bytes;
  json["transcript_gap_after"] = first;
}

ordered_json dialogue_json(const judge::DialogueEnd& end) {
  ordered_json json;
  json["ended_first"] = end.first ? ordered_json(judge::name_of(*end.first)) : ordered_json(nullptr);
  json["message"] = json_text(judge::describe(end));
  const auto side = [](const judge::SideEnd& one) {
    return ordered_json{{"bytes_said", one.said}, {"bytes_unread", one.unread}};
  };
  ordered_json interactor = {{"outcome", to_json(end.interactor.run.outcome)}};
  interactor.update(side(end.interactor));
  add_measurements(interactor, end.interactor.run);
  interactor["stderr"] = to_json(end.interactor.run.error_output);
  json["interactor"] = std::move(interactor);
  json["submission"] = side(end.submission);
  add_transcript(json, end.transcript);
  return json;
}

// What a program of the jury, a rule set or a dialogue adds to a case.
void add_judging(ordered_json& json, const judge::CaseGrade& grade) {
  if (grade.share) json["share"] = *grade.share;
  if (!grade.team_message.empty()) json["team_message"] = json_text(grade.team_message);
  if (grade.passes > 1) json["passes"] = grade.passes;
  if (!grade.rule.empty()) json["rule"] = json_text(grade.rule);
  if (!grade.opinions.empty()) json["rules_disagree"] = json_text(judge::describe(grade.opinions));
  if (grade.jury_fault) json["jury_fault"] = jury_fault_json(*grade.jury_fault);
  if (grade.dialogue) json["dialogue"] = dialogue_json(*grade.dialogue);
}

ordered_json case_json(const Case& one, const judge::CaseGrade& grade) {
  ordered_json json = {{"name", json_text(one.name)}, {"group", json_text(one.group)}};
  json["verdict"] = grade.verdict ? ordered_json(judge::name_of(*grade.verdict)) : ordered_json(nullptr);
  json["points"] = points_json(grade.points);
  json["points_max"] = one.points;
  if (!grade.verdict) {
    json["message"] = grade.message.empty() ? "not run" : json_text(grade.message);
    if (!grade.why_skipped.empty()) json["skipped"] = json_text(grade.why_skipped);
    return json;
  }
  json["message"] = json_text(grade.message);
  json["feedback"] = json_text(grade.feedback);
  add_judging(json, grade);
  if (grade.difference) json["difference"] = difference_json(*grade.difference, one.output_file);
  add_run(json, grade.run);
  add_tail(json, grade.run);
  return json;
}

ordered_json step_json(const PlanStep& step, const judge::StepGrade& grade) {
  ordered_json json = {{"name", json_text(step.name)}};
  json["verdict"] = grade.verdict ? ordered_json(judge::name_of(*grade.verdict)) : ordered_json(nullptr);
  json["message"] = grade.verdict ? json_text(grade.message) : "not run";
  if (!grade.verdict) return json;
  add_run(json, grade.run);
  add_tail(json, grade.run);
  return json;
}

// What was collected, from the last step that ran.
ordered_json files_of_steps(const std::vector<judge::StepGrade>& grades) {
  for (const judge::StepGrade& grade : grades) {
    if (!grade.run.files.empty()) return to_json(grade.run.files);
  }
  return ordered_json::array();
}

std::string words_of_step(const PlanStep& step, const judge::StepGrade& grade) {
  std::string text = "step " + one_line(step.name) + ": ";
  if (!grade.verdict) return text + "not run\n";
  text += std::string(judge::name_of(*grade.verdict)) + ", " + one_line(grade.message) + "; cpu " +
          milliseconds(grade.run.cpu.total()) + ", wall " + milliseconds(grade.run.wall) + ", memory " +
          mebibytes(grade.run.memory.peak) + "\n";
  for (const auto* stream : {&grade.run.output, &grade.run.error_output}) {
    text += printable(stream->kept);
    if (!text.ends_with('\n')) text += "\n";
  }
  return text;
}

ordered_json groups_json(const Task& task, const std::vector<judge::GroupGrade>& grades) {
  ordered_json groups = ordered_json::array();
  for (std::size_t i = 1; i < grades.size(); ++i) {
    const judge::GroupGrade& grade = grades[i];
    ordered_json json = {{"name", json_text(task.groups[i].name)}};
    json["verdict"] = grade.verdict ? ordered_json(judge::name_of(*grade.verdict)) : ordered_json(nullptr);
    json["score"] = points_json(grade.score);
    if (task.groups[i].scoring.most) json["score_max"] = points_json(*task.groups[i].scoring.most);
    if (!grade.why_not_run.empty()) json["skipped"] = json_text(grade.why_not_run);
    if (!grade.fault.empty()) json["fault"] = json_text(grade.fault);
    groups.push_back(std::move(json));
  }
  return groups;
}

std::string_view name_of(TestsMode mode) {
  switch (mode) {
    case TestsMode::TwoSided: return "two-sided";
    case TestsMode::InProcess: return "in-process";
    case TestsMode::Reported: return "reported";
  }
  return "";
}

// What [tests] has found, and what stands behind it.
void add_tests(ordered_json& json, const Tests& tests, const judge::Examination* examination) {
  json["mode"] = name_of(tests.mode);
  json["forgeable"] = tests.mode != TestsMode::TwoSided;
  for (const std::string_view trick : judge::tricks_not_excluded(tests.mode)) json["not_excluded"].push_back(trick);
  if (!tests.trust.empty()) json["trusted"] = tests.trust;
  ordered_json& list = json["tests"] = ordered_json::array();
  if (examination == nullptr) return;
  for (const testreports::TestLine& test : examination->tests) {
    list.push_back({{"name", json_text(test.name)},
                    {"passed", test.status == testreports::TestStatus::Passed},
                    {"status", testreports::name_of(test.status)},
                    {"message", json_text(test.message)}});
  }
}

// The run whose layers and host stand for all: they are the same for each.
const supervise::RunResult* some_run(const judge::Grade& grade) {
  for (const judge::CaseGrade& one : grade.cases) {
    if (one.verdict && one.verdict != judge::Verdict::Ie) return &one.run;
  }
  if (!grade.steps.empty() && grade.steps.front().verdict) return &grade.steps.front().run;
  return grade.run ? &*grade.run : grade.compile ? &grade.compile->run : nullptr;
}

// And what parts it from the next one.
std::string column(const std::string& text, std::size_t width) {
  return padded_left(text, width) + "  ";
}

std::string row(const Case& one, const judge::CaseGrade& grade, std::size_t width) {
  std::string text = padded(one_line(one.name), width + 2);
  if (!grade.verdict) {
    return text + "-    " + (grade.message.empty() ? "not run" : one_line(grade.message)) + "\n";
  }
  text += padded(judge::name_of(*grade.verdict), 5) +
          column(to_string(grade.points) + "/" + std::to_string(one.points), 6) +
          column(milliseconds(grade.run.cpu.total()), 11) + column(milliseconds(grade.run.wall), 11) +
          column(mebibytes(grade.run.memory.peak), 10);
  if (grade.verdict != judge::Verdict::Ac) {
    const bool is_jurys = grade.jury_fault.has_value();
    text += one_line(grade.feedback.empty() || is_jurys ? grade.message : grade.feedback);
  }
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
  if (*grade.verdict != judge::Verdict::Ac && grade.dialogue) {
    text += "case " + one_line(one.name) + ": " + one_line(judge::describe(*grade.dialogue)) + "\n";
  }
  if (*grade.verdict == judge::Verdict::Ac || grade.run.error_output.kept.empty()) return text;
  text += "case " + one_line(one.name) + ", stderr" + (grade.run.error_output.truncated ? " (cut)" : "") + ":\n" +
          printable(grade.run.error_output.kept);
  return text.ends_with('\n') ? text : text + "\n";
}

// One line for each group.
std::string words_of_groups(const Task& task, const std::vector<judge::GroupGrade>& grades) {
  std::string text;
  for (std::size_t i = 1; i < grades.size(); ++i) {
    const judge::GroupGrade& grade = grades[i];
    text += "group " + one_line(task.groups[i].name) + ": ";
    if (!grade.verdict) {
      text += "not run: " + one_line(grade.why_not_run) + "\n";
      continue;
    }
    text += std::string(judge::name_of(*grade.verdict)) + ", " + to_string(grade.score);
    if (task.groups[i].scoring.most) text += " of " + to_string(*task.groups[i].scoring.most);
    text += " points\n";
  }
  return text;
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
    json["score"] = points_json(grade.score);
    json["score_max"] = points_json(grade.score_max);
    if (!grade.groups.empty()) json["groups"] = groups_json(report.task, grade.groups);
  }
  if (grade.run) {
    add_run(json, *grade.run);
    json["files"] = to_json(grade.run->files);
  }
  if (grade.compile) json["compile"] = compile_json(*grade.compile);
  if (!report.task.steps.empty()) {
    ordered_json& steps = json["steps"] = ordered_json::array();
    for (std::size_t i = 0; i < report.task.steps.size(); ++i) {
      steps.push_back(step_json(report.task.steps[i], i < grade.steps.size() ? grade.steps[i] : judge::StepGrade{}));
    }
    json["files"] = files_of_steps(grade.steps);
  }
  if (report.task.tests) {
    const auto& examination = grade.cases.front().examination;
    add_tests(json, *report.task.tests, examination ? &*examination : nullptr);
  }
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
    text += "; " + to_string(grade.score) + " of " + to_string(grade.score_max) + " points";
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
  for (std::size_t i = 0; i < grade.steps.size(); ++i) text += words_of_step(report.task.steps[i], grade.steps[i]);
  const bool was_compiled = !grade.compile || grade.compile->verdict == judge::Verdict::Ok;
  if (grade.cases.empty() || !was_compiled) return text;
  std::size_t width = 4;
  for (const Case& one : report.task.cases) width = std::max(width, std::min(kNameWidth, one_line(one.name).size()));
  text += padded("case", width + 2) + padded("", 5) + column("points", 6) + column("cpu", 11) + column("wall", 11) +
          column("memory", 10);
  while (text.ends_with(' ')) text.pop_back();
  text += "\n";
  for (std::size_t i = 0; i < grade.cases.size(); ++i) text += row(report.task.cases[i], grade.cases[i], width);
  text += words_of_groups(report.task, grade.groups);
  if (report.task.tests && grade.cases.front().examination) {
    for (const testreports::TestLine& test : grade.cases.front().examination->tests) {
      text += padded(testreports::name_of(test.status), 10) + one_line(test.name);
      if (!test.message.empty()) text += ": " + one_line(test.message);
      text += "\n";
    }
  }
  for (std::size_t i = 0; i < grade.cases.size(); ++i) text += words_of_failure(report.task.cases[i], grade.cases[i]);
  if (const supervise::RunResult* run = some_run(grade)) text += noise_line(run->noise);
  return text;
}

}  // namespace evalrun::report
