// A contender: one way to run the same program, from start to reaped.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/setting.h"
#include "runtime/core/units.h"

namespace evalrun::bench {

// The times that evalrun itself tells of a run (timing_us).
struct Stages {
  Duration compile{}, setup{}, run{}, teardown{};
};

class Contender {
 public:
  virtual ~Contender() = default;
  // Throws where the program does not end with 0.
  virtual void run() = 0;
  // After each run that is timed by itself, outside of the time: what evalrun told, and what must be put away.
  virtual std::optional<Stages> after() { return std::nullopt; }
};

struct Entry {
  std::string id;    // "cold"
  std::string name;  // "evalrun, in process"
  std::string what;  // in what it differs from a run of evalrun, or is equal
  // Made in the process that runs it. Throws where this host has no such thing.
  std::function<std::unique_ptr<Contender>(const Setting&)> make;
  std::string missing{};  // a peer that is not installed: so it says, and is not run
  std::string version{};  // a peer's own word
  // What its process must do to itself first; it then has a process of its own, which runs nothing else.
  std::function<void()> prepare{};
};

// In the order of the table.
std::vector<Entry> all_contenders(const Setting& setting);
std::vector<Entry> peers(const Setting& setting);

}  // namespace evalrun::bench
