// What joins the keys of grading: [compile], [[case]], [checker], [interactor], [scoring] and the streams of the plan.
#pragma once

#include <set>

#include "runtime/plan/plan.h"
#include "runtime/reader/draft.h"

namespace evalrun {

enum class Judge { BuiltIn, Program };

// What a plan says of grading and a Task holds in other words.
struct GradingKeys {
  Judge judge = Judge::BuiltIn;
  JuryKeys checker, interactor;
  bool checks_after_interactor = false;
  std::set<std::size_t> cases_with_answer;
  ScoringKeys scoring;
  std::optional<TestsKeys> tests;
};

// Checks them against each other and fills in what one says of another; the jury's programs are yet to be made. Throws
// PlanError.
void settle_grading(Task& task, const GradingKeys& keys);

}  // namespace evalrun
