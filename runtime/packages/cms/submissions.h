// The submissions of a CMS task: the sources in sol/, and what their labels say of them.
#pragma once

#include <optional>

#include "runtime/packages/cms/gen_file.h"
#include "runtime/packages/reading/reading.h"

namespace evalrun::packages::cms {

// After the cases and their groups. task-maker's labels name the subtasks of gen/GEN.
void read_submissions(Reading& reading, const std::optional<Gen>& gen);

}  // namespace evalrun::packages::cms
