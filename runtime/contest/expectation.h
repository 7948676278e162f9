// Whether a submission got what its label says: pure functions.
#pragma once

#include <string>
#include <vector>

#include "runtime/judge/grading.h"
#include "runtime/plan/plan.h"
#include "runtime/problem/problem.h"

namespace evalrun::contest {

// Whether `verdict` is what a label calls `result`. Labels know fewer words than verdicts: a program that ends itself
// because it gets no more memory has met a run-time error and the memory limit alike.
bool is_result(judge::Verdict verdict, problem::Result result);

// A score as labels and reports write it: in ten digits at most.
std::string score_text(double score);

// The label in a few words: "AC", "WA or TLE", "AC, score 60".
std::string words_of(const problem::Expectation& expected);

// Whether a label can be told without all cases.
bool needs_all_cases(const problem::Expectation& expected);

// What is otherwise than the label says, one line each; empty where all is as it says. `task` is what was graded.
std::vector<std::string> mismatches(const problem::Problem& problem, const problem::Expectation& expected,
                                    const Task& task, const judge::Grade& grade);

}  // namespace evalrun::contest
