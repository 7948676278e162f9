#include "runtime/plan/jury_limits.h"

namespace evalrun {

Limits jury_limits() {
  Limits limits;
  limits.cpu = std::chrono::seconds(60);
  limits.wall = wall_of_jury(limits.cpu);
  limits.memory = 2048_MiB;
  limits.stack = kUnlimited;
  limits.processes = 128;
  limits.file_size = 1024_MiB;
  limits.workspace = 2048_MiB;
  limits.output.both = 64_MiB;
  return limits;
}

Duration wall_of_jury(Duration cpu) {
  return cpu * 2 + std::chrono::seconds(10);
}

}  // namespace evalrun
