// Results on their way out: a queue before a descriptor whose reader may be slow. It never blocks the loop, and its
// owner starts nothing new while the queue is long.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>

#include "runtime/loop/event_loop.h"

namespace evalrun::batch {

class ResultQueue {
 public:
  // `fd` is borrowed, with whatever flags it has: others may share it.
  ResultQueue(loop::EventLoop& loop, int fd) : loop_(loop), fd_(fd) {}
  ~ResultQueue();
  ResultQueue(const ResultQueue&) = delete;
  ResultQueue& operator=(const ResultQueue&) = delete;

  // Throws SystemError, as turns of the loop do, where nobody will read it any more or the disk is full.
  void put(std::string line);
  // Bytes that wait.
  [[nodiscard]] std::size_t length() const noexcept { return length_; }
  // Drops what waits.
  void give_up() noexcept;

 private:
  void wait();
  void write_some(std::size_t most);

  loop::EventLoop& loop_;
  int fd_;
  std::deque<std::string> pending_;
  std::size_t length_ = 0;
  std::size_t written_ = 0;  // of the first
  bool watched_ = false;
  std::optional<loop::Timer> turn_;  // of what cannot be waited for: a regular file, which is always ready
};

}  // namespace evalrun::batch
