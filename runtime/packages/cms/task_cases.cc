#include "runtime/packages/cms/task_cases.h"

#include <algorithm>

#include "runtime/core/text.h"
#include "runtime/packages/cms/task_programs.h"
#include "runtime/packages/reading/map_reader.h"

namespace evalrun::packages::cms {
namespace {

using problem::ProgramIndex;
using problem::Role;

class CaseReader {
 public:
  CaseReader(Reading& reading, const std::optional<Gen>& gen, const Streams& streams, const Makers& makers)
      : reading_(reading), gen_(gen), streams_(streams), makers_(makers) {}

  std::vector<problem::Case> read(std::size_t count) {
    if (count == 0) {
      reading_.error("task.yaml", "this task has no cases; add them to input/ and output/, and say n_input");
    }
    std::vector<problem::Case> cases;
    cases.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      problem::Case one;
      one.name = codename(i);
      add_input(one, i);
      add_answer(one, i);
      one.input_name = streams_.input_name;
      one.output_name = streams_.output_name;
      if (reading_.problem.types.submit_answer) one.submitted_name = "output_" + codename(i) + ".txt";
      if (makers_.has_validator) {
        const std::size_t subtask = gen_ && i < gen_->cases.size() ? gen_->cases[i].subtask : 0;
        one.input_validator_args[""] =
            subtask == 0 ? std::vector<std::string>{} : std::vector<std::string>{std::to_string(subtask)};
      }
      cases.push_back(std::move(one));
    }
    return cases;
  }

 private:
  void add_input(problem::Case& one, std::size_t number) {
    const std::string path = "input/input" + std::to_string(number) + ".txt";
    if (reading_.tree.has_file(path)) {
      one.input = reading_.file_of(path);
      return;
    }
    const GenLine* line = gen_ && number < gen_->cases.size() ? &gen_->cases[number] : nullptr;
    if (line != nullptr && line->kind == GenLine::Kind::Copy) {
      if (reading_.tree.has_file(line->text)) {
        one.input = reading_.file_of(line->text);
      } else {
        reading_.findings.error({kGenFile, line->line, 1}, "COPY: there is no file " + in_quotes(line->text) +
                                                               " in the package, and no " + path + "; add one of them");
      }
    } else if (line != nullptr && makers_.generator) {
      std::vector<std::string> words = split_at_space(line->text);
      if (!reading_.spend_words(words, {kGenFile, line->line, 1})) return;
      one.generated =
          problem::Generated{*makers_.generator, std::move(words), std::nullopt, problem::Generated::Makes::Input};
    } else {
      reading_.error(path,
                     "is missing; add it" + std::string(line != nullptr ? ", or gen/generator with its source" : ""));
    }
  }

  void add_answer(problem::Case& one, std::size_t number) {
    const std::string path = "output/output" + std::to_string(number) + ".txt";
    if (reading_.tree.has_file(path)) {
      one.answer = reading_.file_of(path);
    } else if (reading_.problem.interaction) {
      return;  // the manager needs none
    } else if (const auto solution = reading_.problem.types.submit_answer ? std::nullopt : main_solution()) {
      one.answer_by = solution;
    } else {
      reading_.error(path, "is missing; add it");
    }
  }

  // The jury's solution, with what submissions are compiled with.
  std::optional<ProgramIndex> main_solution() {
    if (looked_for_solution_) return solution_;
    looked_for_solution_ = true;
    for (const char* name : {"solution", "soluzione"}) {
      if (solution_ || !has_program(reading_.tree, "sol", name)) continue;
      solution_ = program_at(reading_, "sol", name, Role::Solution);
    }
    if (!solution_) return solution_;
    problem::Program& program = reading_.problem.programs[*solution_];
    if (const auto files = reading_.problem.include.find(program.language); files != reading_.problem.include.end()) {
      for (const problem::PlacedFile& placed : files->second) {
        const bool is_there = std::ranges::any_of(
            program.files, [&](const problem::PlacedFile& other) { return other.name == placed.name; });
        if (!is_there) program.files.push_back(placed);
        if (placed.name.substr(0, placed.name.rfind('.')) == reading_.problem.included_entry)
          program.entry = placed.name;
      }
    }
    if (const auto flags = reading_.problem.compile_flags.find(program.language);
        flags != reading_.problem.compile_flags.end()) {
      program.compile_flags = flags->second;
    }
    return solution_;
  }

  Reading& reading_;
  const std::optional<Gen>& gen_;
  const Streams& streams_;
  const Makers& makers_;
  std::optional<ProgramIndex> solution_;
  bool looked_for_solution_ = false;
};

}  // namespace

std::string codename(std::size_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < 3) digits.insert(0, 3 - digits.size(), '0');
  return digits;
}

Makers find_makers(Reading& reading) {
  const auto first = [&](const std::string& folder, const std::vector<std::string>& names, Role role) {
    std::optional<ProgramIndex> program;
    for (const std::string& name : names) {
      if (!program && has_program(reading.tree, folder, name)) program = program_at(reading, folder, name, role);
    }
    return program;
  };
  Makers makers;
  makers.has_validator = first("gen", {"validator", "valida"}, Role::InputValidator).has_value();
  makers.generator = first("gen", {"generator", "generatore"}, Role::Generator);
  return makers;
}

std::vector<problem::Case> cases_of(Reading& reading, const std::optional<Gen>& gen, std::size_t count,
                                    const Streams& streams, const Makers& makers) {
  return CaseReader(reading, gen, streams, makers).read(count);
}

}  // namespace evalrun::packages::cms
