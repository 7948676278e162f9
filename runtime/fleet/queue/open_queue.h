// The queue at an address, of whatever kind it is.
#pragma once

#include <memory>

#include "runtime/fleet/queue/queue_address.h"
#include "runtime/fleet/queue/step_queue.h"

namespace evalrun::fleet {

// Throws UsageError where this kind is not installed. Connects in the loop's next turns.
std::unique_ptr<Queue> open_queue(loop::EventLoop& loop, const QueueAddress& address, QueueOptions options);

}  // namespace evalrun::fleet
