// bind, connect and listen, which the supervisor's deputies make in the program's place: what is allowed and what is
// not, what the program sees of it, and every way around that others fell for (landstrip, sandlock).

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <thread>

#include "runtime/judge/verdict.h"
#include "runtime/mediate/deputy.h"
#include "runtime/reader/parse.h"
#include "runtime/sandbox/compile.h"
#include "runtime/supervise/run.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"
#include "tests/support/processes.h"

namespace evalrun::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLoopback = "[network]\nmode = \"loopback\"\nbind = [8080, 80]\nconnect = [8080, 80]\n";

PlanRun run_endpoints(const std::vector<std::string>& words, const std::string& more = kLoopback) {
  return run_plan(probe_plan("endpoints", words, more));
}

std::string shown(const PlanRun& run) {
  return run.command.output + run.command.error_output;
}

// ---- TCP and UDP ----

TEST(mediation, tcp_works_on_the_plans_ports_and_on_no_other) {
  const PlanRun run = run_endpoints({"new",
                                     "tcp",
                                     "bind",
                                     "127.0.0.1:8080",
                                     "listen",
                                     "8",
                                     "name",
                                     "new",
                                     "tcp",
                                     "connect",
                                     "127.0.0.1:8080",
                                     "use",
                                     "0",
                                     "greet",
                                     "new",
                                     "tcp",
                                     "bind",
                                     "127.0.0.1:8081",
                                     "connect",
                                     "127.0.0.1:8081"});
  EXPECT_EQ(run.output(),
            "bind 127.0.0.1:8080 OK\nlisten OK\nname 127.0.0.1:8080\nconnect 127.0.0.1:8080 OK\naccept OK\nsend OK\n"
            "bind 127.0.0.1:8081 EACCES\nconnect 127.0.0.1:8081 EACCES\n")
      << shown(run);
}

// The result says what was refused, and why.
TEST(mediation, refusals_are_told_with_their_reason) {
  const PlanRun run =
      run_endpoints({"new", "tcp", "bind", "127.0.0.1:81", "bind", "127.0.0.1:82", "connect", "1.1.1.1:80"});
  const std::string warnings = run.result.at("host").at("warnings").dump();
  EXPECT_NE(warnings.find("bind was refused 2 times: the port is not one of the plan's"), std::string::npos)
      << warnings;
  EXPECT_NE(warnings.find("connect was refused once: only loopback addresses"), std::string::npos) << warnings;
}

// A port below 1024 takes a capability that the program does not have; the plan that names it gives it.
TEST(mediation, a_privileged_port_of_the_plan_can_be_bound) {
  EXPECT_EQ(run_endpoints({"new", "tcp", "bind", "127.0.0.1:80", "bind", "127.0.0.1:79"}).output(),
            "bind 127.0.0.1:80 OK\nbind 127.0.0.1:79 EACCES\n");
}

TEST(mediation, ipv6_loopback_and_mapped_addresses_are_loopback) {
  const PlanRun run = run_endpoints({"new",     "tcp6",
                                     "bind",    "[::1]:8080",
                                     "listen",  "8",
                                     "new",     "tcp6",
                                     "connect", "[::1]:8080",
                                     "new",     "tcp6",
                                     "bind",    "[::]:8080",
                                     "new",     "tcp",
                                     "bind",    "127.0.0.1:80",
                                     "listen",  "8",
                                     "new",     "tcp6",
                                     "connect", "[::ffff:127.0.0.1]:80",
                                     "new",     "tcp6",
                                     "connect", "[::ffff:1.1.1.1]:80",
                                     "connect", "[2606:4700::1]:80"});
  EXPECT_EQ(run.output(),
            "bind [::1]:8080 OK\nlisten OK\nconnect [::1]:8080 OK\nbind [::]:8080 EADDRINUSE\nbind 127.0.0.1:80 OK\n"
            "listen OK\nconnect [::ffff:127.0.0.1]:80 OK\nconnect [::ffff:1.1.1.1]:80 EACCES\n"
            "connect [2606:4700::1]:80 EACCES\n")
      << shown(run);
}

// landstrip: the kernel takes AF_UNSPEC with address 0 for 0.0.0.0.
TEST(mediation, an_unspecified_family_binds_nothing) {
  const PlanRun run = run_endpoints({"new", "tcp", "bind", "unspec:8080", "name", "new", "udp", "bind", "unspec:8080",
                                     "name", "new", "tcp", "bind", "1.1.1.1:8080", "bind", "127.0.0.1:8080"});
  EXPECT_EQ(run.output(),
            "bind unspec:8080 EACCES\nname 0.0.0.0:0\nbind unspec:8080 EACCES\nname 0.0.0.0:0\n"
            "bind 1.1.1.1:8080 EACCES\nbind 127.0.0.1:8080 OK\n")
      << shown(run);
}

// connect to AF_UNSPEC undoes an association; what comes after it is looked at like what came before.
TEST(mediation, an_association_can_be_undone_but_not_moved_elsewhere) {
  const PlanRun run = run_endpoints({"new", "udp", "connect", "127.0.0.1:8080", "connect", "unspec:0", "connect",
                                     "127.0.0.1:53", "connect", "127.0.0.1:80"});
  EXPECT_EQ(run.output(),
            "connect 127.0.0.1:8080 OK\nconnect unspec:0 OK\nconnect 127.0.0.1:53 EACCES\nconnect 127.0.0.1:80 OK\n")
      << shown(run);
}

// landstrip: UDP went unchecked.
TEST(mediation, udp_has_the_same_ports_and_addresses) {
  const PlanRun run = run_endpoints({"new", "udp", "bind", "127.0.0.1:8080", "new", "udp", "bind", "127.0.0.1:53",
                                     "bind", "127.0.0.1:0", "bind", "1.1.1.1:8080", "connect", "1.1.1.1:80", "connect",
                                     "127.0.0.1:8080", "listen", "1"});
  EXPECT_EQ(run.output(),
            "bind 127.0.0.1:8080 OK\nbind 127.0.0.1:53 EACCES\nbind 127.0.0.1:0 EACCES\nbind 1.1.1.1:8080 EACCES\n"
            "connect 1.1.1.1:80 EACCES\nconnect 127.0.0.1:8080 OK\nlisten EOPNOTSUPP\n")
      << shown(run);
}

// listen without bind would take any port of 0.0.0.0; so would port 0, and a port left over from a connection.
TEST(mediation, no_socket_listens_on_a_port_that_is_not_the_plans) {
  const PlanRun run =
      run_endpoints({"new", "tcp", "listen", "8", "bind", "127.0.0.1:0", "bind", "127.0.0.1:8080", "listen", "8", "new",
                     "tcp", "connect", "127.0.0.1:8080", "connect", "unspec:0", "listen", "8"});
  EXPECT_EQ(run.output(),
            "listen EACCES\nbind 127.0.0.1:0 EACCES\nbind 127.0.0.1:8080 OK\nlisten OK\nconnect 127.0.0.1:8080 OK\n"
            "connect unspec:0 OK\nlisten EACCES\n")
      << shown(run);
}

TEST(mediation, a_connect_that_must_not_wait_does_not) {
  const PlanRun run =
      run_endpoints({"new", "tcp", "bind", "127.0.0.1:8080", "listen", "1", "new", "tcp", "connect-without-waiting",
                     "127.0.0.1:8080", "use", "0", "accept", "new", "tcp", "connect-without-waiting", "127.0.0.1:80"});
  EXPECT_EQ(run.output(),
            "bind 127.0.0.1:8080 OK\nlisten OK\nconnect 127.0.0.1:8080 EINPROGRESS\naccept OK\n"
            "connect 127.0.0.1:80 EINPROGRESS\n")
      << shown(run);
}

// What the kernel says of arguments that make no sense, said in its place.
TEST(mediation, senseless_arguments_get_the_kernels_answers) {
  const PlanRun run = run_endpoints(
      {"raw",     "bind", "-1",    "valid", "16",   "raw",    "bind",        "1",    "valid", "16",    "new",
       "tcp",     "raw",  "bind",  "it",    "0x10", "16",     "raw",         "bind", "it",    "valid", "-1",
       "raw",     "bind", "it",    "valid", "129",  "raw",    "bind",        "it",   "valid", "0",     "raw",
       "connect", "it",   "-4096", "16",    "raw",  "listen", "0x100000001", "0",    "0"});
  EXPECT_EQ(run.output(),
            "raw bind EBADF\nraw bind ENOTSOCK\nraw bind EFAULT\nraw bind EINVAL\nraw bind EINVAL\nraw bind EINVAL\n"
            "raw connect EFAULT\nraw listen ENOTSOCK\n")
      << shown(run);
}

// landstrip, sandlock: threads that are not their group's leader.
TEST(mediation, threads_that_are_not_leaders_are_served) {
  const std::vector<std::string> words = {"in-thread",      "new", "tcp",  "bind", "127.0.0.1:8080",
                                          "listen",         "8",   "new",  "tcp",  "connect",
                                          "127.0.0.1:8080", "new", "unix", "bind", "unix:/work/s"};
  const std::string expected = "bind 127.0.0.1:8080 OK\nlisten OK\nconnect 127.0.0.1:8080 OK\nbind unix:/work/s OK\n";
  EXPECT_EQ(run_endpoints(words).output(), expected);
}

TEST(mediation, threads_whose_leader_has_ended_are_served) {
  const int own = mediate::open_thread(::gettid());
  ASSERT_GE(own, 0);
  ::close(own);
  const PlanRun run =
      run_endpoints({"without-leader", "new", "tcp", "bind", "127.0.0.1:8080", "new", "unix", "bind", "unix:/work/s"});
  EXPECT_EQ(run.verdict(), "OK") << shown(run);
  // Before Linux 6.9 there is no descriptor for such a thread, and the call is refused.
  if (run.output().find("EACCES") != std::string::npos) EVALRUN_SKIP("pidfds of threads (Linux 6.9)");
  EXPECT_EQ(run.output(), "bind 127.0.0.1:8080 OK\nbind unix:/work/s OK\n") << shown(run);
}

TEST(mediation, where_there_are_no_pidfds_of_threads_the_leaders_serves) {
  int found = -1;
  std::thread([&] { found = mediate::open_leader_of(::gettid()); }).join();
  ASSERT_GE(found, 0);
  const Fd leader(found);
  const std::string info = read_file("/proc/self/fdinfo/" + std::to_string(leader.get()));
  EXPECT_NE(info.find("Pid:\t" + std::to_string(::getpid()) + "\n"), std::string::npos) << info;
  EXPECT_EQ(mediate::open_leader_of(0x3fffffff), -ESRCH);
  EXPECT_EQ(mediate::open_thread(0x3fffffff), -ESRCH);
}

TEST(mediation, a_program_that_is_not_dumpable_is_served) {
  const PlanRun run = run_endpoints({"not-dumpable", "new", "tcp", "bind", "127.0.0.1:8080", "bind", "127.0.0.1:9",
                                     "new", "unix", "bind", "unix:/work/s"});
  EXPECT_EQ(run.output(), "not dumpable OK\nbind 127.0.0.1:8080 OK\nbind 127.0.0.1:9 EACCES\nbind unix:/work/s OK\n")
      << shown(run);
}

// ---- Unix sockets ----

TEST(mediation, unix_sockets_work_with_and_without_a_network_and_look_like_the_programs_own) {
  const std::vector<std::string> words = {
      "umask", "027",  "new",     "unix",      "bind",      "unix:/work/s",  "listen",         "8",
      "name",  "stat", "/work/s", "new",       "unix",      "connect",       "unix:/work/s",   "peer",
      "use",   "0",    "greet",   "new",       "seqpacket", "bind",          "unix:@abstract", "listen",
      "8",     "name", "new",     "seqpacket", "connect",   "unix:@abstract"};
  const std::string expected =
      "bind unix:/work/s OK\nlisten OK\nname /work/s\nstat /work/s mode 140750 uid 1000\nconnect unix:/work/s OK\n"
      "peer pid 0 uid 1000\naccept OK\nsend OK\nbind unix:@abstract OK\nlisten OK\nname @abstract\n"
      "connect unix:@abstract OK\n";
  for (const char* network : {"", kLoopback}) {
    const PlanRun run = run_endpoints(words, network);
    EXPECT_EQ(run.output(), expected) << shown(run);
  }
}

// Without a name the kernel chooses an abstract one.
TEST(mediation, a_unix_socket_can_be_bound_without_a_name) {
  const PlanRun run = run_endpoints({"new", "unix", "bind", "unix:", "name"});
  EXPECT_EQ(run.output().size(), std::string("bind unix: OK\nname @00000\n").size()) << shown(run);
  EXPECT_TRUE(run.output().starts_with("bind unix: OK\nname @")) << shown(run);
}

TEST(mediation, paths_are_the_programs_own) {
  const PlanRun run = run_endpoints({"mkdir",
                                     "/work/d",
                                     "chdir",
                                     "/work/d",
                                     "new",
                                     "unix",
                                     "bind",
                                     "unix:relative",
                                     "listen",
                                     "8",
                                     "name",
                                     "stat",
                                     "/work/d/relative",
                                     "symlink",
                                     "d",
                                     "/work/link",
                                     "new",
                                     "unix",
                                     "connect",
                                     "unix:../link/relative",
                                     "new",
                                     "unix",
                                     "bind",
                                     "unix:/work/link/second",
                                     "stat",
                                     "/work/d/second",
                                     "new",
                                     "unix",
                                     "bind",
                                     "unix:relative",
                                     "connect",
                                     "unix:/etc/hosts",
                                     "connect",
                                     "unix:/none"});
  EXPECT_EQ(run.output(),
            "mkdir /work/d OK\nchdir /work/d OK\nbind unix:relative OK\nlisten OK\nname relative\n"
            "stat /work/d/relative mode 140755 uid 1000\nsymlink OK\nconnect unix:../link/relative OK\n"
            "bind unix:/work/link/second OK\nstat /work/d/second mode 140755 uid 1000\n"
            "bind unix:relative EADDRINUSE\nconnect unix:/etc/hosts EACCES\nconnect unix:/none ENOENT\n")
      << shown(run);
}

// A name that exists on the host and not inside, and one outside by "..".
TEST(mediation, paths_never_lead_out_of_the_programs_root) {
  const TemporaryFolder folder;
  const std::string outside = folder.path() / "s";
  const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  outside.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  ASSERT_EQ(::chmod(outside.c_str(), 0777), 0);
  const Fd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const PlanRun run = run_endpoints({"new", "unix", "connect", "unix:" + outside, "connect",
                                     "unix:../../../.." + outside, "bind", "unix:" + outside + "2"});
  EXPECT_EQ(run.output(), "connect unix:" + outside + " ENOENT\nconnect unix:../../../.." + outside +
                              " ENOENT\nbind unix:" + outside + "2 ENOENT\n")
      << shown(run);
  EXPECT_FALSE(fs::exists(outside + "2"));
}

TEST(mediation, unix_sockets_are_bound_in_writable_places_only) {
  const TemporaryFolder folder;
  fs::create_directories(folder.path() / "ro");
  fs::create_directories(folder.path() / "rw");
  fs::permissions(folder.path() / "ro", fs::perms(0777));
  fs::permissions(folder.path() / "rw", fs::perms(0777));
  const std::string mounts =
      "[[mount]]\nbind = \"ro\"\nat = \"/ro\"\n[[mount]]\nbind = \"rw\"\nat = \"/rw\"\nwrite = true\n";
  const std::vector<std::string> words = {"new",     "unix", "bind",         "unix:/ro/s", "bind",
                                          "unix:/s", "bind", "unix:/proc/s", "bind",       "unix:/rw/s",
                                          "new",     "unix", "bind",         "unix:/tmp/s"};
  const PlanRun run = run_plan_in(folder, probe_plan("endpoints", words, mounts));
  EXPECT_EQ(
      run.output(),
      "bind unix:/ro/s EROFS\nbind unix:/s EROFS\nbind unix:/proc/s ENOENT\nbind unix:/rw/s OK\nbind unix:/tmp/s OK\n")
      << shown(run);
  EXPECT_FALSE(fs::exists(folder.path() / "ro/s"));
  EXPECT_TRUE(fs::is_socket(folder.path() / "rw/s"));
}

// [landlock] narrows where files are made; a deputy is held by the same rules.
TEST(mediation, landlocks_rules_hold_for_unix_sockets) {
  const PlanRun run = run_endpoints({"new", "unix", "bind", "unix:/work/s", "bind", "unix:/work/in/s"},
                                    "files.\"in/x\" = { text = \"\" }\nlandlock.write = [\"/work/in\"]\n");
  if (run.result.at("layers").at("landlock").at("abi") == 0) EVALRUN_SKIP("Landlock");
  EXPECT_EQ(run.output(), "bind unix:/work/s EACCES\nbind unix:/work/in/s OK\n") << shown(run);
}

TEST(mediation, permissions_are_the_programs_own) {
  const PlanRun run = run_endpoints({"mkdir",   "/work/d", "chmod",          "/work/d",        "0500",
                                     "new",     "unix",    "bind",           "unix:/work/d/s", "chmod",
                                     "/work/d", "0700",    "bind",           "unix:/work/d/s", "listen",
                                     "1",       "chmod",   "/work/d/s",      "0400",           "new",
                                     "unix",    "connect", "unix:/work/d/s", "chmod",          "/work/d/s",
                                     "0600",    "connect", "unix:/work/d/s"});
  EXPECT_EQ(run.output(),
            "mkdir /work/d OK\nchmod OK\nbind unix:/work/d/s EACCES\nchmod OK\nbind unix:/work/d/s OK\nlisten OK\n"
            "chmod OK\nconnect unix:/work/d/s EACCES\nchmod OK\nconnect unix:/work/d/s OK\n")
      << shown(run);
}

// sendmsg's address is seen by no filter and by no broker: such sockets do not exist.
TEST(mediation, there_are_no_unix_datagram_sockets) {
  EXPECT_EQ(run_endpoints({"new", "unix-datagram", "pair", "unix-datagram", "pair", "unix", "pair", "seqpacket"}, "")
                .output(),
            "new unix-datagram EPROTONOSUPPORT\npair unix-datagram EPROTONOSUPPORT\npair unix OK\npair seqpacket OK\n");
}

// What Python's multiprocessing needs of it.
TEST(mediation, python_managers_and_fork_servers_work_without_a_network) {
  if (!fs::exists("/usr/bin/python3")) EVALRUN_SKIP("python3");
  const TemporaryFolder folder;
  folder.write("main.py",
               "import multiprocessing as m\n"
               "def put(q): q.put('through the manager')\n"
               "if __name__ == '__main__':\n"
               "    m.set_start_method('forkserver')\n"
               "    with m.Manager() as manager:\n"
               "        q = manager.Queue()\n"
               "        p = m.Process(target=put, args=(q,))\n"
               "        p.start(); print(q.get()); p.join()\n");
  const PlanRun run =
      run_plan_in(folder,
                  "image = \"python\"\nsource = \"main.py\"\n[files]\n\"main.py\" = { from = \"main.py\" }\n"
                  "[limits]\ncpu = \"10s\"\nwall = \"30s\"\n");
  EXPECT_EQ(run.output(), "through the manager\n") << shown(run);
}

// ---- Races ----

TEST(mediation, an_address_rewritten_during_the_check_never_slips_through) {
  const PlanRun run = run_endpoints(
      {"rewrite-address", "10000", "127.0.0.1:8080", "127.0.0.1:8081"},
      "limits.wall = \"1000s\"\nlimits.cpu = \"1000s\"\nlimits.cpus = \"any\"\n" + std::string(kLoopback));
  EXPECT_EQ(run.output(), "rounds 10000 some bound some refused slipped 0 strange 0\n") << shown(run);
}

TEST(mediation, a_socket_swapped_during_the_check_never_slips_through) {
  const PlanRun run =
      run_endpoints({"swap-socket", "2000", "127.0.0.1:8080"},
                    "limits.wall = \"500s\"\nlimits.cpu = \"500s\"\nlimits.cpus = \"any\"\n" + std::string(kLoopback));
  EXPECT_EQ(run.output(), "bind OK\nsome listen some refused slipped 0\n") << shown(run);
}

// Hands a socket of the host's into a folder when the program has come so far that its mounts stand: one that is there
// before is refused with the plan.
class HostSocket {
 public:
  explicit HostSocket(const TemporaryFolder& folder)
      : path_(folder.path() / "host"), listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.string().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::chmod(path_.c_str(), 0777), 0);
    EXPECT_EQ(::listen(listener_.get(), 4096), 0);
  }
  void move_to(const fs::path& place) const { fs::rename(path_, place); }
  [[nodiscard]] int connections() const {
    int count = 0;
    while (Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC))) ++count;
    return count;
  }

 private:
  fs::path path_;
  Fd listener_;
};

struct Meeting {
  std::string output;
  int connections;
};

// Runs the probe with /ro (read-only) and /rw; the host's socket appears as `where`/host when /rw/ready does.
Meeting meet(const std::string& where, std::vector<std::string> words) {
  const TemporaryFolder folder;
  for (const char* name : {"ro", "rw"}) {
    fs::create_directories(folder.path() / name);
    fs::permissions(folder.path() / name, fs::perms(0777));
  }
  const HostSocket socket(folder);
  words.insert(words.begin(), {"create", "/rw/ready", "wait-for", "/" + where, "host"});
  const std::string mounts =
      "limits.wall = \"500s\"\nlimits.cpu = \"500s\"\nlimits.cpus = \"any\"\n[[mount]]\nbind = \"ro\"\nat = "
      "\"/ro\"\n[[mount]]\nbind = "
      "\"rw\"\nat = "
      "\"/rw\"\nwrite = true\n";
  PlanRun run;
  std::thread runner([&] { run = run_plan_in(folder, probe_plan("endpoints", words, mounts)); });
  while (!fs::exists(folder.path() / "rw/ready")) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  socket.move_to(folder.path() / where / "host");
  runner.join();
  EXPECT_EQ(run.verdict(), "OK") << shown(run);
  return {run.output(), socket.connections()};
}

// Threat 7: neither the mount nor Landlock stops a connect to a path.
TEST(mediation, a_socket_of_the_hosts_is_reached_in_a_writable_place_and_nowhere_else) {
  const Meeting read_only = meet("ro", {"new", "unix", "connect", "unix:/ro/host"});
  EXPECT_EQ(read_only.output, "create /rw/ready OK\nconnect unix:/ro/host EACCES\n");
  EXPECT_EQ(read_only.connections, 0);
  const Meeting writable = meet("rw", {"new", "unix", "connect", "unix:/rw/host"});
  EXPECT_EQ(writable.output, "create /rw/ready OK\nconnect unix:/rw/host OK\n");
  EXPECT_EQ(writable.connections, 1);
}

// landstrip: the path was resolved twice.
TEST(mediation, a_link_turned_during_the_check_never_leads_to_a_read_only_place) {
  const Meeting meeting = meet("ro", {"new", "unix", "bind", "unix:/work/s", "listen", "64", "swap-link", "1000",
                                      "/work/s", "/ro/host", "/work/link"});
  EXPECT_EQ(meeting.output,
            "create /rw/ready OK\nbind unix:/work/s OK\nlisten OK\nsome connected some refused strange 0\n");
  EXPECT_EQ(meeting.connections, 0);
}

// landstrip: a stale id killed the supervisor.
TEST(mediation, callers_that_are_killed_in_their_calls_disturb_nobody) {
  const PlanRun run =
      run_endpoints({"kill-in-call", "400", "127.0.0.1:8080", "new", "tcp", "bind", "127.0.0.1:8080"},
                    "limits.wall = \"500s\"\nlimits.cpu = \"500s\"\nlimits.cpus = \"any\"\n" + std::string(kLoopback));
  EXPECT_EQ(run.output(), "killed 400\nbind 127.0.0.1:8080 OK\n") << shown(run);
}

TEST(mediation, signals_during_calls_leave_them_whole) {
  const PlanRun run = run_endpoints({"interrupt-calls", "1000", "127.0.0.1:8080"},
                                    "limits.wall = \"500s\"\nlimits.cpu = \"500s\"\n" + std::string(kLoopback));
  EXPECT_EQ(run.output(), "interrupted, strange 0\n") << shown(run);
}

// ---- The supervisor waits for nobody ----

TEST(mediation, a_connect_that_sleeps_holds_up_its_own_thread_only) {
  const PlanRun run =
      run_endpoints({"new", "unix", "bind", "unix:/work/s",   "listen", "0", "sleep-in-connect", "unix:/work/s",
                     "new", "tcp",  "bind", "127.0.0.1:8080", "listen", "0", "sleep-in-connect", "127.0.0.1:8080",
                     "new", "tcp",  "bind", "127.0.0.1:80"});
  EXPECT_EQ(run.verdict(), "OK") << shown(run);
  EXPECT_EQ(
      run.output(),
      "bind unix:/work/s OK\nlisten OK\nasleep\nbind 127.0.0.1:8080 OK\nlisten OK\nasleep\nbind 127.0.0.1:80 OK\n")
      << shown(run);
}

TEST(mediation, a_connect_that_sleeps_wakes_when_it_can_go_on) {
  const PlanRun run = run_endpoints({"new", "unix", "bind", "unix:/work/s", "listen", "0", "sleep-in-connect",
                                     "unix:/work/s", "accept", "wait-until-woken", "tell", "end"});
  EXPECT_EQ(run.verdict(), "OK") << shown(run);
  // Who comes first, the one that accepts or the one that is accepted, is open.
  EXPECT_TRUE(run.output() == "bind unix:/work/s OK\nlisten OK\nasleep\naccept OK\nwoken OK\nend\n" ||
              run.output() == "bind unix:/work/s OK\nlisten OK\nasleep\nwoken OK\naccept OK\nend\n")
      << shown(run);
}

TEST(mediation, the_wall_limit_ends_a_run_that_sleeps_in_a_call) {
  const PlanRun run =
      run_endpoints({"new", "unix", "bind", "unix:/work/s", "listen", "0", "sleep-in-connect", "unix:/work/s", "pause"},
                    "limits.wall = \"500ms\"\n");
  EXPECT_EQ(run.verdict(), "TLE") << shown(run);
  EXPECT_LT(run.result.at("timing_us").at("teardown"), 1'500'000);
}

TEST(mediation, a_close_that_lingers_is_not_the_supervisors) {
  const PlanRun run =
      run_endpoints({"linger", "100", "127.0.0.1:8080", "new", "tcp", "bind", "127.0.0.1:80"},
                    "limits.memory = \"4GiB\"\nlimits.wall = \"500s\"\nlimits.cpu = \"500s\"\nlimits.cpus = \"any\"\n" +
                        std::string(kLoopback));
  EXPECT_EQ(run.output(), "bind OK\nlisten OK\nlingered 100\nbind 127.0.0.1:80 OK\n") << shown(run);
}

// A deputy that sleeps in somebody's connect goes with the supervisor, as everything does.
TEST(mediation, deputies_die_with_the_supervisor) {
  const TemporaryFolder folder;
  const std::string plan = folder.write("plan.toml", probe_plan("endpoints",
                                                                {"new", "unix", "bind", "unix:/work/s", "listen", "0",
                                                                 "sleep-in-connect", "unix:/work/s", "pause"},
                                                                "stdout = \"inherit\"\n"));
  std::vector<std::string> argv = {evalrun().string(), "run", "--output", "/dev/null", plan};
  Pipe output = make_pipe(Blocking::Yes, Blocking::Yes);
  const pid_t supervisor = ::fork();
  if (supervisor == 0) {
    ::dup2(output.write_end.get(), STDOUT_FILENO);
    std::vector<char*> words;
    for (std::string& word : argv) words.push_back(word.data());
    words.push_back(nullptr);
    ::execv(words[0], words.data());
    ::_exit(127);
  }
  output.write_end.reset();
  std::string said;
  char byte = 0;
  while (said.find("asleep\n") == std::string::npos && ::read(output.read_end.get(), &byte, 1) == 1) said += byte;
  ASSERT_NE(said.find("asleep\n"), std::string::npos) << said;
  const std::set<pid_t> children = children_of(supervisor);
  // init and the deputy, whose file is evalrun's too; where control groups are made, the janitor.
  EXPECT_GE(children.size(), 2U);
  ::kill(supervisor, SIGKILL);
  ::waitpid(supervisor, nullptr, 0);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  for (const pid_t child : children) {
    while (!is_gone(child) && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_TRUE(is_gone(child)) << child;
  }
}

// ---- One supervisor, seen from inside ----

std::shared_ptr<const sandbox::CompiledPlan> compiled(const std::vector<std::string>& words, const std::string& more) {
  const PlanText text{probe_plan("endpoints", words, more), "plan.toml", "plan", "/"};
  return sandbox::compile(parse_plan(text, accepted_lacks(), {}), host::probe_host());
}

// sandlock: the supervisor's descriptors grew.
TEST(mediation, ten_thousand_calls_leave_no_descriptor_and_no_process) {
  const auto plan =
      compiled({"many-calls", "10000"},
               "limits.wall = \"1000s\"\nlimits.cpu = \"1000s\"\nlimits.cpus = \"any\"\n" + std::string(kLoopback));
  loop::EventLoop loop;
  groups::Groups groups;
  { supervise::Run first(loop, groups, plan); }  // the janitor comes with the first, and stays
  const std::size_t before = open_descriptors();
  const std::set<pid_t> janitor = children();
  std::size_t most = 0;
  {
    supervise::Run run(loop, groups, plan);
    for (unsigned i = 0; !run.finished(); ++i) {
      loop.run_once();
      if (i % 64 == 0) most = std::max(most, open_descriptors());
    }
    EXPECT_EQ(run.take_result(nullptr).output.kept, "calls 10000 failed 0\n");
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_LT(most, before + 40) << "one run holds a few, however often it calls";
  EXPECT_EQ(children(), janitor);
  EXPECT_LE(janitor.size(), 1U);
}

// The supervisor looks away until forty threads are in such a call; then it sees all of them at once. The program
// sleeps when it has told, so that the round of the loop that hears it is over before the first violation.
TEST(mediation, all_violations_are_counted_and_the_first_are_kept) {
  constexpr int kThreads = 40;
  const auto plan = compiled({"tell", "ready", "sleep-ms", "300", "violate-in-threads", std::to_string(kThreads)},
                             "limits.processes = 64\nlimits.cpus = \"any\"\n");
  loop::EventLoop loop;
  groups::Groups groups;
  bool ready = false;
  supervise::Run run(loop, groups, plan, {.output = [&](std::string_view) { ready = true; }});
  while (!ready) loop.run_once();
  // Of all the grandchildren: the janitor is a child too, and what a start-up makes comes and goes.
  const auto waiting = [&] {
    int count = 0;
    for (const pid_t child : children()) {
      for (const pid_t program : children_of(child)) {
        std::error_code gone;
        for (fs::directory_iterator task("/proc/" + std::to_string(program) + "/task", gone), end; !gone && task != end;
             task.increment(gone)) {
          count += read_file(task->path() / "syscall").starts_with("101 ");
        }
      }
    }
    return count;
  };
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (waiting() < kThreads && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  while (!run.finished()) loop.run_once();
  const supervise::RunResult result = run.take_result(nullptr);
  EXPECT_TRUE(std::holds_alternative<supervise::Violation>(result.outcome))
      << judge::message_of(result.outcome, plan->plan().kind.limits) << "\n"
      << result.error_output.kept;
  EXPECT_EQ(result.violations_total, static_cast<std::uint64_t>(kThreads));
  ASSERT_EQ(result.violations.size(), 32U);
  for (const mediate::RecordedViolation& violation : result.violations) {
    EXPECT_EQ(violation.decoded, "ptrace(request=PTRACE_ATTACH, pid=1, addr=0x2, data=0x3)");
    EXPECT_EQ(violation.process, "endpoints");
  }
}

TEST(mediation, a_violation_is_told_with_its_arguments_decoded) {
  const PlanRun run = run_endpoints({"violate-by-mount"}, "");
  EXPECT_EQ(run.verdict(), "SV");
  const nlohmann::json& violation = run.result.at("violations").at(0);
  EXPECT_EQ(violation.at("decoded"),
            "mount(source=\"/dev/sda1\", target=\"/mnt\", type=\"ext4\", flags=MS_RDONLY|MS_BIND, data=0x0)");
  EXPECT_EQ(violation.at("call"), "mount");
  EXPECT_EQ(violation.at("arguments").size(), 6U);
}

TEST(mediation, under_the_compatible_profile_calls_are_mediated_too) {
  const PlanRun run = run_endpoints({"violate-by-mount", "new", "tcp", "bind", "127.0.0.1:8080", "bind", "1.1.1.1:80",
                                     "new", "tcp", "bind", "1.1.1.1:80"},
                                    "[seccomp]\nprofile = \"compatible\"\n" + std::string(kLoopback));
  EXPECT_EQ(run.output(), "bind 127.0.0.1:8080 OK\nbind 1.1.1.1:80 EACCES\nbind 1.1.1.1:80 EACCES\n") << shown(run);
}

// Two that answer at one listener.
TEST(mediation, calls_are_mediated_where_the_address_space_is_bounded_too) {
  const PlanRun run = run_endpoints({"new", "tcp", "bind", "127.0.0.1:8080", "bind", "127.0.0.1:81", "in-thread", "new",
                                     "unix", "bind", "unix:/work/s"},
                                    "limits.address_space = \"1GiB\"\n" + std::string(kLoopback));
  EXPECT_EQ(run.output(), "bind 127.0.0.1:8080 OK\nbind 127.0.0.1:81 EACCES\nbind unix:/work/s OK\n") << shown(run);
}

TEST(mediation, explain_lists_the_filters_call_by_call) {
  const TemporaryFolder folder;
  const std::string plan = folder.write("plan.toml", probe_plan("endpoints", {}));
  const auto explained = [&](std::vector<std::string> argv) {
    argv.insert(argv.begin(), {evalrun().string(), "explain", plan});
    return run_command(argv);
  };
  const Finished listed = explained({"--seccomp"});
  EXPECT_EQ(listed.exit_code, 0) << listed.error_output;
  EXPECT_TRUE(listed.output.starts_with("programs: whitelist ")) << listed.output;
  EXPECT_NE(listed.output.find("    bind connect listen\n"), std::string::npos);
  EXPECT_EQ(listed.output.find("mounts, in order"), std::string::npos);
  EXPECT_NE(explained({}).output.find("mounts, in order"), std::string::npos);
}

TEST(mediation, a_plan_may_deny_a_mediated_call) {
  const PlanRun run =
      run_endpoints({"new", "unix", "bind", "unix:/work/s", "connect", "unix:/none"}, "[seccomp]\ndeny = [\"bind\"]\n");
  EXPECT_EQ(run.output(), "bind unix:/work/s EPERM\nconnect unix:/none ENOENT\n") << shown(run);
}

}  // namespace
}  // namespace evalrun::test
