// `evalrun trace --suggest`: the additions to a plan under which its program ends well, none of which can be left out.
//
// Theory of operation. Trace; take the remedy of each refusal into the plan; trace again, until the program exits with
// 0 or nothing new was refused. A program is refused much that it does not need: so then it is run as it is, without
// this addition and without that one, and what it does not miss is dropped.
//
// The program is untrusted, and each refusal is a wish of its own. What a wish would give it of the host is never tried
// (search_rules.h): it is listed as not tried, with the option by which the operator grants it to the search.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/plan/plan.h"
#include "runtime/reader/addition.h"
#include "runtime/supervise/result.h"
#include "runtime/trace/search_rules.h"

namespace evalrun::trace {

struct SuggestedAddition {
  PlanAddition addition;
  std::string because;  // "openat /srv/data.csv: ENOENT"
};

// What the program was refused and the search may not give it.
struct NotTried {
  SuggestedAddition wish;
  Withheld why;
};

struct Suggestion {
  std::vector<SuggestedAddition> additions;
  bool runs = false;                // with all of them the program exits with 0; without any one of them it does not
  supervise::Outcome outcome;       // of the last run with all of them
  std::vector<std::string> left;    // where it does not run: the last refusals that no addition answers
  std::vector<NotTried> not_tried;  // where it does not run: of the last refusals; at most kNotTriedKept
  unsigned runs_tried = 0;
};

inline constexpr std::size_t kNotTriedKept = 64;

// The plan with these additions. Throws PlanError where they make none.
using PlanWith = std::function<Plan(const std::vector<PlanAddition>&)>;

// Runs the program many times; collects nothing, and gives it nothing of the host beyond the plan and `grants`. Throws
// PlanError, HostError and SystemError as a run of the plan without additions does.
Suggestion suggest(const PlanWith& plan_with, const Grants& grants);

}  // namespace evalrun::trace
