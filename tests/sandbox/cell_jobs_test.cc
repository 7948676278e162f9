// A job that is told to a run prepared ahead comes to what the same plan comes to by itself; what cannot be told is
// started by itself.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <sstream>

#include "runtime/core/error.h"
#include "runtime/judge/grading.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"
#include "tests/support/warm.h"

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump();
}

struct Job {
  const char* name;
  Words words;
  std::string keys;     // top-level keys
  std::string summary;  // what it comes to
};

// But for free cores, which depend on who else runs.
std::vector<std::string> warnings_of(const Finish& finish) {
  std::vector<std::string> warnings = finish.result.warnings;
  std::erase_if(warnings, [](const std::string& warning) { return warning.starts_with("limits.cpus: "); });
  return warnings;
}

// Warm and cold: the summary, both streams, what was counted of them.
void expect_same(const Finish& warm, const Finish& cold, const std::string& name) {
  EXPECT_EQ(warm.summary(), cold.summary()) << name;
  EXPECT_EQ(warm.output(), cold.output()) << name;
  EXPECT_EQ(warm.result.output.bytes, cold.result.output.bytes) << name;
  EXPECT_EQ(warm.result.output.truncated, cold.result.output.truncated) << name;
  EXPECT_EQ(warm.result.error_output.kept, cold.result.error_output.kept) << name;
  EXPECT_EQ(warnings_of(warm), warnings_of(cold)) << name;
  EXPECT_EQ(warm.result.violations_total, cold.result.violations_total) << name;
}

// Keys of a job, so that what follows them stands on the same line in every job's plan: a kind's mounts know theirs.
std::string padded(const std::string& keys) {
  return keys + std::string(static_cast<std::size_t>(5 - std::count(keys.begin(), keys.end(), '\n')), '\n');
}

// In one pool, one after the other, so that each follows another job of its kind.
void expect_all_told(const std::vector<Job>& jobs, const std::string& more) {
  Supervisor supervisor;
  const std::string first = "files.\"lib/first.txt\" = { text = \"first\" }\nenv.FIRST = \"1\"\n";
  supervisor.run(plan_of(cell_plan({"exit", "0"}, padded(first) + more)));
  for (const Job& job : jobs) {
    const Plan plan = plan_of(cell_plan(job.words, padded(job.keys) + more));
    supervisor.make_ready();
    const Finish warm = supervisor.run(plan);
    EXPECT_NE(warm.cell, nullptr) << job.name;
    const Finish cold = supervisor.run_cold(plan);
    expect_same(warm, cold, job.name);
    EXPECT_EQ(warm.summary(), job.summary) << job.name << "\n" << warm.output();
  }
}

TEST(cell_jobs, words_environment_files_and_input_are_the_jobs_own) {
  const TemporaryFolder folder;
  const std::string large(1 << 20, 'l');
  const std::string host = folder.write("host.txt", "of the host").string();
  const std::string big = folder.write("large.txt", large).string();
  std::filesystem::create_symlink(host, folder.path() / "link.txt");
  expect_all_told(
      {
          {"nothing of the first job is there",
           {"list", "/work/lib", "then", "stat", "/work/lib/first.txt", "then", "environment"},
           "",
           "OK exit 0"},
          {"a file where the first job had a folder",
           {"cat", "/work/lib"},
           "files.lib = { text = \"a file\" }\n",
           "OK exit 0"},
          {"a file in the first job's folder",
           {"cat", "/work/lib/first.txt"},
           "files.\"lib/first.txt\" = { text = \"second\" }\n",
           "OK exit 0"},
          {"files in new folders",
           {"cat", "/work/a/b/c.txt", "then", "cat", "/work/a/d.txt", "then", "create", "/work/a/b/new", "then",
            "unlink", "/work/a/d.txt"},
           "files.\"a/b/c.txt\" = { text = \"c\" }\nfiles.\"a/d.txt\" = { text = \"d\" }\n",
           "OK exit 0"},
          {"a file that may not be written",
           {"write-to", "/work/a", "then", "read", "/work/a", "then", "execute", "/work/a"},
           "files.a = { text = \"a\", mode = \"0444\" }\n",
           "OK exit 0"},
          {"a file that may not even be read",
           {"read", "/work/a"},
           "files.a = { text = \"a\", mode = \"0000\" }\n",
           "OK exit 0"},
          {"a program of the job's",
           {"exit", "0"},
           "files.p = { from = " + quoted(probe("probe").string()) + ", mode = \"0755\" }\n",
           "OK exit 0"},
          {"an empty file", {"cat", "/work/a", "then", "stat", "/work/a"}, "files.a = { text = \"\" }\n", "OK exit 0"},
          {"a file of the host", {"cat", "/work/a"}, "files.a = { from = " + quoted(host) + " }\n", "OK exit 0"},
          {"a link of the host",
           {"cat", "/work/a"},
           "files.a = { from = " + quoted((folder.path() / "link.txt").string()) + " }\n",
           "OK exit 0"},
          {"a mebibyte", {"cat", "/work/a"}, "files.a = { from = " + quoted(big) + " }\n", "OK exit 0"},
          {"text on standard input", {"echo"}, "stdin = { text = \"some text\" }\n", "OK exit 0"},
          {"a file on standard input", {"count-input"}, "stdin = { file = " + quoted(big) + " }\n", "OK exit 0"},
          {"nothing on standard input", {"count-input"}, "", "OK exit 0"},
          {"an environment",
           {"environment"},
           "env.A = \"1\"\nenv.LONG = " + quoted(std::string(100'000, 'e')) + "\n",
           "OK exit 0"},
          {"longer words than exec takes", {"say", std::string(200'000, 'w')}, "", "IE exec execve /opt/probe: E2BIG"},
      },
      "limits.stack = \"8MiB\"\n");
}

TEST(cell_jobs, verdicts_are_those_of_a_run_by_itself) {
  expect_all_told(
      {
          {"exit code", {"exit", "3"}, "", "RE exit 3"},
          {"signal", {"abort"}, "", "RE signal 6"},
          {"killed by itself", {"raise", "9"}, "", "RE signal 9"},
          {"stopped by itself", {"raise", "19"}, "", "TLE wall"},
          {"processor time", {"burn", "5"}, "", "TLE cpu"},
          {"wall clock", {"sleep", "5"}, "", "TLE wall"},
          {"memory", {"touch", "500"}, "", "MLE memory"},
          {"output", {"write", "100000"}, "", "OLE output"},
          {"file size", {"fill", "/work/a", "3000000"}, "", "OLE file_size"},
          {"violation", {"call", "keyctl", "99"}, "", "SV keyctl"},
          {"standard error", {"complain", "oh"}, "", "OK exit 0"},
      },
      "limits.cpu = \"0.2s\"\nlimits.wall = \"2s\"\nlimits.memory = \"64MiB\"\nlimits.output = \"64KiB\"\n"
      "limits.file_size = \"1MiB\"\n");
}

Plan with_argv(Plan plan, const Words& argv) {
  plan.job.argv = argv;
  return plan;
}

TEST(cell_jobs, a_program_is_looked_for_on_the_jobs_own_path_and_named_as_the_job_names_it) {
  Supervisor supervisor;
  const Plan found = with_argv(plan_of(cell_plan({"x"}, "env.PATH = \"/nowhere:/opt\"\n")), {"probe", "say", "found"});
  const Plan elsewhere = with_argv(plan_of(cell_plan({"x"}, "env.PATH = \"/nowhere:/tmp\"\n")), {"probe", "say", "x"});
  const Plan missing = with_argv(plan_of(cell_plan({"x"})), {"/opt/nothing"});
  const Plan submission =
      with_argv(plan_of(cell_plan({"x"}, "files.a = { text = \"no program\", mode = \"0755\" }\n")), {"./a"});
  const Plan absent = with_argv(plan_of(cell_plan({"x"})), {"/work/absent"});
  for (const Plan* plan : {&found, &elsewhere, &missing, &submission, &absent}) {
    const Finish warm = supervisor.run_warm(*plan);
    EXPECT_NE(warm.cell, nullptr);
    expect_same(warm, supervisor.run_cold(*plan), plan->job.argv[0]);
  }
  EXPECT_EQ(supervisor.run_warm(found).output(), "found\n");
  EXPECT_EQ(supervisor.run_warm(elsewhere).summary(), "IE exec find the program probe in PATH: ENOENT");
  EXPECT_EQ(supervisor.run_warm(missing).summary(), "IE exec execve /opt/nothing: ENOENT");
  EXPECT_EQ(supervisor.run_warm(submission).summary(), "RE execve ./a: ENOEXEC");
}

TEST(cell_jobs, ten_thousand_files_are_placed) {
  Supervisor supervisor;
  std::string files;
  for (int i = 0; i < 10'000; ++i) {
    files += "files.\"d" + std::to_string(i % 100) + "/f" + std::to_string(i) + "\" = { text = \"" + std::to_string(i) +
             "\" }\n";
  }
  const Plan plan = plan_of(cell_plan({"cat", "/work/d99/f9999"}, files));
  const Finish warm = supervisor.run_warm(plan);
  EXPECT_NE(warm.cell, nullptr);
  EXPECT_EQ(warm.summary(), "OK exit 0");
  EXPECT_EQ(warm.output(), "9999");
}

// What compile refuses of a plan, or nothing.
std::string refusal_of(const std::function<void()>& start) {
  try {
    start();
  } catch (const PlanError& error) {
    return error.what();
  }
  return "";
}

TEST(cell_jobs, a_job_that_is_wrong_is_refused_in_the_same_words_and_the_next_is_right) {
  const TemporaryFolder folder;
  const std::string fifo = (folder.path() / "fifo").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  Supervisor supervisor;
  const std::string limits = "limits.workspace = \"1MiB\"\nlimits.inodes = 20\n";
  std::string many;
  for (int i = 0; i < 30; ++i) many += "files.f" + std::to_string(i) + " = { text = \"\" }\n";
  const std::vector<std::string> wrong = {
      "files.a = { from = \"/nowhere/at/all\" }\n",
      "files.a = { from = " + quoted(fifo) + " }\n",
      "files.a = { from = " + quoted(folder.path().string()) + " }\n",
      "files.a = { text = " + quoted(std::string(2 << 20, 'x')) + " }\n",
      many,
      "stdin = { file = \"/nowhere/at/all\" }\n",
      "stdin = { file = " + quoted(fifo) + " }\n",
  };
  for (const std::string& keys : wrong) {
    const Plan plan = plan_of(cell_plan({"say", "x"}, keys + limits));
    const std::string cold = refusal_of([&] { supervisor.run_cold(plan); });
    EXPECT_FALSE(cold.empty()) << keys.substr(0, 100);
    EXPECT_EQ(refusal_of([&] { supervisor.run_warm(plan); }), cold);
    const Finish next = supervisor.run_warm(plan_of(cell_plan({"say", "x"}, limits)));
    EXPECT_EQ(next.output(), "x\n");
    EXPECT_NE(next.cell, nullptr);
  }
}

// Plans whose runs are never prepared: each has a reason of its own.
TEST(cell_jobs, what_cannot_be_prepared_is_started_by_itself_with_the_same_result) {
  const TemporaryFolder folder;
  folder.write("data/a.txt", "a");
  const std::string data = quoted((folder.path() / "data").string());
  const std::string at_work = "[[mount]]\nbind = " + data + "\nat = \"/work/data\"\n";
  const std::string one = "files.\"d/a\" = { text = \"aa\" }\n";
  const std::vector<Job> jobs = {
      {"network", {"socket", "2", "1", "0"}, "network.mode = \"loopback\"\n", "OK exit 0"},
      {"all of /proc", {"read", "/proc/cpuinfo"}, "proc.view = \"full\"\n", "OK exit 0"},
      {"a bind in /work", {"read", "/work/data/a.txt"}, at_work, "OK exit 0"},
      {"a tmpfs in /work", {"create", "/work/t/a"}, "[[mount]]\ntmpfs = \"1MiB\"\nat = \"/work/t\"\n", "OK exit 0"},
      {"a file larger than the program's", {"stat", "/work/d/a"}, one + "limits.file_size = \"1B\"\n", "OK exit 0"},
      {"a program that may not make folders",
       {"stat", "/work/d/a"},
       one + "seccomp.deny = [\"mkdirat\"]\n",
       "OK exit 0"},
      {"a program that may not change modes",
       {"stat", "/work/d/a"},
       one + "seccomp.deny = [\"fchmod\"]\n",
       "OK exit 0"},
      {"a program of few descriptors", {"stat", "/work/d/a"}, one + "limits.open_files = 4\n", "OK exit 0"},
      {"a file of the kernel's", {"cat", "/work/a"}, "files.a = { from = \"/proc/version\" }\n", "OK exit 0"},
      {"an empty file of the host",
       {"cat", "/work/a", "then", "stat", "/work/a"},
       "files.a = { from = " + quoted(folder.write("empty", "").string()) + " }\n",
       "OK exit 0"},
      {"a narrowed path",
       {"create", "/work/b", "then", "create", "/tmp/b"},
       one + "[landlock]\nwrite = [\"/work\"]\n",
       "OK exit 0"},
      {"a bounded address space", {"say", "x"}, "limits.address_space = \"1GiB\"\n", "OK exit 0"},
      {"a file that takes the output",
       {"say", "x"},
       "stdout = { file = " + quoted((folder.path() / "out.txt").string()) + " }\n",
       "OK exit 0"},
  };
  for (const Job& job : jobs) {
    Supervisor supervisor;
    const Plan plan = plan_of(cell_plan(job.words, job.keys));
    const Finish cold = supervisor.run_cold(plan);
    for (int i = 0; i < 2; ++i) {
      const Finish next = supervisor.run_warm(plan);
      EXPECT_EQ(next.cell, nullptr) << job.name;
      expect_same(next, cold, job.name);
    }
    EXPECT_EQ(cold.summary(), job.summary) << job.name << cold.output();
  }
}

TEST(cell_jobs, a_profile_that_takes_files_away_is_started_by_itself) {
  const Plan plan = plan_of(probe_plan("probe", {"say", "x"}, "profile = \"pure\"\n"));
  Supervisor supervisor;
  const Finish cold = supervisor.run_cold(plan);
  EXPECT_EQ(cold.summary(), "OK exit 0");
  for (int i = 0; i < 3; ++i) {
    const Finish next = supervisor.run(plan);
    EXPECT_EQ(next.cell, nullptr);
    expect_same(next, cold, "pure");
    supervisor.make_ready();
  }
}

TEST(cell_jobs, a_file_that_takes_the_output_is_not_emptied_by_what_is_prepared) {
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "out.txt").string();
  Supervisor supervisor;
  const Plan plan = plan_of(cell_plan({"say", "kept"}, "stderr = { file = " + quoted(out) + " }\nstdout = \"null\"\n"));
  Plan complains = plan;
  complains.job.argv = {"/opt/probe", "complain", "kept"};
  for (int i = 0; i < 3; ++i) {
    supervisor.run(complains);
    supervisor.make_ready();
    EXPECT_EQ(read_file(out), "kept\n");
  }
}

TEST(cell_jobs, a_run_that_is_started_before_it_is_prepared_is_pinned_like_any_other) {
  Supervisor supervisor(2);
  const Plan plan = plan_of(cell_plan({"cpus"}, "limits.cpus = [0]\n"));
  supervisor.run(plan);
  for (int i = 0; i < 20; ++i) {
    // At once: it has just been cloned, or not even that.
    if (i % 2 == 0) supervisor.pool.prepare();
    const Finish finish = supervisor.run(plan);
    EXPECT_NE(finish.cell, nullptr);
    EXPECT_EQ(finish.output(), "cpus 1\n") << i;
  }
  const Plan free = plan_of(cell_plan({"cpus"}, "limits.cpus = \"any\"\n"));
  EXPECT_EQ(supervisor.run_warm(free).output(), supervisor.run_cold(free).output());
}

TEST(cell_jobs, a_change_of_anything_but_the_job_is_another_kind) {
  Supervisor supervisor;
  const Plan plan = plan_of(cell_plan({"limit", "7", "hostname"}));
  supervisor.run(plan);
  for (const char* change : {"limits.open_files = 77\n", "hostname = \"other\"\n", "limits.stack = \"9MiB\"\n",
                             "determinism.aslr = false\n", "limits.processes = 3\n", "cwd = \"/tmp\"\n"}) {
    supervisor.make_ready();
    const Plan changed = plan_of(cell_plan({"limit", "7", "then", "hostname", "then", "cwd"}, change));
    const Finish first = supervisor.run(changed);
    EXPECT_EQ(first.cell, nullptr) << change << ": the first of its kind";
    expect_same(supervisor.run_warm(changed), first, change);
  }
}

// Through the binary, one sandbox at a time: nearly all of them are started in a cell.
TEST(cell_jobs, jobs_of_a_batch_that_follow_each_other_know_nothing_of_each_other) {
  const TemporaryFolder folder;
  const std::string plan = folder.write("plan.toml", cell_plan({"exit", "0"})).string();
  std::string jobs;
  for (int i = 0; i < 60; ++i) {
    const std::string number = std::to_string(i);
    const Words argv = {
        "/opt/probe", "environment", "then", "cat",        "/work/d/" + number, "then", "create", "/work/left", "then",
        "create",     "/tmp/left",   "then", "files",      "/dev/shm",          "3",    "then",   "daemon",     "60",
        "then",       "processes",   "then", "count-input"};
    jobs += nlohmann::json({{"id", number},
                            {"argv", argv},
                            {"env", {{"N" + number, "1"}}},
                            {"stdin", {{"text", std::string(static_cast<std::size_t>(i), 'i')}}},
                            {"files", {{"d/" + number, {{"text", "file " + number + "\n"}}}}}})
                .dump() +
            "\n";
  }
  const Finished batch = run_command({evalrun().string(), "batch", "--plan", plan, "--jobs", "1"}, jobs);
  std::istringstream lines(batch.output);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const nlohmann::json result = nlohmann::json::parse(line).at("result");
    const std::string number = std::to_string(count);
    EXPECT_EQ(result.at("verdict"), "OK") << line;
    EXPECT_EQ(result.at("stdout").at("text"),
              "N" + number + "=1\nfile " + number +
                  "\ncreate /work/left OK\ncreate /tmp/left OK\nmade 3 OK\nprocesses 2 4\ninput " + number + "\n");
  }
  EXPECT_EQ(count, 60) << batch.error_output;
}

// The first is by itself; of the others some take the place of one whose cell they get.
TEST(cell_jobs, cases_of_a_submission_run_in_cells) {
  Supervisor supervisor(2);
  std::string cases;
  for (int i = 0; i < 12; ++i) {
    cases += "[[case]]\nstdin.text = '" + std::string(static_cast<std::size_t>(i), 'i') + "'\nexpect.text = 'input " +
             std::to_string(i) + "'\n";
  }
  const Task task = task_of(cell_plan({"count-input"}, cases));
  judge::Grading grading(supervisor.pool, task, supervisor.host, {.jobs = 2});
  while (!grading.finished()) {
    supervisor.loop.run_once(1ms);
    grading.advance(nullptr);
    supervisor.pool.prepare(grading.cases_to_prepare());
  }
  const judge::Grade grade = grading.take_grade();
  EXPECT_EQ(grade.verdict, judge::Verdict::Ac) << grade.message;
  EXPECT_EQ(grade.score, 12U);
  // One more of the kind: it gets a cell that cases ran in.
  const Plan one = judge::plan_of_case(judge::runs_of(task).back().plan, task.cases.front());
  const Finish last = supervisor.run(one);
  ASSERT_NE(last.cell, nullptr);
  EXPECT_GT(last.cell->runs(), 1U);
}

}  // namespace
}  // namespace evalrun::test
