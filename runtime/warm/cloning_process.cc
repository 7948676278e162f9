#include "runtime/warm/cloning_process.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "runtime/core/error.h"
#include "runtime/core/sys.h"
#include "runtime/sandbox/messages.h"

namespace evalrun::warm {
namespace {

// It makes namespaces, and clones: milliseconds, on a host with dozens of runs for each core more.
constexpr std::chrono::seconds kAnswerWithin{5};

// One whose pidfd has not come.
void kill_and_reap(pid_t pid) noexcept {
  sys(SYS_kill, pid, SIGKILL);
  while (sys(SYS_waitid, P_PID, pid, nullptr, WEXITED | __WALL, nullptr) == -EINTR) {
  }
}

}  // namespace

CloningProcess::CloningProcess(sandbox::SandboxProcess process, Fd control, const char* name)
    : control_(std::move(control)), process_(std::move(process)), name_(name) {
  // One that does not answer must not stop the supervisor for ever.
  const timeval limit{.tv_sec = kAnswerWithin.count(), .tv_usec = 0};
  if (::setsockopt(control_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
      ::setsockopt(control_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0) {
    throw SystemError("setsockopt", "SO_RCVTIMEO");
  }
}

void CloningProcess::ask(sandbox::CloneRequest request, const sandbox::ChildEnds& ends, int clone_into,
                         sandbox::Arena& arena) {
  std::array<int, sandbox::kMostOfARequest> descriptors{ends.control.get(), ends.report.get()};
  std::size_t sent = 2;
  request.into_group = clone_into >= 0;
  if (request.into_group) descriptors.at(sent++) = clone_into;
  const Fd memory = arena.take_file();
  if (memory) {
    request.memory = arena.begin();
    request.memory_size = sandbox::Arena::kSize;
    descriptors.at(sent++) = memory.get();
  }
  request.told = arena.put_one(std::int32_t{0});
  send(request, std::span(descriptors).first(sent));
}

sandbox::SandboxProcess CloningProcess::take_clone() {
  sandbox::CloneAnswer answer{};
  Fd pidfd = receive(answer);
  return {answer.pid, std::move(pidfd)};
}

sandbox::Cloner::Deputy CloningProcess::clone_deputy(const sandbox::CloneRequest& request,
                                                     std::span<const int> descriptors, const Fd& memory) {
  std::array<int, sandbox::kDescriptorsOfADeputy + 1> all{};
  std::ranges::copy(descriptors, all.begin());
  all.back() = memory.get();
  send(request, all);
  sandbox::CloneAnswer answer{};
  Fd pidfd = receive(answer);
  return {std::move(pidfd), Duration(answer.cpu_ns)};
}

void CloningProcess::send(const sandbox::CloneRequest& request, std::span<const int> descriptors) {
  told_ = request.told;
  const long asked = sandbox::send_message(control_.get(), &request, sizeof request, descriptors);
  if (asked < 0) give_up(asked == -EAGAIN ? ETIMEDOUT : 0);
}

// The clone's pidfd.
Fd CloningProcess::receive(sandbox::CloneAnswer& answer) {
  int pidfd = -1;
  std::size_t count = 0;
  const long result = sandbox::receive_message(control_.get(), &answer, sizeof answer, {&pidfd, 1}, &count);
  if (result != sizeof answer && result != -EMFILE) give_up(result == -EAGAIN ? ETIMEDOUT : 0);
  if (answer.pid < 0) throw HostError("spawn", "clone3", std::string("by ") + name_, -answer.pid);
  if (count == 0) {
    // This process may not have so many open: nobody else would ever reap it.
    kill_and_reap(answer.pid);
    throw HostError("spawn", "receive", "a pidfd", EMFILE);
  }
  return Fd(pidfd);
}

// It may have cloned before it fell silent; nobody else knows of that child.
void CloningProcess::give_up(int error) {
  process_.reset();
  if (const std::int32_t stray = __atomic_load_n(told_, __ATOMIC_ACQUIRE); stray > 0) kill_and_reap(stray);
  throw HostError("spawn", "wait for", std::string(name_) + (error == 0 ? ", which has ended" : ""), error);
}

}  // namespace evalrun::warm
