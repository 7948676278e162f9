#include "bench/own_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/core/error.h"
#include "runtime/loop/event_loop.h"

namespace evalrun::bench {
namespace {

using nlohmann::ordered_json;

[[noreturn]] void measure_and_tell(const Fd& answer, const std::function<ordered_json()>& measure) {
  std::string text;
  try {
    text = measure().dump();
  } catch (const std::exception& error) {
    text = ordered_json{{"error", error.what()}}.dump();
  }
  for (std::size_t told = 0; told < text.size();) {
    const ssize_t size = ::write(answer.get(), text.data() + told, text.size() - told);
    if (size <= 0) ::_exit(1);
    told += static_cast<std::size_t>(size);
  }
  ::_exit(0);
}

// Whether there is something to read before `deadline`.
bool wait_for(const Fd& answer, const EndSignals& ends, Duration deadline) {
  pollfd waited[] = {{answer.get(), POLLIN, 0}, {ends.get(), POLLIN, 0}};
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - loop::now()).count();
    if (left <= 0) return false;
    const int ready = ::poll(waited, 2, static_cast<int>(left));
    if (ready > 0 && waited[1].revents != 0) throw Interrupted();
    if (ready > 0) return true;
  }
}

// The process, killed with its group and reaped when this goes.
class OwnProcess {
 public:
  explicit OwnProcess(pid_t pid) : pid_(pid) { ::setpgid(pid, pid); }
  ~OwnProcess() {
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  OwnProcess(const OwnProcess&) = delete;
  OwnProcess& operator=(const OwnProcess&) = delete;

 private:
  pid_t pid_;
};

}  // namespace

ordered_json in_own_process(const EndSignals& ends, int seconds, const std::function<ordered_json()>& measure) {
  Pipe answer = make_pipe(Blocking::Yes, Blocking::Yes);
  const pid_t driver = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw SystemError("fork", "measurement");
  if (pid == 0) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != driver) ::_exit(1);
    ends.restore();
    answer.read_end.reset();
    measure_and_tell(answer.write_end, measure);
  }
  const OwnProcess process(pid);
  answer.write_end.reset();
  const Duration deadline = loop::now() + std::chrono::seconds(seconds);
  std::string text;
  char piece[4096];
  for (;;) {
    if (!wait_for(answer.read_end, ends, deadline)) {
      return {{"error", "no end within " + std::to_string(seconds) + " s"}};
    }
    const ssize_t size = ::read(answer.read_end.get(), piece, sizeof piece);
    if (size <= 0) break;
    text.append(piece, static_cast<std::size_t>(size));
  }
  ordered_json result = ordered_json::parse(text, nullptr, false);
  if (result.is_discarded()) return {{"error", "the measuring process ended early"}};
  return result;
}

}  // namespace evalrun::bench
