// The plans of a worker's jobs, by the digest of their bundle, each read once.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/fleet/plan_bundle.h"
#include "runtime/jobs/plans.h"
#include "runtime/reader/template.h"

namespace evalrun::fleet {

// Whether a job may name paths of the worker's host. A job is a stranger's word: by default it is refused that names
// one.
enum class HostPaths { Refused, Allowed };

class FleetPlans {
 public:
  FleetPlans(std::vector<std::filesystem::path> images, HostPaths host_paths);

  [[nodiscard]] bool has(const std::string& digest) const { return known_.contains(digest); }
  // What the queue had under the digest. Throws PlanError where it is no plan.
  void add(const std::string& digest, const std::string& bundle);

  // Of a plan that was added. Throws PlanError, and UsageError where the line is no job.
  Task task_of(const std::string& digest, const std::string& line, std::uint64_t line_number);

 private:
  struct Known {
    PlanBundle bundle;
    std::unique_ptr<const PlanTemplate> plan;
  };

  HostPaths host_paths_;
  ImageCache images_;
  std::map<std::string, Known> known_;
};

// The most that a job may take once it runs, by its plan: all its steps at their limits of elapsed time, one after the
// other, twice, and a minute. A worker that has a job for longer does not end it, and is broken.
Duration most_time_of(const Task& task);

}  // namespace evalrun::fleet
