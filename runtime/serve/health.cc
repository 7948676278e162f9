#include "runtime/serve/health.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/core/text.h"

namespace evalrun::serve {
namespace {

constexpr Duration kFresh = std::chrono::minutes(5);
constexpr std::size_t kLongestWord = 1 << 20;

// Without the signals that the server blocks for itself.
pid_t spawn(const std::string& command, int output) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  sigset_t none;
  sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  const std::array<const char*, 4> words = {"evalrun", "doctor", "--json", nullptr};
  pid_t child = -1;
  const int error =
      ::posix_spawn(&child, command.c_str(), &files, &attributes, const_cast<char* const*>(words.data()), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  return error == 0 ? child : -1;
}

}  // namespace

Health::Health(loop::EventLoop& loop, std::string command) : loop_(loop), command_(std::move(command)) {
  refresh();
}

Health::~Health() {
  if (child_ < 0) return;
  loop_.forget(output_.get());
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

Duration Health::age() const {
  return heard_ ? loop::now() - *heard_ : Duration::max();
}

void Health::refresh() {
  if (child_ >= 0 || age() < kFresh) return;
  Pipe pipe = make_pipe(Blocking::No, Blocking::Yes);
  child_ = spawn(command_, pipe.write_end.get());
  if (child_ < 0) return;
  output_ = std::move(pipe.read_end);
  text_.clear();
  loop_.watch(output_.get(), loop::Interest::Read, loop_.caller(), [this] { on_output(); });
}

void Health::on_output() {
  std::array<char, 8192> piece;
  const ssize_t count = ::read(output_.get(), piece.data(), piece.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (count > 0 && text_.size() < kLongestWord) {
    text_.append(piece.data(), static_cast<std::size_t>(count));
    return;
  }
  on_end();
}

void Health::on_end() {
  loop_.forget(output_.get());
  output_.reset();
  // It has closed its output, which is the last thing that it does.
  ::kill(child_, SIGKILL);
  ::waitpid(std::exchange(child_, -1), nullptr, 0);
  const auto word = nlohmann::json::parse(text_, nullptr, false);
  heard_ = loop::now();
  state_ = "broken";
  findings_ = "[]";
  if (!word.is_object()) return;
  state_ = word.value("state", "broken");
  nlohmann::json findings = nlohmann::json::array();
  for (const auto& check : word.value("checks", nlohmann::json::array())) {
    if (check.value("state", "") != "good") findings.push_back(check);
  }
  findings_ = json_escaped(findings.dump());
}

}  // namespace evalrun::serve
