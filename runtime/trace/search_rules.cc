#include "runtime/trace/search_rules.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "lockdown/call_policy.h"
#include "lockdown/call_table.h"
#include "rootfs/layout.h"
#include "runtime/core/error.h"
#include "runtime/core/text.h"

namespace evalrun::trace {
namespace {

namespace fs = std::filesystem;

struct TriedCall {
  std::string_view name;
  std::string_view why;  // it gives nothing of the host
};

// Sorted. What is not here needs a grant: splice, tee and vmsplice wrote into read-only files once (CVE-2022-0847);
// sync and aio act on the whole machine; modify_ldt, pkeys of other processes, process_vm_*, kcmp and handles are
// surface.
constexpr TriedCall kTriedCalls[] = {
    {"futex_requeue", "the program's own memory, as futex"},
    {"futex_wait", "the same"},
    {"futex_wake", "the same"},
    {"get_mempolicy", "reads the program's own policy"},
    {"memfd_create", "memory of the run's own; a shared mapping, which every plan allows, takes as much"},
    {"mseal", "the program's own mappings"},
    {"msgctl", "the run's own ipc namespace, which ends with it"},
    {"msgget", "the same"},
    {"msgrcv", "the same"},
    {"msgsnd", "the same"},
    {"pkey_alloc", "rights of the program's own pages"},
    {"pkey_free", "the same"},
    {"pkey_mprotect", "the same"},
    {"semctl", "the run's own ipc namespace, which ends with it"},
    {"semget", "the same"},
    {"semop", "the same"},
    {"semtimedop", "the same"},
    {"shmat", "the same; the memory is the run's"},
    {"shmctl", "the same"},
    {"shmdt", "the same"},
    {"shmget", "the same"},
};
static_assert(std::ranges::is_sorted(kTriedCalls, {}, &TriedCall::name));

// Whose objects lie in the ipc namespace.
bool is_of_ipc(std::string_view call) {
  return call.starts_with("msg") || call.starts_with("sem") || call.starts_with("shm");
}

std::optional<std::string> text_of(const std::string& toml) {
  const auto node = parse_toml_value(toml, "");
  if (!node || !std::holds_alternative<std::string>(node->value)) return std::nullopt;
  return std::get<std::string>(node->value);
}

Withheld of_host(const std::string& path, const char* option) {
  return {"the host's " + one_line(path), std::string(option) + " " + shell_word(path)};
}

Withheld never(const std::string& what) {
  return {what, ""};
}

// The memory that its mounts let the program hold.
std::uint64_t held_by_mounts(const Plan& plan) {
  std::uint64_t bytes = plan.kind.limits.workspace.count;
  for (const Mount& mount : plan.kind.mounts) {
    if (const auto* tmpfs = std::get_if<Mount::Tmpfs>(&mount.what)) bytes += tmpfs->size.count;
  }
  return bytes;
}

std::optional<Withheld> of_resources(const Plan& before, const Plan& after) {
  const auto is_too_much = [](std::uint64_t was, std::uint64_t is) { return is > kMostRaised * was; };
  const Limits& was = before.kind.limits;
  const Limits& is = after.kind.limits;
  if (is_too_much(was.processes, is.processes) || is_too_much(was.open_files, is.open_files) ||
      is_too_much(was.file_size.count, is.file_size.count) || is_too_much(was.inodes, is.inodes)) {
    return never("a limit of more than " + std::to_string(kMostRaised) + " times the plan's");
  }
  // A program that fills its mounts takes no more than what the plan lets it allocate.
  if (held_by_mounts(after) > std::max(was.memory.count, held_by_mounts(before))) {
    return never("mounts of more than limits.memory together");
  }
  return std::nullopt;
}

class Rules {
 public:
  Rules(const Plan& after, const host::HostFacts& host, const Grants& grants)
      : layout_(rootfs::make_layout(after)), host_(host), grants_(grants) {}

  std::optional<Withheld> operator()(const SetKey& set) const {
    // A violation is refused as before, it only ends no run. Moving between cores is held by the CPU limit. Limits are
    // held by of_resources.
    if (set.key == "seccomp.profile" || set.key == "limits.cpus" || set.key.starts_with("limits.")) return std::nullopt;
    if (set.key == "network.mode") return of_network();
    // The full view tells of the host: its kernel's command line, its load, its devices.
    if (set.key == "proc.view" && grants_.let_read("/proc")) return std::nullopt;
    if (set.key == "proc.view") return of_host("/proc", "--grant");
    return never("a key that the search does not set");
  }

  std::optional<Withheld> operator()(const AddItem& more) const {
    if (more.key == "network.bind" || more.key == "network.connect") return of_network();
    if (more.key == "seccomp.allow") return of_call(text_of(more.item).value_or(""));
    if (more.key.starts_with("landlock.")) return of_landlock(text_of(more.item).value_or("/"));
    return never("a key that the search does not set");
  }

  std::optional<Withheld> operator()(const AddMount& mount) const {
    if (mount.bind.empty() || grants_.let_read(mount.bind)) return std::nullopt;
    return of_host(mount.bind, "--grant");
  }

  std::optional<Withheld> operator()(const SetMountFlag& set) const {
    // The plan shows the file already; to run it gives the program nothing that it could not bring along.
    if (set.flag == "exec") return std::nullopt;
    for (const rootfs::Entry& entry : layout_.entries) {
      if (entry.at != set.at || !rootfs::is_mount(entry)) continue;
      const auto* bind = std::get_if<rootfs::Bind>(&entry.what);
      if (bind == nullptr || grants_.let_write(fs::path(bind->source).lexically_normal().string())) return std::nullopt;
      return of_host(bind->source, "--grant-write");
    }
    return never("a mount that is not there");
  }

 private:
  // The ports of the run's own loopback, which leads nowhere.
  [[nodiscard]] std::optional<Withheld> of_network() const {
    if (host_.net_ns) return std::nullopt;
    return never("a network namespace, which this kernel does not have");
  }

  [[nodiscard]] std::optional<Withheld> of_call(const std::string& call) const {
    const bool is_tried = std::ranges::binary_search(kTriedCalls, std::string_view(call), {}, &TriedCall::name);
    if ((is_tried && (host_.ipc_ns || !is_of_ipc(call))) || grants_.let_call(call)) return std::nullopt;
    return Withheld{"the call " + one_line(call), "--grant " + shell_word(call)};
  }

  // The plan took these files away from the program, and a rule reaches everything below its folder.
  [[nodiscard]] std::optional<Withheld> of_landlock(const std::string& folder) const {
    const rootfs::Entry* holding = rootfs::mount_holding(layout_, folder);
    for (const rootfs::Entry& entry : layout_.entries) {
      const auto* bind = std::get_if<rootfs::Bind>(&entry.what);
      const bool is_of_host = bind != nullptr ? !bind->device : std::holds_alternative<rootfs::Proc>(entry.what);
      if (!is_of_host) continue;
      if (&entry != holding && !rootfs::is_within(entry.at, folder)) continue;
      return never("files of the host that the plan's [landlock] takes away, in " + one_line(entry.at));
    }
    return std::nullopt;
  }

  rootfs::Layout layout_;
  const host::HostFacts& host_;
  const Grants& grants_;
};

}  // namespace

Grants::Path Grants::path_of(const std::string& text) {
  const std::string named = fs::path(text).lexically_normal().string();
  std::error_code error;
  std::string real = fs::canonical(named, error).string();
  if (error) throw UsageError("--grant " + text + ": " + error.message());
  if (real == "/") throw UsageError("--grant " + text + ": the whole host cannot be granted");
  return {named.size() > 1 && named.ends_with('/') ? named.substr(0, named.size() - 1) : named, std::move(real)};
}

Grants::Grants(const std::vector<std::string>& readable, const std::vector<std::string>& writable) {
  for (const std::string& word : readable) {
    if (word.starts_with('/')) {
      readable_.push_back(path_of(word));
    } else if (word == lockdown::kFcntlLocks || lockdown::number_of_call(word)) {
      calls_.push_back(word);
    } else {
      throw UsageError("--grant " + word + ": expected an absolute path or the name of a system call");
    }
  }
  for (const std::string& path : writable) {
    if (!path.starts_with('/')) throw UsageError("--grant-write " + path + ": expected an absolute path");
    writable_.push_back(path_of(path));
  }
}

bool Grants::holds(const std::vector<Path>& granted, const std::string& path) {
  // By its name first: a path that was not granted is not looked at.
  const auto named = [&](const Path& each) {
    return rootfs::is_within(path, each.named) || rootfs::is_within(path, each.real);
  };
  if (std::ranges::none_of(granted, named)) return false;
  std::error_code error;
  const std::string real = fs::canonical(path, error).string();
  if (error) return false;
  return std::ranges::any_of(granted, [&](const Path& each) { return rootfs::is_within(real, each.real); });
}

bool Grants::let_read(const std::string& path) const {
  return holds(readable_, path) || holds(writable_, path);
}
bool Grants::let_write(const std::string& path) const {
  return holds(writable_, path);
}
bool Grants::let_call(const std::string& name) const {
  return std::ranges::find(calls_, name) != calls_.end();
}

std::optional<Withheld> why_withheld(const PlanAddition& addition, const Plan& before, const Plan& after,
                                     const host::HostFacts& host, const Grants& grants) {
  if (auto withheld = std::visit(Rules(after, host, grants), addition)) return withheld;
  return of_resources(before, after);
}

}  // namespace evalrun::trace
