// Many live sandboxes that sleep, all of one supervisor: what each takes of the machine's memory, and what one more run
// costs among them, by itself and in a cell.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/worker.h"

namespace evalrun::bench {

nlohmann::ordered_json measure_live(const Setting& setting, const EndSignals& ends, unsigned sandboxes);

}  // namespace evalrun::bench
