#include "runtime/reader/tests_section.h"

#include <algorithm>

#include "runtime/core/text.h"
#include "runtime/examiner/programs.h"
#include "runtime/plan/jury_limits.h"
#include "runtime/plan/profile.h"

namespace evalrun {
namespace {

// Of the record that the tests write; the programs bound it themselves.
constexpr Bytes kMostOfRecord = 8_MiB;

WorkFile placed(std::string path, std::variant<std::filesystem::path, std::string> source, SourcePosition position) {
  return {.path = std::move(path), .source = std::move(source), .mode = 0444, .position = std::move(position)};
}

void place_program(std::vector<WorkFile>& files, const std::string& path, const examiner::Program& program,
                   const std::vector<std::string>& words, const SourcePosition& position) {
  files.push_back(placed(path, std::string(examiner::starter()), position));
  files.push_back(placed(path + ".code", std::string(program.code), position));
  files.push_back(placed(path + ".text", std::string(program.text), position));
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : std::string(1, '\0')) + word;
  files.push_back(placed(kProgramWords, std::move(all), position));
}

// The plan's own program writes a report of the tests that it runs.
void add_reported(Task& task, const TestsKeys& keys) {
  const Origin& origin = task.plan.origin;
  for (const char* key : {"tests.file", "tests.text", "tests.entry", "tests.mode", "tests.trust"}) {
    if (!origin.positions.contains(key)) continue;
    throw PlanError(origin.where(key), key,
                    "expected without tests.report: the plan's program runs the tests, and [files] places them");
  }
  if (origin.positions.contains("tests.report_file") && origin.positions.contains("tests.report_stream")) {
    throw PlanError(origin.where("tests.report_stream"), "tests.report_stream",
                    "expected one of report_file and report_stream, found both");
  }
  task.tests = keys.tests;
  Case one;
  one.name = "tests";
  one.input = task.plan.job.input;
  one.limits = task.plan.kind.limits;
  one.own_points = one.points;
  one.expected = std::string();
  one.output_file = keys.tests.report_file;
  one.position = origin.where("tests");
  task.cases.push_back(std::move(one));
}

void refuse_cases(const Task& task) {
  if (task.cases.empty()) return;
  throw PlanError(task.cases.front().position, "case[0]", "expected without [tests], which is judged in their place");
}

void check_rest_of_plan(const Task& task) {
  const Origin& origin = task.plan.origin;
  const auto refuse = [&](const std::string& key, const std::string& why) {
    if (origin.positions.contains(key)) throw PlanError(origin.where(key), key, why);
  };
  refuse("tests.report_file", "expected with tests.report alone");
  refuse("tests.report_stream", "expected with tests.report alone");
  refuse("stdin", "expected without [tests]: the tests ask the submission by its standard input");
  refuse("stdout", "expected without [tests]: the submission answers the tests by its standard output");
  const bool is_of_image = to_string(origin.where("argv")) == to_string(origin.where("image"));
  if (!is_of_image && task.plan.job.argv.size() != 1) {
    refuse("argv", "expected the interpreter alone with [tests], or the image's run line: evalrun starts it itself");
  }
  refuse("limits.idle", "expected without [tests]: a side that waits for the other one uses no CPU");
  const bool has_file = origin.positions.contains("tests.file");
  const bool has_text = origin.positions.contains("tests.text");
  if (!origin.positions.contains("tests.language")) {
    throw PlanError(origin.where("tests"), "tests.language", "missing; expected \"python\"");
  }
  if (has_file == has_text) {
    throw PlanError(
        origin.where("tests"), "tests.file",
        has_file ? "expected one of file and text, found both" : "missing; expected the tests, as file or text");
  }
  if (task.plan.job.source.empty()) {
    throw PlanError(origin.where("tests"), "source", "missing; expected the submission's file, which [files] places");
  }
}

void check_names(const Task& task, const std::vector<std::string>& names, const char* key) {
  for (const std::string& name : names) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto is_part = [&](char c) {
      return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
    };
    const bool is_name = std::ranges::all_of(name, is_part) && !is_digit(name.front());
    if (is_name) continue;
    throw PlanError(task.plan.origin.where(key), key, "expected names of Python, found " + in_quotes(name));
  }
}

// In the submission's image, with limits of a jury's program: the submission's are for the submission.
std::shared_ptr<const JuryProgram> examiner_of(const Task& task, const TestsKeys& keys, const std::string& python) {
  const Plan& program = task.plan;
  auto examiner = std::make_shared<JuryProgram>();
  examiner->name = "tests";
  Plan& plan = examiner->plan;
  plan.kind = program.kind;
  plan.origin = program.origin;
  plan.job.env = program.job.env;
  plan.kind.cwd = "/work";
  plan.kind.output = OutputCapture{1_KiB};  // it goes to the submission
  plan.kind.error_output = OutputCapture{kMostOfRecord};
  plan.kind.collect.clear();
  plan.kind.limits = jury_limits();
  plan.kind.limits.wall = program.kind.limits.wall + kWallAfterDialogue;
  plan.kind.network = {};
  plan.kind.landlock = {};
  plan.kind.seccomp.deny.clear();
  plan.kind.profiles = {{&profiles().front(), plan.origin.whole}};
  plan.kind.narrowings.clear();
  plan.kind.capabilities = strictest(plan.kind.profiles, plan.kind.narrowings);
  plan.job.argv = {python, "-S", std::string("/work/") + kExaminerProgram};
  std::vector<std::string> words = {std::string("/work/") + kTestFile,
                                    std::filesystem::path(program.job.source).stem().string()};
  words.insert(words.end(), keys.tests.entry.begin(), keys.tests.entry.end());
  words.emplace_back("--");
  words.insert(words.end(), keys.tests.trust.begin(), keys.tests.trust.end());
  const SourcePosition position = program.origin.where("tests");
  plan.job.files = {placed(kTestFile, keys.source, position)};
  place_program(plan.job.files, kExaminerProgram, examiner::examiner_program(), words, position);
  plan.kind.snapshot.loaded_ahead = LoadedAhead::Examiner;
  return examiner;
}

}  // namespace

void add_tests(Task& task, const TestsKeys& keys) {
  refuse_cases(task);
  if (keys.tests.mode == TestsMode::Reported) return add_reported(task, keys);
  check_rest_of_plan(task);
  check_names(task, keys.tests.entry, "tests.entry");
  check_names(task, keys.tests.trust, "tests.trust");
  Plan& plan = task.plan;
  const SourcePosition position = plan.origin.where("tests");
  const std::string python = plan.job.argv.front();  // of the image's run line
  const std::string source = (std::filesystem::path("/work") / plan.job.source).string();
  const bool two_sided = keys.tests.mode == TestsMode::TwoSided;
  for (const WorkFile& file : plan.job.files) {
    if (!file.path.starts_with(".evalrun/")) continue;
    throw PlanError(file.position, "files",
                    "expected no file below .evalrun with [tests], found " + in_quotes(file.path));
  }
  task.tests = keys.tests;
  Case one;
  one.name = "tests";
  one.limits = plan.kind.limits;
  one.own_points = one.points;
  one.expected = std::string();
  one.position = position;
  task.cases.push_back(std::move(one));
  if (two_sided) {
    task.jury.push_back(examiner_of(task, keys, python));
    task.interaction = Interaction{task.jury.size() - 1, false};
    place_program(plan.job.files, kCandidateProgram, examiner::candidate_program(), {source}, position);
    plan.job.argv = {python, "-S", std::string("/work/") + kCandidateProgram};
    plan.kind.snapshot.loaded_ahead = LoadedAhead::Candidate;
    return;
  }
  std::vector<std::string> words = {"/work/.evalrun/tests.py", source};
  words.insert(words.end(), keys.tests.entry.begin(), keys.tests.entry.end());
  place_program(plan.job.files, kInProcessProgram, examiner::in_process_program(), words, position);
  plan.job.files.push_back(placed(".evalrun/tests.py", keys.source, position));
  plan.job.argv = {python, std::string("/work/") + kInProcessProgram};
  plan.kind.snapshot.loaded_ahead = LoadedAhead::InProcess;
}

}  // namespace evalrun
