// A run's result in words: one JSON object, or a few lines for people.
#pragma once

#include <string>

#include "runtime/plan/plan.h"
#include "runtime/report/layout.h"
#include "runtime/supervise/result.h"

namespace evalrun::report {

struct Report {
  const Plan& plan;
  const supervise::RunResult& result;
  Duration compile;
};

std::string to_json(const Report& report, Layout layout = Layout::Indented);
std::string to_text(const Report& report);

// A result for a failure before there was a run: the same object with what is known.
std::string fault_to_json(const std::string& plan_name, const supervise::SandboxFault& fault,
                          const std::string& message, Layout layout = Layout::Indented);

}  // namespace evalrun::report
