// The tables of the queue and its steps, as SQL (tables.sql, steps.sql).
#pragma once

#include <array>
#include <string_view>

namespace evalrun::fleet {

// To be raised with every change of the tables or of what a step means.
inline constexpr const char* kTablesVersion = "1";

inline constexpr std::array<const char*, 2> kTables = {
#include "runtime/fleet/postgresql/tables.inc"
    ,
#include "runtime/fleet/postgresql/steps.inc"
};

// Those that a call may name.
inline constexpr std::array<std::string_view, 17> kSteps = {
    "put_plan", "get_plan", "enqueue",      "claim", "beat",       "complete", "give_back", "reclaim", "leave",
    "forget",   "cancel",   "read_results", "retry", "unfinished", "dead",     "drain",     "status"};

}  // namespace evalrun::fleet
