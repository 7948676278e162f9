// The plans of a worker's jobs, by the digest of their bundle, each read once.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/fleet/plan_bundle.h"
#include "runtime/fleet/shared_files.h"
#include "runtime/jobs/plans.h"
#include "runtime/reader/template.h"

namespace evalrun::fleet {

// Whether a job may name paths of the worker's host. A job is a stranger's word: by default it is refused that names
// one.
enum class HostPaths { Refused, Allowed };

// The key of a PlanError where another worker, of a later version, may know the plan.
inline constexpr std::string_view kPlanVersion = "version";

class FleetPlans {
 public:
  // `files` may be null: then a job may name no file at all. Borrowed.
  FleetPlans(std::vector<std::filesystem::path> images, HostPaths host_paths, FileCache* files);

  [[nodiscard]] bool has(const std::string& digest) const { return known_.contains(digest); }
  // What the queue had under the digest. Throws PlanError where it is no plan.
  void add(const std::string& digest, const std::string& bundle);

  // The task, with what of the cache it holds, which is the caller's to let go; or the files that the cache does not
  // have, and nothing is held.
  struct Made {
    std::optional<Task> task;
    std::vector<FileDigest> files;
  };
  // Of a plan that was added. Throws PlanError, and UsageError where the line is no job.
  Made make(const std::string& digest, const std::string& line, std::uint64_t line_number);

 private:
  struct Known {
    PlanBundle bundle;
    std::unique_ptr<const PlanTemplate> plan;
  };

  Task task_of(const Known& known, const std::string& line, std::uint64_t line_number, Made& made,
               std::vector<FileDigest>& missing);

  HostPaths host_paths_;
  FileCache* files_;
  ImageCache images_;
  std::map<std::string, Known> known_;
};

// The most that a job may take once it runs, by its plan: all its steps at their limits of elapsed time, one after the
// other, twice, and a minute. A worker that has a job for longer does not end it, and is broken.
Duration most_time_of(const Task& task);

}  // namespace evalrun::fleet
