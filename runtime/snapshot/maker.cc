#include "runtime/snapshot/maker.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "runtime/core/error.h"
#include "runtime/core/write_all.h"
#include "runtime/snapshot/description.h"

namespace evalrun::snapshot {
namespace {

// Python takes a tenth of a second, the largest libraries two.
constexpr unsigned kMostSeconds = 20;
constexpr int kWords = 3;

// What it inherits of its supervisor would keep pipes of runs open; what it is sent ends it.
void stand_alone(int words, pid_t supervisor) {
  if (::dup2(words, kWords) < 0) ::_exit(1);
  ::close_range(kWords + 1, ~0U, 0);
  for (int signal = 1; signal < NSIG; ++signal) {
    if (signal != SIGKILL && signal != SIGSTOP) ::signal(signal, signal == SIGPIPE ? SIG_IGN : SIG_DFL);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != supervisor) ::_exit(1);
  ::setsid();
  ::alarm(kMostSeconds);
}

std::string outcome_in_words(const Plan& plan, const host::HostFacts& host, const std::filesystem::path& folder,
                             const std::string& name) {
  try {
    return describe(record(plan, host, folder, name));
  } catch (const std::exception& error) {
    return describe(NotRecorded{error.what(), false});
  }
}

}  // namespace

Making::Making(const Plan& plan, const host::HostFacts& host, const std::filesystem::path& folder,
               const std::string& name)
    : folder_(folder), name_(name) {
  Pipe words = make_pipe(Blocking::No, Blocking::Yes);
  const pid_t supervisor = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw SystemError("fork", "a recorder");
  if (pid_ == 0) {
    stand_alone(words.write_end.get(), supervisor);
    write_all_quietly(kWords, outcome_in_words(plan, host, folder, name));
    ::_exit(0);
  }
  words_ = std::move(words.read_end);
}

Making::Making(Making&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      words_(std::move(other.words_)),
      folder_(std::move(other.folder_)),
      name_(std::move(other.name_)) {}

Making::~Making() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
  end();
}

// What a recorder leaves that was ended has no use.
void Making::end() noexcept {
  if (pid_ < 0) return;
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  for (const char* ending : {".waiting", ".part"}) ::unlink((folder_ / (name_ + ending)).c_str());
}

Outcome Making::result() {
  std::string words;
  char part[4096];
  for (;;) {
    const ssize_t count = ::read(words_.get(), part, sizeof part);
    if (count > 0) words.append(part, static_cast<std::size_t>(count));
    if (count == 0) break;
    if (count < 0 && errno == EAGAIN) {
      pollfd readable{words_.get(), POLLIN, 0};
      ::poll(&readable, 1, -1);
    } else if (count < 0 && errno != EINTR) {
      throw SystemError("read", "a recorder's words");
    }
  }
  end();
  return read_description(words, folder_ / name_);
}

}  // namespace evalrun::snapshot
