// What `evalrun judge` says where the jury's side is broken: the message alone is to be enough to mend the package. It
// names the program, the case, the program's words, how it ended and what it wrote to standard error.

#include <gtest/gtest.h>

#include "tests/packages/support.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

Files package(const std::string& validator, const std::string& more_of_yaml = "",
              const std::string& type = "pass-fail") {
  return {{"problem.yaml", "problem_format_version: 2025-09\nname: Sum\nuuid: 0\ntype: " + type +
                               "\nlimits:\n  time_limit: 1\n" + more_of_yaml},
          {"data/sample/1.in", "1 2\n"},
          {"data/sample/1.ans", "3\n"},
          {"data/secret/1.in", "20 22\n"},
          {"data/secret/1.ans", "42\n"},
          {"output_validator/check.sh", validator},
          {"submissions/accepted/a.sh", "read a b\necho $((a + b))\n"}};
}

// The first line that the judge has for a right submission.
std::string message_of(const Files& files) {
  const TemporaryFolder folder;
  for (const auto& [path, text] : files) folder.write("sum/" + path, text);
  const std::string submission = folder.write("a.sh", "read a b\necho $((a + b))\n").string();
  const Finished done = run_command({evalrun().string(), "judge", (folder.path() / "sum").string(), submission});
  std::string text = done.error_output + done.output;
  for (std::size_t at = text.find(submission); at != text.npos; at = text.find(submission)) {
    text.replace(at, submission.size(), "a.sh");
  }
  const std::size_t at = text.find("a.sh (bash): ");
  if (at == text.npos) return "status " + std::to_string(done.exit_code) + ": " + text;
  EXPECT_EQ(done.exit_code, 3) << text;
  const std::size_t begin = at + std::string("a.sh (bash): ").size();
  return text.substr(begin, text.find('\n', begin) - begin);
}

const std::string kOutput = "case sample/1: the jury's fault: output validator output_validator: ";
const std::string kInteractor = "case sample/1: the jury's fault: interactor output_validator: ";
const std::string kArgv =
    "; argv: bash ./check.sh /work/judge/input /work/judge/answer /work/judge/feedback/; stderr: ";

TEST(jury_fault, is_named_so_that_the_message_alone_mends_the_package) {
  struct Row {
    const char* what;
    Files files;
    std::string message;
  };
  const Row rows[] = {
      {"the exit status of any other program", package("echo oops >&2\nexit 0\n"),
       kOutput + "exited with code 0, where 42 accepts and 43 rejects" + kArgv + "oops"},
      {"a crash", package("echo about to >&2\necho crash >&2\nkill -SEGV $$\n"),
       kOutput + "killed by SIGSEGV" + kArgv + "about to | crash"},
      {"it waits for ever", package("sleep 1000\n", "  validation_time: 1\n"),
       kOutput + "stopped at the wall-clock limit of 12s; limits.validation_time in problem.yaml sets it" + kArgv +
           "empty"},
      {"it floods standard output", package("yes\n"),
       kOutput + "stopped at the output limit: stdout passed 64MiB" + kArgv + "empty"},
      {"a score that is no number", package("echo ten > \"$3/score.txt\"\nexit 42\n", "", "scoring"),
       kOutput + "score.txt holds \"ten\", which is no number" + kArgv + "empty; score 0"},
      {"two scores",
       package("echo 1 > \"$3/score.txt\"\necho 1 > \"$3/score_multiplier.txt\"\nexit 42\n", "", "scoring"),
       kOutput + "it wrote both score.txt and score_multiplier.txt" + kArgv + "empty; score 0"},
      {"a program that is not there", package("frobnicate \"$1\" || exit\n"),
       kOutput + "exited with code 127, where 42 accepts and 43 rejects" + kArgv +
           "./check.sh: line 1: frobnicate: command not found"},
      {"it does not compile", package("if then\n"),
       kOutput +
           "it does not compile: exited with code 2; argv: bash -n check.sh; stderr: check.sh: line 1: syntax error "
           "near unexpected token `then' | check.sh: line 1: `if then'"},
      {"no answer to a case", without(package("exit 42\n"), "data/secret/1.ans"),
       "status 2: evalrun: data/secret/1.in: this case has no answer; add data/secret/1.ans\n"},
      {"no validator at all",
       {{"problem.yaml", "name: Sum\nvalidation: custom\n"}, {"data/secret/1.in", ""}, {"data/secret/1.ans", ""}},
       "status 2: evalrun: problem.yaml: validation: custom needs an output validator, and there is none; add "
       "output_validators/ with its sources\n"},
  };
  for (const Row& row : rows) EXPECT_EQ(message_of(row.files), row.message) << row.what;
}

// On a loaded host the wall-clock limit comes first.
TEST(jury_fault, that_it_never_ends_says_which_key_sets_its_limit) {
  const std::string message = message_of(package("while :; do :; done\n", "  validation_time: 1\n"));
  EXPECT_TRUE(message == kOutput + "stopped at the CPU limit of 1s; limits.validation_time in problem.yaml sets it" +
                             kArgv + "empty" ||
              message == kOutput +
                             "stopped at the wall-clock limit of 12s; limits.validation_time in problem.yaml sets it" +
                             kArgv + "empty")
      << message;
}

TEST(jury_fault, of_an_interactor_is_named_likewise) {
  struct Row {
    const char* what;
    std::string interactor;
    std::string message;
  };
  const Row rows[] = {
      {"it crashes", "read line < \"$1\"\necho $line\nkill -ABRT $$\n",
       kInteractor + "killed by SIGABRT" + kArgv + "empty"},
      {"it exits with 1", "echo no such file >&2\nexit 1\n",
       kInteractor + "exited with code 1, where 42 accepts and 43 rejects" + kArgv + "no such file"},
  };
  for (const Row& row : rows)
    EXPECT_EQ(message_of(package(row.interactor, "", "interactive")), row.message) << row.what;
}

}  // namespace
}  // namespace evalrun::test
