// Fuzzes a batch's lines with libFuzzer: whatever the line is, it is a job or a bad line, and a job that changes a plan
// gives a plan or a PlanError with a position; anything else is a finding.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "runtime/jobs/job.h"

namespace {

const evalrun::PlanTemplate& base() {
  static const evalrun::PlanTemplate plan({R"(argv = ["a"]
stdin.text = "in"
files.a.text = "a"
limits = { cpu = "1s", output = { stdout = "1KiB" } }
)",
                                           "plan.toml", "plan", "/plans"},
                                          {});
  return plan;
}

void run_one(std::string_view line) {
  auto parsed = evalrun::jobs::parse_job(line, {"jobs", 1, 1});
  if (const auto* bad = std::get_if<evalrun::jobs::BadLine>(&parsed)) {
    if (!bad->message.starts_with("jobs:1:1: ")) std::abort();
    return;
  }
  evalrun::ImageCache images({});
  try {
    const evalrun::Task task =
        base().make(std::move(std::get<evalrun::jobs::JobLine>(parsed).changes), "/jobs", images);
    if (task.plan.job.argv.empty()) std::abort();
  } catch (const evalrun::PlanError& error) {
    if (error.position().line == 0) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  run_one({reinterpret_cast<const char*>(data), size});
  return 0;
}
