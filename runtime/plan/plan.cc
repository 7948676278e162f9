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

SourcePosition Origin::where(const std::string& key) const {
  const auto found = positions.find(key);
  return found == positions.end() ? whole : found->second;
}

std::string saved_name(const CollectFile& file) {
  if (file.as == CollectAs::File) return file.path;
  return (file.path == "." ? "work" : file.path) + ".tar";
}

std::vector<WorkFile> with_files(std::vector<WorkFile> common, const std::vector<WorkFile>& own) {
  std::erase_if(common, [&](const WorkFile& each) {
    return std::ranges::any_of(own, [&](const WorkFile& other) { return other.path == each.path; });
  });
  common.insert(common.end(), own.begin(), own.end());
  return common;
}

Plan without_job(const Plan& plan) {
  // The job has its type's name: where a member after a nested list throws, GCC 12 destroys what is in the list twice.
  return {.kind = plan.kind,
          .job = Job{.argv = plan.job.argv, .source = {}, .env = {}, .input = {}, .files = {}},
          .origin = plan.origin};
}

}  // namespace evalrun
