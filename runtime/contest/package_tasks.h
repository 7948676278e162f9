// From a problem package and a submission to the task that grades it. What the package says becomes the value that a
// plan with cases becomes too; judge/grading.h grades both.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/contest/case_files.h"
#include "runtime/contest/generation.h"
#include "runtime/contest/package_context.h"
#include "runtime/contest/tasks.h"
#include "runtime/packages/read_package.h"
#include "runtime/plan/plan.h"
#include "runtime/submissions/submission_files.h"

namespace evalrun::contest {

class PackageTasks final : public Tasks {
 public:
  // `package` and `images` are borrowed. Throws SystemError and archive::TreeError.
  PackageTasks(const packages::Package& package, std::string path, const ImageTable& images, TaskOptions options);

  // What of the jury cannot be had on this host, or is not supported: one line each. With any, nothing can be judged.
  [[nodiscard]] const std::vector<std::string>& refusals() const override { return refusals_; }

  // Throws PlanError, SystemError and archive::TreeError.
  [[nodiscard]] Task task_for(const Sources& sources, Duration time_limit, std::optional<Bytes> memory_limit = {},
                              const std::vector<std::string>& overrides = {}) const override;
  [[nodiscard]] const Task& common() const override { return common_; }

  [[nodiscard]] const std::vector<DataOrder>& missing_data() const override { return missing_; }
  void take_data(const std::vector<MadeData>& made) override;
  [[nodiscard]] const std::map<std::size_t, judge::JuryFault>& faults() const override { return faults_; }
  [[nodiscard]] CaseFiles* files() const override { return &files_; }
  [[nodiscard]] SourcesOrRefusal finished(SourcesOrRefusal sources) const override;
  [[nodiscard]] std::optional<SourcesOrRefusal> outputs_at(const std::string& path,
                                                           const SourceOptions& options) const override;

  // The submission's files, language and image; or why there are none.
  SourcesOrRefusal sources_of(const problem::Submission& submission) const;

  // Each is made once. Null where it cannot be had: refusals() says why.
  const std::shared_ptr<const JuryProgram>& jury_program(problem::ProgramIndex index);
  // How an output is judged by this checker; none where it cannot be: refusals() says why. `of` names the case.
  std::optional<Judging> judging_by(const problem::Checker& checker, const std::vector<std::string>& validator_args,
                                    const std::string& of);

  [[nodiscard]] SourceOptions source_options() const override;
  [[nodiscard]] const problem::Problem& problem() const override { return package_.problem; }

 private:
  void make_cases();
  Case case_of(const problem::Case& one);
  void give_input(Case& made, const problem::Case& one, const std::filesystem::path& path) const;
  void order_data(const problem::Case& one);
  void judge_by(Case& made, const problem::Case& one);
  void refuse_streams();
  void add_compile_flags(Task& task, const Sources& sources) const;
  void give_fifos(Task& task) const;
  void tell_python_checkers(Task& task, const Sources& sources) const;
  void refuse(std::string why);
  std::shared_ptr<const JuryProgram> with_wall_limit(const std::shared_ptr<const JuryProgram>& interactor,
                                                     Duration wall) const;

  const packages::Package& package_;
  const ImageTable& images_;
  const TaskOptions options_;
  const PackageContext context_;  // of the three
  mutable CaseFiles files_;
  std::vector<std::string> refusals_;
  std::map<problem::ProgramIndex, std::shared_ptr<const JuryProgram>> made_;
  std::vector<DataOrder> missing_;
  std::map<std::size_t, judge::JuryFault> faults_;
  mutable std::map<Duration, std::shared_ptr<const JuryProgram>> interactors_;  // by the wall limit
  Task common_;  // all but the submission's own: cases, jury, groups
};

}  // namespace evalrun::contest
