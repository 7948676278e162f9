// A submission compiled once and run over its cases, through the binary.

#include <gtest/gtest.h>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

constexpr const char* kAddInC = R"(#include <stdio.h>
int main() { long a, b; if (scanf("%ld %ld", &a, &b) != 2) return 3; printf("%ld\n", a + b); })";

// A submission in C over cases; `more` follows the files.
std::string c_plan(const std::string& more) {
  return "image = \"c\"\nsource = \"main.c\"\n[files]\n\"main.c\" = { from = \"main.c\" }\n" + more;
}

std::string case_of(const std::string& input, const std::string& expected, const std::string& more = "") {
  return "[[case]]\nstdin.text = '''" + input + "'''\nexpect.text = '''" + expected + "'''\n" + more + "\n";
}

bool has_image(const std::string& name) {
  const Finished list = run_command({evalrun().string(), "image", "list"});
  const std::size_t line = list.output.find(name + ": ");
  return list.output.compare(list.output.find("; ", line), 11, "; installed") == 0;
}

std::string verdicts(const PlanRun& run) {
  std::string text;
  for (const auto& one : run.result.at("cases")) {
    text += (one.at("verdict").is_null() ? "-" : one.at("verdict").get<std::string>()) + " ";
  }
  return text;
}

// What must not depend on the number of jobs: everything but figures and times.
nlohmann::json judged(const PlanRun& run) {
  nlohmann::json judged = {run.result.at("verdict"), run.result.at("message"), run.result.at("score")};
  for (const auto& one : run.result.at("cases")) {
    nlohmann::json kept;
    for (const char* key : {"name", "group", "verdict", "points", "message", "feedback", "outcome", "stdout"}) {
      kept[key] = one.value(key, nlohmann::json());
    }
    judged.push_back(std::move(kept));
  }
  return judged;
}

// A plan whose compile step is a shell script and whose cases run another one.
std::string shell_plan(const std::string& compile, const std::string& run, const std::string& more) {
  return "image = \"bash\"\nargv = [\"bash\", \"-c\", '''" + run + "''']\n[compile]\nargv = [\"bash\", \"-c\", '''" +
         compile + "''']\n" + more;
}

TEST(grading, a_c_submission_is_compiled_once_and_judged_case_by_case) {
  if (!has_image("c")) EVALRUN_SKIP("gcc");
  const TemporaryFolder folder;
  folder.write("main.c", kAddInC);
  const PlanRun run =
      run_plan_in(folder, c_plan("[compile]\n" + case_of("1 2", "3") + case_of("20 22", "42", "points = 3") +
                                 case_of("1 1", "3") + case_of("", "0")));
  EXPECT_EQ(run.command.exit_code, 1) << run.command.error_output;
  EXPECT_EQ(run.verdict(), "WA");
  EXPECT_EQ(verdicts(run), "AC AC WA RE ");
  EXPECT_EQ(run.result.at("score"), 4);
  EXPECT_EQ(run.result.at("score_max"), 6);
  EXPECT_EQ(run.result.at("message"), "case 3: wrong answer");
  EXPECT_EQ(run.result.at("cases").at(2).at("feedback"), "line 1, token 1: expected \"3\", found \"2\"");
  EXPECT_EQ(run.result.at("cases").at(3).at("outcome").at("exit_code"), 3);
  EXPECT_EQ(run.result.at("compile").at("verdict"), "OK");
  EXPECT_GT(run.result.at("compile").at("cpu").at("total_us"), 0);
  EXPECT_EQ(run.result.at("cases").at(0).at("stdout").at("text"), "3\n");
  EXPECT_EQ(run.result.at("cases").at(0).at("stdout").at("bytes"), 2);
}

TEST(grading, an_accepted_submission_exits_with_0) {
  if (!has_image("python")) EVALRUN_SKIP("python3");
  const TemporaryFolder folder;
  folder.write("main.py", "print(sum(map(int, input().split())))\n");
  const PlanRun run = run_plan_in(
      folder, "image = \"python\"\nsource = \"main.py\"\n[files]\n\"main.py\" = { from = \"main.py\" }\n[compile]\n" +
                  case_of("1 2", "3") + case_of("5 5", "10"));
  EXPECT_EQ(run.command.exit_code, 0) << run.command.output;
  EXPECT_EQ(run.verdict(), "AC");
  EXPECT_EQ(run.result.at("score"), 2);
}

TEST(grading, what_does_not_compile_is_ce_with_the_compilers_words_and_runs_nothing) {
  if (!has_image("c") || !has_image("python")) EVALRUN_SKIP("gcc, python3");
  const TemporaryFolder folder;
  folder.write("main.c", "int main( { return 0; }\n");
  const PlanRun run = run_plan_in(folder, c_plan("[compile]\n" + case_of("1 2", "3")));
  EXPECT_EQ(run.command.exit_code, 1);
  EXPECT_EQ(run.verdict(), "CE");
  EXPECT_EQ(run.result.at("compile").at("verdict"), "CE");
  EXPECT_NE(run.result.at("compile").at("stderr").at("text").get<std::string>().find("error:"), std::string::npos);
  EXPECT_EQ(verdicts(run), "- ");
  EXPECT_EQ(run.result.at("score"), 0);
  const PlanRun syntax = run_plan(
      "image = \"python\"\nsource = \"m.py\"\n[files]\n\"m.py\".text = \"print(\"\n[compile]\n" + case_of("", ""));
  EXPECT_EQ(syntax.verdict(), "CE");
}

TEST(grading, a_compiler_that_hits_a_limit_is_ce_too) {
  const PlanRun run =
      run_plan(shell_plan("while :; do :; done", "true", "limits = { cpu = \"200ms\" }\n" + case_of("", "")));
  EXPECT_EQ(run.verdict(), "CE");
  EXPECT_EQ(run.result.at("compile").at("outcome").at("limit"), "cpu");
}

// Rows 140 and 143.
TEST(grading, a_compiler_that_writes_or_says_too_much_is_ce_too) {
  const auto limit_met = [](const std::string& compile, const std::string& limits) {
    const PlanRun run = run_plan(shell_plan(compile, "true", "limits = { " + limits + " }\n" + case_of("", "")));
    return run.verdict() + " " + run.result.at("compile").at("outcome").value("limit", "no limit");
  };
  const std::string writes = "exec head -c 2000000 /dev/zero >made";
  EXPECT_EQ(limit_met(writes, "file_size = \"1MiB\""), "CE file_size");
  EXPECT_EQ(limit_met(writes, "file_size = \"2MiB\""), "AC no limit");
  const std::string says = "exec head -c 2000000 /dev/zero >&2";
  EXPECT_EQ(limit_met(says, "output = \"1MiB\""), "CE output");
  EXPECT_EQ(limit_met(says, "output = \"2MiB\""), "AC no limit");
}

// Row 138.
TEST(grading, a_compiler_reads_no_file_of_the_host) {
  if (!has_image("c")) EVALRUN_SKIP("gcc");
  const TemporaryFolder folder;
  const std::string secret = folder.write("secret.h", "#define ANSWER 42\n").string();
  const auto compiled = [&](const std::string& line) {
    folder.write("main.c", line + "\nint main() { return 0; }\n");
    return run_plan_in(folder, c_plan("\"own.h\" = { text = \"\" }\n[compile]\n" + case_of("", "")));
  };
  EXPECT_EQ(compiled("#include \"own.h\"").verdict(), "AC");
  EXPECT_EQ(compiled("__asm__(\".incbin \\\"/work/own.h\\\"\");").verdict(), "AC");
  // /etc/passwd is the image's own.
  for (const std::string& path : {secret, std::string("/etc/shadow")}) {
    for (const std::string& line : {"#include \"" + path + "\"", "__asm__(\".incbin \\\"" + path + "\\\"\");"}) {
      const PlanRun run = compiled(line);
      EXPECT_EQ(run.verdict(), "CE") << line;
      EXPECT_EQ(run.command.output.find("ANSWER"), std::string::npos) << run.command.output;
    }
  }
}

TEST(grading, what_a_plan_takes_from_the_program_its_compiler_still_has) {
  const std::string makes_a_link = "ln -s /etc made && echo linked";
  const std::string narrowed = "seccomp.deny = [\"symlink\", \"symlinkat\"]\n";
  const PlanRun both = run_plan(shell_plan(makes_a_link, makes_a_link, ""));
  EXPECT_EQ(both.verdict(), "OK") << both.command.output;
  const PlanRun denied = run_plan(narrowed + shell_plan(makes_a_link, makes_a_link, ""));
  EXPECT_EQ(denied.result.at("compile").at("verdict"), "OK") << denied.command.output;
  EXPECT_EQ(denied.verdict(), "RE");
}

TEST(grading, paths_that_only_the_program_is_kept_to_may_be_the_compilers_work) {
  const std::string narrowed = "landlock = { read = [\"/work/made\", \"/usr\"], execute = [\"/usr\"] }\n";
  const std::string compile = "echo compiled >made; echo compiled >other";
  const PlanRun run = run_plan(narrowed + shell_plan(compile, "cat made; cat other", ""));
  EXPECT_EQ(run.result.at("compile").at("verdict"), "OK") << run.command.output;
  EXPECT_EQ(run.output(), "compiled\n");
  EXPECT_EQ(run.verdict(), "RE");
}

TEST(grading, explain_shows_every_sandbox_of_the_plan) {
  const TemporaryFolder folder;
  folder.write("plan.toml", "seccomp.deny = [\"symlinkat\"]\n" + shell_plan("true", "true", case_of("", "")));
  const Finished explained = run_command({evalrun().string(), "explain", (folder.path() / "plan.toml").string()});
  ASSERT_EQ(explained.exit_code, 0) << explained.error_output;
  const std::size_t compile = explained.output.find("== compile\n");
  const std::size_t program = explained.output.find("== case\n");
  ASSERT_EQ(compile, 0U) << explained.output;
  ASSERT_NE(program, std::string::npos);
  EXPECT_NE(explained.output.find("steps, in order"), explained.output.rfind("steps, in order"));
  EXPECT_NE(explained.output.find("== checker\n\nchecker tokens: accepts the same words between white space\n"),
            std::string::npos);
}

TEST(grading, explain_says_by_which_rules_output_is_compared) {
  const TemporaryFolder folder;
  const auto explained = [&](const std::string& checker) {
    folder.write("plan.toml", "checker = " + checker + "\n" + shell_plan("", "true", case_of("", "")));
    return run_command({evalrun().string(), "explain", (folder.path() / "plan.toml").string()}).output;
  };
  const std::string kattis = explained("{ kind = \"kattis\", float_tolerance = 1e-6, compat = \"domjudge\" }");
  EXPECT_NE(kattis.find("  by the rules of DOMjudge\n  letters: case does not count\n  white space: only separates "
                        "words\n  numbers: absolute error at most 1e-06\n  numbers: relative error at most 1e-06\n"),
            std::string::npos)
      << kattis;
  EXPECT_NE(explained("{ kind = \"dmoj/floats\", precision = 9 }").find("  numbers: error at most 1e-9\n"),
            std::string::npos);
}

TEST(grading, checkers_of_other_judges_judge_cases) {
  const auto graded = [](const std::string& checker, const std::string& expected) {
    return run_plan("checker = " + checker + "\n" + shell_plan("", "echo YES 1.0000001", case_of("", expected)));
  };
  EXPECT_EQ(graded("{ kind = \"kattis\", float_tolerance = 1e-6 }", "yes 1").verdict(), "AC");
  const PlanRun wrong = graded("{ kind = \"kattis\", float_tolerance = 1e-9 }", "yes 1");
  EXPECT_EQ(wrong.verdict(), "WA");
  EXPECT_NE(wrong.result.dump().find("line 1, token 2, byte 4 (answer: line 1, byte 4)"), std::string::npos)
      << wrong.result.dump();
  EXPECT_EQ(graded("{ kind = \"dmoj/unordered\" }", "1.0000001 YES").verdict(), "AC");
  EXPECT_EQ(graded("{ kind = \"testlib/wcmp\" }", "YES 1.0000001").verdict(), "AC");
  // What the answer cannot be is nobody's wrong answer.
  const PlanRun fault = graded("{ kind = \"testlib/nyesno\" }", "maybe");
  EXPECT_EQ(fault.verdict(), "IE");
  EXPECT_NE(fault.result.dump().find("expected YES or NO in line 1, token 1, byte 0 of the answer"), std::string::npos)
      << fault.result.dump();
}

TEST(grading, without_cases_the_program_is_compiled_and_run_once) {
  const TemporaryFolder folder;
  const PlanRun run = run_plan_in(
      folder, "stdin.text = \"in\"\ncollect = [\"made\"]\n" + shell_plan("echo compiled >made", "cat made -", ""),
      {"--save-to", (folder.path() / "saved").string()});
  EXPECT_EQ(run.command.exit_code, 0) << run.command.output << run.command.error_output;
  EXPECT_EQ(run.verdict(), "OK");
  EXPECT_EQ(run.output(), "compiled\nin");
  EXPECT_EQ(read_file(folder.path() / "saved/made"), "compiled\n");
  EXPECT_EQ(run.result.at("compile").at("verdict"), "OK");
  EXPECT_FALSE(run.result.contains("cases"));
}

TEST(grading, the_result_is_the_same_whatever_the_number_of_jobs) {
  // The first failure is slow, so that later ones are known before it.
  const std::string run = "read n; [ $n = 3 ] && { sleep 0.3; echo wrong; }; [ $n = 5 ] && exit 7; echo $n";
  std::string cases;
  for (int i = 1; i <= 8; ++i) {
    const std::string n = std::to_string(i);
    cases += case_of(n + "\n", n + "\n", i > 5 ? "group = 'late'" : "group = 'early'");
  }
  const std::string plan = shell_plan("true", run, "limits = {}\n" + cases);
  for (const std::vector<std::string>& how : {std::vector<std::string>{}, {"--stop-at-first-failure"}}) {
    std::vector<std::string> one = how;
    one.insert(one.end(), {"--jobs", "1"});
    const PlanRun alone = run_plan(plan, one);
    EXPECT_EQ(verdicts(alone), how.empty() ? "AC AC WA AC RE AC AC AC " : "AC AC WA - - - - - ");
    EXPECT_EQ(alone.result.at("score"), how.empty() ? 3 : 0);
    for (const char* jobs : {"2", "8"}) {
      std::vector<std::string> many = how;
      many.insert(many.end(), {"--jobs", jobs});
      EXPECT_EQ(judged(run_plan(plan, many)), judged(alone)) << jobs;
    }
  }
}

TEST(grading, a_case_sees_neither_another_cases_files_nor_what_is_expected) {
  const std::string run =
      "echo spoor >>/work/spoor; echo spoor >/tmp/spoor; find /work /tmp /dev/shm -type f | sort | tr '\\n' ' '; "
      "wc -l </work/spoor; grep -rl s3cret /work /tmp /proc/self/environ 2>/dev/null; true";
  const std::string expected = "/tmp/spoor /work/made /work/spoor 1 s3cret";
  const PlanRun result = run_plan(shell_plan("echo x >made", run, case_of("", expected) + case_of("", expected)));
  EXPECT_EQ(verdicts(result), "WA WA ");
  for (const auto& one : result.result.at("cases")) {
    EXPECT_EQ(one.at("feedback"), "line 2, token 5: expected \"s3cret\", found the end") << result.command.output;
  }
}

// Most of many cases run in cells, one after the other; those of few do not.
TEST(grading, many_cases_are_judged_as_each_is_alone) {
  const std::string run =
      "read how; cat made; case $how in wrong) echo 41;; leave) echo 42 | tee /work/spoor /tmp/spoor /dev/shm/spoor;; "
      "look) find /work /tmp /dev/shm -type f | sort; wc -c <blob;; cpu) while :; do :; done;; wall) sleep 9;; "
      "output) yes;; exit) exit 7;; signal) kill -SEGV $$;; change) chmod 600 blob; echo more >>made; cat made;; esac";
  const std::pair<const char*, const char*> kinds[] = {
      {"leave", "once 42"},
      {"look", "once /work/blob /work/made 300000"},
      {"change", "once once more"},
      {"look", "once /work/blob /work/made 300000"},
      {"wrong", "once 42"},
      {"cpu", ""},
      {"exit", "once"},
      {"look", "once /work/blob /work/made 300000"},
      {"signal", "once"},
      {"output", ""},
      {"wall", "once"},
      {"look", "once /work/blob /work/made 300000"},
  };
  const std::string compile = "echo once >made; head -c 300000 /dev/zero >blob";
  const std::string limits = "limits = { cpu = '300ms', wall = '1s', output = '64KiB' }";
  std::string cases;
  std::vector<nlohmann::json> alone;
  for (int round = 0; round < 2; ++round) {
    for (const auto& [how, expected] : kinds) {
      const std::string one = case_of(std::string(how) + "\n", expected, limits);
      cases += one;
      if (round == 0) alone.push_back(judged(run_plan(shell_plan(compile, run, one))).back());
    }
  }
  const PlanRun all = run_plan(shell_plan(compile, run, cases), {"--jobs", "2"});
  const nlohmann::json together = judged(all);
  EXPECT_EQ(verdicts(all), "AC AC AC AC WA TLE RE AC RE OLE TLE AC AC AC AC AC WA TLE RE AC RE OLE TLE AC ");
  for (std::size_t i = 0; i < 2 * alone.size(); ++i) {
    nlohmann::json found = together.at(3 + i), expected = alone.at(i % alone.size());
    // How far a limit is passed is a figure.
    for (nlohmann::json* each : {&found, &expected}) {
      each->erase("name");
      if ((*each)["outcome"]["kind"] == "limit") (*each) = {(*each)["verdict"], (*each)["outcome"]["limit"]};
    }
    EXPECT_EQ(found, expected) << i;
  }
}

TEST(grading, what_is_too_large_for_memory_is_carried_over_to_many_cases_too) {
  for (const char* size : {"5000000", "9000000"}) {
    std::string cases;
    for (int i = 0; i < 10; ++i) cases += case_of("", size);
    const PlanRun run =
        run_plan(shell_plan("head -c " + std::string(size) + " /dev/zero >large", "wc -c <large; echo >>large", cases));
    EXPECT_EQ(run.verdict(), "AC") << run.command.output;
  }
}

TEST(grading, a_forged_verdict_is_just_output) {
  const PlanRun run = run_plan(shell_plan("echo '{\"verdict\":\"AC\"}'",
                                          "echo '{\"version\":1,\"verdict\":\"AC\",\"score\":99}'", case_of("", "42")));
  EXPECT_EQ(run.verdict(), "WA");
  EXPECT_EQ(run.result.at("score"), 0);
}

TEST(grading, links_fifos_and_what_is_unreadable_are_not_carried_over) {
  const std::string compile =
      "ln -s /etc/passwd link; ln -s .. up; mkdir d e closed; ln -s /etc d/etc; mkfifo fifo d/fifo; echo a >d/a; "
      "echo s >closed/s; chmod 0 closed; echo x >secret; chmod 0 secret; echo p >prog; chmod 4755 prog; ln d/a hard";
  const std::string run = "find . -mindepth 1 -printf '%p %y %m\\n' | sort; cat d/a hard";
  const std::string expected = "./d d 755\n./d/a f 644\n./hard f 644\n./prog f 755\na\na\n";
  const PlanRun result =
      run_plan("checker.kind = \"exact\"\n" + shell_plan("umask 022; " + compile, run, case_of("", "\n" + expected)));
  EXPECT_EQ(result.verdict(), "AC") << result.command.output << result.command.error_output;
}

TEST(grading, what_does_not_fit_a_case_is_a_compile_error_and_never_our_fault) {
  const std::pair<const char*, const char*> rows[] = {
      {"for i in {1..1500}; do echo >f$i; done", "more than 1000 files"},
      {"d=.; for i in {1..40}; do d=$d/d; done; mkdir -p $d; echo x >$d/x", "nested more than 32 deep"},
      {"truncate -s 200M sparse", "more than limits.workspace"},
      {"head -c 100M /dev/zero >large", "more than limits.workspace"},
  };
  for (const auto& [compile, says] : rows) {
    const PlanRun run = run_plan(shell_plan(compile, "true", case_of("", "")));
    EXPECT_EQ(run.verdict(), "CE") << compile << run.command.output;
    EXPECT_NE(run.result.value("message", "").find(says), std::string::npos) << run.result.value("message", "");
  }
  const PlanRun inodes =
      run_plan(shell_plan("for i in {1..80}; do echo >f$i; done", "true", case_of("", "", "limits.inodes = 40")));
  EXPECT_EQ(inodes.verdict(), "CE");
  const PlanRun fits = run_plan(shell_plan("for i in {1..900}; do echo >f$i; done", "ls | wc -l", case_of("", "900")));
  EXPECT_EQ(fits.verdict(), "AC") << fits.command.output;
}

TEST(grading, a_file_in_place_of_a_folder_of_the_plans_is_left_out) {
  const PlanRun run =
      run_plan("cwd = \"/work/build\"\n" +
               shell_plan("cd /work; rmdir build; echo >build; echo x >kept", "cat /work/kept", case_of("", "x")));
  EXPECT_EQ(run.verdict(), "AC") << run.command.output;
}

TEST(grading, every_limit_gives_its_verdict) {
  const std::string run =
      "read how; case $how in cpu) while :; do :; done;; wall) sleep 9;; output) yes;; "
      "re) exit 1;; signal) kill -SEGV $$;; file) head -c 9M /dev/zero >/work/f;; esac";
  std::string cases;
  for (const char* how : {"cpu", "wall", "output", "re", "signal", "fine"}) {
    cases += case_of(std::string(how) + "\n", "", "limits = { cpu = '300ms', wall = '1s', output = '64KiB' }");
  }
  const PlanRun result = run_plan(shell_plan("true", run, cases), {"--jobs", "2"});
  EXPECT_EQ(verdicts(result), "TLE TLE OLE RE RE AC ") << result.command.output;
  EXPECT_EQ(result.verdict(), "TLE");
}

TEST(grading, a_case_whose_file_is_not_there_is_an_error_of_the_plan) {
  for (const char* key : {"stdin", "expect"}) {
    const std::string other = std::string(key) == "stdin" ? "expect.text = ''\n" : "";
    const PlanRun run = run_plan("argv = [\"x\"]\n[[case]]\n" + other + key + ".file = \"missing\"\n");
    EXPECT_EQ(run.command.exit_code, 2);
    EXPECT_NE(run.command.error_output.find(std::string("case[0].") + key), std::string::npos)
        << run.command.error_output;
  }
}

// What is prepared for cases to come takes no descriptor from the case that runs.
// Reading it fails with EIO: nothing is mapped at address 0.
TEST(grading, what_is_expected_and_cannot_be_read_is_no_better_later) {
  const PlanRun run =
      run_plan(shell_plan("true", "echo", "[[case]]\nstdin.text = \"\"\nexpect.file = \"/proc/self/mem\"\n"));
  EXPECT_EQ(run.verdict(), "IE");
  const nlohmann::json outcome = run.result.at("cases").at(0).at("outcome");
  EXPECT_EQ(outcome.value("stage", ""), "checker") << run.result.dump();
  EXPECT_EQ(outcome.value("operation", ""), "read") << run.result.dump();
  EXPECT_FALSE(outcome.value("retryable", true)) << run.result.dump();
}

TEST(grading, with_room_for_the_descriptors_of_one_sandbox_each_case_is_judged) {
  const TemporaryFolder folder;
  std::string cases = "[limits]\nopen_files = 16\n";
  for (int i = 0; i < 24; ++i) cases += case_of("x", "x");
  const std::filesystem::path plan = folder.write("plan.toml", "image = \"bash\"\nargv = [\"cat\"]\n" + cases);
  for (const char* most : {"58", "59", "60", "61", "62", "128"}) {
    const Finished run = run_command({"bash", "-c", "ulimit -n \"$0\" && exec \"$@\"", most, evalrun().string(), "run",
                                      "--jobs", "1", plan.string()});
    EXPECT_EQ(run.exit_code, 0) << most << " " << run.output.substr(0, 500) << run.error_output;
  }
}

// What the host refuses for good is not worth another try; what it was short of is. strace answers for the kernel.
TEST(grading, a_case_that_cannot_be_started_says_whether_trying_again_may_help) {
  const TemporaryFolder folder;
  const std::string plan =
      folder.write("plan.toml", probe_plan("probe", {"say", "x"}) + "[[case]]\nexpect.text = \"x\\n\"\n").string();
  for (const auto& [error, retryable] : {std::pair{"EPERM", false}, std::pair{"EAGAIN", true}}) {
    const Finished run =
        run_command({"strace", "-qq", "-o", "/dev/null", "-e", "trace=clone3", "-e",
                     std::string("inject=clone3:error=") + error, evalrun().string(), "run", plan, "--format", "json"});
    if (run.exit_code == 127) EVALRUN_SKIP("strace");
    EXPECT_EQ(run.exit_code, 3) << run.output << run.error_output;
    const nlohmann::json outcome = nlohmann::json::parse(run.output).at("cases").at(0).at("outcome");
    EXPECT_EQ(outcome.at("errno"), error);
    EXPECT_EQ(outcome.at("retryable"), retryable) << error;
  }
}

// The first read looks for a byte order mark; the second one is the checker's.
TEST(grading, what_is_expected_and_cannot_be_read_says_whether_trying_again_may_help) {
  const TemporaryFolder folder;
  const std::string answer = folder.write("answer", "x\n").string();
  const std::string plan =
      folder.write("plan.toml", probe_plan("probe", {"say", "x"}) + "[[case]]\nexpect.file = \"" + answer + "\"\n")
          .string();
  for (const auto& [error, retryable] : {std::pair{"EIO", false}, std::pair{"ENOMEM", true}}) {
    const Finished run = run_command({"strace", "-qq", "-o", "/dev/null", "-P", answer, "-e", "trace=pread64", "-e",
                                      std::string("inject=pread64:when=2:error=") + error, evalrun().string(), "run",
                                      plan, "--format", "json"});
    if (run.exit_code == 127) EVALRUN_SKIP("strace");
    EXPECT_EQ(run.exit_code, 3) << run.output << run.error_output;
    const nlohmann::json outcome = nlohmann::json::parse(run.output).at("cases").at(0).at("outcome");
    EXPECT_EQ(outcome.value("stage", ""), "checker") << run.output;
    EXPECT_EQ(outcome.value("errno", ""), error);
    EXPECT_EQ(outcome.value("retryable", !retryable), retryable) << error;
  }
}

TEST(grading, cases_without_a_compile_step_start_from_the_plans_files) {
  const PlanRun run =
      run_plan("image = \"bash\"\nargv = [\"bash\", \"-c\", \"cat data; rm -f data\"]\n[files]\ndata.text = \"d\"\n" +
               case_of("", "d") + case_of("", "d"));
  EXPECT_EQ(run.verdict(), "AC") << run.command.output << run.command.error_output;
  EXPECT_FALSE(run.result.contains("compile"));
}

TEST(grading, the_example_is_accepted) {
  if (!has_image("cpp")) EVALRUN_SKIP("g++");
  const Finished run = run_command({evalrun().string(), (source_dir() / "images/examples/grade.toml").string()});
  EXPECT_EQ(run.exit_code, 0) << run.output << run.error_output;
}

TEST(grading, people_get_a_table) {
  const TemporaryFolder folder;
  const std::filesystem::path plan =
      folder.write("plan.toml", "image = \"bash\"\nargv = [\"cat\"]\n" + case_of("a", "a") + case_of("a", "b"));
  const Finished shown = run_command({evalrun().string(), plan.string(), "--format", "text"});
  EXPECT_NE(shown.output.find("WA  case 2: wrong answer; 1 of 2 points\n"), std::string::npos) << shown.output;
  EXPECT_NE(shown.output.find("expected \"b\", found \"a\"\n"), std::string::npos) << shown.output;
}

// The case of shell_plan() without a compile step.
std::string script_plan(const std::string& script, const std::string& more) {
  return "image = \"bash\"\nargv = [\"bash\", \"-c\", '''" + script + "''']\n" + more;
}

TEST(grading, a_case_shows_an_excerpt_of_both_streams) {
  const PlanRun run = run_plan(script_plan("echo out; echo why >&2; exit 1", case_of("", "out")));
  const nlohmann::json& one = run.result.at("cases").at(0);
  EXPECT_EQ(one.at("verdict"), "RE");
  EXPECT_EQ(one.at("stdout").at("text"), "out\n");
  EXPECT_EQ(one.at("stderr").at("text"), "why\n");
  EXPECT_EQ(one.at("stderr").at("truncated"), false);
}

TEST(grading, an_excerpt_is_bounded_and_the_checker_sees_all) {
  const std::string script = "for i in {1..2000}; do echo line; echo word >&2; done";
  std::string expected;
  for (int i = 0; i < 2000; ++i) expected += "line\n";
  const PlanRun standard = run_plan(script_plan(script, case_of("", expected)));
  const nlohmann::json& one = standard.result.at("cases").at(0);
  EXPECT_EQ(one.at("verdict"), "AC") << standard.command.output;
  EXPECT_EQ(one.at("stdout").at("text").get<std::string>().size(), 4096U);
  EXPECT_EQ(one.at("stderr").at("text").get<std::string>().size(), 4096U);
  EXPECT_EQ(one.at("stdout").at("bytes"), 10'000);
  EXPECT_EQ(one.at("stdout").at("truncated"), true);
  const PlanRun bounded =
      run_plan(script_plan(script, "stdout = { capture = \"10B\" }\nstderr = \"null\"\n" + case_of("", expected)));
  const nlohmann::json& other = bounded.result.at("cases").at(0);
  EXPECT_EQ(other.at("verdict"), "AC") << bounded.command.output;
  EXPECT_EQ(other.at("stdout").at("text"), "line\nline\n");
  EXPECT_FALSE(other.at("stderr").contains("text"));
}

TEST(grading, a_secret_case_shows_nothing_of_what_was_written_or_expected) {
  const PlanRun run = run_plan(script_plan("cat; echo leak >&2", case_of("hidden", "other", "secret = true\n") +
                                                                     case_of("shown", "other", "secret = false\n")));
  EXPECT_EQ(verdicts(run), "WA WA ");
  EXPECT_EQ(run.command.output.find("hidden"), std::string::npos) << run.command.output;
  const nlohmann::json& secret = run.result.at("cases").at(0);
  EXPECT_FALSE(secret.at("stdout").contains("text"));
  EXPECT_FALSE(secret.at("stderr").contains("text"));
  EXPECT_EQ(secret.at("feedback"), "");
  EXPECT_EQ(secret.at("stdout").at("bytes"), 6);
  const nlohmann::json& open = run.result.at("cases").at(1);
  EXPECT_EQ(open.at("stdout").at("text"), "shown");
  EXPECT_NE(open.at("feedback"), "");
}

TEST(grading, people_see_what_a_program_that_failed_has_said) {
  const TemporaryFolder folder;
  const std::filesystem::path plan =
      folder.write("plan.toml", script_plan("echo why it failed >&2; exit 3", case_of("", "x")));
  const Finished shown = run_command({evalrun().string(), plan.string(), "--format", "text"});
  EXPECT_NE(shown.output.find("case 1, stderr:\nwhy it failed\n"), std::string::npos) << shown.output;
}

TEST(grading, a_case_has_files_of_its_own_over_the_plans) {
  const std::string files = "[files]\n\"a.txt\".text = \"plan\"\n\"b.txt\".text = \"b\"\n";
  const PlanRun run = run_plan(script_plan("cat a.txt b.txt; cat c.txt 2>/dev/null; true",
                                           files + case_of("", "planb") +
                                               case_of("", "caseb", "files.\"a.txt\" = { text = \"case\" }\n") +
                                               case_of("", "planbc", "files.\"c.txt\" = { base64 = \"Yw==\" }\n")));
  EXPECT_EQ(verdicts(run), "AC AC AC ") << run.command.output;
}

TEST(grading, a_cases_file_goes_over_what_the_compile_step_left) {
  const PlanRun run =
      run_plan(shell_plan("echo left > data; echo kept > other", "cat data other",
                          case_of("", "left kept") + case_of("", "own kept", "files.data.text = \"own \"\n")));
  EXPECT_EQ(verdicts(run), "AC AC ") << run.command.output << run.command.error_output;
}

TEST(grading, a_cases_files_cannot_lie_in_a_file_of_the_plan) {
  const PlanRun run =
      run_plan(script_plan("true", "[files]\na.text = \"\"\n" + case_of("", "", "files.\"a/b\".text = \"\"\n")));
  EXPECT_EQ(run.command.exit_code, 2);
  EXPECT_NE(run.command.error_output.find("case[0].files"), std::string::npos) << run.command.error_output;
}

TEST(grading, an_output_file_is_judged_in_place_of_standard_output) {
  const PlanRun run =
      run_plan(script_plan("mkdir -p d; cat > d/out.txt; echo chatter",
                           "output_file = \"d/out.txt\"\n" + case_of("good", "good") + case_of("bad", "good")));
  EXPECT_EQ(verdicts(run), "AC WA ") << run.command.output;
  EXPECT_EQ(run.result.at("cases").at(0).at("stdout").at("text"), "chatter\n");
  const PlanRun own =
      run_plan(script_plan("echo o; echo f > f", case_of("", "o") + case_of("", "f", "output_file = \"f\"\n")));
  EXPECT_EQ(verdicts(own), "AC AC ") << own.command.output;
}

TEST(grading, an_output_file_that_is_none_is_a_wrong_answer_that_says_so) {
  const auto feedback = [](const std::string& script) {
    const PlanRun run = run_plan(script_plan(script, "output_file = \"out\"\n" + case_of("", "root:x")));
    return verdicts(run) + run.result.at("cases").at(0).at("feedback").get<std::string>();
  };
  EXPECT_EQ(feedback("true"), "WA out: the program has not written it");
  EXPECT_EQ(feedback("mkdir out"), "WA out: not a regular file");
  EXPECT_EQ(feedback("ln -s /etc/passwd out"), "WA out: openat2: Too many levels of symbolic links");
}

TEST(grading, an_output_file_is_bounded_like_standard_output) {
  const auto run = [&](int size) {
    const std::string text(static_cast<std::size_t>(size), 'x');
    return run_plan(
        script_plan("cat > out", "output_file = \"out\"\nlimits.output = \"1000B\"\n" + case_of(text, text)));
  };
  EXPECT_EQ(verdicts(run(1000)), "AC ");
  const PlanRun over = run(1001);
  EXPECT_EQ(verdicts(over), "OLE ") << over.command.output;
  EXPECT_EQ(over.result.at("cases").at(0).at("message"), "stopped at the output limit: out passed 1000B");
}

TEST(grading, a_byte_order_mark_in_what_is_expected_is_warned_of) {
  const PlanRun run = run_plan(script_plan("printf x", case_of("", "\xEF\xBB\xBFx") + case_of("", "x")));
  EXPECT_EQ(verdicts(run), "WA AC ");
  EXPECT_NE(run.result.at("cases").at(0).at("warnings").dump().find("byte order mark"), std::string::npos);
  EXPECT_EQ(run.result.at("cases").at(1).dump().find("byte order mark"), std::string::npos);
}

TEST(grading, a_limit_that_a_case_met_is_in_its_message) {
  const PlanRun run = run_plan(
      script_plan("head -c 2000000 /dev/zero > f; exit 1", "limits.workspace = \"1MiB\"\n" + case_of("", "x")));
  EXPECT_EQ(run.result.at("cases").at(0).at("message"), "exited with code 1; probably met limits.workspace (1MiB)")
      << run.command.output;
}

}  // namespace
}  // namespace evalrun::test
