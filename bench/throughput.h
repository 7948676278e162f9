// Runs a second with a worker for each core, in short slices of one contender each, in random order.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/progress.h"
#include "bench/worker.h"

namespace evalrun::bench {

// Adds "throughput" to the objects of those that work: runs, seconds, and what of the whole machine was busy meanwhile,
// in seconds of one core; whatever else runs on the machine is in that figure. `seconds` is for each contender.
void measure_throughput(const Setting& setting, const std::vector<Entry>& entries, const EndSignals& ends,
                        nlohmann::ordered_json& contenders, double seconds, Progress& progress);

}  // namespace evalrun::bench
