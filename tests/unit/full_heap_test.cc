#include "runtime/supervise/full_heap.h"

#include <gtest/gtest.h>

#include <csignal>

namespace evalrun::test {
namespace {

using namespace supervise;

const std::vector<std::string> kJava = {"java", "-Xss64m", "-Xmx256m", "Main.java"};
const std::vector<std::string> kNode = {"node", "--max-old-space-size=256", "a.js"};
const std::vector<std::string> kLisp = {"sbcl", "--dynamic-space-size", "256", "--script", "a.lisp"};
constexpr char kJavaSays[] =
    "Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space\n\tat A.b(A:1)\n";
constexpr char kNodeSays[] =
    "\n<--- JS stacktrace --->\n\nFATAL ERROR: invalid table size Allocation failed - JavaScript "
    "heap out of memory\n";
constexpr char kLispSays[] = "Heap exhausted, game over.\n";

struct Row {
  std::string name;
  Outcome outcome;
  std::vector<std::string> argv;
  std::string said;
  bool is_full;
};

TEST(full_heap, is_what_a_runtime_says_whose_heap_follows_the_limit) {
  const std::vector<Row> table = {
      {"java", Exited{1}, kJava, kJavaSays, true},
      {"node", Signaled{SIGABRT}, kNode, kNodeSays, true},
      {"lisp", Exited{1}, kLisp, kLispSays, true},
      {"java that goes on", Exited{0}, kJava, kJavaSays, false},
      {"a crash of another kind", Signaled{SIGSEGV}, kNode, kNodeSays, false},
      {"a limit of time", LimitHit{Limit::Cpu}, kJava, kJavaSays, false},
      {"a heap that the plan chose", Exited{1}, {"java", "-Xmx64m", "Main.java"}, kJavaSays, false},
      {"no heap that was told", Exited{1}, {"java", "Main.java"}, kJavaSays, false},
      {"the limit as part of a larger number", Exited{1}, {"java", "-Xmx2560m", "Main.java"}, kJavaSays, false},
      {"node, the limit as part of a larger number",
       Signaled{SIGABRT},
       {"node", "--max-old-space-size=2560"},
       kNodeSays,
       false},
      {"a thread that it may not have", Exited{1}, kJava,
       "Exception in thread \"main\" java.lang.OutOfMemoryError: unable to create native thread\n", false},
      {"another runtime's words", Exited{1}, kJava, kNodeSays, false},
      {"another failure", Exited{1}, kJava, "Exception in thread \"main\" java.lang.NullPointerException\n", false},
      {"nothing said", Exited{1}, kJava, "", false},
  };
  for (const Row& row : table) {
    EXPECT_EQ(ended_for_a_full_heap(row.outcome, row.argv, 256_MiB, row.said), row.is_full) << row.name;
  }
  EXPECT_FALSE(ended_for_a_full_heap(Exited{1}, kJava, 512_MiB, kJavaSays)) << "another limit";
}

}  // namespace
}  // namespace evalrun::test
