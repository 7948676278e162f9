#include "runtime/cli/queue_of.h"

#include <cstdlib>

#include "runtime/cli/message.h"
#include "runtime/fleet/queue/queue_address.h"
#include "runtime/fleet/queue/redis_queue.h"

namespace evalrun::cli {

std::unique_ptr<fleet::Queue> queue_of(const Options& options, loop::EventLoop& loop) {
  std::string address = options.queue;
  if (address.empty()) {
    const char* set = std::getenv("EVALRUN_QUEUE");
    if (set != nullptr) address = set;
  }
  if (address.empty())
    throw UsageError("which queue? Use --queue redis://HOST:PORT/DB or unix:PATH, or set EVALRUN_QUEUE");
  return std::make_unique<fleet::RedisQueue>(
      loop, fleet::parse_queue_address(address),
      fleet::RedisQueue::Options{.warn = [](const std::string& warning) { say(warning); }});
}

}  // namespace evalrun::cli
