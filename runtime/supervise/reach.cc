#include "runtime/supervise/reach.h"

namespace evalrun::supervise {
namespace {

// Which was passed first: the limit on both streams together, or one of those on each.
Reach output_reach(const RunResult& result, const OutputLimit& limits) {
  const Bytes standard_output{result.output.bytes}, standard_error{result.error_output.bytes};
  const Bytes both{standard_output.count + standard_error.count};
  if (limits.both && both > *limits.both) return {*limits.both, both};
  if (limits.standard_output && standard_output > *limits.standard_output) {
    return {*limits.standard_output, standard_output};
  }
  return {limits.standard_error.value_or(Bytes{}), standard_error};
}

}  // namespace

std::string output_over(const RunResult& result, const OutputLimit& limits) {
  const Bytes standard_output{result.output.bytes}, standard_error{result.error_output.bytes};
  if (limits.both) {
    if (standard_error.count == 0) return "stdout";
    return standard_output.count == 0 ? "stderr" : "stdout and stderr";
  }
  return limits.standard_output && standard_output > *limits.standard_output ? "stdout" : "stderr";
}

Reach reach_of(Limit limit, const RunResult& result, const Limits& limits, Duration idle) {
  switch (limit) {
    case Limit::Cpu: return {limits.cpu, result.cpu.total()};
    case Limit::Wall: return {limits.wall, result.wall};
    case Limit::Idle: return {limits.idle.value_or(Duration{}), idle};
    case Limit::Memory: return {limits.memory, result.memory.peak};
    // Nothing beyond it is ever given.
    case Limit::AddressSpace: return {limits.address_space.value_or(Bytes{}), limits.address_space.value_or(Bytes{})};
    case Limit::Output: return output_reach(result, limits.output);
    // The kernel lets no file grow past it; what the program meant to write, nobody knows.
    case Limit::FileSize: return {limits.file_size, limits.file_size};
    // They end no run by themselves.
    case Limit::Processes:
    case Limit::OpenFiles:
    case Limit::Stack:
    case Limit::Workspace:
    case Limit::Inodes: break;
  }
  return {};
}

}  // namespace evalrun::supervise
