#include "runtime/packages/cms/task_kind.h"

#include <algorithm>
#include <map>

#include "runtime/core/text.h"
#include "runtime/packages/cms/task_programs.h"
#include "runtime/problem/language.h"

namespace evalrun::packages::cms {
namespace {

using problem::ProgramIndex;
using problem::Role;

constexpr std::int64_t kMostProcesses = 64;
constexpr Duration kManagerTime = std::chrono::seconds(10);  // CMS's trusted_sandbox_max_time_s

// The endings that CMS copies beside a submission, besides those of its language.
constexpr const char* kHeaders[] = {".h", ".hpp", "lib.pas"};

void refuse_for(MapReader& yaml, const char* why, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    if (yaml.has(key)) yaml.error(key, std::string("is for communication tasks, and ") + why + "; remove it");
  }
}

void place(Reading& reading, const std::string& folder, const std::string& name,
           std::vector<problem::PlacedFile>& files) {
  if (auto file = reading.file_of(archive::below(folder, name))) files.push_back({name, std::move(*file)});
}

// sol/grader.* or sol/stub.*, and the headers that lie beside it: what a submission is compiled with.
void read_companion(Reading& reading, const std::string& name) {
  std::vector<std::string> headers;
  std::map<std::string, std::string> found;  // by language
  for (const std::string& file : reading.tree.names_in("sol")) {
    const std::string path = archive::below("sol", file);
    if (!reading.tree.has_file(path) || !is_usable_name(file)) continue;
    if (std::ranges::any_of(kHeaders, [&](const char* ending) { return file.ends_with(ending); })) {
      headers.push_back(file);
      continue;
    }
    const std::size_t dot = file.rfind('.');
    if (dot == file.npos || file.substr(0, dot) != name) continue;
    const problem::Language* language = problem::language_of({file});
    if (language != nullptr) found.emplace(language->code, file);
  }
  if (found.empty()) return;
  reading.problem.included_entry = name;
  for (const auto& [language, file] : found) {
    std::vector<problem::PlacedFile>& files = reading.problem.include[language];
    place(reading, "sol", file, files);
    for (const std::string& header : headers) {
      const bool is_pascal = header.ends_with(".pas");
      const bool fits = language == "c" || language == "cpp" ? !is_pascal : language == "pascal" && is_pascal;
      if (fits && files.size() <= kMostHeaders) place(reading, "sol", header, files);
    }
    reading.problem.languages.push_back(language);
  }
}

}  // namespace

void read_kind(Reading& reading, MapReader& yaml) {
  yaml.refuse("output_only_testcases",
              "tasks of the kind BatchAndOutput are not supported; make two tasks of it, or remove the key");
  yaml.refuse("output_optional_testcases",
              "tasks of the kind BatchAndOutput are not supported; make two tasks of it, or remove the key");
  const auto processes = yaml.whole("num_processes", 1, kMostProcesses);
  const YamlPointer io = yaml.take("user_io");
  if (yaml.boolean("output_only").value_or(false)) {
    reading.problem.types.submit_answer = true;
    reading.problem.limits.time.reset();
    reading.problem.limits.memory.reset();
    reading.problem.submission_name.clear();
    reading.problem.compile_flags.clear();
    refuse_for(yaml, "output_only is true", {"num_processes", "user_io"});
    return;
  }
  const std::size_t errors = reading.findings.errors();
  const auto manager = first_program(reading, {{"check", "manager"}, {"cor", "manager"}}, Role::Manager);
  if (!manager) {
    if (reading.findings.errors() == errors) {
      refuse_for(yaml, "there is no check/manager", {"num_processes", "user_io"});
      read_companion(reading, "grader");
    }
    return;
  }
  reading.problem.types.interactive = true;
  problem::Interaction interaction{.interactor = *manager};
  interaction.processes = static_cast<unsigned>(processes.value_or(1));
  read_companion(reading, "stub");
  const bool has_stub = !reading.problem.included_entry.empty();
  using Ends = problem::Interaction::SubmissionEnds;
  interaction.submission_ends = has_stub ? Ends::FifosAsArguments : Ends::StandardStreams;
  if (io != nullptr) {
    if (io->text == "std_io") {
      interaction.submission_ends = Ends::StandardStreams;
    } else if (io->text == "fifo_io") {
      interaction.submission_ends = Ends::FifosAsArguments;
    } else {
      yaml.error("user_io", in_quotes(io->text) + " is not known; use std_io or fifo_io");
    }
  }
  // As CMS has it: as much for the manager as all processes may need together, and no less than for a checker.
  const Duration limit = reading.problem.limits.time.value_or(Duration{0});
  const Duration most = std::max<Duration>(interaction.processes * (limit + std::chrono::seconds(1)), kManagerTime);
  interaction.more_time = most - limit;
  reading.problem.interaction = interaction;
}

void read_checker(Reading& reading) {
  if (reading.problem.interaction) {
    // The manager says the outcome; there is no output to look at.
    reading.problem.checkers.emplace_back(problem::ProgramChecker{});
    return;
  }
  const std::size_t errors = reading.findings.errors();
  const auto checker = first_program(reading, {{"check", "checker"}, {"cor", "correttore"}}, Role::Checker);
  if (checker || reading.findings.errors() != errors) {
    reading.problem.checkers.emplace_back(
        problem::ProgramChecker{checker ? std::vector<ProgramIndex>{*checker} : std::vector<ProgramIndex>{}});
  } else {
    reading.problem.checkers.emplace_back(problem::BuiltInChecker{"cms", "white-diff", {}});
  }
}

}  // namespace evalrun::packages::cms
