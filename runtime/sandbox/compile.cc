#include "runtime/sandbox/compile.h"

#include <sys/capability.h>

#include <filesystem>

#include "rootfs/view.h"
#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/sandbox/program_files.h"
#include "runtime/sandbox/quotas.h"

namespace evalrun::sandbox {
namespace {

// Where a program is looked for when the plan's environment has no PATH.
constexpr char kDefaultPath[] = "/usr/local/bin:/usr/bin:/bin";

std::vector<const char*> pointers_to(const std::vector<std::string>& strings) {
  std::vector<const char*> pointers;
  for (const std::string& text : strings) pointers.push_back(text.c_str());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<lockdown::PathRule> present_rules(const Plan& plan, const rootfs::Layout& layout, const ProgramFiles& files,
                                              const rootfs::PinnedRoot& root) {
  std::vector<lockdown::PathRule> rules = make_path_rules(plan, layout, files);
  std::erase_if(rules, [&](const lockdown::PathRule& rule) {
    const rootfs::Entry* mount = rootfs::mount_holding(layout, rule.path);
    return mount != nullptr && !root.has(*mount);
  });
  return rules;
}

lockdown::LandlockSteps everything_denied(int abi) {
  lockdown::LandlockSteps steps{};
  steps.attributes.handled_fs = lockdown::fs_rights_of(abi);
  steps.attributes_size = abi >= 1 ? lockdown::ruleset_size_of(abi) : 0;
  return steps;
}

std::vector<std::string> names_of(const std::vector<rootfs::CarriedFile>& files) {
  std::vector<std::string> names;
  for (const rootfs::CarriedFile& file : files) names.push_back(file.path);
  return names;
}

Plan with_mount_of(const SnapshotStart* snapshot, Plan plan) {
  if (snapshot != nullptr) {
    plan.kind.mounts.push_back({.what = Mount::Bind{snapshot->file},
                                .at = mount_point_of(*snapshot),
                                .access = Access::ReadOnly,
                                .execution = Execution::Allowed,
                                .position = plan.origin.whole});
  }
  return plan;
}

std::string capability_name(int number) {
  char* name = ::cap_to_name(number);
  if (name == nullptr) return std::to_string(number);
  std::string text = name;
  ::cap_free(name);
  return text;
}

}  // namespace

std::string mount_point_of(const SnapshotStart& snapshot) {
  return std::filesystem::path(snapshot.path).lexically_normal().string();
}

Limits less_share(Limits limits, const SnapshotStart* snapshot) {
  if (snapshot != nullptr && limits.memory > snapshot->share) limits.memory.count -= snapshot->share.count;
  return limits;
}

std::vector<std::string> program_candidates(const Plan& plan) {
  const std::string& name = plan.job.argv.front();
  if (name.find('/') != std::string::npos) return {name};
  const auto set = plan.job.env.find("PATH");
  const std::string path = set == plan.job.env.end() ? kDefaultPath : set->second;
  std::vector<std::string> candidates;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    const std::string folder = path.substr(begin, end - begin);
    candidates.push_back(folder.empty() ? "./" + name : folder + "/" + name);
    begin = end + 1;
  }
  return candidates;
}

std::vector<std::string> environment_of(const Plan& plan) {
  std::vector<std::string> variables;
  for (const auto& [name, value] : plan.job.env) variables.push_back(name + "=" + value);
  return variables;
}

CompiledPlan::CompiledPlan(Plan plan, const host::HostFacts& host, CompileExtras extras)
    : snapshot_(std::move(extras.snapshot)),
      why_no_snapshot_(std::move(extras.why_no_snapshot)),
      plan_(with_mount_of(snapshot_.get(), std::move(plan))),
      host_(host),
      layers_(host::decide_layers(plan_, host_)),
      layout_(rootfs::make_layout(plan_, names_of(extras.carried), rootfs::absent_of_shown(plan_))),
      program_files_(find_program_files(plan_, layout_, program_candidates(plan_), extras.carried)),
      root_(plan_, layout_, std::move(extras.carried)),
      landlock_(plan_, present_rules(plan_, layout_, program_files_, root_), host_.landlock_abi),
      rlimit_rows_(lockdown::make_rlimits(plan_, host_.core_limit, host_.uncounted)),
      programs_(program_candidates(plan_)),
      environment_(environment_of(plan_)) {
  if (snapshot_) plan_.kind.mounts.pop_back();  // the layout has it; the plan's kind is as it was
  if (host_.seccomp_filters) {
    whitelist_ = extras.observed ? lockdown::build_observed(plan_) : lockdown::build_whitelist(plan_, host_.uncounted);
    seal_ = lockdown::build_seal();
    init_filter_ = lockdown::build_init_filter();
  }
  if (plan_.kind.limits.address_space && whitelist_.empty()) {
    throw HostError("host", "provide the layer", "seccomp", 0, "limits.address_space is held by it");
  }
  for (const lockdown::RlimitRow& row : rlimit_rows_) rlimits_.push_back(row.limit);
  program_pointers_ = pointers_to(programs_);
  argv_pointers_ = pointers_to(plan_.job.argv);
  environment_pointers_ = pointers_to(environment_);

  child_.root = root_.steps();
  child_.hostname = host_.uts_ns ? plan_.kind.hostname.c_str() : nullptr;
  child_.hostname_size = plan_.kind.hostname.size();
  child_.host_name_may_stay = plan_.kind.require.uts_ns == Need::IfAvailable;
  child_.keyring_may_stay = !whitelist_.empty();
  child_.own_cgroup_root = host_.cgroup_ns;
  child_.sends_work_folder = extras.keep_work_folder || !plan_.kind.collect.empty();
  child_.fixed_addresses = !plan_.kind.determinism.aslr;
  child_.landlock = landlock_.steps();
  child_.init_landlock = everything_denied(host_.landlock_abi);
  child_.whitelist = whitelist_;
  child_.has_listener = !whitelist_.empty();
  child_.seal = seal_;
  child_.init_filter = init_filter_;
  child_.rlimits = rlimits_;
  child_.last_capability = host_.last_capability;
  child_.snapshot = snapshot_ ? snapshot_->path.c_str() : nullptr;
  child_.programs = program_pointers_.data();
  child_.argv = argv_pointers_.data();
  child_.envp = environment_pointers_.data();
}

bool CompiledPlan::starts_from_snapshot(const Job& job) const noexcept {
  return snapshot_ && job.argv == snapshot_->argv && job.env == snapshot_->env;
}

Limits CompiledPlan::held_limits() const {
  return less_share(plan_.kind.limits, snapshot_.get());
}

std::string CompiledPlan::describe_subject(const StepResult& step) const {
  const auto item = static_cast<std::size_t>(step.item);
  switch (step.stage) {
    case Stage::Landlock:
      if (step.item < 0) return "";
      if (item < landlock_.rules().size()) return landlock_.rules()[item].path;
      return "TCP port " + std::to_string(landlock_.steps().ports[item - landlock_.rules().size()].port);
    case Stage::Rlimits:
      if (step.item < 0) return "";
      return std::string(rlimit_rows_[item].name) + " " + lockdown::describe_value(rlimit_rows_[item]);
    case Stage::Capabilities:
    case Stage::Init: return step.item < 0 ? "" : capability_name(step.item);
    case Stage::Exec:
      if (step.operation == Operation::NotFound) return plan_.job.argv.front() + " in PATH";
      return step.item < 0 ? "" : programs_[item];
    case Stage::Hostname: return plan_.kind.hostname;
    case Stage::Nesting: return kNamespaceQuotas.at(item).file;
    default: return root_.describe(step.stage, step.operation, step.item);
  }
}

const std::string* CompiledPlan::program_of(const StepResult& step) const noexcept {
  if (step.stage != Stage::Exec || step.operation == Operation::NotFound || step.item < 0) return nullptr;
  return &programs_[static_cast<std::size_t>(step.item)];
}

namespace {

// Of the programs that could have been meant, the one whose name is nearest to argv's; "" for none.
std::string nearest_program(const Plan& plan, const rootfs::Layout& layout) {
  namespace fs = std::filesystem;
  const rootfs::View view(layout, plan.kind.cwd);
  const std::string& name = plan.job.argv.front();
  std::vector<std::string> names;
  for (const std::string& candidate : program_candidates(plan)) {
    const fs::path folder = fs::path(candidate).parent_path();
    const rootfs::Look look = view.look(folder.string());
    const std::optional<std::string> on_host = look.is_there() ? view.host_path(look.path) : std::nullopt;
    if (!on_host) continue;
    std::error_code error;
    for (fs::directory_iterator entry(*on_host, error), end; !error && entry != end; entry.increment(error)) {
      const fs::path file = entry->path().filename();
      names.push_back(name.find('/') == std::string::npos ? file.string() : (folder / file).string());
    }
  }
  return nearest(name, names);
}

}  // namespace

void check_program(const CompiledPlan& compiled, const std::string& key) {
  const Plan& plan = compiled.plan();
  const std::string& name = plan.job.argv.front();
  const std::optional<rootfs::Look> missing = find_missing(plan, compiled.layout(), program_candidates(plan));
  if (!missing) return;
  if (const std::optional<rootfs::Mend> mend = rootfs::mend_for(compiled.layout(), *missing)) {
    throw PlanError(plan.origin.where(key), key,
                    "the program " + printable(name) + ": " + printable(rootfs::describe(*missing, *mend)));
  }
  const std::string near = nearest_program(plan, compiled.layout());
  const std::string hint = near.empty() ? "" : "; did you mean " + printable(near) + "?";
  const std::string image = plan.kind.image.empty() ? "" : "of image " + plan.kind.image;
  if (name.find('/') != std::string::npos) {
    throw PlanError(plan.origin.where(key), key,
                    printable(name) + " is not in the file system " +
                        (image.empty() ? "that the plan's mounts make" : image) + hint);
  }
  const auto set = plan.job.env.find("PATH");
  throw PlanError(
      plan.origin.where(key), key,
      printable(name) + " is not in PATH " +
          (image.empty() ? "(" + printable(set == plan.job.env.end() ? kDefaultPath : set->second) + ")" : image) +
          hint);
}

std::shared_ptr<const CompiledPlan> compile(Plan plan, const host::HostFacts& host, CompileExtras extras) {
  return std::shared_ptr<const CompiledPlan>(new CompiledPlan(std::move(plan), host, std::move(extras)));
}

}  // namespace evalrun::sandbox
