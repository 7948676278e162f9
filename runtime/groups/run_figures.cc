// What a run's groups have counted, and the looks at its memory.
#include <algorithm>
#include <chrono>
#include <string_view>

#include "runtime/core/pages.h"
#include "runtime/core/small_file.h"
#include "runtime/groups/cgroup.h"
#include "runtime/groups/group_files.h"

namespace evalrun::groups {

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
