#include "runtime/supervise/full_heap.h"

#include <algorithm>
#include <array>
#include <csignal>

namespace evalrun::supervise {
namespace {

struct Runtime {
  std::string_view option, unit;  // around the size of the heap in MiB
  std::array<std::string_view, 3> words;
};

// OutOfMemoryError is also what Java says of a thread that it may not have, so its reason is among the words.
constexpr std::array kRuntimes = {
    Runtime{"-Xmx",
            "m",
            {"java.lang.OutOfMemoryError: Java heap space", "java.lang.OutOfMemoryError: GC overhead limit exceeded",
             "java.lang.OutOfMemoryError: Requested array size exceeds VM limit"}},
    Runtime{"--max-old-space-size=", "", {"JavaScript heap out of memory"}},
    Runtime{"--dynamic-space-size ", "", {"Heap exhausted"}},
};

bool may_have_failed_so(const Outcome& outcome) {
  if (const auto* exited = std::get_if<Exited>(&outcome)) return exited->code != 0;
  const auto* ended = std::get_if<Signaled>(&outcome);
  return ended != nullptr && (ended->signal == SIGABRT || ended->signal == SIGTRAP);
}

// One space before and after each word, so that an option is found whole.
std::string line_of(const std::vector<std::string>& argv) {
  std::string line = " ";
  for (const std::string& word : argv) line += word + " ";
  return line;
}

bool says_that_it_is_full(const Runtime& runtime, std::string_view said) {
  return std::ranges::any_of(runtime.words,
                             [&](std::string_view words) { return !words.empty() && said.find(words) != said.npos; });
}

}  // namespace

bool ended_for_a_full_heap(const Outcome& outcome, const std::vector<std::string>& argv, Bytes limit,
                           std::string_view said) {
  if (!may_have_failed_so(outcome) || said.empty()) return false;
  const std::string line = line_of(argv);
  return std::ranges::any_of(kRuntimes, [&](const Runtime& runtime) {
    const std::string option =
        std::string(runtime.option) + std::to_string(limit.count >> 20) + std::string(runtime.unit) + " ";
    return line.find(option) != line.npos && says_that_it_is_full(runtime, said);
  });
}

}  // namespace evalrun::supervise
