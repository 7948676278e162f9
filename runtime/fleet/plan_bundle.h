// What jobs of a fleet have in common beside their lines: the plan that they change, as it was where they were
// submitted. It travels once, under its digest.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/reader/parse.h"

namespace evalrun::fleet {

struct PlanBundle {
  PlanText plan;
  std::vector<std::string> overrides;        // --set
  std::string jobs_name;                     // the file of jobs, for messages
  std::filesystem::path jobs_folder;         // what paths in jobs are relative to
  std::map<std::string, std::string> files;  // those that the plan names, by their paths there: sha256:DIGEST/SIZE
};

std::string to_json(const PlanBundle& bundle);
// Nothing where it is no bundle, or one of a later version. Whoever wrote it may have meant harm.
std::optional<PlanBundle> plan_bundle_of(const std::string& json);

}  // namespace evalrun::fleet
