#include "runtime/cli/execute.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>

#include "runtime/core/error.h"
#include "runtime/core/fd.h"
#include "runtime/plan/image.h"

namespace evalrun::cli {
namespace {

// The signals by which people end a command, as a descriptor while this lives.
class EndSignals {
 public:
  EndSignals() {
    sigset_t ends;
    sigemptyset(&ends);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ends, signal);
    ::sigprocmask(SIG_BLOCK, &ends, &before_);
    fd_ = Fd(::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd_) throw SystemError("signalfd", "");
  }
  ~EndSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;

  [[nodiscard]] int get() const { return fd_.get(); }
  [[nodiscard]] int take() const {
    signalfd_siginfo info{};
    return ::read(fd_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
  }

 private:
  sigset_t before_;
  Fd fd_;
};

// Grading carries many descriptors from run to run; the sandboxes have limits of their own.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Engine make_engine() {
  return Engine({.images = image_search_path(), .haste = Haste::NearLimits});
}

PlanSource source_of(PlanText text) {
  return {std::move(text.text), std::move(text.name), std::move(text.file), std::move(text.folder)};
}

Result execute(Engine& engine, const CompiledPlan& plan, SpawnOptions options) {
  options.output_events = OutputEvents::None;
  options.host_streams = HostStreams::Shared;
  if (plan.is_graded()) raise_descriptor_limit();
  const EndSignals signals;
  Session session = engine.spawn(plan, options);
  std::array<pollfd, 2> watched = {pollfd{engine.descriptor(), POLLIN, 0}, pollfd{signals.get(), POLLIN, 0}};
  while (!session.finished()) {
    if (::poll(watched.data(), watched.size(), -1) < 0) {
      if (errno == EINTR) continue;
      throw SystemError("poll", "");
    }
    if (const int signal = watched[1].revents != 0 ? signals.take() : 0) session.interrupt(signal);
    engine.dispatch(std::chrono::milliseconds(0));
    while (engine.next_event()) {
    }
  }
  return session.result();
}

}  // namespace evalrun::cli
