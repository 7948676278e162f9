#include "runtime/judge/planned_runs.h"

#include <filesystem>
#include <optional>

#include "runtime/core/error.h"
#include "runtime/core/host_file.h"
#include "runtime/judge/case_run.h"
#include "runtime/judge/program.h"
#include "runtime/judge/step_runs.h"
#include "runtime/sandbox/compile.h"

namespace evalrun::judge {
namespace {

// What a case's result shows of each of its streams, where the plan says nothing.
constexpr Bytes kExcerpt = 4_KiB;

void check_case_file(const Case& one, std::size_t index, const char* key, const std::filesystem::path& path) {
  const HostFile file = open_host_file(path.string(), FileUse::Read);
  if (file.descriptor) return;
  throw PlanError(one.position, "case[" + std::to_string(index) + "]." + key,
                  "open " + path.string() + ": " + file.refusal);
}

void check_case_files(const Task& task) {
  for (std::size_t i = 0; i < task.cases.size(); ++i) {
    const Case& one = task.cases[i];
    if (const auto* input = std::get_if<InputFile>(&one.input)) check_case_file(one, i, "stdin", input->path);
    if (const auto* path = std::get_if<std::filesystem::path>(&one.expected)) check_case_file(one, i, "expect", *path);
  }
}

}  // namespace

Plan plan_of_program(const Task& task) {
  Plan one = task.plan;
  if (task.compile) one.job.files.clear();  // they come with the artefacts
  if (task.cases.empty()) return one;
  // Counted and hashed, and given to the checker as they come; a case's result holds an excerpt.
  for (Output* output : {&one.kind.output, &one.kind.error_output}) {
    if (auto* capture = std::get_if<OutputCapture>(output); capture != nullptr && !capture->most) {
      capture->most = kExcerpt;
    }
  }
  return one;
}

std::vector<std::shared_ptr<const JuryProgram>> needed_jury(const Task& task) {
  std::vector<bool> needed(task.jury.size());
  if (task.interaction) needed[task.interaction->program] = true;
  for (const Case& one : task.cases) {
    const JudgedByPrograms* judges = programs_judging(task, one);
    if (judges == nullptr) continue;
    for (const std::size_t index : judges->programs) needed[index] = true;
  }
  for (const problem::Group& group : task.groups) {
    if (group.scoring.grader) needed[*group.scoring.grader] = true;
  }
  std::vector<std::shared_ptr<const JuryProgram>> programs;
  for (std::size_t i = 0; i < needed.size(); ++i) {
    if (needed[i]) programs.push_back(task.jury[i]);
  }
  return programs;
}

std::vector<PlannedRun> runs_of(const Task& task) {
  std::vector<PlannedRun> runs;
  if (task.compile) {
    runs.push_back({"compile", plan_of_compile_step(task.plan, *task.compile), Step::Compile, "compile.argv"});
  }
  if (task.steps.empty()) runs.push_back(run_of_program(task));
  std::optional<Plan> common;  // of the steps; plans may hold large files
  if (!task.steps.empty()) common = plan_of_program(task);
  for (std::size_t i = 0; i < task.steps.size(); ++i) {
    const std::string own_key = "step[" + std::to_string(i) + "].argv";
    const bool has_own = task.plan.origin.positions.contains(own_key);
    runs.push_back({"step " + task.steps[i].name, plan_of_step(*common, task.steps[i]), Step::Run,
                    has_own ? own_key : std::string("argv")});
  }
  for (const auto& program : needed_jury(task)) {
    if (program->compile) {
      runs.push_back({"compile " + program->name, plan_of_compile_step(program->plan, *program->compile),
                      Step::JuryCompile, "compile " + program->name + ": argv"});
    }
    Plan plan = program->plan;
    if (program->compile) plan.job.files.clear();  // they come with what the step leaves
    runs.push_back({program->name, std::move(plan), Step::Jury, program->name + ": argv"});
  }
  return runs;
}

PlannedRun run_of_program(const Task& task) {
  const bool has_cases = !task.cases.empty();
  return {has_cases ? "case" : "run", plan_of_program(task), has_cases ? Step::Case : Step::Run};
}

Plan plan_of_case(const Plan& common, const Case& one) {
  Plan plan = common;
  set_case(plan, common, one);
  plan.job.files = with_files(std::move(plan.job.files), one.files);
  return plan;
}

void check_runs(const Task& task, const host::HostFacts& host, const pool::CellPool* pool) {
  check_case_files(task);
  const std::vector<PlannedRun> runs = runs_of(task);
  for (const PlannedRun& run : runs) {
    if (pool != nullptr && pool->knows(run.plan)) continue;
    sandbox::check_program(*sandbox::compile(run.plan, host), run.argv_key);
  }
}

}  // namespace evalrun::judge
