// gen/GEN of a CMS task: one line for each case, and the subtasks among them. Comments are commands: "# ST: 40" begins
// a subtask of 40 points, and "# COPY: path" is a case that lies in the package.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/packages/reading/reading.h"

namespace evalrun::packages::cms {

constexpr const char* kGenFile = "gen/GEN";

// A line that stands for a case.
struct GenLine {
  enum class Kind { Generate, Copy } kind = Kind::Generate;
  std::string text;
  unsigned line = 0;
  std::size_t subtask = 0;  // from 1 on; 0: before the first
};

struct GenSubtask {
  double points = 0;
  std::size_t cases = 0;
  std::string name;  // of task-maker's "# STNAME:", which CMS takes for a comment
};

struct Gen {
  std::vector<GenLine> cases;
  std::vector<GenSubtask> subtasks;
};

// `text` is UTF-8. What is wrong with a line, `findings` says.
Gen parse_gen(const std::string& text, problem::Findings& findings);

// Nothing where the task has no such file, or one that cannot be read, which `reading` says then.
std::optional<Gen> read_gen(Reading& reading);

}  // namespace evalrun::packages::cms
