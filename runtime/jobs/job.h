// One line of a batch's input: a job, as values. Pure.
//
//   {"id": "a1", "plan": "path.toml"}
//   {"id": "a2", "argv": ["main"], "stdin": {"text": "1 2"}, "set": {"limits.cpu": "1s"}}
//
// "id" names the job in its result: a text or an integer. "plan" is a plan of its own, in place of the batch's. Every
// other key is a plan's, with JSON's values for TOML's, and changes that plan; so do the keys of "set", which are
// written as for --set and go last. A value is what JSON says it is: a text is never read as TOML.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/jobs/result_line.h"
#include "runtime/reader/template.h"

namespace evalrun::jobs {

struct JobLine {
  JobId id;
  std::string plan;  // a path; "": the batch's plan
  std::vector<PlanChange> changes;
  SourcePosition position;  // of the line
};

struct BadLine {
  std::optional<JobId> id;  // where it could be read
  std::string message;
};

// `position` is the line's. What of a plan is wrong shows when the plan is made, not here.
std::variant<JobLine, BadLine> parse_job(std::string_view line, const SourcePosition& position);

}  // namespace evalrun::jobs
