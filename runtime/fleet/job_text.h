// A job's line whose files go to other hosts: what it names of this host is put into the shared place, and named by
// its digest.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "runtime/fleet/shared_files.h"
#include "runtime/jobs/job.h"
#include "runtime/reader/parse.h"

namespace evalrun::fleet {

// The line with its files' digests; nothing where it names no path, and goes as it is. A relative path is relative to
// `folder`. Throws PlanError where a path can be given to no other host, and SharedFileError.
std::optional<std::string> with_shared_files(jobs::JobLine job, const SharedPlace& shared,
                                             const std::filesystem::path& folder);

// The files that the plan names, by the paths as they stand there, and their digests. Throws the same.
std::map<std::string, std::string> shared_files_of(const PlanText& plan, const std::vector<std::string>& overrides,
                                                   const SharedPlace& shared);

}  // namespace evalrun::fleet
