#include "runtime/warm/fork_server.h"

#include <linux/sched.h>
#include <sys/random.h>
#include <sys/rseq.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/core/error.h"
#include "runtime/core/signals_blocked.h"
#include "runtime/core/small_file.h"
#include "runtime/core/sys.h"
#include "runtime/warm/fork_server_image.h"
#include "runtime/warm/fork_server_program.h"

namespace evalrun::warm {
namespace {

// In a row: what stands in its way then is no accident.
constexpr unsigned kMostFailures = 3;
// Places of arenas that are taken, by other engines of this process.
constexpr unsigned kMostTrials = 16;
constexpr std::uintptr_t kPlaces = (arch::kArenasEnd - arch::kArenasBegin) / sandbox::Arena::kSize;

// Engines of one process begin far from each other.
std::uintptr_t random_place() noexcept {
  std::uintptr_t number = 0;
  if (::getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) number = 0;
  return number % kPlaces;
}

}  // namespace

ForkServer::ForkServer() : next_place_(random_place()) {}

sandbox::Arena ForkServer::make_arena() {
  for (unsigned trial = 0; trial < kMostTrials && failures_ < kMostFailures; ++trial) {
    const std::uintptr_t place = arch::kArenasBegin + next_place_ * sandbox::Arena::kSize;
    next_place_ = (next_place_ + 1) % kPlaces;
    try {
      return sandbox::Arena(reinterpret_cast<void*>(place));  // NOLINT(performance-no-int-to-ptr)
    } catch (const SystemError& error) {
      if (error.error() != EEXIST) break;
    }
  }
  return {};
}

sandbox::SandboxProcess ForkServer::clone(const sandbox::CloneRequest& request, const sandbox::ChildEnds& ends,
                                          int clone_into, sandbox::Arena& arena) {
  if (arena.has_file()) {
    const auto ask = [&](CloningProcess& server) { return server.clone(request, ends, clone_into, arena); };
    if (std::optional<sandbox::SandboxProcess> process = asked(ask)) return std::move(*process);
  }
  arena.drop_file();
  return sandbox::DirectCloner().clone(request, ends, clone_into, arena);
}

std::optional<sandbox::Cloner::Deputy> ForkServer::clone_deputy(const sandbox::CloneRequest& request,
                                                                std::span<const int> descriptors, const Fd& memory) {
  return asked([&](CloningProcess& server) { return server.clone_deputy(request, descriptors, memory); });
}

template <typename Ask>
auto ForkServer::asked(Ask ask) -> std::optional<decltype(ask(std::declval<CloningProcess&>()))> {
  try {
    if (!is_usable() || thread_ != ::gettid()) start();
    if (!is_usable()) return {};
    auto made = ask(*server_);
    failures_ = 0;
    return made;
  } catch (const HostError&) {
    // What the kernel refuses here it may refuse the supervisor too, which tells it.
  } catch (const SystemError&) {
  }
  if (!is_usable()) ++failures_;
  return {};
}

void ForkServer::start() {
  server_.reset();
  thread_ = ::gettid();
  if (failures_ >= kMostFailures) return;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw SystemError("socketpair", "");
  Fd ours(ends[0]);
  const Fd theirs = sandbox::above_the_childs_own(Fd(ends[1]), "control");
  const std::string words = read_small_file("/proc/self/cmdline");
  const ForkServerStart start{
      .control = theirs.get(),
      .words = words,
      .rseq = __rseq_size > 0 ? static_cast<char*>(__builtin_thread_pointer()) + __rseq_offset : nullptr,
      .rseq_size = __rseq_size,
      .rseq_signature = RSEQ_SIG};
  int pidfd = -1;
  clone_args arguments{};
  // No exit signal, as none of our processes has.
  arguments.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  long pid = 0;
  {
    const SignalsBlocked blocked;
    pid = sys(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) become_fork_server(fork_server_image(), start);
  }
  if (pid < 0) throw HostError("spawn", "clone3", "the fork server", static_cast<int>(-pid));
  server_.emplace(sandbox::SandboxProcess(static_cast<pid_t>(pid), Fd(pidfd)), std::move(ours), "the fork server");
}

}  // namespace evalrun::warm
