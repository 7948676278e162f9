// The meta file: name:value lines about a run, in the order in which isolate writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/core/fd.h"

namespace evalrun::isolate {

// The figures of a run. Times in milliseconds, memory in KiB.
struct Figures {
  std::uint64_t time = 0, wall = 0;
  std::uint64_t memory = 0;
  std::uint64_t voluntary = 0, forced = 0;  // context switches
};

// What a run came to.
struct RunEnd {
  std::optional<int> exit_code, signal;
  std::string status, message;  // "TO", "RE", "SG"; both empty where all went well
  bool was_killed = false;      // by the sandbox
  bool ran_out_of_memory = false;
  Figures figures;
};

class MetaFile {
 public:
  // "": none, "-": standard output. Throws Fatal.
  void open(const std::string& name);
  void write(const RunEnd& end, bool with_groups);
  // Status XX.
  void write_failure(const std::string& message);

 private:
  void put(const std::string& text);

  Fd file_;
};

// "0.012"
std::string in_seconds(std::uint64_t milliseconds);

}  // namespace evalrun::isolate
