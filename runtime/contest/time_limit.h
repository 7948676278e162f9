// The time limit of a problem whose package sets none: from the submissions that must be accepted, as its format says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/core/units.h"
#include "runtime/problem/problem.h"

namespace evalrun::contest {

// What an accepted submission may take while the limit is not known.
inline constexpr Duration kUnknownTimeLimit = std::chrono::seconds(60);

// At least `accepted_to_limit` times the slowest, in whole multiples of the resolution, and one of them at least.
Duration derived_time_limit(const problem::Limits& limits, Duration slowest_accepted);

// Whether the limit is found from this submission.
bool is_lower_bound(const problem::Submission& submission);

// Where a program is stopped: a little after the limit, so that it is known by how much the limit was passed.
Duration stopped_at(Duration limit);

// Whether a time is so near to the limit that another run may end otherwise.
bool is_near(Duration time, Duration limit);

}  // namespace evalrun::contest
