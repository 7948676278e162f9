// Runs a plan many times, a few at a time, from one loop of its own, beside something else that loop has to do: here a
// clock. Prints one line for each session that ends.
//
//   many PLAN [TIMES [AT-A-TIME]]
//
// c++ -std=c++20 many.cc $(pkg-config --cflags --libs evalrun++)

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <evalrun/evalrun.hh>
#include <iostream>
#include <unordered_map>

namespace {

class Many {
 public:
  Many(const char* plan, unsigned times, unsigned at_a_time)
      : plan_(engine_.compile_file(plan)), left_(times), at_a_time_(at_a_time) {}

  // Until every session has ended. How many did not end well.
  unsigned run() {
    const int loop = ::epoll_create1(EPOLL_CLOEXEC);
    const int clock = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    const itimerspec every_second{{1, 0}, {1, 0}};
    ::timerfd_settime(clock, 0, &every_second, nullptr);
    add(loop, clock);
    add(loop, engine_.descriptor());
    spawn();
    while (!live_.empty()) {
      epoll_event ready{};
      if (::epoll_wait(loop, &ready, 1, -1) != 1) continue;
      if (ready.data.fd == clock) {
        tick(clock);
      } else {
        engine_.dispatch(std::chrono::milliseconds(0));
        while (const auto event = engine_.next_event()) hear(*event);
        spawn();
      }
    }
    ::close(clock);
    ::close(loop);
    return failed_;
  }

 private:
  struct Live {
    evalrun::Session session;
    std::string output;
  };

  static void add(int loop, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
  }

  void spawn() {
    for (; left_ > 0 && live_.size() < at_a_time_; --left_) {
      evalrun::Session session = engine_.spawn(plan_);
      const std::uint64_t id = session.id();
      live_.emplace(id, Live{std::move(session), {}});
    }
  }

  void hear(const evalrun::Event& event) {
    Live& live = live_.at(event.session);
    if (event.kind == evalrun::EventKind::Stdout) live.output += event.bytes;
    if (event.kind != evalrun::EventKind::Completed) return;
    const evalrun::Result& result = live.session.result();
    std::cout << evalrun::name_of(result.verdict()) << ", " << result.message() << ", " << result.cpu().count()
              << " us, " << live.output.size() << " bytes\n";
    failed_ += result.exit_status() != 0;
    live_.erase(event.session);
  }

  void tick(int clock) const {
    std::uint64_t ticks = 0;
    if (::read(clock, &ticks, sizeof ticks) == sizeof ticks)
      std::cerr << live_.size() << " live, " << left_ << " left\n";
  }

  evalrun::Engine engine_;
  evalrun::CompiledPlan plan_;
  unsigned left_, at_a_time_, failed_ = 0;
  std::unordered_map<std::uint64_t, Live> live_;
};

unsigned number(const char* text) {
  return static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: many PLAN [TIMES [AT-A-TIME]]\n";
    return 2;
  }
  try {
    Many many(argv[1], argc > 2 ? number(argv[2]) : 10, argc > 3 ? number(argv[3]) : 4);
    return many.run() == 0 ? 0 : 1;
  } catch (const evalrun::Error& error) {
    std::cerr << "many: " << error.what() << "\n";
    return error.kind() == evalrun::ErrorKind::Plan ? 2 : 3;
  }
}
