// A run in a cell is what a run by itself is, and knows nothing of the runs before it there.

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "runtime/core/units.h"
#include "runtime/judge/grading.h"
#include "tests/support/command.h"
#include "tests/support/warm.h"

namespace evalrun::test {
namespace {

using Words = std::vector<std::string>;

// Two spaces and tabs alike become one space.
std::vector<std::string> fields_of(const std::string& line) {
  std::istringstream words(line);
  std::vector<std::string> fields;
  for (std::string word; words >> word;) fields.push_back(word);
  return fields;
}

// Of a mountinfo line (proc(5)): numbers of mounts and devices, and how large a tmpfs is, are each run's own.
std::string mount_line(const std::string& line) {
  std::vector<std::string> fields = fields_of(line);
  std::string kept;
  for (std::size_t i = 3; i + 1 < fields.size(); ++i) kept += fields[i] + " ";
  return kept;
}

// What a process's status says of its rights; what it has used, and which core it was given, is each run's own.
std::string status_line(const std::string& line) {
  static const std::set<std::string> kOwn = {
      "Cpus_allowed:", "Cpus_allowed_list:", "voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"};
  const std::vector<std::string> fields = fields_of(line);
  if (fields.empty() || kOwn.contains(fields[0]) || fields[0].starts_with("Vm") || fields[0].starts_with("Rss")) {
    return "";
  }
  return line;
}

// Parent, process group, session, terminal, nice, threads.
std::string stat_line(const std::string& line) {
  const std::vector<std::string> fields = fields_of(line);
  std::string kept;
  for (const std::size_t i : {0U, 3U, 4U, 5U, 6U, 17U, 18U, 19U, 39U, 40U}) kept += fields.at(i) + " ";
  return kept;
}

// The host's identities differ from run to run.
std::string map_line(const std::string& line) {
  const std::vector<std::string> fields = fields_of(line);
  return fields.at(0) + " " + (fields.at(1) == "0" ? "root" : "other") + " " + fields.at(2);
}

// How many processes there may be is held by what counts them, and that differs: see the test of quotas.
std::string limits_line(const std::string& line) {
  return line.starts_with("Max processes") ? "" : line;
}

// What is mapped and shared: the memory in which a run is told its job must be gone.
std::string shared_mapping(const std::string& line) {
  const std::vector<std::string> fields = fields_of(line);
  return fields.at(1).ends_with("s") ? line : "";
}

std::string as_it_is(const std::string& line) {
  return line;
}

struct Look {
  const char* name;
  Words words;
  std::string (*line)(const std::string&);
};

const std::vector<Look>& looks() {
  static const std::vector<Look> all = {
      {"status", {"cat", "/proc/self/status"}, status_line},
      {"mounts", {"cat", "/proc/self/mountinfo"}, mount_line},
      {"stat", {"cat", "/proc/self/stat"}, stat_line},
      {"uid_map", {"cat", "/proc/self/uid_map"}, map_line},
      {"gid_map", {"cat", "/proc/self/gid_map"}, map_line},
      {"setgroups", {"cat", "/proc/self/setgroups"}, as_it_is},
      {"cgroup", {"cat", "/proc/self/cgroup"}, as_it_is},
      {"limits", {"cat", "/proc/self/limits"}, limits_line},
      {"links", {"cat", "/proc/self/net/dev"}, as_it_is},
      {"shared_memory", {"cat", "/proc/self/maps"}, shared_mapping},
      {"oom_score", {"cat", "/proc/self/oom_score_adj"}, as_it_is},
      {"identity", {"ids", "hostname", "cwd", "descriptors", "scheduler", "cpus", "environment"}, as_it_is},
      {"processes", {"processes", "then", "call", "kill", "-1", "0"}, as_it_is},
      {"init",
       {"call",
        "kill",
        "1",
        "9",
        "then",
        "read",
        "/proc/1/status",
        "then",
        "read",
        "/proc/1/mem",
        "then",
        "read",
        "/proc/1/environ",
        "then",
        "call",
        "ptrace",
        "16",
        "1",
        "0",
        "0"},
       as_it_is},
      {"root", {"readlink", "/proc/self/root", "then", "readlink", "/proc/self/cwd", "then", "stat", "/.."}, as_it_is},
      {"host_proc", {"stat", "/proc/sys", "then", "stat", "/proc/cpuinfo", "then", "stat", "/proc/keys"}, as_it_is},
      {"landlock",
       {"create",     "/x",      "then",    "create",      "/etc/x",     "then",     "write-to",  "/etc/passwd",
        "then",       "create",  "/work/x", "then",        "create",     "/tmp/x",   "then",      "create",
        "/dev/shm/x", "then",    "read",    "/etc/passwd", "then",       "write-to", "/dev/null", "then",
        "mkdir",      "/dev/x",  "then",    "rename",      "/work/x",    "/tmp/y",   "then",      "link",
        "/work/x",    "/work/y", "then",    "truncate",    "/opt/probe", "then",     "execute",   "/tmp/x"},
       as_it_is},
      {"user_namespace", {"call", "unshare", "0x10000000"}, as_it_is},
      {"mount_namespace", {"call", "unshare", "0x20000"}, as_it_is},
      {"umount", {"call", "umount2", "0", "2"}, as_it_is},
  };
  return all;
}

std::string seen_by(const Look& look, const Finish& finish) {
  std::string seen = finish.summary() + "\n";
  std::vector<std::string> kept;
  std::istringstream lines(finish.output());
  for (std::string line; std::getline(lines, line);) kept.push_back(look.line(line));
  // In which order the mounts were made does not matter: no place has two.
  if (look.line == mount_line) std::sort(kept.begin(), kept.end());
  for (const std::string& line : kept) seen += line + "\n";
  return seen;
}

TEST(cells, a_run_in_a_cell_sees_exactly_what_a_run_by_itself_sees) {
  Supervisor supervisor;
  for (const Look& look : looks()) {
    const Plan plan =
        plan_of(cell_plan(look.words, "limits.cpus = \"any\"\n[[mount]]\ntmpfs = \"1MiB\"\nat = \"/scratch\"\n"));
    const Finish cold = supervisor.run_cold(plan);
    const Finish warm = supervisor.run_warm(plan);
    EXPECT_EQ(cold.cell, nullptr) << look.name;
    EXPECT_NE(warm.cell, nullptr) << look.name;
    EXPECT_EQ(seen_by(look, warm), seen_by(look, cold)) << look.name;
    EXPECT_TRUE(!warm.output().empty() || warm.summary().starts_with("SV ")) << look.name;
  }
}

TEST(cells, signals_that_the_supervisor_ignores_or_handles_have_their_default_inside) {
  const auto ignored = ::signal(SIGUSR1, SIG_IGN);
  const auto handled = ::signal(SIGUSR2, [](int) {});
  Supervisor supervisor;
  const Plan plan = plan_of(cell_plan({"cat", "/proc/self/status"}));
  for (const Finish& finish : {supervisor.run_cold(plan), supervisor.run_warm(plan)}) {
    for (const char* line : {"SigBlk:\t0000000000000000\n", "SigIgn:\t0000000000000000\n"}) {
      EXPECT_NE(finish.output().find(line), std::string::npos) << finish.summary() << "\n" << finish.output();
    }
  }
  ::signal(SIGUSR1, ignored);
  ::signal(SIGUSR2, handled);
}

TEST(cells, a_cells_second_and_hundredth_run_see_what_its_first_sees) {
  Supervisor supervisor;
  const Look& mounts = looks().at(1);
  const Plan plan = plan_of(cell_plan(mounts.words));
  const Finish first = supervisor.run_warm(plan);
  std::set<warm::Cell*> cells;
  for (int i = 0; i < 100; ++i) {
    supervisor.make_ready();
    const Finish next = supervisor.run(plan);
    cells.insert(next.cell.get());
    ASSERT_EQ(seen_by(mounts, next), seen_by(mounts, first)) << i;
  }
  EXPECT_LE(cells.size(), 2U) << "one that runs and one that waits";
  EXPECT_FALSE(cells.contains(nullptr));
}

// What a run does in a cell, what it says itself, and what the next run there looks for.
struct Trace {
  const char* name;
  Words leaves;
  std::string says;
  Words looks;
  std::string finds;
  enum class Cell { Kept, Retired } cell = Cell::Kept;
};

const std::vector<Trace>& traces() {
  static const std::vector<Trace> all = {
      {"a file in /work",
       {"create", "/work/left", "then", "stat", "/work/left"},
       "create /work/left OK\nstat /work/left OK\n",
       {"stat", "/work/left"},
       "stat /work/left ENOENT\n"},
      {"a file in /tmp",
       {"create", "/tmp/left", "then", "stat", "/tmp/left"},
       "create /tmp/left OK\nstat /tmp/left OK\n",
       {"stat", "/tmp/left"},
       "stat /tmp/left ENOENT\n"},
      {"a file in /dev/shm",
       {"create", "/dev/shm/left", "then", "stat", "/dev/shm/left"},
       "create /dev/shm/left OK\nstat /dev/shm/left OK\n",
       {"stat", "/dev/shm/left"},
       "stat /dev/shm/left ENOENT\n"},
      {"a file in a tmpfs of the plan",
       {"create", "/scratch/left", "then", "stat", "/scratch/left"},
       "create /scratch/left OK\nstat /scratch/left OK\n",
       {"stat", "/scratch/left"},
       "stat /scratch/left ENOENT\n"},
      // A name lives in the network namespace as long as any socket does: those calls are mediated.
      {"an abstract name",
       {"abstract-listen", "left", "then", "daemon", "60"},
       "abstract-listen left OK\n",
       {"abstract-listen", "left"},
       "abstract-listen left OK\n",
       Trace::Cell::Retired},
      {"a connection",
       {"abstract-listen", "left", "then", "abstract-connect", "left"},
       "abstract-listen left OK\nabstract-connect left OK\n",
       {"abstract-connect", "left"},
       "abstract-connect left ECONNREFUSED\n",
       Trace::Cell::Retired},
      {"a process",
       {"daemon", "60", "then", "call", "kill", "-1", "0", "then", "processes"},
       "call kill OK\nprocesses 2 4\n",
       {"processes", "then", "call", "kill", "-1", "0"},
       "processes 2\ncall kill ESRCH\n"},
      {"permissions of /work",
       {"chmod", "0500", "/work", "then", "create", "/work/x"},
       "chmod /work OK\ncreate /work/x EACCES\n",
       {"create", "/work/x"},
       "create /work/x OK\n"},
  };
  return all;
}

TEST(cells, nothing_that_a_run_leaves_is_there_for_the_next_run_in_its_cell) {
  Supervisor supervisor;
  const std::string more = "[[mount]]\ntmpfs = \"1MiB\"\nat = \"/scratch\"\n";
  supervisor.run(plan_of(cell_plan({"exit", "0"}, more)));
  for (const Trace& trace : traces()) {
    supervisor.make_ready();
    const Finish leaves = supervisor.run(plan_of(cell_plan(trace.leaves, more)));
    EXPECT_EQ(leaves.output(), trace.says) << trace.name;
    // The cell that has just become free is not the one in which a run waits already.
    for (int i = 0; i < 2; ++i) {
      supervisor.make_ready();
      const Finish next = supervisor.run(plan_of(cell_plan(trace.looks, more)));
      EXPECT_EQ(next.output(), trace.finds) << trace.name;
      EXPECT_EQ(next.cell == leaves.cell, trace.cell == Trace::Cell::Kept) << trace.name;
    }
  }
}

TEST(cells, a_run_that_used_up_its_quotas_leaves_the_next_all_of_its_own) {
  Supervisor supervisor;
  const std::string limits =
      "limits.workspace = \"4MiB\"\nlimits.inodes = 100\nlimits.processes = 8\nlimits.memory = \"64MiB\"\n";
  const std::vector<Words> floods = {
      {"fill", "/work/f", "100000000"},
      {"files", "/tmp", "1000"},
      {"fork", "100"},
      {"touch", "1000"},
      {"fill", "/dev/shm/f", "100000000", "then", "files", "/work", "1000", "then", "fork", "100"},
  };
  for (const Words& flood : floods) {
    const Plan plan = plan_of(cell_plan(flood, limits));
    const Finish cold = supervisor.run_cold(plan);
    std::set<warm::Cell*> cells = {supervisor.run_warm(plan).cell.get()};
    for (int i = 0; i < 3; ++i) {
      supervisor.make_ready();
      const Finish again = supervisor.run(plan);
      EXPECT_EQ(again.output(), cold.output()) << flood[0];
      EXPECT_EQ(again.summary(), cold.summary()) << flood[0];
      cells.insert(again.cell.get());
    }
    EXPECT_EQ(cells.size(), 1U) << flood[0] << ": all in one cell";
    EXPECT_FALSE(cells.contains(nullptr));
  }
}

TEST(cells, a_run_with_a_violation_retires_its_cell_and_a_plain_run_or_a_crash_does_not) {
  Supervisor supervisor;
  const Finish plain = supervisor.run_warm(plan_of(cell_plan({"say", "x"})));
  supervisor.make_ready();
  const Finish crash = supervisor.run(plan_of(cell_plan({"abort"})));
  EXPECT_EQ(crash.summary(), "RE signal 6");
  EXPECT_EQ(crash.cell, plain.cell);
  supervisor.make_ready();
  // keyctl, as a number without a meaning.
  const Finish violation = supervisor.run(plan_of(cell_plan({"call", "keyctl", "99"})));
  EXPECT_EQ(violation.summary(), "SV keyctl");
  EXPECT_EQ(violation.cell, plain.cell);
  EXPECT_TRUE(violation.cell->is_retired());
  supervisor.make_ready();
  const Finish next = supervisor.run(plan_of(cell_plan({"say", "x"})));
  EXPECT_EQ(next.summary(), "OK exit 0");
  ASSERT_NE(next.cell, nullptr);
  EXPECT_NE(next.cell, plain.cell);
}

TEST(cells, runs_that_live_at_the_same_time_are_in_cells_of_their_own) {
  Supervisor supervisor(2);
  const Plan plan =
      plan_of(cell_plan({"readlink", "/proc/self/ns/net", "then", "sleep", "0.2"}, "limits.cpus = \"any\"\n"));
  supervisor.run(plan);
  supervisor.make_ready();
  std::vector<std::unique_ptr<supervise::Run>> runs;
  std::set<std::string> networks;
  std::set<warm::Cell*> cells;
  for (int i = 0; i < 4; ++i) runs.push_back(supervisor.pool.start(plan));
  for (const auto& run : runs) {
    cells.insert(run->cell().get());
    while (!run->finished()) supervisor.loop.run_once();
    networks.insert(run->take_result(nullptr).output.kept);
  }
  EXPECT_EQ(cells.size(), 4U);
  EXPECT_EQ(networks.size(), 4U);
}

TEST(cells, figures_of_a_run_in_a_cell_are_the_programs_own) {
  Supervisor supervisor;
  const Finish burner = supervisor.run_warm(plan_of(cell_plan({"burn", "0.5"})));
  ASSERT_NE(burner.cell, nullptr);
  const double cpu = std::chrono::duration<double>(burner.result.cpu.total()).count();
  EXPECT_GT(cpu, 0.5 * 0.98) << burner.result.cpu.source;
  EXPECT_LT(cpu, 0.5 * 1.02 + 0.002) << burner.result.cpu.source;

  const Finish memory = supervisor.run_warm(plan_of(cell_plan({"touch", "64", "then", "sleep", "0.1"})));
  ASSERT_NE(memory.cell, nullptr);
  EXPECT_GE(memory.result.memory.peak, 64_MiB) << memory.result.memory.source;
  EXPECT_LT(memory.result.memory.peak, 66_MiB) << memory.result.memory.source;

  const Plan forks = plan_of(cell_plan({"fork", "5", "then", "sleep", "0.1"}));
  const Finish processes = supervisor.run_warm(forks);
  ASSERT_NE(processes.cell, nullptr);
  EXPECT_EQ(processes.result.processes.peak, 6U) << processes.result.processes.source;
  EXPECT_EQ(supervisor.run_cold(forks).result.processes.peak, 6U);
}

// Whatever waits takes of what its user may have: descriptors, and processes, which the program that runs may need.
TEST(cells, no_more_cases_wait_than_run_at_a_time) {
  Supervisor supervisor;
  std::string cases;
  for (int i = 0; i < 6; ++i) cases += "[[case]]\nexpect.text = 'x'\n";
  const Task task = task_of(cell_plan({"say", "x"}, cases));
  for (const unsigned jobs : {1U, 2U, 4U}) {
    judge::Grading grading(supervisor.pool, task, supervisor.host, {.jobs = jobs});
    EXPECT_EQ(grading.cases_to_prepare(), std::min(jobs, 6 - jobs)) << jobs;
    while (!grading.finished()) {
      supervisor.loop.run_once();
      grading.advance(nullptr);
    }
    EXPECT_EQ(grading.cases_to_prepare(), 0U);
    EXPECT_EQ(grading.take_grade().verdict, judge::Verdict::Ac);
  }
}

// A cell that is given up before a second case comes costs more than it saves.
TEST(cells, cases_of_more_kinds_than_are_kept_run_by_themselves_but_for_neighbours) {
  const auto is_something_kept = [](const std::vector<int>& limits) {
    Supervisor supervisor;
    std::string cases;
    for (const int limit : limits) {
      cases += "[[case]]\nexpect.text = 'x'\nlimits.wall = '" + std::to_string(limit) + "s'\n";
    }
    const Task task = task_of(cell_plan({"say", "x"}, cases));
    judge::Grading grading(supervisor.pool, task, supervisor.host, {.jobs = 1});
    while (!grading.finished()) {
      supervisor.loop.run_once();
      grading.advance(nullptr);
    }
    EXPECT_EQ(grading.take_grade().verdict, judge::Verdict::Ac);
    return supervisor.pool.prepare();
  };
  EXPECT_TRUE(is_something_kept({1, 2, 3, 4, 1, 2, 3, 4}));
  EXPECT_FALSE(is_something_kept({1, 2, 3, 4, 5, 1, 2, 3, 4, 5}));
  EXPECT_TRUE(is_something_kept({1, 2, 3, 4, 5, 5}));
}

}  // namespace
}  // namespace evalrun::test
