// The steps of the queue, in Lua: each is one call that is done or not done (scripts/*.lua).
#pragma once

#include "runtime/fleet/queue/step_queue.h"

namespace evalrun::fleet {

inline constexpr std::size_t kScripts = static_cast<std::size_t>(Step::Status) + 1;

const char* script_of(Step step);

}  // namespace evalrun::fleet
