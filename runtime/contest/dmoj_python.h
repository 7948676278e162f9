// DMOJ's checkers that are Python modules: what runs them outside DMOJ's judge.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/plan/plan.h"

namespace evalrun::contest {

// The file that a module's run begins in; its first argument is the module's file.
inline constexpr const char* kDmojDriver = "evalrun_dmoj_check.py";

// The driver and the few modules of DMOJ's that checkers import: dmoj.result, dmoj.checkers.standard and .rstripped,
// dmoj.utils.unicode. Another import of DMOJ's fails, which is the jury's fault and names it.
std::vector<WorkFile> dmoj_python_files();

// Why a module cannot be run here; none: it can.
std::optional<std::string> why_not_run(const std::string& module);

}  // namespace evalrun::contest
