// Keys that do one small thing each: what a program finds with them, and without.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/command.h"
#include "tests/support/paths.h"
#include "tests/support/sessions.h"

namespace evalrun::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string bind_of(const fs::path& source, const std::string& at, const std::string& more = "") {
  return "[[mount]]\nbind = \"" + source.string() + "\"\nat = \"" + at + "\"\n" + more;
}

Result run(const std::string& toml) {
  Engine engine;
  return run_to_end(engine, toml);
}

std::string output_of(const std::vector<std::string>& words, const std::string& more) {
  const Result result = run(probe_plan("probe", words, more));
  EXPECT_EQ(result.verdict(), Verdict::Ok) << result.json();
  return std::string(result.standard_output());
}

std::string refusal_of(const std::string& toml) {
  try {
    Engine engine;
    static_cast<void>(compile_text(engine, toml));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Plan) << error.what();
    return error.what();
  }
  return "";
}

TEST(optional_mount, is_left_out_where_its_source_is_missing_and_is_an_error_without_the_key) {
  const TemporaryFolder folder;
  folder.write("data/x", "here");
  const auto read = [&](const std::string& source, const std::string& more) {
    return output_of({"read", "/data/x"}, bind_of(folder.path() / source, "/data", more));
  };
  EXPECT_EQ(read("data", ""), "read /data/x OK\n");
  EXPECT_EQ(read("data", "optional = true\n"), "read /data/x OK\n");
  EXPECT_EQ(read("none", "optional = true\n"), "read /data/x ENOENT\n");
  const std::string missing = bind_of(folder.path() / "none", "/data", "optional = false\n");
  EXPECT_NE(refusal_of(probe_plan("probe", {"exit", "0"}, missing)).find("none: No such file"), std::string::npos);
  EXPECT_NE(
      refusal_of(probe_plan("probe", {"exit", "0"}, "[[mount]]\ntmpfs = \"1MiB\"\nat = \"/x\"\noptional = true\n"))
          .find("a tmpfs is never missing"),
      std::string::npos);
}

TEST(hide, leaves_an_empty_folder_and_an_empty_file_where_the_bind_has_more) {
  const TemporaryFolder folder;
  folder.write("secret/key", "k");
  folder.write("token", "t");
  folder.write("open", "o");
  const std::string mount = bind_of(folder.path(), "/data");
  const std::vector<std::string> looks = {"read", "/data/secret/key", "list", "/data/secret",
                                          "cat",  "/data/token",      "cat",  "/data/open"};
  const std::string shown = output_of(looks, mount);
  EXPECT_NE(shown.find("read /data/secret/key OK\n"), std::string::npos) << shown;
  const std::string hidden = output_of(looks, "hide = [\"/data/secret\", \"/data/token\"]\n" + mount);
  EXPECT_NE(hidden.find("read /data/secret/key ENOENT\nlist /data/secret OK\n"), std::string::npos) << hidden;
  const std::string files = hidden.substr(hidden.find("list /data/secret OK\n") + 21);
  EXPECT_EQ(files.find('t'), std::string::npos) << hidden;
  EXPECT_NE(files.find('o'), std::string::npos) << hidden;
  EXPECT_EQ(output_of({"create", "/data/secret/new"},
                      "hide = [\"/data/secret\"]\n" + bind_of(folder.path(), "/data", "write = true\n")),
            "create /data/secret/new EROFS\n");
  EXPECT_TRUE(fs::is_empty(folder.path() / "secret") == false && fs::file_size(folder.path() / "token") == 1);
}

TEST(hide, refuses_what_it_cannot_hide) {
  const TemporaryFolder folder;
  folder.write("x/y", "");
  fs::create_symlink("x", folder.path() / "link");
  const auto refusal = [&](const std::string& path) {
    return refusal_of(
        probe_plan("probe", {"exit", "0"}, "hide = [\"" + path + "\"]\n" + bind_of(folder.path(), "/data")));
  };
  EXPECT_EQ(refusal("/data/x"), "");
  EXPECT_EQ(refusal("/data/x/y"), "");
  EXPECT_NE(refusal("/data/z").find("it must exist in mount /data"), std::string::npos) << refusal("/data/z");
  EXPECT_NE(refusal("/data/link").find("link"), std::string::npos) << refusal("/data/link");
  EXPECT_NE(refusal("/work/x").find("lies on no bind"), std::string::npos) << refusal("/work/x");
  EXPECT_NE(refusal("/data").find("is a mount of its own"), std::string::npos) << refusal("/data");
  EXPECT_NE(refusal("/tmp/x").find("lies on no bind"), std::string::npos) << refusal("/tmp/x");
}

TEST(cpu_hard, tells_how_long_a_run_takes_that_has_passed_the_limit) {
  const auto burn = [](const std::string& seconds, const std::string& more) {
    return run(probe_plan("probe", {"burn", seconds, "say", "done"}, "limits.cpu = \"200ms\"\n" + more));
  };
  const Result below = burn("0.05", "limits.cpu_hard = \"1s\"\n");
  EXPECT_EQ(below.verdict(), Verdict::Ok) << below.json();
  const Result between = burn("0.4", "limits.cpu_hard = \"5s\"\n");
  EXPECT_EQ(between.verdict(), Verdict::Tle) << between.json();
  EXPECT_EQ(between.limit(), Limit::Cpu);
  EXPECT_EQ(between.standard_output(), "done\n") << "it went on to its end";
  EXPECT_EQ(between.message(), "passed the CPU limit of 200ms");
  EXPECT_GE(between.cpu(), 390ms);
  const Result above = burn("9", "limits.cpu_hard = \"500ms\"\n");
  EXPECT_EQ(above.verdict(), Verdict::Tle) << above.json();
  EXPECT_EQ(above.standard_output(), "");
  EXPECT_GE(above.cpu(), 500ms);
  EXPECT_LT(above.cpu(), 900ms);
  const Result without = burn("9", "");
  EXPECT_LT(without.cpu(), 500ms) << "the twin stops at the limit itself";
  EXPECT_EQ(without.message(), "stopped at the CPU limit of 200ms");
}

TEST(cpu_hard, lies_above_the_limit) {
  const auto refusal = [](const std::string& hard) {
    return refusal_of(probe_plan("probe", {"exit", "0"}, "limits.cpu = \"1s\"\nlimits.cpu_hard = \"" + hard + "\"\n"));
  };
  EXPECT_NE(refusal("999ms").find("limits.cpu_hard: expected more than limits.cpu"), std::string::npos);
  EXPECT_NE(refusal("1s").find("limits.cpu_hard: expected more than limits.cpu"), std::string::npos);
  EXPECT_EQ(refusal("1001ms"), "");
}

TEST(cpu_rate, stretches_a_run_that_would_use_more_and_leaves_its_cpu_time_as_it_is) {
  const auto burn = [](const std::string& more) {
    return run(probe_plan("probe", {"burn", "0.3"}, "limits.cpu = \"5s\"\n" + more));
  };
  std::optional<Result> slowed;
  try {
    slowed.emplace(burn("limits.cpu_rate = 0.5\n"));
  } catch (const Error& error) {
    // Refused before the start, and with a reason: never held by less.
    EXPECT_EQ(error.kind(), ErrorKind::Host);
    EXPECT_NE(std::string(error.what()).find("bounds the rate of CPU time"), std::string::npos) << error.what();
    EVALRUN_SKIP(error.what());
  }
  const Result& half = *slowed;
  EXPECT_EQ(half.verdict(), Verdict::Ok) << half.json();
  EXPECT_GE(half.wall(), 500ms);
  EXPECT_GE(half.cpu(), 290ms);
  EXPECT_LT(half.cpu(), 500ms);
  const Result slow = burn("limits.cpu_rate = 0.05\nlimits.wall = \"1s\"\n");
  EXPECT_EQ(slow.verdict(), Verdict::Tle) << slow.json();
  EXPECT_LT(slow.cpu(), 200ms) << "a tenth of a second's work at the most, in a second";
  const Result enough = burn("limits.cpu_rate = 2\n");
  EXPECT_EQ(enough.verdict(), Verdict::Ok) << enough.json();
  EXPECT_GE(enough.cpu(), 290ms);
}

TEST(output_action, lets_a_run_go_on_whose_output_is_cut) {
  const auto say = [](std::size_t bytes, const std::string& more) {
    return run(probe_plan("probe", {"say", std::string(bytes, 'x'), "complain", "e", "say", "last"},
                          "limits.output = \"1KiB\"\n" + more));
  };
  const std::string truncate = "limits.output_action = \"truncate\"\n";
  const Result below = say(1000, truncate);  // and a newline, "e\n", "last\n"
  EXPECT_EQ(below.verdict(), Verdict::Ok) << below.json();
  EXPECT_EQ(below.standard_output(), std::string(1000, 'x') + "\nlast\n");
  EXPECT_EQ(below.standard_error(), "e\n");
  EXPECT_EQ(below.json().find("\"output\""), std::string::npos) << below.json();
  const Result beyond = say(5000, truncate);
  EXPECT_EQ(beyond.verdict(), Verdict::Ok) << beyond.json();
  EXPECT_EQ(beyond.standard_output(), std::string(1024, 'x'));
  const nlohmann::json told = nlohmann::json::parse(beyond.json());
  EXPECT_EQ(told.at("stdout").at("bytes"), 5006);
  EXPECT_EQ(told.at("stdout").at("truncated"), true);
  EXPECT_EQ(told.at("limits_met").at(0).at("limit"), "output") << told;
  const Result stopped = say(5000, "");
  EXPECT_EQ(stopped.verdict(), Verdict::Ole) << stopped.json();
  const Result flood = run("argv = [\"/work/storm\", \"flood\", \"78\"]\nfiles.storm = { from = " +
                           nlohmann::json(probe("storm").string()).dump() + ", mode = \"0755\" }\n" +
                           "limits.output = \"1KiB\"\nlimits.cpu = \"300ms\"\n" + truncate);
  EXPECT_EQ(flood.verdict(), Verdict::Tle) << flood.json();
}

TEST(workspace_path, is_a_second_name_of_the_workspace_where_the_program_starts) {
  const std::string box = "workspace.path = \"/box\"\n";
  EXPECT_EQ(output_of({"cwd"}, box), "cwd /box\n");
  EXPECT_EQ(output_of({"cwd"}, ""), "cwd /work\n");
  EXPECT_EQ(output_of({"cwd"}, box + "cwd = \"/tmp\"\n"), "cwd /tmp\n");
  EXPECT_EQ(output_of({"cwd"}, box + "cwd = \"/box/deep\"\n"), "cwd /box/deep\n");
  EXPECT_EQ(output_of({"create", "/box/a", "read", "/work/a", "create", "/tmp/b", "create", "/usr/c"}, box),
            "create /box/a OK\nread /work/a OK\ncreate /tmp/b OK\ncreate /usr/c ENOENT\n");
  EXPECT_EQ(output_of({"create", "/box/a"}, ""), "create /box/a ENOENT\n");
  EXPECT_EQ(output_of({"create", "a", "read", "/tmp/x/a"}, "workspace.path = \"/tmp/x\"\n"),
            "create a OK\nread /tmp/x/a OK\n");
  // What is placed can be executed by either name.
  const std::string probe_at = nlohmann::json(probe("probe").string()).dump();
  const Result executed = run("argv = [\"/box/p\", \"say\", \"hi\"]\n" + box +
                              "profile = \"pure\"\n[files]\np = { from = " + probe_at + ", mode = \"0755\" }\n");
  EXPECT_EQ(executed.standard_output(), "hi\n") << executed.json();
}

TEST(workspace_path, is_refused_where_something_else_stands) {
  const auto refusal = [](const std::string& path, const std::string& more = "") {
    return refusal_of(probe_plan("probe", {"exit", "0"}, "workspace.path = \"" + path + "\"\n" + more));
  };
  EXPECT_EQ(refusal("/work"), "");
  EXPECT_NE(refusal("/tmp").find("something else stands there"), std::string::npos) << refusal("/tmp");
  EXPECT_NE(refusal("/proc/x").find("workspace.path: expected"), std::string::npos) << refusal("/proc/x");
  EXPECT_NE(refusal("box").find("workspace.path: expected"), std::string::npos) << refusal("box");
  const TemporaryFolder folder;
  EXPECT_NE(refusal("/box", bind_of(folder.path(), "/box/data")).find("mount it below /work"), std::string::npos);
  EXPECT_EQ(refusal("/box", bind_of(folder.path(), "/work/data")), "");
}

// In a cell too: what is prepared ahead has the score of its plan.
TEST(oom_score_adj, is_that_of_every_process_of_the_run) {
  const auto scores = [](unsigned prepared, const std::string& more) {
    Engine engine({.prepared = prepared});
    const CompiledPlan plan = compile_text(
        engine, probe_plan("probe", {"cat", "/proc/self/oom_score_adj"}, "limits.cpus = \"any\"\n" + more));
    Hearing hearing;
    std::string said;
    for (int i = 0; i < 3; ++i) {
      const Session session = engine.spawn(plan);
      const Result result = wait_for(engine, session, hearing);
      EXPECT_EQ(result.verdict(), Verdict::Ok) << result.json();
      said += result.standard_output();
      for (int turns = 0; turns < 10; ++turns) engine.dispatch(5ms);
    }
    return said;
  };
  for (const unsigned prepared : {0U, 1U}) {
    const std::string set = scores(prepared, "oom_score_adj = 1000\n");
    EXPECT_EQ(std::count(set.begin(), set.end(), '\n'), 3) << set;
    EXPECT_NE(set.find("1000"), std::string::npos) << set;
    EXPECT_EQ(set.find_first_not_of("10\n"), std::string::npos) << set;
    EXPECT_GE(set.size(), 15U) << set;
    EXPECT_EQ(scores(prepared, "").find("1000"), std::string::npos);
  }
}

TEST(seccomp_deny, ends_the_run_where_its_action_is_violation_and_fails_where_it_is_not) {
  const auto deny = [](const std::string& action) {
    return run(probe_plan("probe", {"symlink", "x", "/work/y", "say", "after"},
                          "seccomp.deny = { calls = [\"symlink\", \"symlinkat\"]" + action + " }\n"));
  };
  const Result fails = deny("");
  EXPECT_EQ(fails.verdict(), Verdict::Ok) << fails.json();
  EXPECT_EQ(fails.standard_output(), "symlink /work/y EPERM\nafter\n");
  EXPECT_EQ(deny(", action = \"fail\"").standard_output(), "symlink /work/y EPERM\nafter\n");
  const Result ends = deny(", action = \"violation\"");
  EXPECT_EQ(ends.verdict(), Verdict::Sv) << ends.json();
  EXPECT_NE(ends.message().find("stopped for symlink"), std::string::npos) << ends.message();
  EXPECT_EQ(run(probe_plan("probe", {"mkdir", "/work/y"},
                           "seccomp.deny = { calls = [\"symlink\"], action = \"violation\" }\n"))
                .verdict(),
            Verdict::Ok);
  EXPECT_NE(refusal_of(probe_plan("probe", {"exit", "0"},
                                  "seccomp = { profile = \"compatible\", deny = { calls = [\"symlink\"], action = "
                                  "\"violation\" } }\n"))
                .find("seccomp.deny.action"),
            std::string::npos);
}

std::string endpoints(const std::vector<std::string>& words, const std::string& network) {
  const Result result = run(probe_plan("endpoints", words, "network = { mode = \"loopback\", " + network + " }\n"));
  EXPECT_EQ(result.verdict(), Verdict::Ok) << result.json();
  return std::string(result.standard_output());
}

TEST(network_ports, of_a_range_are_allowed_from_its_first_to_its_last) {
  const auto bound = [](const std::string& port) {
    return endpoints({"new", "tcp", "bind", "127.0.0.1:" + port}, "bind = [80, \"8000-8002\"]");
  };
  for (const std::string port : {"80", "8000", "8001", "8002"}) {
    EXPECT_EQ(bound(port), "bind 127.0.0.1:" + port + " OK\n");
  }
  for (const std::string port : {"79", "7999", "8003", "0"}) {
    EXPECT_EQ(bound(port), "bind 127.0.0.1:" + port + " EACCES\n");
  }
}

TEST(network_ports, are_1024_at_most_and_ranges_run_upwards) {
  const auto refusal = [](const std::string& bind) {
    return refusal_of(probe_plan("probe", {"exit", "0"}, "network = { mode = \"loopback\", bind = [" + bind + "] }\n"));
  };
  EXPECT_EQ(refusal("\"1-1024\""), "");
  EXPECT_EQ(refusal("\"65535-65535\""), "");
  EXPECT_NE(refusal("\"1-1024\", 2000").find("network.bind: expected at most 1024 numbers, found 1025"),
            std::string::npos);
  for (const std::string wrong : {"\"9-8\"", "\"8\"", "\"-8\"", "\"8-\"", "\"a-b\"", "\"1-2-3\"", "\"1-65536\"", "\"\"",
                                  "\"0x1-2\"", "65536", "-1", "true"}) {
    EXPECT_NE(refusal(wrong).find("network.bind[0]: expected"), std::string::npos) << wrong << ": " << refusal(wrong);
  }
}

TEST(network_ports, the_kernel_chooses_one_where_the_plan_lists_0) {
  EXPECT_EQ(endpoints({"new", "tcp", "bind", "127.0.0.1:0", "listen", "1"}, "bind = [80]"),
            "bind 127.0.0.1:0 EACCES\nlisten EACCES\n");
  EXPECT_EQ(
      endpoints({"new", "tcp", "bind", "127.0.0.1:0", "listen", "1", "new", "udp", "bind", "0.0.0.0:0"}, "bind = [0]"),
      "bind 127.0.0.1:0 OK\nlisten OK\nbind 0.0.0.0:0 OK\n");
  EXPECT_EQ(endpoints({"new", "tcp", "listen", "1"}, "bind = [0]"), "listen OK\n") << "on the sandbox's own 0.0.0.0";
  EXPECT_EQ(
      endpoints({"new", "tcp", "connect", "127.0.0.1:40000", "connect", "127.0.0.1:80"}, "bind = [0], connect = [0]"),
      "connect 127.0.0.1:40000 ECONNREFUSED\nconnect 127.0.0.1:80 EACCES\n")
      << "nobody is there, and it may ask";
  EXPECT_EQ(endpoints({"new", "tcp", "bind", "127.0.0.1:40000"}, "bind = [0]"), "bind 127.0.0.1:40000 EACCES\n")
      << "the program does not choose";
  EXPECT_EQ(endpoints({"new", "tcp", "connect", "127.0.0.1:40000"}, "bind = [0], connect = [80]"),
            "connect 127.0.0.1:40000 EACCES\n");
}

TEST(network_ports, are_reached_on_the_sandboxs_own_wildcard_and_nowhere_else) {
  EXPECT_EQ(endpoints({"new", "tcp", "bind", "0.0.0.0:8080", "listen", "1", "new", "tcp", "connect", "127.0.0.1:8080",
                       "new", "tcp", "bind", "0.0.0.0:81", "new", "tcp", "connect", "1.1.1.1:8080"},
                      "bind = [8080], connect = [8080]"),
            "bind 0.0.0.0:8080 OK\nlisten OK\nconnect 127.0.0.1:8080 OK\nbind 0.0.0.0:81 EACCES\n"
            "connect 1.1.1.1:8080 EACCES\n");
  EXPECT_EQ(endpoints({"new", "tcp6", "bind", "[::]:8080", "listen", "1", "new", "tcp6", "connect", "[::1]:8080"},
                      "bind = [8080], connect = [8080]"),
            "bind [::]:8080 OK\nlisten OK\nconnect [::1]:8080 OK\n");
}

// What is in an archive, as tar(1) lists it.
std::string listed(const fs::path& archive) {
  return run_command({"tar", "-tf", archive.string()}).output;
}

TEST(explain, tells_each_small_key_that_a_plan_says) {
  const TemporaryFolder folder;
  folder.write("data/secret", "s");
  folder.write(
      "plan.toml",
      "argv = [\"/usr/bin/true\"]\nhide = [\"/data/secret\"]\noom_score_adj = 500\nworkspace.path = \"/box\"\n"
      "collect = [{ path = \"out\", as = \"tar\", max = \"3MiB\" }]\n[limits]\ncpu_hard = \"7s\"\ncpu_rate = 0.5\n"
      "output_action = \"truncate\"\n[seccomp]\ndeny = { calls = [\"uname\"], action = \"violation\" }\n[network]\n"
      "mode = \"loopback\"\nbind = [\"8000-8010\", 0]\n[[mount]]\nbind = \"/usr\"\nat = \"/usr\"\nexec = true\n" +
          bind_of("data", "/data", "optional = true\n"));
  const Finished told = run_command({evalrun().string(), "explain", (folder.path() / "plan.toml").string()});
  EXPECT_EQ(told.exit_code, 0) << told.error_output;
  for (const std::string words :
       {"/data/secret", "/box ", "stopped at 7s", "0.5 cores", "is thrown away, and the run goes on",
        "500, where the host", "a call that ends it     uname", "8000-8010", "whichever the kernel chooses",
        "collected as tar        out, up to 3MiB"}) {
    EXPECT_NE(told.output.find(words), std::string::npos) << words << " is missing in\n" << told.output;
  }
  folder.write("plan.toml", "argv = [\"/usr/bin/true\"]\n[[mount]]\nbind = \"/usr\"\nat = \"/usr\"\nexec = true\n");
  const std::string plain = run_command({evalrun().string(), "explain", (folder.path() / "plan.toml").string()}).output;
  EXPECT_EQ(plain.find("\nand\n"), std::string::npos) << plain;
}

class Collecting {
 public:
  // The result of a program that leaves files in /work, of which `collect` is collected.
  nlohmann::json collect(const std::vector<std::string>& words, const std::string& collect) {
    Engine engine;
    const Result result =
        run_to_end(engine, mounted_probe_plan("probe", words, "collect = [" + collect + "]\n"), {.save_to = saved()});
    EXPECT_EQ(result.verdict(), Verdict::Ok) << result.json();
    return nlohmann::json::parse(result.json()).at("files");
  }
  [[nodiscard]] fs::path saved() const { return folder_.path() / "saved"; }

 private:
  TemporaryFolder folder_;
};

const std::vector<std::string> kLeaves = {
    "mkdir",  "/work/out",      "create", "/work/out/a.txt",      "fill",    "/work/out/b.log",  "5000",
    "mkdir",  "/work/out/deep", "create", "/work/out/deep/c.txt", "symlink", "/etc/passwd",      "/work/out/link",
    "mkfifo", "/work/out/fifo", "create", "/work/top.txt",        "create",  "/work/.hidden.txt"};

TEST(collect_tar, takes_a_folder_a_pattern_or_all_and_leaves_out_what_is_no_file) {
  Collecting collecting;
  const nlohmann::json files = collecting.collect(
      kLeaves,
      "{ path = \"out\", as = \"tar\" }, { path = \"out/*.txt\", as = \"tar\" }, { path = \".\", as = \"tar\" }, "
      "{ path = \"*.txt\", as = \"tar\" }, \"top.txt\"");
  ASSERT_EQ(files.size(), 5U) << files;
  for (const auto& file : files) EXPECT_FALSE(file.contains("error")) << file;
  EXPECT_EQ(listed(collecting.saved() / "out.tar"), "out/\nout/a.txt\nout/b.log\nout/deep/\nout/deep/c.txt\n");
  EXPECT_EQ(listed(collecting.saved() / "out/*.txt.tar"), "out/a.txt\n");
  EXPECT_EQ(listed(collecting.saved() / "work.tar"),
            ".hidden.txt\nout/\nout/a.txt\nout/b.log\nout/deep/\nout/deep/c.txt\ntop.txt\n");
  EXPECT_EQ(listed(collecting.saved() / "*.txt.tar"), "top.txt\n");
  EXPECT_EQ(files[0].at("bytes"), fs::file_size(collecting.saved() / "out.tar"));
  EXPECT_EQ(run_command({"tar", "-xOf", (collecting.saved() / "out.tar").string(), "out/b.log"}).output.size(), 5000U);
}

TEST(collect_tar, is_bounded_as_a_whole_and_tells_where_nothing_matches) {
  Collecting collecting;
  // A header of 512 bytes, 5000 in ten blocks, and two blocks at the end.
  const auto error = [&](const std::string& more) {
    const nlohmann::json files =
        collecting.collect({"fill", "/work/b", "5000"}, "{ path = \"b\", as = \"tar\"" + more + " }");
    fs::remove_all(collecting.saved());
    return files.empty() ? "none" : files[0].value("error", "");
  };
  EXPECT_EQ(error(", max = \"6656B\""), "");
  EXPECT_EQ(error(", max = \"6655B\""), "larger than 6655B");
  EXPECT_EQ(error(", max = \"511B\""), "larger than 511B");
  const nlohmann::json missing = collecting.collect({"exit", "0"},
                                                    "{ path = \"x*\", as = \"tar\" }, { path = \"y\", as = "
                                                    "\"tar\", optional = true }");
  ASSERT_EQ(missing.size(), 1U) << missing;
  EXPECT_EQ(missing[0].at("error"), "nothing matches");
  EXPECT_FALSE(fs::exists(collecting.saved() / "x*.tar"));
  EXPECT_NE(
      refusal_of(probe_plan("probe", {"exit", "0"}, "collect = [{ path = \".\" }]\n")).find("all of /work takes as"),
      std::string::npos);
}

TEST(collect_tar, keeps_names_that_are_longer_than_a_header_holds) {
  Collecting collecting;
  const std::string deep = std::string(120, 'n');
  collecting.collect({"mkdir", "/work/" + deep, "create", "/work/" + deep + "/" + deep},
                     "{ path = \".\", as = \"tar\" }");
  EXPECT_EQ(listed(collecting.saved() / "work.tar"), deep + "/\n" + deep + "/" + deep + "\n");
}

TEST(files_folder, places_every_file_below_it_and_refuses_what_is_none) {
  const TemporaryFolder folder;
  folder.write("data/a.txt", "a");
  folder.write("data/deep/b.txt", "b");
  const auto plan = [&](const std::string& more) {
    return mounted_probe_plan("probe", {"cat", "/work/in/a.txt", "cat", "/work/in/deep/b.txt"}, "") +
           "[files]\n\"in\" = { folder = \"" + (folder.path() / "data").string() + "\" }\n" + more;
  };
  EXPECT_EQ(run(plan("")).standard_output(), "ab") << "placed";
  EXPECT_NE(refusal_of(plan("\"in/a.txt\" = { text = \"\" }\n")).find("found \"in/a.txt\" again"), std::string::npos);
  fs::create_symlink("/etc/passwd", folder.path() / "data/link");
  EXPECT_NE(refusal_of(plan("")).find("link: expected regular files and folders alone"), std::string::npos)
      << refusal_of(plan(""));
  fs::remove_all(folder.path() / "data");
  EXPECT_NE(refusal_of(plan("")).find("No such file"), std::string::npos) << refusal_of(plan(""));
  folder.write("data", "a file");
  EXPECT_NE(refusal_of(plan("")).find("expected a folder"), std::string::npos) << refusal_of(plan(""));
}

}  // namespace
}  // namespace evalrun::test
