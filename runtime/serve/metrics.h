// What the server has done, as Prometheus reads it (text format 0.0.4). Counters and histograms; gauges are asked for
// when it is written.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/core/metrics_page.h"
#include "runtime/core/units.h"

namespace evalrun::serve {

class Histogram {
 public:
  static constexpr std::array<double, 14> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                     0.25,  0.5,    1,     2.5,  5,     10,   30};  // seconds

  void add(Duration time);
  // The samples of the page's family that have these labels.
  void write(MetricsPage& page, const std::string& labels) const;

 private:
  std::array<std::uint64_t, kBounds.size() + 1> counts_{};
  double sum_ = 0;
  std::uint64_t count_ = 0;
};

enum class Stage { Wait, Compile, SetUp, Run, Teardown, Request };

enum class Refusal { Queue, Memory, TooLarge, Unauthorized, Malformed, Draining };
constexpr std::size_t kRefusals = 6;

// At the moment of writing.
struct Gauges {
  std::size_t waiting = 0, live = 0, connections = 0, requests = 0;
  std::uint64_t held_bytes = 0, resident_bytes = 0;
  std::size_t stored_files = 0;
  std::uint64_t stored_bytes = 0;
};

class Metrics {
 public:
  void count_request(std::string_view api, int status);
  void count_run(std::string_view verdict);
  void count_refusal(Refusal why);
  void add(Stage stage, Duration time);
  void count_dropped_line() { ++dropped_lines_; }

  [[nodiscard]] std::string text(const Gauges& gauges) const;

 private:
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;
  std::map<std::string, std::uint64_t> runs_;
  std::array<std::uint64_t, kRefusals> refusals_{};
  std::array<Histogram, 6> stages_;
  std::uint64_t dropped_lines_ = 0;
};

}  // namespace evalrun::serve
