#include "runtime/sandbox/delivery.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "runtime/core/error.h"
#include "runtime/sandbox/messages.h"

namespace evalrun::sandbox {
namespace {

const char* const* put_words(const std::vector<std::string>& words, Arena& arena) {
  std::vector<const char*> pointers;
  for (const std::string& word : words) pointers.push_back(word.c_str());
  pointers.push_back(nullptr);
  return arena.put_texts(pointers.data());
}

rootfs::RootSteps put_root(rootfs::RootSteps steps, Arena& arena) {
  const std::span<rootfs::TreeStep> trees = arena.put(steps.trees);
  for (rootfs::TreeStep& tree : trees) tree.source = arena.put_text(tree.source);
  steps.trees = trees;
  const std::span<rootfs::NodeStep> nodes = arena.put(steps.nodes);
  for (rootfs::NodeStep& node : nodes) {
    node.path = arena.put_text(node.path);
    // A link's target ends with a zero that its size does not count.
    node.content = arena.put_bytes(node.content, node.size + 1);
  }
  steps.nodes = nodes;
  const std::span<rootfs::MountStep> mounts = arena.put(steps.mounts);
  for (rootfs::MountStep& mount : mounts) {
    mount.path = arena.put_text(mount.path);
    mount.size = arena.put_text(mount.size);
    mount.inodes = arena.put_text(mount.inodes);
    mount.shows = arena.put_text(mount.shows);
    const std::span<const char*> files = arena.put(mount.files);
    for (const char*& file : files) file = arena.put_text(file);
    mount.files = files;
  }
  steps.mounts = mounts;
  steps.root_size = arena.put_text(steps.root_size);
  steps.root_inodes = arena.put_text(steps.root_inodes);
  steps.workspace_size = arena.put_text(steps.workspace_size);
  steps.workspace_inodes = arena.put_text(steps.workspace_inodes);
  steps.cwd = arena.put_text(steps.cwd);
  return steps;
}

// `sources` gets the descriptors, whose places in the delivery begin at `first`.
std::span<rootfs::CopyStep> put_copies(std::span<const rootfs::CopyStep> steps, std::size_t first,
                                       std::vector<int>& sources, Arena& arena) {
  const std::span<rootfs::CopyStep> copies = arena.put(steps);
  for (rootfs::CopyStep& copy : copies) {
    copy.path = arena.put_text(copy.path);
    if (copy.source < 0) {
      copy.text = arena.put_bytes(copy.text, copy.size);
    } else {
      sources.push_back(copy.source);
      copy.source = static_cast<int>(first + sources.size() - 1);
    }
  }
  return copies;
}

void send_part(int control, const DeliveryNote& note, std::span<const int> descriptors) {
  const long result = send_message(control, &note, sizeof note, descriptors);
  if (result == 0 || result == -EPIPE || result == -ECONNRESET) return;
  throw HostError("spawn", "sendmsg", "init", static_cast<int>(-result));
}

}  // namespace

std::vector<unsigned long> affinity_mask(const std::vector<unsigned>& cores) {
  constexpr unsigned kBits = 8 * sizeof(unsigned long);
  std::vector<unsigned long> mask;
  for (const unsigned core : cores) {
    if (mask.size() <= core / kBits) mask.resize(core / kBits + 1);
    mask[core / kBits] |= 1UL << (core % kBits);
  }
  return mask;
}

lockdown::LandlockSteps put_landlock(lockdown::LandlockSteps steps, Arena& arena) {
  const std::span<lockdown::LandlockPath> paths = arena.put(steps.paths);
  for (lockdown::LandlockPath& path : paths) path.path = arena.put_text(path.path);
  steps.paths = paths;
  steps.ports = arena.put(steps.ports);
  return steps;
}

ChildPlan put_plan(ChildPlan plan, Arena& arena) {
  plan.root = put_root(plan.root, arena);
  plan.hostname = arena.put_text(plan.hostname);
  plan.landlock = put_landlock(plan.landlock, arena);
  plan.init_landlock = put_landlock(plan.init_landlock, arena);
  plan.whitelist = arena.put(plan.whitelist);
  plan.seal = arena.put(plan.seal);
  plan.init_filter = arena.put(plan.init_filter);
  plan.rlimits = arena.put(plan.rlimits);
  plan.snapshot = arena.put_text(plan.snapshot);
  plan.programs = arena.put_texts(plan.programs);
  plan.argv = arena.put_texts(plan.argv);
  plan.envp = arena.put_texts(plan.envp);
  return plan;
}

Delivery* deliver(const ChildPlan& plan, const RunParts& parts, Arena& arena, int control) {
  std::vector<int> descriptors(parts.streams.begin(), parts.streams.end());
  descriptors.insert(descriptors.end(), parts.task_files.begin(), parts.task_files.end());
  std::vector<int> sources;
  const std::span<rootfs::CopyStep> copies = put_copies(plan.root.copies, descriptors.size(), sources, arena);
  descriptors.insert(descriptors.end(), sources.begin(), sources.end());

  Delivery delivery{.plan = parts.plan_is_there ? plan : put_plan(plan, arena),
                    .drop_groups = parts.drop_groups,
                    .affinity = arena.put<unsigned long>(affinity_mask(parts.cores)),
                    .tree_fds = arena.put<int>(std::vector<int>(plan.root.trees.size(), -1)),
                    .descriptors = arena.put<int>(descriptors),
                    .task_files = parts.task_files.size(),
                    .copies = copies,
                    .waits_for_job = parts.waits_for_job,
                    .job_is_there = 0,
                    .job = {}};
  delivery.plan.root.copies = copies;
  delivery.job = {.snapshot = delivery.plan.snapshot,
                  .programs = delivery.plan.programs,
                  .argv = delivery.plan.argv,
                  .envp = delivery.plan.envp,
                  .folders = {},
                  .files = {}};
  const DeliveryNote note{arena.put_one(delivery)};
  const std::span<const int> all(descriptors);
  for (std::size_t sent = 0; sent < all.size(); sent += kDescriptorsPerMessage) {
    send_part(control, note, all.subspan(sent, std::min(kDescriptorsPerMessage, all.size() - sent)));
  }
  return note.delivery;
}

void put_job(const JobParts& parts, Arena& arena, Delivery& delivery) {
  std::vector<rootfs::CopyStep> files;
  std::vector<rootfs::NodeStep> folders;
  std::set<std::string> made;
  for (const JobParts::File& file : parts.files) {
    const std::string path = "work/" + file.path;
    for (auto slash = path.find('/', sizeof "work/" - 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      if (!made.insert(path.substr(0, slash)).second) continue;
      folders.push_back({.kind = rootfs::NodeStep::Kind::Directory,
                         .place = rootfs::NodeStep::Place::Workspace,
                         .path = arena.put_text(path.substr(0, slash).c_str()),
                         .content = "",
                         .size = 0,
                         .mode = 0755});
    }
    files.push_back({.path = arena.put_text(path.c_str()),
                     .source = -1,
                     .text = arena.put_bytes(file.content.data(), file.content.size()),
                     .size = file.content.size(),
                     .mode = file.mode});
  }
  delivery.job = {.snapshot = parts.may_start_from_snapshot ? delivery.plan.snapshot : nullptr,
                  .programs = put_words(parts.programs, arena),
                  .argv = put_words(parts.argv, arena),
                  .envp = put_words(parts.environment, arena),
                  .folders = arena.put<rootfs::NodeStep>(folders),
                  .files = arena.put<rootfs::CopyStep>(files)};
}

void let_go(Delivery& delivery) noexcept {
  __atomic_store_n(&delivery.job_is_there, 1, __ATOMIC_RELEASE);
  ::syscall(SYS_futex, &delivery.job_is_there, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

}  // namespace evalrun::sandbox
