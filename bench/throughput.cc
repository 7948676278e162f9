#include "bench/throughput.h"

#include <time.h>

#include <algorithm>
#include <deque>
#include <random>

#include "bench/machine.h"

namespace evalrun::bench {
namespace {

using nlohmann::ordered_json;

constexpr unsigned kPasses = 4;
// What a slice leaves to be done (a net namespace ends in the background) is not to fall on the next one.
constexpr timespec kBreak{0, 100'000'000};

struct Total {
  std::uint64_t runs = 0;
  double seconds = 0, busy = 0;
  unsigned failures = 0;
};

void run_slice(std::deque<Crew>& crews, const Order& order, Total& total) {
  const double busy_before = busy_seconds();
  for (Crew& crew : crews) crew.worker_of(order.contender).order(order);
  std::int64_t longest = 0;
  for (Crew& crew : crews) {
    const Answer answer = crew.worker_of(order.contender).answer();
    total.runs += answer.runs;
    total.failures += answer.failed ? 1 : 0;
    longest = std::max(longest, answer.wall_ns);
  }
  total.seconds += static_cast<double>(longest) / 1e9;
  total.busy += busy_seconds() - busy_before;
}

}  // namespace

void measure_throughput(const Setting& setting, const std::vector<Entry>& entries, const EndSignals& ends,
                        ordered_json& contenders, double seconds, Progress& progress) {
  std::deque<Crew> crews;
  for (unsigned i = 0; i < usable_cores(); ++i) crews.emplace_back(setting, entries, ends);
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < contenders.size(); ++i) {
    if (contenders[i]["error"] == "") order.push_back(i);
  }
  // Once without the clock: each worker makes its contender.
  std::vector<Total> totals(contenders.size()), unused(contenders.size());
  for (const std::uint32_t i : order) run_slice(crews, {.contender = i, .runs = 1, .seconds_ns = 0}, unused[i]);
  const auto slice = static_cast<std::int64_t>(seconds * 1e9 / kPasses);
  std::mt19937 random(std::random_device{}());
  for (unsigned pass = 0; pass < kPasses; ++pass) {
    std::ranges::shuffle(order, random);
    for (std::size_t i = 0; i < order.size(); ++i) {
      ::nanosleep(&kBreak, nullptr);
      run_slice(crews, {.contender = order[i], .runs = 1'000'000, .seconds_ns = slice}, totals[order[i]]);
      progress.say("throughput", static_cast<unsigned>(pass * order.size() + i + 1),
                   static_cast<unsigned>(kPasses * order.size()));
    }
  }
  for (const std::uint32_t i : order) {
    contenders[i]["throughput"] = {{"workers", crews.size()},
                                   {"runs", totals[i].runs},
                                   {"seconds", totals[i].seconds},
                                   {"busy_seconds", totals[i].busy},
                                   {"failures", totals[i].failures}};
  }
}

}  // namespace evalrun::bench
