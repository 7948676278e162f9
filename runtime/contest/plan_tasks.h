// From a plan with [[case]] and a submission to the task that grades it: the plan's own, with the submission's files in
// place of the plan's source.
//
// A submission in a language of the plan's image takes the plan's lines. One in another language is compiled and run as
// the image of its language does it; the plan's limits, cases and checkers hold for it as for any other. A file that
// the plan places goes over one of the same name that was handed in.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/contest/tasks.h"
#include "runtime/reader/parse.h"
#include "runtime/reader/template.h"
#include "runtime/reader/toml_tree.h"

namespace evalrun::contest {

// A plan and not a package, by its name: "plan.toml".
bool is_plan_name(const std::string& path);

class PlanTasks final : public Tasks {
 public:
  // `overrides` are those of --set. Throws PlanError for a plan that is wrong, that has no cases, or that has no image
  // by name.
  PlanTasks(PlanText text, const std::vector<std::string>& overrides, const ImageTable& images);

  // With the plan's own limit as `time_limit`, cases keep those that they have.
  [[nodiscard]] Task task_for(const Sources& sources, Duration time_limit, std::optional<Bytes> memory_limit,
                              const std::vector<std::string>& overrides) const override;
  [[nodiscard]] const Task& common() const override { return plan_; }
  [[nodiscard]] SourceOptions source_options() const override;
  [[nodiscard]] const problem::Problem& problem() const override { return problem_; }
  [[nodiscard]] const std::vector<std::string>& refusals() const override { return refusals_; }

 private:
  [[nodiscard]] TomlNode tree_for(const Sources& sources) const;

  const PlanText text_;
  const ImageTable& images_;
  TomlNode root_;
  Task plan_;
  std::string image_;   // the plan's
  std::string source_;  // the plan's, relative to /work; "": it says none
  problem::Problem problem_;
  std::vector<std::string> refusals_;
};

}  // namespace evalrun::contest
