#include "runtime/judge/place_of_death.h"

#include <gtest/gtest.h>

#include <string>

#include "runtime/judge/verdict.h"

namespace evalrun::judge {
namespace {

std::string frames_of_java(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "\tat Main.f(Main.java:1)\n";
  return text;
}

TEST(place_of_death, is_the_line_at_which_a_runtime_says_that_it_ended) {
  const struct {
    std::string said, place;
  } table[] = {
      {"Traceback (most recent call last):\n  File \"/work/main.py\", line 9, in <module>\n    solve(0)\n"
       "  File \"/work/main.py\", line 3, in solve\n    return 1 / n\n           ~~^~~\n"
       "ZeroDivisionError: division by zero\n",
       "main.py:3, in solve (ZeroDivisionError: division by zero)"},
      {"noise\n  File \"/work/main.py\", line 2\n    x = = 1\n        ^\nSyntaxError: invalid syntax\n",
       "main.py:2 (SyntaxError: invalid syntax)"},
      {"Traceback (most recent call last):\n  File \"/work/a.py\", line 1, in <module>\nKeyboardInterrupt\n",
       "a.py:1 (KeyboardInterrupt)"},
      {"Exception in thread \"main\" java.lang.ArithmeticException: / by zero\n\tat Main.solve(Main.java:7)\n"
       "\tat Main.main(Main.java:3)\n",
       "Main.java:7, in Main.solve (java.lang.ArithmeticException: / by zero)"},
      {"Exception in thread \"main\" java.lang.NullPointerException\n"
       "\tat java.base/java.util.Objects.requireNonNull(Native Method)\n\tat Main.main(Main.java:3)\n",
       "Main.java:3, in Main.main (java.lang.NullPointerException)"},
      {"/work/a.js:1\nfunction f(n){return f(n+1)+1}; f(0)\n           ^\n\nRangeError: Maximum call stack size "
       "exceeded\n"
       "    at f (/work/a.js:1:12)\n    at f (/work/a.js:1:21)\n\nNode.js v20.20.2\n",
       "a.js:1, in f (RangeError: Maximum call stack size exceeded)"},
      {"node:internal/fs/utils:356\n    throw err;\n    ^\n\nError: ENOSPC: no space left on device, write\n"
       "    at Object.writeSync (node:fs:920:3)\n    at Object.<anonymous> (/work/a.js:3:51)\n"
       "    at Module._compile (node:internal/modules/cjs/loader:1521:14) {\n  errno: -28\n}\n\nNode.js v20.20.2\n",
       "a.js:3 (Error: ENOSPC: no space left on device, write)"},
      {"Exception in thread \"main\" java.lang.StackOverflowError\n" + frames_of_java(1024),
       "Main.java:1, in Main.f (java.lang.StackOverflowError)"},
      {"a.out: main.c:5: solve: Assertion `x > 0' failed.\n", "main.c:5, in solve (Assertion `x > 0' failed)"},
      {"thread 'main' panicked at src/main.rs:2:5:\nindex out of bounds\nnote: run with RUST_BACKTRACE=1\n",
       "main.rs:2 (index out of bounds)"},
      {"thread 'main' panicked at 'index out of bounds', src/main.rs:2:5\n", "main.rs:2 (index out of bounds)"},
      {"panic: runtime error: index out of range [3]\n\ngoroutine 1 [running]:\nmain.solve(...)\n"
       "\t/work/main.go:4 +0x1d\n",
       "main.go:4, in main.solve (runtime error: index out of range [3])"},
      {"==2==ERROR: AddressSanitizer: heap-use-after-free on address 0x60\n    #0 0x1 in solve(int) /src/a.cc:4:10\n"
       "SUMMARY: AddressSanitizer: heap-use-after-free /src/a.cc:4:10 in solve(int)\n",
       "a.cc:4, in solve(int) (heap-use-after-free)"},
  };
  for (const auto& [said, place] : table) EXPECT_EQ(place_of_death(said), place) << said;
}

TEST(place_of_death, is_nothing_where_no_runtime_says_so) {
  for (const std::string said :
       {"", "Segmentation fault\n", "  File \"", "  File \"x\", line \n", "Exception in thread \"main\" x\n",
        "\tat x(y:1)\n", "panic: ", "a: Assertion `x' failed.", "SUMMARY: ", "SUMMARY: a: b", "thread '' panicked at ",
        "File \"x\", line 3"}) {
    EXPECT_EQ(place_of_death(said), "") << said;
  }
}

// What a program writes is hostile.
TEST(place_of_death, is_one_line_of_bounded_length_whatever_was_written) {
  const std::string huge = "  File \"/work/" + std::string(100'000, 'x') + "\", line 3\n";
  EXPECT_EQ(place_of_death(huge), "");
  const std::string wide = "  File \"/work/m.py\", line 3\nError: " + std::string(5'000, 'x') + "\n";
  EXPECT_LE(place_of_death(wide).size(), kMostOfPlace);
  EXPECT_TRUE(place_of_death(wide).ends_with("..."));
  const std::string bytes = "  File \"/work/m\x1b[31m.py\", line 3\nError: \r\x01\n";
  for (const char c : place_of_death(bytes)) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
  std::string twice = "  File \"/work/m.py\", line 3\nError: ";
  for (int i = 0; i < 500; ++i) twice += "ä";
  const std::string cut = place_of_death(twice + "\n");
  EXPECT_EQ(cut.find("\xc3."), std::string::npos) << "no half character";
}

TEST(place_of_death, stands_in_the_message_of_a_program_that_failed_and_of_no_other) {
  supervise::RunResult result;
  result.error_output.captured = true;
  result.error_output.kept = "  File \"/work/main.py\", line 3, in f\nValueError: no\n";
  result.outcome = supervise::Exited{1};
  EXPECT_EQ(message_of(result, Limits{}), "exited with code 1 at main.py:3, in f (ValueError: no)");
  result.outcome = supervise::Signaled{6};
  EXPECT_EQ(message_of(result, Limits{}), "killed by SIGABRT at main.py:3, in f (ValueError: no)");
  result.outcome = supervise::Exited{0};
  EXPECT_EQ(message_of(result, Limits{}), "exited with code 0");
  result.outcome = supervise::LimitHit{supervise::Limit::Cpu};
  EXPECT_EQ(message_of(result, Limits{}), "stopped at the CPU limit of 2s");
}

}  // namespace
}  // namespace evalrun::judge
