#include "runtime/fleet/fleet_plans.h"

#include <utility>

#include "runtime/core/sha256.h"

namespace evalrun::fleet {
namespace {

// Each may be 16 MiB of text.
constexpr std::size_t kManyPlans = 32;

// What the plan's bundle or the job's line says is in the shared folder. In a line the digest is a path like any other,
// which has been made absolute.
std::optional<FileDigest> file_named_by(const std::string& path, const PlanBundle& bundle) {
  if (const auto found = bundle.files.find(path); found != bundle.files.end()) return parse_file_digest(found->second);
  const std::size_t at = path.rfind("sha256:");
  return at == path.npos ? std::nullopt : parse_file_digest(std::string_view(path).substr(at));
}

// A batch's job may name files of the host, since whoever writes the jobs has the host. A fleet's jobs come from afar.
[[noreturn]] void refuse_host_path(HostPathUse use, std::string_view key, const TomlPlace& at, bool is_shared) {
  if (is_shared && use == HostPathUse::Read) {
    throw PlanError(at.position(), key, "a file by its digest, and this worker has no --files");
  }
  const std::string what = use == HostPathUse::Image
                               ? "expected the name of an image, since a job of a fleet may name no file"
                               : "a job of a fleet may name no path";
  throw PlanError(at.position(), key, what + " of the worker's host; use text, base64 or --files");
}

}  // namespace

FleetPlans::FleetPlans(std::vector<std::filesystem::path> images, HostPaths host_paths, FileCache* files)
    : host_paths_(host_paths), files_(files), images_(std::move(images)) {}

void FleetPlans::add(const std::string& digest, const std::string& bundle) {
  const SourcePosition position{"the plan " + digest.substr(0, 12) + " of the queue", 0, 0};
  if (sha256_hex(bundle) != digest) throw PlanError(position, "", "the queue has another text under this digest");
  std::optional<PlanBundle> read = plan_bundle_of(bundle);
  if (!read) throw PlanError(position, kPlanVersion, "no plan of a version that this worker knows");
  auto plan = std::make_unique<const PlanTemplate>(read->plan, read->overrides);
  if (known_.size() >= kManyPlans) known_.clear();
  known_[digest] = {std::move(*read), std::move(plan)};
}

FleetPlans::Made FleetPlans::make(const std::string& digest, const std::string& line, std::uint64_t line_number) {
  Made made;
  std::vector<FileDigest> missing;
  try {
    made.task = task_of(known_.at(digest), line, line_number, made, missing);
    if (missing.empty()) return made;
  } catch (const std::exception&) {
    for (const FileDigest& file : made.files) files_->let_go(file);
    // Of a file that is not there yet the reader can say nothing true.
    if (missing.empty()) throw;
    return {std::nullopt, std::move(missing)};
  }
  for (const FileDigest& file : made.files) files_->let_go(file);
  return {std::nullopt, std::move(missing)};
}

Task FleetPlans::task_of(const Known& known, const std::string& line, std::uint64_t line_number, Made& made,
                         std::vector<FileDigest>& missing) {
  const SourcePosition position{known.bundle.jobs_name, static_cast<unsigned>(line_number), 1};
  auto parsed = jobs::parse_job(line, position);
  if (const auto* bad = std::get_if<jobs::BadLine>(&parsed)) throw UsageError(bad->message);
  const VisitHostPath visit = [&](std::string& path, HostPathUse use, std::string_view key, const TomlPlace& at) {
    const std::optional<FileDigest> file = file_named_by(path, known.bundle);
    if (file && use == HostPathUse::Read && files_ != nullptr) {
      if (const auto cached = files_->hold(*file)) {
        made.files.push_back(*file);
        path = cached->string();
      } else {
        missing.push_back(*file);
      }
    } else if (host_paths_ == HostPaths::Refused) {
      refuse_host_path(use, key, at, file.has_value());
    }
  };
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
  for (const PlanStep& step : task.steps) time += step.limits.wall;
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
