#include "runtime/packages/kattis/read_kattis.h"

#include "runtime/core/text.h"
#include "runtime/packages/kattis/data_folder.h"
#include "runtime/packages/kattis/domjudge_files.h"
#include "runtime/packages/kattis/jury_programs.h"
#include "runtime/packages/kattis/problem_yaml.h"
#include "runtime/packages/kattis/submissions.h"
#include "runtime/problem/language.h"

namespace evalrun::packages {
namespace kattis {
namespace {

void read_include(Reading& reading, const ProblemYaml& said) {
  if (said.is_icpc && reading.tree.has_folder("include")) {
    reading.error("include", "legacy-icpc has no include folder; use legacy");
  }
  for (const std::string& name : reading.tree.names_in("include")) {
    const std::string path = archive::below("include", name);
    if (!is_usable_name(name) || !reading.tree.has_folder(path)) continue;
    if (name != "default" && problem::find_language(name) == nullptr) {
      reading.error(path, in_quotes(name) + " is no code of a language, such as cpp, java or python3; rename it");
      continue;
    }
    reading.problem.include[name] = reading.files_of(path);
  }
}

}  // namespace
}  // namespace kattis

void read_kattis(Reading& reading) {
  reading.problem.groups.emplace_back();
  kattis::ProblemYaml said;
  if (reading.tree.has_file("problem.yaml")) {
    said = kattis::read_problem_yaml(reading);
  } else {
    reading.problem.name = reading.problem.short_name;
  }
  kattis::read_domjudge_files(reading);
  const kattis::OlderGroups older_groups = kattis::older_groups_of(reading, said);
  kattis::read_validators(reading, said, older_groups);
  kattis::read_graders(reading);
  kattis::read_include(reading, said);
  kattis::read_data_folder(reading, said.validator_flags, said.old_grading, older_groups);
  kattis::read_submissions(reading);
}

}  // namespace evalrun::packages
