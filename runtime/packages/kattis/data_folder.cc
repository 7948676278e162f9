#include "runtime/packages/kattis/data_folder.h"

#include "runtime/core/path_parts.h"
#include "runtime/packages/kattis/group_settings.h"
#include "runtime/packages/kattis/newer_groups.h"
#include "runtime/packages/kattis/older_groups.h"
#include "runtime/packages/kattis/validator_cases.h"
#include "runtime/packages/reading/map_reader.h"

namespace evalrun::packages::kattis {
namespace {

GroupSystem choose_system(const Reading& reading, OlderGroups older_groups) {
  if (older_groups == OlderGroups::Domjudge) return GroupSystem::Domjudge;
  GroupSystem system = is_legacy(reading) ? GroupSystem::GraderFlags : GroupSystem::MaximumScores;
  problem::Findings ignored;
  Reading looking{reading.tree, ignored, {}};  // with bounds of its own
  for (const std::string& path : reading.tree.files_below("data")) {
    const std::string name = last_part(path);
    if (name == "test_group.yaml") return GroupSystem::MaximumScores;
    if (name != "testdata.yaml" || is_legacy(reading)) continue;
    MapReader yaml(looking.yaml_of(path), path, ignored);
    for (const char* key : {"on_reject", "grading", "grader_flags", "accept_score", "reject_score", "range"}) {
      if (yaml.has(key)) system = GroupSystem::GraderFlags;
    }
  }
  return system;
}

// The format says that a submission of submit-answer is the answers, and not what they are called. One case needs no
// name; of several each has its own.
void name_submitted_files(problem::Problem& problem) {
  if (!problem.types.submit_answer || problem.cases.size() == 1) return;
  for (problem::Case& one : problem.cases) one.submitted_name = last_part(one.name) + ".out";
}

}  // namespace

void read_data_folder(Reading& reading, const Words& validator_flags, const OldGrading& grading,
                      OlderGroups older_groups) {
  const bool has_generators = reading.tree.has_folder("generators");
  if (!reading.tree.has_folder("data")) {
    reading.error("data", has_generators
                              ? "there is no folder data, and generators/ is not run here; generate the cases first"
                              : "there is no folder data; put the cases into data/sample and data/secret");
    return;
  }
  DataReading data{reading, validator_flags, grading, choose_system(reading, older_groups)};
  Settings root;
  read_settings(data, "data", root);
  switch (data.system) {
    case GroupSystem::GraderFlags:
    case GroupSystem::Domjudge: read_older_groups(data, root); break;
    case GroupSystem::MaximumScores: read_newer_groups(data, root); break;
  }
  name_submitted_files(reading.problem);
  if (reading.problem.cases.empty()) {
    reading.error("data", has_generators ? "has no cases, and generators/ is not run here; generate the cases first"
                                         : "has no cases; a case is NAME.in with NAME.ans in data/secret");
  }
  read_validator_cases(data, root);
}

}  // namespace evalrun::packages::kattis
