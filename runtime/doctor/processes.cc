// Checks of what the supervisor does to a run's processes: it makes their calls for them (mediation), and looks at them
// where no control group counts what they use.

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/core/error.h"
#include "runtime/core/fd.h"
#include "runtime/core/sys.h"
#include "runtime/doctor/examinations.h"
#include "runtime/doctor/trial.h"
#include "runtime/groups/cgroup.h"
#include "runtime/measure/exit_tracer.h"
#include "runtime/measure/socket_usage.h"
#include "runtime/mediate/trial.h"

namespace evalrun::doctor {
namespace {

constexpr char kAdvice[] = "; require.cgroup = \"yes\" refuses such a host";

// A process in namespaces of its own, as a run's are, while `act` is done to it. In the child of a trial: nothing of it
// outlives that.
template <typename Act>
long to_a_process_of_a_run(int dumpable, const Act& act) {
  const Pipe ready = make_pipe(Blocking::Yes, Blocking::Yes);
  clone_args arguments{};
  arguments.flags = CLONE_NEWUSER | CLONE_NEWNET;
  arguments.exit_signal = SIGCHLD;
  const long pid = sys(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) return pid;
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    ::prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0);
    if (::write(ready.write_end.get(), "r", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte = 0;
  const bool is_ready = ::read(ready.read_end.get(), &byte, 1) == 1;
  return is_ready ? act(static_cast<pid_t>(pid)) : -EPIPE;
}

// A run's init lets nobody look at its memory. Under hidepid (proc(5)) it is then not there at all.
long look_at(pid_t process) {
  const Fd stat(::open(("/proc/" + std::to_string(process) + "/stat").c_str(), O_RDONLY | O_CLOEXEC));
  return stat ? 0 : -errno;
}

Check check_sight(const Host& host, bool is_counted) {
  const auto refused = try_steps(
      0, host.identity,
      {{"open /proc/PID/stat of a run's process", []() -> long { return to_a_process_of_a_run(0, look_at); }}});
  Check check{.name = "processes", .finding = "the processes of a run are seen in /proc"};
  if (!refused) return check;
  check.finding = to_string(*refused) + ": /proc hides them (hidepid)";
  if (is_counted) {
    check.finding += ", and control groups count them";
    return check;
  }
  check.state = State::Broken;
  const std::string manager_switch = switch_for(host.around, Withheld::Sight);
  check.remedy = manager_switch.empty()
                     ? "mount -o remount,hidepid=0 /proc, or give runs control groups (see the line cgroup)"
                     : manager_switch;
  return check;
}

Check check_mediation(const Host& host) {
  const auto refused = mediate::try_deputy_calls();
  if (!refused) {
    return {.name = "mediation", .finding = "bind, connect and listen of programs can be made in their place"};
  }
  return {.name = "mediation",
          .state = State::Degraded,
          .finding = std::string(refused->call) + ": " + errno_text(refused->error) + " (" +
                     errno_name(refused->error) +
                     "); a run whose program binds, connects or listens ends as a fault of this host (IE)",
          .remedy = remedy_for_refused_call(host.around, Withheld::Calls, refused->error)};
}

Check check_tracing(const Host& host, bool is_counted) {
  const auto refused =
      try_steps(0, host.identity,
                {{"ptrace(PTRACE_SEIZE)", []() -> long { return to_a_process_of_a_run(1, measure::seize_task); }}});
  Check check{.name = "tracing", .finding = "children that nobody waits for can be followed, and counted"};
  if (!refused) return check;
  check.finding = to_string(*refused);
  if (is_counted) {
    check.finding += ", and a control group counts CPU time";
    return check;
  }
  check.state = State::Degraded;
  check.finding += std::string(
                       "; a program that ignores SIGCHLD can use CPU time uncounted, in children that nobody "
                       "waits for") +
                   kAdvice;
  check.remedy = remedy_for_refused_call(host.around, Withheld::Calls, refused->error);
  return check;
}

long ask_for_sockets(pid_t process) {
  const long opened = measure::open_socket_diagnosis(process);
  if (opened < 0) return opened;
  const Fd diagnosis(static_cast<int>(opened));
  Bytes held;
  return measure::held_by_unix_sockets(diagnosis.get(), held);
}

Check check_sockets(const Host& host, bool is_counted) {
  const auto refused = try_steps(
      0, host.identity, {{"NETLINK_SOCK_DIAG", []() -> long { return to_a_process_of_a_run(1, ask_for_sockets); }}});
  Check check{.name = "socket_memory", .finding = "what the sockets of a run hold can be asked"};
  if (!refused) return check;
  check.finding = to_string(*refused);
  if (is_counted) {
    check.finding += ", and a control group counts memory";
    return check;
  }
  check.state = State::Degraded;
  check.finding += std::string("; a program can hold memory uncounted, in sockets that nobody reads") + kAdvice;
  check.remedy = refused->error == ENOENT ? "boot a kernel with CONFIG_UNIX_DIAG and CONFIG_INET_DIAG"
                                          : remedy_for_refused_call(host.around, Withheld::Calls, refused->error);
  return check;
}

}  // namespace

std::vector<Check> check_processes(const Host& host) {
  const groups::Groups groups;
  const lockdown::Uncounted uncounted = groups::counted_by(groups, host.facts).uncounted;
  const bool all_counted = groups.state().kind == host::LayerState::Kind::Enforced;
  return {check_sight(host, all_counted), check_mediation(host), check_tracing(host, !uncounted.cpu_time),
          check_sockets(host, !uncounted.memory)};
}

}  // namespace evalrun::doctor
