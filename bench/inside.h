// What the sandbox costs the program itself: the same program inside and outside, in turns.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/progress.h"
#include "bench/worker.h"

namespace evalrun::bench {

nlohmann::ordered_json measure_inside(const Setting& setting, const EndSignals& ends, unsigned rounds);

}  // namespace evalrun::bench
