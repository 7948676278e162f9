// Faults that earlier systems of this kind had, one test each, named after what must happen instead. Five lists: that
// of a plan runner with sessions (1), of a capability sandbox for extensions (2), of a virtual machine's policy layer
// (3), of a mediator of addresses (4), of a filter assembler with a supervisor (5). Most of the last two are in
// mediation_test.cc and tests/unit/seccomp_test.cc.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

namespace fs = std::filesystem;

std::string shown(const PlanRun& run) {
  return run.command.output + run.command.error_output;
}

std::string hostile(const std::vector<std::string>& words, const std::string& more = "") {
  return probe_plan("hostile", words, more);
}

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump();
}

bool a_process_mentions(const std::string& mark) {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (read_file(entry.path() / "cmdline").find(mark) != std::string::npos) return true;
  }
  return false;
}

// ---- List 1 ----

TEST(peer_faults, a_kernel_without_landlock_is_a_named_error_unless_the_plan_accepts_it) {
  const TemporaryFolder folder;
  const auto run = [&](const std::string& more) {
    const fs::path plan = folder.write("plan.toml", probe_plan("probe", {"say", "x"}, more));
    return run_command(
        {probe("without").string(), "444=38", evalrun().string(), "run", "--format", "json", plan.string()});
  };
  const Finished refused = run("");
  EXPECT_EQ(refused.exit_code, 3) << refused.output;
  EXPECT_NE(refused.error_output.find("landlock"), std::string::npos) << refused.error_output;
  const Finished accepted = run(
      "[require]\nlandlock = \"if-available\"\nlandlock_net = \"if-available\"\nlandlock_scopes = \"if-available\"\n");
  EXPECT_EQ(accepted.exit_code, 0) << accepted.output << accepted.error_output;
  const nlohmann::json layers = nlohmann::json::parse(accepted.output).at("layers").at("landlock");
  for (const char* part : {"fs", "net", "scopes"})
    EXPECT_TRUE(layers.at(part).get<std::string>().starts_with("degraded: ")) << layers;
}

TEST(peer_faults, every_accepted_field_takes_effect) {
  const TemporaryFolder folder;
  const fs::path programs = folder.path() / "programs";
  fs::create_directories(programs);
  fs::copy_file(probe("probe"), programs / "probe");
  const std::string mount = "[[mount]]\nbind = \"programs\"\nat = \"/p\"\n";
  const PlanRun run = run_plan_in(
      folder,
      probe_plan(
          "probe",
          {"hostname", "cwd", "environment", "limit", "7", "limit", "3", "limit", "1", "limit", "4", "count-input",
           "execute", "/p/probe"},
          "hostname = \"cell\"\ncwd = \"/work/sub\"\nenv = { A = \"b\" }\nstdin = { text = \"12345\" }\n"
          "files.\"sub/x\" = { text = \"\" }\n[limits]\nopen_files = 77\nstack = \"8MiB\"\nfile_size = \"1MiB\"\n" +
              mount));
  EXPECT_EQ(run.output(),
            "hostname cell\ncwd /work/sub\nA=b\nlimit 7 77 77\nlimit 3 8388608 8388608\nlimit 1 1048576 1048576\n"
            "limit 4 1 1\ninput 5\nexecute /p/probe EACCES\n")
      << shown(run);
  const PlanRun executed =
      run_plan_in(folder, "argv = [\"/p/probe\", \"say\", \"executed\"]\n" + mount + "exec = true\n");
  EXPECT_EQ(executed.output(), "executed\n") << shown(executed);
}

TEST(peer_faults, a_files_path_outside_the_workspace_is_refused_and_nothing_is_written) {
  const TemporaryFolder folder;
  const std::string outside = (folder.path() / "outside").string();
  for (const std::string& path :
       {outside, std::string("../outside"), std::string("a/../../outside"), std::string("/etc/outside")}) {
    const PlanRun run =
        run_plan_in(folder, probe_plan("probe", {"say", "x"}, "files." + quoted(path) + " = { text = \"x\" }\n"));
    EXPECT_EQ(run.command.exit_code, 2) << path;
    EXPECT_FALSE(fs::exists(outside)) << path;
    const PlanRun collected =
        run_plan_in(folder, probe_plan("probe", {"say", "x"}, "collect = [" + quoted(path) + "]\n"));
    EXPECT_EQ(collected.command.exit_code, 2) << path;
  }
}

TEST(peer_faults, no_temporary_folder_is_made_or_left) {
  const TemporaryFolder folder;
  const fs::path temporary = folder.path() / "tmp";
  fs::create_directories(temporary);
  fs::permissions(temporary, fs::perms(01777));
  const fs::path plan = folder.write("plan.toml", probe_plan("probe", {"create", "/tmp/x", "create", "/work/x"}));
  const Finished run = run_command(
      {"env", "TMPDIR=" + temporary.string(), evalrun().string(), "run", "--format", "json", plan.string()});
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_TRUE(fs::is_empty(temporary));
}

TEST(peer_faults, input_and_output_larger_than_a_pipe_pass_each_other) {
  const TemporaryFolder folder;
  folder.write("1.in", std::string(3 << 20, 'i'));
  const PlanRun run =
      run_plan_in(folder, probe_plan("probe", {"write", "3145728", "count-input"}, "stdin = { file = \"1.in\" }\n"));
  EXPECT_EQ(run.verdict(), "OK");
  EXPECT_TRUE(run.output().ends_with("xinput 3145728\n"));
  EXPECT_EQ(run.result.at("stdout").at("bytes"), 3145728 + 14);
}

TEST(peer_faults, a_program_that_closes_its_output_and_sleeps_meets_the_wall_limit) {
  const PlanRun run = run_plan(
      probe_plan("probe", {"close", "1", "close", "2", "close", "0", "sleep", "300"}, "limits.wall = \"300ms\"\n"));
  EXPECT_EQ(run.verdict(), "TLE") << shown(run);
  EXPECT_EQ(run.result.at("outcome").at("limit"), "wall");
}

TEST(peer_faults, every_descendant_dies_whether_the_program_ends_or_is_ended) {
  const std::string mark = "299." + std::to_string(::getpid());
  EXPECT_EQ(run_plan(probe_plan("probe", {"daemon", mark})).verdict(), "OK");
  EXPECT_FALSE(a_process_mentions(mark));
  EXPECT_EQ(run_plan(probe_plan("probe", {"daemon", mark, "sleep", "100"}, "limits.wall = \"200ms\"\n")).verdict(),
            "TLE");
  EXPECT_FALSE(a_process_mentions(mark));
}

TEST(peer_faults, the_program_has_its_own_processes_and_its_own_network) {
  const std::string outside = std::to_string(::getpid() > 64 ? ::getpid() : 65535);
  const PlanRun run = run_plan(hostile({"call", "kill", outside, "0", "then", "connect-tcp", "127.0.0.1", "22"},
                                       "network.mode = \"loopback\"\nnetwork.connect = [22]\n"));
  EXPECT_EQ(run.output(), "call kill ESRCH\ntcp 127.0.0.1 EINPROGRESS\n") << shown(run);
}

TEST(peer_faults, a_writable_mount_can_be_written) {
  const TemporaryFolder folder;
  fs::create_directories(folder.path() / "data");
  fs::permissions(folder.path() / "data", fs::perms(0777));
  const PlanRun run = run_plan_in(
      folder, probe_plan("probe", {"create", "/d/x", "mkdir", "/d/y", "unlink", "/d/x", "rename", "/d/y", "/d/z"},
                         "[[mount]]\nbind = \"data\"\nat = \"/d\"\nwrite = true\n"));
  EXPECT_EQ(run.output(), "create /d/x OK\nmkdir /d/y OK\nunlink /d/x OK\nrename /d/z OK\n") << shown(run);
  EXPECT_TRUE(fs::exists(folder.path() / "data/z"));
}

TEST(peer_faults, exit_codes_126_and_127_are_exit_codes_and_a_program_that_cannot_start_is_not_one) {
  for (const int code : {126, 127, 255}) {
    const PlanRun run = run_plan(probe_plan("probe", {"exit", std::to_string(code)}));
    EXPECT_EQ(run.kind(), "exited");
    EXPECT_EQ(run.result.at("outcome").at("exit_code"), code);
  }
  for (const auto& [text, mode, error] : {std::tuple{"", "0755", "ENOEXEC"},
                                          {"#!/nowhere\\n", "0755", "ENOENT"},
                                          {"x", "0644", "EACCES"},
                                          {"\\u007fELF", "0755", "ENOEXEC"},
                                          {"#!/work/x\\n", "0755", "ELOOP"}}) {
    const PlanRun run =
        run_plan(std::string("argv = [\"/work/x\"]\nfiles.x = { text = \"") + text + "\", mode = \"" + mode + "\" }\n");
    EXPECT_EQ(run.kind(), "not_started") << shown(run);
    EXPECT_EQ(run.result.at("outcome").at("errno"), error) << text;
    EXPECT_EQ(run.verdict(), "RE");
  }
  EXPECT_EQ(run_plan("argv = [\"/work\"]\n").kind(), "not_started");
}

TEST(peer_faults, the_chunk_that_crosses_the_output_limit_is_kept_up_to_the_limit) {
  const PlanRun run = run_plan(probe_plan("probe", {"write", "200000"}, "limits.output = \"100000B\"\n"));
  EXPECT_EQ(run.verdict(), "OLE");
  EXPECT_EQ(run.output().size(), 100000u);
  EXPECT_TRUE(run.result.at("stdout").at("truncated"));
  const PlanRun exact = run_plan(probe_plan("probe", {"write", "100000"}, "limits.output = \"100000B\"\n"));
  EXPECT_EQ(exact.verdict(), "OK");
  EXPECT_FALSE(exact.result.at("stdout").at("truncated"));
}

TEST(peer_faults, a_raw_socket_with_flags_is_a_raw_socket) {
  const PlanRun run =
      run_plan(hostile({"call", "socket", "2", "0x80803", "0", "then", "call", "socket", "2", "0x80801", "0"},
                       "network.mode = \"loopback\"\n"));
  EXPECT_EQ(run.output(), "call socket EPROTONOSUPPORT\ncall socket OK\n") << shown(run);
}

TEST(peer_faults, read_only_is_recursive) {
  const TemporaryFolder folder;
  fs::create_directories(folder.path() / "data/below");
  const fs::path plan = folder.write("plan.toml", probe_plan("probe", {"list", "/d/below", "create", "/d/below/x"},
                                                             "[[mount]]\nbind = \"data\"\nat = \"/d\"\n"));
  const std::string user = ::geteuid() == 0 ? "" : "-r ";
  const Finished run = run_command({"sh", "-c",
                                    "exec unshare " + user +
                                        "-m sh -c 'mount -t tmpfs -o mode=0777 none \"$2/data/below\" || exit 77; exec "
                                        "\"$0\" run --format json \"$1\"' \"$0\" \"$1\" \"$2\"",
                                    evalrun().string(), plan.string(), folder.path().string()});
  if (run.exit_code == 77) EVALRUN_SKIP("mounting a tmpfs in a namespace of its own");
  EXPECT_EQ(nlohmann::json::parse(run.output).at("stdout").at("text"), "list /d/below OK\ncreate /d/below/x EROFS\n")
      << run.error_output;
}

// ---- List 2 ----

TEST(peer_faults, what_may_be_read_may_not_be_written) {
  const TemporaryFolder folder;
  fs::permissions(folder.write("data/a", "a"), fs::perms(0666));
  const PlanRun run =
      run_plan_in(folder, probe_plan("probe", {"read", "/d/a", "write-to", "/d/a", "truncate", "/d/a"},
                                     "[[mount]]\nbind = \"data\"\nat = \"/d\"\n[landlock]\nread = [\"/d\"]\n"));
  EXPECT_EQ(run.output(), "read /d/a OK\nwrite-to /d/a EROFS\ntruncate /d/a EROFS\n") << shown(run);
}

TEST(peer_faults, rings_and_x32_are_no_way_around) {
  EXPECT_EQ(run_plan(hostile({"call-each", "io_uring_setup", "io_uring_enter", "io_uring_register"})).output(),
            "call io_uring_setup ENOSYS\ncall io_uring_enter ENOSYS\ncall io_uring_register ENOSYS\n");
#if defined(__x86_64__)
  EXPECT_EQ(run_plan(hostile({"call-each", "0x40000001"})).verdict(), "SV");
#endif
}

TEST(peer_faults, a_bare_program_name_is_found_through_path) {
  const TemporaryFolder folder;
  fs::create_directories(folder.path() / "programs");
  fs::copy_file(probe("probe"), folder.path() / "programs/tool");
  const std::string rest = "[[mount]]\nbind = \"programs\"\nat = \"/p\"\nexec = true\n";
  const PlanRun found =
      run_plan_in(folder, "argv = [\"tool\", \"say\", \"found\"]\nenv = { PATH = \"/nowhere:/p\" }\n" + rest);
  EXPECT_EQ(found.output(), "found\n") << shown(found);
  const PlanRun missing =
      run_plan_in(folder, "argv = [\"tool\", \"say\", \"found\"]\nenv = { PATH = \"/nowhere\" }\n" + rest);
  EXPECT_EQ(missing.command.exit_code, 2);
  EXPECT_NE(missing.command.error_output.find("argv: tool is not in PATH (/nowhere)"), std::string::npos)
      << missing.command.error_output;
}

// ---- List 3 ----

#if defined(__x86_64__)
TEST(peer_faults, a_32_bit_call_out_of_a_64_bit_program_ends_the_run) {
  EXPECT_EQ(run_plan(hostile({"int80"})).verdict(), "SV");
  EXPECT_EQ(run_plan(hostile({"int80"}, "[seccomp]\nprofile = \"compatible\"\n")).verdict(), "SV");
}
#endif

TEST(peer_faults, socket_pairs_work_where_sockets_do_not) {
  const PlanRun run = run_plan(hostile({"out-of-band", "call", "socket", "2", "1", "0"}));
  EXPECT_EQ(run.output(), "socketpair OK\nsend OK\nsend oob EOPNOTSUPP\ncall socket EACCES\n") << shown(run);
}

TEST(peer_faults, the_usual_devices_are_there_and_no_others) {
  const PlanRun run = run_plan(hostile(
      {"open", "/dev/null",    "2", "open", "/dev/zero", "0", "open", "/dev/full", "1", "open", "/dev/random", "0",
       "open", "/dev/urandom", "0", "open", "/dev/tty",  "0", "open", "/dev/ptmx", "2", "open", "/dev/mem",    "0",
       "open", "/dev/kmsg",    "0", "open", "/dev/fuse", "2"}));
  EXPECT_EQ(run.output(),
            "open /dev/null OK\nopen /dev/zero OK\nopen /dev/full OK\nopen /dev/random OK\nopen /dev/urandom OK\n"
            "open /dev/tty ENOENT\nopen /dev/ptmx ENOENT\nopen /dev/mem ENOENT\nopen /dev/kmsg ENOENT\nopen /dev/fuse "
            "ENOENT\n")
      << shown(run);
}

TEST(peer_faults, a_fifo_anywhere_in_a_plan_never_blocks_evalrun) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder.path() / "pipe").c_str(), 0666), 0);
  fs::create_directories(folder.path() / "data");
  ASSERT_EQ(::mkfifo((folder.path() / "data/pipe").c_str(), 0666), 0);
  for (const char* more : {"stdin = { file = \"pipe\" }\n", "stdout = { file = \"pipe\" }\n",
                           "stderr = { file = \"pipe\" }\n", "files.x = { from = \"pipe\" }\n",
                           "[[mount]]\nbind = \"pipe\"\nat = \"/d\"\n", "[[mount]]\nbind = \"data\"\nat = \"/d\"\n"}) {
    const fs::path plan = folder.write("plan.toml", probe_plan("probe", {"say", "x"}, more));
    const Finished run = run_command({"timeout", "-k", "1", "5", evalrun().string(), "run", plan.string()});
    EXPECT_EQ(run.exit_code, 2) << more << run.output << run.error_output;
  }
}

TEST(peer_faults, only_the_standard_descriptors_are_open) {
  const TemporaryFolder folder;
  const fs::path plan = folder.write("plan.toml", probe_plan("probe", {"descriptors"}));
  const Finished run =
      run_command({"sh", "-c", "exec 5</ 6>/dev/null 9</etc/passwd; exec \"$0\" run --format json \"$1\"",
                   evalrun().string(), plan.string()});
  EXPECT_EQ(nlohmann::json::parse(run.output).at("stdout").at("text"), "descriptors 0 1 2\n");
}

TEST(peer_faults, resource_limits_are_set_without_being_asked_for) {
  // RLIMIT_CPU, FSIZE, STACK, CORE, NPROC, NOFILE, MEMLOCK, SIGPENDING, MSGQUEUE, NICE, RTPRIO of a plan without
  // [limits].
  const PlanRun run = run_plan(
      probe_plan("probe", {"limit", "0", "limit", "1",  "limit", "3",  "limit", "4",  "limit", "6", "limit", "7",
                           "limit", "8", "limit", "11", "limit", "12", "limit", "13", "limit", "14"}));
  // Where a pids group counts, it refuses first.
  const bool is_counted = run.result.at("processes").value("source", "").starts_with("cgroup");
  const std::string processes = is_counted ? "34 34" : "33 33";
  EXPECT_EQ(run.output(), "limit 0 3 4\nlimit 1 67108864 67108864\nlimit 3 67108864 67108864\nlimit 4 1 1\nlimit 6 " +
                              processes +
                              "\nlimit 7 256 256\n"
                              "limit 8 65536 65536\nlimit 11 256 256\nlimit 12 0 0\nlimit 13 0 0\nlimit 14 0 0\n")
      << shown(run);
}

// ---- List 4 ----

constexpr const char* kLoopback = "[network]\nmode = \"loopback\"\nbind = [8080]\nconnect = [8080]\n";

TEST(peer_faults, multipath_tcp_is_no_way_around_the_ports) {
  EXPECT_EQ(
      run_plan(probe_plan("probe", {"socket", "2", "1", "262", "socket", "10", "1", "262", "socket", "2", "1", "6"},
                          kLoopback))
          .output(),
      "socket EPROTONOSUPPORT\nsocket EPROTONOSUPPORT\nsocket OK\n");
}

// A supervisor that looks every 100 ms makes 200 calls take twenty seconds.
TEST(peer_faults, a_mediated_call_waits_for_no_clock) {
  const PlanRun run = run_plan(probe_plan("endpoints", {"many-calls", "200"},
                                          "limits.wall = \"100s\"\nlimits.cpu = \"100s\"\n" + std::string(kLoopback)));
  EXPECT_EQ(run.output(), "calls 200 failed 0\n") << shown(run);
  EXPECT_LT(run.result.at("wall_us"), 10'000'000) << shown(run);
}

// ---- List 5 ----

TEST(peer_faults, an_empty_list_allows_nothing) {
  const auto output = [](const std::vector<std::string>& words, const std::string& more) {
    return run_plan(probe_plan("endpoints", words, more)).output();
  };
  const std::vector<std::string> words = {"new", "tcp", "bind", "127.0.0.1:8080", "connect", "127.0.0.1:8080"};
  EXPECT_EQ(output(words, "network = { mode = \"loopback\", bind = [], connect = [] }\n"),
            "bind 127.0.0.1:8080 EACCES\nconnect 127.0.0.1:8080 EACCES\n");
  EXPECT_EQ(output({"new", "tcp", "bind", "127.0.0.1:8080"}, kLoopback), "bind 127.0.0.1:8080 OK\n");
  const std::string call = std::to_string(SYS_memfd_create);
  EXPECT_EQ(run_plan(hostile({"call-each", call}, "seccomp.allow = []\n")).output(), "call " + call + " ENOSYS\n");
  EXPECT_EQ(run_plan(hostile({"call-each", call}, "seccomp.allow = [\"memfd_create\"]\n")).output(),
            "call " + call + " EINVAL\n");
  const std::vector<std::string> acts = {"create", "/work/x", "list", "/", "fork", "1", "thread", "1"};
  EXPECT_EQ(run_plan(probe_plan("probe", acts, "capabilities = []\n")).output(),
            "create /work/x EROFS\nlist / EACCES\nforked 0 then EPERM\nthreads 0 EAGAIN\n");
  EXPECT_EQ(run_plan(probe_plan("probe", acts)).output(), "create /work/x OK\nlist / OK\nforked 1\nthreads 1 OK\n");
}

// A ledger of what was asked for and given back drifts; what is resident does not.
TEST(peer_faults, memory_that_children_gave_back_is_not_held_against_the_program) {
  if (!fs::exists("/usr/bin/python3")) EVALRUN_SKIP("the image python");
  const auto plan = [](const std::string& rounds, const std::string& size) {
    return "image = \"python\"\nsource = \"p.py\"\nlimits.memory = \"96MiB\"\nlimits.cpu = \"20s\"\nlimits.wall = "
           "\"60s\"\nfiles.\"p.py\".text = '''\nimport os\nfor _ in range(" +
           rounds + "):\n  pid = os.fork()\n  if pid == 0:\n    held = b'x' * (" + size +
           " << 20)\n    os._exit(0)\n  os.waitpid(pid, 0)\nprint('all')\n'''\n";
  };
  const PlanRun many = run_plan(plan("30", "24"));
  EXPECT_EQ(many.verdict(), "OK") << shown(many);
  EXPECT_EQ(many.output(), "all\n");
  EXPECT_EQ(run_plan(plan("1", "300")).verdict(), "MLE");
}

}  // namespace
}  // namespace evalrun::test
