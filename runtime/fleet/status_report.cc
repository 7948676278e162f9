#include "runtime/fleet/status_report.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>

#include "runtime/core/metrics_page.h"
#include "runtime/core/text.h"

namespace evalrun::fleet {
namespace {

using nlohmann::json;

json parsed(const std::string& status) {
  json whole = json::parse(status, nullptr, false);
  if (!whole.is_object()) throw QueueError("the queue's status is no JSON object");
  return whole;
}

std::uint64_t number(const json& of, const char* name) {
  const auto found = of.find(name);
  return found != of.end() && found->is_number() ? static_cast<std::uint64_t>(found->get<double>()) : 0;
}

std::string text(const json& of, const char* name) {
  const auto found = of.find(name);
  return found != of.end() && found->is_string() ? one_line(found->get<std::string>()) : "";
}

const json& list(const json& of, const char* name) {
  static const json kNone = json::array();
  const auto found = of.find(name);
  return found != of.end() && found->is_array() ? *found : kNone;
}

std::string seconds(double value) {
  std::array<char, 64> words{};
  std::snprintf(words.data(), words.size(), "%.3f", value);
  return words.data();
}

constexpr double kMicro = 1e-6;
constexpr double kMilli = 1e-3;

std::string seconds_of(const json& of, const char* name, double unit) {
  return seconds(static_cast<double>(number(of, name)) * unit);
}

// A label's value: the format knows three escapes.
std::string label(const std::string& value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return "\"" + out + "\"";
}

struct Counter {
  const char* stat;
  const char* name;
  const char* what;
};
constexpr std::array<Counter, 7> kCounters = {{
    {"done", "jobs_done_total", "Jobs whose result was stored."},
    {"dead", "jobs_dead_total", "Jobs that were given up."},
    {"cancelled", "jobs_cancelled_total", "Jobs that were cancelled."},
    {"faults", "faults_total", "Failures of sandboxes: the job went to another host."},
    {"reclaimed", "jobs_reclaimed_total", "Jobs taken back from workers that were lost."},
    {"lost", "leases_lost_total", "Leases that a living worker found lost, and whose job it dropped."},
    {"dropped", "completions_dropped_total", "Results that came too late and were dropped."},
}};

}  // namespace

std::string status_to_text(const std::string& status) {
  const json whole = parsed(status);
  const json& stats = whole.contains("stats") ? whole["stats"] : json::object();
  std::string out = std::to_string(number(whole, "waiting")) + " waiting, " + std::to_string(number(whole, "running")) +
                    " running, " + std::to_string(number(stats, "done")) + " done, " +
                    std::to_string(number(whole, "dead")) + " given up; the oldest waits for " +
                    seconds_of(whole, "oldest_ms", kMilli) + " s\n";
  out += std::to_string(number(stats, "reclaimed")) + " taken back from lost workers, " +
         std::to_string(number(stats, "dropped")) + " late results dropped, " +
         std::to_string(number(stats, "faults")) + " failures of sandboxes, " +
         std::to_string(number(stats, "cancelled")) + " cancelled\n";
  for (const json& worker : list(whole, "workers")) {
    out += "worker " + padded(text(worker, "name"), 32) + std::to_string(number(worker, "running")) + "/" +
           std::to_string(number(worker, "jobs")) + " running, " + std::to_string(number(worker, "completed")) +
           " done, " + std::to_string(number(worker, "faults")) + " failures, heard of " +
           seconds_of(worker, "silent_ms", kMilli) + " s ago";
    if (!text(worker, "class").empty()) out += ", " + text(worker, "class");
    if (worker.value("draining", false)) out += ", draining";
    out += "\n";
  }
  for (const json& tenant : list(whole, "tenants")) {
    out += "tenant " + padded(text(tenant, "name"), 32) + std::to_string(number(tenant, "waiting")) + " waiting, " +
           seconds_of(tenant, "cpu_us", kMicro) + " s of CPU time used\n";
  }
  return out;
}

std::string status_to_metrics(const std::string& status) {
  const json whole = parsed(status);
  const json& stats = whole.contains("stats") ? whole["stats"] : json::object();
  MetricsPage metrics("evalrun_fleet_");
  metrics.one("jobs_waiting", "gauge", "Jobs that wait.", std::to_string(number(whole, "waiting")));
  metrics.one("jobs_running", "gauge", "Jobs that a worker has.", std::to_string(number(whole, "running")));
  metrics.one("jobs_dead", "gauge", "Jobs that were given up and not tried again.",
              std::to_string(number(whole, "dead")));
  metrics.one("oldest_waiting_seconds", "gauge", "How long the oldest waiting job has waited.",
              seconds_of(whole, "oldest_ms", kMilli));
  metrics.one("waiting_cpu_seconds", "gauge", "CPU time that the waiting jobs will take, by their tenants' means.",
              seconds_of(whole, "waiting_cpu_us", kMicro));
  for (const Counter& counter : kCounters) {
    metrics.one(counter.name, "counter", counter.what, std::to_string(number(stats, counter.stat)));
  }
  const json& workers = list(whole, "workers");
  metrics.one("workers", "gauge", "Workers that were heard of within the last hour.", std::to_string(workers.size()));
  metrics.begin("worker_running", "gauge", "Jobs that the worker runs.");
  for (const json& worker : workers) {
    metrics.add(std::to_string(number(worker, "running")), "worker=" + label(text(worker, "name")));
  }
  metrics.begin("worker_slots", "gauge", "Jobs that the worker can run at a time.");
  for (const json& worker : workers) {
    metrics.add(std::to_string(number(worker, "jobs")), "worker=" + label(text(worker, "name")));
  }
  metrics.begin("worker_silent_seconds", "gauge", "Time since the worker was last heard of.");
  for (const json& worker : workers) {
    metrics.add(seconds_of(worker, "silent_ms", kMilli), "worker=" + label(text(worker, "name")));
  }
  metrics.begin("tenant_waiting", "gauge", "Jobs of the tenant that wait.");
  for (const json& tenant : list(whole, "tenants")) {
    metrics.add(std::to_string(number(tenant, "waiting")), "tenant=" + label(text(tenant, "name")));
  }
  metrics.begin("tenant_cpu_seconds_total", "counter", "CPU time that the tenant's jobs have used.");
  for (const json& tenant : list(whole, "tenants")) {
    metrics.add(seconds_of(tenant, "cpu_us", kMicro), "tenant=" + label(text(tenant, "name")));
  }
  return metrics.text();
}

std::string dead_to_text(const std::vector<DeadJob>& jobs) {
  std::string out;
  for (const DeadJob& job : jobs) {
    out += one_line(job.id) + "\n";
    std::string_view lines = job.why;
    while (!lines.empty()) {
      const std::size_t end = std::min(lines.find('\n'), lines.size());
      out += "    " + one_line(lines.substr(0, end)) + "\n";
      lines.remove_prefix(std::min(end + 1, lines.size()));
    }
  }
  return out;
}

std::string dead_to_json(const std::vector<DeadJob>& jobs) {
  std::string out;
  for (const DeadJob& job : jobs) {
    const json line = {{"id", json_text(job.id)}, {"batch", json_text(job.batch)}, {"why", json_text(job.why)}};
    out += json_escaped(line.dump()) + "\n";
  }
  return out;
}

}  // namespace evalrun::fleet
