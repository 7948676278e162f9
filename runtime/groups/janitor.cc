#include "runtime/groups/janitor.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "runtime/core/error.h"
#include "runtime/core/quiet_write.h"
#include "runtime/core/sys.h"

namespace evalrun::groups {
namespace {

JanitorBlock* map_block() {
  void* memory =
      ::mmap(nullptr, sizeof(JanitorBlock), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw SystemError("mmap", "janitor");
  return static_cast<JanitorBlock*>(memory);
}

void fill(JanitorBlock& block, const std::vector<std::string>& folders, const std::string& prefix) {
  std::string texts;
  for (const std::string& folder : folders) texts += folder + '\0';
  if (texts.size() >= sizeof block.folders || prefix.size() >= sizeof block.prefix) {
    throw SystemError("start", "janitor", ENAMETOOLONG);
  }
  std::memcpy(block.folders, texts.data(), texts.size());
  std::memcpy(block.prefix, prefix.data(), prefix.size());
  block.prefix_size = prefix.size();
}

}  // namespace

Janitor::Janitor(const std::vector<std::string>& folders, const std::string& prefix) : block_(map_block()) {
  Pipe pipe = make_pipe(Blocking::Yes, Blocking::Yes);
  int pidfd = -1;
  int pid = -1;
  try {
    fill(*block_, folders, prefix);
    block_->lifeline = pipe.read_end.get();
    block_->supervisor = ::getpid();
    // All signals blocked: none of the supervisor's handlers may run there, and Ctrl-C is for the supervisor.
    sigset_t all, before;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before);
    pid = ::clone(be_janitor, block_->stack + JanitorBlock::kStack, CLONE_VM | CLONE_PIDFD, block_, &pidfd);
    const int error = errno;
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) throw SystemError("clone", "janitor", error);
  } catch (...) {
    ::munmap(block_, sizeof *block_);
    throw;
  }
  pidfd_ = Fd(pidfd);
  lifeline_ = std::move(pipe.write_end);
}

Janitor::~Janitor() {
  // Quietly: where it was killed nobody reads, and SIGPIPE would end the process that this is in.
  [[maybe_unused]] const ssize_t told = write_quietly(lifeline_.get(), "\1");
  lifeline_.reset();
  siginfo_t ended{};
  while (sys(SYS_waitid, P_PIDFD, pidfd_.get(), &ended, WEXITED | __WALL, nullptr) == -EINTR) {
  }
  ::munmap(block_, sizeof *block_);
}

}  // namespace evalrun::groups
