#include "bench/machine.h"

#include <sched.h>
#include <unistd.h>

#include <cstdint>
#include <sstream>
#include <string>

#include "runtime/core/small_file.h"

namespace evalrun::bench {

unsigned usable_cores() {
  cpu_set_t cores;
  return ::sched_getaffinity(0, sizeof cores, &cores) == 0 ? static_cast<unsigned>(CPU_COUNT(&cores)) : 1;
}

double busy_seconds() {
  std::istringstream line(read_small_file("/proc/stat"));
  std::string cpu;
  line >> cpu;
  double busy = 0;
  std::uint64_t ticks = 0;
  // user, nice, system, idle, iowait, irq, softirq, steal (proc(5), /proc/stat)
  for (int column = 0; column < 8 && line >> ticks; ++column) {
    if (column != 3 && column != 4) busy += static_cast<double>(ticks);
  }
  return busy / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace evalrun::bench
