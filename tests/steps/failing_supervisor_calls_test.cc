// Every system call and every allocation of the supervisor of a batch failing in turn, while four other jobs run. Those
// end right; the job that is hit is a sandbox error, or has its own verdict; the journal goes on with nothing lost.
// `./dev test-faults` tries all of them (EVALRUN_EVERY_FAULT=1), `./dev test` a sample. EVALRUN_FAULT_RANGE=FROM:TO
// names some of the allocations.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <limits>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "runtime/core/fd.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using Words = std::vector<std::string>;
using Verdicts = std::map<std::string, std::string>;  // by id, with what the program has written

constexpr std::size_t kSample = 40;

bool tries_every_fault() {
  return std::getenv("EVALRUN_EVERY_FAULT") != nullptr;
}

// The mediated job may be refused its call, and then says so itself.
bool may_say_otherwise(const std::string& id) {
  return id == "mediated";
}

// Five jobs that between them use every kind of handler: streams both ways, a bounded address space, a mediated call,
// collected files, a graded plan.
class FaultyBatch {
 public:
  FaultyBatch() {
    folder_.write("plan.toml", mounted_probe_plan("probe", {}, "limits.cpus = \"any\"\n"));
    folder_.write(
        "graded.toml",
        mounted_probe_plan("probe", {"echo"},
                           "limits.cpus = \"any\"\n[[case]]\nname = \"a\"\nstdin = { text = \"1\" }\nexpect = "
                           "{ text = \"1\" }\n[[case]]\nname = \"b\"\nstdin = { text = \"22\" }\nexpect = { "
                           "text = \"22\" }\n"));
    const nlohmann::json jobs[] = {
        {{"id", "streams"}, {"argv", {"/opt/probe", "echo"}}, {"stdin", {{"text", std::string(200000, 'x')}}}},
        {{"id", "bounded"}, {"argv", {"/opt/probe", "touch", "1000000"}}, {"set", {{"limits.address_space", "1GiB"}}}},
        {{"id", "mediated"}, {"argv", {"/opt/probe", "abstract-listen", "name"}}},
        {{"id", "collected"}, {"argv", {"/opt/probe", "fill", "/work/left", "5000"}}, {"collect", {"left"}}},
        {{"id", "graded"}, {"plan", "graded.toml"}}};
    std::string text;
    for (const auto& job : jobs) text += job.dump() + "\n";
    folder_.write("jobs.jsonl", text);
    folder_.write("none.jsonl", "");
  }

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  [[nodiscard]] Words command(const std::filesystem::path& program, const std::string& jobs = "jobs.jsonl") const {
    return {program.string(), "batch",     "--plan",    path("plan.toml"), path(jobs), "--jobs", "5",
            "--journal",      path("log"), "--save-to", path("files")};
  }
  void forget_all() const {
    std::filesystem::remove(path("log"));
    std::filesystem::remove_all(path("files"));
  }

 private:
  TemporaryFolder folder_;
};

Verdicts verdicts_of(const std::string& output) {
  Verdicts verdicts;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    const auto parsed = nlohmann::json::parse(line, nullptr, false);
    if (!parsed.is_object() || !parsed.contains("result")) continue;
    const auto& result = parsed.at("result");
    std::string text = result.value("verdict", "?");
    if (result.contains("stdout")) text += " " + result.at("stdout").value("sha256", "");
    const bool is_new = verdicts.emplace(parsed.at("id"), text).second;
    EXPECT_TRUE(is_new) << "twice: " << parsed.at("id");
  }
  return verdicts;
}

// Whether a sandbox error says where it comes from.
void expect_named(const std::string& output, const std::string& id) {
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    const auto parsed = nlohmann::json::parse(line, nullptr, false);
    if (!parsed.is_object() || parsed.value("id", "") != id || !parsed.contains("result")) continue;
    const auto& outcome = parsed.at("result").value("outcome", nlohmann::json::object());
    if (outcome.empty()) continue;  // of a grading: in its cases
    EXPECT_EQ(outcome.value("kind", ""), "sandbox_error") << line.substr(0, 400);
    EXPECT_NE(outcome.value("stage", "") + outcome.value("operation", ""), "") << line.substr(0, 400);
  }
}

void show(const std::string& output, const std::string& id) {
  const std::size_t line = output.find("{\"id\":\"" + id);
  const std::size_t outcome = output.find("\"outcome\"", line);
  std::printf("%s: %s\n", id.c_str(), output.substr(outcome, 250).c_str());
}

struct Count {
  int faults = 0, jobs_hit = 0, batches_ended = 0, aborted = 0;
};

// After a fault, the same command without one: all five are there, once, and at most one of them was hit.
template <typename Run>
void look(const FaultyBatch& batch, const Run& run, const Verdicts& expected, Count& count) {
  ++count.faults;
  Finished faulty = run();
  Finished whole = run_command(batch.command(evalrun()));
  // A file of the host that was replaced meanwhile, as an upgrade of packages does, is no fault of ours: once more.
  for (int again = 0; again < 3 && whole.output.find("\"ESTALE\"") != std::string::npos; ++again) {
    std::printf("a file that a sandbox shows was replaced meanwhile (ESTALE): tried again\n");
    batch.forget_all();
    faulty = run();
    whole = run_command(batch.command(evalrun()));
  }
  // The JSON library's destructors allocate: what fails in there ends evalrun, and the journal goes on all the same.
  const bool is_in_a_destructor =
      faulty.signal == SIGABRT && faulty.error_output.find("bad_alloc") != std::string::npos;
  count.aborted += is_in_a_destructor ? 1 : 0;
  EXPECT_TRUE(is_in_a_destructor || (faulty.exit_code >= 0 && faulty.exit_code <= 3))
      << faulty.exit_code << " or signal " << faulty.signal;
  const bool ended = verdicts_of(faulty.output).size() != expected.size();
  count.batches_ended += ended ? 1 : 0;
  if (ended && std::getenv("EVALRUN_SHOW_FAULTS") != nullptr) std::printf("ended: %s", faulty.error_output.c_str());
  EXPECT_TRUE(!ended || is_in_a_destructor || faulty.error_output.find("evalrun: ") != std::string::npos)
      << "ended without a word";
  const Verdicts found = verdicts_of(whole.output);
  EXPECT_EQ(found.size(), expected.size()) << "lost: " << whole.output.substr(0, 2000) << whole.error_output;
  int hit = 0;
  for (const auto& [id, verdict] : expected) {
    const auto at = found.find(id);
    if (at == found.end() || at->second == verdict) continue;
    ++hit;
    if (may_say_otherwise(id) && !at->second.starts_with("IE")) continue;
    EXPECT_TRUE(at->second.starts_with("IE")) << id << ": " << at->second << ", not " << verdict;
    if (std::getenv("EVALRUN_SHOW_FAULTS") != nullptr) show(whole.output, id);
    expect_named(whole.output, id);
  }
  EXPECT_LE(hit, 1) << whole.output.substr(0, 4000);
  count.jobs_hit += hit;
  batch.forget_all();
}

Verdicts undisturbed(const FaultyBatch& batch) {
  const Finished finished = run_command(batch.command(evalrun()));
  EXPECT_EQ(finished.exit_code, 0) << finished.output << finished.error_output;
  batch.forget_all();
  Verdicts verdicts = verdicts_of(finished.output);
  EXPECT_EQ(verdicts.size(), 5U);
  return verdicts;
}

// They cannot fail on Linux, or nothing follows from it.
bool is_left_out(const std::string& name) {
  static const std::set<std::string> kLeftOut = {
      "close", "exit_group", "clock_gettime", "getpid", "gettid", "geteuid", "getegid", "umask", "munmap", "brk",
      "futex", "rt_sigreturn", "restart_syscall", "rt_sigprocmask", "getuid", "uname",
      "epoll_wait",  // fails by EINTR alone, which is
                     // tried below
      "execve",
      "pidfd_send_signal",  // SIGKILL for a child of one's own needs neither memory nor a right
  };
  return kLeftOut.contains(name);
}

struct Call {
  std::string name;
  int nth;
};

// Those of the supervisor, from the first that it waits for on.
std::vector<Call> calls_of(const std::string& trace) {
  static const std::regex kCall("^([a-z0-9_]+)\\(.*");
  std::map<std::string, int> counts;
  std::vector<Call> calls;
  bool has_batch = false;
  std::istringstream stream(trace);
  for (std::string line; std::getline(stream, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, kCall)) continue;
    const int nth = ++counts[match[1]];
    has_batch = has_batch || match[1] == "epoll_ctl";
    if (has_batch && !is_left_out(match[1])) calls.push_back({match[1], nth});
  }
  return calls;
}

// All of them, or as many as a sample has: of each name the first and then at even distances.
template <typename Item>
std::vector<Item> sample(const std::vector<Item>& all, std::size_t most) {
  if (tries_every_fault() || all.size() <= most) return all;
  std::vector<Item> some;
  for (std::size_t i = 0; i < most; ++i) some.push_back(all[i * all.size() / most]);
  return some;
}

Finished run_with(const FaultyBatch& batch, const Call& call, const std::string& error) {
  Words words = {"timeout", "-k",
                 "1",       "60",
                 "strace",  "-qq",
                 "-o",      "/dev/null",
                 "-e",      "trace=" + call.name,
                 "-e",      "inject=" + call.name + ":error=" + error + ":when=" + std::to_string(call.nth)};
  const Words command = batch.command(evalrun());
  words.insert(words.end(), command.begin(), command.end());
  return run_command(words);
}

TEST(failing_supervisor_calls, each_is_at_most_one_jobs_fault_and_the_journal_loses_nothing) {
  const FaultyBatch batch;
  const Verdicts expected = undisturbed(batch);
  const std::string trace = batch.path("trace");
  Words traced = {"strace", "-o", trace};
  const Words command = batch.command(evalrun());
  traced.insert(traced.end(), command.begin(), command.end());
  const Finished finished = run_command(traced);
  if (finished.exit_code == 127) EVALRUN_SKIP("strace");
  ASSERT_EQ(finished.exit_code, 0) << finished.output << finished.error_output;
  batch.forget_all();
  std::vector<Call> calls = calls_of(read_file(trace));
  std::ranges::stable_sort(calls, {}, &Call::name);  // so that a sample has the rare ones
  ASSERT_GT(calls.size(), 150U) << "the trace does not show the supervisor";
  Count count;
  for (const Call& call : sample(calls, kSample)) {
    SCOPED_TRACE(call.name + " number " + std::to_string(call.nth));
    look(
        batch, [&] { return run_with(batch, call, "ENOMEM"); }, expected, count);
  }
  std::printf("%d of %zu calls failed: %d jobs hit, %d batches ended early and went on with their journals\n",
              count.faults, calls.size(), count.jobs_hit, count.batches_ended);
  EXPECT_GT(count.jobs_hit, 0);
}

// A signal may come in any call that waits, and a descriptor may turn out not to be ready.
TEST(failing_supervisor_calls, being_interrupted_or_not_ready_is_nobodys_fault) {
  const FaultyBatch batch;
  const Verdicts expected = undisturbed(batch);
  if (run_command({"strace", "-V"}).exit_code == 127) EVALRUN_SKIP("strace");
  std::vector<std::pair<Call, std::string>> faults;
  for (const char* name : {"read", "write", "recvmsg", "epoll_wait"}) {
    for (const int nth : {1, 3, 5, 9, 14}) faults.push_back({{name, nth}, "EINTR"});
  }
  for (const int nth : {2, 4, 8}) faults.push_back({{"recvmsg", nth}, "EAGAIN"});
  Count count;
  for (const auto& [call, error] : faults) {
    SCOPED_TRACE(call.name + " number " + std::to_string(call.nth) + ": " + error);
    look(
        batch, [&] { return run_with(batch, call, error); }, expected, count);
  }
  EXPECT_EQ(count.batches_ended, 0);
  EXPECT_EQ(count.jobs_hit, 0);
}

// No run waits for a timer that was never set: not for its limits, nor for the copying of its files.
TEST(failing_supervisor_calls, a_timer_that_cannot_be_set_ends_its_run) {
  const TemporaryFolder folder;
  const std::string plan = folder
                               .write("plan.toml", mounted_probe_plan("probe", {"fill", "/work/left", "1000000"},
                                                                      "limits.cpus = \"any\"\ncollect = [\"left\"]\n"))
                               .string();
  int hit = 0;
  for (int nth = 1; nth <= 40; ++nth) {
    SCOPED_TRACE(nth);
    const std::string result = (folder.path() / "result").string();
    const Finished finished = run_command(
        {"timeout", "-k", "1", "8", "strace", "-qq", "-o", (folder.path() / "trace").string(), "-e",
         "trace=timerfd_settime", "-e", "inject=timerfd_settime:error=ENOMEM:when=" + std::to_string(nth),
         evalrun().string(), "run", plan, "--output", result, "--save-to", (folder.path() / "files").string()});
    if (finished.exit_code == 127) EVALRUN_SKIP("strace");
    const bool was_injected = read_file(folder.path() / "trace").find("INJECTED") != std::string::npos;
    const nlohmann::json json = nlohmann::json::parse(read_file(result), nullptr, false);
    ASSERT_TRUE(json.is_object()) << finished.exit_code << finished.error_output;
    if (!was_injected) {
      EXPECT_EQ(json.at("verdict"), "OK") << json.dump();
      break;
    }
    ++hit;
    EXPECT_EQ(json.at("verdict"), "IE") << json.dump();
    EXPECT_EQ(json.at("outcome").value("operation", ""), "timerfd_settime") << json.dump();
  }
  EXPECT_GT(hit, 5) << "the pieces of the file are copied from a timer";
}

// Of the allocations, those that EVALRUN_FAULT_RANGE=FROM:TO names: all of them take hours.
std::pair<std::uint64_t, std::uint64_t> range_of_faults() {
  std::pair<std::uint64_t, std::uint64_t> range{0, std::numeric_limits<std::uint64_t>::max()};
  const char* given = std::getenv("EVALRUN_FAULT_RANGE");
  if (given == nullptr) return range;
  char colon = 0;
  std::istringstream text(given);
  if (!(text >> range.first >> colon >> range.second) || colon != ':') {
    ADD_FAILURE() << "EVALRUN_FAULT_RANGE: expected FROM:TO, not " << given;
  }
  return range;
}

struct Allocations {
  std::atomic<std::uint64_t> count;
  std::uint64_t failing;
};

TEST(failing_allocations, each_is_at_most_one_jobs_fault_and_the_journal_loses_nothing) {
  const FaultyBatch batch;
  const Verdicts expected = undisturbed(batch);
  const std::string name = batch.path("allocations");
  const Fd file(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::ftruncate(file.get(), sizeof(Allocations)), 0);
  void* memory = ::mmap(nullptr, sizeof(Allocations), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  ASSERT_NE(memory, MAP_FAILED);
  auto* allocations = static_cast<Allocations*>(memory);
  const auto run = [&](std::uint64_t failing, const std::string& jobs) {
    allocations->count = 0;
    allocations->failing = failing;
    Words words = {"env", "EVALRUN_TEST_ALLOCATIONS=" + name, "timeout", "-k", "1", "60"};
    const Words command = batch.command(build_dir() / "tests/evalrun_failing_new", jobs);
    words.insert(words.end(), command.begin(), command.end());
    return run_command(words);
  };
  // What comes before the first job is the command's own start.
  ASSERT_EQ(run(0, "none.jsonl").exit_code, 0);
  const std::uint64_t before = allocations->count;
  batch.forget_all();
  ASSERT_EQ(run(0, "jobs.jsonl").exit_code, 0);
  const std::uint64_t all = allocations->count;
  batch.forget_all();
  ASSERT_GT(all, before + 500);
  const auto [from, to] = range_of_faults();
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t i = std::max(before, from); i < std::min(all, to); ++i) numbers.push_back(i);
  Count count;
  for (const std::uint64_t number : sample(numbers, 2 * kSample)) {
    SCOPED_TRACE("allocation " + std::to_string(number) + " of " + std::to_string(all));
    look(
        batch, [&] { return run(number, "jobs.jsonl"); }, expected, count);
  }
  ::munmap(memory, sizeof(Allocations));
  std::printf("%d of %zu allocations failed: %d jobs hit, %d batches ended early and went on with their journals\n",
              count.faults, numbers.size(), count.jobs_hit, count.batches_ended);
  if (from == 0) {
    EXPECT_GT(count.jobs_hit, 0);
  }
  EXPECT_LE(10 * count.aborted, count.faults);
}

}  // namespace
}  // namespace evalrun::test
