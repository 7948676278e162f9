// Whether a batch costs as much at its end as at its beginning. N trivial jobs go through one `evalrun batch`; the time
// and the CPU of the first and of the last thousand jobs, from result to result, and the supervisor's memory at both
// ends. The input stays open until the memory has been read, so that the supervisor is still there.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

extern char** environ;

namespace {

constexpr long kPart = 1000;

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what, int error = errno) {
  throw std::runtime_error(what + ": " + std::strerror(error));
}

// A file that goes away with this process.
class PlanFile {
 public:
  explicit PlanFile(const std::string& text) {
    const int fd = ::mkstemps(name_.data(), 5);
    if (fd < 0) fail("mkstemps " + name_);
    ::close(fd);
    std::ofstream(name_) << text;
  }
  ~PlanFile() { ::unlink(name_.c_str()); }
  PlanFile(const PlanFile&) = delete;
  PlanFile& operator=(const PlanFile&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_ = "/tmp/evalrun-bench-XXXXXX.toml";
};

// What the supervisor and all that it has reaped have used, and what it holds.
struct Sample {
  Clock::time_point at;
  double cpu_ms = 0;
  long resident_kib = 0;
};

Sample sample(pid_t pid) {
  Sample now{Clock::now()};
  const std::string folder = "/proc/" + std::to_string(pid);
  std::ifstream stat(folder + "/stat");
  std::string text{std::istreambuf_iterator<char>(stat), {}};
  // Behind the name in parentheses: the state is field 3, utime to cstime are 14 to 17 (proc_pid_stat(5)).
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  for (int field = 14; field <= 17; ++field) {
    long ticks = 0;
    fields >> ticks;
    now.cpu_ms += 1000.0 * static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  std::ifstream status(folder + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) now.resident_kib = std::stol(line.substr(6));
  }
  return now;
}

struct Batch {
  pid_t pid = -1;
  int jobs = -1;  // to be written to
  std::FILE* results = nullptr;
};

Batch start(const std::vector<std::string>& argv) {
  int in[2], out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) fail("pipe2");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  Batch batch;
  const int failed = ::posix_spawn(&batch.pid, words[0], &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  if (failed != 0) fail("posix_spawn " + argv[0], failed);
  batch.jobs = in[1];
  batch.results = ::fdopen(out[0], "r");
  return batch;
}

// Ends and reaps the batch where it has not ended by itself; whoever feeds it is freed then.
class Reaper {
 public:
  explicit Reaper(pid_t pid) : pid_(pid) {}
  ~Reaper() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
};

// Blocks where the batch takes no more.
void feed(int fd, long count) {
  for (long i = 1; i <= count; ++i) {
    const std::string line = "{\"id\":\"" + std::to_string(i) + "\",\"limits\":{\"cpu\":\"1s\"}}\n";
    if (::write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return;
  }
}

void expect_ok(const char* line, long number) {
  if (std::strstr(line, "\"verdict\":\"OK\"") != nullptr) return;
  throw std::runtime_error("result " + std::to_string(number) + " is not OK: " + line);
}

void print(const char* what, const Sample& begin, const Sample& end) {
  const double wall = std::chrono::duration<double, std::milli>(end.at - begin.at).count();
  std::printf("%-15s %8.3f ms %8.3f ms %10ld KiB\n", what, wall / kPart, (end.cpu_ms - begin.cpu_ms) / kPart,
              end.resident_kib);
}

void bench(const std::vector<std::string>& command, const std::string& program, long count) {
  const PlanFile plan("argv = [\"/opt/true\"]\n[[mount]]\nbind = \"" + program +
                      "\"\nat = \"/opt/true\"\nexec = true\n");
  std::vector<std::string> argv = {command[0], "batch", "--plan", plan.name(), "-"};
  argv.insert(argv.end(), command.begin() + 1, command.end());
  const Batch batch = start(argv);
  std::jthread feeder([&] { feed(batch.jobs, count); });
  Reaper reaper(batch.pid);
  std::vector<Sample> samples = {sample(batch.pid)};
  char* line = nullptr;
  std::size_t room = 0;
  for (long number = 1; number <= count; ++number) {
    if (::getline(&line, &room, batch.results) <= 0) throw std::runtime_error("the results end early");
    expect_ok(line, number);
    if (number == kPart || number == count - kPart || number == count) samples.push_back(sample(batch.pid));
  }
  feeder.join();
  ::close(batch.jobs);
  const int status = reaper.wait();
  if (status != 0) throw std::runtime_error("evalrun batch ended with wait status " + std::to_string(status));
  const double seconds = std::chrono::duration<double>(samples.back().at - samples.front().at).count();
  std::printf("%ld jobs, %.0f a second\n", count, static_cast<double>(count) / seconds);
  std::printf("a job of         wall        CPU in all  supervisor's memory behind it\n");
  print("first thousand", samples[0], samples[1]);
  print("last thousand", samples[2], samples[3]);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 4) throw std::runtime_error("usage: bench-batch JOBS PROGRAM EVALRUN [OPTIONS of evalrun batch]");
    ::signal(SIGPIPE, SIG_IGN);
    const long count = std::stol(argv[1]);
    if (count < 3 * kPart) throw std::runtime_error("expected at least " + std::to_string(3 * kPart) + " jobs");
    bench({argv + 3, argv + argc}, argv[2], count);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench-batch: %s\n", error.what());
    return 1;
  }
}
