// What the whole machine does, from /proc.
#pragma once

namespace evalrun::bench {

// Of all cores together since boot: everything but idle and waiting for input, in seconds of one core.
double busy_seconds();

// The cores that this process may use.
unsigned usable_cores();

}  // namespace evalrun::bench
