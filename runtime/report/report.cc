#include "runtime/report/report.h"

#include <nlohmann/json.hpp>

#include "runtime/core/text.h"
#include "runtime/judge/verdict.h"
#include "runtime/report/figures.h"

namespace evalrun::report {
namespace {

using nlohmann::ordered_json;
using namespace supervise;

void append_stream(std::string& text, const char* name, const Stream& stream) {
  if (stream.bytes == 0) return;
  text += std::string(name) + ": " + std::to_string(stream.bytes) + " bytes" + (stream.truncated ? ", cut" : "") + "\n";
  if (!stream.captured) return;
  std::string shown = printable(stream.kept);
  if (!shown.empty() && shown.back() != '\n') shown += '\n';
  text += shown;
}

std::string in_words(const std::variant<Duration, Bytes>& quantity) {
  if (const auto* time = std::get_if<Duration>(&quantity)) return milliseconds(*time);
  return std::to_string(std::get<Bytes>(quantity).count) + " bytes";
}

// "landlock net: degraded: …" for every layer that does not hold in full.
std::vector<std::string> weak_layers(const host::Layers& layers) {
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

std::string to_json(const Report& report, Layout layout) {
  const RunResult& result = report.result;
  const judge::Verdict verdict = judge::verdict_of(result.outcome);
  ordered_json json = {{"version", 1}};
  json["plan"] = {{"name", json_text(report.plan.origin.name)}, {"sha256", report.plan.origin.sha256}};
  json["verdict"] = judge::name_of(verdict);
  json["outcome"] = to_json(result.outcome);
  json["message"] = json_text(judge::message_of(result, report.plan.kind.limits));
  json["limits_met"] = to_json(result.limits_met);
  add_measurements(json, result);
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
  json["host"] = host_json(result);
  return written(json, layout);
}

std::string to_text(const Report& report) {
  const RunResult& result = report.result;
  std::string text = std::string(judge::name_of(judge::verdict_of(result.outcome))) + "  " +
                     one_line(judge::message_of(result, report.plan.kind.limits)) + "\n";
  text += "cpu " + milliseconds(result.cpu.total()) + ", wall " + milliseconds(result.wall) + ", memory " +
          mebibytes(result.memory.peak) + ", set-up " + milliseconds(report.compile + result.setup) + "\n";
  if (const auto* hit = std::get_if<LimitHit>(&result.outcome)) {
    text += "limit " + std::string(name_of(hit->limit)) + ": " + in_words(hit->reach.allowed) + " allowed, " +
            in_words(hit->reach.reached) + " reached\n";
  }
  for (const LimitMet& met : result.limits_met) text += limit_line(met);
  append_stream(text, "stdout", result.output);
  append_stream(text, "stderr", result.error_output);
  for (const CollectedFile& file : result.files) {
    text += "file " + one_line(file.path) + ": " +
            (file.error.empty() ? std::to_string(file.bytes) + " bytes, saved as " + one_line(file.saved_as)
                                : one_line(file.error)) +
            "\n";
  }
  for (const mediate::RecordedViolation& violation : result.violations) {
    text += one_line("violation: " + violation.layer + " " + violation.decoded + " " + violation.action + "; " +
                     violation.remedy) +
            "\n";
  }
  if (judge::verdict_of(result.outcome) == judge::Verdict::Re) {
    text += "refused something? `evalrun trace " + shell_word(report.plan.origin.whole.file) +
            "` names each refusal, with --suggest the plan's lines that allow it\n";
  }
  for (const std::string& weak : weak_layers(result.layers)) text += "layer " + one_line(weak) + "\n";
  for (const std::string& warning : result.warnings) text += "warning: " + one_line(warning) + "\n";
  text += noise_line(result.noise);
  return text;
}

std::string fault_to_json(const std::string& plan_name, const SandboxFault& fault, const std::string& message,
                          Layout layout) {
  ordered_json json = {{"version", 1}};
  json["plan"] = {{"name", json_text(plan_name)}};
  json["verdict"] = judge::name_of(judge::Verdict::Ie);
  json["outcome"] = to_json(Outcome(fault));
  json["message"] = json_text(message);
  return written(json, layout);
}

}  // namespace evalrun::report
