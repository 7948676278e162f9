#include "bench/supervisor.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "runtime/core/error.h"
#include "runtime/core/small_file.h"

namespace evalrun::bench {
namespace {

using nlohmann::ordered_json;

constexpr Bytes kSmall = 10_MiB;
constexpr Bytes kLarge = 1_GiB;

// Holds so much, every page of it written, until the process ends.
std::function<void()> ballast(Bytes size) {
  return [size] {
    void* const memory = ::mmap(nullptr, size.count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw SystemError("mmap", to_string(size));
    // Pages of the common size, as a heap of many objects has.
    ::madvise(memory, size.count, MADV_NOHUGEPAGE);
    std::memset(memory, 1, size.count);
  };
}

bool fits(Bytes size) {
  const std::string text = read_small_file("/proc/meminfo");
  const std::size_t at = text.find("MemAvailable:");
  return at != std::string::npos && std::strtoull(text.c_str() + at + 13, nullptr, 10) * 1024 > 2 * size.count;
}

}  // namespace

ordered_json measure_supervisor_size(const Setting& setting, const std::vector<Entry>& entries, const EndSignals& ends,
                                     std::uint32_t contender, unsigned rounds, Progress& progress) {
  if (!fits(kLarge)) return {{"error", "this host has too little memory for a supervisor of " + to_string(kLarge)}};
  Worker small(setting, entries, ends, ballast(kSmall));
  Worker large(setting, entries, ends, ballast(kLarge));
  ordered_json result = {{"small_bytes", kSmall.count}, {"large_bytes", kLarge.count}};
  for (unsigned round = 0; round <= rounds; ++round) {
    for (Worker* worker : {&small, &large}) {
      worker->order({.contender = contender, .runs = 1, .seconds_ns = 0});
      const Answer answer = worker->answer();
      if (answer.failed) return {{"error", answer.message}};
      // The first run of each makes what the others find.
      if (round > 0) result[worker == &small ? "small_us" : "large_us"].push_back(answer.wall_ns / 1000);
    }
    progress.say("size of the supervisor", round, rounds);
  }
  return result;
}

}  // namespace evalrun::bench
