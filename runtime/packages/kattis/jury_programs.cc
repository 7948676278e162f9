#include "runtime/packages/kattis/jury_programs.h"

#include <algorithm>

#include "runtime/packages/reading/bounds.h"

namespace evalrun::packages::kattis {
namespace {

constexpr std::size_t kMostPrograms = 1000;  // of one folder

// Headers and texts that lie beside programs.
bool is_no_program(const std::string& name) {
  for (const char* ending : {".h", ".hpp", ".hh", ".md", ".txt", ".pyc", ".yaml"}) {
    if (name.ends_with(ending)) return true;
  }
  return name.find('.') == name.npos && (name == "README" || name == "Makefile");
}

// A program of one file may include the headers that lie beside it.
void add_headers(Reading& reading, const std::string& folder, problem::Program& program) {
  for (const std::string& name : reading.tree.names_in(folder)) {
    const bool is_header = name.ends_with(".h") || name.ends_with(".hpp") || name.ends_with(".hh");
    const std::string path = archive::below(folder, name);
    if (!is_header || !is_usable_name(name) || !reading.tree.has_file(path)) continue;
    if (program.files.size() > kMostHeaders) return;
    if (auto file = reading.file_of(path)) program.files.push_back({name, std::move(*file)});
  }
}

// The programs of a folder: each usable name is one.
std::vector<problem::ProgramIndex> programs_in(Reading& reading, const std::string& folder, problem::Role role) {
  std::vector<problem::ProgramIndex> programs;
  // Scripts right here make the folder one program.
  if (reading.tree.has_file(archive::below(folder, "build")) || reading.tree.has_file(archive::below(folder, "run"))) {
    if (const auto program = add_program(reading, role, folder, problem::Convention::Kattis))
      programs.push_back(*program);
    return programs;
  }
  for (const std::string& name : reading.tree.names_in(folder)) {
    if (!is_usable_name(name)) continue;
    const std::string path = archive::below(folder, name);
    if (role == problem::Role::InputValidator && (name.ends_with(".ctd") || name.ends_with(".viva"))) {
      reading.note(path, "checktestdata and VIVA are not supported; this input validator is not run");
      continue;
    }
    if (reading.tree.has_file(path) && is_no_program(name)) continue;
    if (programs.size() == kMostPrograms) {
      reading.error(folder, "has more than " + std::to_string(kMostPrograms) + " programs");
      break;
    }
    if (const auto program = add_program(reading, role, path, problem::Convention::Kattis)) {
      programs.push_back(*program);
      if (reading.tree.has_file(path)) add_headers(reading, folder, reading.problem.programs[*program]);
    }
  }
  return programs;
}

// DOMjudge takes score.txt from every validator, and gives a group its accept_score where none has been written. A
// validator that writes it has the name in its source.
bool write_scores(Reading& reading, const std::vector<problem::ProgramIndex>& validators) {
  constexpr std::size_t kMostSource = std::size_t{1} << 20;
  const auto names_score = [&](const problem::PlacedFile& placed) {
    return reading.beginning_of(placed.file.path, kMostSource).find("score.txt") != std::string::npos;
  };
  return std::ranges::any_of(validators, [&](problem::ProgramIndex index) {
    return std::ranges::any_of(reading.problem.programs[index].files, names_score);
  });
}

void choose_checker(Reading& reading, const ProblemYaml& said, OlderGroups older_groups,
                    const std::vector<problem::ProgramIndex>& validators) {
  const bool needs_one = reading.problem.types.interactive || reading.problem.types.multi_pass;
  const bool is_custom = is_legacy(reading) ? said.validation.is_custom || needs_one : !validators.empty();
  const std::string folder = is_legacy(reading) ? "output_validators" : "output_validator";
  const char* why = reading.problem.types.interactive  ? "an interactive problem"
                    : reading.problem.types.multi_pass ? "a multi-pass problem"
                                                       : "validation: custom";
  const bool has_broken_one = validators.empty() && (!reading.tree.files_below("output_validators").empty() ||
                                                     !reading.tree.files_below("output_validator").empty());
  if ((said.validation.is_custom || needs_one) && validators.empty() && !has_broken_one) {
    reading.error("problem.yaml", std::string(why) + " needs an output validator, and there is none; add " + folder +
                                      "/ with its sources");
  }
  if (!is_custom && !validators.empty()) {
    reading.note("output_validators", "is not used, because problem.yaml does not say validation: custom");
  }
  if (validators.empty() && (is_custom || has_broken_one)) {
    reading.problem.checkers.emplace_back(problem::ProgramChecker{});  // what is missing is told already
    return;
  }
  if (!is_custom) {
    reading.problem.checkers.emplace_back(problem::DefaultChecker{});
    return;
  }
  reading.problem.validator_scores =
      reading.problem.types.scoring && (said.validation.scores || !is_legacy(reading) ||
                                        (older_groups == OlderGroups::Domjudge && write_scores(reading, validators)));
  reading.problem.checkers.emplace_back(problem::ProgramChecker{validators});
  if (!reading.problem.types.interactive) return;
  if (validators.size() > 1) {
    reading.error(folder, "an interactive problem has one output validator, and here are " +
                              std::to_string(validators.size()) + "; keep one");
  }
  reading.problem.programs[validators[0]].role = problem::Role::Interactor;
  reading.problem.interaction = problem::Interaction{.interactor = validators[0]};
}

}  // namespace

void read_validators(Reading& reading, const ProblemYaml& said, OlderGroups older_groups) {
  std::vector<problem::ProgramIndex> validators =
      programs_in(reading, "output_validators", problem::Role::OutputValidator);
  if (reading.tree.has_folder("output_validator")) {
    // The folder itself is the program; in it there may be one file or folder as in the older form.
    if (!reading.tree.files_below("output_validator").empty()) {
      const auto program =
          add_program(reading, problem::Role::OutputValidator, "output_validator", problem::Convention::Kattis);
      if (program) validators.push_back(*program);
    }
  }
  static_cast<void>(programs_in(reading, "input_validators", problem::Role::InputValidator));
  static_cast<void>(programs_in(reading, "input_format_validators", problem::Role::InputValidator));
  if (!reading.tree.files_below("static_validator").empty()) {
    add_program(reading, problem::Role::StaticValidator, "static_validator", problem::Convention::Kattis);
  }
  choose_checker(reading, said, older_groups, validators);
}

void read_graders(Reading& reading) {
  const std::vector<problem::ProgramIndex> graders = programs_in(reading, "graders", problem::Role::Grader);
  if (graders.size() > 1) {
    reading.error("graders", "has " + std::to_string(graders.size()) + " programs; a problem has at most one grader");
  }
}

}  // namespace evalrun::packages::kattis
