// One loop over descriptors serves any number of runs. Handlers never block.
//
// Every handler has an owner: a run, or whoever turns the loop. What a handler throws is handed to its owner when the
// handler has been left, so one run's failure is never another's (docs/decisions/024).
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

#include "runtime/core/fd.h"
#include "runtime/core/units.h"
#include "runtime/loop/haste.h"

namespace evalrun::loop {

enum class Interest { Read, Write };

// Whom handlers work for.
class LoopOwner {
 public:
  // A handler of this owner has thrown `what`. Must see to it that the handler is not called for ever.
  virtual void on_failure(std::exception_ptr what) noexcept = 0;

 protected:
  LoopOwner() = default;
  ~LoopOwner() = default;
  LoopOwner(const LoopOwner&) = default;
  LoopOwner& operator=(const LoopOwner&) = default;
};

class EventLoop {
 public:
  using Handler = std::function<void()>;

  explicit EventLoop(Urgency urgency = Urgency::RealTime);

  // Calls `handler` whenever `fd` is ready. False where the descriptor cannot be waited for because it is always ready
  // (a regular file). One watch per descriptor. `owner` outlives the watch. Throws, and then nothing is watched.
  bool watch(int fd, Interest interest, LoopOwner& owner, Handler handler);
  void forget(int fd) noexcept;

  // Of handlers that concern everybody, such as the results' output: run_once() throws what they throw.
  [[nodiscard]] LoopOwner& caller() noexcept { return caller_; }

  // Waits for something to be ready, no longer than `timeout`, and runs the handlers of all that is. A handler may
  // forget any descriptor, its own too. Throws what the handlers of caller() throw, after all others have run.
  void run_once(std::optional<std::chrono::milliseconds> timeout = std::nullopt);

  // Readable while run_once() would not wait: for a loop of the caller's own. Borrowed.
  [[nodiscard]] int descriptor() const noexcept { return epoll_.get(); }

  // Of the thread that runs the handlers.
  [[nodiscard]] HasteCount& haste() noexcept { return haste_; }

 private:
  struct Watch {
    std::uint32_t generation;
    LoopOwner* owner;
    Handler handler;
  };
  // Keeps the first failure until the turn's end.
  class Caller final : public LoopOwner {
   public:
    void on_failure(std::exception_ptr what) noexcept override;
    void throw_failure();

   private:
    std::exception_ptr failure_;
  };

  Fd epoll_;
  HasteCount haste_;
  Caller caller_;
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

}  // namespace evalrun::loop
