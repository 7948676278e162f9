#include "runtime/fleet/calibration.h"

#include <sys/utsname.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>

#include "runtime/core/sha256.h"
#include "runtime/core/small_file.h"
#include "runtime/core/text.h"

namespace evalrun::fleet {
namespace {

constexpr int kRounds = 9;
constexpr std::size_t kChain = 8U << 20;  // elements: larger than any cache that a program has to itself

// The results of the loops go here, so that the compiler leaves them in.
volatile std::uint64_t sink;

double cpu_nanoseconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return 1e9 * static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec);
}

// Each multiplication needs the one before.
double integer_round() {
  constexpr int kSteps = 20'000'000;
  std::uint64_t value = 88172645463325252ULL;
  const double begin = cpu_nanoseconds();
  for (int i = 0; i < kSteps; ++i) value = value * 6364136223846793005ULL + 1442695040888963407ULL;
  const double took = cpu_nanoseconds() - begin;
  sink = value;
  return took / kSteps;
}

// A branch that nothing predicts, at each step.
double branch_round() {
  constexpr int kSteps = 5'000'000;
  std::uint64_t value = 88172645463325252ULL, odd = 0, even = 1;
  const double begin = cpu_nanoseconds();
  for (int i = 0; i < kSteps; ++i) {
    value ^= value << 13;
    value ^= value >> 7;
    value ^= value << 17;
    if ((value & 1) != 0) {
      odd = odd * 3 + value;
    } else {
      even ^= odd + value;
    }
  }
  const double took = cpu_nanoseconds() - begin;
  sink = odd + even;
  return took / kSteps;
}

// A walk through memory, of which each step says where the next one is.
double memory_round(const std::vector<std::uint32_t>& next) {
  constexpr int kSteps = 1'000'000;
  std::uint32_t at = 0;
  const double begin = cpu_nanoseconds();
  for (int i = 0; i < kSteps; ++i) at = next[at];
  const double took = cpu_nanoseconds() - begin;
  sink = at;
  return took / kSteps;
}

// One circle through all elements (Sattolo).
std::vector<std::uint32_t> circle() {
  std::vector<std::uint32_t> next(kChain);
  std::iota(next.begin(), next.end(), 0U);
  std::mt19937 random(1);
  for (std::size_t i = next.size() - 1; i > 0; --i) {
    std::swap(next[i], next[std::uniform_int_distribution<std::size_t>(0, i - 1)(random)]);
  }
  return next;
}

template <typename Round>
Figure measured(const char* name, const char* what, Round round) {
  std::array<double, kRounds> times{};
  for (double& time : times) time = round();
  std::ranges::sort(times);
  return {name, what, times.front(), (times[kRounds / 2] - times.front()) / times.front()};
}

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != line.npos) return line.substr(colon + 2);
  }
  return "";
}

}  // namespace

Calibration calibrate() {
  Calibration all;
  all.figures.push_back(measured("integer", "a multiplication that needs the one before", integer_round));
  all.figures.push_back(measured("branch", "a step with a branch that nothing predicts", branch_round));
  const std::vector<std::uint32_t> next = circle();
  all.figures.push_back(
      measured("memory", "a read from memory that no cache holds", [&] { return memory_round(next); }));
  all.cpu_model = cpu_model();
  all.governor = first_word_of("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  all.smt = first_word_of("/sys/devices/system/cpu/smt/control");
  utsname kernel{};
  if (::uname(&kernel) == 0) all.kernel = kernel.release;
  return all;
}

std::string class_name_of(const Calibration& calibration) {
  std::string name;
  for (const char c : calibration.cpu_model.substr(0, 40)) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (is_plain || (!name.empty() && name.back() != '-')) name += is_plain ? c : '-';
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  const std::string whole =
      calibration.cpu_model + "\n" + calibration.governor + "\n" + calibration.smt + "\n" + calibration.kernel;
  return (name.empty() ? "cpu" : name) + "." + sha256_hex(whole).substr(0, 8);
}

std::string to_json(const Calibration& calibration) {
  using nlohmann::ordered_json;
  ordered_json figures = ordered_json::array();
  for (const Figure& figure : calibration.figures) {
    figures.push_back({{"name", figure.name}, {"ns", figure.nanoseconds}, {"spread", figure.spread}});
  }
  const ordered_json whole = {{"version", 1},
                              {"cpu_class", class_name_of(calibration)},
                              {"cpu_model", json_text(calibration.cpu_model)},
                              {"governor", json_text(calibration.governor)},
                              {"smt", json_text(calibration.smt)},
                              {"kernel", json_text(calibration.kernel)},
                              {"figures", figures}};
  return whole.dump(2) + "\n";
}

std::string to_text(const Calibration& calibration) {
  std::string out;
  for (const Figure& figure : calibration.figures) {
    std::array<char, 64> words{};
    std::snprintf(words.data(), words.size(), "%8.2f ns  %5.1f %% spread  ", figure.nanoseconds, 100 * figure.spread);
    out += padded(figure.name, 10) + words.data() + figure.what + "\n";
  }
  const auto told = [](const std::string& text) { return text.empty() ? std::string("not known") : one_line(text); };
  out += "processor " + told(calibration.cpu_model) + "; governor " + told(calibration.governor) + "; SMT " +
         told(calibration.smt) + "; Linux " + told(calibration.kernel) + "\n";
  return out + "class     " + class_name_of(calibration) + "\n";
}

}  // namespace evalrun::fleet
