// The parts of a result that every kind of report has: JSON of single values, and measures in words.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/report/layout.h"
#include "runtime/supervise/result.h"

namespace evalrun::report {

// Ends with a newline where it is indented.
std::string written(const nlohmann::ordered_json& json, Layout layout);

nlohmann::ordered_json to_json(const supervise::Outcome& outcome);
nlohmann::ordered_json to_json(const std::vector<supervise::LimitMet>& limits);
nlohmann::ordered_json to_json(const supervise::Stream& stream);
nlohmann::ordered_json to_json(const std::vector<supervise::CollectedFile>& files);
nlohmann::ordered_json to_json(const std::vector<mediate::RecordedViolation>& violations);
nlohmann::ordered_json to_json(const host::Layers& layers);

// CPU, wall clock, memory, processes, switches and faults.
void add_measurements(nlohmann::ordered_json& json, const supervise::RunResult& result);

// The kernel, and what of this host makes the figures less sure.
nlohmann::ordered_json host_json(const supervise::RunResult& result);

// Of those warnings the ones of this run, not the host's.
nlohmann::ordered_json warnings_json(const supervise::RunResult& result);

// One line for all, "" for none: on many hosts it is there at every run. The remedies stand in the JSON.
std::string noise_line(const std::vector<host::Noise>& noises);

// "met limits.processes of 32, 3 times (counted; cgroup v2: pids.events)\n"
std::string limit_line(const supervise::LimitMet& met);

std::string milliseconds(Duration time);  // "12.3 ms"
std::string seconds(Duration time);       // "0.012 s"
std::string mebibytes(Bytes size);        // "4.0 MiB"

// For the columns of a table: spaces before the text.
std::string padded_left(const std::string& text, std::size_t width);

}  // namespace evalrun::report
