#include "runtime/plan/plan.h"

#include <algorithm>

namespace evalrun {

Limits CompileStep::compile_limits() {
  Limits limits;
  limits.cpu = std::chrono::seconds(20);
  limits.wall = std::chrono::seconds(40);
  limits.memory = 1_GiB;
  limits.processes = 64;
  limits.file_size = 256_MiB;
  limits.workspace = 256_MiB;
  limits.output.both = 1_MiB;
  return limits;
}

SourcePosition Plan::where(const std::string& key) const {
  const auto found = positions.find(key);
  return found == positions.end() ? whole : found->second;
}

std::vector<WorkFile> with_files(std::vector<WorkFile> common, const std::vector<WorkFile>& own) {
  std::erase_if(common, [&](const WorkFile& each) {
    return std::ranges::any_of(own, [&](const WorkFile& other) { return other.path == each.path; });
  });
  common.insert(common.end(), own.begin(), own.end());
  return common;
}

Plan without_job(Plan plan) {
  plan.source.clear();
  plan.env.clear();
  plan.input = InputNull{};
  plan.files.clear();
  return plan;
}

bool differs_only_in_job(const Plan& job, const Plan& kind) {
  Plan as_job = kind;
  as_job.name = job.name;
  as_job.sha256 = job.sha256;
  as_job.folder = job.folder;
  as_job.argv = job.argv;
  as_job.source = job.source;
  as_job.env = job.env;
  as_job.input = job.input;
  as_job.files = job.files;
  as_job.positions = job.positions;
  as_job.whole = job.whole;
  // Where a profile was named does not matter; that of every plan is named nowhere.
  for (std::size_t i = 0; i < std::min(as_job.profiles.size(), job.profiles.size()); ++i) {
    as_job.profiles[i].position = job.profiles[i].position;
  }
  return as_job == job;
}

}  // namespace evalrun
