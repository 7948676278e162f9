#include "bench/latency.h"

#include <algorithm>
#include <random>

#include "bench/machine.h"
#include "runtime/loop/event_loop.h"

namespace evalrun::bench {
namespace {

using nlohmann::ordered_json;

constexpr unsigned kWarmUp = 2;

void add_sample(ordered_json& contender, const Answer& answer) {
  contender["latency_us"].push_back(answer.wall_ns / 1000);
  contender["cpu_us"].push_back(answer.cpu_us);
  if (!answer.has_stages) return;
  const char* const names[] = {"compile", "setup", "run", "teardown"};
  for (int i = 0; i < 4; ++i) contender["stages_us"][names[i]].push_back(answer.stages_ns[i] / 1000);
}

Answer one_run(Crew& crew, std::uint32_t contender) {
  return crew.run({.contender = contender, .runs = 1, .seconds_ns = 0});
}

}  // namespace

ordered_json try_all(Crew& crew, const std::vector<Entry>& entries) {
  ordered_json contenders = ordered_json::array();
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    std::string error = entries[i].missing;
    for (unsigned time = 0; time < kWarmUp && error.empty(); ++time) {
      const Answer answer = one_run(crew, i);
      if (answer.failed) error = answer.message;
    }
    contenders.push_back({{"id", entries[i].id},
                          {"name", entries[i].name},
                          {"what", entries[i].what},
                          {"version", entries[i].version},
                          {"error", error}});
  }
  return contenders;
}

double measure_latency(Crew& crew, ordered_json& contenders, unsigned rounds, Progress& progress) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < contenders.size(); ++i) {
    if (contenders[i]["error"] == "") order.push_back(i);
  }
  std::mt19937 random(std::random_device{}());
  const Duration began = loop::now();
  const double busy_before = busy_seconds();
  std::int64_t own_us = 0;
  for (unsigned round = 0; round < rounds; ++round) {
    std::ranges::shuffle(order, random);
    for (const std::uint32_t i : order) {
      const Answer answer = one_run(crew, i);
      if (answer.failed) {
        contenders[i]["failures"] = contenders[i].value("failures", 0) + 1;
        contenders[i]["last_failure"] = answer.message;
      } else {
        add_sample(contenders[i], answer);
        own_us += answer.cpu_us;
      }
    }
    progress.say("latency", round + 1, rounds);
  }
  const double seconds = std::chrono::duration<double>(loop::now() - began).count();
  return std::max(0.0, (busy_seconds() - busy_before - static_cast<double>(own_us) / 1e6) / seconds);
}

}  // namespace evalrun::bench
