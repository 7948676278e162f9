// What makes a task of a submission: a problem package (package_tasks.h), or a plan with cases (plan_tasks.h). Whoever
// judges asks nothing more about where the cases come from.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/contest/case_files.h"
#include "runtime/contest/generation.h"
#include "runtime/core/units.h"
#include "runtime/plan/plan.h"
#include "runtime/problem/problem.h"
#include "runtime/submissions/submission_files.h"

namespace evalrun::contest {

class Tasks {
 public:
  Tasks() = default;
  virtual ~Tasks() = default;
  Tasks(const Tasks&) = delete;
  Tasks& operator=(const Tasks&) = delete;

  // Throws PlanError, SystemError and archive::TreeError.
  // `memory_limit`: the submission's own, in place of what all have.
  [[nodiscard]] virtual Task task_for(const Sources& sources, Duration time_limit, std::optional<Bytes> memory_limit,
                                      const std::vector<std::string>& overrides) const = 0;
  // Its cases are those of every submission's task; the program is nobody's.
  [[nodiscard]] virtual const Task& common() const = 0;
  // The images that are preferred, and what is added to a submission.
  [[nodiscard]] virtual SourceOptions source_options() const = 0;
  [[nodiscard]] virtual const problem::Problem& problem() const = 0;
  // Why nothing can be judged, one line each.
  [[nodiscard]] virtual const std::vector<std::string>& refusals() const = 0;

  // What must be made before anything is judged; empty where all is there, or was made.
  [[nodiscard]] virtual const std::vector<DataOrder>& missing_data() const {
    static const std::vector<DataOrder> kNothing;
    return kNothing;
  }
  // Takes what was made for them.
  virtual void take_data(const std::vector<MadeData>&) {}
  // By the case's index: why it cannot be judged, since its data could not be made.
  [[nodiscard]] virtual const std::map<std::size_t, judge::JuryFault>& faults() const {
    static const std::map<std::size_t, judge::JuryFault> kNothing;
    return kNothing;
  }
  // Where made data is kept; null where none is made.
  [[nodiscard]] virtual CaseFiles* files() const { return nullptr; }

  // A submission's files with what its problem adds to them, or why it does not take them.
  [[nodiscard]] virtual SourcesOrRefusal finished(SourcesOrRefusal sources) const { return sources; }
  // Where what is handed in is the output itself: what lies at `path`. None: it is a program.
  [[nodiscard]] virtual std::optional<SourcesOrRefusal> outputs_at(const std::string&, const SourceOptions&) const {
    return {};
  }
};

}  // namespace evalrun::contest
