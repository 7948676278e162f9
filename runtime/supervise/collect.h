// Copying files out of a sandbox that has ended. The folder is hostile: its tree may hold links, FIFOs, sparse
// terabytes.
#pragma once

#include <filesystem>
#include <vector>

#include "runtime/plan/plan.h"
#include "runtime/supervise/result.h"

namespace evalrun::supervise {

// `work` is the sandbox's /work (borrowed, O_PATH is enough). Each file is opened beneath it without following any
// link, must be regular and no larger than its bound, and is copied to the same relative path under `into`. Failures
// are values.
std::vector<CollectedFile> collect_files(int work, const std::vector<CollectFile>& wanted,
                                         const std::filesystem::path& into);

}  // namespace evalrun::supervise
