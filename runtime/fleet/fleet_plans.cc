#include "runtime/fleet/fleet_plans.h"

#include <utility>

#include "runtime/core/sha256.h"

namespace evalrun::fleet {
namespace {

// Each may be 16 MiB of text.
constexpr std::size_t kManyPlans = 32;

// A batch's job may name files of the host, since whoever writes the jobs has the host. A fleet's jobs come from afar.
void refuse_host_path(const std::string&, HostPathUse use, std::string_view key, const TomlPlace& at) {
  const std::string what = use == HostPathUse::Image
                               ? "expected the name of an image, since a job of a fleet may name no file"
                               : "a job of a fleet may name no path";
  throw PlanError(at.position(), key, what + " of the worker's host; use text or base64");
}

}  // namespace

FleetPlans::FleetPlans(std::vector<std::filesystem::path> images, HostPaths host_paths)
    : host_paths_(host_paths), images_(std::move(images)) {}

void FleetPlans::add(const std::string& digest, const std::string& bundle) {
  const SourcePosition position{"the plan " + digest.substr(0, 12) + " of the queue", 0, 0};
  if (sha256_hex(bundle) != digest) throw PlanError(position, "", "the queue has another text under this digest");
  std::optional<PlanBundle> read = plan_bundle_of(bundle);
  if (!read) throw PlanError(position, "", "no plan of a version that this worker knows");
  auto plan = std::make_unique<const PlanTemplate>(read->plan, read->overrides);
  if (known_.size() >= kManyPlans) known_.clear();
  known_[digest] = {std::move(*read), std::move(plan)};
}

Task FleetPlans::task_of(const std::string& digest, const std::string& line, std::uint64_t line_number) {
  const Known& known = known_.at(digest);
  const SourcePosition position{known.bundle.jobs_name, static_cast<unsigned>(line_number), 1};
  auto parsed = jobs::parse_job(line, position);
  if (const auto* bad = std::get_if<jobs::BadLine>(&parsed)) throw UsageError(bad->message);
  const VisitHostPath visit = host_paths_ == HostPaths::Allowed ? VisitHostPath{} : refuse_host_path;
  return jobs::task_of(*known.plan, std::get<jobs::JobLine>(std::move(parsed)), known.bundle.jobs_folder, images_,
                       visit);
}

Duration most_time_of(const Task& task) {
  using namespace std::chrono_literals;
  Duration time = task.plan.kind.limits.wall;
  if (task.compile) time += task.compile->limits.wall;
  for (const std::shared_ptr<const JuryProgram>& program : task.jury) {
    if (program != nullptr && program->compile) time += program->compile->limits.wall;
  }
  for (const Case& one : task.cases) {
    Duration of_case = one.limits.wall;
    for (const std::shared_ptr<const JuryProgram>& program : task.jury) {
      if (program != nullptr) of_case += program->plan.kind.limits.wall;
    }
    time += of_case * task.passes;
  }
  return 2 * time + 60s;
}

}  // namespace evalrun::fleet
