#include "runtime/cli/queue_of.h"

#include <cstdlib>

#include "runtime/cli/message.h"
#include "runtime/fleet/queue/open_queue.h"

namespace evalrun::cli {

std::unique_ptr<fleet::Queue> queue_of(const Options& options, loop::EventLoop& loop) {
  std::string address = options.queue;
  if (address.empty()) {
    const char* set = std::getenv("EVALRUN_QUEUE");
    if (set != nullptr) address = set;
  }
  if (address.empty()) {
    throw UsageError(
        "which queue? Use --queue redis://HOST:PORT/DB, unix:PATH or postgresql://HOST/DB, or set EVALRUN_QUEUE");
  }
  return fleet::open_queue(loop, fleet::parse_queue_address(address),
                           {.warn = [](const std::string& warning) { say(warning); }});
}

}  // namespace evalrun::cli
