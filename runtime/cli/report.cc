#include "runtime/cli/report.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/judge/verdict.h"

namespace evalrun::cli {
namespace {

using nlohmann::ordered_json;
using namespace supervise;

// A path or a message may hold any byte a file name may; JSON may not.
std::string safe(const std::string& text) {
  return is_utf8(text) ? text : printable(text);
}

ordered_json to_json(const Outcome& outcome) {
  struct Visitor {
    ordered_json operator()(const Exited& exited) const { return {{"kind", "exited"}, {"exit_code", exited.code}}; }
    ordered_json operator()(const Signaled& signaled) const {
      const char* name = ::sigabbrev_np(signaled.signal);
      const std::string full = name == nullptr ? std::to_string(signaled.signal) : "SIG" + std::string(name);
      return {{"kind", "signaled"}, {"signal", signaled.signal}, {"name", full}};
    }
    ordered_json operator()(const LimitHit& hit) const { return {{"kind", "limit"}, {"limit", name_of(hit.limit)}}; }
    ordered_json operator()(const Violation& violation) const {
      ordered_json json = {{"kind", "violation"}};
      json["call"] = violation.call.empty() ? ordered_json(nullptr) : ordered_json(violation.call);
      return json;
    }
    ordered_json operator()(const NotStarted& start) const {
      return {{"kind", "not_started"},
              {"operation", start.operation},
              {"subject", safe(start.subject)},
              {"errno", errno_name(start.error)}};
    }
    ordered_json operator()(const SandboxFault& fault) const {
      ordered_json json = {{"kind", "sandbox_error"},
                           {"stage", fault.stage},
                           {"operation", fault.operation},
                           {"subject", safe(fault.subject)}};
      json["errno"] = fault.error == 0 ? ordered_json(nullptr) : ordered_json(errno_name(fault.error));
      json["retryable"] = fault.retryable;
      return json;
    }
  };
  return std::visit(Visitor{}, outcome);
}

ordered_json to_json(const Stream& stream) {
  ordered_json json = {{"bytes", stream.bytes}, {"truncated", stream.truncated}};
  if (stream.captured) {
    // A cut in the middle of a character must not turn text into base64.
    std::string_view kept = stream.kept;
    if (stream.truncated) {
      for (int cut = 0; cut < 3 && !kept.empty() && !is_utf8(kept); ++cut) kept.remove_suffix(1);
    }
    if (is_utf8(kept)) {
      json["text"] = kept;
    } else {
      json["base64"] = base64(stream.kept);
    }
  }
  json["sha256"] = stream.sha256;
  return json;
}

ordered_json to_json(const std::vector<CollectedFile>& files) {
  ordered_json json = ordered_json::array();
  for (const CollectedFile& file : files) {
    if (!file.error.empty()) {
      json.push_back({{"path", safe(file.path)}, {"error", safe(file.error)}});
    } else {
      json.push_back({{"path", safe(file.path)},
                      {"bytes", file.bytes},
                      {"sha256", file.sha256},
                      {"saved_as", safe(file.saved_as)}});
    }
  }
  return json;
}

ordered_json to_json(const std::vector<RecordedViolation>& violations) {
  ordered_json json = ordered_json::array();
  for (const RecordedViolation& violation : violations) {
    ordered_json one = {{"layer", violation.layer}};
    one["call"] = violation.call.empty() ? ordered_json(nullptr) : ordered_json(violation.call);
    one["action"] = violation.action;
    one["remedy"] = violation.remedy;
    json.push_back(std::move(one));
  }
  return json;
}

ordered_json to_json(const sandbox::Layers& layers) {
  return {{"user_ns", to_string(layers.user_ns)},
          {"mount_ns", to_string(layers.mount_ns)},
          {"pid_ns", to_string(layers.pid_ns)},
          {"net_ns", to_string(layers.net_ns)},
          {"ipc_ns", to_string(layers.ipc_ns)},
          {"uts_ns", to_string(layers.uts_ns)},
          {"cgroup_ns", to_string(layers.cgroup_ns)},
          {"landlock",
           {{"abi", layers.landlock_abi},
            {"fs", to_string(layers.landlock_fs)},
            {"net", to_string(layers.landlock_net)},
            {"scopes", to_string(layers.landlock_scopes)}}},
          {"seccomp", to_string(layers.seccomp)},
          {"rlimits", to_string(layers.rlimits)},
          {"capabilities", to_string(layers.capabilities)},
          {"descriptors", to_string(layers.descriptors)},
          {"cgroup", to_string(layers.cgroup)}};
}

std::string milliseconds(Duration time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f ms", static_cast<double>(time.count()) / 1e6);
  return text;
}

std::string mebibytes(Bytes size) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MiB", static_cast<double>(size.count) / (1 << 20));
  return text;
}

void append_stream(std::string& text, const char* name, const Stream& stream) {
  if (stream.bytes == 0) return;
  text += std::string(name) + ": " + std::to_string(stream.bytes) + " bytes" + (stream.truncated ? ", cut" : "") + "\n";
  if (!stream.captured) return;
  std::string shown = printable(stream.kept);
  if (!shown.empty() && shown.back() != '\n') shown += '\n';
  text += shown;
}

// "landlock net: degraded: …" for every layer that does not hold in full.
std::vector<std::string> weak_layers(const sandbox::Layers& layers) {
  std::vector<std::string> weak;
  const ordered_json all = to_json(layers).flatten();
  for (const auto& [name, state] : all.items()) {
    if (!state.is_string() || state == "enforced") continue;
    std::string words = name.substr(1);
    for (char& letter : words) letter = letter == '/' ? ' ' : letter;
    weak.push_back(words + ": " + state.get<std::string>());
  }
  return weak;
}

}  // namespace

std::string to_json(const Report& report) {
  const RunResult& result = report.result;
  const judge::Verdict verdict = judge::verdict_of(result.outcome);
  ordered_json json = {{"version", 1}};
  json["plan"] = {{"name", safe(report.plan.name)}, {"sha256", report.plan.sha256}};
  json["verdict"] = judge::name_of(verdict);
  json["outcome"] = to_json(result.outcome);
  json["message"] = safe(judge::message_of(result.outcome, report.plan.limits));
  json["cpu"] = {{"user_us", to_microseconds(result.cpu.user)},
                 {"system_us", to_microseconds(result.cpu.system)},
                 {"total_us", to_microseconds(result.cpu.total())},
                 {"source", result.cpu.source}};
  json["wall_us"] = to_microseconds(result.wall);
  json["memory"] = {
      {"peak_bytes", result.memory.peak.count}, {"source", result.memory.source}, {"oom", result.memory.oom}};
  json["processes"] = {{"peak", result.processes.peak}, {"source", result.processes.source}};
  json["context_switches"] = {{"voluntary", result.voluntary_switches}, {"involuntary", result.involuntary_switches}};
  json["faults"] = {{"minor", result.minor_faults}, {"major", result.major_faults}};
  json["stdout"] = to_json(result.output);
  json["stderr"] = to_json(result.error_output);
  json["files"] = to_json(result.files);
  json["violations"] = to_json(result.violations);
  json["violations_total"] = result.violations_total;
  json["layers"] = to_json(result.layers);
  json["timing_us"] = {{"compile", to_microseconds(report.compile)},
                       {"setup", to_microseconds(result.setup)},
                       {"run", to_microseconds(result.run)},
                       {"teardown", to_microseconds(result.teardown)}};
  ordered_json warnings = ordered_json::array();
  for (const std::string& warning : result.warnings) warnings.push_back(safe(warning));
  json["host"] = {{"kernel", result.kernel}, {"warnings", std::move(warnings)}};
  return json.dump(2) + "\n";
}

std::string to_text(const Report& report) {
  const RunResult& result = report.result;
  std::string text = std::string(judge::name_of(judge::verdict_of(result.outcome))) + "  " +
                     printable(judge::message_of(result.outcome, report.plan.limits)) + "\n";
  text += "cpu " + milliseconds(result.cpu.total()) + ", wall " + milliseconds(result.wall) + ", memory " +
          mebibytes(result.memory.peak) + ", set-up " + milliseconds(report.compile + result.setup) + "\n";
  append_stream(text, "stdout", result.output);
  append_stream(text, "stderr", result.error_output);
  for (const CollectedFile& file : result.files) {
    text += "file " + printable(file.path) + ": " +
            (file.error.empty() ? std::to_string(file.bytes) + " bytes, saved as " + printable(file.saved_as)
                                : printable(file.error)) +
            "\n";
  }
  for (const RecordedViolation& violation : result.violations) {
    text += "violation: " + violation.layer + " " + (violation.call.empty() ? "a call" : violation.call) + " " +
            violation.action + "; " + violation.remedy + "\n";
  }
  for (const std::string& weak : weak_layers(result.layers)) text += "layer " + weak + "\n";
  for (const std::string& warning : result.warnings) text += "warning: " + printable(warning) + "\n";
  return text;
}

std::string fault_to_json(const std::string& plan_name, const SandboxFault& fault, const std::string& message) {
  ordered_json json = {{"version", 1}};
  json["plan"] = {{"name", safe(plan_name)}};
  json["verdict"] = judge::name_of(judge::Verdict::Ie);
  json["outcome"] = to_json(Outcome(fault));
  json["message"] = safe(message);
  return json.dump(2) + "\n";
}

}  // namespace evalrun::cli
