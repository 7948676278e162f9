#include "lockdown/rlimits.h"

namespace evalrun::lockdown {
namespace {

constexpr std::uint64_t kLockedMemory = 64 << 10;

std::uint64_t whole_seconds(Duration time) {
  return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(time).count());
}

RlimitRow same(int resource, std::uint64_t value, const char* name, const char* reason) {
  return {{resource, value, value}, name, reason};
}

}  // namespace

std::vector<RlimitRow> make_rlimits(const Plan& plan, std::uint64_t core_limit, Uncounted uncounted) {
  const Limits& limits = plan.kind.limits;
  // Per process and in whole seconds, so only a wall behind the supervisor, which counts the whole tree: one second
  // later.
  const std::uint64_t cpu = whole_seconds(limits.cpu_hard.value_or(limits.cpu)) + 1;
  const bool one_task = turns(plan.kind.capabilities, LimitKnob::OneTask);
  const bool no_files = turns(plan.kind.capabilities, LimitKnob::NoFileSize);
  return {
      {{RLIMIT_CPU, cpu, cpu + 1}, "RLIMIT_CPU", "a wall behind the supervisor's count of the whole tree"},
      same(RLIMIT_STACK, limits.stack.count, "RLIMIT_STACK", "limits.stack; also bounds execve's arguments"),
      // init is a process of the same user.
      one_task
          ? same(RLIMIT_NPROC, 2, "RLIMIT_NPROC", "init and the program: neither process.spawn nor process.threads")
      : uncounted.processes
          ? same(RLIMIT_NPROC, limits.processes + 1, "RLIMIT_NPROC", "limits.processes, and init")
          // It would refuse first, and without a trace.
          : same(RLIMIT_NPROC, limits.processes + 2, "RLIMIT_NPROC",
                 "limits.processes, init, and one: a wall after the control group, which counts what it refuses"),
      same(RLIMIT_NOFILE, limits.open_files, "RLIMIT_NOFILE", "limits.open_files"),
      no_files ? same(RLIMIT_FSIZE, 0, "RLIMIT_FSIZE", "no fs.write")
               : same(RLIMIT_FSIZE, limits.file_size.count, "RLIMIT_FSIZE", "limits.file_size"),
      same(RLIMIT_AS, RLIM_INFINITY, "RLIMIT_AS",
           limits.address_space ? "limits.address_space is set when the program first asks for memory"
                                : "memory means resident memory; a caller's own limit is none of the plan's"),
      same(RLIMIT_DATA, RLIM_INFINITY, "RLIMIT_DATA", "the same"),
      same(RLIMIT_CORE, core_limit, "RLIMIT_CORE",
           core_limit == 0 ? "no core dumps, unless to a handler of the host's: the caller's own limit allows no more"
                           : "no core dumps: under 0 a handler behind a pipe would still be run"),
      same(RLIMIT_MEMLOCK, kLockedMemory, "RLIMIT_MEMLOCK", "mlockall fails with ENOMEM"),
      same(RLIMIT_SIGPENDING, kPendingSignals, "RLIMIT_SIGPENDING", "queued signals and timers"),
      same(RLIMIT_MSGQUEUE, 0, "RLIMIT_MSGQUEUE", "no POSIX message queues"),
      same(RLIMIT_NICE, 0, "RLIMIT_NICE", "priority cannot be raised"),
      same(RLIMIT_RTPRIO, 0, "RLIMIT_RTPRIO", "no real-time scheduling"),
  };
}

std::string describe_value(const RlimitRow& row) {
  if (row.limit.soft == RLIM_INFINITY) return "unlimited";
  const bool bytes =
      row.limit.resource == RLIMIT_STACK || row.limit.resource == RLIMIT_FSIZE || row.limit.resource == RLIMIT_MEMLOCK;
  return bytes ? to_string(Bytes{row.limit.soft}) : std::to_string(row.limit.soft);
}

}  // namespace evalrun::lockdown
