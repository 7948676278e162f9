// How late the supervisor's loop is under storms: programs that do as often or as much as they can what the supervisor
// has to answer, hash, keep, write or grade.
//
//   loop [--ballast MIB] [--only NAME]      MIB: of the supervisor's own memory (1024), every page written
//
// Each storm is a batch in this process, four jobs at a time, two of them neighbours: programs that use a core and have
// a CPU limit of 300 ms. The results go to a pipe that a process reads.
//
// - turn: from the moment when the loop had something to do to the moment when it waits again: its handlers, what
// starts
//   and ends jobs, what writes results. What is ready at that moment waits so long. "cpu" is the loop's thread alone:
//   the rest of a turn's length it waited, for its core or for another process.
// - neighbour: how far one came above its CPU limit.
//
// Ends with 1 where a turn took more than 20 ms of CPU time.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "runtime/batch/batch.h"
#include "runtime/core/error.h"
#include "runtime/warm/fork_server.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr Duration kMost = 20ms;
constexpr unsigned kJobs = 4;

struct Storm {
  std::string name;
  std::vector<std::string> words;  // of tests/probes/storm.cc
  std::string limits = "";         // TOML, top-level keys
  std::string tables = "";
  int jobs = 6;
};

const std::string kPour = "limits.cpu = \"20s\"\nlimits.wall = \"20s\"\n";
const std::string kCalls = "limits.cpu = \"500ms\"\nlimits.wall = \"3s\"\nlimits.processes = 64\n";
const std::string kLoopback = "[network]\nmode = \"loopback\"\nbind = [8080]\nconnect = [8080]\n";

std::vector<Storm> storms(const std::filesystem::path& folder) {
  const std::string expected = (folder / "expected").string();
  return {{"quiet", {"connect", "1", "1"}, kPour},
          {"output: text", {"flood", "78"}, kPour},
          {"output: byte 0x01", {"flood", "01"}, kPour},
          {"output: not UTF-8", {"flood", "c328"}, kPour},
          {"output: UTF-8 of three bytes", {"flood", "e282ac"}, kPour},
          {"output: 16 MiB to base64", {"pour", "15", "00ff"}, kPour},
          {"small writes", {"small-writes"}, "limits.cpu = \"500ms\"\nlimits.wall = \"3s\"\n"},
          {"connect", {"connect", "8"}, kCalls, kLoopback},
          {"connect to a path", {"connect-path", "8"}, kCalls, kLoopback},
          {"bind", {"bind", "8"}, kCalls, kLoopback},
          {"listen", {"listen", "8"}, kCalls, kLoopback},
          {"violations", {"violate", "32"}, kCalls},
          {"address space", {"map", "8"}, kCalls + "limits.address_space = \"1GiB\"\n"},
          {"collected: 64 MiB",
           {"connect", "1", "1"},
           kPour +
               "limits.output = \"1MiB\"\nlimits.workspace = \"256MiB\"\nlimits.memory = \"512MiB\"\n"
               "limits.file_size = \"128MiB\"\ncollect = [{ path = \"large\", max = \"128MiB\" }]\n"
               "files.large = { from = \"" +
               expected + "\" }\n"},
          {"graded against 64 MiB",
           {"pour", "64", "78"},
           kPour + "limits.output = \"128MiB\"\n",
           "[[case]]\nexpect = { file = \"" + expected + "\" }\n",
           4}};
}

std::string plan_of(const Storm& storm) {
  json argv = json::array({"/work/storm"});
  for (const std::string& word : storm.words) argv.push_back(word);
  return "argv = " + argv.dump() + "\nfiles.storm = { from = " + json(probe("storm").string()).dump() +
         ", mode = \"0755\" }\n" + storm.limits + storm.tables;
}

const std::string kNeighbour = "argv = [\"/work/storm\", \"burn\"]\nlimits.cpu = \"300ms\"\nlimits.wall = \"20s\"\n";

// Neighbours before and among the storm's jobs.
void write_jobs(const std::filesystem::path& path, const Storm& storm, const std::string& neighbour) {
  std::ofstream lines(path);
  for (int i = 0; i < storm.jobs; ++i) {
    if (i % 2 == 0) lines << json{{"id", "neighbour" + std::to_string(i)}, {"plan", neighbour}}.dump() << "\n";
    lines << json{{"id", "storm" + std::to_string(i)}}.dump() << "\n";
  }
}

Duration clock_of(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

struct Turns {
  Duration longest{}, longest_cpu{};
  std::size_t count = 0;
  Duration took{};
};

Turns turn_to_end(batch::Batch& batch, loop::EventLoop& loop) {
  Turns turns;
  const Duration begin = clock_of(CLOCK_MONOTONIC);
  for (batch.advance(); !batch.finished();) {
    pollfd ready{loop.descriptor(), POLLIN, 0};
    ::poll(&ready, 1, -1);
    const Duration wall = clock_of(CLOCK_MONOTONIC), cpu = clock_of(CLOCK_THREAD_CPUTIME_ID);
    loop.run_once(0ms);
    batch.advance();
    ++turns.count;
    turns.longest = std::max(turns.longest, clock_of(CLOCK_MONOTONIC) - wall);
    turns.longest_cpu = std::max(turns.longest_cpu, clock_of(CLOCK_THREAD_CPUTIME_ID) - cpu);
  }
  turns.took = clock_of(CLOCK_MONOTONIC) - begin;
  return turns;
}

// Copies a pipe into a file, as whoever reads results does.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : pipe_(make_pipe(Blocking::Yes, Blocking::Yes)) {
    pid_ = ::fork();
    if (pid_ < 0) throw SystemError("fork", "reader");
    if (pid_ == 0) {
      pipe_.write_end.reset();
      std::ofstream file(path, std::ios::binary);
      static char chunk[64 << 10];
      ssize_t count = 0;
      while ((count = ::read(pipe_.read_end.get(), chunk, sizeof chunk)) > 0) file.write(chunk, count);
      file.close();
      ::_exit(0);
    }
    pipe_.read_end.reset();
  }
  ~Reader() {
    pipe_.write_end.reset();
    ::waitpid(pid_, nullptr, 0);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  [[nodiscard]] int get() const { return pipe_.write_end.get(); }

 private:
  Pipe pipe_;
  pid_t pid_ = -1;
};

double milliseconds(Duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// What the results say: by how much a neighbour passed its limit, and how the storm's jobs ended.
void print_results(const std::filesystem::path& results) {
  std::ifstream lines(results);
  double worst = 0;
  std::map<std::string, int> verdicts;
  for (std::string line; std::getline(lines, line);) {
    const json result = json::parse(line, nullptr, false);
    if (result.is_discarded() || !result.contains("result")) {
      ++verdicts[line.substr(0, 300)];
      continue;
    }
    const json& run = result.at("result");
    if (result.at("id").get<std::string>().starts_with("neighbour")) {
      const json& outcome = run.at("outcome");
      if (outcome.value("limit", "") == "cpu") {
        worst = std::max(worst, (outcome.value("reached_us", 0.0) - outcome.value("allowed_us", 0.0)) / 1000);
      } else {
        ++verdicts["a neighbour: " + run.value("message", "")];
      }
    } else {
      const json* const outcome = run.contains("outcome") ? &run.at("outcome") : nullptr;
      ++verdicts[run.value("verdict", "") + (outcome == nullptr ? "" : " " + outcome->value("limit", ""))];
    }
  }
  std::printf(" %9.1f  ", worst);
  for (const auto& [verdict, count] : verdicts) std::printf(" %d x %s", count, verdict.c_str());
  std::printf("\n");
}

// In a process of its own, so that each storm finds the same supervisor.
bool measure(const Storm& storm, std::size_t ballast, const std::filesystem::path& folder) {
  std::ofstream(folder / "storm.toml") << plan_of(storm);
  std::ofstream(folder / "neighbour.toml")
      << kNeighbour << "files.storm = { from = " << json(probe("storm").string()).dump() << ", mode = \"0755\" }\n";
  write_jobs(folder / "jobs", storm, (folder / "neighbour.toml").string());
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child < 0) throw SystemError("fork", storm.name);
  if (child == 0) {
    bool in_time = false;
    Turns turns;
    {
      const Reader reader(folder / "results");
      void* const memory = ::mmap(nullptr, ballast, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (ballast > 0 && memory != MAP_FAILED) {
        ::madvise(memory, ballast, MADV_NOHUGEPAGE);
        std::memset(memory, 1, ballast);
      }
      const Fd input(::open((folder / "jobs").c_str(), O_RDONLY | O_CLOEXEC));
      loop::EventLoop loop;
      groups::Groups groups;
      const host::HostFacts host = host::probe_host();
      warm::ForkServer server;
      pool::CellPool pool(loop, groups, host, kJobs, &server);
      jobs::Plans plans({read_plan((folder / "storm.toml").string()), {}, {}, folder});
      batch::Batch batch({loop, host, pool, judge::AfterFailure::GoOn},
                         {.jobs = kJobs, .input_name = "jobs", .save_to = folder / "saved", .on_line = {}}, plans,
                         nullptr, input.get(), reader.get());
      turns = turn_to_end(batch, loop);
      in_time = turns.longest_cpu <= kMost;
    }
    std::printf("  %-30s %7.1f %9zu %9.1f %9.1f", storm.name.c_str(), milliseconds(turns.took) / 1000, turns.count,
                milliseconds(turns.longest), milliseconds(turns.longest_cpu));
    print_results(folder / "results");
    std::fflush(stdout);
    ::_exit(in_time ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status == 0;
}

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  std::size_t ballast = 1024;
  std::string only;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::string_view(argv[i]) == "--ballast") ballast = std::strtoul(argv[i + 1], nullptr, 10);
    if (std::string_view(argv[i]) == "--only") only = argv[i + 1];
  }
  const TemporaryFolder folder;
  {
    std::ofstream expected(folder.path() / "expected");
    const std::string piece(1 << 20, 'x');
    for (int i = 0; i < 64; ++i) expected << piece;
  }
  std::printf("the loop of a supervisor of %zu MiB\n", ballast);
  std::printf("  %-30s %7s %9s %9s %9s %9s  \n", "", "s", "turns", "turn ms", "cpu ms", "neighbour");
  bool in_time = true;
  for (const Storm& storm : storms(folder.path())) {
    if (storm.name.find(only) == std::string::npos) continue;
    in_time = measure(storm, ballast << 20, folder.path()) && in_time;
  }
  return in_time ? 0 : 1;
}

}  // namespace
}  // namespace evalrun::test

int main(int argc, char** argv) {
  try {
    return evalrun::test::main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "loop: %s\n", error.what());
    return 2;
  }
}
