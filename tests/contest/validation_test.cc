// `evalrun judge --check` runs what a package has to be checked by: its input validators, its output validator, and the
// data that they must accept or reject.

#include <gtest/gtest.h>

#include "tests/packages/support.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

// Accepts one line of two numbers, neither greater than $1 (1000 where it is not given).
constexpr const char* kTwoNumbers =
    "read a b more || { echo no line >&2; exit 43; }\n"
    "[[ $a =~ ^[0-9]+$ && $b =~ ^[0-9]+$ && -z $more ]] || { echo no two numbers >&2; exit 43; }\n"
    "((a <= ${1:-1000} && b <= ${1:-1000})) || { echo too great >&2; exit 43; }\n"
    "exit 42\n";

Files package(const std::string& input_validator = kTwoNumbers) {
  return {{"problem.yaml", "problem_format_version: 2025-09\nname: Sum\nuuid: 0\nlimits:\n  time_limit: 1\n"},
          {"data/sample/1.in", "1 2\n"},
          {"data/sample/1.ans", "3\n"},
          {"data/secret/1.in", "20 22\n"},
          {"data/secret/1.ans", "42\n"},
          {"input_validators/numbers.sh", input_validator},
          {"submissions/accepted/a.sh", "read a b\necho $((a + b))\n"}};
}

Finished check(const Files& files) {
  const TemporaryFolder folder;
  write_files(folder, files);
  return run_command({evalrun().string(), "judge", "--check", folder.path().string()});
}

void expect_fine(const Files& files, const std::string& runs) {
  const Finished done = check(files);
  EXPECT_EQ(done.exit_code, 0) << done.error_output;
  EXPECT_EQ(done.error_output, "");
  EXPECT_NE(done.output.find("  validators            " + runs + ", nothing is wrong\n"), std::string::npos)
      << done.output;
}

void expect_error(const Files& files, const std::string& message) {
  const Finished done = check(files);
  EXPECT_EQ(done.exit_code, 2) << done.output;
  EXPECT_EQ(done.error_output, "evalrun: " + message + "\n");
}

const std::string kNumbers = "input validator input_validators/numbers.sh: ";

TEST(validation, of_a_good_package_finds_nothing) {
  expect_fine(package(), "2 runs");
}

TEST(validation, an_input_that_a_validator_rejects_is_an_error_of_the_package) {
  expect_error(with(package(), {{"data/secret/1.in", "20 22 23\n"}}),
               "data/secret/1.in: " + kNumbers +
                   "it rejects it: exited with code 43; argv: bash ./numbers.sh; stderr: no two numbers");
  expect_error(package("exit 1\n"), "data/sample/1.in: " + kNumbers +
                                        "it rejects it: exited with code 1; argv: bash ./numbers.sh; stderr: empty\n" +
                                        "evalrun: data/secret/1.in: " + kNumbers +
                                        "it rejects it: exited with code 1; argv: bash ./numbers.sh; stderr: empty");
}

TEST(validation, a_validator_is_given_the_arguments_of_its_group) {
  const Files limited = {{"data/secret/test_group.yaml", "input_validator_args: [\"21\"]\n"}};
  expect_error(with(package(), limited),
               "data/secret/1.in: " + kNumbers +
                   "it rejects it: exited with code 43; argv: bash ./numbers.sh 21; stderr: too great");
  expect_fine(with(package(), with(limited, {{"data/secret/1.in", "20 21\n"}, {"data/secret/1.ans", "41\n"}})),
              "2 runs");
}

TEST(validation, equal_inputs_are_looked_at_once) {
  expect_fine(with(package(), {{"data/secret/2.in", "20 22\n"}, {"data/secret/2.ans", "42\n"}}), "2 runs");
  expect_fine(with(package(), {{"data/secret/2.in", "20 23\n"}, {"data/secret/2.ans", "43\n"}}), "3 runs");
}

TEST(validation, an_invalid_input_must_be_rejected_by_one_of_the_validators) {
  const Files invalid = {{"data/invalid_input/letters.in", "a b\n"}};
  expect_fine(with(package(), invalid), "3 runs");
  expect_fine(with(package(), with(invalid, {{"input_validators/any.sh", "exit 42\n"}})), "6 runs");
  expect_error(with(package("exit 42\n"), invalid), "data/invalid_input/letters.in: no input validator rejects it");
  expect_error(without(with(package(), invalid), "input_validators/numbers.sh"),
               "data/invalid_input/letters.in: there is no input validator that could reject it; add input_validators");
}

TEST(validation, a_validator_that_fails_is_named_with_its_end) {
  expect_error(with(package("if then\n"), {{"data/secret/1.in", "1 2\n"}}),
               "data/sample/1.in: " + kNumbers +
                   "it does not compile: exited with code 2; argv: bash -n numbers.sh; stderr: numbers.sh: line 1: "
                   "syntax error near unexpected token `then' | numbers.sh: line 1: `if then'");
  Files slow = package("sleep 1000\n");
  slow["problem.yaml"] += "  validation_time: 1\n";
  slow["data/secret/1.in"] = "1 2\n";
  expect_error(slow, "data/sample/1.in: " + kNumbers +
                         "stopped at the wall-clock limit of 12s; limits.validation_time in problem.yaml sets it; "
                         "argv: bash ./numbers.sh; stderr: empty");
}

// The sum, or one more.
constexpr const char* kTwoAnswers =
    "read expected < \"$2\"\nread found\n"
    "((found == expected || found == expected + 1)) && exit 42\necho neither >&2\nexit 43\n";

TEST(validation, outputs_for_the_validator_are_accepted_and_rejected_as_their_folders_say) {
  const auto output = [](const std::string& folder, const std::string& text) {
    const std::string base = "data/" + folder + "/one";
    return Files{{base + ".in", "1 1\n"}, {base + ".ans", "2\n"}, {base + ".out", text}};
  };
  const std::string rejects =
      "output validator output_validator: it rejects it: exited with code 43; argv: bash ./check.sh "
      "/work/judge/input /work/judge/answer /work/judge/feedback/; stderr: neither";
  const Files custom = with(package(), {{"output_validator/check.sh", kTwoAnswers}});
  expect_fine(with(custom, output("valid_output", "3\n")), "5 runs");
  expect_error(with(custom, output("valid_output", "4\n")), "data/valid_output/one.out: " + rejects);
  expect_fine(with(custom, output("invalid_output", "4\n")), "5 runs");
  expect_error(with(custom, output("invalid_output", "3\n")),
               "data/invalid_output/one.out: it is accepted as an output, and it must be rejected");
  expect_fine(with(package(), output("valid_output", "2\n")), "2 runs");
  expect_error(with(package(), output("valid_output", "3\n")),
               "data/valid_output/one.out: the comparison with the answer rejects it: line 1, token 1, byte 0 (answer: "
               "line 1, byte 0): expected \"2\", found "
               "\"3\"");
  expect_fine(with(package(), output("invalid_output", "3\n")), "2 runs");
  expect_error(with(package(), output("invalid_output", "2\n")),
               "data/invalid_output/one.out: it is accepted as an output, and it must be rejected");
}

// A secret answer may be in a form of the jury's own.
TEST(validation, an_answer_that_the_output_validator_rejects_is_an_error_for_a_sample_and_else_a_note) {
  const std::string rejects =
      "output validator output_validator: it rejects it: exited with code 43; argv: bash ./check.sh "
      "/work/judge/input /work/judge/answer /work/judge/feedback/; stderr: empty";
  const auto refusing = [](const std::string& input) {
    return with(package(),
                {{"output_validator/check.sh", "read a b < \"$1\"\n((a == " + input + ")) && exit 43\nexit 42\n"}});
  };
  expect_error(refusing("1"), "data/sample/1.ans: " + rejects);
  const Finished secret = check(refusing("20"));
  EXPECT_EQ(secret.exit_code, 0) << secret.error_output;
  EXPECT_NE(secret.output.find("  note: data/secret/1.ans: " + rejects + "\n"), std::string::npos) << secret.output;
}

}  // namespace
}  // namespace evalrun::test
