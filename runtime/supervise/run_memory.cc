// A run and its memory: what it holds, and whether that has passed the limit.
#include <algorithm>

#include "runtime/supervise/run.h"

namespace evalrun::supervise {
namespace {

using namespace std::chrono_literals;

// What sockets hold is asked of the kernel no more often: the clocks must not wait for it.
constexpr Duration kSocketsEvery = 20ms;

constexpr char kSampled[] =
    "sampling of the tree, its sockets, pipes and files in memory; and init: ru_maxrss of the largest process, without "
    "the files that it had mapped";

// /work, /tmp and /dev/shm are one file system (docs/decisions/003).
std::vector<std::string> folders_in_memory(const Plan& plan) {
  std::vector<std::string> folders = {"/work"};
  for (const Mount& mount : plan.kind.mounts) {
    if (std::holds_alternative<Mount::Tmpfs>(mount.what)) folders.push_back(mount.at);
  }
  return folders;
}

bool is_of_time(Limit limit) {
  switch (limit) {
    case Limit::Cpu:
    case Limit::Wall:
    case Limit::Idle: return true;
    case Limit::Memory:
    case Limit::AddressSpace:
    case Limit::Output:
    case Limit::FileSize:
    case Limit::Processes:
    case Limit::OpenFiles:
    case Limit::Stack:
    case Limit::Workspace:
    case Limit::Inodes: return false;
  }
  return false;
}

}  // namespace

bool Run::group_holds_memory() const {
  return groups_ && groups_->limits_memory();
}

// What no process has: nobody asks where a group counts it.
measure::OutsideProcesses Run::outside_processes() {
  if (group_holds_memory()) return measure::kCountedByGroup;
  look_at_sockets();
  look_at_files();
  return {.is_counted = false,
          .shared = shared_memory_ ? shared_memory_->charged() : Bytes{},
          .files = files_hold_,
          .sockets = sockets_hold_};
}

void Run::look_at_sockets() {
  const Duration at = loop::now();
  if (at < next_socket_look_) return;
  if (!sockets_) sockets_.emplace(sandbox_->init_pid());
  sockets_hold_ = sockets_->look().value_or(Bytes{});
  const Duration end = loop::now();
  next_socket_look_ = end + std::max(kSocketsEvery, std::min((end - at) * kLookShare, kLatestLook));
}

void Run::look_at_files() {
  if (!files_in_memory_) files_in_memory_.emplace(sandbox_->init_pid(), folders_in_memory(plan_->plan()));
  files_hold_ = files_in_memory_->look();
}

// Where a group holds it. Its files are looked at only where they may be part of what passes the limit.
void Run::look_at_group_memory() {
  if (!group_holds_memory()) return;
  groups_->look_at_memory(groups::RunGroups::Look::AsNeeded);
  if (groups_->memory_usage().count > plan_->plan().kind.limits.memory.count / 2) look_at_files();
}

bool Run::has_passed_memory_limit() const {
  if (group_holds_memory()) return groups_->out_of_memory() || groups_->memory_passed();
  return sampled_memory_.count + share_.count > plan_->plan().kind.limits.memory.count;
}

// Its memory stands still from here on, as its clocks do: until it is killed it may go on for a while.
void Run::meet_memory_limit() {
  if (!group_holds_memory()) passed_with_ = sampled_memory_;
  hit(Limit::Memory);
}

// A program that has no room for the pages of its own files spends its time reading them: then memory is what it
// lacked.
Limit Run::limit_behind(Limit limit) {
  if (!is_of_time(limit) || !group_holds_memory()) return limit;
  groups_->look_at_memory(groups::RunGroups::Look::Whole);
  thrashed_ = groups_->memory_thrashes();
  return thrashed_ ? Limit::Memory : limit;
}

// Everything inside is dead. Pages of files are the group's until it is removed, and files until nobody has them open.
void Run::look_at_memory_last() {
  if (group_holds_memory()) {
    const bool has_read = !finish_ || finish_->usage.blocks_read > 0 || finish_->usage.major_faults > 0;
    if (has_read) groups_->look_at_memory(groups::RunGroups::Look::Whole);
  }
  if (!files_in_memory_ || !files_in_memory_->is_open()) return;
  const Bytes held = files_in_memory_->look();
  if (!group_holds_memory() && held > files_hold_) {
    sampled_peak_ = std::max(sampled_peak_, Bytes{sampled_memory_.count + held.count - files_hold_.count});
  }
  files_hold_ = held;
  files_in_memory_.reset();
}

// The program's largest process, as init heard of it, with the files on disk that it had mapped. ru_maxrss begins with
// the set-up, which is a copy of us: what is no larger than that says nothing of the program.
std::optional<Bytes> Run::largest_process_with_files() const {
  if (!finish_) return std::nullopt;
  Bytes largest = kibibytes(finish_->usage.max_rss_kib);
  if (exit_tracer_) largest = std::max(largest, exit_tracer_->ended().value_or(measure::EndedUse{}).largest_process);
  return largest <= set_up_size_ ? std::nullopt : std::optional(largest);
}

// Nobody holds files on disk that are mapped.
std::optional<Bytes> Run::largest_process() const {
  const std::optional<Bytes> largest = largest_process_with_files();
  if (!largest) return std::nullopt;
  return Bytes{largest->count - std::min(largest->count, sampler_->most_of_files().count)};
}

// As if the program had been started by execve, however it was.
Memory Run::memory() const {
  Memory memory = own_memory();
  if (share_ == Bytes{}) return memory;
  memory.peak.count += share_.count;
  memory.source += "; and what its snapshot shares with other runs";
  return memory;
}

Memory Run::own_memory() const {
  const bool oom = groups_ && groups_->out_of_memory();
  if (const std::optional<Bytes> peak = groups_ ? groups_->memory_peak() : std::nullopt) {
    return {*peak, groups_->memory_source(), oom};
  }
  if (passed_with_) return {*passed_with_, kSampled, oom};
  // Where nobody has looked, the set-up's own size is the best that is known: no process was larger.
  const Bytes at_most{finish_ && sampled_peak_.count == 0 ? kibibytes(finish_->usage.max_rss_kib) : Bytes{}};
  return {std::max(sampled_peak_, largest_process().value_or(at_most)), kSampled, oom};
}

}  // namespace evalrun::supervise
