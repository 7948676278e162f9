// A recording: an interpreter is started in a sandbox like that of a run, under the whole lockdown, with the run's
// words and environment and an empty script; it is recorded, written to a file, and the file is tried once.
//
// Nothing of a job is in it: the files of a job are not placed, and the interpreter stands in front of its first look
// at the folder where they would be.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "runtime/host/host.h"
#include "runtime/plan/plan.h"
#include "runtime/sandbox/snapshot_start.h"
#include "runtime/snapshot/looked_at.h"

namespace evalrun::snapshot {

struct Recorded {
  sandbox::SnapshotStart start;
  std::vector<LookedAt> looked_at;
};

// Writes the file `name` in `folder`, whole or not at all. This process becomes a tracer meanwhile: it must have no
// other children that it waits for. Throws SnapshotError where the interpreter cannot be recorded, PlanError, HostError
// and SystemError.
Recorded record(const Plan& plan, const host::HostFacts& host, const std::filesystem::path& folder,
                const std::string& name);

}  // namespace evalrun::snapshot
