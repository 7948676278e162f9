// Whether a large supervisor spawns as fast as a small one: two processes that run the same, one with much memory.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/progress.h"
#include "bench/worker.h"

namespace evalrun::bench {

// `contender` is the index of the one that runs in process.
nlohmann::ordered_json measure_supervisor_size(const Setting& setting, const std::vector<Entry>& entries,
                                               const EndSignals& ends, std::uint32_t contender, unsigned rounds,
                                               Progress& progress);

}  // namespace evalrun::bench
