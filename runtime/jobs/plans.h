// The plans that jobs name or vary, each read once.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/jobs/job.h"
#include "runtime/reader/template.h"

namespace evalrun::jobs {

// The plan varied by the job, as one of many: streams that they would share are refused. A relative path in the job is
// relative to `folder`; `visit` as for PlanTemplate::make(). Throws PlanError.
Task task_of(const PlanTemplate& plan, JobLine&& job, const std::filesystem::path& folder, ImageCache& images,
             const VisitHostPath& visit = {});

class Plans {
 public:
  struct Sources {
    std::optional<PlanText> base;        // what jobs without a plan vary
    std::vector<std::string> overrides;  // --set, of every plan
    std::vector<std::filesystem::path> images;
    std::filesystem::path folder;  // what paths in jobs are relative to
  };

  // Throws PlanError where the base is wrong by itself.
  explicit Plans(const Sources& sources);

  // A change of these makes other runs of the same jobs.
  [[nodiscard]] const std::string& hash() const noexcept { return hash_; }

  // Throws PlanError.
  Task task_of(JobLine&& job);

 private:
  // A file that is written anew is read anew.
  struct FileState {
    std::uint64_t device, inode, size;
    std::int64_t changed_s, changed_ns;
    friend bool operator==(const FileState&, const FileState&) = default;
  };
  struct Known {
    FileState state;
    std::unique_ptr<const PlanTemplate> plan;
  };
  const PlanTemplate& template_of(const std::string& path);

  std::vector<std::string> overrides_;
  std::filesystem::path folder_;
  std::string hash_;
  std::optional<PlanTemplate> base_;
  ImageCache images_;
  std::map<std::string, Known> known_;
};

}  // namespace evalrun::jobs
