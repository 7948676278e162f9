// Programs whose language's runtime has a say in how they end.

#include <signal.h>

#include "tests/verdicts/row.h"

namespace evalrun::test {
namespace {

using nlohmann::json;

constexpr const char* kSpace = "limits.address_space = \"256MiB\"\n";
constexpr const char* kSmall = "limits.memory = \"64MiB\"\n";

// A run of source text under the image's own run line.
ImageRow source(const std::string& image, const std::string& name, const std::string& text, const std::string& verdict,
                const json& outcome, const std::string& more = "") {
  const std::string file = "main." + image;
  return {image,
          {.name = name,
           .plan = "image = \"" + image + "\"\nsource = \"" + file + "\"\nfiles.\"" + file +
                   "\" = { text = " + json(text).dump() + " }\n" + more,
           .verdict = verdict,
           .outcome = outcome}};
}

ImageRow python(const std::string& name, const std::string& text, const std::string& verdict, const json& outcome,
                const std::string& more = "") {
  return source("python", name, text, verdict, outcome, more);
}

ImageRow bash(const std::string& name, const std::string& text, const std::string& verdict, const json& outcome,
              const std::string& more = "") {
  return source("bash", name, text, verdict, outcome, more);
}

// The verdict probe with the C++ library and the loader of the image.
ImageRow cpp(const std::string& name, const std::string& words, const std::string& verdict, const json& outcome,
             const std::string& more = "") {
  return {"cpp",
          {.name = name,
           .plan = "image = \"cpp\"\nargv = [\"/work/verdict\", " + words +
                   "]\nfiles.\"verdict\" = { from = \"{probes}/verdict_dynamic\", mode = \"0755\" }\n" + more,
           .verdict = verdict,
           .outcome = outcome}};
}

}  // namespace

const std::vector<ImageRow>& image_rows() {
  static const std::vector<ImageRow> all = {
      python("returns", "print('hello')", "OK", exited(0)),
      python("exit_code", "import sys; sys.exit(3)", "RE", exited(3)),
      python("exception", "{}['missing']", "RE", exited(1)),
      python("syntax_error", "def (", "RE", exited(1)),
      python("recursion_error", "def f(): return f()\nf()", "RE", exited(1)),
      python("abort", "import os; os.abort()", "RE", signaled(SIGABRT)),
      python("stack_overflow",
             "import sys, threading\nsys.setrecursionlimit(10**9)\ndef f(x): return [f(y) for y in x]\n"
             "a = []\na.append(a)\nimport json\njson.dumps(a, check_circular=False)",
             "RE", signaled(SIGSEGV), "limits.stack = \"8MiB\"\n"),
      python("memory_above", "import time\na = bytearray(200 << 20)\ntime.sleep(5)", "MLE", limit("memory"), kSmall),
      // Refused by the kernel at once: no memory was used.
      python("memory_error", "bytearray(1 << 46)", "RE", exited(1), kSmall),
      python("memory_error_caught", "try: bytearray(1 << 46)\nexcept MemoryError: pass", "OK", exited(0), kSmall),
      python("memory_error_at_the_address_space_limit", "bytearray(300 << 20)", "MLE", limit("address_space"), kSpace),
      python("memory_error_at_the_address_space_limit_caught", "try: bytearray(300 << 20)\nexcept MemoryError: pass",
             "OK", exited(0), kSpace),
      python("exception_under_an_address_space_limit", "{}['missing']", "RE", exited(1), kSpace),
      // Python ignores SIGXFSZ.
      python("file_too_large", "open('f', 'wb').write(bytes(100000))", "RE", exited(1),
             "limits.file_size = \"64KiB\"\n"),
      python("endless_loop", "while True: pass", "TLE", limit("cpu"), "limits.cpu = \"300ms\"\n"),
      python("output_above", "print('x' * 2000)", "OLE", {{"kind", "limit"}, {"limit", "output"}, {"what", "stdout"}},
             "limits.output = \"2000B\"\n"),
      python("output_at", "print('x' * 1999)", "OK", exited(0), "limits.output = \"2000B\"\n"),
      python("standard_output_closed", "import os, time\nos.close(1)\ntime.sleep(60)", "TLE", limit("wall"),
             "limits.wall = \"500ms\"\n"),

      bash("exit_code_is_cut_to_a_byte", "exit 300", "RE", exited(44)),
      bash("exit_code_that_looks_like_a_signal", "bash -c 'kill -SEGV $$'; exit $?", "RE", exited(139)),
      bash("killed_by_itself", "kill -KILL $$", "RE", signaled(SIGKILL)),
      bash("command_not_found", "nothing", "RE", exited(127)),
      bash("background_children_do_not_hold_the_run", "sleep 60 & sleep 60 & exit 0", "OK", exited(0)),

      cpp("exit_code", R"("exit", "5")", "RE", exited(5)),
      cpp("exception", R"("throw")", "RE", signaled(SIGABRT)),
      cpp("memory_above", R"("hoard", "80")", "MLE", limit("memory"), kSmall),
      cpp("bad_alloc_above", R"("new", "300")", "MLE", limit("address_space"), kSpace),
      cpp("bad_alloc_below", R"("new", "200")", "OK", exited(0), kSpace),
      cpp("bad_alloc_of_more_than_there_is", R"("new", "70000000")", "RE", signaled(SIGABRT), kSmall),
      cpp("bad_alloc_caught", R"("try-new", "70000000")", "OK", exited(0), kSmall),
  };
  return all;
}

}  // namespace evalrun::test
