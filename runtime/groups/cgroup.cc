#include "runtime/groups/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <thread>

#include "runtime/core/error.h"
#include "runtime/core/mount_table.h"
#include "runtime/core/pages.h"
#include "runtime/core/small_file.h"
#include "runtime/groups/janitor.h"

namespace evalrun::groups {
namespace {

// --- what is mounted, and where this process is ---

struct Tree {
  std::string at;    // where it is mounted
  std::string root;  // which group of the tree that shows
};

// By controller ("memory"), "" for v2.
std::map<std::string, Tree> mounted_trees() {
  std::map<std::string, Tree> trees;
  for (const MountRow& mount : mount_table()) {
    if (mount.type == "cgroup2") trees.try_emplace("", Tree{mount.at, mount.root});
    if (mount.type != "cgroup") continue;
    for (std::string_view controllers = mount.options; !controllers.empty();) {
      trees.try_emplace(std::string(take_until(controllers, ',')), Tree{mount.at, mount.root});
    }
  }
  return trees;
}

// By controller, the path of this process's group; "" for v2 (cgroups(7), /proc/PID/cgroup).
std::map<std::string, std::string> own_groups() {
  std::map<std::string, std::string> groups;
  const std::string list = read_small_file("/proc/self/cgroup");
  for (std::string_view lines = list; !lines.empty();) {
    std::string_view path = take_until(lines, '\n');
    take_until(path, ':');  // the hierarchy's id
    std::string_view controllers = take_until(path, ':');
    if (path.empty()) continue;
    do {
      groups[std::string(take_until(controllers, ','))] = path;
    } while (!controllers.empty());
  }
  return groups;
}

}  // namespace

std::string own_group_folder(const std::string& controller) {
  static const std::map<std::string, Tree> trees = mounted_trees();
  static const std::map<std::string, std::string> groups = own_groups();
  const auto tree = trees.find(controller);
  const auto group = groups.find(controller);
  if (tree == trees.end() || group == groups.end()) return "";
  std::string path = group->second;
  if (tree->second.root != "/") {
    if (!path.starts_with(tree->second.root)) return "";
    path.erase(0, tree->second.root.size());
  }
  return path == "/" || path.empty() ? tree->second.at : tree->second.at + path;
}

namespace {

// 0 or errno. `path` is relative to `folder`, or absolute.
int write_text(int folder, const std::string& path, const std::string& text) {
  const Fd file(::openat(folder, path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return errno;
  ssize_t count = -1;
  do {
    count = ::write(file.get(), text.data(), text.size());
  } while (count < 0 && errno == EINTR);
  return count == static_cast<ssize_t>(text.size()) ? 0 : errno;
}

// Of a file that lists names, separated by spaces.
bool has_word(std::string_view list, std::string_view wanted) {
  for (std::string_view line = take_until(list, '\n'); !line.empty();) {
    if (take_until(line, ' ') == wanted) return true;
  }
  return false;
}

std::optional<std::uint64_t> read_number(const Fd& group, const char* file) {
  return leading_number(read_small_file(group.get(), file));
}

// The number behind `key` in the text of "key number" lines.
std::optional<std::uint64_t> keyed_number(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    if (take_until(line, ' ') == key) return leading_number(line);
  }
  return std::nullopt;
}

bool writable(const std::string& folder) {
  return ::access(folder.c_str(), W_OK) == 0;
}

// Our own group of the v2 tree and its ancestors, the nearest first, as far as they may be written.
std::vector<std::string> writable_v2_folders() {
  std::vector<std::string> folders;
  for (std::string folder = own_group_folder(""); folder.size() > 1; folder = folder.substr(0, folder.rfind('/'))) {
    if (::access((folder + "/cgroup.subtree_control").c_str(), R_OK) != 0) break;
    if (writable(folder) && writable(folder + "/cgroup.procs")) folders.push_back(folder);
  }
  return folders;
}

GroupTree v2_tree(const std::string& folder) {
  const std::string handed_down = read_small_file(folder + "/cgroup.subtree_control");
  return {.kind = GroupTree::Kind::V2,
          .folder = folder,
          .memory = has_word(handed_down, "memory"),
          .pids = has_word(handed_down, "pids"),
          .cpu = true};
}

// Hands down what the folder's own group was given of `memory` and `pids`; the kernel refuses that for a group that
// holds processes, except the tree's root.
void hand_down_controllers(const std::string& folder) {
  const std::string given = read_small_file(folder + "/cgroup.controllers");
  for (const char* controller : {"memory", "pids"}) {
    if (has_word(given, controller))
      write_text(AT_FDCWD, folder + "/cgroup.subtree_control", std::string("+") + controller);
  }
}

// Whoever delegated a tree to us has often handed the controllers down already, as systemd does below user@.service:
// then nothing is written. A container's tree, or a folder just given to a user, is for us to open: the nearest that
// allows it.
std::optional<GroupTree> find_v2() {
  const std::vector<std::string> folders = writable_v2_folders();
  for (const bool may_hand_down : {false, true}) {
    for (const std::string& folder : folders) {
      if (may_hand_down) hand_down_controllers(folder);
      const GroupTree tree = v2_tree(folder);
      if (tree.memory && tree.pids) return tree;
    }
  }
  return folders.empty() ? std::nullopt : std::optional(v2_tree(folders.front()));
}

}  // namespace

std::vector<GroupTree> find_group_trees(GroupVersions versions) {
  std::vector<GroupTree> trees;
  const std::optional<GroupTree> v2 = versions == GroupVersions::V1 ? std::nullopt : find_v2();
  if (v2) trees.push_back(*v2);
  if (versions == GroupVersions::V2) return trees;
  const auto add_v1 = [&](GroupTree::Kind kind, const char* controller, bool GroupTree::*gives) {
    const bool already = std::any_of(trees.begin(), trees.end(), [&](const GroupTree& tree) { return tree.*gives; });
    const std::string folder = own_group_folder(controller);
    if (already || folder.empty() || !writable(folder)) return;
    GroupTree tree{.kind = kind, .folder = folder};
    tree.*gives = true;
    trees.push_back(std::move(tree));
  };
  add_v1(GroupTree::Kind::V1Memory, "memory", &GroupTree::memory);
  add_v1(GroupTree::Kind::V1Pids, "pids", &GroupTree::pids);
  add_v1(GroupTree::Kind::V1Cpuacct, "cpuacct", &GroupTree::cpu);
  return trees;
}

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
  const host::LayerState state = groups.state();
  if (plan.kind.require.cgroup == Need::IfAvailable || state.kind == host::LayerState::Kind::Enforced) return;
  throw HostError("host", "provide the layer", "cgroup", 0,
                  state.why + "; a plan accepts that with [require] cgroup = \"if-available\"");
}

// --- one run ---

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
    if (tree.kind != GroupTree::Kind::V2) make(tree);
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
    case GroupTree::Kind::V1Cpuacct: break;
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

const RunGroups::Made* RunGroups::find(bool GroupTree::*what) const {
  const auto found = std::find_if(made_.begin(), made_.end(), [&](const Made& group) { return group.tree.*what; });
  return found == made_.end() ? nullptr : &*found;
}

bool RunGroups::counts_cpu() const noexcept {
  return find(&GroupTree::cpu) != nullptr;
}

bool RunGroups::limits_memory() const noexcept {
  return find(&GroupTree::memory) != nullptr;
}

namespace {

// The sum is exact. How it divides is counted by the clock's ticks (kernel/sched/cpuacct.c), whose sum may be far off,
// so only their proportion counts.
std::optional<GroupCpu> cpuacct_time(const Fd& group) {
  const auto total = read_number(group, "cpuacct.usage");
  if (!total) return std::nullopt;
  const auto user = static_cast<double>(read_number(group, "cpuacct.usage_user").value_or(0));
  const auto system = static_cast<double>(read_number(group, "cpuacct.usage_sys").value_or(0));
  const Duration all(static_cast<std::int64_t>(*total));
  const double part = user + system > 0 ? user / (user + system) : 1;
  const Duration in_user(static_cast<std::int64_t>(static_cast<double>(*total) * part));
  return GroupCpu{in_user, all - in_user};
}

}  // namespace

std::optional<GroupCpu> RunGroups::cpu() const {
  const Made* group = find(&GroupTree::cpu);
  if (group == nullptr) return std::nullopt;
  if (group->tree.kind == GroupTree::Kind::V1Cpuacct) return cpuacct_time(group->descriptor);
  const std::string stat = read_small_file(group->descriptor.get(), "cpu.stat");
  const auto user = keyed_number(stat, "user_usec");
  const auto system = keyed_number(stat, "system_usec");
  if (!user || !system) return std::nullopt;
  return GroupCpu{std::chrono::microseconds(*user), std::chrono::microseconds(*system)};
}

namespace {

using namespace std::chrono_literals;

// Near the limit looks are so far apart, where the kernel holds it and where looks do; elsewhere no farther than that.
constexpr Duration kSoonestMemoryLook = 1ms;
constexpr Duration kSoonestUrgentLook = 500us;
constexpr Duration kLatestMemoryLook = 20ms;
// A fast program may pass its limit before a busy machine lets the supervisor have its turn.
constexpr Duration kUrgent = 4ms;

// The names of one version's files and of the lines of its memory.stat.
struct MemoryNames {
  const char *usage, *peak;
  const char *cache, *anonymous;
};
constexpr MemoryNames kMemoryNamesV1{"memory.usage_in_bytes", "memory.max_usage_in_bytes", "cache", "rss"};
constexpr MemoryNames kMemoryNamesV2{"memory.current", "memory.peak", "file", "anon"};

const MemoryNames& memory_names(const GroupTree& tree) {
  return tree.kind == GroupTree::Kind::V2 ? kMemoryNamesV2 : kMemoryNamesV1;
}

Duration wait_for_memory_look(const HeldMemory& held, Bytes usage) {
  const Duration soonest = held.is_raised() ? kSoonestUrgentLook : kSoonestMemoryLook;
  return std::clamp(held.time_until_near(usage), soonest, kLatestMemoryLook);
}

void read_stat(const Fd& group, const GroupTree& tree, MemoryReading& reading) {
  const std::uint64_t page = page_size();
  const bool is_v2 = tree.kind == GroupTree::Kind::V2;
  const std::string stat = read_small_file(group.get(), "memory.stat");
  const auto line = [&](const char* key) { return keyed_number(stat, key).value_or(0); };
  const std::uint64_t shared = line("shmem"), cache = line(memory_names(tree).cache);
  // What the kernel has for the run: v1 counts it apart, v2 in one line, and what sockets hold in another.
  const std::uint64_t kernel =
      is_v2 ? line("kernel") + line("sock") : read_number(group, "memory.kmem.usage_in_bytes").value_or(0);
  reading.files = {cache - std::min(cache, shared)};
  reading.file_lists = {line("active_file") + line("inactive_file")};
  reading.held = {line(memory_names(tree).anonymous) + shared + kernel};
  reading.read_again = {line("workingset_refault_file") * page};
}

}  // namespace

bool RunGroups::memory_is_urgent() const noexcept {
  return held_ && held_->is_raised() && next_memory_look_ < kUrgent;
}

void RunGroups::hold_memory() {
  held_.emplace(limits_.memory);
  next_memory_look_ = wait_for_memory_look(*held_, {});
}

void RunGroups::look_at_memory(Look look) {
  const Made* group = find(&GroupTree::memory);
  if (group == nullptr) return;
  const MemoryNames& names = memory_names(group->tree);
  MemoryReading reading;
  reading.usage = {read_number(group->descriptor, names.usage).value_or(0)};
  reading.peak = {read_number(group->descriptor, names.peak).value_or(reading.usage.count)};
  if (look == Look::Whole || held_->is_near(reading.usage) || held_->has_risen(reading.peak)) {
    read_stat(group->descriptor, group->tree, reading);
    const std::optional<Bytes> raised = held_->look(reading);
    if (raised && raise_memory_limit(*raised)) held_->raised_to(*raised);
  }
  memory_usage_ = reading.usage;
  next_memory_look_ = wait_for_memory_look(*held_, reading.usage);
}

// The group above may hold the run to less; then the kernel goes on dropping pages, and is_thrashing() tells.
bool RunGroups::raise_memory_limit(Bytes limit) const {
  const Made* group = find(&GroupTree::memory);
  const std::string text = std::to_string(limit.count);
  if (group->tree.kind == GroupTree::Kind::V2) return write_text(group->descriptor.get(), "memory.max", text) == 0;
  // First the limit that may not be the smaller one. It is not there where the kernel does not count swap.
  const int error = write_text(group->descriptor.get(), "memory.memsw.limit_in_bytes", text);
  return (error == 0 || error == ENOENT) && write_text(group->descriptor.get(), "memory.limit_in_bytes", text) == 0;
}

std::optional<Bytes> RunGroups::memory_peak() const {
  const Made* group = find(&GroupTree::memory);
  if (group == nullptr) return std::nullopt;
  const auto peak = read_number(group->descriptor, memory_names(group->tree).peak);
  if (!peak) return std::nullopt;
  return held_ ? held_->peak({*peak}) : Bytes{*peak};
}

std::optional<std::uint64_t> RunGroups::processes_peak() const {
  const Made* group = find(&GroupTree::pids);
  return group == nullptr ? std::nullopt : read_number(group->descriptor, "pids.peak");
}

std::optional<std::uint64_t> RunGroups::processes_refused() const {
  const Made* group = find(&GroupTree::pids);
  if (group == nullptr) return std::nullopt;
  // Only a group that was full once has refused any.
  if (const auto peak = processes_peak(); peak && *peak <= limits_.processes) return 0;
  return keyed_number(read_small_file(group->descriptor.get(), "pids.events"), "max");
}

std::string RunGroups::refused_processes_source() const {
  const Made* group = find(&GroupTree::pids);
  return group != nullptr && group->tree.kind == GroupTree::Kind::V2 ? "cgroup v2: pids.events"
                                                                     : "cgroup v1: pids.events";
}

bool RunGroups::out_of_memory() const {
  const Made* group = find(&GroupTree::memory);
  if (group == nullptr) return false;
  const bool v2 = group->tree.kind == GroupTree::Kind::V2;
  const std::string events = read_small_file(group->descriptor.get(), v2 ? "memory.events" : "memory.oom_control");
  return keyed_number(events, "oom_kill").value_or(0) > 0;
}

bool RunGroups::memory_refused() const {
  const Made* group = find(&GroupTree::memory);
  if (group == nullptr) return false;
  if (group->tree.kind == GroupTree::Kind::V1Memory)
    return read_number(group->descriptor, "memory.failcnt").value_or(0) > 0;
  return keyed_number(read_small_file(group->descriptor.get(), "memory.events"), "max").value_or(0) > 0;
}

std::string RunGroups::cpu_source() const {
  const Made* group = find(&GroupTree::cpu);
  return group != nullptr && group->tree.kind == GroupTree::Kind::V2 ? "cgroup v2: cpu.stat"
                                                                     : "cgroup v1: cpuacct.usage";
}

std::string RunGroups::memory_source() const {
  const Made* group = find(&GroupTree::memory);
  return group != nullptr && group->tree.kind == GroupTree::Kind::V2
             ? "cgroup v2: memory.peak without pages of files"
             : "cgroup v1: memory.max_usage_in_bytes without pages of files";
}

std::string RunGroups::processes_source() const {
  const Made* group = find(&GroupTree::pids);
  return group != nullptr && group->tree.kind == GroupTree::Kind::V2 ? "cgroup v2: pids.peak" : "cgroup v1: pids.peak";
}

}  // namespace evalrun::groups
