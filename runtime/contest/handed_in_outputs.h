// Where the answer to a problem is outputs and no program: what was handed in is the output. A program in the sandbox
// shows it, so that it is judged, bounded and told of like any other.
#pragma once

#include <string>
#include <vector>

#include "runtime/plan/plan.h"
#include "runtime/problem/problem.h"
#include "runtime/submissions/submission_files.h"

namespace evalrun::contest {

SourcesOrRefusal outputs_from(std::vector<WorkFile> files, const ImageTable& images);

// Whether these sources were made by outputs_from().
bool are_outputs(const Sources& sources);

// The task without its cases. Throws PlanError.
Task task_of_outputs(const Sources& sources, const ImageTable& images, const std::vector<std::string>& overrides);

// Lets each case of the task show its file. A case whose file was not handed in has an empty output.
void show_outputs(Task& task, const Sources& sources, const problem::Problem& problem);

}  // namespace evalrun::contest
