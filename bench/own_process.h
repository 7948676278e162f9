// A measurement in a process of its own, whose memory nobody else has used yet.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "bench/worker.h"

namespace evalrun::bench {

// What `measure` returns; an object with "error" alone where it throws or does not end within `seconds`. Throws
// Interrupted.
nlohmann::ordered_json in_own_process(const EndSignals& ends, int seconds,
                                      const std::function<nlohmann::ordered_json()>& measure);

}  // namespace evalrun::bench
