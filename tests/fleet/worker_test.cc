// Workers and what is submitted to them, through the binary: what goes in, what comes out, and what their ends leave.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "runtime/core/sha256.h"
#include "runtime/fleet/queue/open_queue.h"
#include "runtime/fleet/submission.h"
#include "tests/fleet/cut_proxy.h"
#include "tests/fleet/queue_client.h"
#include "tests/fleet/queue_server.h"
#include "tests/load/remains.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"
#include "tests/support/processes.h"

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Lines = std::vector<nlohmann::json>;
using Words = std::vector<std::string>;

nlohmann::json job(const std::string& id, Words words) {
  words.insert(words.begin(), "/opt/probe");
  return {{"id", id}, {"argv", words}};
}

std::string text_of(const Lines& jobs) {
  std::string text;
  for (const auto& one : jobs) text += one.dump() + "\n";
  return text;
}

std::map<std::string, nlohmann::json> by_id(const std::string& output) {
  std::map<std::string, nlohmann::json> lines;
  std::istringstream stream(output);
  for (std::string line; std::getline(stream, line);) {
    const auto json = nlohmann::json::parse(line);
    EXPECT_TRUE(lines.emplace(json["id"].is_string() ? json["id"].get<std::string>() : json["id"].dump(), json).second)
        << line;
  }
  return lines;
}

// The program whose command line has this word; 0: there is none.
pid_t process_of(const std::string& word) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid > 0 && read_file(entry.path() / "cmdline").find(std::string(1, '\0') + word) != std::string::npos)
      return pid;
  }
  return 0;
}

// A queue, a plan of the probe, and workers with a short lease.
class FleetParts {
 protected:
  void set_up(std::unique_ptr<QueueServer> server) {
    server_ = std::move(server);
    folder_.write("plan.toml", mounted_probe_plan("probe", {}));
  }
  void tear_down() {
    workers_.clear();
    for (const auto& [words, pid] : marked_) {
      const Clearing clearing = wait_for_nothing(words, pid, mounts_, 10s);
      EXPECT_TRUE(clearing.left.empty()) << clearing.left.front();
    }
  }

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  // Killed at the end if it is still there. The marker is a word that its command line alone has.
  StartedCommand& start_worker(const std::string& host, Words more = {"--jobs", "2"}) {
    Words words = {evalrun().string(),   "worker", "--queue", server_->url(), "--host", host, "--lease", "1s",
                   "--unsafe-host-paths"};
    words.insert(words.end(), more.begin(), more.end());
    workers_.push_back(std::make_unique<StartedCommand>(words, folder_.path()));
    marked_.emplace_back(server_->url(), workers_.back()->pid());
    return *workers_.back();
  }

  Words submit_command(Words more, const std::string& jobs = "-") {
    Words words = {evalrun().string(), "submit", "--queue", server_->url(), "--plan", path("plan.toml"), jobs};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Finished submit(const std::string& jobs, Words more = {"--wait"}) {
    return run_command(submit_command(std::move(more)), jobs);
  }
  Finished fleet(Words words) {
    words.insert(words.begin(), {evalrun().string(), "fleet"});
    words.insert(words.end(), {"--queue", server_->url()});
    return run_command(words);
  }
  nlohmann::json status() { return nlohmann::json::parse(fleet({"status", "--format", "json"}).output); }

  template <typename IsSo>
  [[nodiscard]] bool wait_until(IsSo is_so, std::chrono::seconds most = 20s) {
    for (const auto end = Clock::now() + most; Clock::now() < end;) {
      if (is_so()) return true;
      std::this_thread::sleep_for(20ms);
    }
    return false;
  }
  [[nodiscard]] bool wait_for_running(int jobs) {
    return wait_until([&] { return status()["running"] == jobs; });
  }

  std::set<std::string> mounts_ = mounts();
  TemporaryFolder folder_;
  std::unique_ptr<QueueServer> server_;
  std::vector<std::unique_ptr<StartedCommand>> workers_;
  std::vector<std::pair<std::string, pid_t>> marked_;
};

class Fleet : public testing::Test, protected FleetParts {
 protected:
  void SetUp() override {
    if (!RedisServer::is_installed()) EVALRUN_SKIP("redis-server");
    auto server = std::make_unique<RedisServer>();
    redis_ = server.get();
    set_up(std::move(server));
  }
  void TearDown() override { tear_down(); }

  RedisServer* redis_ = nullptr;  // that it is
};

class EachFleet : public testing::TestWithParam<Engine>, protected FleetParts {
 protected:
  void SetUp() override {
    if (!is_installed(GetParam())) EVALRUN_SKIP(name_of(GetParam()));
    set_up(start_server(GetParam()));
  }
  void TearDown() override { tear_down(); }
};

TEST_P(EachFleet, gives_the_results_that_a_batch_gives) {
  Lines jobs = {job("a", {"say", "hello"}),
                job("b", {"exit", "3"}),
                {{"id", 7}, {"argv", {"/opt/none"}}},
                {{"id", "d"}, {"limits", {{"cpu", 7}}}}};
  folder_.write("own.toml", mounted_probe_plan("probe", {"say", "own"}));
  const std::string cases =
      "[[case]]\nstdin = { text = \"x\" }\nexpect = { text = \"x\" }\n"
      "[[case]]\nstdin = { text = \"x\" }\nexpect = { text = \"y\" }\n";
  folder_.write("cases.toml", mounted_probe_plan("probe", {"echo"}) + cases);
  jobs.push_back({{"id", "own"}, {"plan", path("own.toml")}});
  jobs.push_back({{"id", "graded"}, {"plan", path("cases.toml")}});
  const std::string text =
      text_of(jobs) + "not json\n" + R"({"id":"a"})" + "\n" + R"({"id":"f","plan":"none.toml"})" + "\n";
  start_worker("h1");
  start_worker("h2");
  const Finished fleet = submit(text);
  const Finished batch = run_command({evalrun().string(), "batch", "--plan", path("plan.toml")}, text);
  EXPECT_EQ(fleet.exit_code, batch.exit_code) << fleet.error_output;
  const auto lines_of = [](const std::string& output) {
    std::set<std::string> lines;
    std::istringstream stream(output);
    for (std::string line; std::getline(stream, line);) {
      auto json = nlohmann::json::parse(line);
      const auto& result = json.value("result", nlohmann::json::object());
      lines.insert(json["id"].dump() + " " + json["line"].dump() + " " + result.value("verdict", "") + " " +
                   result.value("message", "") + " " +
                   result.value("stdout", nlohmann::json::object()).value("text", "") + " " + json.value("error", ""));
    }
    return lines;
  };
  EXPECT_EQ(lines_of(fleet.output), lines_of(batch.output));
  EXPECT_EQ(lines_of(fleet.output).size(), 9U);
}

TEST_P(EachFleet, prints_results_in_the_inputs_order_where_that_is_asked_for) {
  start_worker("h1");
  start_worker("h2");
  const std::string text = text_of({job("slow", {"sleep", "0.7"}), job("quick", {"exit", "0"})}) + "not json\n" +
                           text_of({job("last", {"exit", "0"})});
  const Finished done = submit(text, {"--wait", "--order", "input"});
  std::string lines;
  std::istringstream stream(done.output);
  for (std::string line; std::getline(stream, line);) lines += nlohmann::json::parse(line)["line"].dump() + " ";
  EXPECT_EQ(lines, "1 2 3 4 ");
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_EQ(status()["running"], 0);
}

TEST_F(Fleet, a_worker_says_how_many_sandboxes_it_has_room_for) {
  const Finished worker = run_command({"/usr/bin/prlimit", "--nofile=60:60", evalrun().string(), "worker", "--queue",
                                       server_->url(), "--host", "h1", "--jobs", "500"});
  EXPECT_NE(worker.error_output.find("the limit on open files has room for 1 sandboxes at a time, not 500"),
            std::string::npos)
      << worker.error_output;
}

TEST_F(Fleet, a_result_says_which_worker_made_it) {
  start_worker("judge-7", {"--jobs", "1", "--cpu-class", "fast"});
  const auto result = by_id(submit(text_of({job("a", {"exit", "0"})})).output)["a"];
  EXPECT_TRUE(result["fleet"]["worker"].get<std::string>().starts_with("judge-7/"));
  EXPECT_EQ(result["fleet"]["host"], "judge-7");
  EXPECT_EQ(result["fleet"]["cpu_class"], "fast");
  EXPECT_EQ(result["fleet"]["attempt"], 1);
}

TEST_P(EachFleet, sigterm_drains_a_worker) {
  StartedCommand& worker = start_worker("h1", {"--jobs", "1"});
  submit(text_of({job("a", {"sleep", "1"}), job("b", {"exit", "0"})}), {"--batch", "b"});
  ASSERT_TRUE(wait_for_running(1));
  ::kill(worker.pid(), SIGTERM);
  EXPECT_EQ(worker.wait(), 0);
  // What ran has ended by itself; what waited was left.
  EXPECT_EQ(status()["stats"]["done"], 1);
  EXPECT_EQ(status()["waiting"], 1);
  EXPECT_TRUE(status()["workers"].empty());
  start_worker("h2");
  const auto results = by_id(submit(text_of({job("a", {}), job("b", {})}), {"--batch", "b", "--wait"}).output);
  EXPECT_EQ(results.at("a")["fleet"]["host"], "h1");
  EXPECT_EQ(results.at("b")["fleet"]["host"], "h2");
}

TEST_F(Fleet, a_second_signal_gives_back_what_runs_as_if_it_had_never_been_claimed) {
  StartedCommand& worker = start_worker("h1", {"--jobs", "1"});
  submit(text_of({job("a", {"sleep", "3"})}), {"--batch", "b"});
  ASSERT_TRUE(wait_for_running(1));
  ::kill(worker.pid(), SIGTERM);
  std::this_thread::sleep_for(100ms);
  ::kill(worker.pid(), SIGTERM);
  EXPECT_EQ(worker.wait(), 0);
  EXPECT_EQ(status()["waiting"], 1);
  start_worker("h2");
  const auto results = by_id(submit(text_of({job("a", {})}), {"--batch", "b", "--wait"}).output);
  EXPECT_EQ(results.at("a")["fleet"]["attempt"], 1);
  EXPECT_EQ(results.at("a")["fleet"]["host"], "h2");
}

TEST_F(Fleet, a_worker_that_is_told_to_drain_over_the_queue_ends) {
  StartedCommand& worker = start_worker("h1");
  ASSERT_TRUE(wait_until([&] { return status()["workers"].size() == 1; }));
  EXPECT_EQ(fleet({"drain", "nobody"}).exit_code, 1);
  EXPECT_EQ(fleet({"drain"}).exit_code, 2);
  EXPECT_EQ(fleet({"drain", "h1"}).exit_code, 0);
  EXPECT_EQ(worker.wait(), 0);
}

TEST_P(EachFleet, the_job_of_a_killed_worker_is_anothers_and_nothing_is_left) {
  StartedCommand& worker = start_worker("h1", {"--jobs", "1"});
  submit(text_of({job("a", {"sleep", "1.5"})}), {"--batch", "b"});
  ASSERT_TRUE(wait_for_running(1));
  worker.kill_at_once();
  start_worker("h2");
  const auto results = by_id(submit(text_of({job("a", {})}), {"--batch", "b", "--wait"}).output);
  EXPECT_EQ(results.at("a")["result"]["verdict"], "OK");
  EXPECT_EQ(results.at("a")["fleet"]["attempt"], 2);
  EXPECT_EQ(results.at("a")["fleet"]["host"], "h2");
}

TEST_F(Fleet, a_worker_that_was_stopped_for_longer_than_its_lease_changes_nothing_when_it_goes_on) {
  StartedCommand& stopped = start_worker("h1", {"--jobs", "1"});
  submit(text_of({job("a", {"sleep", "0.8"})}), {"--batch", "b"});
  ASSERT_TRUE(wait_for_running(1));
  std::this_thread::sleep_for(300ms);  // its program runs, and ends while the worker is stopped
  ::kill(stopped.pid(), SIGSTOP);
  start_worker("h2");
  const auto results = by_id(submit(text_of({job("a", {})}), {"--batch", "b", "--wait"}).output);
  EXPECT_EQ(results.at("a")["fleet"]["host"], "h2");
  ::kill(stopped.pid(), SIGCONT);
  // Its beat or its completion says so, whichever comes first.
  EXPECT_TRUE(
      wait_until([&] { return status()["stats"].value("dropped", 0) + status()["stats"].value("lost", 0) > 0; }));
  const auto again = by_id(submit(text_of({job("a", {})}), {"--batch", "b", "--wait"}).output);
  EXPECT_EQ(again.at("a"), results.at("a"));
}

TEST_F(Fleet, a_job_whose_sandbox_fails_goes_to_another_host_and_is_given_up_after_three) {
  for (const std::string host : {"h1", "h2", "h3"}) start_worker(host, {"--jobs", "1"});
  ASSERT_TRUE(wait_until([&] { return status()["workers"].size() == 3; }));
  const std::string marker = new_marker();
  submit(text_of({job("a", {"sleep", "8", "say", marker})}), {"--batch", "b"});
  for (int fault = 1; fault <= 3; ++fault) {
    ASSERT_TRUE(wait_for_running(1)) << fault;
    // The parent of the program is its init: whoever kills that breaks the sandbox.
    const bool is_killed = wait_until([&] {
      const pid_t program = process_of(marker);
      return program > 0 && ::kill(std::atoi(status_of(program, "PPid").c_str()), SIGKILL) == 0;
    });
    ASSERT_TRUE(is_killed) << fault;
    ASSERT_TRUE(wait_until([&] { return status()["stats"].value("faults", 0) == fault; })) << fault;
  }
  const auto results = by_id(submit(text_of({job("a", {})}), {"--batch", "b", "--wait"}).output);
  EXPECT_EQ(results.at("a")["result"]["verdict"], "IE");
  EXPECT_EQ(results.at("a")["fleet"]["attempt"], 3);
  const std::string dead = fleet({"dead"}).output;
  for (const std::string host : {"h1: ", "h2: ", "h3: "}) EXPECT_NE(dead.find(host), std::string::npos) << dead;
  // Tried again, it is what it is.
  folder_.write("plan.toml", mounted_probe_plan("probe", {}));
  EXPECT_EQ(fleet({"retry"}).output, "1 job tried again\n");
  ASSERT_TRUE(wait_for_running(1));
  EXPECT_EQ(fleet({"cancel", "--batch", "b"}).exit_code, 0);
  EXPECT_TRUE(wait_until([&] { return status()["running"] == 0; }));
  EXPECT_EQ(status()["dead"], 0);
}

TEST_F(Fleet, a_host_that_runs_nothing_claims_nothing) {
  submit(text_of({job("a", {"exit", "0"})}), {"--batch", "b"});
  const Finished sick = run_command(
      {"/usr/bin/prlimit", "--nofile=20:20", evalrun().string(), "worker", "--queue", server_->url(), "--jobs", "1"});
  EXPECT_EQ(sick.exit_code, 3);
  EXPECT_NE(sick.error_output.find("this host runs nothing"), std::string::npos) << sick.error_output;
  EXPECT_EQ(status()["waiting"], 1);
  EXPECT_EQ(status()["stats"].value("faults", 0), 0);
}

TEST_P(EachFleet, a_running_job_is_cancelled) {
  start_worker("h1", {"--jobs", "1"});
  submit(text_of({job("a", {"sleep", "8"}), job("b", {"exit", "0"})}), {"--batch", "b"});
  ASSERT_TRUE(wait_for_running(1));
  EXPECT_EQ(fleet({"cancel", "--batch", "b"}).output, "1 waiting job cancelled, 1 running job told to stop\n");
  const Finished done = submit(text_of({job("a", {}), job("b", {})}), {"--batch", "b", "--wait"});
  EXPECT_EQ(done.exit_code, 3);
  for (const auto& [id, line] : by_id(done.output)) EXPECT_EQ(line["result"]["verdict"], "CANCELLED") << id;
  EXPECT_EQ(fleet({"cancel", "--batch", "b"}).exit_code, 1);
}

TEST_F(Fleet, a_submission_that_is_killed_goes_on_under_its_name) {
  Lines jobs;
  for (int i = 0; i < 60; ++i) jobs.push_back(job("job-" + std::to_string(i), {"sleep", "0.03"}));
  folder_.write("jobs.jsonl", text_of(jobs));
  start_worker("h1");
  StartedCommand first(submit_command({"--wait", "--batch", "b"}, path("jobs.jsonl")), folder_.path());
  ASSERT_TRUE(wait_until([&] { return status()["stats"].value("done", 0) > 5; }));
  first.kill_at_once();
  const Finished second = run_command(submit_command({"--wait", "--batch", "b"}, path("jobs.jsonl")));
  EXPECT_EQ(second.exit_code, 0) << second.error_output;
  EXPECT_EQ(by_id(second.output).size(), 60U);
  const Finished third = run_command(submit_command({"--wait", "--batch", "b"}, path("jobs.jsonl")));
  EXPECT_EQ(by_id(third.output), by_id(second.output));
  EXPECT_EQ(status()["stats"]["done"], 60);
}

TEST_F(Fleet, ctrl_c_cancels_a_submission_that_nobody_could_go_on_with) {
  Lines jobs;
  for (int i = 0; i < 50; ++i) jobs.push_back(job("job-" + std::to_string(i), {"sleep", "8"}));
  folder_.write("jobs.jsonl", text_of(jobs));
  start_worker("h1", {"--jobs", "1"});
  StartedCommand command(submit_command({"--wait"}, path("jobs.jsonl")), folder_.path());
  ASSERT_TRUE(wait_until([&] { return status()["running"] == 1 && status()["waiting"] == 49; }));
  ::kill(command.pid(), SIGINT);
  EXPECT_EQ(command.wait(), 3);
  EXPECT_TRUE(wait_until([&] { return status()["running"] == 0 && status()["waiting"] == 0; }));
}

TEST_F(Fleet, a_full_queue_makes_the_writer_wait) {
  Lines jobs;
  for (int i = 0; i < 40; ++i) jobs.push_back(job("job-" + std::to_string(i), {"exit", "0"}));
  folder_.write("jobs.jsonl", text_of(jobs));
  StartedCommand command(submit_command({"--wait", "--queue-limit", "10"}, path("jobs.jsonl")), folder_.path());
  ASSERT_TRUE(wait_until([&] { return status()["waiting"] == 10; }));
  std::this_thread::sleep_for(300ms);
  EXPECT_EQ(status()["waiting"], 10);
  start_worker("h1");
  EXPECT_EQ(command.wait(), 0);
  EXPECT_EQ(status()["stats"]["done"], 40);
}

TEST_F(Fleet, a_queue_that_ends_and_comes_back_loses_nothing) {
  Lines jobs;
  for (int i = 0; i < 80; ++i) jobs.push_back(job("job-" + std::to_string(i), {"sleep", "0.02"}));
  folder_.write("jobs.jsonl", text_of(jobs));
  start_worker("h1");
  start_worker("h2");
  StartedCommand command(submit_command({"--wait", "--batch", "b"}, path("jobs.jsonl")), folder_.path());
  for (int i = 0; i < 3; ++i) {
    std::this_thread::sleep_for(300ms);
    server_->kill_at_once();
    std::this_thread::sleep_for(100ms);
    server_->start();
  }
  EXPECT_EQ(command.wait(), 0);
  EXPECT_EQ(status()["stats"]["done"], 80);
}

// Both for shorter than a connection is silent before it is made anew, and for longer.
TEST_F(Fleet, a_worker_whose_way_to_the_queue_was_cut_changes_nothing_when_it_is_healed) {
  const std::string way = path("way");
  CutProxy proxy(way, redis_->redis_address().path);
  StartedCommand cut({evalrun().string(), "worker", "--queue", "unix:" + way, "--host", "h1", "--jobs", "1", "--lease",
                      "1s", "--unsafe-host-paths"},
                     folder_.path());
  for (const std::chrono::milliseconds length : {2500ms, 12500ms}) {
    const std::string id = "cut-for-" + std::to_string(length.count());
    ASSERT_TRUE(wait_until([&] { return status()["workers"].size() == 1; }));
    submit(text_of({job(id, {"sleep", "0.8"})}), {"--batch", "b"});
    ASSERT_TRUE(wait_for_running(1));
    proxy.cut();
    const auto healed = Clock::now() + length;
    StartedCommand& other = start_worker("h2", {"--jobs", "1"});
    const auto results = by_id(submit(text_of({job(id, {})}), {"--batch", "b", "--wait"}).output);
    EXPECT_EQ(results.at(id)["fleet"]["host"], "h2");
    EXPECT_EQ(results.at(id)["fleet"]["attempt"], 2);
    ::kill(other.pid(), SIGTERM);
    EXPECT_EQ(other.wait(), 0);
    std::this_thread::sleep_until(healed);
    proxy.heal();
    // What it has done meanwhile is dropped, and then it works as ever.
    submit(text_of({job(id + "-then", {"exit", "0"})}), {"--batch", "c"});
    const auto then = by_id(submit(text_of({job(id + "-then", {})}), {"--batch", "c", "--wait"}).output);
    EXPECT_EQ(then.at(id + "-then")["fleet"]["host"], "h1");
    EXPECT_EQ(by_id(submit(text_of({job(id, {})}), {"--batch", "b", "--wait"}).output).at(id), results.at(id));
  }
  EXPECT_GE(status()["stats"].value("dropped", 0) + status()["stats"].value("lost", 0), 2);
}

TEST_F(Fleet, a_queue_that_stands_still_for_longer_than_a_lease_takes_no_job_from_its_worker) {
  start_worker("h1", {"--jobs", "1"});
  start_worker("h2", {"--jobs", "1"});
  submit(text_of({job("a", {"sleep", "5"}), job("b", {"sleep", "5"})}), {"--batch", "b"});
  ASSERT_TRUE(wait_for_running(2));
  server_->stop_for_a_while();
  std::this_thread::sleep_for(3s);
  server_->go_on();
  for (const auto& [id, line] :
       by_id(submit(text_of({job("a", {}), job("b", {})}), {"--batch", "b", "--wait"}).output)) {
    EXPECT_EQ(line["fleet"]["attempt"], 1) << id;
    EXPECT_EQ(line["result"]["verdict"], "OK") << id;
  }
  EXPECT_EQ(status()["stats"].value("reclaimed", 0), 0);
}

TEST_F(Fleet, a_job_that_names_a_path_of_the_host_is_refused) {
  StartedCommand worker({evalrun().string(), "worker", "--queue", server_->url(), "--jobs", "1"}, folder_.path());
  folder_.write("bare.toml", "image = \"bash\"\nargv = [\"/bin/true\"]\n");
  const std::string secret = folder_.write("secret", "s3cret").string();
  const Lines jobs = {{{"id", "mount"}, {"mount", {{{"bind", secret}, {"at", "/opt/x"}}}}},
                      {{"id", "file"}, {"files", {{"x", {{"from", secret}}}}}},
                      {{"id", "stdin"}, {"stdin", {{"file", secret}}}},
                      {{"id", "stdout"}, {"stdout", {{"file", secret}}}},
                      {{"id", "image"}, {"image", path("own.toml")}},
                      {{"id", "case"}, {"case", {{{"stdin", {{"file", secret}}}, {"expect", {{"text", ""}}}}}}},
                      {{"id", "set"}, {"set", {{"stdin", {{"file", secret}}}}}}};
  const Finished done = run_command(
      {evalrun().string(), "submit", "--queue", server_->url(), "--plan", path("bare.toml"), "--wait"}, text_of(jobs));
  const auto results = by_id(done.output);
  for (const auto& one : jobs) {
    const std::string id = one["id"];
    ASSERT_TRUE(results.contains(id)) << done.output << done.error_output;
    const std::string error = results.at(id).value("error", "");
    EXPECT_NE(error.find("of the worker's host"), std::string::npos) << results.at(id).dump();
  }
  EXPECT_EQ(read_file(secret), "s3cret");
}

TEST_F(Fleet, files_of_jobs_and_plans_come_from_the_shared_folder_by_their_digests) {
  const TemporaryFolder shared;
  folder_.write("plan.toml", mounted_probe_plan("probe", {"echo"}));
  folder_.write("input", "from a file\n");
  const std::string base =
      "argv = [\"cat\", \"data\"]\nimage = \"bash\"\n[files]\n\"data\" = { from = \"data.txt\" }\n";
  folder_.write("cat.toml", base);
  folder_.write("data.txt", "of the plan\n");
  folder_.write("other.txt", "of the job\n");
  folder_.write("jobs.jsonl", text_of({{{"id", "plan"}},
                                       {{"id", "job"}, {"files", {{"data", {{"from", "other.txt"}}}}}},
                                       {{"id", "again"}, {"files", {{"data", {{"from", "other.txt"}}}}}},
                                       {{"id", "set"}, {"set", {{"stdin", {{"file", "input"}}}}}, {"argv", {"cat"}}},
                                       {{"id", "missing"}, {"stdin", {{"file", "nowhere"}}}},
                                       {{"id", "written"}, {"stdout", {{"file", "out"}}}}}));
  StartedCommand worker({evalrun().string(), "worker", "--queue", server_->url(), "--jobs", "2", "--files",
                         shared.path().string(), "--cache", path("cache")},
                        folder_.path());
  const Finished done =
      run_command({evalrun().string(), "submit", "--queue", server_->url(), "--plan", path("cat.toml"), "--files",
                   shared.path().string(), "--wait", path("jobs.jsonl")});
  const auto results = by_id(done.output);
  const auto output = [&](const std::string& id) { return results.at(id)["result"]["stdout"].value("text", ""); };
  EXPECT_EQ(output("plan"), "of the plan\n") << results.at("plan").dump();
  EXPECT_EQ(output("job"), "of the job\n") << results.at("job").dump();
  EXPECT_EQ(output("again"), "of the job\n");
  EXPECT_EQ(output("set"), "from a file\n") << results.at("set").dump();
  EXPECT_NE(results.at("missing").value("error", "").find("No such file"), std::string::npos);
  EXPECT_NE(results.at("written").value("error", "").find("only files that are read"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(path("out")));
}

TEST_F(Fleet, an_image_that_no_host_has_is_an_error_and_no_attempt) {
  start_worker("h1");
  start_worker("h2");
  const auto results =
      by_id(submit(text_of({{{"id", "a"}, {"image", "no-such-image"}}, job("b", {"exit", "0"})})).output);
  EXPECT_NE(results.at("a").value("error", "").find("no-such-image"), std::string::npos) << results.at("a").dump();
  EXPECT_EQ(results.at("b")["result"]["verdict"], "OK");
  EXPECT_EQ(status()["dead"], 0);
}

TEST_F(Fleet, whatever_a_stranger_writes_into_the_queue_harms_no_worker) {
  const StartedCommand& worker = start_worker("h1", {"--jobs", "1"});
  QueueClient client(
      [&](loop::EventLoop& loop, const std::uint64_t*) { return fleet::open_queue(loop, server_->address(), {}); });
  const auto put = [&](const std::string& digest, const std::string& bundle) {
    client.ask<bool>([&](auto then) { client.queue().put_plan(digest, "name", bundle, [then] { then(true); }); });
    return digest;
  };
  const Words bundles = {
      "",
      "[]",
      "{\"version\":1}",
      "{\"version\":2}",
      std::string(100000, '['),
      R"({"version":1,"text":7,"file":"","name":"","folder":"/","set":[],"jobs_name":"","jobs_folder":"/"})",
      R"({"version":1,"text":"argv = [","file":"f","name":"n","folder":"/","set":[],"jobs_name":"j","jobs_folder":"/"})",
      R"({"version":1,"text":"argv = [\"x\"]","file":"f","name":"n","folder":"x","set":[],"jobs_name":"j","jobs_folder":"/"})"};
  std::vector<fleet::NewJob> jobs;
  const auto add = [&](const std::string& plan, const std::string& line,
                       const std::string& head = R"({"id":"x","line":1,)") {
    jobs.push_back({"hostile-" + std::to_string(jobs.size()), plan, head, line});
  };
  for (const std::string& bundle : bundles) add(put(sha256_hex(bundle), bundle), R"({"id":"x"})");
  add(put("forged", bundles[2]), R"({"id":"x"})");
  const std::string good =
      R"({"version":1,"text":"argv = [\"/opt/probe\"]","file":"f","name":"n","folder":"/","set":[],"jobs_name":"j","jobs_folder":"/"})";
  put(sha256_hex(good), good);
  for (const std::string line : {"", "{", "null", "[]", "7", R"({"id":null})", R"({"id":"x","id":"y"})", "\xff\xfe",
                                 R"({"id":"x","plan":"/etc/passwd"})", R"({"id":"x","argv":[""]})"}) {
    add(sha256_hex(good), line);
  }
  add(sha256_hex(good), R"({"id":"x"})", "");
  add(sha256_hex(good), R"({"id":"x"})", "\"line\":99999999999999999999999");
  const auto answer =
      client.ask<fleet::Enqueued>([&](auto then) { client.queue().enqueue({.batch = "b"}, jobs, then); });
  EXPECT_EQ(answer.taken, jobs.size());
  EXPECT_TRUE(wait_until([&] { return status()["waiting"] == 0 && status()["running"] == 0; }));
  EXPECT_EQ(client.results("b").size(), jobs.size());
  EXPECT_FALSE(is_gone(worker.pid()));
  EXPECT_EQ(by_id(submit(text_of({job("fine", {"exit", "0"})})).output).at("fine")["result"]["verdict"], "OK");
}

TEST_F(Fleet, collected_files_need_a_folder) {
  start_worker("h1", {"--jobs", "1", "--save-to", path("saved")});
  const Lines jobs = {{{"id", "a"}, {"argv", {"/opt/probe", "create", "/work/out.txt"}}, {"collect", {"out.txt"}}}};
  const auto result = by_id(submit(text_of(jobs)).output).at("a");
  EXPECT_TRUE(std::filesystem::exists(path("saved"))) << result.dump();
  workers_.clear();
  start_worker("h2", {"--jobs", "1"});
  const auto refused = by_id(submit(text_of(jobs)).output).at("a");
  EXPECT_NE(refused.value("error", "").find("--save-to"), std::string::npos) << refused.dump();
}

TEST_F(Fleet, people_get_a_table_and_reports) {
  start_worker("h1");
  const Finished table = submit(text_of({job("a", {"exit", "0"}), job("b", {"exit", "1"})}),
                                {"--wait", "--format", "text", "--report", path("report.html")});
  EXPECT_EQ(table.exit_code, 1);
  EXPECT_NE(table.output.find("RE"), std::string::npos) << table.output;
  EXPECT_TRUE(std::filesystem::exists(path("report.html")));
  const Finished metrics = fleet({"status", "--metrics"});
  EXPECT_NE(metrics.output.find("\nevalrun_fleet_jobs_done_total 2\n"), std::string::npos) << metrics.output;
  EXPECT_NE(metrics.output.find("evalrun_fleet_worker_slots{worker=\"h1/"), std::string::npos) << metrics.output;
  EXPECT_NE(fleet({"status"}).output.find("2 done"), std::string::npos);
}

TEST(Calibration, names_the_class_of_the_host_and_measures_what_it_says) {
  const Finished text = run_command({evalrun().string(), "calibrate"});
  const auto json = nlohmann::json::parse(run_command({evalrun().string(), "calibrate", "--format", "json"}).output);
  EXPECT_NE(text.output.find("class     " + json["cpu_class"].get<std::string>() + "\n"), std::string::npos)
      << text.output;
  // A multiplication takes three or four cycles, a read past all caches tens of nanoseconds at the least.
  std::map<std::string, double> figures;
  for (const auto& figure : json["figures"]) figures[figure["name"]] = figure["ns"];
  EXPECT_GT(figures.at("integer"), 0.3);
  EXPECT_LT(figures.at("integer"), 20);
  EXPECT_GT(figures.at("memory"), 3 * figures.at("integer"));
  // What a worker takes for a class.
  const std::string name = json["cpu_class"];
  EXPECT_LE(name.size(), 64U);
  EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."), name.npos);
}

TEST_F(Fleet, a_command_line_without_a_queue_or_with_a_wrong_one_says_so) {
  const auto status_of = [](const Words& more) {
    Words words = {evalrun().string(), "fleet", "status"};
    words.insert(words.end(), more.begin(), more.end());
    return run_command(words);
  };
  EXPECT_EQ(status_of({}).exit_code, 2);
  EXPECT_EQ(status_of({"--queue", "http://x"}).exit_code, 2);
  EXPECT_EQ(status_of({"--queue", "unix:/nowhere"}).exit_code, 3);
}

INSTANTIATE_TEST_SUITE_P(redis, EachFleet, testing::Values(Engine::Redis));
INSTANTIATE_TEST_SUITE_P(postgresql, EachFleet, testing::Values(Engine::Postgres));

}  // namespace
}  // namespace evalrun::test
