// Snapshots where many runs follow each other: recorded once beside them, then started from, in cells.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/core/text.h"
#include "runtime/reader/parse.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"
#include "tests/support/warm.h"

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;
using supervise::Start;

constexpr char kPython[] = "/usr/bin/python3";

Plan python_plan(const std::string& program, const std::string& more = "") {
  return parse_plan({"image = \"python\"\nsource = \"main.py\"\nlimits.cpus = \"any\"\nsnapshot.mode = \"auto\"\n" +
                         more + "\n[files]\n\"main.py\" = { text = " + toml_string(program) + " }\n",
                     "plan.toml", "plan", "/"},
                    accepted_lacks(), {source_dir() / "images"});
}

Finish run_by_choice(Supervisor& supervisor, const Plan& plan) {
  std::unique_ptr<supervise::Run> run = supervisor.pool.start_by_choice(plan);
  while (!run->finished()) supervisor.loop.run_once();
  Finish finish{run->take_result(nullptr), run->cell()};
  run.reset();
  while (!supervisor.pool.is_settled()) supervisor.loop.run_once();
  return finish;
}

bool began_with_snapshot(const Finish& finish) {
  return finish.result.start.kind == Start::Kind::Snapshot;
}

// Runs until one begins with a snapshot; recording takes a while.
void make_snapshot(Supervisor& supervisor, const Plan& plan) {
  const Duration deadline = loop::now() + 60s;
  std::string why;
  while (loop::now() < deadline) {
    const Finish finish = run_by_choice(supervisor, plan);
    if (began_with_snapshot(finish)) return;
    why = finish.result.start.why;
    EXPECT_TRUE(why == "a snapshot is being recorded" || why == "no run before had these words and this environment")
        << why;
  }
  FAIL() << "no run began with a snapshot: " << why;
}

TEST(snapshot_cells, the_first_runs_start_by_execve_while_one_is_recorded_and_later_ones_from_it_in_cells) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  Supervisor supervisor;
  const Finish first = run_by_choice(supervisor, python_plan("print('first')"));
  EXPECT_EQ(first.output(), "first\n");
  EXPECT_EQ(first.result.start.why, "no run before had these words and this environment");
  make_snapshot(supervisor, python_plan("print('more')"));
  for (int i = 0; i < 20; ++i) {
    supervisor.make_ready();
    const Finish finish = run_by_choice(supervisor, python_plan("print('job " + std::to_string(i) + "')"));
    EXPECT_EQ(finish.output(), "job " + std::to_string(i) + "\n");
    EXPECT_TRUE(began_with_snapshot(finish)) << finish.result.start.why;
    EXPECT_NE(finish.cell, nullptr) << "by itself";
  }
}

TEST(snapshot_cells, a_job_with_words_or_an_environment_of_its_own_starts_by_execve) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  Supervisor supervisor;
  make_snapshot(supervisor, python_plan("pass"));
  const std::string program = "import os, sys; print(os.environ.get('OWN'), sys.argv, sys.flags.optimize)";
  const Finish with_env = run_by_choice(supervisor, python_plan(program, "env.OWN = \"1\"\n"));
  EXPECT_EQ(with_env.output(), "1 ['main.py'] 0\n");
  EXPECT_FALSE(began_with_snapshot(with_env));
  const Finish with_words =
      run_by_choice(supervisor, python_plan(program, "argv = [\"python3\", \"-O\", \"main.py\"]\n"));
  EXPECT_EQ(with_words.output(), "None ['main.py'] 1\n");
  EXPECT_FALSE(began_with_snapshot(with_words));
  const Finish plain = run_by_choice(supervisor, python_plan(program));
  EXPECT_EQ(plain.output(), "None ['main.py'] 0\n");
  EXPECT_TRUE(began_with_snapshot(plain)) << plain.result.start.why;
}

TEST(snapshot_cells, a_job_that_must_have_random_addresses_starts_by_execve_beside_its_twins) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  Supervisor supervisor;
  make_snapshot(supervisor, python_plan("pass"));
  EXPECT_TRUE(began_with_snapshot(run_by_choice(supervisor, python_plan("pass"))));
  const Finish random = run_by_choice(supervisor, python_plan("pass", "determinism.aslr = true\n"));
  EXPECT_FALSE(began_with_snapshot(random));
  EXPECT_EQ(random.result.start.why, "determinism.aslr = true: all runs from one snapshot have the same addresses");
  EXPECT_TRUE(began_with_snapshot(run_by_choice(supervisor, python_plan("pass"))));
}

TEST(snapshot_cells, what_a_run_writes_to_its_memory_the_next_one_does_not_find) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  Supervisor supervisor;
  const Plan plan = python_plan(
      "import builtins, sys\nprint(hasattr(builtins, 'mark'), 'mark' in sys.path)\n"
      "builtins.mark = 1\nsys.path.append('mark')\nsys.modules['mark'] = sys\n");
  make_snapshot(supervisor, plan);
  for (int i = 0; i < 5; ++i) {
    const Finish finish = run_by_choice(supervisor, plan);
    EXPECT_TRUE(began_with_snapshot(finish));
    EXPECT_EQ(finish.output(), "False False\n");
  }
}

TEST(snapshot_cells, a_snapshot_is_not_used_any_more_when_a_file_that_it_was_made_of_has_changed) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  // A folder that Python looks for while it starts.
  const TemporaryFolder folder;
  folder.write("library/mark.pth", "");
  const std::string mount = "env.PYTHONPATH = \"/library\"\nmount = [{ bind = \"" +
                            (folder.path() / "library").string() + "\", at = \"/library\" }]\n";
  folder.write("library/usercustomize.txt", "1");
  Supervisor supervisor;
  const Plan plan = python_plan("print(1)", mount);
  make_snapshot(supervisor, plan);
  folder.write("library/sitecustomize.py", "print('customized')");
  ::usleep(1'100'000);  // files are compared once a second
  const Finish changed = run_by_choice(supervisor, plan);
  EXPECT_EQ(changed.output(), "customized\n1\n");
  EXPECT_FALSE(began_with_snapshot(changed));
}

// The recorder is killed as it works, again and again: no run is wrong, and each that cannot wait starts by execve.
TEST(snapshot_cells, runs_go_on_whenever_their_recorder_is_killed) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  for (const int after_ms : {0, 5, 20, 50, 90}) {
    Supervisor supervisor;
    const Plan plan = python_plan("print(7)");
    run_by_choice(supervisor, plan);
    std::unique_ptr<supervise::Run> run = supervisor.pool.start_by_choice(plan);  // begins to record
    const pid_t recorder = supervisor.pool.recorder();
    ASSERT_GT(recorder, 0);
    ::usleep(static_cast<useconds_t>(after_ms) * 1000);
    ::kill(recorder, SIGKILL);
    while (!run->finished()) supervisor.loop.run_once();
    EXPECT_EQ(run->take_result(nullptr).output.kept, "7\n");
    run.reset();
    while (supervisor.pool.recorder() > 0) supervisor.loop.run_once();
    const Finish next = run_by_choice(supervisor, plan);
    EXPECT_EQ(next.output(), "7\n");
    EXPECT_TRUE(began_with_snapshot(next) || next.result.start.why == "a snapshot is being recorded")
        << next.result.start.why;
  }
}

TEST(snapshot_cells, one_is_recorded_anew_after_so_many_runs_and_runs_begin_with_the_one_before_until_then) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  Supervisor supervisor;
  // Where standard output is that of the interpreter is known by nothing but its addresses: a dict's hash seed is not.
  const Plan plan = python_plan("print(hash('seed'))", "snapshot.renew_runs = 6\n");
  make_snapshot(supervisor, plan);
  std::vector<std::string> seeds;
  const Duration deadline = loop::now() + 60s;
  while (loop::now() < deadline) {
    const Finish finish = run_by_choice(supervisor, plan);
    EXPECT_TRUE(began_with_snapshot(finish)) << finish.result.start.why;
    if (seeds.empty() || seeds.back() != finish.output()) seeds.push_back(finish.output());
    if (seeds.size() == 3) break;
  }
  EXPECT_EQ(seeds.size(), 3U) << "it was not made anew";
}

// Row 149 of docs/threats.md, at the limit: the same amount of memory is enough, and one more is not.
TEST(snapshot_cells, a_limit_of_memory_is_met_at_the_same_place_however_a_run_began) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  Supervisor supervisor;
  const auto plan = [](int mebibytes) {
    return python_plan(
        "a = bytearray(" + std::to_string(mebibytes) + " << 20)\na[::4096] = b'x' * len(a[::4096])\nprint('done')",
        "limits.memory = \"64MiB\"\n");
  };
  make_snapshot(supervisor, plan(1));
  for (const int mebibytes : {40, 56, 66, 80}) {
    const Finish cold = supervisor.run_cold(plan(mebibytes));
    const Finish from_snapshot = run_by_choice(supervisor, plan(mebibytes));
    EXPECT_TRUE(began_with_snapshot(from_snapshot)) << mebibytes;
    EXPECT_EQ(from_snapshot.summary(), cold.summary()) << mebibytes;
    // How far past the limit a run was when it was ended, where processes are looked at, it does not decide itself.
    if (cold.summary() != "OK exit 0") continue;
    const auto distance = static_cast<std::int64_t>(from_snapshot.result.memory.peak.count) -
                          static_cast<std::int64_t>(cold.result.memory.peak.count);
    EXPECT_LT(std::abs(distance), 2 << 20) << mebibytes;
  }
}

}  // namespace
}  // namespace evalrun::test
