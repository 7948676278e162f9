// One loop over descriptors serves any number of runs. Handlers never block.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

#include "runtime/core/fd.h"
#include "runtime/core/units.h"
#include "runtime/supervise/haste.h"

namespace evalrun::supervise {

enum class Interest { Read, Write };

class EventLoop {
 public:
  using Handler = std::function<void()>;

  explicit EventLoop(Urgency urgency = Urgency::RealTime);

  // Calls `handler` whenever `fd` is ready. False where the descriptor cannot be waited for because it is always ready
  // (a regular file). One watch per descriptor.
  bool watch(int fd, Interest interest, Handler handler);
  void forget(int fd) noexcept;

  // Waits for something to be ready, no longer than `timeout`, and runs the handlers of all that is. A handler may
  // forget any descriptor, its own too.
  void run_once(std::optional<std::chrono::milliseconds> timeout = std::nullopt);

  // Readable while run_once() would not wait: for a loop of the caller's own. Borrowed.
  [[nodiscard]] int descriptor() const noexcept { return epoll_.get(); }

  // Of the thread that runs the handlers.
  [[nodiscard]] HasteCount& haste() noexcept { return haste_; }

 private:
  struct Watch {
    std::uint32_t generation;
    Handler handler;
  };
  Fd epoll_;
  HasteCount haste_;
  std::uint32_t next_generation_ = 1;
  std::unordered_map<int, std::shared_ptr<Watch>> watches_;
};

// CLOCK_MONOTONIC, as everything here is.
Duration now();

// A timer as a descriptor. Never fires while unset.
class Timer {
 public:
  Timer();
  [[nodiscard]] int get() const noexcept { return fd_.get(); }
  void set(Duration deadline);  // absolute; a past one fires at once
  void acknowledge() noexcept;

 private:
  Fd fd_;
};

}  // namespace evalrun::supervise
