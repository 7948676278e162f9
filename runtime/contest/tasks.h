// What makes a task of a submission: a problem package (package_tasks.h), or a plan with cases (plan_tasks.h). Whoever
// judges asks nothing more about where the cases come from.
#pragma once

#include <string>
#include <vector>

#include "runtime/contest/submission_files.h"
#include "runtime/core/units.h"
#include "runtime/plan/plan.h"
#include "runtime/problem/problem.h"

namespace evalrun::contest {

class Tasks {
 public:
  Tasks() = default;
  virtual ~Tasks() = default;
  Tasks(const Tasks&) = delete;
  Tasks& operator=(const Tasks&) = delete;

  // Throws PlanError, SystemError and archive::TreeError.
  [[nodiscard]] virtual Task task_for(const Sources& sources, Duration time_limit,
                                      const std::vector<std::string>& overrides) const = 0;
  // Its cases are those of every submission's task; the program is nobody's.
  [[nodiscard]] virtual const Task& common() const = 0;
  // The images that are preferred, and what is added to a submission.
  [[nodiscard]] virtual SourceOptions source_options() const = 0;
  [[nodiscard]] virtual const problem::Problem& problem() const = 0;
  // Why nothing can be judged, one line each.
  [[nodiscard]] virtual const std::vector<std::string>& refusals() const = 0;
};

}  // namespace evalrun::contest
