// Fuzzes the plan parser with libFuzzer. Whatever the text is, parse_task must return a task or throw PlanError with a
// position; anything else is a finding. Built with EVALRUN_FUZZ_REPLAY it is a plain program that runs the files named
// on its command line, so that findings can be kept as tests without clang.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/reader/parse.h"

namespace {

// A first line "--set key=value" is an override of the rest.
constexpr std::string_view kSet = "--set ";

void run_one(std::string_view input) {
  std::vector<std::string> overrides;
  if (input.starts_with(kSet)) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    overrides.emplace_back(input.substr(kSet.size(), end - kSet.size()));
    input.remove_prefix(end);
  }
  try {
    const evalrun::Task task = evalrun::parse_task({std::string(input), "plan.toml", "plan", "/plans"}, overrides, {});
    if (task.plan.job.argv.empty()) std::abort();
  } catch (const evalrun::PlanError& error) {
    const bool located = error.position().line > 0 || error.position().file == "--set";
    if (!located) std::abort();
  }
}

}  // namespace

#ifdef EVALRUN_FUZZ_REPLAY

#include <fstream>
#include <iterator>

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "%s: cannot be read\n", argv[i]);
      return 1;
    }
    run_one(std::string(std::istreambuf_iterator<char>(file), {}));
  }
  std::printf("%d inputs\n", argc - 1);
}

#else

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  run_one({reinterpret_cast<const char*>(data), size});
  return 0;
}

#endif
