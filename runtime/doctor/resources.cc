// Checks of what limits and measures runs: resource limits, control groups, haste, timing noise; and of the images.

#include <sched.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

#include "lockdown/rlimits.h"
#include "runtime/core/error.h"
#include "runtime/core/small_file.h"
#include "runtime/core/text.h"
#include "runtime/doctor/examinations.h"
#include "runtime/doctor/trial.h"
#include "runtime/groups/cgroup.h"
#include "runtime/host/timing_noise.h"
#include "runtime/reader/image.h"

namespace evalrun::doctor {
namespace {

using groups::GroupTree;

// --- control groups ---

std::string describe(const GroupTree& tree) {
  std::vector<std::string> gives;
  if (tree.memory) gives.emplace_back("memory");
  if (tree.pids) gives.emplace_back("pids");
  if (tree.cpu) gives.emplace_back("cpu");
  return std::string(tree.kind == GroupTree::Kind::V2 ? "v2 " : "v1 ") + tree.folder + " (" + join_words(gives) + ")";
}

std::string describe(const std::vector<GroupTree>& trees) {
  std::vector<std::string> all;
  for (const GroupTree& tree : trees) all.push_back(describe(tree));
  return join_words(all);
}

bool is_read_only(const std::string& folder) {
  struct statvfs status {};
  return ::statvfs(folder.c_str(), &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
}

// Why the groups give no more, and what to do: by the nearest group that would do.
std::pair<std::string, std::string> why_no_better_groups(const Host& host) {
  const std::string v2 = groups::own_group_folder("");
  const std::string v1 = groups::own_group_folder("memory");
  const std::string manager_switch = switch_for(host.around, Withheld::Groups);
  const std::string folder = v1.empty() ? v2 : v1;
  if (folder.empty()) {
    return {"no tree of control groups is mounted that shows this process's own group",
            manager_switch.empty() ? "mount -t cgroup2 none /sys/fs/cgroup" : manager_switch};
  }
  if (is_read_only(folder)) {
    return {folder + " is mounted read-only",
            manager_switch.empty() ? "mount -o remount,rw " + folder : manager_switch};
  }
  if (!v1.empty()) {
    return {"the v1 group " + v1 + " may not be written by this user",
            "run as root, or boot with systemd.unified_cgroup_hierarchy=1 and use: systemd-run --user --scope -p "
            "Delegate=yes evalrun run PLAN"};
  }
  if (::access(v2.c_str(), W_OK) != 0) {
    return {"the v2 group " + v2 + " may not be written by this user",
            "systemd-run --user --scope -p Delegate=yes evalrun run PLAN, or run as root"};
  }
  const std::string given = read_small_file(v2 + "/cgroup.controllers");
  if (given.find("memory") == std::string::npos || given.find("pids") == std::string::npos) {
    return {"the v2 group " + v2 + " is not given the controllers memory and pids",
            "in the group above it: echo \"+memory +pids\" > cgroup.subtree_control; on a v1 or hybrid host, boot with "
            "systemd.unified_cgroup_hierarchy=1"};
  }
  return {"the v2 group " + v2 + " holds processes, so it cannot hand controllers down",
          "run evalrun in a group below it: systemd-run --scope -p Delegate=yes evalrun run PLAN"};
}

// --- resource limits ---

// The plan's key of a limit: the first word of its reason ("limits.open_files").
std::string key_of(const lockdown::RlimitRow& row) {
  const std::string reason = row.reason;
  const std::string word = reason.substr(0, reason.find_first_of(" ,;"));
  return word.starts_with("limits.") ? word : "";
}

std::string in_plan_words(const lockdown::RlimitRow& row, std::uint64_t value) {
  const bool size = row.limit.resource == RLIMIT_STACK || row.limit.resource == RLIMIT_FSIZE;
  return std::to_string(value) + (size ? "B" : "");
}

Check check_rlimit(const lockdown::RlimitRow& row, std::uint64_t allowed) {
  Check check{.name = "rlimits", .state = State::Degraded};
  check.finding = std::string("the hard limit ") + row.name + " is " + std::to_string(allowed) +
                  ", less than what a plan without [limits] sets: " + lockdown::describe_value(row);
  check.remedy = std::string(
      "raise it where evalrun is started: ulimit -H, LimitXXX= of a systemd service, or "
      "/etc/security/limits.conf");
  const std::string key = key_of(row);
  // init is one of the processes that RLIMIT_NPROC counts.
  const std::uint64_t most =
      row.limit.resource == RLIMIT_NPROC ? allowed - std::min<std::uint64_t>(allowed, 1) : allowed;
  if (key.empty()) {
    check.state = State::Broken;
  } else {
    check.accept = {key + "=" + in_plan_words(row, most)};
  }
  return check;
}

// --- images ---

bool is_noexec(const std::string& path) {
  struct statvfs status {};
  return ::statvfs(path.c_str(), &status) == 0 && (status.f_flag & ST_NOEXEC) != 0;
}

bool is_installed(const Image& image) {
  return std::ranges::all_of(image.programs,
                             [](const std::string& program) { return ::access(program.c_str(), F_OK) == 0; });
}

}  // namespace

std::vector<Check> check_groups(const Host& host) {
  const groups::Groups groups;
  const host::LayerState state = groups.state();
  if (state.kind == host::LayerState::Kind::Enforced) return {{.name = "cgroup", .finding = describe(groups.trees())}};
  const auto [why, remedy] = why_no_better_groups(host);
  const std::string used = groups.trees().empty() ? "sampling" : describe(groups.trees()) + " and sampling";
  return {{.name = "cgroup",
           .state = State::Degraded,
           .finding =
               "runs are held and counted by " + used +
               ", which is less exact (a program that is quick "
               "enough can pass the memory limit between two looks; require.cgroup = \"yes\" refuses such a host): " +
               why,
           .remedy = remedy}};
}

std::vector<Check> check_haste(const Host& host) {
  const auto ask = []() -> long {
    const sched_param lowest{1};
    return ::sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &lowest) == 0 ? 0 : -errno;
  };
  const auto refused = try_steps(0, host.identity, {{"sched_setscheduler(SCHED_RR)", ask}});
  if (!refused) return {{.name = "haste", .finding = "the supervisor may run in real time near a limit"}};
  const std::string manager_switch = switch_for(host.around, Withheld::RealTime);
  return {
      {.name = "haste",
       .state = State::Degraded,
       .finding = to_string(*refused) + "; on a busy machine time limits are passed by some 10 ms",
       .remedy = manager_switch.empty()
                     ? "let this user have a real-time priority: \"USER - rtprio 1\" in /etc/security/limits.conf, or "
                       "LimitRTPRIO=1 in the systemd service"
                     : manager_switch}};
}

std::vector<Check> check_rlimits(const Host& host) {
  std::vector<Check> checks;
  for (const lockdown::RlimitRow& row : lockdown::make_rlimits(Plan{}, host.facts.core_limit)) {
    rlimit own{};
    if (::getrlimit(static_cast<__rlimit_resource_t>(row.limit.resource), &own) != 0) continue;
    if (own.rlim_max < row.limit.hard) checks.push_back(check_rlimit(row, own.rlim_max));
  }
  if (checks.empty()) checks.push_back({.name = "rlimits", .finding = "hard limits leave room for a plan's own"});
  return checks;
}

// core(5). The handler behind a pipe is started by the kernel, as root of the host, whatever the limit is but for 1.
Check check_core_pattern(const std::string& pattern, std::uint64_t core_limit) {
  const std::string name = "core_dumps";
  const std::string shown = "core_pattern is " + (pattern.empty() ? "empty" : printable(pattern));
  if (pattern.starts_with('@')) {
    return {.name = name,
            .state = State::Degraded,
            .finding = shown + ", a socket: no limit keeps the core dumps of crashed programs from it",
            .remedy = "sysctl kernel.core_pattern=core, or a handler behind a pipe"};
  }
  if (pattern.starts_with('|') && core_limit < lockdown::kCoreLimit) {
    return {.name = name,
            .state = State::Degraded,
            .finding = shown + ", a handler that the kernel runs as root at each crash of a program",
            .remedy =
                "let RLIMIT_CORE be 1, which no handler is run under: raise the hard limit on core files from 0 "
                "(LimitCORE=1 in the systemd service, \"USER hard core 1\" in /etc/security/limits.conf)"};
  }
  if (pattern.starts_with('|')) {
    return {.name = name, .finding = shown + ", a handler that is not run for programs: RLIMIT_CORE is 1"};
  }
  return {.name = name, .finding = shown + ", and programs leave no core dumps"};
}

std::vector<Check> check_core_dumps(const Host& host) {
  std::string pattern = read_small_file("/proc/sys/kernel/core_pattern");
  pattern.resize(std::min(pattern.find('\n'), pattern.size()));
  return {check_core_pattern(pattern, host.facts.core_limit)};
}

std::vector<Check> check_timing(const Host&) {
  const auto forbidden = groups::Groups().state().kind == host::LayerState::Kind::Enforced ? host::Swapping::Forbidden
                                                                                           : host::Swapping::Possible;
  std::vector<Check> checks;
  for (const host::Noise& noise : host::lasting_noise({}, {}, forbidden)) {
    // The remedy stands behind the last colon.
    const std::size_t colon = noise.text.rfind(": ");
    checks.push_back({.name = "timing",
                      .state = State::Degraded,
                      .finding = noise.text.substr(0, colon),
                      .remedy = colon == std::string::npos ? "" : noise.text.substr(colon + 2)});
  }
  if (checks.empty()) checks.push_back({.name = "timing", .finding = "nothing lasting makes times unsure"});
  return checks;
}

std::vector<Check> check_images(const Host&) {
  std::vector<Image> images;
  try {
    images = list_images(image_search_path());
  } catch (const PlanError& error) {
    return {{.name = "images", .state = State::Degraded, .finding = error.what(), .remedy = "correct that file"}};
  }
  if (images.empty()) {
    return {{.name = "images",
             .state = State::Degraded,
             .finding = "no images are found: only plans without one run",
             .remedy = "set EVALRUN_IMAGES to the folder with evalrun's images"}};
  }
  std::vector<std::string> installed;
  for (const Image& image : images) {
    if (!is_installed(image)) continue;
    installed.push_back(image.name);
    const auto barred = std::ranges::find_if(image.programs, is_noexec);
    if (barred == image.programs.end()) continue;
    return {{.name = "images",
             .state = State::Degraded,
             .finding = *barred + " of image " + image.name + " is on a mount with noexec, which a sandbox cannot lift",
             .remedy = "mount -o remount,exec what holds it"}};
  }
  return {{.name = "images",
           .finding =
               "installed: " + (installed.empty() ? "none" : join_words(installed)) + " (more: evalrun image list)"}};
}

}  // namespace evalrun::doctor
