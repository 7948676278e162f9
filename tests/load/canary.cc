#include "tests/load/canary.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "runtime/core/error.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;

constexpr Duration kWakeEvery = 1ms;
constexpr Duration kSpawnEvery = 20ms;

Duration clock_now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void sleep_until(Duration due) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(due);
  const timespec time{seconds.count(), (due - seconds).count()};
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
  }
}

std::vector<Duration> wake_often(const std::atomic<bool>& stopping) {
  std::vector<Duration> lateness;
  for (Duration due = clock_now() + kWakeEvery; !stopping; due += kWakeEvery) {
    sleep_until(due);
    lateness.push_back(clock_now() - due);
  }
  return lateness;
}

std::vector<Duration> spawn_often(const std::atomic<bool>& stopping) {
  const std::string program = probe("probe").string();
  char* argv[] = {const_cast<char*>(program.c_str()), nullptr};
  char* environment[] = {nullptr};
  std::vector<Duration> spawns;
  while (!stopping) {
    const Duration begin = clock_now();
    pid_t pid = -1;
    const int failed = ::posix_spawn(&pid, program.c_str(), nullptr, nullptr, argv, environment);
    if (failed != 0) throw SystemError("posix_spawn", program, failed);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    const Duration took = clock_now() - begin;
    spawns.push_back(took);
    sleep_until(begin + std::max(took, kSpawnEvery));
  }
  return spawns;
}

void write_all(int to, const void* data, std::size_t bytes) {
  for (const auto* at = static_cast<const char*>(data); bytes > 0;) {
    const ssize_t count = ::write(to, at, bytes);
    if (count <= 0) ::_exit(1);
    at += count;
    bytes -= static_cast<std::size_t>(count);
  }
}

void read_all(int from, void* data, std::size_t bytes) {
  for (auto* at = static_cast<char*>(data); bytes > 0;) {
    const ssize_t count = ::read(from, at, bytes);
    if (count <= 0) throw SystemError("read", "canary", count == 0 ? EPIPE : errno);
    at += count;
    bytes -= static_cast<std::size_t>(count);
  }
}

void send(int to, const std::vector<Duration>& samples) {
  const std::size_t count = samples.size();
  write_all(to, &count, sizeof count);
  write_all(to, samples.data(), count * sizeof(Duration));
}

std::vector<Duration> receive(int from) {
  std::size_t count = 0;
  read_all(from, &count, sizeof count);
  std::vector<Duration> samples(count);
  read_all(from, samples.data(), count * sizeof(Duration));
  return samples;
}

[[noreturn]] void be_canary(int stop, int to) {
  ::setsid();
  std::atomic<bool> stopping = false;
  std::vector<Duration> lateness, spawns;
  std::thread waker([&] { lateness = wake_often(stopping); });
  std::thread spawner([&] { spawns = spawn_often(stopping); });
  char byte = 0;
  while (::read(stop, &byte, 1) < 0 && errno == EINTR) {
  }
  stopping = true;
  waker.join();
  spawner.join();
  send(to, lateness);
  send(to, spawns);
  ::_exit(0);
}

}  // namespace

Spread spread_of(std::vector<Duration> samples) {
  if (samples.empty()) return {};
  std::ranges::sort(samples);
  const auto at = [&](std::size_t percent) { return samples[(samples.size() - 1) * percent / 100]; };
  return {samples.size(), at(50), at(99), samples.back()};
}

Canary::Canary() {
  Pipe stop = make_pipe(Blocking::Yes, Blocking::Yes);
  Pipe samples = make_pipe(Blocking::Yes, Blocking::Yes);
  pid_ = ::fork();
  if (pid_ < 0) throw SystemError("fork", "canary");
  if (pid_ == 0) {
    stop.write_end.reset();
    be_canary(stop.read_end.get(), samples.write_end.get());
  }
  stop_ = std::move(stop.write_end);
  samples_ = std::move(samples.read_end);
}

Canary::~Canary() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Canary::Seen Canary::stop() {
  stop_.reset();
  Seen seen{spread_of(receive(samples_.get())), spread_of(receive(samples_.get()))};
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  return seen;
}

}  // namespace evalrun::test
