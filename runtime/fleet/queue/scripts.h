// The steps of the queue, in Lua: each is one call that is done or not done (scripts/*.lua).
#pragma once

#include <array>

namespace evalrun::fleet {

enum class Script { Beat, Cancel, Claim, Complete, Drain, Enqueue, Forget, GiveBack, Leave, Reclaim, Retry, Status };
inline constexpr std::size_t kScripts = static_cast<std::size_t>(Script::Status) + 1;

const char* text_of(Script script);

}  // namespace evalrun::fleet
