// A folder of the host in [files]: each regular file below it, as if it were written there by itself.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "runtime/plan/plan.h"

namespace evalrun {

// `folder`: where it is placed, and the host's folder as its source. By name; an executable file keeps that where
// `mode` says nothing. Throws PlanError where it cannot be read, holds a link, a socket, a FIFO or a device, or more
// than `most` files.
std::vector<WorkFile> files_of_folder(const WorkFile& folder, std::optional<std::uint32_t> mode, std::size_t most);

}  // namespace evalrun
