// The queue that the command line names.
#pragma once

#include <memory>
#include <optional>

#include "runtime/cli/end_signals.h"
#include "runtime/core/error.h"
#include "runtime/fleet/queue/queue.h"
#include "runtime/loop/event_loop.h"
#include "runtime/usage/options.h"

namespace evalrun::cli {

// Throws UsageError.
std::unique_ptr<fleet::Queue> queue_of(const Options& options, loop::EventLoop& loop);

// Turns the loop until `call`, given a handler, is answered. Throws where the queue cannot be reached for some seconds.
template <typename Answer, typename Call>
Answer ask(loop::EventLoop& loop, const fleet::Queue& queue, Call call) {
  using namespace std::chrono_literals;
  std::optional<Answer> answer;
  call([&](Answer given) { answer = std::move(given); });
  const Duration end = loop::now() + 10s;
  while (!answer) {
    if (loop::now() > end) throw fleet::QueueError("the queue does not answer: " + queue.why_away());
    loop.run_once(100ms);
  }
  return std::move(*answer);
}

}  // namespace evalrun::cli
