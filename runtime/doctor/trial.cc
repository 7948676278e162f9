#include "runtime/doctor/trial.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/core/error.h"
#include "runtime/core/fd.h"
#include "runtime/core/sys.h"
#include "runtime/sandbox/spawn.h"

namespace evalrun::doctor {
namespace {

// Over the report pipe: before a step (error 0), and after one that failed.
struct TrialRecord {
  std::uint32_t step;
  StepResult result;
};

[[noreturn]] void be_trial(int go, int report, const std::vector<TrialStep>& steps) {
  char byte = 0;
  if (::read(go, &byte, 1) != 1) ::_exit(0);  // the id map could not be written
  const auto say = [&](std::size_t step, const StepResult& result) {
    const TrialRecord record{static_cast<std::uint32_t>(step), result};
    if (::write(report, &record, sizeof record) != sizeof record) ::_exit(1);
  };
  for (std::size_t i = 0; i < steps.size(); ++i) {
    say(i, success());
    const StepResult result = steps[i].act();
    if (!result.failed()) continue;
    say(i, result);
    break;
  }
  ::_exit(0);
}

// The child's pid; 0 in the child; -errno.
long clone_into(std::uint64_t namespaces) {
  if (namespaces == 0) {
    const pid_t pid = ::fork();
    return pid < 0 ? -errno : pid;
  }
  clone_args arguments{};
  arguments.flags = namespaces;
  arguments.exit_signal = SIGCHLD;
  return sys(SYS_clone3, &arguments, sizeof arguments);
}

std::optional<Refusal> refusal_of(const TrialRecord& last, int status, const std::vector<TrialStep>& steps) {
  const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  if (!last.result.failed() && signal == 0) return std::nullopt;
  const bool is_named = last.result.operation != Operation::None;
  const std::string call = steps.empty() ? "" : steps[last.step].call();
  return Refusal{is_named ? std::string(name_of(last.result.operation)) : call, last.result.error,
                 last.result.failed() ? 0 : signal};
}

}  // namespace

std::string to_string(const Refusal& refusal) {
  if (refusal.signal != 0) return refusal.call + ": killed by " + ::strsignal(refusal.signal);
  return refusal.call + ": " + errno_text(refusal.error) + " (" + errno_name(refusal.error) + ")";
}

std::optional<Refusal> try_steps(std::uint64_t namespaces, const host::Identity& identity,
                                 const std::vector<TrialStep>& steps) {
  Pipe go = make_pipe(Blocking::Yes, Blocking::Yes);
  Pipe report = make_pipe(Blocking::Yes, Blocking::Yes);
  const long pid = clone_into(namespaces);
  if (pid < 0) return Refusal{namespaces == 0 ? "fork" : "clone3", static_cast<int>(-pid)};
  if (pid == 0) {
    go.write_end.reset();
    be_trial(go.read_end.get(), report.write_end.get(), steps);
  }
  go.read_end.reset();
  report.write_end.reset();
  std::optional<Refusal> refused;
  try {
    if ((namespaces & CLONE_NEWUSER) != 0) sandbox::write_id_map(static_cast<pid_t>(pid), identity);
    if (::write(go.write_end.get(), "g", 1) != 1) refused = Refusal{"write", errno};
  } catch (const HostError& error) {
    refused = Refusal{error.operation() + " " + error.subject(), error.error()};
  }
  go.write_end.reset();
  TrialRecord last{};
  for (TrialRecord record{}; ::read(report.read_end.get(), &record, sizeof record) == sizeof record;) last = record;
  int status = 0;
  while (::waitpid(static_cast<pid_t>(pid), &status, __WALL) < 0 && errno == EINTR) {
  }
  return refused ? refused : refusal_of(last, status, steps);
}

}  // namespace evalrun::doctor
