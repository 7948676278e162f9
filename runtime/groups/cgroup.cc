#include "runtime/groups/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "runtime/core/error.h"
#include "runtime/groups/group_files.h"

namespace evalrun::groups {

Groups::Groups(std::vector<GroupTree> trees) : trees_(std::move(trees)) {
  if (trees_.empty()) return;
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  // A process id comes back; together with the moment it does not.
  prefix_ =
      "evalrun-" + std::to_string(::getpid()) + "-" + std::to_string(now.tv_sec * 1'000'000'000LL + now.tv_nsec) + "-";
}

Groups::~Groups() {
  constexpr int kAttempts = 500;
  for (int attempt = 0; !busy_.empty() && attempt < kAttempts; ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    remove_what_was_busy();
  }
}

void Groups::remove_later(std::string folder) noexcept {
  try {
    busy_.push_back(std::move(folder));
  } catch (const std::bad_alloc&) {
    // It stays: an empty group costs the host a little memory.
  }
}

void Groups::remove_what_was_busy() noexcept {
  std::erase_if(busy_, [](const std::string& folder) { return ::rmdir(folder.c_str()) == 0 || errno != EBUSY; });
}

host::LayerState Groups::state() const {
  const auto gives = [&](bool GroupTree::*what) {
    return std::any_of(trees_.begin(), trees_.end(), [&](const GroupTree& tree) { return tree.*what; });
  };
  std::string missing;
  const auto lacks = [&](bool GroupTree::*what, const char* name) {
    if (gives(what)) return;
    missing += (missing.empty() ? "" : ", ") + std::string(name);
  };
  lacks(&GroupTree::memory, "memory");
  lacks(&GroupTree::pids, "pids");
  lacks(&GroupTree::cpu, "cpu");
  if (missing.empty()) return {};
  return {host::LayerState::Kind::Degraded, "no group that this user may write counts " + missing +
                                                "; held there by rlimits, init's accounting and sampling"};
}

std::string Groups::next_name() {
  if (!janitor_) {
    std::vector<std::string> folders;
    for (const GroupTree& tree : trees_) folders.push_back(tree.folder);
    janitor_.emplace(folders, prefix_);
  }
  return prefix_ + std::to_string(next_++);
}

host::HostFacts counted_by(const Groups& groups, host::HostFacts host) {
  host.uncounted.cpu_time = std::ranges::none_of(groups.trees(), &GroupTree::cpu);
  host.uncounted.memory = std::ranges::none_of(groups.trees(), &GroupTree::memory);
  host.uncounted.processes = std::ranges::none_of(groups.trees(), &GroupTree::pids);
  return host;
}

void require_cgroup(const Plan& plan, const Groups& groups) {
  if (plan.kind.limits.cpu_rate && std::ranges::none_of(groups.trees(), &GroupTree::cpu_rate)) {
    throw HostError("host", "hold limits.cpu_rate", "cgroup", 0,
                    "no group that this user may write bounds the rate of CPU time");
  }
  const host::LayerState state = groups.state();
  if (plan.kind.require.cgroup == Need::IfAvailable || state.kind == host::LayerState::Kind::Enforced) return;
  throw HostError("host", "provide the layer", "cgroup", 0,
                  state.why + "; a plan accepts that with [require] cgroup = \"if-available\"");
}

namespace {

// The kernel takes 1 ms of quota at the least; a short period keeps short runs even.
struct CpuBandwidth {
  explicit CpuBandwidth(double rate)
      : period(rate < 0.1 ? 100'000 : 10'000), quota(std::llround(rate * static_cast<double>(period))) {}
  long long period, quota;  // microseconds
};

}  // namespace

RunGroups::RunGroups(Groups& groups, const Limits& limits)
    : groups_(&groups), name_(groups.next_name()), limits_(limits) {
  try {
    for (const GroupTree& tree : groups_->trees()) {
      if (tree.kind == GroupTree::Kind::V2) make(tree);
    }
  } catch (...) {
    remove();
    throw;
  }
}

void RunGroups::make_v1_groups() {
  for (const GroupTree& tree : groups_->trees()) {
    if (tree.kind == GroupTree::Kind::V2) continue;
    if (tree.kind == GroupTree::Kind::V1Cpu && !limits_.cpu_rate) continue;
    make(tree);
  }
}

RunGroups::~RunGroups() {
  remove();
}

void RunGroups::make(const GroupTree& tree) {
  const std::string folder = tree.folder + "/" + name_;
  // First the note that says what to remove: a group that is made and not noted would stay.
  made_.push_back({tree, folder, Fd()});
  Fd& group = made_.back().descriptor;
  if (::mkdir(folder.c_str(), 0755) != 0) {
    const int error = errno;
    made_.pop_back();
    throw HostError("cgroup", "mkdir", folder, error);
  }
  group = Fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!group) throw HostError("cgroup", "open", folder, errno);
  const auto set = [&](const char* file, const std::string& value) {
    const int error = write_text(group.get(), file, value);
    if (error != 0) throw HostError("cgroup", "write " + value + " to", folder + "/" + file, error);
  };
  const auto set_if_present = [&](const char* file, const std::string& value) {
    const int error = write_text(group.get(), file, value);
    if (error != 0 && error != ENOENT) throw HostError("cgroup", "write " + value + " to", folder + "/" + file, error);
    return error == 0;
  };
  const std::string memory = std::to_string(limits_.memory.count);
  const std::string processes = std::to_string(limits_.processes + 1);  // and init
  switch (tree.kind) {
    case GroupTree::Kind::V2:
      if (tree.memory) {
        hold_memory();
        set("memory.max", memory);
        set("memory.oom.group", "1");
        forbids_swap_ = set_if_present("memory.swap.max", "0");
      }
      if (tree.pids) set("pids.max", processes);
      if (tree.cpu_rate && limits_.cpu_rate) {
        const CpuBandwidth allowed(*limits_.cpu_rate);
        set("cpu.max", std::to_string(allowed.quota) + " " + std::to_string(allowed.period));
      }
      clone_into_ = group.get();
      return;
    case GroupTree::Kind::V1Memory:
      hold_memory();
      set("memory.limit_in_bytes", memory);
      set_if_present("memory.memsw.limit_in_bytes", memory);
      // The sum alone would let a host that is short of memory swap the group out.
      forbids_swap_ = set_if_present("memory.swappiness", "0");
      break;
    case GroupTree::Kind::V1Pids: set("pids.max", processes); break;
    case GroupTree::Kind::V1Cpuacct:
    case GroupTree::Kind::V1Cpu:
      if (tree.cpu_rate && limits_.cpu_rate) {
        const CpuBandwidth allowed(*limits_.cpu_rate);
        set("cpu.cfs_period_us", std::to_string(allowed.period));
        set("cpu.cfs_quota_us", std::to_string(allowed.quota));
      }
      break;
  }
  task_files_.emplace_back(::openat(group.get(), "tasks", O_WRONLY | O_CLOEXEC));
  if (!task_files_.back()) throw HostError("cgroup", "open", folder + "/tasks", errno);
  task_numbers_.push_back(task_files_.back().get());
}

void RunGroups::remove() noexcept {
  if (made_.empty()) return;
  groups_->remove_what_was_busy();
  for (Made& group : made_) {
    // The last process has been reaped; the kernel may need a moment to notice, and much longer on a busy machine.
    constexpr int kAttempts = 10;
    int attempt = 0;
    while (::rmdir(group.folder.c_str()) != 0 && errno == EBUSY && ++attempt < kAttempts) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (attempt == kAttempts) groups_->remove_later(std::move(group.folder));
  }
  made_.clear();
}

}  // namespace evalrun::groups
