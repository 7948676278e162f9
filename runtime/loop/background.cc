#include "runtime/loop/background.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "runtime/core/error.h"
#include "runtime/core/signals_blocked.h"

namespace evalrun::loop {

Background::Background(EventLoop& loop) : loop_(loop), told_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!told_) throw SystemError("eventfd", "");
  loop_.watch(told_.get(), Interest::Read, loop_.caller(), [this] { on_done(); });
}

Background::~Background() {
  loop_.forget(told_.get());
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Background::give(std::function<void()> work, Then then) {
  if (!thread_.joinable()) {
    // All signals are for the thread that turns the loop.
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { this->work(); });
  }
  {
    const std::lock_guard lock(mutex_);
    to_do_.push_back({std::move(work), std::move(then)});
  }
  ++given_;
  wake_.notify_one();
}

void Background::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return ends_ || !to_do_.empty(); });
    if (ends_) return;
    std::list<Piece> taken;
    taken.splice(taken.end(), to_do_, to_do_.begin());
    lock.unlock();
    Piece& piece = taken.front();
    try {
      piece.work();
    } catch (...) {
      piece.thrown = std::current_exception();
    }
    piece.work = nullptr;  // what it holds is given back here
    lock.lock();
    done_.splice(done_.end(), taken);
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t told = ::write(told_.get(), &one, sizeof one);
  }
}

void Background::on_done() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t heard = ::read(told_.get(), &count, sizeof count);
  std::list<Piece> done;
  {
    const std::lock_guard lock(mutex_);
    done.swap(done_);
  }
  // What one throws, the loop's caller hears when the others have been told too.
  std::exception_ptr failure;
  for (Piece& piece : done) {
    --given_;
    try {
      piece.then(piece.thrown);
    } catch (...) {
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace evalrun::loop
