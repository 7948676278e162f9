#include "runtime/jobs/plans.h"

#include <sys/stat.h>

#include <utility>

#include "runtime/core/error.h"
#include "runtime/core/sha256.h"

namespace evalrun::jobs {
namespace {

// A course's tasks, say; each may be 16 MiB of text.
constexpr std::size_t kManyPlans = 32;

std::string hash_of(const Plans::Sources& sources) {
  Sha256 hash;
  if (sources.base) hash.update(sha256_hex(sources.base->text));
  for (const std::string& override : sources.overrides) hash.update(sha256_hex(override));
  return hash.hex();
}

// The streams that all jobs would share.
void refuse_inherited(const Plan& plan) {
  const auto refuse = [&](bool inherits, const std::string& key, const std::string& others) {
    if (!inherits) return;
    throw PlanError(plan.origin.where(key), key,
                    "expected " + others + ", since a batch has many jobs, found \"inherit\"");
  };
  refuse(std::holds_alternative<InputInherit>(plan.job.input), "stdin", "a file, a text or \"null\"");
  refuse(std::holds_alternative<OutputInherit>(plan.kind.output), "stdout", "\"capture\", \"null\" or a file");
  refuse(std::holds_alternative<OutputInherit>(plan.kind.error_output), "stderr",
         "\"capture\", \"null\", \"stdout\" or a file");
}

}  // namespace

Task task_of(const PlanTemplate& plan, JobLine&& job, const std::filesystem::path& folder, ImageCache& images,
             const VisitHostPath& visit) {
  Task made = plan.make(std::move(job.changes), folder, images, visit);
  refuse_inherited(made.plan);
  return made;
}

Plans::Plans(const Sources& sources)
    : overrides_(sources.overrides), folder_(sources.folder), hash_(hash_of(sources)), images_(sources.images) {
  if (sources.base) base_.emplace(*sources.base, overrides_);
}

Task Plans::task_of(JobLine&& job) {
  if (job.plan.empty() && !base_) throw PlanError(job.position, "plan", "missing; the batch has no --plan");
  const PlanTemplate& plan = job.plan.empty() ? *base_ : template_of((folder_ / job.plan).string());
  return jobs::task_of(plan, std::move(job), folder_, images_);
}

const PlanTemplate& Plans::template_of(const std::string& path) {
  struct stat status {};
  // Where it cannot be looked at, reading it says why.
  static_cast<void>(::stat(path.c_str(), &status));
  const FileState state = {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
                           status.st_ctim.tv_sec, status.st_ctim.tv_nsec};
  if (const auto found = known_.find(path); found != known_.end() && found->second.state == state) {
    return *found->second.plan;
  }
  auto plan = std::make_unique<const PlanTemplate>(read_plan_file(path), overrides_);
  if (known_.size() >= kManyPlans) known_.clear();
  return *(known_[path] = {state, std::move(plan)}).plan;
}

}  // namespace evalrun::jobs
