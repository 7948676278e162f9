// What a run says about how the program ended, and what the command's exit status is.

#include <gtest/gtest.h>

#include <csignal>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

TEST(run, a_program_that_exits_0_is_ok) {
  const PlanRun run = run_plan(probe_plan("probe", {"say", "hello"}));
  EXPECT_EQ(run.command.exit_code, 0);
  EXPECT_EQ(run.verdict(), "OK");
  EXPECT_EQ(run.result.at("outcome"), nlohmann::json({{"kind", "exited"}, {"exit_code", 0}}));
  EXPECT_EQ(run.output(), "hello\n");
}

TEST(run, exit_codes_are_exit_codes_whatever_they_look_like) {
  for (const int code : {1, 42, 126, 127, 128, 128 + SIGKILL, 128 + SIGSEGV, 255}) {
    const PlanRun run = run_plan(probe_plan("probe", {"exit", std::to_string(code)}));
    EXPECT_EQ(run.command.exit_code, 1);
    EXPECT_EQ(run.verdict(), "RE");
    EXPECT_EQ(run.result.at("outcome"), nlohmann::json({{"kind", "exited"}, {"exit_code", code}}));
  }
}

TEST(run, signals_are_signals) {
  const std::pair<int, const char*> cases[] = {{SIGABRT, "SIGABRT"}, {SIGSEGV, "SIGSEGV"}, {SIGKILL, "SIGKILL"},
                                               {SIGTERM, "SIGTERM"}, {SIGPIPE, "SIGPIPE"}, {SIGFPE, "SIGFPE"}};
  for (const auto& [signal, name] : cases) {
    const PlanRun run = run_plan(probe_plan("probe", {"raise", std::to_string(signal)}));
    EXPECT_EQ(run.command.exit_code, 1);
    EXPECT_EQ(run.verdict(), "RE");
    EXPECT_EQ(run.result.at("outcome"), nlohmann::json({{"kind", "signaled"}, {"signal", signal}, {"name", name}}));
  }
}

TEST(run, abort_is_sigabrt_because_the_program_is_not_pid_1) {
  const PlanRun run = run_plan(probe_plan("probe", {"abort"}));
  EXPECT_EQ(run.result.at("outcome").at("name"), "SIGABRT") << run.command.output;
}

TEST(run, a_bare_name_is_looked_up_in_the_plans_path) {
  const std::string mount =
      "[[mount]]\nbind = \"" + build_dir().string() + "/probes\"\nat = \"/opt/probes\"\nexec = true\n";
  const PlanRun found =
      run_plan("argv = [\"probe\", \"say\", \"found\"]\nenv.PATH = \"/nowhere:/opt/probes\"\n" + mount);
  EXPECT_EQ(found.output(), "found\n") << found.command.output << found.command.error_output;
  const PlanRun missing = run_plan("argv = [\"probe\"]\nenv.PATH = \"/nowhere:/elsewhere\"\n" + mount);
  EXPECT_EQ(missing.command.exit_code, 2);
  EXPECT_TRUE(missing.command.error_output.ends_with("argv: probe is not in PATH (/nowhere:/elsewhere)\n"))
      << missing.command.error_output;
  // Where it may yet be written, only the start can tell.
  const PlanRun perhaps = run_plan("argv = [\"probe\"]\nenv.PATH = \"/nowhere:/tmp\"\n" + mount);
  EXPECT_EQ(perhaps.command.exit_code, 3);
  EXPECT_EQ(perhaps.result.at("outcome").at("subject"), "probe in PATH");
  EXPECT_EQ(perhaps.result.at("outcome").at("errno"), "ENOENT");
}

TEST(run, a_program_that_the_file_system_does_not_have_is_the_plans_error_with_the_nearest_name) {
  const std::string mount =
      "[[mount]]\nbind = \"" + build_dir().string() + "/probes\"\nat = \"/opt/probes\"\nexec = true\n";
  const auto said = [&](const std::string& keys) {
    const PlanRun run = run_plan(keys + mount);
    EXPECT_EQ(run.command.exit_code, 2) << run.command.output;
    return run.command.error_output;
  };
  const std::string by_path = said("argv = [\"/opt/probes/porbe\"]\n");
  EXPECT_TRUE(
      by_path.ends_with("argv: /opt/probes/porbe is not in the file system that the plan's mounts make; did you "
                        "mean /opt/probes/probe?\n"))
      << by_path;
  const std::string by_name = said("argv = [\"porbe\"]\nenv.PATH = \"/opt/probes\"\n");
  EXPECT_TRUE(by_name.ends_with("argv: porbe is not in PATH (/opt/probes); did you mean probe?\n")) << by_name;
  const std::string far = said("argv = [\"/opt/probes/quite-another\"]\n");
  EXPECT_TRUE(far.ends_with("that the plan's mounts make\n")) << far;
  EXPECT_EQ(run_plan("argv = [\"/opt/probes/probe\", \"exit\", \"0\"]\n" + mount).verdict(), "OK");
  // A submission's own file may be written before it is started.
  EXPECT_EQ(run_plan("argv = [\"/work/porbe\"]\n" + mount).verdict(), "RE");
}

TEST(run, a_program_on_the_path_is_found_through_links_of_the_sandbox_that_the_host_does_not_have) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "real");
  std::filesystem::copy_file(probe("probe"), folder.path() / "real/tool");
  std::filesystem::create_directory_symlink("/opt/real", folder.path() / "absolute");
  std::filesystem::create_directory_symlink("/opt/gone", folder.path() / "dangling");
  const auto plan = [&](const std::string& path) {
    return "argv = [\"tool\", \"say\", \"found\"]\nenv.PATH = \"" + path + "\"\n[[mount]]\nbind = \"" +
           folder.path().string() + "\"\nat = \"/opt\"\nexec = true\n";
  };
  EXPECT_EQ(run_plan(plan("/opt/absolute")).output(), "found\n");
  const PlanRun missing = run_plan(plan("/opt/dangling"));
  EXPECT_EQ(missing.command.exit_code, 2);
  EXPECT_NE(missing.command.error_output.find("argv: tool is not in PATH (/opt/dangling)"), std::string::npos);
}

TEST(run, a_submission_that_is_no_program_is_a_run_time_error_and_not_an_exit_code) {
  const PlanRun garbage =
      run_plan("argv = [\"/work/p\"]\n[files]\n\"p\" = { text = \"no program\", mode = \"0755\" }\n");
  EXPECT_EQ(garbage.command.exit_code, 1);
  EXPECT_EQ(garbage.verdict(), "RE");
  EXPECT_EQ(garbage.kind(), "not_started");
  EXPECT_EQ(garbage.result.at("outcome").at("errno"), "ENOEXEC");
  const PlanRun closed = run_plan("argv = [\"./p\"]\n[files]\n\"p\" = { text = \"#!/nowhere\", mode = \"0644\" }\n");
  EXPECT_EQ(closed.verdict(), "RE");
  EXPECT_EQ(closed.result.at("outcome").at("errno"), "EACCES");
}

TEST(run, the_environment_is_the_plans_and_nothing_else) {
  ::setenv("EVALRUN_TEST_SECRET", "leaked", 1);
  const PlanRun run = run_plan(probe_plan("probe", {"environment"}, "env = { B = \"2\", A = \"1=1\" }\n"));
  ::unsetenv("EVALRUN_TEST_SECRET");
  EXPECT_EQ(run.output(), "A=1=1\nB=2\n");
}

TEST(run, the_result_has_every_field_of_the_interface) {
  const PlanRun run = run_plan(probe_plan("probe", {"say", "x"}));
  for (const char* field :
       {"version", "plan",       "verdict",          "outcome",          "message",   "start",  "cpu",
        "wall_us", "memory",     "processes",        "context_switches", "faults",    "stdout", "stderr",
        "files",   "violations", "violations_total", "layers",           "timing_us", "host"}) {
    EXPECT_TRUE(run.result.contains(field)) << field;
  }
  EXPECT_EQ(run.result.at("version"), 1);
  EXPECT_EQ(run.result.at("plan").at("name"), "plan");
  EXPECT_EQ(run.result.at("plan").at("sha256").get<std::string>().size(), 64U);
  for (const char* stage : {"compile", "setup", "run"}) EXPECT_GT(run.result.at("timing_us").at(stage), 0) << stage;
}

TEST(run, the_plan_can_come_from_standard_input_and_the_result_go_to_a_file) {
  const TemporaryFolder folder;
  const std::string result = (folder.path() / "result.json").string();
  const Finished command =
      run_command({evalrun().string(), "-", "--output", result}, probe_plan("probe", {"say", "x"}));
  EXPECT_EQ(command.exit_code, 0) << command.error_output;
  EXPECT_EQ(command.output, "");
  EXPECT_EQ(nlohmann::json::parse(read_file(result)).at("plan").at("name"), "stdin");
}

TEST(run, set_overrides_one_key) {
  const PlanRun run = run_plan(probe_plan("probe", {"hostname"}, "hostname = \"one\"\n"), {"--set", "hostname=two"});
  EXPECT_EQ(run.output(), "hostname two\n") << run.command.error_output;
}

TEST(run, text_format_escapes_what_a_terminal_would_obey) {
  const TemporaryFolder folder;
  const std::string plan = folder.write("plan.toml", probe_plan("probe", {"write-hex", "1b5b33316d0a"})).string();
  const Finished command = run_command({evalrun().string(), plan, "--format", "text"});
  EXPECT_NE(command.output.find("\\x1b[31m"), std::string::npos) << command.output;
  EXPECT_EQ(command.output.find('\x1b'), std::string::npos);
}

TEST(run, a_plan_that_is_wrong_is_exit_status_2_with_its_place) {
  const PlanRun run = run_plan("argv = [\"/x\"]\n[limits]\ncpu = 2\n");
  EXPECT_EQ(run.command.exit_code, 2);
  EXPECT_NE(run.command.error_output.find("plan.toml:3:"), std::string::npos) << run.command.error_output;
  EXPECT_NE(run.command.error_output.find("limits.cpu"), std::string::npos);
  EXPECT_EQ(run.command.output, "");
}

TEST(run, a_command_line_that_is_wrong_is_exit_status_2) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--no-such-option", "x"}, {"run"}, {"run", "a", "b"}, {"image"}, {"schema", "x"}}) {
    std::vector<std::string> argv = {evalrun().string()};
    argv.insert(argv.end(), words.begin(), words.end());
    const Finished command = run_command(argv);
    EXPECT_EQ(command.exit_code, 2) << command.error_output;
    EXPECT_TRUE(command.error_output.starts_with("evalrun: ")) << command.error_output;
  }
}

TEST(run, check_compiles_and_runs_nothing) {
  const TemporaryFolder folder;
  const std::string good = folder.write("good.toml", probe_plan("probe", {"say", "ran"})).string();
  const Finished checked = run_command({evalrun().string(), "check", good});
  EXPECT_EQ(checked.exit_code, 0) << checked.error_output;
  EXPECT_EQ(checked.output.find("ran\n"), std::string::npos);
  const std::string bad =
      folder.write("bad.toml", probe_plan("probe", {}) + "[[mount]]\nbind = \"/nowhere\"\nat = \"/x\"\n").string();
  const Finished refused = run_command({evalrun().string(), "check", bad});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.error_output.find("bad.toml:3:"), std::string::npos) << refused.error_output;
}

TEST(run, forty_runs_at_once_do_not_disturb_each_other) {
  const TemporaryFolder folder;
  const std::string plan =
      folder.write("plan.toml", probe_plan("probe", {"cat", "/proc/self/uid_map", "say", "done"})).string();
  const Finished all =
      run_command({"sh", "-c", "for i in $(seq 40); do \"$0\" run \"$1\" --output \"$2/$i\" & done; wait",
                   evalrun().string(), plan, folder.path().string()});
  EXPECT_EQ(all.exit_code, 0);
  for (int i = 1; i <= 40; ++i) {
    const nlohmann::json result = nlohmann::json::parse(read_file(folder.path() / std::to_string(i)), nullptr, false);
    ASSERT_FALSE(result.is_discarded()) << i;
    EXPECT_EQ(result.at("verdict"), "OK") << i << result.dump(1);
  }
}

}  // namespace
}  // namespace evalrun::test
