// One run after another, of all contenders in random order, and what each took from start to reaped.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/progress.h"
#include "bench/worker.h"

namespace evalrun::bench {

// Runs each contender once (its caches, its first groups); what fails is left out from then on. For each entry one
// object: id, name, what, and error ("" where it works).
nlohmann::ordered_json try_all(Crew& crew, const std::vector<Entry>& entries);

// Adds latency_us, cpu_us and stages_us to the objects of those that work. Returns how many cores were busy meanwhile
// with something else: with neighbours, and with what the kernel does for past runs in the background.
double measure_latency(Crew& crew, nlohmann::ordered_json& contenders, unsigned rounds, Progress& progress);

}  // namespace evalrun::bench
