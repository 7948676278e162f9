#include "runtime/serve/metrics.h"

#include <cstdio>

namespace evalrun::serve {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

std::string_view name_of(Stage stage) {
  switch (stage) {
    case Stage::Wait: return "wait";
    case Stage::Compile: return "compile";
    case Stage::SetUp: return "set_up";
    case Stage::Run: return "run";
    case Stage::Teardown: return "teardown";
    case Stage::Request: return "request";
  }
  return "?";
}

std::string_view name_of(Refusal why) {
  switch (why) {
    case Refusal::Queue: return "queue";
    case Refusal::Memory: return "memory";
    case Refusal::TooLarge: return "too_large";
    case Refusal::Unauthorized: return "unauthorized";
    case Refusal::Malformed: return "malformed";
    case Refusal::Draining: return "draining";
  }
  return "?";
}

}  // namespace

void Histogram::add(Duration time) {
  const double seconds = std::chrono::duration<double>(time).count();
  std::size_t place = 0;
  while (place < kBounds.size() && seconds > kBounds[place]) ++place;
  ++counts_[place];
  sum_ += seconds;
  ++count_;
}

void Histogram::write(MetricsPage& page, const std::string& labels) const {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    below += counts_[i];
    page.add(std::to_string(below), labels + ",le=\"" + number(kBounds[i]) + "\"", "_bucket");
  }
  page.add(std::to_string(count_), labels + ",le=\"+Inf\"", "_bucket");
  page.add(number(sum_), labels, "_sum");
  page.add(std::to_string(count_), labels, "_count");
}

void Metrics::count_request(std::string_view api, int status) {
  ++requests_[{std::string(api), status}];
}

void Metrics::count_run(std::string_view verdict) {
  ++runs_[std::string(verdict)];
}

void Metrics::count_refusal(Refusal why) {
  ++refusals_[static_cast<std::size_t>(why)];
}

void Metrics::add(Stage stage, Duration time) {
  stages_[static_cast<std::size_t>(stage)].add(time);
}

std::string Metrics::text(const Gauges& gauges) const {
  MetricsPage page("evalrun_");
  page.begin("requests_total", "counter", "Requests, by dialect and by the status of the answer; 0: nobody took it.");
  for (const auto& [key, count] : requests_) {
    page.add(std::to_string(count), "api=\"" + key.first + "\",status=\"" + std::to_string(key.second) + "\"");
  }
  page.begin("runs_total", "counter", "Jobs that have ended, by verdict.");
  for (const auto& [verdict, count] : runs_) {
    page.add(std::to_string(count), "verdict=\"" + verdict + "\"");
  }
  page.begin("refusals_total", "counter", "Requests that were not accepted.");
  for (std::size_t i = 0; i < kRefusals; ++i) {
    page.add(std::to_string(refusals_[i]), "why=\"" + std::string(name_of(static_cast<Refusal>(i))) + "\"");
  }
  page.begin("stage_seconds", "histogram", "How long each stage of a job, or a whole request, took.");
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    stages_[i].write(page, "stage=\"" + std::string(name_of(static_cast<Stage>(i))) + "\"");
  }
  page.one("jobs_waiting", "gauge", "Jobs that wait for a sandbox.", std::to_string(gauges.waiting));
  page.one("jobs_live", "gauge", "Jobs that are at work.", std::to_string(gauges.live));
  page.one("connections", "gauge", "Open connections.", std::to_string(gauges.connections));
  page.one("requests_open", "gauge", "Requests whose answer has not gone out.", std::to_string(gauges.requests));
  page.one("body_bytes", "gauge", "Bytes of requests that are held.", std::to_string(gauges.held_bytes));
  page.one("resident_bytes", "gauge", "Memory of the server itself.", std::to_string(gauges.resident_bytes));
  page.one("stored_files", "gauge", "Files in the store of the go-judge dialect.", std::to_string(gauges.stored_files));
  page.one("stored_bytes", "gauge", "Bytes in it.", std::to_string(gauges.stored_bytes));
  page.one("log_lines_dropped_total", "counter", "Lines of the log that nobody took.", std::to_string(dropped_lines_));
  return page.text();
}

}  // namespace evalrun::serve
