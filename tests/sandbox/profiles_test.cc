// Each profile with real programs: what it takes away is refused inside, beside the same act under a profile that gives
// it.

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

namespace fs = std::filesystem;

std::string shown(const PlanRun& run) {
  return run.command.output + run.command.error_output;
}

#define EVALRUN_NEEDS(program, image) \
  if (!fs::exists(program)) EVALRUN_SKIP("the image " image)
#define EVALRUN_NEEDS_PYTHON EVALRUN_NEEDS("/usr/bin/python3", "python")

// ---- Python, one act after the other ----

// Each act by its name; what it says is "OK" or an errno's name.
constexpr const char* kActs = R"(
import errno, fcntl, os, socket, sys, threading
def fork():
    pid = os.fork()
    if pid == 0: os._exit(0)
    os.waitpid(pid, 0)
def execute():
    # In a child where there may be one: what replaces this program says no more.
    if os.environ.get('IN_CHILD') != '1': return os.execv('/usr/bin/true', ['true'])
    pid = os.fork()
    if pid == 0:
        try: os.execv('/usr/bin/true', ['true'])
        except OSError as e: os._exit(e.errno)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status: raise OSError(status, '')
def thread():
    t = threading.Thread(target=lambda: None); t.start(); t.join()
def unix():
    with socket.socket(socket.AF_UNIX) as s: s.bind('/work/s')
def lock():
    fcntl.flock(open('/work/p.py'), fcntl.LOCK_EX)
def tcp():
    with socket.socket() as s: s.bind(('127.0.0.1', 8080)); s.listen(); socket.create_connection(('127.0.0.1', 8080)).close()
acts = {
    'read-image': lambda: open('/usr/bin/true').close(),
    'read-etc': lambda: os.listdir('/etc'),
    'list': lambda: os.listdir('/'),
    'read-self': lambda: open('/work/p.py').close(),
    'read-library': lambda: open(os.__file__).close(),
    'read-proc': lambda: open('/proc/self/status').close(),
    'machine': lambda: open('/proc/version').close(),
    'make': lambda: open('/work/new', 'w').close(),
    'make-in-tmp': lambda: open('/tmp/new', 'w').close(),
    'chmod': lambda: os.chmod('/work/p.py', 0o700),
    'delete': lambda: os.unlink('/work/old'),
    'rename': lambda: os.rename('/work/older', '/work/oldest'),
    'null': lambda: open('/dev/null', 'w').close(),
    'pair': lambda: socket.socketpair(),
    'lock': lock, 'fork': fork, 'thread': thread, 'unix': unix, 'tcp': tcp, 'execute': execute,
}
for name in sys.argv[1:]:
    try:
        acts[name]()
        print(name, 'OK', flush=True)
    except OSError as e: print(name, errno.errorcode[e.errno], flush=True)
    except RuntimeError: print(name, 'refused', flush=True)
)";

const std::vector<std::string>& all_acts() {
  static const std::vector<std::string> all = {"read-image", "read-etc", "list", "read-self",   "read-library",
                                               "read-proc",  "machine",  "make", "make-in-tmp", "chmod",
                                               "delete",     "rename",   "null", "pair",        "lock",
                                               "fork",       "thread",   "unix", "tcp",         "execute"};
  return all;
}

// What Python said of each act, under a plan with these lines.
std::map<std::string, std::string> act_under(const std::string& lines, const std::string& in_child) {
  std::string plan = "image = \"python\"\nargv = [\"python3\", \"p.py\"";
  for (const std::string& act : all_acts()) plan += ", \"" + act + "\"";
  plan += "]\nenv.IN_CHILD = \"" + in_child + "\"\nfiles.\"p.py\".text = '''" + kActs +
          "'''\nfiles.old.text = \"\"\nfiles.older.text = \"\"\n" + lines;
  const PlanRun run = run_plan(plan);
  std::map<std::string, std::string> said;
  if (!run.result.is_object() || run.verdict() != "OK") {
    ADD_FAILURE() << shown(run);
    return said;
  }
  std::istringstream words(run.output());
  for (std::string act, answer; words >> act >> answer;) said[act] = answer;
  return said;
}

// The acts that did not succeed, as "name ERRNO".
std::vector<std::string> refused_in(const std::map<std::string, std::string>& said) {
  std::vector<std::string> refused;
  for (const std::string& act : all_acts()) {
    const auto found = said.find(act);
    const std::string answer = found == said.end() ? "not reached" : found->second;
    if (answer != "OK") refused.push_back(act + " " + answer);
  }
  return refused;
}

using Names = std::vector<std::string>;

TEST(profiles, judge_refuses_the_network_and_the_machine_and_nothing_else_of_these) {
  EVALRUN_NEEDS_PYTHON;
  const Names expected = {"machine ENOENT", "tcp EACCES"};
  EXPECT_EQ(refused_in(act_under("", "1")), expected);
  EXPECT_EQ(refused_in(act_under("profile = \"judge\"\n", "1")), expected);
  // On request.
  EXPECT_EQ(refused_in(act_under("proc.view = \"full\"\nnetwork = { mode = \"loopback\", "
                                 "bind = [8080], connect = [8080] }\n",
                                 "1")),
            Names{});
}

TEST(profiles, pure_leaves_the_program_its_libraries_and_its_threads) {
  EVALRUN_NEEDS_PYTHON;
  EXPECT_EQ(refused_in(act_under("profile = \"pure\"\n", "0")),
            (Names{"read-image EACCES", "read-etc EACCES", "list EACCES", "read-proc EACCES", "machine ENOENT",
                   "make EROFS", "make-in-tmp EROFS", "chmod EPERM", "delete EPERM", "rename EPERM", "lock ENOSYS",
                   "fork EPERM", "unix EACCES", "tcp EACCES", "execute EACCES"}));
}

TEST(profiles, build_gives_locks_too) {
  EVALRUN_NEEDS_PYTHON;
  EXPECT_EQ(refused_in(act_under("profile = \"build\"\n", "1")), (Names{"machine ENOENT", "tcp EACCES"}));
}

TEST(profiles, service_gives_the_loopback_on_its_port) {
  EVALRUN_NEEDS_PYTHON;
  EXPECT_EQ(refused_in(act_under("profile = \"service\"\n", "1")), Names{"machine ENOENT"});
  EXPECT_EQ(refused_in(act_under("profile = \"service\"\nnetwork.bind = [9000]\n", "1")),
            (Names{"machine ENOENT", "tcp EACCES"}));
}

TEST(profiles, of_several_profiles_the_strictest_counts) {
  EVALRUN_NEEDS_PYTHON;
  EXPECT_EQ(refused_in(act_under("profile = [\"service\", \"pure\"]\n", "0")),
            refused_in(act_under("profile = \"pure\"\n", "0")));
  EXPECT_EQ(refused_in(act_under("profile = [\"build\", \"service\"]\n", "1")),
            refused_in(act_under("profile = \"judge\"\n", "1")));
}

// ---- One word after the other ----

struct WordRow {
  const char* word;  // the one that capabilities leave out
  Names refused;     // beyond what a judged program is refused
};

// Everything but one word, with every request that the rest allows.
TEST(profiles, each_word_takes_its_own_acts_and_no_others) {
  EVALRUN_NEEDS_PYTHON;
  const std::vector<std::string> words = {"fs.read",      "fs.write",      "fs.delete",       "fs.lock",
                                          "exec",         "process.spawn", "process.threads", "net.unix",
                                          "net.loopback", "proc.machine"};
  const WordRow rows[] = {
      {"fs.read",
       {"read-image EACCES", "read-etc EACCES", "list EACCES", "read-proc EACCES", "machine ENOENT", "execute EACCES"}},
      {"fs.write",
       {"make EROFS", "make-in-tmp EROFS", "chmod EPERM", "delete EROFS", "rename EROFS", "lock ENOLCK", "unix EROFS"}},
      {"fs.delete", {"delete EPERM", "rename EPERM"}},
      {"fs.lock", {"lock ENOSYS"}},
      {"exec", {"execute EACCES"}},
      {"process.spawn", {"fork EPERM", "execute OK"}},
      {"process.threads", {"thread refused"}},
      {"net.unix", {"unix EACCES"}},
      {"net.loopback", {"tcp EACCES"}},
      {"proc.machine", {"machine ENOENT"}},
  };
  for (const WordRow& row : rows) {
    std::string lines = "capabilities = [";
    for (const std::string& word : words) {
      if (word != row.word) lines += "\"" + word + "\", ";
    }
    lines += "]\n";
    const auto has = [&](const char* word) { return std::string(row.word) != word; };
    if (has("proc.machine") && has("fs.read")) lines += "proc.view = \"full\"\n";
    if (has("net.loopback")) lines += "network = { mode = \"loopback\", bind = [8080], connect = [8080] }\n";
    std::map<std::string, std::string> said = act_under(lines, has("process.spawn") ? "1" : "0");
    // Without processes the act that executes is the last that is heard of.
    if (!has("process.spawn") && !said.contains("execute")) said["execute"] = "OK";
    Names expected = row.refused;
    std::erase(expected, "execute OK");
    EXPECT_EQ(refused_in(said), expected) << row.word;
  }
}

// ---- What a program could still try ----

TEST(profiles, without_exec_a_program_cannot_run_what_it_brought_or_wrote) {
  const std::string plan =
      "argv = [\"/work/probe\", \"execute\", \"/work/other\", \"execute\", \"/work/probe\"]\n"
      "files.probe = { from = \"" +
      probe("probe").string() +
      "\", mode = \"0755\" }\n"
      "files.other = { from = \"" +
      probe("probe").string() + "\", mode = \"0755\" }\n";
  const PlanRun refused = run_plan(plan + "capabilities = [\"fs.read\", \"fs.write\"]\n");
  // The program itself may be executed again; it then has no words, and says nothing.
  EXPECT_EQ(refused.output(), "execute /work/other EACCES\n") << shown(refused);
  EXPECT_EQ(refused.verdict(), "OK") << shown(refused);
  EXPECT_EQ(run_plan(plan + "capabilities = [\"fs.read\", \"fs.write\", \"exec\"]\n").output(), "");
}

// The loader is a program that maps others. What remains of exec is what the program may read; under "pure" that is the
// program.
TEST(profiles, the_loader_runs_what_the_program_may_read_and_nothing_else) {
  EVALRUN_NEEDS_PYTHON;
  const std::string plan =
      "image = \"python\"\nsource = \"p.py\"\nfiles.\"p.py\".text = '''\nimport os\n"
      "loader = open('/work/loader').read()\n"
      "os.execv(loader, [loader, '/usr/bin/echo', 'ran'])\n'''\n";
  std::error_code error;
  const fs::path loader = fs::canonical("/lib64/ld-linux-x86-64.so.2", error);
  if (error) EVALRUN_SKIP("the loader of x86-64");
  const std::string named = "files.loader.text = \"" + loader.string() + "\"\n";
  const PlanRun pure = run_plan(plan + named + "profile = \"pure\"\n");
  EXPECT_EQ(pure.output(), "") << shown(pure);
  EXPECT_NE(pure.error_output().find("/usr/bin/echo: cannot open shared object file: Permission denied"),
            std::string::npos)
      << shown(pure);
  EXPECT_EQ(run_plan(plan + named + "capabilities = [\"fs.read\"]\n").output(), "ran\n") << "as the table says";
}

constexpr const char* kWaysToProcesses = R"(
import concurrent.futures, multiprocessing, os, subprocess
def fork():
    if os.fork() == 0: os._exit(0)
def system():
    if os.system('true') != 0: raise PermissionError
def thread():
    with concurrent.futures.ThreadPoolExecutor(4) as pool: assert sum(pool.map(abs, range(9))) == 36
ways = {
    'fork': fork,
    'posix_spawn': lambda: os.posix_spawn('/usr/bin/true', ['true'], {}),
    'subprocess': lambda: subprocess.run(['true']),
    'multiprocessing': lambda: multiprocessing.Process(target=abs, args=(1,)).start(),
    'system': system,
    'thread': thread,
}
for name, act in ways.items():
    try:
        act()
        print(name, 'works', flush=True)
    except PermissionError: print(name, 'refused', flush=True)
)";

TEST(profiles, every_way_to_make_a_process_is_closed_and_threads_are_not) {
  EVALRUN_NEEDS_PYTHON;
  const std::string plan =
      "image = \"python\"\nsource = \"p.py\"\nfiles.\"p.py\".text = '''" + std::string(kWaysToProcesses) + "'''\n";
  EXPECT_EQ(run_plan("profile = \"pure\"\n" + plan).output(),
            "fork refused\nposix_spawn refused\nsubprocess refused\nmultiprocessing refused\nsystem refused\n"
            "thread works\n");
  EXPECT_EQ(run_plan("profile = \"judge\"\n" + plan).output(),
            "fork works\nposix_spawn works\nsubprocess works\nmultiprocessing works\nsystem works\nthread works\n");
}

TEST(profiles, without_processes_and_threads_the_program_stays_alone) {
  const std::vector<std::string> words = {"fork", "1", "thread", "1"};
  EXPECT_EQ(run_plan(probe_plan("probe", words, "capabilities = [\"fs.read\", \"fs.write\"]\n")).output(),
            "forked 0 then EPERM\nthreads 0 EAGAIN\n");
  EXPECT_EQ(run_plan(probe_plan("probe", words, "profile = \"pure\"\n")).output(),
            "forked 0 then EPERM\nthreads 1 OK\n");
  EXPECT_EQ(run_plan(probe_plan("probe", words)).output(), "forked 1\nthreads 1 OK\n");
}

// A pair's end is a Unix socket too, and could be bound to a name.
TEST(profiles, without_unix_sockets_a_pair_has_no_name) {
  EVALRUN_NEEDS_PYTHON;
  const std::string plan =
      "image = \"python\"\nsource = \"p.py\"\nfiles.\"p.py\".text = '''\nimport errno, socket\na, b = "
      "socket.socketpair()\na.send(b'x')\nassert b.recv(1) == b'x'\ntry: a.bind('/work/s'); print('OK')\n"
      "except OSError as e: print(errno.errorcode[e.errno])\n'''\n";
  EXPECT_EQ(run_plan(plan + "capabilities = [\"fs.read\", \"fs.write\"]\n").output(), "EACCES\n");
  EXPECT_EQ(run_plan(plan + "capabilities = [\"fs.read\", \"fs.write\", \"net.unix\"]\n").output(), "OK\n");
}

TEST(profiles, a_read_only_workspace_holds_the_plans_files_and_takes_no_other) {
  const std::vector<std::string> words = {"cat",    "/work/d/x",  "create",   "/work/y",   "create",   "/tmp/y",
                                          "create", "/dev/shm/y", "write-to", "/work/d/x", "truncate", "/work/d/x",
                                          "mkdir",  "/work/e",    "write-to", "/dev/null"};
  const std::string more = "files.\"d/x\" = { text = \"placed\\n\" , mode = \"0666\" }\n";
  EXPECT_EQ(run_plan(probe_plan("probe", words, more + "profile = \"pure\"\n")).output(),
            "placed\ncreate /work/y EROFS\ncreate /tmp/y EROFS\ncreate /dev/shm/y EROFS\nwrite-to /work/d/x EROFS\n"
            "truncate /work/d/x EPERM\nmkdir /work/e EPERM\nwrite-to /dev/null OK\n");
  EXPECT_EQ(run_plan(probe_plan("probe", words, more)).output(),
            "placed\ncreate /work/y OK\ncreate /tmp/y OK\ncreate /dev/shm/y OK\nwrite-to /work/d/x OK\n"
            "truncate /work/d/x OK\nmkdir /work/e OK\nwrite-to /dev/null OK\n");
}

// ---- Other languages under pure, each with something that it is refused ----

TEST(profiles, a_compiled_program_is_pure_and_its_compiler_is_not) {
  EVALRUN_NEEDS("/usr/bin/g++", "cpp");
  const std::string plan =
      "image = \"cpp\"\nsource = \"main.cpp\"\n[compile]\n[files]\n\"main.cpp\".text = '''\n#include <cstdio>\n"
      "#include <fstream>\n#include <unistd.h>\nint main() {\n  const bool reads = "
      "bool(std::ifstream(\"/usr/bin/env\"));\n  const int pid = fork();\n  if (pid == 0) _exit(0);\n"
      "  std::printf(\"%d %d\\n\", reads, pid > 0);\n}\n'''\n";
  EXPECT_EQ(run_plan("profile = \"pure\"\n" + plan).output(), "0 0\n");
  EXPECT_EQ(run_plan(plan).output(), "1 1\n");
}

TEST(profiles, node_runs_pure_with_its_threads) {
  EVALRUN_NEEDS("/usr/bin/node", "node");
  const std::string plan =
      "image = \"node\"\nsource = \"a.js\"\nfiles.\"a.js\".text = '''\nconst { Worker } = require('worker_threads');\n"
      "try { require('fs').readFileSync('/usr/bin/env'); console.log('read'); } catch (e) { console.log(e.code); }\n"
      "new Worker('console.log(\"thread\")', { eval: true });\n'''\n";
  EXPECT_EQ(run_plan("profile = \"pure\"\n" + plan).output(), "EACCES\nthread\n");
  EXPECT_EQ(run_plan(plan).output(), "read\nthread\n");
}

TEST(profiles, java_runs_pure_with_its_threads) {
  EVALRUN_NEEDS("/usr/bin/java", "java");
  const std::string plan =
      "image = \"java\"\nsource = \"Main.java\"\nfiles.\"Main.java\".text = '''\nimport java.nio.file.*;\n"
      "public class Main { public static void main(String[] a) throws Exception {\n"
      "  try { Files.readAllBytes(Path.of(\"/usr/bin/env\")); System.out.println(\"read\"); }\n"
      "  catch (AccessDeniedException e) { System.out.println(\"denied\"); }\n"
      "  Thread t = new Thread(() -> System.out.println(\"thread\")); t.start(); t.join();\n}}\n'''\n";
  const PlanRun pure = run_plan("profile = \"pure\"\n" + plan);
  EXPECT_EQ(pure.output(), "denied\nthread\n") << shown(pure);
  EXPECT_EQ(run_plan(plan).output(), "read\nthread\n");
}

TEST(profiles, a_script_runs_pure_by_its_interpreter) {
  EVALRUN_NEEDS_PYTHON;
  const std::string plan =
      "image = \"python\"\nargv = [\"./p\"]\nfiles.p = { mode = \"0755\", text = \"\"\"#!/usr/bin/python3 -I\n"
      "import os\ntry: os.execv('/usr/bin/true', ['true'])\nexcept OSError: print('refused')\n\"\"\" }\n";
  EXPECT_EQ(run_plan("profile = \"pure\"\n" + plan).output(), "refused\n");
  const PlanRun judged = run_plan(plan);
  EXPECT_EQ(judged.output(), "") << shown(judged);
  EXPECT_EQ(judged.verdict(), "OK") << shown(judged);
}

// ---- build and service do what they are for ----

TEST(profiles, build_has_room_for_many_processes) {
  EXPECT_EQ(run_plan(probe_plan("probe", {"fork", "100"}, "profile = \"build\"\n")).output(), "forked 100\n");
  const PlanRun judged = run_plan(probe_plan("probe", {"fork", "100"}, "profile = \"judge\"\n"));
  EXPECT_NE(judged.output().find("then EAGAIN"), std::string::npos) << shown(judged);
}

TEST(profiles, build_compiles) {
  EVALRUN_NEEDS("/usr/bin/gcc", "c");
  const std::string plan =
      "image = \"c\"\nargv = [\"sh\", \"-c\", \"gcc -o main main.c && ./main\"]\nfiles.\"main.c\".text = '''\n"
      "#include <stdio.h>\nint main(void) { puts(\"built\"); }\n'''\n";
  EXPECT_EQ(run_plan("profile = \"build\"\n" + plan).output(), "built\n");
  const PlanRun pure = run_plan("profile = \"pure\"\n" + plan);
  EXPECT_EQ(pure.verdict(), "RE") << shown(pure);
}

TEST(profiles, service_serves_its_client) {
  EVALRUN_NEEDS_PYTHON;
  const std::string plan =
      "image = \"python\"\nsource = \"p.py\"\nfiles.\"p.py\".text = '''\nimport http.server, threading, "
      "urllib.request\n"
      "class Handler(http.server.BaseHTTPRequestHandler):\n  def do_GET(self):\n    self.send_response(200); "
      "self.end_headers(); self.wfile.write(b'served')\n  def log_message(self, *a): pass\n"
      "server = http.server.HTTPServer(('127.0.0.1', 8080), Handler)\n"
      "threading.Thread(target=server.handle_request).start()\n"
      "print(urllib.request.urlopen('http://127.0.0.1:8080/').read().decode())\n'''\n";
  const PlanRun served = run_plan("profile = \"service\"\n" + plan);
  EXPECT_EQ(served.output(), "served\n") << shown(served);
  const PlanRun judged = run_plan("profile = \"judge\"\n" + plan);
  EXPECT_NE(judged.error_output().find("PermissionError"), std::string::npos) << shown(judged);
}

// ---- What is said of it ----

TEST(profiles, a_plan_that_asks_for_what_is_taken_is_refused_before_anything_runs) {
  const PlanRun run =
      run_plan(probe_plan("probe", {"say", "x"}, "profile = \"pure\"\n[network]\nmode = \"loopback\"\n"));
  EXPECT_EQ(run.command.exit_code, 2);
  EXPECT_EQ(run.command.output, "");
  EXPECT_NE(run.command.error_output.find("plan.toml:5:1: network.mode: \"loopback\" asks for net.loopback, but the "
                                          "profile \"pure\" takes net.loopback away"),
            std::string::npos)
      << run.command.error_output;
}

TEST(profiles, explain_prints_the_words_of_the_plan) {
  const TemporaryFolder folder;
  const std::string plan = folder.write("plan.toml", probe_plan("probe", {"say", "x"}));
  const auto explained = [&](const std::string& setting) {
    return run_command({evalrun().string(), "explain", "--set", setting, plan}).output;
  };
  EXPECT_TRUE(explained("profile=judge").starts_with("profile judge; capability words\n  fs.read         given\n"));
  const std::string pure = explained("profile=pure");
  EXPECT_NE(pure.find("  exec            taken: the profile \"pure\" takes exec away\n"), std::string::npos) << pure;
  EXPECT_NE(pure.find("/work/probe             read, execute\n"), std::string::npos)
      << "the program lies there" << pure;
}

// Neither what lies on the host alone nor a server's port is suggested to a plan that could not have it.
TEST(profiles, nothing_is_suggested_that_the_profile_takes_away) {
  EVALRUN_NEEDS_PYTHON;
  const TemporaryFolder folder;
  const auto suggested = [&](const std::string& profile) {
    const std::string plan =
        folder.write("plan.toml", "image = \"python\"\nsource = \"p.py\"\nprofile = \"" + profile +
                                      "\"\nfiles.\"p.py\".text = '''\nimport os\nopen('/etc/debian_version')\n'''\n");
    const Finished done = run_command(
        {evalrun().string(), "trace", "--suggest", "--grant", "/etc/debian_version", "--format", "json", plan});
    return nlohmann::json::parse(done.output, nullptr, false);
  };
  if (!fs::exists("/etc/debian_version")) EVALRUN_SKIP("/etc/debian_version");
  const nlohmann::json judged = suggested("judge");
  EXPECT_TRUE(judged.at("runs").get<bool>()) << judged.dump();
  const nlohmann::json pure = suggested("pure");
  EXPECT_FALSE(pure.at("runs").get<bool>()) << pure.dump();
  EXPECT_EQ(pure.at("additions").size(), 0U) << pure.dump();
  EXPECT_NE(pure.at("left").dump().find("the profile \\\"pure\\\" takes fs.read away"), std::string::npos)
      << pure.dump();
}

TEST(profiles, trace_names_the_profile_that_takes_a_word_away) {
  EVALRUN_NEEDS_PYTHON;
  const TemporaryFolder folder;
  const std::string plan =
      folder.write("plan.toml",
                   "image = \"python\"\nsource = \"p.py\"\nprofile = \"pure\"\nfiles.\"p.py\".text = '''\nimport os\n"
                   "for act in (lambda: open('/usr/bin/env'), lambda: open('/work/x', 'w'), os.fork, lambda: "
                   "os.execv('/usr/bin/true', ['true'])):\n  try: act()\n  except OSError: pass\n'''\n");
  const Finished done = run_command({evalrun().string(), "trace", "--format", "json", plan});
  const nlohmann::json traced = nlohmann::json::parse(done.output, nullptr, false);
  ASSERT_TRUE(traced.is_object()) << done.output << done.error_output;
  std::map<std::string, std::string> remedies;
  for (const nlohmann::json& refusal : traced.at("refusals")) {
    remedies[refusal.at("remedy")] = refusal.at("layer");
  }
  const std::map<std::string, std::string> expected = {
      {"fs.read", "landlock"}, {"fs.write", "mounts"}, {"process.spawn", "seccomp"}, {"exec", "landlock"}};
  for (const auto& [word, layer] : expected) {
    EXPECT_EQ(remedies["the profile \"pure\" takes " + word + " away"], layer) << done.output;
  }
}

// One layer at a time is missing, as on a kernel that does not have it: what two layers hold is held.
TEST(profiles, what_two_layers_take_away_stays_taken_without_either) {
  const TemporaryFolder folder;
  const auto output_without = [&](int call, const std::string& lines) {
    const std::string plan = folder.write(
        "plan.toml",
        probe_plan("probe",
                   {"list", "/etc", "create", "/work/x", "mkdir", "/work/d", "unlink", "/work/old", "fork", "1",
                    "execute", "/work/other"},
                   "files.old.text = \"\"\nfiles.other = { from = \"" + probe("probe").string() +
                       "\", mode = \"0755\" }\n" + lines +
                       "[require]\nlandlock = \"if-available\"\nlandlock_net = \"if-available\"\nlandlock_scopes = "
                       "\"if-available\"\nseccomp = \"if-available\"\n"));
    const Finished run = run_command({probe("without").string(),
                                      std::to_string(call) + "=" + std::to_string(call == SYS_seccomp ? EPERM : ENOSYS),
                                      evalrun().string(), "run", "--format", "json", plan});
    const nlohmann::json result = nlohmann::json::parse(run.output, nullptr, false);
    return result.is_object() ? result.at("stdout").value("text", run.output) : run.error_output;
  };
  const std::string pure = "profile = \"pure\"\n";
  // A call that no run needs: both layers are there.
  EXPECT_EQ(output_without(SYS_swapon, pure),
            "list /etc EACCES\ncreate /work/x EROFS\nmkdir /work/d EPERM\nunlink /work/old EPERM\n"
            "forked 0 then EPERM\nexecute /work/other EACCES\n");
  // The other program that is executed then has no words, and says nothing.
  EXPECT_EQ(output_without(SYS_landlock_create_ruleset, pure),
            "list /etc OK\ncreate /work/x EROFS\nmkdir /work/d EPERM\nunlink /work/old EPERM\n"
            "forked 0 then EPERM\n");
  EXPECT_EQ(output_without(SYS_seccomp, pure),
            "list /etc EACCES\ncreate /work/x EROFS\nmkdir /work/d EROFS\nunlink /work/old EROFS\n"
            "forked 1\nexecute /work/other EACCES\n");
  const std::string no_delete = "capabilities = [\"fs.read\", \"fs.write\", \"process.spawn\"]\n";
  EXPECT_EQ(output_without(SYS_landlock_create_ruleset, no_delete),
            "list /etc OK\ncreate /work/x OK\nmkdir /work/d OK\nunlink /work/old EPERM\nforked 1\n");
  EXPECT_EQ(output_without(SYS_seccomp, no_delete),
            "list /etc OK\ncreate /work/x OK\nmkdir /work/d OK\nunlink /work/old EACCES\nforked 1\n"
            "execute /work/other EACCES\n");
}

TEST(profiles, a_kernel_without_landlock_is_told_which_words_nothing_holds) {
  const TemporaryFolder folder;
  const std::string accepted =
      "[require]\nlandlock = \"if-available\"\nlandlock_net = \"if-available\"\nlandlock_scopes = \"if-available\"\n";
  const auto landlock_under = [&](const std::string& profile) {
    const std::string plan =
        folder.write("plan.toml", probe_plan("probe", {"list", "/etc"}, "profile = \"" + profile + "\"\n" + accepted));
    const Finished run = run_command({probe("without").string(),
                                      std::to_string(SYS_landlock_create_ruleset) + "=" + std::to_string(ENOSYS),
                                      evalrun().string(), "run", "--format", "json", plan});
    return nlohmann::json::parse(run.output).at("layers").at("landlock").at("fs").get<std::string>();
  };
  const std::string unheld = "fs.read and exec, which the plan takes away, are held by nothing else";
  EXPECT_NE(landlock_under("pure").find(unheld), std::string::npos) << landlock_under("pure");
  EXPECT_EQ(landlock_under("judge").find("held by nothing else"), std::string::npos);
}

}  // namespace
}  // namespace evalrun::test
