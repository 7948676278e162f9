// One run from the command line: a loop of its own, and Ctrl-C.
#pragma once

#include <filesystem>
#include <memory>

#include "runtime/sandbox/compile.h"
#include "runtime/supervise/result.h"

namespace evalrun::cli {

// Spawns, supervises, collects. SIGINT, SIGTERM and SIGHUP end the run early; the result says so.
supervise::RunResult execute(const std::shared_ptr<const sandbox::CompiledPlan>& plan,
                             const std::filesystem::path& collect_into);

}  // namespace evalrun::cli
