// Batches, through the binary: what goes in, what comes out, in which order, and what a kill leaves.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <thread>

#include "runtime/core/fd.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"
#include "tests/support/processes.h"

extern char** environ;

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Lines = std::vector<nlohmann::json>;

// The plan that most jobs vary: the probe on a mount, without words.
std::string base_plan(const std::string& more = "") {
  return mounted_probe_plan("probe", {}, more);
}

nlohmann::json job(const std::string& id, std::vector<std::string> words) {
  words.insert(words.begin(), "/opt/probe");
  return {{"id", id}, {"argv", words}};
}

std::string text_of(const Lines& jobs) {
  std::string text;
  for (const auto& one : jobs) text += one.dump() + "\n";
  return text;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

Lines parse(const std::string& text) {
  Lines lines;
  for (const std::string& line : split(text)) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

// A batch in a folder of its own, with the plan "plan.toml" and the jobs "jobs.jsonl".
class Batch {
 public:
  explicit Batch(const std::string& plan, const std::string& jobs) {
    folder_.write("plan.toml", plan);
    folder_.write("jobs.jsonl", jobs);
  }
  Batch(const std::string& plan, const Lines& jobs) : Batch(plan, text_of(jobs)) {}

  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& more = {},
                                                 const std::string& jobs = "jobs.jsonl") const {
    std::vector<std::string> words = {evalrun().string(), "batch", "--plan", path("plan.toml"), path(jobs)};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  [[nodiscard]] Finished run(const std::vector<std::string>& more = {}) const { return run_command(command(more)); }

 private:
  TemporaryFolder folder_;
};

std::map<std::string, nlohmann::json> by_id(const std::string& output) {
  std::map<std::string, nlohmann::json> lines;
  for (const auto& line : parse(output)) {
    const auto [at, is_new] = lines.emplace(line.at("id").get<std::string>(), line);
    EXPECT_TRUE(is_new) << "twice: " << at->first;
  }
  return lines;
}

std::string ids(const std::string& output) {
  std::string all;
  for (const auto& line : parse(output)) {
    all += (line.at("id").is_null() ? "null" : line.at("id").get<std::string>()) + " ";
  }
  return all;
}

std::string output_of(const nlohmann::json& line) {
  return line.contains("result") ? line.at("result").at("stdout").at("text").get<std::string>() : line.dump();
}

std::string verdict_of(const nlohmann::json& line) {
  return line.contains("result") ? line.at("result").at("verdict").get<std::string>() : line.dump();
}

// evalrun with a pipe on each side, neither of them served by anybody but the test.
class Piped {
 public:
  explicit Piped(const std::vector<std::string>& argv)
      : in_(make_pipe(Blocking::Yes, Blocking::No)), out_(make_pipe(Blocking::Yes, Blocking::Yes)) {
    ::signal(SIGPIPE, SIG_IGN);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in_.read_end.get(), 0);
    ::posix_spawn_file_actions_adddup2(&actions, out_.write_end.get(), 1);
    ::posix_spawn_file_actions_addopen(&actions, 2, error_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    std::vector<char*> words;
    for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    EXPECT_EQ(::posix_spawn(&pid_, words[0], &actions, nullptr, words.data(), environ), 0);
    ::posix_spawn_file_actions_destroy(&actions);
    in_.read_end.reset();
    out_.write_end.reset();
  }
  ~Piped() {
    if (pid_ > 0) end_by(SIGKILL);
  }
  Piped(const Piped&) = delete;
  Piped& operator=(const Piped&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string errors() const { return read_file(error_); }

  // As much of the text as the pipe takes now.
  std::size_t offer(const std::string& text) {
    const ssize_t count = ::write(in_.write_end.get(), text.data(), text.size());
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  [[nodiscard]] std::size_t unread_input() const {
    int bytes = 0;
    ::ioctl(in_.write_end.get(), FIONREAD, &bytes);
    return static_cast<std::size_t>(bytes);
  }
  void close_input() { in_.write_end.reset(); }
  void close_output() { out_.read_end.reset(); }

  // Waits for one line.
  std::string line() {
    std::string text;
    for (char byte = 0; ::read(out_.read_end.get(), &byte, 1) == 1 && byte != '\n';) text.push_back(byte);
    return text;
  }
  std::string rest() {
    std::string text;
    std::array<char, 65536> chunk;
    for (ssize_t count = 0; (count = ::read(out_.read_end.get(), chunk.data(), chunk.size())) > 0;) {
      text.append(chunk.data(), static_cast<std::size_t>(count));
    }
    return text;
  }

  // The exit status; -n where signal n ended it.
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  int end_by(int signal) {
    ::kill(pid_, signal);
    return wait();
  }

 private:
  TemporaryFolder folder_;
  std::string error_ = (folder_.path() / "errors").string();
  Pipe in_, out_;
  pid_t pid_ = -1;
};

std::size_t resident_kib(pid_t pid) {
  return std::stoul("0" + status_of(pid, "VmRSS"));
}

TEST(batch, three_hundred_jobs_have_one_result_each_which_is_what_the_command_prints) {
  Lines jobs;
  for (int i = 0; i < 300; ++i) jobs.push_back(job("j" + std::to_string(i), {"exit", std::to_string(i % 2)}));
  const Batch batch(base_plan(), jobs);
  const Finished finished = batch.run({"--jobs", "4"});
  EXPECT_EQ(finished.exit_code, 1) << finished.error_output;
  EXPECT_EQ(finished.error_output, "");
  const auto lines = by_id(finished.output);
  ASSERT_EQ(lines.size(), 300U);
  for (int i = 0; i < 300; ++i) {
    const auto& line = lines.at("j" + std::to_string(i));
    EXPECT_EQ(line.at("line"), i + 1);
    EXPECT_EQ(verdict_of(line), i % 2 == 0 ? "OK" : "RE") << line;
  }
  const PlanRun alone = run_plan(mounted_probe_plan("probe", {"exit", "1"}));
  const auto& result = lines.at("j1").at("result");
  const auto names = [](const nlohmann::json& object) {
    std::string text;
    for (const auto& [name, value] : object.items()) text += name + " ";
    return text;
  };
  EXPECT_EQ(names(result), names(alone.result));
  EXPECT_EQ(result.at("layers"), alone.result.at("layers"));
  EXPECT_EQ(result.at("outcome"), alone.result.at("outcome"));
}

TEST(batch, results_come_as_jobs_end_or_in_the_order_of_the_input) {
  Lines jobs = {job("slow", {"sleep", "2"})};
  for (int i = 0; i < 3; ++i) jobs.push_back(job("q" + std::to_string(i), {"exit", "0"}));
  const Batch batch(base_plan("limits.cpus = \"any\"\n"), jobs);
  EXPECT_EQ(ids(batch.run({"--jobs", "2", "--order", "input"}).output), "slow q0 q1 q2 ");
  EXPECT_EQ(ids(batch.run({"--jobs", "2"}).output), "q0 q1 q2 slow ");
}

TEST(batch, as_many_sandboxes_run_at_a_time_as_are_asked_for) {
  Lines jobs;
  for (int i = 0; i < 8; ++i) jobs.push_back(job("j" + std::to_string(i), {"sleep", "0.3"}));
  const Batch batch(base_plan("limits.cpus = \"any\"\n"), jobs);
  const auto took = [&](const std::string& at_a_time) {
    const auto begin = Clock::now();
    EXPECT_EQ(batch.run({"--jobs", at_a_time}).exit_code, 0);
    return Clock::now() - begin;
  };
  const auto one_by_one = took("1");
  EXPECT_GE(one_by_one, 2400ms);
  EXPECT_GE(took("4"), 600ms);
  EXPECT_LT(took("8"), one_by_one);
}

TEST(batch, a_line_that_is_wrong_has_a_result_of_its_own_and_stops_no_other) {
  const Batch batch(
      base_plan(), text_of({job("first", {"exit", "0"})}) + "nonsense\n\n" +
                       R"({"id": "key", "limts": {"cpu": "1s"}})" + "\n" + R"({"id": "unit", "limits": {"cpu": "1"}})" +
                       "\n" + R"({"id": "plan", "plan": "missing.toml"})" + "\n" +
                       R"({"id": "file", "files": {"a": {"from": "missing"}}})" + "\n" +
                       R"({"id": "inherit", "stdin": "inherit"})" + "\n" + text_of({job("last", {"exit", "0"})}));
  const Finished finished = batch.run({"--order", "input"});
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_EQ(ids(finished.output), "first null key unit plan file inherit last ");
  const Lines lines = parse(finished.output);
  ASSERT_EQ(lines.size(), 8U);
  EXPECT_EQ(verdict_of(lines[0]), "OK");
  const std::vector<std::string> expected = {
      "jobs.jsonl:2:1: not JSON at byte",
      "jobs.jsonl:4:1: limts: unknown key; did you mean \"limits\"?",
      "jobs.jsonl:5:1: limits.cpu: expected a time with a unit",
      "missing.toml: open: No such file",
      "missing: No such file",
      "jobs.jsonl:8:1: stdin: expected a file, a text or \"null\", since a batch has many jobs",
  };
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto& line = lines[i + 1];
    EXPECT_FALSE(line.contains("result"));
    EXPECT_EQ(line.at("line"), i == 0 ? 2 : i + 3);
    EXPECT_NE(line.value("error", "").find(expected[i]), std::string::npos) << line;
  }
  EXPECT_EQ(verdict_of(lines[7]), "OK");
  EXPECT_EQ(lines[7].at("line"), 9);
}

TEST(batch, the_exit_status_is_that_of_the_worst_job) {
  const auto status = [](const std::string& jobs) { return Batch(base_plan(), jobs).run().exit_code; };
  const std::string good = text_of({job("a", {"exit", "0"})});
  const std::string bad = text_of({job("b", {"exit", "1"})});
  EXPECT_EQ(status(""), 0);
  EXPECT_EQ(status(good), 0);
  EXPECT_EQ(status(good + bad), 1);
  EXPECT_EQ(status(bad + "x\n" + good), 2);
  // Too few descriptors for a sandbox: its own fault, which may be gone later.
  const Batch poor(base_plan(), good + "x\n");
  std::vector<std::string> few = {"bash", "-c", "ulimit -n 16 && exec \"$@\"", "bash"};
  const std::vector<std::string> command = poor.command();
  few.insert(few.end(), command.begin(), command.end());
  const Finished starved = run_command(few);
  EXPECT_EQ(starved.exit_code, 3) << starved.error_output;
  EXPECT_EQ(verdict_of(parse(starved.output).at(0)), "IE");
  EXPECT_EQ(parse(starved.output).at(0).at("result").at("outcome").at("errno"), "EMFILE");
  EXPECT_EQ(run_command({evalrun().string(), "batch", "/no/such/jobs"}).exit_code, 2);
  EXPECT_EQ(run_command({evalrun().string(), "batch", "--plan", "/no/such/plan", "-"}).exit_code, 2);
  EXPECT_EQ(run_command({evalrun().string(), "batch", "--plan", "-", "-"}).exit_code, 2);
}

TEST(batch, each_job_has_its_own_files_input_words_environment_and_limits) {
  Lines jobs = {job("files", {"cat", "/work/a", "then", "cat", "/work/b"}),
                job("text", {"count-input"}),
                job("file", {"count-input"}),
                job("env", {"environment"}),
                job("cpu", {"burn", "5"}),
                job("set", {"burn", "5"}),
                job("none", {"cat", "/work/b", "then", "count-input", "then", "environment", "then", "burn", "0.3"})};
  jobs[0]["files"] = {{"a", {{"text", "from the job\n"}}}, {"b", {{"from", "data/b"}}}};
  jobs[1]["stdin"] = {{"text", "four"}};
  jobs[2]["stdin"] = {{"file", "data/b"}};
  jobs[3]["env"] = {{"JOB", "3"}};
  jobs[4]["limits"] = {{"cpu", "200ms"}};
  jobs[5]["set"] = {{"limits.cpu", "100ms"}};
  const Batch batch(base_plan("files.\"b\" = { text = \"from the plan\\n\" }\nenv = { PLAN = \"1\" }\n"), jobs);
  batch.folder().write("data/b", "from a file\n");
  const auto lines = by_id(batch.run().output);
  ASSERT_EQ(lines.size(), jobs.size());
  EXPECT_EQ(output_of(lines.at("files")), "from the job\nfrom a file\n");
  EXPECT_NE(output_of(lines.at("text")).find("4"), std::string::npos) << output_of(lines.at("text"));
  EXPECT_NE(output_of(lines.at("file")).find("12"), std::string::npos) << output_of(lines.at("file"));
  EXPECT_EQ(output_of(lines.at("env")), "JOB=3\nPLAN=1\n");
  for (const char* id : {"cpu", "set"}) {
    EXPECT_EQ(verdict_of(lines.at(id)), "TLE");
    const auto& outcome = lines.at(id).at("result").at("outcome");
    EXPECT_EQ(outcome.at("allowed_us"), std::string(id) == "cpu" ? 200000 : 100000);
  }
  // Nothing of one job is in another.
  EXPECT_EQ(verdict_of(lines.at("none")), "OK");
  EXPECT_EQ(output_of(lines.at("none")).rfind("from the plan\n", 0), 0U) << output_of(lines.at("none"));
  EXPECT_EQ(output_of(lines.at("none")).find("JOB="), std::string::npos);
}

TEST(batch, a_job_may_bring_its_own_plan_and_vary_it_and_set_holds_for_all) {
  Lines jobs = {job("base", {"environment"}),
                {{"id", "own"}, {"plan", "own/own.toml"}},
                {{"id", "varied"}, {"plan", "own/own.toml"}, {"env", {{"JOB", "2"}}}}};
  const Batch batch(base_plan(), jobs);
  batch.folder().write("own/own.toml", mounted_probe_plan("probe", {"cat", "/work/x", "then", "environment"},
                                                          "files.x = { from = \"x\" }\n"));
  batch.folder().write("own/x", "beside the plan\n");
  const auto lines = by_id(batch.run({"--set", "env.ALL=1"}).output);
  EXPECT_EQ(output_of(lines.at("base")), "ALL=1\n");
  EXPECT_EQ(output_of(lines.at("own")), "beside the plan\nALL=1\n");
  EXPECT_EQ(output_of(lines.at("varied")), "beside the plan\nALL=1\nJOB=2\n");
  EXPECT_EQ(lines.at("own").at("result").at("plan").at("name"), "own");
  const Finished without = run_command({evalrun().string(), "batch", batch.path("jobs.jsonl")});
  EXPECT_EQ(without.exit_code, 2);
  EXPECT_NE(by_id(without.output).at("base").value("error", "").find("the batch has no --plan"), std::string::npos);
  EXPECT_EQ(verdict_of(by_id(without.output).at("own")), "OK");
}

TEST(batch, plans_with_cases_are_graded_beside_plain_ones) {
  const std::string probed = run_plan(mounted_probe_plan("probe", {"count-input"}, "stdin.text = \"abc\"\n")).output();
  nlohmann::json graded = job("right", {"count-input"});
  graded["case"] = {{{"stdin", {{"text", "abc"}}}, {"expect", {{"text", probed}}}}};
  nlohmann::json wrong = job("wrong", {"count-input"});
  wrong["case"] = {{{"stdin", {{"text", "abcd"}}}, {"expect", {{"text", probed}}}}, graded["case"][0]};
  nlohmann::json stopped = wrong;
  stopped["id"] = "stopped";
  const Batch batch(base_plan(), Lines{graded, wrong, job("plain", {"exit", "0"})});
  const Finished finished = batch.run({"--jobs", "2"});
  EXPECT_EQ(finished.exit_code, 1);
  const auto lines = by_id(finished.output);
  EXPECT_EQ(verdict_of(lines.at("right")), "AC") << lines.at("right");
  EXPECT_EQ(lines.at("right").at("result").at("score"), 1);
  EXPECT_EQ(verdict_of(lines.at("wrong")), "WA");
  EXPECT_EQ(lines.at("wrong").at("result").at("cases").at(1).at("verdict"), "AC");
  EXPECT_EQ(verdict_of(lines.at("plain")), "OK");
  const auto early = by_id(Batch(base_plan(), Lines{stopped}).run({"--stop-at-first-failure"}).output);
  EXPECT_TRUE(early.at("stopped").at("result").at("cases").at(1).at("verdict").is_null());
}

TEST(batch, a_job_that_fails_on_its_way_has_its_own_end) {
  nlohmann::json graded = job("graded", {"count-input"});
  graded["compile"] = {{"argv", {"/opt/probe", "sleep", "0.6"}}};
  graded["case"] = {{{"stdin", {{"file", "in"}}}, {"expect", {{"text", "input 0"}}}}};
  nlohmann::json beside = job("beside", {"sleep", "1"});
  const Batch batch(base_plan("limits.cpus = \"any\"\n"), Lines{graded, beside});
  batch.folder().write("in", "");
  EXPECT_EQ(verdict_of(by_id(batch.run({"--jobs", "2"}).output).at("graded")), "AC");
  // The input of its case goes away while it is compiled.
  Piped piped(batch.command({"--jobs", "2"}));
  std::this_thread::sleep_for(300ms);
  std::filesystem::remove(batch.path("in"));
  const auto lines = by_id(piped.rest());
  EXPECT_EQ(piped.wait(), 2) << piped.errors();
  EXPECT_NE(lines.at("graded").value("error", "").find("No such file"), std::string::npos) << lines.at("graded");
  EXPECT_EQ(verdict_of(lines.at("beside")), "OK");
}

TEST(batch, the_example_gives_each_answer_its_verdict) {
  const std::string list = run_command({evalrun().string(), "image", "list"}).output;
  const std::size_t line = list.find("python: ");
  if (list.compare(list.find("; ", line), 11, "; installed") != 0) EVALRUN_SKIP("python3");
  const std::filesystem::path examples = source_dir() / "images/examples";
  const Finished finished = run_command(
      {evalrun().string(), "batch", "--plan", (examples / "batch.toml").string(), (examples / "batch.jsonl").string()});
  EXPECT_EQ(finished.exit_code, 2) << finished.error_output;
  const auto lines = by_id(finished.output);
  EXPECT_EQ(verdict_of(lines.at("ada")), "AC") << lines.at("ada");
  EXPECT_EQ(verdict_of(lines.at("bob")), "WA");
  EXPECT_EQ(verdict_of(lines.at("cyd")), "TLE");
  EXPECT_NE(lines.at("dan").value("error", "").find("found a string"), std::string::npos);
}

TEST(batch, collected_files_of_a_job_go_into_a_folder_of_its_own) {
  Lines jobs = {job("a", {"fill", "/work/out", "1"}), job("../b", {"fill", "/work/out", "2"}), job("c", {"exit", "0"})};
  const Batch batch(base_plan("collect = [{ path = \"out\", optional = true }]\n"), jobs);
  const Finished finished = batch.run({"--save-to", batch.path("saved")});
  EXPECT_EQ(finished.exit_code, 0) << finished.output;
  const auto lines = by_id(finished.output);
  EXPECT_EQ(lines.at("a").at("result").at("files").at(0).at("saved_as"), batch.path("saved/a/out"));
  EXPECT_EQ(lines.at("../b").at("result").at("files").at(0).at("saved_as"), batch.path("saved/line-2/out"));
  EXPECT_TRUE(std::filesystem::exists(batch.path("saved/a/out")));
  EXPECT_TRUE(std::filesystem::exists(batch.path("saved/line-2/out")));
  EXPECT_FALSE(std::filesystem::exists(batch.path("b")));
}

TEST(batch, a_result_is_there_before_the_input_ends) {
  const Batch batch(base_plan(), "");
  std::vector<std::string> command = batch.command({}, "jobs.jsonl");
  command[4] = "-";
  Piped piped(command);
  for (const char* id : {"a", "b"}) {
    const std::string text = text_of({job(id, {"exit", "0"})});
    ASSERT_EQ(piped.offer(text), text.size());
    EXPECT_EQ(nlohmann::json::parse(piped.line()).at("id"), id);
  }
  // A last line without its newline is a line.
  const std::string last = job("c", {"exit", "0"}).dump();
  ASSERT_EQ(piped.offer(last), last.size());
  piped.close_input();
  EXPECT_EQ(ids(piped.rest()), "c ");
  EXPECT_EQ(piped.wait(), 0) << piped.errors();
}

TEST(batch, a_reader_that_does_not_read_stops_the_input_and_memory_stays_flat) {
  for (const std::string order : {"completion", "input"}) {
    const Batch batch(base_plan(), "");
    std::vector<std::string> command = batch.command({"--jobs", "2", "--order", order});
    command[4] = "-";
    Piped piped(command);
    // Each result holds 100 kB, so that few of them fill what may wait; each line 4 kB, so that few fill the pipe.
    int made = 1000;
    const auto next = [&made] {
      nlohmann::json large = job("j" + std::to_string(made++), {"write", "100000"});
      large["env"] = {{"PAD", std::string(4000, 'x')}};
      return text_of({large});
    };
    const std::string text = next();
    // The two pipes hold 64 KiB each and one read of the input 64 KiB more; the rest are jobs that were started.
    const std::size_t bound = 3 * 65536 + 64 * text.size();
    std::size_t offered = 0;
    std::string left = text;
    auto last_taken = Clock::now();
    std::size_t most = 0;
    while (offered < bound && Clock::now() - last_taken < 3s) {
      const std::size_t count = piped.offer(left);
      if (count != 0) {
        offered += count;
        left = left.size() == count ? next() : left.substr(count);
        last_taken = Clock::now();
      } else {
        std::this_thread::sleep_for(10ms);
      }
      most = std::max(most, resident_kib(piped.pid()));
    }
    EXPECT_LT(offered, bound) << order;
    EXPECT_LT(most, 40 * 1024) << order;
    const std::size_t unread = piped.unread_input();
    std::this_thread::sleep_for(300ms);
    EXPECT_EQ(piped.unread_input(), unread) << order;
    // And it goes on with the reader.
    EXPECT_EQ(nlohmann::json::parse(piped.line()).at("id"), "j1000");
    piped.close_input();
    const std::size_t lines = parse(piped.rest()).size();
    EXPECT_GE(lines + 2, offered / text.size()) << order;
    EXPECT_LE(piped.wait(), 2) << piped.errors();
  }
}

TEST(batch, a_reader_that_goes_away_ends_the_batch) {
  Lines jobs;
  for (int i = 0; i < 100; ++i) jobs.push_back(job("j", {"exit", "0"}));
  jobs.push_back(job("long", {"sleep", "9"}));
  const Batch batch(base_plan(), jobs);
  Piped piped(batch.command({"--jobs", "2"}));
  EXPECT_NE(piped.line(), "");
  piped.close_output();
  EXPECT_EQ(piped.wait(), 3);
  EXPECT_NE(piped.errors().find("write the results: Broken pipe"), std::string::npos) << piped.errors();
}

// --- the journal
// ---------------------------------------------------------------------------------------------------------

std::vector<std::string> journaled(const Batch& batch) {
  std::vector<std::string> results;
  for (const std::string& line : split(read_file(batch.path("journal")))) {
    if (const std::size_t result = line.find('{'); result != line.npos) results.push_back(line.substr(result));
  }
  return results;
}

TEST(batch, with_a_whole_journal_nothing_runs_again_and_the_output_is_the_same) {
  Lines jobs;
  for (int i = 0; i < 20; ++i) jobs.push_back(job("j" + std::to_string(i), {"exit", std::to_string(i == 7 ? 1 : 0)}));
  for (const std::string order : {"completion", "input"}) {
    const Batch batch(base_plan(), jobs);
    const std::vector<std::string> options = {"--jobs", "3", "--order", order, "--journal", batch.path("journal")};
    const Finished first = batch.run(options);
    EXPECT_EQ(first.exit_code, 1) << first.error_output;
    const Finished second = batch.run(options);
    EXPECT_EQ(second.exit_code, 1) << second.error_output;
    EXPECT_EQ(second.output, first.output);
    EXPECT_EQ(journaled(batch).size(), 20U);
  }
}

TEST(batch, killed_at_any_moment_it_goes_on_and_every_job_is_in_the_results_once) {
  constexpr int kJobs = 120;
  Lines jobs;
  for (int i = 0; i < kJobs; ++i) jobs.push_back(job("j" + std::to_string(i), {"write", std::to_string(i * 50)}));
  std::mt19937 random(11);
  const auto begin = Clock::now();
  EXPECT_EQ(Batch(base_plan("limits.cpus = \"any\"\n"), jobs).run({"--jobs", "3"}).exit_code, 0);
  const auto undisturbed = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
  int kills = 0, kills_on_the_way = 0;
  for (const std::string order : {"completion", "input", "completion"}) {
    const Batch batch(base_plan("limits.cpus = \"any\"\n"), jobs);
    const std::vector<std::string> options = {"--jobs", "3", "--order", order, "--journal", batch.path("journal")};
    std::vector<std::string> known;
    for (int kill = 0; kill < 12; ++kill) {
      {
        std::vector<std::string> command = batch.command(options);
        Piped piped(command);
        std::thread reader([&] { piped.rest(); });
        std::this_thread::sleep_for(undisturbed * (random() % 1000) / 4000);
        ::kill(piped.pid(), SIGKILL);
        reader.join();
      }
      ++kills;
      // What was there stays, byte by byte: none of these jobs was run again.
      std::vector<std::string> now;
      if (std::filesystem::exists(batch.path("journal"))) {
        std::string text = read_file(batch.path("journal"));
        text.resize(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
        for (const std::string& line : split(text)) {
          if (const std::size_t result = line.find('{'); result != line.npos) now.push_back(line.substr(result));
        }
      }
      ASSERT_GE(now.size(), known.size());
      ASSERT_TRUE(std::equal(known.begin(), known.end(), now.begin()));
      kills_on_the_way += !now.empty() && now.size() < kJobs ? 1 : 0;
      known = std::move(now);
    }
    const Finished last = batch.run(options);
    const auto lines = by_id(last.output);
    EXPECT_EQ(lines.size(), std::size_t{kJobs});
    int given_up = 0;
    for (int i = 0; i < kJobs; ++i) {
      const auto& line = lines.at("j" + std::to_string(i));
      EXPECT_EQ(line.at("line"), i + 1);
      // It looks as if that job had done it: two kills while it ran, the second while it ran alone.
      if (line.at("result").at("outcome").value("operation", "") == "give up") {
        ++given_up;
        continue;
      }
      EXPECT_EQ(line.at("result").at("stdout").at("bytes"), i * 50);
    }
    EXPECT_LE(given_up, 6) << "at most one for every two kills";
    EXPECT_EQ(last.exit_code, given_up == 0 ? 0 : 3) << last.error_output;
    const std::vector<std::string> output = split(last.output);
    for (const std::string& result : known) EXPECT_EQ(std::count(output.begin(), output.end(), result), 1);
    if (order == "input") {
      std::string expected;
      for (int i = 0; i < kJobs; ++i) expected += "j" + std::to_string(i) + " ";
      EXPECT_EQ(ids(last.output), expected);
    }
  }
  EXPECT_GT(kills_on_the_way, kills / 4) << "too few kills met a batch on its way";
}

TEST(batch, ctrl_c_ends_it_cleanly_and_the_journal_allows_going_on) {
  Lines jobs = {job("quick", {"exit", "0"}), job("long", {"sleep", "9"}), job("waiting", {"exit", "0"})};
  const Batch batch(base_plan(), jobs);
  const std::vector<std::string> options = {"--jobs", "1", "--journal", batch.path("journal")};
  Piped piped(batch.command(options));
  EXPECT_EQ(nlohmann::json::parse(piped.line()).at("id"), "quick");
  const auto begin = Clock::now();
  ::kill(piped.pid(), SIGINT);
  EXPECT_EQ(piped.rest(), "");
  EXPECT_EQ(piped.wait(), 3);
  EXPECT_LT(Clock::now() - begin, 5s);
  EXPECT_EQ(piped.errors(),
            "evalrun: interrupted by SIGINT: 1 jobs done, 1 ended without a result; the same command goes on with the "
            "journal\n");
  EXPECT_EQ(journaled(batch).size(), 1U);
  const Finished refused = batch.run({"--journal", batch.path("journal"), "--set", "limits.wall=1s"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.error_output.find("a batch with another plan"), std::string::npos) << refused.error_output;
  Piped again(batch.command(options));
  EXPECT_EQ(nlohmann::json::parse(again.line()).at("id"), "quick");
  EXPECT_EQ(again.end_by(SIGTERM), 3);
}

TEST(batch, after_ctrl_c_a_reader_that_does_not_read_is_not_waited_for_long) {
  Lines jobs;
  for (int i = 0; i < 60; ++i) jobs.push_back(job("j" + std::to_string(i), {"write", "100000"}));
  const Batch batch(base_plan(), jobs);
  Piped piped(batch.command({"--jobs", "2"}));
  EXPECT_NE(piped.line(), "");
  std::this_thread::sleep_for(200ms);
  const auto begin = Clock::now();
  EXPECT_EQ(piped.end_by(SIGINT), 3);
  EXPECT_LT(Clock::now() - begin, 8s);
}

TEST(batch, the_journal_of_another_input_is_refused_and_lines_may_be_added) {
  Lines jobs;
  for (int i = 0; i < 5; ++i) jobs.push_back(job("j" + std::to_string(i), {"exit", "0"}));
  const Batch batch(base_plan(), jobs);
  const std::vector<std::string> options = {"--journal", batch.path("journal")};
  ASSERT_EQ(batch.run(options).exit_code, 0);
  const std::string journal = read_file(batch.path("journal"));

  Lines changed = jobs;
  changed[2] = job("j2", {"exit", "1"});
  batch.folder().write("jobs.jsonl", text_of(changed));
  const Finished refused = batch.run(options);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.error_output.find("the journal is of another input"), std::string::npos) << refused.error_output;

  batch.folder().write("jobs.jsonl", text_of({jobs[0], jobs[1]}));
  const Finished shorter = batch.run(options);
  EXPECT_EQ(shorter.exit_code, 2);
  EXPECT_NE(shorter.error_output.find("does not have"), std::string::npos) << shorter.error_output;
  EXPECT_EQ(read_file(batch.path("journal")), journal);

  jobs.push_back(job("more", {"exit", "0"}));
  batch.folder().write("jobs.jsonl", text_of(jobs));
  const Finished longer = batch.run(options);
  EXPECT_EQ(longer.exit_code, 0) << longer.error_output;
  EXPECT_EQ(by_id(longer.output).size(), 6U);
  EXPECT_EQ(read_file(batch.path("journal")).rfind(journal, 0), 0U);
}

TEST(batch, a_wrong_line_is_not_in_the_journal_and_may_be_put_right) {
  const Batch batch(base_plan(),
                    text_of({job("a", {"exit", "0"})}) + "{\"id\": \"b\"\n" + text_of({job("c", {"exit", "0"})}));
  const std::vector<std::string> options = {"--journal", batch.path("journal"), "--order", "input"};
  EXPECT_EQ(batch.run(options).exit_code, 2);
  EXPECT_EQ(journaled(batch).size(), 2U);
  const Finished again = batch.run(options);
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_EQ(ids(again.output), "a b c ");
  batch.folder().write("jobs.jsonl",
                       text_of({job("a", {"exit", "0"}), job("b", {"exit", "0"}), job("c", {"exit", "0"})}));
  const Finished right = batch.run(options);
  EXPECT_EQ(right.exit_code, 0) << right.error_output << right.output;
  EXPECT_EQ(ids(right.output), "a b c ");
}

TEST(batch, people_get_a_table_and_spreadsheets_get_csv) {
  const TemporaryFolder folder;
  folder.write("plan.toml", base_plan());
  folder.write("jobs.jsonl", text_of({job("a,\"b\"", {"exit", "0"}), job("c\nd", {"exit", "1"})}) + "no json\n");
  const auto batch = [&](const std::string& flag, const std::string& value) {
    std::vector<std::string> words = {
        evalrun().string(), "batch", "--order", "input", "--plan", (folder.path() / "plan.toml").string(), flag};
    if (!value.empty()) words.push_back(value);
    words.push_back((folder.path() / "jobs.jsonl").string());
    return split(run_command(words).output);
  };
  const std::vector<std::string> csv = batch("--csv", "");
  ASSERT_EQ(csv.size(), 4U);
  EXPECT_EQ(csv[0], "id,line,verdict,score,score_max,cpu_us,wall_us,memory_peak_bytes,message");
  EXPECT_TRUE(csv[1].starts_with("\"a,\"\"b\"\"\",1,OK,,,")) << csv[1];
  EXPECT_TRUE(csv[1].ends_with(",\"exited with code 0\"")) << csv[1];
  EXPECT_TRUE(csv[2].starts_with("c\\x0ad,2,RE,,,")) << csv[2];
  EXPECT_TRUE(csv[3].starts_with(",3,,,,,,,")) << csv[3];
  const std::vector<std::string> text = batch("--format", "text");
  ASSERT_EQ(text.size(), 4U);
  EXPECT_TRUE(text[0].starts_with("id ")) << text[0];
  EXPECT_TRUE(text[1].starts_with("a,\"b\"  ")) << text[1];
  EXPECT_NE(text[1].find(" OK "), std::string::npos) << text[1];
  EXPECT_TRUE(text[1].ends_with("exited with code 0")) << text[1];
  EXPECT_TRUE(text[3].starts_with("line 3  ")) << text[3];
}

TEST(batch, a_row_of_a_submission_has_its_score_and_its_longest_case) {
  const TemporaryFolder folder;
  folder.write("plan.toml",
               "image = \"bash\"\nargv = [\"cat\"]\n[[case]]\nstdin.text = \"a\"\nexpect.text = \"a\"\n"
               "[[case]]\nstdin.text = \"b\"\nexpect.text = \"a\"\n");
  folder.write("jobs.jsonl", "{\"id\": 7}\n");
  const Finished run = run_command({evalrun().string(), "batch", "--csv", "--plan",
                                    (folder.path() / "plan.toml").string(), (folder.path() / "jobs.jsonl").string()});
  const std::vector<std::string> lines = split(run.output);
  ASSERT_EQ(lines.size(), 2U) << run.output << run.error_output;
  EXPECT_TRUE(lines[1].starts_with("7,1,WA,1,2,")) << lines[1];
  EXPECT_TRUE(lines[1].ends_with(",\"case 2: wrong answer\"")) << lines[1];
}

}  // namespace
}  // namespace evalrun::test
