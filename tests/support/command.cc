#include "tests/support/command.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "runtime/core/error.h"
#include "runtime/core/fd.h"
#include "tests/support/paths.h"

extern char** environ;

namespace evalrun::test {
namespace {

void feed_and_drain(Fd input, const std::string& text, Fd output, std::string& out, Fd error_output,
                    std::string& error) {
  std::size_t fed = 0;
  if (text.empty()) input.reset();
  while (input || output || error_output) {
    std::array<pollfd, 3> watched = {pollfd{input.get(), POLLOUT, 0}, pollfd{output.get(), POLLIN, 0},
                                     pollfd{error_output.get(), POLLIN, 0}};
    if (::poll(watched.data(), watched.size(), -1) < 0) throw SystemError("poll", "");
    if (watched[0].revents != 0) {
      const ssize_t count = ::write(input.get(), text.data() + fed, text.size() - fed);
      if (count > 0) fed += static_cast<std::size_t>(count);
      if ((count < 0 && errno != EAGAIN) || fed == text.size()) input.reset();
    }
    const auto drain = [](pollfd& watch, Fd& from, std::string& to) {
      if (watch.revents == 0) return;
      std::array<char, 65536> chunk;
      const ssize_t count = ::read(from.get(), chunk.data(), chunk.size());
      if (count > 0) to.append(chunk.data(), static_cast<std::size_t>(count));
      if (count <= 0) from.reset();
    };
    drain(watched[1], output, out);
    drain(watched[2], error_output, error);
  }
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "evalrun-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw SystemError("mkdtemp", name);
  path_ = name;
  // Readable for the unprivileged identity that a run started by root has.
  std::filesystem::permissions(path_, std::filesystem::perms(0755));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path TemporaryFolder::write(const std::string& name, const std::string& text) const {
  const std::filesystem::path path = path_ / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
  return path;
}

std::string read_file(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

Finished run_command(const std::vector<std::string>& argv, const std::string& input) {
  ::signal(SIGPIPE, SIG_IGN);
  Pipe in = make_pipe(Blocking::Yes, Blocking::No);
  Pipe out = make_pipe(Blocking::Yes, Blocking::Yes);
  Pipe error = make_pipe(Blocking::Yes, Blocking::Yes);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in.read_end.get(), 0);
  ::posix_spawn_file_actions_adddup2(&actions, out.write_end.get(), 1);
  ::posix_spawn_file_actions_adddup2(&actions, error.write_end.get(), 2);
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_t pid = -1;
  const int failed = ::posix_spawnp(&pid, words[0], &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  // As a shell says that there is no such command: a test may do without it.
  if (failed == ENOENT) return {127, 0, "", argv[0] + ": not found"};
  if (failed != 0) throw SystemError("posix_spawn", argv[0], failed);
  in.read_end.reset();
  out.write_end.reset();
  error.write_end.reset();
  Finished finished;
  feed_and_drain(std::move(in.write_end), input, std::move(out.read_end), finished.output, std::move(error.read_end),
                 finished.error_output);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) finished.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) finished.signal = WTERMSIG(status);
  return finished;
}

PlanRun run_plan_in(const TemporaryFolder& folder, const std::string& toml, const std::vector<std::string>& arguments,
                    const std::string& input) {
  const std::filesystem::path plan = folder.write("plan.toml", toml);
  std::vector<std::string> argv = {evalrun().string(), "run", plan.string(), "--format", "json"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  PlanRun run;
  run.command = run_command(argv, input);
  run.result = nlohmann::json::parse(run.command.output, nullptr, false);
  if (run.result.is_discarded()) run.result = nullptr;
  return run;
}

PlanRun run_plan(const std::string& toml, const std::vector<std::string>& arguments, const std::string& input) {
  const TemporaryFolder folder;
  return run_plan_in(folder, toml, arguments, input);
}

std::string probe_plan(const std::string& name, const std::vector<std::string>& words, const std::string& more) {
  std::string argv = "\"/work/" + name + "\"";
  for (const std::string& word : words) argv += ", " + nlohmann::json(word).dump();
  // Placed as a submission's binary would be. A table of its own would swallow the top-level keys of `more`.
  return "argv = [" + argv + "]\nfiles.\"" + name + "\" = { from = " + nlohmann::json(probe(name).string()).dump() +
         ", mode = \"0755\" }\n" + more;
}

std::string mounted_probe_plan(const std::string& name, const std::vector<std::string>& words,
                               const std::string& more) {
  nlohmann::json argv = {"/opt/" + name};
  for (const std::string& word : words) argv.push_back(word);
  return "argv = " + argv.dump() + "\n" + more + "[[mount]]\nbind = " + nlohmann::json(probe(name).string()).dump() +
         "\nat = \"/opt/" + name + "\"\nexec = true\n";
}

bool must_work() {
  const char* value = std::getenv("EVALRUN_MUST_WORK");
  return value != nullptr && std::string(value) == "1";
}

}  // namespace evalrun::test
