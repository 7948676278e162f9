#include "runtime/loop/event_loop.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "runtime/core/error.h"

namespace evalrun::loop {
namespace {

timespec to_timespec(Duration time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  return {seconds.count(), (time - seconds).count()};
}

int to_epoll_timeout(std::optional<std::chrono::milliseconds> timeout) {
  if (!timeout) return -1;
  return static_cast<int>(std::clamp<std::int64_t>(timeout->count(), 0, std::numeric_limits<int>::max()));
}

}  // namespace

EventLoop::EventLoop(Urgency urgency) : epoll_(::epoll_create1(EPOLL_CLOEXEC)), haste_(urgency) {
  if (!epoll_) throw SystemError("epoll_create1", "");
}

bool EventLoop::watch(int fd, Interest interest, LoopOwner& owner, Handler handler) {
  // The generation tells an event of this watch from one, in the same batch, of an earlier holder of the number.
  const std::uint32_t generation = next_generation_++;
  epoll_event event{};
  event.events = interest == Interest::Read ? EPOLLIN : EPOLLOUT;
  event.data.u64 = (std::uint64_t{generation} << 32) | static_cast<std::uint32_t>(fd);
  // First what can run out of memory: a descriptor that is ready and has no handler would turn the loop for ever.
  auto watch = std::make_shared<Watch>(Watch{generation, &owner, std::move(handler)});
  std::shared_ptr<Watch>& place = watches_[fd];
  place.swap(watch);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return true;
  const int error = errno;
  place.swap(watch);
  if (!place) watches_.erase(fd);
  if (error == EPERM) return false;
  throw SystemError("epoll_ctl", std::to_string(fd), error);
}

void EventLoop::forget(int fd) noexcept {
  if (watches_.erase(fd) != 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void EventLoop::run_once(std::optional<std::chrono::milliseconds> timeout) {
  std::array<epoll_event, 64> events;
  const int ready =
      ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), to_epoll_timeout(timeout));
  if (ready < 0) {
    if (errno == EINTR) return;
    throw SystemError("epoll_wait", "");
  }
  for (int i = 0; i < ready; ++i) {
    const std::uint64_t tag = events[static_cast<std::size_t>(i)].data.u64;
    const auto found = watches_.find(static_cast<int>(tag & 0xFFFFFFFF));
    if (found == watches_.end() || found->second->generation != tag >> 32) continue;
    const std::shared_ptr<Watch> watch = found->second;  // lives through its own forget()
    try {
      watch->handler();
    } catch (...) {
      watch->owner->on_failure(std::current_exception());
    }
  }
  caller_.throw_failure();
}

void EventLoop::Caller::on_failure(std::exception_ptr what) noexcept {
  if (!failure_) failure_ = std::move(what);
}

void EventLoop::Caller::throw_failure() {
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

Duration now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

Timer::Timer() : fd_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  if (!fd_) throw SystemError("timerfd_create", "");
}

void Timer::set(Duration deadline) {
  itimerspec when{};
  when.it_value = to_timespec(std::max(deadline, Duration(1)));  // zero would disarm it
  if (::timerfd_settime(fd_.get(), TFD_TIMER_ABSTIME, &when, nullptr) != 0) throw SystemError("timerfd_settime", "");
}

void Timer::acknowledge() noexcept {
  std::uint64_t expirations = 0;
  [[maybe_unused]] const ssize_t count = ::read(fd_.get(), &expirations, sizeof expirations);
}

}  // namespace evalrun::loop
