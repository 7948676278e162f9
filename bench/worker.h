// A process that runs contenders on order: what is measured is measured in it, so that neither the driver's memory nor
// its other children are in the figures. Bounded: one that does not answer in time is killed with all that it started.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "bench/contender.h"
#include "runtime/core/fd.h"

namespace evalrun::bench {

// Somebody pressed Ctrl-C.
struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("interrupted") {}
};

// SIGINT, SIGTERM and SIGHUP as a descriptor, for as long as this lives; made before any worker.
class EndSignals {
 public:
  EndSignals();
  ~EndSignals();
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;
  [[nodiscard]] int get() const noexcept { return fd_.get(); }
  void restore() const noexcept;  // in a child: they end it again

 private:
  Fd fd_;
};

struct Order {
  std::uint32_t contender = 0;  // index into the entries
  std::uint32_t runs = 1;       // at most
  std::int64_t seconds_ns = 0;  // and at most so long; 0: no matter how long
};

struct Answer {
  std::uint64_t runs = 0;
  std::int64_t wall_ns = 0;
  std::int64_t cpu_us = 0;      // of the worker and of all that it waited for
  std::int64_t stages_ns[4]{};  // of the last run: compile, setup, run, teardown
  bool has_stages = false;
  bool failed = false;
  char message[600]{};
};

class Worker {
 public:
  // `prepare` is what the process does to itself before anything else.
  Worker(const Setting& setting, const std::vector<Entry>& entries, const EndSignals& ends,
         std::function<void()> prepare = {});
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void order(const Order& order);
  // The answer to the order. Where it fails or does not come, a failed one that says why; a worker that was killed for
  // it is replaced at the next order. Throws Interrupted.
  Answer answer();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  void start();
  void stop() noexcept;
  [[noreturn]] void serve(const Fd& orders, const Fd& answers);

  const Setting& setting_;
  const std::vector<Entry>& entries_;
  const EndSignals& ends_;
  std::function<void()> prepare_;
  pid_t pid_ = -1;
  Fd orders_, answers_;
  int patience_ms_ = 0;
};

// One worker for all contenders but those that must have their own.
class Crew {
 public:
  Crew(const Setting& setting, const std::vector<Entry>& entries, const EndSignals& ends)
      : setting_(setting), entries_(entries), ends_(ends) {}

  Worker& worker_of(std::uint32_t contender);
  Answer run(const Order& order);  // order and answer

 private:
  const Setting& setting_;
  const std::vector<Entry>& entries_;
  const EndSignals& ends_;
  std::optional<Worker> shared_;
  std::map<std::uint32_t, Worker> own_;
};

}  // namespace evalrun::bench
