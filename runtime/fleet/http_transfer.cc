#include "runtime/fleet/http_transfer.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/fleet/queue/relay_process.h"
#include "runtime/fleet/shared_files.h"

namespace evalrun::fleet {
namespace {

constexpr const char* kProgram = "evalrun-http";
constexpr int kNotThere = 1;

const char* word_of(HttpVerb verb) {
  switch (verb) {
    case HttpVerb::Get: return "get";
    case HttpVerb::Has: return "has";
    case HttpVerb::Put: return "put";
  }
  return "";
}

}  // namespace

void need_http_program() {
  static_cast<void>(program_beside_us(kProgram));
}

HttpTransfer::HttpTransfer(HttpVerb verb, const std::string& url, std::uint64_t size, int input) : url_(url) {
  const std::string program = program_beside_us(kProgram);
  Pipe output = make_pipe(Blocking::Yes, Blocking::Yes);
  Pipe errors = make_pipe(Blocking::Yes, Blocking::Yes);
  Fd nothing;
  if (input < 0) {
    nothing = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!nothing) throw SystemError("open", "/dev/null");
    input = nothing.get();
  }
  pid_ = start_apart({program, word_of(verb), url, std::to_string(size)}, input, output.write_end.get(),
                     errors.write_end.get());
  output_ = std::move(output.read_end);
  errors_ = std::move(errors.read_end);
}

HttpTransfer::~HttpTransfer() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool HttpTransfer::finish() {
  // One line, which the pipe holds.
  std::array<char, 1024> text;
  ssize_t length = 0;
  do {
    length = ::read(errors_.get(), text.data(), text.size());
  } while (length < 0 && errno == EINTR);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNotThere) return false;
  std::string why(text.data(), static_cast<std::size_t>(length > 0 ? length : 0));
  if (!why.empty() && why.back() == '\n') why.pop_back();
  throw SharedFileError(one_line(url_without_user(url_)) + ": " +
                        one_line(why.empty() ? "the transfer was ended" : why));
}

}  // namespace evalrun::fleet
