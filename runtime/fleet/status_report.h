// What a queue says of itself, for people and for monitoring. Pure.
#pragma once

#include <string>
#include <vector>

#include "runtime/fleet/queue/queue.h"

namespace evalrun::fleet {

// `status` is what Queue::status() answered. Throws QueueError where it is not.
std::string status_to_text(const std::string& status);
// The text format of Prometheus.
std::string status_to_metrics(const std::string& status);

std::string dead_to_text(const std::vector<DeadJob>& jobs);
// One object a line.
std::string dead_to_json(const std::vector<DeadJob>& jobs);

}  // namespace evalrun::fleet
