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

class Page {
 public:
  void begin(std::string_view name, std::string_view type, std::string_view help) {
    text_ += "# HELP evalrun_" + std::string(name) + " " + std::string(help) + "\n# TYPE evalrun_" + std::string(name) +
             " " + std::string(type) + "\n";
  }
  void row(std::string_view name, const std::string& labels, const std::string& value) {
    text_ += "evalrun_" + std::string(name) + (labels.empty() ? "" : "{" + labels + "}") + " " + value + "\n";
  }
  void gauge(std::string_view name, std::string_view help, std::uint64_t value) {
    begin(name, "gauge", help);
    row(name, "", std::to_string(value));
  }
  std::string& text() { return text_; }

 private:
  std::string text_;
};

}  // namespace

void Histogram::add(Duration time) {
  const double seconds = std::chrono::duration<double>(time).count();
  std::size_t place = 0;
  while (place < kBounds.size() && seconds > kBounds[place]) ++place;
  ++counts_[place];
  sum_ += seconds;
  ++count_;
}

void Histogram::write(std::string& text, std::string_view name, std::string_view labels) const {
  std::uint64_t below = 0;
  const std::string front = std::string(name) + "_bucket{" + std::string(labels) + ",le=\"";
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    below += counts_[i];
    text += front + number(kBounds[i]) + "\"} " + std::to_string(below) + "\n";
  }
  text += front + "+Inf\"} " + std::to_string(count_) + "\n";
  text += std::string(name) + "_sum{" + std::string(labels) + "} " + number(sum_) + "\n";
  text += std::string(name) + "_count{" + std::string(labels) + "} " + std::to_string(count_) + "\n";
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
  Page page;
  page.begin("requests_total", "counter", "Requests, by dialect and by the status of the answer; 0: nobody took it.");
  for (const auto& [key, count] : requests_) {
    page.row("requests_total", "api=\"" + key.first + "\",status=\"" + std::to_string(key.second) + "\"",
             std::to_string(count));
  }
  page.begin("runs_total", "counter", "Jobs that have ended, by verdict.");
  for (const auto& [verdict, count] : runs_) {
    page.row("runs_total", "verdict=\"" + verdict + "\"", std::to_string(count));
  }
  page.begin("refusals_total", "counter", "Requests that were not accepted.");
  for (std::size_t i = 0; i < kRefusals; ++i) {
    page.row("refusals_total", "why=\"" + std::string(name_of(static_cast<Refusal>(i))) + "\"",
             std::to_string(refusals_[i]));
  }
  page.begin("stage_seconds", "histogram", "How long each stage of a job, or a whole request, took.");
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    stages_[i].write(page.text(), "evalrun_stage_seconds",
                     "stage=\"" + std::string(name_of(static_cast<Stage>(i))) + "\"");
  }
  page.gauge("jobs_waiting", "Jobs that wait for a sandbox.", gauges.waiting);
  page.gauge("jobs_live", "Jobs that are at work.", gauges.live);
  page.gauge("connections", "Open connections.", gauges.connections);
  page.gauge("requests_open", "Requests whose answer has not gone out.", gauges.requests);
  page.gauge("body_bytes", "Bytes of requests that are held.", gauges.held_bytes);
  page.gauge("resident_bytes", "Memory of the server itself.", gauges.resident_bytes);
  page.gauge("stored_files", "Files in the store of the go-judge dialect.", gauges.stored_files);
  page.gauge("stored_bytes", "Bytes in it.", gauges.stored_bytes);
  page.begin("log_lines_dropped_total", "counter", "Lines of the log that nobody took.");
  page.row("log_lines_dropped_total", "", std::to_string(dropped_lines_));
  return std::move(page.text());
}

}  // namespace evalrun::serve
