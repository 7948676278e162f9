// From `evalrun exec`'s words to a plan. The plan is always made as text and read like any other, so that what
// --print-plan prints is what runs.
#pragma once

#include <string>
#include <vector>

#include "runtime/reader/parse.h"
#include "runtime/usage/options.h"

namespace evalrun::cli {

// What errors call the plan.
inline constexpr const char* kExecPlan = "<exec>";

struct ExecPlan {
  PlanText text;                   // complete: the limits and `--set` are in it
  PlanText base;                   // the same without these
  std::vector<std::string> set;    // the limits, then `--set`
  std::vector<std::string> notes;  // what the operator should know, one sentence each
};

// What `--file NAME=PATH` of a verb that takes a plan writes over it: "files.NAME={ from = PATH }". Throws UsageError
// where there is no such file.
std::string file_override(const std::string& text);

// Looks at the images and at the files that the line names. Throws UsageError and PlanError.
ExecPlan make_exec_plan(const Options& options);

}  // namespace evalrun::cli
