// Work that would make a turn of the loop late, done by a thread: writing a large result, waiting for a disk.
//
// Theory of operation. Pieces of work are done one after the other, in the order in which they were given; when one is
// done, the loop is woken and calls what was given with it. The thread is started with the first piece. It never clones
// a process: what this process clones lives no longer than the thread that cloned it.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

#include "runtime/core/fd.h"
#include "runtime/loop/event_loop.h"

namespace evalrun::loop {

class Background {
 public:
  // Called with what `work` has thrown, or null.
  using Then = std::function<void(std::exception_ptr)>;

  explicit Background(EventLoop& loop);
  // Waits for the piece that is being done; what has not begun is dropped, and no `then` is called.
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // `work` may only touch what nobody else does until `then` is called, in the loop.
  void give(std::function<void()> work, Then then);

  // Nothing was given whose `then` has not been called.
  [[nodiscard]] bool is_idle() const noexcept { return given_ == 0; }

 private:
  struct Piece {
    std::function<void()> work;
    Then then;
    std::exception_ptr thrown = {};
  };

  void work();
  void on_done();

  EventLoop& loop_;
  Fd told_;                // an eventfd: pieces are done
  std::size_t given_ = 0;  // by the loop's thread alone
  std::mutex mutex_;
  std::condition_variable wake_;
  std::list<Piece> to_do_, done_;  // a piece moves from one to the other without memory
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace evalrun::loop
