// Runs that begin with an interpreter that was started before (runtime/snapshot): each is held against the same run
// started by execve.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "runtime/core/text.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

constexpr char kPython[] = "/usr/bin/python3";

std::string python_plan(const std::string& program, const std::string& more = "") {
  return "image = \"python\"\nsource = \"main.py\"\nlimits.cpus = \"any\"\n" + more +
         "\n[files]\n\"main.py\" = { text = " + toml_string(program) + " }\n";
}

PlanRun run_by(const std::string& mode, const std::string& plan, const std::string& input = "") {
  return run_plan(plan, {"--set", "snapshot.mode=" + mode}, input);
}

std::string start_of(const PlanRun& run) {
  return run.result.is_object() ? run.result.at("start").dump() : run.command.error_output;
}

bool began_with_snapshot(const PlanRun& run) {
  return run.result.is_object() && run.result.at("start").at("kind") == "snapshot";
}

// What a run says of its program, without figures.
struct Said {
  std::string verdict, outcome, output, error_output;
  friend bool operator==(const Said&, const Said&) = default;
};

Said said_by(const PlanRun& run) {
  if (!run.result.is_object()) return {"", run.command.error_output, "", ""};
  nlohmann::json outcome = run.result.at("outcome");
  // How far past a limit a run was when it was ended, it does not decide itself.
  for (const char* figure : {"reached_us", "reached_bytes"}) outcome.erase(figure);
  return {run.verdict(), outcome.dump(), run.output(), run.error_output()};
}

std::ostream& operator<<(std::ostream& out, const Said& said) {
  return out << said.verdict << " " << said.outcome << "\nstdout: " << said.output << "\nstderr: " << said.error_output;
}

TEST(snapshot, a_program_begins_with_an_interpreter_that_was_started_before_and_the_result_says_so) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  const PlanRun run = run_by("yes", python_plan("print('hello', 6 * 7)\n"));
  EXPECT_EQ(run.output(), "hello 42\n") << run.command.output;
  EXPECT_TRUE(began_with_snapshot(run)) << start_of(run);
  EXPECT_GT(run.result.at("start").at("recorded_cpu_us"), 0);
  const PlanRun plain = run_by("off", python_plan("print('hello', 6 * 7)\n"));
  EXPECT_EQ(start_of(plain), R"({"kind":"execve"})");
}

struct Program {
  const char* name;
  std::string text;
  std::string more;  // keys of the plan
  std::string input;
};

const std::vector<Program>& programs() {
  static const std::vector<Program> all = {
      {"words",
       "import sys, os\nprint(sys.argv, sys.executable, sys.path, __name__, __file__)\nprint(dict(os.environ))\n"
       "print(os.getcwd(), os.getpid(), os.getppid(), os.getuid())\n"
       "print(open('/proc/self/cmdline').read().split(chr(0)), open('/proc/self/comm').read())\n"
       "print(sorted(os.listdir('/proc/self/fd')), sys.flags, sys.stdin.encoding, sys.stdout.line_buffering)\n",
       "", ""},
      {"modules", "import sys\nprint(sorted(sys.modules))\nprint(sorted(globals()))\n", "", ""},
      {"input", "import sys\nfor line in sys.stdin: print(line.strip()[::-1])\nprint(sys.stdin.read() == '')\n",
       "stdin = { text = \"ab\\ncd\\n\" }\n", ""},
      {"exit_code", "import sys\nprint('x')\nsys.exit(7)\n", "", ""},
      {"exception", "def f(n):\n    return 1 // n\nf(0)\n", "", ""},
      {"syntax_error", "print('x'\nfor\n", "", ""},
      {"no_newline_and_bytes", "import sys\nsys.stdout.buffer.write(bytes(range(256)))\n", "", ""},
      {"atexit_and_del",
       "import atexit\nclass A:\n    def __del__(self): print('del')\na = A()\natexit.register(lambda: print('bye'))\n",
       "", ""},
      {"threads",
       "import threading\nr = []\nt = [threading.Thread(target=lambda i=i: r.append(i * i)) for i in range(8)]\n"
       "[x.start() for x in t]; [x.join() for x in t]\nprint(sorted(r), threading.main_thread().name)\n",
       "", ""},
      {"fork_and_wait",
       "import os\npid = os.fork()\nif pid == 0:\n    os._exit(9)\nprint(os.waitstatus_to_exitcode(os.waitpid(pid, "
       "0)[1]))\n",
       "", ""},
      {"subprocess",
       "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', 'print(1+1)'], capture_output=True, "
       "text=True))\n"
       "print(subprocess.run(['sort'], input='b\\na\\n', capture_output=True, text=True).stdout)\n",
       "", ""},
      {"multiprocessing",
       "import multiprocessing as m\ndef f(x): return x * x\nif __name__ == '__main__':\n"
       "    with m.Pool(2) as p: print(p.map(f, range(5)))\n",
       "", ""},
      {"spawned_processes",
       "import multiprocessing as m\ndef f(q): q.put(6 * 7)\nif __name__ == '__main__':\n"
       "    c = m.get_context('spawn'); q = c.Queue(); p = c.Process(target=f, args=(q,)); p.start()\n"
       "    print(q.get()); p.join(); print(p.exitcode)\n",
       "", ""},
      {"asyncio",
       "import asyncio\nasync def f(n):\n    await asyncio.sleep(0.001 * n)\n    return n\n"
       "async def main(): print(await asyncio.gather(*[f(i) for i in (3, 1, 2)]))\nasyncio.run(main())\n",
       "", ""},
      {"sqlite",
       "import sqlite3\nc = sqlite3.connect(':memory:')\nc.execute('create table t(a)')\n"
       "c.executemany('insert into t values (?)', [(i,) for i in range(10)])\nprint(c.execute('select sum(a) from "
       "t').fetchone())\n",
       "", ""},
      {"signals",
       "import signal, os\nsignal.signal(signal.SIGUSR1, lambda n, f: print('got', n))\nos.kill(os.getpid(), "
       "signal.SIGUSR1)\n"
       "signal.setitimer(signal.ITIMER_REAL, 0.01)\nsignal.signal(signal.SIGALRM, lambda n, f: "
       "print('alarm'))\nsignal.pause()\n"
       "print(signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGPIPE), "
       "signal.pthread_sigmask(signal.SIG_BLOCK, []))\n",
       "", ""},
      {"killed_by_itself", "import os, signal\nprint('x', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n", "", ""},
      {"abort", "import os\nos.abort()\n", "", ""},
      {"keyboard_interrupt", "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n", "", ""},
      {"broken_pipe",
       "import os\nr, w = os.pipe()\nos.close(r)\ntry:\n    os.write(w, b'x')\nexcept BrokenPipeError as e:\n    "
       "print(e)\n",
       "", ""},
      {"recursion",
       "import sys\nsys.setrecursionlimit(100000)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)\nprint(f(40000))\n",
       "", ""},
      {"recursion_error", "def f(n): return f(n + 1)\ntry:\n    f(0)\nexcept RecursionError as e:\n    print(e)\n", "",
       ""},
      {"much_memory", "a = bytearray(100 << 20)\na[::4096] = b'x' * len(a[::4096])\nprint(sum(a[::4096]))\n", "", ""},
      {"imports_from_work",
       "import sys, os\nopen('/work/mod.py', 'w').write('X = 5')\nimport mod\nprint(mod.X, mod.__file__, "
       "sys.path[0])\n",
       "", ""},
      {"files",
       "import os, tempfile\nwith tempfile.TemporaryFile() as f:\n    f.write(b'abc'); f.seek(1); print(f.read())\n"
       "os.makedirs('/work/a/b'); open('/work/a/b/c', 'w').write('x')\nprint(sorted(os.walk('/work')))\n",
       "", ""},
      {"ctypes", "import ctypes\nlibc = ctypes.CDLL(None)\nprint(libc.strlen(b'hello'), libc.getpid())\n", "", ""},
      {"locale_and_time",
       "import locale, time\nprint(locale.getlocale(), time.tzname, time.gmtime(0).tm_year)\nt = time.monotonic(); "
       "time.sleep(0.01); print(time.monotonic() > t)\n",
       "", ""},
      {"numbers",
       "import math, decimal, fractions\nprint(math.pi, 2 ** 200, 0.1 + 0.2, decimal.Decimal(1) / 7, "
       "fractions.Fraction(1, 3))\nprint(f'{1e300 * 1e10} {-0.0}')\n",
       "", ""},
      {"hashes",
       "import hashlib, zlib\nprint(hashlib.sha256(b'x').hexdigest(), zlib.crc32(b'x'))\nprint(hash(1), hash(2.5), {1, "
       "2, 3})\n",
       "env.PYTHONHASHSEED = \"0\"\n", ""},
      {"seeded_random", "import random\nrandom.seed(3)\nprint([random.random() for _ in range(3)])\n", "", ""},
      {"execs_another",
       "import os, sys\nos.execv(sys.executable, [sys.executable, '-c', 'import sys; print(sys.argv)', 'a'])\n", "",
       ""},
      {"limits",
       "import resource\nprint({n: resource.getrlimit(getattr(resource, n)) for n in dir(resource) if "
       "n.startswith('RLIMIT_')})\n",
       "", ""},
      {"personality", "import ctypes\nprint(hex(ctypes.CDLL(None).personality(0xffffffff)))\n", "", ""},
      {"sockets", "import socket\na, b = socket.socketpair()\na.send(b'x'); print(b.recv(1))\n", "", ""},
      {"faulthandler", "import faulthandler, sys\nfaulthandler.enable()\nprint(faulthandler.is_enabled())\n", "", ""},
      {"inspect", "import inspect\ndef f(): return [x.function for x in inspect.stack()]\nprint(f())\n", "", ""},
      {"cpu_limit", "while True: pass\n", "limits.cpu = \"300ms\"\n", ""},
      {"memory_limit", "a = []\nwhile True: a.append(bytearray(1 << 20))\n", "limits.memory = \"64MiB\"\n", ""},
      {"output_limit", "while True: print('x' * 1000)\n", "limits.output = \"64KiB\"\nstdout = \"null\"\n", ""},
      {"forbidden_call", "import ctypes\nctypes.CDLL(None).ptrace(0, 0, 0, 0)\n", "", ""},
  };
  return all;
}

class SameMeaning : public testing::TestWithParam<std::size_t> {};

// Row 149 of docs/threats.md: a start from a snapshot is no way to another verdict.
TEST_P(SameMeaning, what_a_program_says_and_its_verdict_do_not_depend_on_how_it_began) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  const Program& program = programs().at(GetParam());
  const std::string plan = python_plan(program.text, program.more);
  const PlanRun by_execve = run_by("off", plan);
  const PlanRun by_snapshot = run_by("yes", plan);
  EXPECT_TRUE(began_with_snapshot(by_snapshot)) << start_of(by_snapshot);
  EXPECT_EQ(said_by(by_snapshot), said_by(by_execve));
}

INSTANTIATE_TEST_SUITE_P(python, SameMeaning, testing::Range<std::size_t>(0, 40),
                         [](const auto& of) { return std::string(programs().at(of.param).name); });

TEST(snapshot, the_table_of_programs_is_run_whole) {
  EXPECT_EQ(programs().size(), 40U);
}

// What of the state of a program is read from inside: the lockdown is that of every run.
TEST(snapshot, a_program_from_a_snapshot_has_no_capability_two_filters_no_new_privileges_and_three_descriptors) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  const PlanRun run = run_by("yes", python_plan(R"(import os
status = dict(line.split(':\t', 1) for line in open('/proc/self/status').read().splitlines())
for name in ('Seccomp', 'Seccomp_filters', 'NoNewPrivs', 'CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'TracerPid'):
    print(name, status[name].strip())
held = []
for fd in range(256):
    try:
        os.fstat(fd)
        held.append(fd)
    except OSError:
        pass
print(held)
)"));
  EXPECT_TRUE(began_with_snapshot(run)) << start_of(run);
  EXPECT_EQ(run.output(),
            "Seccomp 2\nSeccomp_filters 2\nNoNewPrivs 1\nCapInh 0000000000000000\nCapPrm 0000000000000000\n"
            "CapEff 0000000000000000\nCapBnd 0000000000000000\nCapAmb 0000000000000000\nTracerPid 0\n[0, 1, 2]\n");
}

TEST(snapshot, landlock_denies_a_write_outside_the_workspace_beside_one_inside) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  const PlanRun run = run_by("yes", python_plan(R"(
for path in ('/work/x', '/tmp/x', '/usr/x', '/x'):
    try:
        open(path, 'w').close()
        print(path, 'written')
    except OSError as error:
        print(path, error.errno)
)"));
  EXPECT_TRUE(began_with_snapshot(run)) << start_of(run);
  EXPECT_EQ(run.output(), said_by(run_by("off", python_plan(R"(
for path in ('/work/x', '/tmp/x', '/usr/x', '/x'):
    try:
        open(path, 'w').close()
        print(path, 'written')
    except OSError as error:
        print(path, error.errno)
)")))
                              .output);
  EXPECT_TRUE(run.output().starts_with("/work/x written\n/tmp/x written\n/usr/x ")) << run.output();
}

// Row 150 of docs/threats.md: one file is executed by all runs of a kind.
TEST(snapshot, no_program_can_write_to_the_file_that_other_runs_start_from) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  const PlanRun run = run_by("yes", python_plan(R"(import os
path = '/proc/self/exe'
real = os.readlink(path)
def attempt(name, act):
    try:
        act()
        print(name, 'done')
    except OSError as error:
        print(name, 'refused')
print(real)
print(len(open(real, 'rb').read()) > 1000000)
attempt('write', lambda: os.open(real, os.O_WRONLY))
attempt('through /proc', lambda: os.open(path, os.O_RDWR))
attempt('truncate', lambda: os.truncate(real, 0))
attempt('chmod', lambda: os.chmod(real, 0o777))
attempt('times', lambda: os.utime(real))
attempt('remove', lambda: os.unlink(real))
attempt('rename', lambda: os.rename(real, '/work/x'))
attempt('link', lambda: os.link(real, '/work/y'))
attempt('beside it', lambda: os.open('/.snapshot/other', os.O_WRONLY | os.O_CREAT))
attempt('twin', lambda: os.close(os.open('/work/twin', os.O_WRONLY | os.O_CREAT)))
)"));
  EXPECT_TRUE(began_with_snapshot(run)) << start_of(run);
  EXPECT_EQ(run.output(),
            "/.snapshot/python3\nTrue\nwrite refused\nthrough /proc refused\ntruncate refused\nchmod refused\n"
            "times refused\nremove refused\nrename refused\nlink refused\nbeside it refused\ntwin done\n");
}

TEST(snapshot, memory_that_a_program_writes_to_is_its_own_and_the_next_run_finds_it_as_recorded) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  const TemporaryFolder folder;
  const std::string plan = folder.write("plan.toml", python_plan("pass")).string();
  std::string jobs;
  const std::string program =
      "import builtins, sys\\nprint(hasattr(builtins, 'mark'), 'mark' in sys.intern('mark'))\\n"
      "builtins.mark = 1\\nsys.path.append('mark')\\n";
  for (int i = 0; i < 6; ++i) {
    jobs += "{\"id\":\"" + std::to_string(i) + "\",\"files\":{\"main.py\":{\"text\":\"" + program + "\"}}}\n";
  }
  const Finished batch = run_command({evalrun().string(), "batch", "--plan", plan, "--set", "snapshot.mode=yes",
                                      "--jobs", "1", folder.write("jobs", jobs).string()});
  EXPECT_EQ(batch.exit_code, 0) << batch.output << batch.error_output;
  EXPECT_EQ(batch.output.find("True True"), std::string::npos) << batch.output;
}

// The same file, executed by a program with words of its own, is the interpreter that it stands for.
TEST(snapshot, a_program_that_executes_the_snapshot_gets_the_interpreter_with_its_own_words) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  for (const char* words : {"['python3', '-c', 'import sys; print(sys.argv)', 'a']", "['python3', 'main.py']"}) {
    const PlanRun run = run_by("yes", python_plan("import os, sys\nif os.path.exists('/work/x'):\n    print('again')\n"
                                                  "    sys.exit(3)\nopen('/work/x', 'w').close()\n"
                                                  "os.dup2(1, 3)\nos.execv('/proc/self/exe', " +
                                                  std::string(words) + ")\n"));
    EXPECT_TRUE(began_with_snapshot(run)) << start_of(run);
    const bool is_same_script = std::string(words).find("main.py") != std::string::npos;
    EXPECT_EQ(run.output(), is_same_script ? "again\n" : "['-c', 'a']\n") << run.error_output();
    EXPECT_EQ(run.result.at("outcome").value("exit_code", -1), is_same_script ? 3 : 0);
  }
}

TEST(snapshot, words_after_the_source_are_a_programs_own) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  const std::string plan = python_plan("import sys\nprint(sys.argv, sys.orig_argv)\n",
                                       "argv = [\"python3\", \"-u\", \"main.py\", \"a b\", \"-c\", \"\"]\n");
  const PlanRun run = run_by("yes", plan);
  EXPECT_TRUE(began_with_snapshot(run)) << start_of(run);
  EXPECT_EQ(run.output(), "['main.py', 'a b', '-c', ''] ['python3', '-u', 'main.py', 'a b', '-c', '']\n");
}

TEST(snapshot, a_module_that_is_loaded_ahead_is_there_and_its_random_numbers_differ_from_run_to_run) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  const TemporaryFolder folder;
  const std::string plan =
      folder.write("plan.toml", python_plan("pass", "snapshot.preload = [\"random\", \"json\"]\n")).string();
  std::string jobs;
  for (int i = 0; i < 40; ++i) {
    jobs += "{\"id\":" + std::to_string(i) +
            ",\"files\":{\"main.py\":{\"text\":\"import sys, time\\ntime.sleep(0.02)\\nthere = 'json' in sys.modules\\n"
            "import random\\nprint(there, random.random())\\n\"}}}\n";
  }
  const Finished batch = run_command({evalrun().string(), "batch", "--plan", plan, "--set", "snapshot.mode=auto",
                                      "--jobs", "1", folder.write("jobs", jobs).string()});
  std::vector<std::string> said;
  for (std::size_t at = 0, end = 0; (end = batch.output.find('\n', at)) != std::string::npos; at = end + 1) {
    const auto result = nlohmann::json::parse(batch.output.substr(at, end - at)).at("result");
    if (result.at("start").at("kind") == "snapshot") said.push_back(result.at("stdout").at("text"));
  }
  ASSERT_GE(said.size(), 2U) << batch.error_output;
  for (const std::string& one : said) EXPECT_TRUE(one.starts_with("True 0.")) << one;
  std::ranges::sort(said);
  EXPECT_EQ(std::ranges::adjacent_find(said), said.end()) << "two runs drew the same";
}

// With -X the end is the interpreter's own, and it must find all objects that it would find.
TEST(snapshot, files_in_cycles_are_written_out_by_an_interpreter_whose_end_is_its_own) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  const std::string program =
      "import os\nclass A: pass\na = A()\na.me = a\na.f = os.fdopen(os.dup(1), 'w')\na.f.write('late')\ndef g(): "
      "return a\n";
  for (const char* words : {"[\"python3\", \"-X\", \"utf8\", \"main.py\"]", "[\"python3\", \"main.py\"]"}) {
    const PlanRun run = run_by("yes", python_plan(program, "argv = " + std::string(words) + "\n"));
    EXPECT_TRUE(began_with_snapshot(run)) << start_of(run);
    EXPECT_EQ(run.output(), "late") << words;
  }
}

// Its pages are then never written to: the program that leaves a file to be written out is taken down whole.
TEST(snapshot, an_interpreter_is_taken_down_only_where_something_could_notice) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  const auto faults = [](const std::string& program) {
    const PlanRun run = run_by("yes", python_plan(program));
    EXPECT_TRUE(began_with_snapshot(run)) << start_of(run);
    return run.result.at("faults").at("minor").get<long>();
  };
  const long small = faults("print(1)\n");
  EXPECT_GT(faults("f = open('/work/x', 'w')\nf.write('x')\n"), small + 250);
  EXPECT_LT(
      faults("class A:\n    def f(self): return 1\nwith open('/work/x', 'w') as f: f.write('x')\nprint(A().f())\n"),
      small + 100);
}

TEST(snapshot, explain_says_what_runs_from_one_share_and_nothing_for_plans_without) {
  const TemporaryFolder folder;
  const std::string plan = folder.write("plan.toml", python_plan("pass")).string();
  const auto explained = [&](const std::string& mode) {
    return run_command({evalrun().string(), "explain", plan, "--set", "snapshot.mode=" + mode}).output;
  };
  EXPECT_NE(explained("yes").find("the same in all of them: addresses, the stack canary"), std::string::npos);
  EXPECT_EQ(explained("off").find("snapshot"), std::string::npos);
}

TEST(snapshot, what_cannot_start_from_one_starts_by_execve_and_says_why) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  const auto why = [](const std::string& more) {
    const PlanRun run = run_by("yes", python_plan("print(1)\n", more));
    EXPECT_EQ(run.output(), "1\n") << run.command.output << run.command.error_output;
    EXPECT_FALSE(began_with_snapshot(run)) << more;
    return run.result.at("start").value("why", "");
  };
  EXPECT_EQ(why("determinism.aslr = true\n"),
            "determinism.aslr = true: all runs from one snapshot have the same addresses");
  EXPECT_EQ(why("argv = [\"python3\", \"-c\", \"print(1)\"]\n"), "its argv does not name the source");
  EXPECT_EQ(why("snapshot.preload = [\"no_such_module\"]\n"), "snapshot.preload: no_such_module cannot be imported");
  EXPECT_EQ(why("profile = \"pure\"\n"),
            "the plan takes fs.read or exec away, and a snapshot is one more file to read and to execute");
  const PlanRun automatic = run_by("auto", python_plan("print(1)\n"));
  EXPECT_EQ(start_of(automatic), R"({"kind":"execve","why":"no snapshot is there"})");
}

}  // namespace
}  // namespace evalrun::test
