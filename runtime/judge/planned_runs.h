// The sandboxes that a task needs, as plans, before any of them runs: what `explain` shows and `check` looks at.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/host/host.h"
#include "runtime/plan/plan.h"
#include "runtime/pool/cell_pool.h"

namespace evalrun::judge {

// The sandboxes of a task: the compile step where it has one, then the program's, which its cases have in common but
// for their streams and limits, then those of the jury's programs.
enum class Step { Compile, Run, Case, JuryCompile, Jury };
struct PlannedRun {
  // "compile", "run" or "case"; of one that was asked for by its name, and of each of several steps: "case NAME" and
  // "step NAME"; of the jury's: "checker", and "compile checker"
  std::string name;
  Plan plan;
  Step step = Step::Run;
  std::string argv_key = "argv";  // where its program is named
};
std::vector<PlannedRun> runs_of(const Task& task);
// The one that all cases have in common, or the only one.
PlannedRun run_of_program(const Task& task);

// The run of one case, from what the plan's cases have in common.
Plan plan_of_case(const Plan& common, const Case& one);

// Checks what each of the task's runs needs of this host, without making anything. Throws PlanError and HostError.
// What `pool` knows need not be looked at again.
void check_runs(const Task& task, const host::HostFacts& host, const pool::CellPool* pool = nullptr);

// What the task's runs have in common, but for those of the jury.
Plan plan_of_program(const Task& task);

// The programs of the jury that some case needs.
std::vector<std::shared_ptr<const JuryProgram>> needed_jury(const Task& task);

}  // namespace evalrun::judge
