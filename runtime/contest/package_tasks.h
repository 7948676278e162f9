// From a problem package and a submission to the task that grades it. What the package says becomes the value that a
// plan with cases becomes too; judge/grading.h grades both.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/contest/case_files.h"
#include "runtime/contest/submission_files.h"
#include "runtime/contest/tasks.h"
#include "runtime/packages/read_package.h"
#include "runtime/plan/plan.h"

namespace evalrun::contest {

struct TaskOptions {
  std::optional<Bytes> memory;                           // in place of the package's limit
  Compat compat = Compat::Spec;                          // of the default comparison
  std::vector<std::string> python = {"pypy", "python"};  // the images for Python, the preferred first
  std::vector<std::string> overrides;                    // of --set, for the jury's programs; they keep their limits
};

class PackageTasks final : public Tasks {
 public:
  // `package` and `images` are borrowed. Throws SystemError and archive::TreeError.
  PackageTasks(const packages::Package& package, std::string path, const ImageTable& images, TaskOptions options);

  // What of the jury cannot be had on this host, or is not supported: one line each. With any, nothing can be judged.
  [[nodiscard]] const std::vector<std::string>& refusals() const override { return refusals_; }

  // Throws PlanError, SystemError and archive::TreeError.
  [[nodiscard]] Task task_for(const Sources& sources, Duration time_limit,
                              const std::vector<std::string>& overrides = {}) const override;
  [[nodiscard]] const Task& common() const override { return common_; }

  // The submission's files, language and image; or why there are none.
  SourcesOrRefusal sources_of(const problem::Submission& submission) const;

  [[nodiscard]] SourceOptions source_options() const override;
  [[nodiscard]] const problem::Problem& problem() const override { return package_.problem; }

 private:
  std::shared_ptr<const JuryProgram> jury_program(const problem::Program& program);
  void make_cases();
  Case case_of(const problem::Case& one);
  void replace_constants(std::vector<WorkFile>& files) const;
  void refuse(std::string why);
  std::shared_ptr<const JuryProgram> with_wall_limit(const std::shared_ptr<const JuryProgram>& interactor,
                                                     Duration wall) const;

  const packages::Package& package_;
  const ImageTable& images_;
  const TaskOptions options_;
  mutable CaseFiles files_;
  std::vector<std::string> refusals_;
  mutable std::map<Duration, std::shared_ptr<const JuryProgram>> interactors_;  // by the wall limit
  Task common_;  // all but the submission's own: cases, jury, groups
};

}  // namespace evalrun::contest
