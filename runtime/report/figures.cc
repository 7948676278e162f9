#include "runtime/report/figures.h"

#include <algorithm>
#include <cstring>

#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/judge/verdict.h"

namespace evalrun::report {

using nlohmann::ordered_json;
using namespace supervise;

namespace {

// Without the beginning of a character at its end.
std::string_view without_cut_character(std::string_view text) {
  const std::size_t from = text.size() - std::min<std::size_t>(text.size(), 3);
  for (std::size_t at = text.size(); at-- > from;) {
    const auto byte = static_cast<std::uint8_t>(text[at]);
    if (byte < 0x80) break;
    if (byte < 0xC0) continue;
    const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
    return text.size() - at < length ? text.substr(0, at) : text;
  }
  return text;
}

}  // namespace

// The unit is part of the name, as in every figure of a result.
void add_quantity(ordered_json& json, const std::string& name, const std::variant<Duration, Bytes>& quantity) {
  if (const auto* time = std::get_if<Duration>(&quantity)) json[name + "_us"] = to_microseconds(*time);
  if (const auto* size = std::get_if<Bytes>(&quantity)) json[name + "_bytes"] = size->count;
}

std::string written(const ordered_json& json, Layout layout) {
  // What is not UTF-8 was given to json_text(); a string that was forgotten must not throw.
  constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
  const bool is_one_line = layout == Layout::OneLine;
  return json_escaped(json.dump(is_one_line ? -1 : 2, ' ', false, kReplace) + (is_one_line ? "" : "\n"));
}

std::string full_name_of_signal(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? std::to_string(signal) : "SIG" + std::string(name);
}

ordered_json to_json(const Outcome& outcome) {
  struct Visitor {
    ordered_json operator()(const Exited& exited) const { return {{"kind", "exited"}, {"exit_code", exited.code}}; }
    ordered_json operator()(const Signaled& signaled) const {
      return {{"kind", "signaled"}, {"signal", signaled.signal}, {"name", full_name_of_signal(signaled.signal)}};
    }
    ordered_json operator()(const LimitHit& hit) const {
      ordered_json json = {{"kind", "limit"}, {"limit", name_of(hit.limit)}};
      add_quantity(json, "allowed", hit.reach.allowed);
      add_quantity(json, "reached", hit.reach.reached);
      if (!hit.what.empty()) json["what"] = json_text(hit.what);
      if (hit.limit == Limit::Memory) {
        json["files_bytes"] = hit.memory.files.count;
        if (hit.memory.met == MemoryMet::Thrashing) json["thrashing"] = true;
        if (hit.memory.met == MemoryMet::HeapFull) json["heap_full"] = true;
      }
      return json;
    }
    ordered_json operator()(const Violation& violation) const {
      ordered_json json = {{"kind", "violation"}};
      json["call"] = violation.call.empty() ? ordered_json(nullptr) : ordered_json(violation.call);
      return json;
    }
    ordered_json operator()(const NotStarted& start) const {
      return {{"kind", "not_started"},
              {"operation", start.operation},
              {"subject", json_text(start.subject)},
              {"errno", errno_name(start.error)}};
    }
    ordered_json operator()(const SandboxFault& fault) const {
      ordered_json json = {{"kind", "sandbox_error"},
                           {"stage", fault.stage},
                           {"operation", fault.operation},
                           {"subject", json_text(fault.subject)}};
      json["errno"] = fault.error == 0 ? ordered_json(nullptr) : ordered_json(errno_name(fault.error));
      json["retryable"] = fault.retryable;
      return json;
    }
    ordered_json operator()(const Cancelled& end) const {
      return {{"kind", "cancelled"}, {"signal", end.signal}, {"name", full_name_of_signal(end.signal)}};
    }
  };
  return std::visit(Visitor{}, outcome);
}

ordered_json to_json(const std::vector<LimitMet>& limits) {
  ordered_json json = ordered_json::array();
  for (const LimitMet& met : limits) {
    ordered_json one = {{"limit", name_of(met.limit)}};
    if (const auto* count = std::get_if<std::uint64_t>(&met.allowed)) one["allowed"] = *count;
    if (const auto* time = std::get_if<Duration>(&met.allowed)) one["allowed_us"] = to_microseconds(*time);
    if (const auto* size = std::get_if<Bytes>(&met.allowed)) one["allowed_bytes"] = size->count;
    one["times"] = met.times ? ordered_json(*met.times) : ordered_json(nullptr);
    one["evidence"] = name_of(met.evidence);
    one["source"] = met.source;
    json.push_back(std::move(one));
  }
  return json;
}

std::string limit_line(const LimitMet& met) {
  return judge::describe(met) + " (" + std::string(name_of(met.evidence)) + ": " + met.source + ")\n";
}

ordered_json to_json(const Stream& stream) {
  ordered_json json = {{"bytes", stream.bytes}, {"truncated", stream.truncated}};
  if (stream.captured) {
    // A cut in the middle of a character must not turn text into base64.
    const std::string_view kept = stream.truncated ? without_cut_character(stream.kept) : stream.kept;
    if (is_shown_as_text(kept)) {
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
      json.push_back({{"path", json_text(file.path)}, {"error", json_text(file.error)}});
    } else {
      json.push_back({{"path", json_text(file.path)},
                      {"bytes", file.bytes},
                      {"sha256", file.sha256},
                      {"saved_as", json_text(file.saved_as)}});
    }
  }
  return json;
}

// "0x10": a JSON number would not hold 64 bits everywhere.
std::vector<std::string> hexadecimal(const std::vector<std::uint64_t>& words) {
  std::vector<std::string> text;
  for (const std::uint64_t word : words) {
    char digits[19];
    std::snprintf(digits, sizeof digits, "0x%llx", static_cast<unsigned long long>(word));
    text.emplace_back(digits);
  }
  return text;
}

ordered_json to_json(const std::vector<mediate::RecordedViolation>& violations) {
  ordered_json json = ordered_json::array();
  for (const mediate::RecordedViolation& violation : violations) {
    ordered_json one = {{"layer", violation.layer}};
    one["call"] = violation.call.empty() ? ordered_json(nullptr) : ordered_json(violation.call);
    one["number"] = violation.number;
    one["arguments"] = hexadecimal(violation.arguments);
    one["decoded"] = json_text(violation.decoded);
    one["path"] = nullptr;
    one["pid"] = violation.pid;
    one["process"] = json_text(violation.process);
    one["action"] = violation.action;
    one["remedy"] = json_text(violation.remedy);
    json.push_back(std::move(one));
  }
  return json;
}

ordered_json to_json(const host::Layers& layers) {
  const auto state = [](const host::LayerState& layer) { return json_text(to_string(layer)); };
  return {{"user_ns", state(layers.user_ns)},
          {"mount_ns", state(layers.mount_ns)},
          {"pid_ns", state(layers.pid_ns)},
          {"net_ns", state(layers.net_ns)},
          {"ipc_ns", state(layers.ipc_ns)},
          {"uts_ns", state(layers.uts_ns)},
          {"cgroup_ns", state(layers.cgroup_ns)},
          {"landlock",
           {{"abi", layers.landlock_abi},
            {"fs", state(layers.landlock_fs)},
            {"net", state(layers.landlock_net)},
            {"scopes", state(layers.landlock_scopes)}}},
          {"seccomp", state(layers.seccomp)},
          {"rlimits", state(layers.rlimits)},
          {"capabilities", state(layers.capabilities)},
          {"descriptors", state(layers.descriptors)},
          {"cgroup", state(layers.cgroup)}};
}

// What is not there says nothing.
ordered_json to_json(const supervise::Start& start) {
  ordered_json json = {{"kind", name_of(start.kind)}};
  if (!start.why.empty()) json["why"] = json_text(start.why);
  if (start.kind == supervise::Start::Kind::Snapshot) {
    json["recorded_cpu_us"] = to_microseconds(start.recorded_cpu);
    json["shared_bytes"] = start.share.count;
  }
  return json;
}

void add_measurements(ordered_json& json, const RunResult& result) {
  json["start"] = to_json(result.start);
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
}

ordered_json warnings_json(const RunResult& result) {
  ordered_json warnings = ordered_json::array();
  for (const std::string& warning : result.warnings) warnings.push_back(json_text(warning));
  for (const host::Noise& noise : result.noise) {
    if (!host::is_lasting(noise.kind)) warnings.push_back(json_text(noise.text));
  }
  return warnings;
}

ordered_json host_json(const RunResult& result) {
  ordered_json warnings = warnings_json(result);
  for (const host::Noise& noise : result.noise) {
    if (host::is_lasting(noise.kind)) warnings.push_back(json_text(noise.text));
  }
  return {{"kernel", result.kernel}, {"warnings", std::move(warnings)}};
}

std::string noise_line(const std::vector<host::Noise>& noises) {
  if (noises.empty()) return "";
  std::vector<std::string> names;
  for (const host::Noise& noise : noises) {
    const std::string name(name_of(noise.kind));
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return "times are less sure here: " + join_words(names) + " (remedies: host.warnings of --format json)\n";
}

std::string milliseconds(Duration time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f ms", static_cast<double>(time.count()) / 1e6);
  return text;
}

std::string seconds(Duration time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f s", std::chrono::duration<double>(time).count());
  return text;
}

std::string mebibytes(Bytes size) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MiB", static_cast<double>(size.count) / (1 << 20));
  return text;
}

std::string padded_left(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

}  // namespace evalrun::report
