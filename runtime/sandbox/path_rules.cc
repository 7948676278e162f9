#include "runtime/sandbox/path_rules.h"

#include <string>

#include "rootfs/machine_files.h"

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
    // A shared mapping of the zero device is memory that no process has; what is written there is lost anyway.
    if (entry.at == "/dev/zero") return lockdown::kFsReadFile;
    if (bind->device) return lockdown::kFsReadFile | lockdown::kFsWriteFile;
    return with_execution(bind->access == Access::ReadWrite ? kAll : kRead.rights, bind->execution);
  }
  if (const auto* workspace = std::get_if<rootfs::Workspace>(&entry.what)) {
    return with_execution(workspace->access == Access::ReadWrite ? kAll : kRead.rights, workspace->execution);
  }
  if (const auto* tmpfs = std::get_if<rootfs::Tmpfs>(&entry.what)) {
    return with_execution(tmpfs->access == Access::ReadWrite ? kAll : kRead.rights, tmpfs->execution);
  }
  if (std::holds_alternative<rootfs::Proc>(entry.what)) return kRead.rights;
  return 0;
}

std::uint64_t rights_of(PathRight right) {
  switch (right) {
    case PathRight::Read: return kRead.rights;
    case PathRight::Write: return kWrite.rights;
    case PathRight::Execute: return kExecute.rights;
    case PathRight::Delete: return kDelete.rights;
  }
  return 0;
}

// The rights of the words that the plan takes away.
std::uint64_t taken_rights(const CapabilitySet& held) {
  std::uint64_t rights = 0;
  for (const CapabilityRow& row : capability_rows()) {
    if (row.path_right && held.takes(row.word)) rights |= rights_of(*row.path_right);
  }
  return rights;
}

// What the plan or its compile step placed in /work is the program; the loader asks for its cache first of all.
bool belongs_to_program(const rootfs::Entry& entry) {
  const auto* workspace = std::get_if<rootfs::Workspace>(&entry.what);
  return entry.at == "/work" || entry.at == "/etc/ld.so.cache" || (workspace != nullptr && workspace->shows == "/work");
}

// Devices hold nothing. What belongs to the program may be read.
std::uint64_t left_of(std::uint64_t rights, const rootfs::Entry& entry, std::uint64_t taken) {
  const auto* bind = std::get_if<rootfs::Bind>(&entry.what);
  if (bind != nullptr && bind->device) return rights;
  return rights & ~(belongs_to_program(entry) ? taken & ~kRead.rights : taken);
}

void add_program_files(const ProgramFiles& files, std::uint64_t taken, std::vector<PathRule>& rules) {
  if ((taken & (kRead.rights | kExecute.rights)) == 0) return;
  for (const std::string& program : files.programs) {
    rules.push_back({program, kExecute.rights | lockdown::kFsReadFile});
  }
  if ((taken & kRead.rights) == 0) return;
  for (const std::string& library : files.libraries) rules.push_back({library, kRead.rights});
}

// evalrun's own files, which hold nothing of the host: who the run's user is (getpwuid), and what its machine is.
void add_own_files(const rootfs::Layout& layout, std::uint64_t taken, std::vector<PathRule>& rules) {
  if ((taken & lockdown::kFsReadFile) == 0) return;
  for (const rootfs::Entry& entry : layout.entries) {
    if (std::holds_alternative<rootfs::TextFile>(entry.what)) rules.push_back({entry.at, lockdown::kFsReadFile});
    const auto* proc = std::get_if<rootfs::Proc>(&entry.what);
    if (proc == nullptr || proc->view != ProcView::Pid) continue;
    for (const std::string_view name : rootfs::kMachineFileNames) {
      rules.push_back({entry.at + "/" + std::string(name), lockdown::kFsReadFile});
    }
  }
}

// Of each mount that holds a listed path, only the listed paths keep the rights of `kind`.
void narrow(const Plan& plan, const rootfs::Layout& layout, const lockdown::RightClass& kind,
            const std::vector<std::string>& listed, std::vector<PathRule>& rules) {
  const std::string key = std::string("landlock.") + kind.name;
  std::vector<PathRule> narrower;
  for (const std::string& path : listed) {
    const rootfs::Entry* mount = rootfs::mount_holding(layout, path);
    if (mount == nullptr)
      throw PlanError(plan.origin.where(key), key, path + " lies on no mount of the plan or its image");
    const std::uint64_t granted = implied_rights(*mount) & kind.rights;
    if (granted == 0) {
      throw PlanError(plan.origin.where(key), key,
                      path + ": " + mount->origin + " does not give the right to " + kind.name);
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

std::vector<PathRule> make_path_rules(const Plan& plan, const rootfs::Layout& layout, const ProgramFiles& files) {
  const std::uint64_t taken = taken_rights(plan.kind.capabilities);
  std::vector<PathRule> rules;
  // `ls /` works. The right reaches everything below, so a plan that narrows reading does without it.
  if (plan.kind.landlock.read.empty()) rules.push_back({"/", lockdown::kFsReadDir & ~taken});
  for (const rootfs::Entry& entry : layout.entries) {
    const std::uint64_t rights = left_of(implied_rights(entry), entry, taken);
    if (rights != 0) rules.push_back({entry.at, rights});
    // evalrun's own files under /etc stand on the root tmpfs, which no rule covers.
    if (entry.at == "/etc" && !rootfs::is_mount(entry)) rules.push_back({entry.at, kRead.rights & ~taken});
  }
  add_program_files(files, taken, rules);
  add_own_files(layout, taken, rules);
  narrow(plan, layout, kRead, plan.kind.landlock.read, rules);
  narrow(plan, layout, kWrite, plan.kind.landlock.write, rules);
  narrow(plan, layout, kExecute, plan.kind.landlock.execute, rules);
  narrow(plan, layout, kDelete, plan.kind.landlock.remove, rules);
  std::erase_if(rules, [](const PathRule& rule) { return rule.rights == 0; });
  return rules;
}

}  // namespace evalrun::sandbox
