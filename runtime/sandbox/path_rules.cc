#include "runtime/sandbox/path_rules.h"

#include <string>

namespace evalrun::sandbox {
namespace {

using lockdown::kDelete;
using lockdown::kExecute;
using lockdown::kRead;
using lockdown::kWrite;
using lockdown::PathRule;

std::uint64_t with_execution(std::uint64_t rights, Execution execution) {
  return execution == Execution::Allowed ? rights | kExecute.rights : rights;
}

// What a mount's own flags already say.
std::uint64_t implied_rights(const rootfs::Entry& entry) {
  constexpr std::uint64_t kAll = kRead.rights | kWrite.rights | kDelete.rights;
  if (const auto* bind = std::get_if<rootfs::Bind>(&entry.what)) {
    if (bind->device) return lockdown::kFsReadFile | lockdown::kFsWriteFile;
    return with_execution(bind->access == Access::ReadWrite ? kAll : kRead.rights, bind->execution);
  }
  if (const auto* workspace = std::get_if<rootfs::Workspace>(&entry.what)) {
    return with_execution(kAll, workspace->execution);
  }
  if (const auto* tmpfs = std::get_if<rootfs::Tmpfs>(&entry.what)) return with_execution(kAll, tmpfs->execution);
  if (std::holds_alternative<rootfs::Proc>(entry.what)) return kRead.rights;
  return 0;
}

// Of each mount that holds a listed path, only the listed paths keep the rights of `kind`.
void narrow(const Plan& plan, const rootfs::Layout& layout, const lockdown::RightClass& kind,
            const std::vector<std::string>& listed, std::vector<PathRule>& rules) {
  const std::string key = std::string("landlock.") + kind.name;
  std::vector<PathRule> narrower;
  for (const std::string& path : listed) {
    const rootfs::Entry* mount = rootfs::mount_holding(layout, path);
    if (mount == nullptr) throw PlanError(plan.where(key), key, path + " lies on no mount of the plan or its image");
    const std::uint64_t granted = implied_rights(*mount) & kind.rights;
    if (granted == 0) {
      throw PlanError(plan.where(key), key, path + ": " + mount->origin + " does not give the right to " + kind.name);
    }
    for (PathRule& rule : rules) {
      if (rule.path == mount->at) rule.rights &= ~kind.rights;
    }
    narrower.push_back({path, granted});
  }
  // Afterwards: a listed path may be the mount itself.
  for (PathRule& rule : narrower) rules.push_back(std::move(rule));
}

}  // namespace

std::vector<PathRule> make_path_rules(const Plan& plan, const rootfs::Layout& layout) {
  std::vector<PathRule> rules;
  // `ls /` works. The right reaches everything below, so a plan that narrows reading does without it.
  if (plan.landlock.read.empty()) rules.push_back({"/", lockdown::kFsReadDir});
  for (const rootfs::Entry& entry : layout.entries) {
    const std::uint64_t rights = implied_rights(entry);
    if (rights != 0) rules.push_back({entry.at, rights});
    // evalrun's own files under /etc stand on the root tmpfs, which no rule covers.
    if (entry.at == "/etc" && !rootfs::is_mount(entry)) rules.push_back({entry.at, kRead.rights});
  }
  narrow(plan, layout, kRead, plan.landlock.read, rules);
  narrow(plan, layout, kWrite, plan.landlock.write, rules);
  narrow(plan, layout, kExecute, plan.landlock.execute, rules);
  narrow(plan, layout, kDelete, plan.landlock.remove, rules);
  std::erase_if(rules, [](const PathRule& rule) { return rule.rights == 0; });
  return rules;
}

}  // namespace evalrun::sandbox
