#include "runtime/trace/diagnosis.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <span>
#include <string_view>

#include "lockdown/seccomp.h"
#include "runtime/core/text.h"
#include "runtime/mediate/address_policy.h"
#include "runtime/plan/profile.h"

namespace evalrun::trace {
namespace {

struct Answer {
  std::string layer;
  Remedy remedy;
  std::string if_on_host = {};
  bool if_link_leads_out = false;
};

bool is_one_of(std::string_view call, std::initializer_list<std::string_view> calls) {
  return std::ranges::count(calls, call) > 0;
}

Remedy never(const std::string& why) {
  return {"no plan allows this: " + why};
}

Remedy set(std::string key, std::string toml) {
  return {SetKey{std::move(key), std::move(toml)}};
}

// Not of its image, nor one of evalrun's own: what the plan itself may change.
bool is_of_the_plan(const rootfs::Entry& mount, const Plan& plan) {
  const std::string& file = mount.position.file;
  return !file.empty() && (file == plan.origin.whole.file || file.starts_with("--"));
}

// Not in the sandbox; whether it is on the host is asked later.
std::optional<Answer> of_missing(const std::string& call, const std::string& path, const sandbox::CompiledPlan& plan) {
  if (!path.starts_with('/')) return std::nullopt;  // the kernel could not say where it was
  if (rootfs::is_within(path, "/proc")) return Answer{"mounts", set("proc.view", "\"full\""), path};
  const rootfs::Entry* mount = rootfs::mount_holding(plan.layout(), path);
  if (mount != nullptr && std::holds_alternative<rootfs::Bind>(mount->what)) {
    return Answer{"mounts", {AddMount{.bind = path, .tmpfs = "", .at = path, .exec = call == "execve"}}, path, true};
  }
  if (mount != nullptr && !std::holds_alternative<rootfs::Workspace>(mount->what)) return std::nullopt;
  if (plan.plan().kind.capabilities.takes(Capability::FsRead)) {
    return Answer{"mounts", {who_takes(plan.plan(), Capability::FsRead)}, path};
  }
  return Answer{"mounts", {AddMount{.bind = path, .tmpfs = "", .at = path, .exec = call == "execve"}}, path};
}

std::optional<Answer> of_read_only(const std::string& path, const sandbox::CompiledPlan& plan) {
  const rootfs::Entry* mount = rootfs::mount_holding(plan.layout(), path);
  if (mount == nullptr) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    if (folder == "/") return Answer{"mounts", never("the root itself is read-only")};
    return Answer{"mounts", {AddMount{.bind = "", .tmpfs = "16MiB", .at = folder}}};
  }
  if (is_of_the_plan(*mount, plan.plan())) return Answer{"mounts", {SetMountFlag{mount->at, "write"}}};
  return Answer{"mounts", never(mount->at + " is the image's, which all its runs share")};
}

// A file that may be read and not run, nor mapped as code.
std::optional<Answer> of_no_exec(const std::string& path, const sandbox::CompiledPlan& plan) {
  const rootfs::Entry* mount = rootfs::mount_holding(plan.layout(), path);
  if (mount == nullptr) return std::nullopt;
  if (plan.plan().kind.capabilities.takes(Capability::Exec)) {
    return Answer{"mounts", {who_takes(plan.plan(), Capability::Exec)}};
  }
  if (mount->at == "/tmp" && std::holds_alternative<rootfs::Workspace>(mount->what)) {
    const std::string size = to_string(plan.plan().kind.limits.workspace);
    return Answer{"mounts", {AddMount{.bind = "", .tmpfs = size, .at = "/tmp", .exec = true}}};
  }
  const auto* bind = std::get_if<rootfs::Bind>(&mount->what);
  const auto* tmpfs = std::get_if<rootfs::Tmpfs>(&mount->what);
  const bool denies = (bind != nullptr && bind->execution == Execution::Denied) ||
                      (tmpfs != nullptr && tmpfs->execution == Execution::Denied);
  if (!denies || !is_of_the_plan(*mount, plan.plan())) return std::nullopt;
  return Answer{"mounts", {SetMountFlag{mount->at, "exec"}}};
}

std::optional<Answer> of_access(const std::string& call, const std::string& path, const sandbox::CompiledPlan& plan) {
  const LandlockPaths& narrowed = plan.plan().kind.landlock;
  const auto list = [&](const std::vector<std::string>& paths, const std::string& key) -> std::optional<Answer> {
    const auto covers = [&](const std::string& each) { return rootfs::is_within(path, each); };
    if (paths.empty() || std::ranges::any_of(paths, covers)) return std::nullopt;
    const std::string folder = std::filesystem::path(path).parent_path().string();
    return Answer{"landlock", {AddItem{"landlock." + key, toml_string(folder)}}};
  };
  if (is_one_of(call, {"unlink", "unlinkat", "rmdir", "rename", "renameat", "renameat2"})) {
    if (auto answer = list(narrowed.remove, "delete")) return answer;
  }
  if (is_one_of(call, {"execve"})) {
    if (auto answer = list(narrowed.execute, "execute")) return answer;
    if (auto answer = of_no_exec(path, plan)) return answer;
  }
  if (auto answer = list(narrowed.read, "read")) return answer;
  if (auto answer = list(narrowed.write, "write")) return answer;
  return Answer{"permissions", never("the file's own mode and owner refuse it")};
}

std::optional<Answer> of_limit(const ObservedCall& seen, const std::string& call, const Limits& limits) {
  const auto twice = [](const std::string& key, std::uint64_t now) {
    return Answer{"rlimits", set("limits." + key, std::to_string(2 * now))};
  };
  const auto size_twice = [](const std::string& layer, const std::string& key, Bytes now) {
    return Answer{layer, set("limits." + key, toml_string(to_string(Bytes{2 * now.count})))};
  };
  if (seen.error == EAGAIN && is_one_of(call, {"clone", "fork", "vfork"})) return twice("processes", limits.processes);
  if (seen.error == EMFILE) return twice("open_files", limits.open_files);
  if (seen.error == EFBIG) return size_twice("rlimits", "file_size", limits.file_size);
  if (seen.error == ENOSPC && seen.path.empty()) return size_twice("mounts", "workspace", limits.workspace);
  if (seen.error == ENOSPC) return Answer{"mounts", set("limits.inodes", std::to_string(2 * limits.inodes))};
  const bool refused = seen.error == EPERM || seen.error == EAGAIN || seen.error == ENOMEM || seen.error == EACCES;
  if (refused && is_one_of(call, {"mlock", "mlock2", "mlockall"})) {
    return Answer{"rlimits", never("RLIMIT_MEMLOCK is fixed")};
  }
  if (refused && is_one_of(call, {"setpriority"})) return Answer{"rlimits", never("RLIMIT_NICE is 0")};
  return std::nullopt;
}

std::uint16_t port_of(std::span<const std::byte> address) {
  const auto at = [&](std::size_t index) { return std::to_integer<unsigned>(address[index]); };
  return address.size() < 4 ? 0 : static_cast<std::uint16_t>(at(2) << 8 | at(3));  // of sockaddr_in and sockaddr_in6
}

// The supervisor's own decision again, on the address that was copied then.
std::optional<Answer> of_mediation(const ObservedCall& seen, const std::string& call,
                                   const sandbox::CompiledPlan& plan) {
  using mediate::MediatedCall;
  const Network& network = plan.plan().kind.network;
  const bool is_bind = call == "bind";
  const auto family = seen.address.size() < 2 ? AF_UNSPEC
                                              : static_cast<int>(std::to_integer<unsigned>(seen.address[0]) |
                                                                 std::to_integer<unsigned>(seen.address[1]) << 8);
  const mediate::AddressRules rules{.loopback = network.mode == NetworkMode::Loopback,
                                    .own_network = true,
                                    .unix_sockets = !turns(plan.plan().kind.capabilities, NetworkKnob::NoUnix),
                                    .bind = network.bind,
                                    .connect = network.connect};
  const mediate::Decision decision =
      mediate::decide(rules,
                      call == "connect" ? MediatedCall::Connect
                      : is_bind         ? MediatedCall::Bind
                                        : MediatedCall::Listen,
                      {family, SOCK_STREAM, family == AF_UNIX ? 0 : IPPROTO_TCP}, seen.address);
  if (decision.way != mediate::Decision::Way::Refuse) {
    return seen.path.empty() ? std::nullopt : of_read_only(seen.path, plan);
  }
  switch (decision.refusal) {
    case mediate::Refusal::NoNetwork: return Answer{"network", set("network.mode", "\"loopback\"")};
    case mediate::Refusal::PortNotInPlan:
      return Answer{"network",
                    {AddItem{is_bind ? "network.bind" : "network.connect", std::to_string(port_of(seen.address))}}};
    default: return Answer{"network", never(std::string(mediate::describe(decision.refusal)))};
  }
}

// What a profile takes away, by the layer that answered so.
std::optional<Answer> of_profile(const ObservedCall& seen, const std::string& call, const Plan& plan) {
  const auto taken = [&](Capability word) { return plan.kind.capabilities.takes(word); };
  const auto answer = [&](const char* layer, Capability word) { return Answer{layer, {who_takes(plan, word)}}; };
  if (seen.error == EROFS && taken(Capability::FsWrite)) return answer("mounts", Capability::FsWrite);
  if (seen.error != EACCES || seen.path.empty() || lockdown::is_mediated(seen.number)) return std::nullopt;
  if (call == "execve")
    return taken(Capability::Exec) ? std::optional(answer("landlock", Capability::Exec)) : std::nullopt;
  return taken(Capability::FsRead) ? std::optional(answer("landlock", Capability::FsRead)) : std::nullopt;
}

bool names_a_path(const Remedy& remedy) {
  const PlanAddition* addition = remedy.addition();
  if (addition == nullptr) return false;
  const auto* item = std::get_if<AddItem>(addition);
  return std::holds_alternative<AddMount>(*addition) || (item != nullptr && item->key.starts_with("landlock."));
}

// The supervisor's own answer where the file is not the run's (mediate/file_locks.h).
std::optional<Answer> of_locks(const ObservedCall& seen, const std::string& call) {
  if (seen.error != ENOLCK || !is_one_of(call, {"flock", "fcntl"})) return std::nullopt;
  const std::string name = call == "flock" ? call : std::string(lockdown::kFcntlLocks);
  return Answer{"seccomp", {AddItem{"seccomp.allow", toml_string(name)}}};
}

std::optional<Answer> answer_for(const ObservedCall& seen, const std::string& call, const sandbox::CompiledPlan& plan) {
  if (auto locks = of_locks(seen, call)) return locks;
  if (auto profile = of_profile(seen, call, plan.plan())) return profile;
  if (auto limit = of_limit(seen, call, plan.plan().kind.limits)) return limit;
  if (lockdown::is_mediated(seen.number) && seen.error == EACCES) return of_mediation(seen, call, plan);
  if (is_one_of(call, {"chown", "fchown", "lchown", "fchownat", "setuid", "setgid", "setreuid", "setregid", "setresuid",
                       "setresgid", "setrlimit", "prlimit64", "sched_setscheduler"}) &&
      (seen.error == EPERM || seen.error == EINVAL)) {
    return Answer{"capabilities", never("the program has no capability, and one identity")};
  }
  if (seen.path.empty()) return std::nullopt;
  if (call == "mmap") return seen.error == EPERM ? of_no_exec(seen.path, plan) : std::nullopt;
  if (seen.error == ENOENT || seen.error == ENOTDIR) return of_missing(call, seen.path, plan);
  if (seen.error == EROFS) return of_read_only(seen.path, plan);
  if (seen.error == EACCES) return of_access(call, seen.path, plan);
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> diagnose(const ObservedCall& call, const sandbox::CompiledPlan& plan,
                                const lockdown::CallJudge& judge) {
  if (call.error == 0) return std::nullopt;
  const std::string name = lockdown::name_of_call(call.number);
  if (const auto denial = judge.judge(call.number, call.arguments)) {
    return Refusal{.layer = "seccomp", .call = name, .seen = call, .remedy = denial->remedy};
  }
  if (auto answer = answer_for(call, name, plan)) {
    if (names_a_path(answer->remedy) && !is_utf8(call.path)) answer->remedy = never("a plan cannot hold this name");
    return Refusal{.layer = answer->layer,
                   .call = name,
                   .seen = call,
                   .remedy = answer->remedy,
                   .if_on_host = answer->if_on_host,
                   .if_link_leads_out = answer->if_link_leads_out};
  }
  return std::nullopt;
}

}  // namespace evalrun::trace
