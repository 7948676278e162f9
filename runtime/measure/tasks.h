// How many tasks a sandbox has at this moment, where no group counts them.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace evalrun::measure {

// Processes and threads below init, as /proc shows them; zombies too, since they hold their numbers.
std::uint64_t tasks_below(pid_t init);

}  // namespace evalrun::measure
