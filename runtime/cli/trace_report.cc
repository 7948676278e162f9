#include "runtime/cli/trace_report.h"

#include <nlohmann/json.hpp>

#include "runtime/core/text.h"
#include "runtime/judge/verdict.h"
#include "runtime/report/figures.h"

namespace evalrun::cli {
namespace {

using nlohmann::ordered_json;
using report::to_json;

ordered_json refusal_json(const trace::Refusal& refusal) {
  mediate::RecordedViolation entry;
  entry.layer = refusal.layer;
  entry.call = refusal.call;
  entry.number = refusal.seen.number;
  entry.arguments.assign(refusal.seen.arguments.begin(), refusal.seen.arguments.end());
  entry.decoded = refusal.seen.decoded;
  entry.pid = refusal.seen.pid;
  entry.process = refusal.seen.process;
  entry.action = "refused with " + errno_name(refusal.seen.error);
  entry.remedy = describe(refusal.remedy);
  ordered_json json = to_json(std::vector{entry}).at(0);
  if (!refusal.seen.path.empty()) json["path"] = json_text(refusal.seen.path);
  json["times"] = refusal.times;
  return json;
}

}  // namespace

std::string trace_to_json(const judge::PlannedRun& run, const trace::Trace& trace) {
  const Plan& plan = run.plan;
  ordered_json json = {{"version", 1}};
  json["plan"] = {{"name", json_text(plan.origin.name)}, {"sha256", plan.origin.sha256}};
  json["run"] = json_text(run.name);
  json["verdict"] = judge::name_of(judge::verdict_of(trace.result.outcome));
  json["outcome"] = to_json(trace.result.outcome);
  json["limits_met"] = to_json(trace.result.limits_met);
  json["stdout"] = to_json(trace.result.output);
  json["stderr"] = to_json(trace.result.error_output);
  json["violations"] = to_json(trace.result.violations);
  json["refusals"] = ordered_json::array();
  for (const trace::Refusal& refusal : trace.refusals) json["refusals"].push_back(refusal_json(refusal));
  return report::written(json, report::Layout::Indented);
}

std::string trace_to_text(const judge::PlannedRun& run, const trace::Trace& trace) {
  const Plan& plan = run.plan;
  std::string text = "traced, so slower than a run; every layer stands\n";
  if (run.step != judge::Step::Run) text += one_line(run.name) + "\n";
  text += std::string(judge::name_of(judge::verdict_of(trace.result.outcome))) + "  " +
          one_line(judge::message_of(trace.result, plan.kind.limits)) + "\n";
  for (const mediate::RecordedViolation& violation : trace.result.violations) {
    text +=
        one_line(violation.layer + "  " + violation.decoded + "  " + violation.action + "; " + violation.remedy) + "\n";
  }
  for (const trace::Refusal& refusal : trace.refusals) {
    text += one_line(refusal.layer + "  " + refusal.call + " " + refusal.seen.path + "  " +
                     errno_name(refusal.seen.error) + "; " + describe(refusal.remedy)) +
            "\n";
  }
  return text;
}

}  // namespace evalrun::cli
