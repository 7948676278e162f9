// How the runs of a grading's cases begin: all alike, by execve or with a snapshot, as is chosen before the first.
#pragma once

#include <string>
#include <vector>

#include "runtime/judge/program.h"
#include "runtime/plan/plan.h"
#include "runtime/pool/cell_pool.h"

namespace evalrun::judge {

class CaseStarts {
 public:
  // Both are borrowed.
  CaseStarts(pool::CellPool& pool, const Task& task) : pool_(pool), task_(task) {}

  // Whether it is known. Where the plan says "yes", what can be recorded is waited for: the loop must turn, and this be
  // asked again. `program` gets a case's input and limits.
  bool choose(Program& program);

  // Once it is known.
  [[nodiscard]] const snapshot::Choice& of(const Case& one) const;
  [[nodiscard]] const snapshot::Choice& of_examiner() const noexcept { return examiner_; }

 private:
  // Cases whose runs can begin with one snapshot.
  struct Group {
    const Case* first;
    snapshot::Choice choice;
  };

  // Of more kinds, the first would be dropped before the last is made.
  static constexpr std::size_t kMostGroups = 8;

  void find_groups();
  void begin_by_execve(const std::string& why);
  [[nodiscard]] const Plan* examiner_plan() const;

  pool::CellPool& pool_;
  const Task& task_;
  std::vector<Group> groups_;
  snapshot::Choice examiner_;
  bool is_chosen_ = false;
};

}  // namespace evalrun::judge
