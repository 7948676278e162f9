#include "runtime/contest/package_limits.h"

#include <algorithm>

#include "runtime/plan/jury_limits.h"

namespace evalrun::contest {
namespace {

using problem::Role;

constexpr Duration kCompilationTime = std::chrono::seconds(60);
constexpr Bytes kCompilationMemory = 2048_MiB;
// What a generator or the jury's solution may write.
constexpr Bytes kMostOfData = 1024_MiB;

}  // namespace

Duration wall_for(Duration cpu, double factor) {
  const Duration generous = cpu * 3 + std::chrono::seconds(5);
  if (factor <= 0) return generous;
  const auto scaled = std::chrono::duration_cast<Duration>(cpu * factor);
  return std::max(scaled, cpu + std::chrono::seconds(1));
}

Limits limits_of(const problem::Program& program, const problem::Limits& limits) {
  Limits own = jury_limits();
  own.cpu = program.time_limit.value_or(limits.validation_time.value_or(own.cpu));
  own.wall = wall_of_jury(own.cpu);
  own.memory = program.memory_limit.value_or(limits.validation_memory.value_or(own.memory));
  if (program.role == Role::Generator || program.role == Role::Solution) own.output.both = kMostOfData;
  return own;
}

void give_compiler_room(std::optional<CompileStep>& compile, const problem::Limits& limits) {
  if (!compile) return;
  const Duration cpu = limits.compilation_time.value_or(kCompilationTime);
  compile->limits.cpu = std::max(compile->limits.cpu, cpu);
  compile->limits.wall = std::max(compile->limits.wall, cpu * 3);
  compile->limits.memory = std::max(compile->limits.memory, limits.compilation_memory.value_or(kCompilationMemory));
}

}  // namespace evalrun::contest
