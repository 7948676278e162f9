// A graded submission's result in words: one JSON object, or a table for people.
#pragma once

#include <string>

#include "runtime/judge/grading.h"
#include "runtime/plan/plan.h"
#include "runtime/report/layout.h"

namespace evalrun::report {

struct GradeReport {
  const Task& task;
  const judge::Grade& grade;
  Duration took;
};

std::string to_json(const GradeReport& report, Layout layout = Layout::Indented);
std::string to_text(const GradeReport& report);

}  // namespace evalrun::report
