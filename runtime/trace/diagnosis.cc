#include "runtime/trace/diagnosis.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>

#include "lockdown/seccomp.h"

namespace evalrun::trace {
namespace {

struct Answer {
  std::string layer;
  std::string remedy;
};

bool is_one_of(std::string_view call, std::initializer_list<std::string_view> calls) {
  return std::ranges::count(calls, call) > 0;
}

std::string bind_of(const std::string& path) {
  return "[[mount]] bind = \"" + path + "\", at = \"" + path + "\"";
}

// Not in the sandbox, and on the host.
std::optional<Answer> of_missing(const std::string& path, const sandbox::CompiledPlan& plan) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  const bool in_proc = rootfs::is_within(path, "/proc");
  if (in_proc) return Answer{"mounts", "[proc] view = \"full\""};
  if (rootfs::mount_holding(plan.layout(), path) != nullptr) return std::nullopt;
  return Answer{"mounts", bind_of(path)};
}

std::optional<Answer> of_read_only(const std::string& path, const sandbox::CompiledPlan& plan) {
  const rootfs::Entry* mount = rootfs::mount_holding(plan.layout(), path);
  if (mount != nullptr) return Answer{"mounts", "write = true in the [[mount]] at \"" + mount->at + "\""};
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder == "/") return Answer{"mounts", "no plan allows this: the root itself is read-only"};
  return Answer{"mounts", "[[mount]] tmpfs = \"16MiB\", at = \"" + folder + "\""};
}

std::optional<Answer> of_access(const std::string& call, const std::string& path, const sandbox::CompiledPlan& plan) {
  const rootfs::Entry* mount = rootfs::mount_holding(plan.layout(), path);
  const LandlockPaths& narrowed = plan.plan().landlock;
  const auto list = [&](const std::vector<std::string>& paths, const char* key) -> std::optional<Answer> {
    const auto covers = [&](const std::string& each) { return rootfs::is_within(path, each); };
    if (paths.empty() || std::ranges::any_of(paths, covers)) return std::nullopt;
    const std::string folder = std::filesystem::path(path).parent_path().string();
    return Answer{"landlock", "[landlock] " + std::string(key) + " = [\"" + folder + "\"]"};
  };
  if (is_one_of(call, {"unlink", "unlinkat", "rmdir", "rename", "renameat", "renameat2"})) {
    if (auto answer = list(narrowed.remove, "delete")) return answer;
  }
  if (is_one_of(call, {"execve"})) {
    if (auto answer = list(narrowed.execute, "execute")) return answer;
    const bool may_be_replaced = mount != nullptr && (mount->at == "/tmp" || !mount->position.file.empty());
    if (may_be_replaced) return Answer{"mounts", "exec = true in a [[mount]] at \"" + mount->at + "\""};
  }
  if (auto answer = list(narrowed.read, "read")) return answer;
  if (auto answer = list(narrowed.write, "write")) return answer;
  return Answer{"permissions", "no plan allows this: the file's own mode and owner refuse it"};
}

std::optional<Answer> of_limit(const std::string& call, int error) {
  const bool makes_process = is_one_of(call, {"clone", "fork", "vfork"});
  if (error == EAGAIN && makes_process) return Answer{"rlimits", "[limits] processes"};
  if (error == EMFILE) return Answer{"rlimits", "[limits] open_files"};
  if (error == EFBIG) return Answer{"rlimits", "[limits] file_size"};
  if (error == ENOSPC) return Answer{"mounts", "[limits] workspace, or inodes"};
  if (is_one_of(call, {"mlock", "mlock2", "mlockall"}) && (error == ENOMEM || error == EAGAIN || error == EPERM)) {
    return Answer{"rlimits", "no plan allows this: RLIMIT_MEMLOCK is fixed"};
  }
  if (is_one_of(call, {"setpriority"}) && (error == EACCES || error == EPERM)) {
    return Answer{"rlimits", "no plan allows this: RLIMIT_NICE is 0"};
  }
  return std::nullopt;
}

std::optional<Answer> answer_for(const ObservedCall& seen, const std::string& call, const sandbox::CompiledPlan& plan) {
  if (auto limit = of_limit(call, seen.error)) return limit;
  if (lockdown::is_mediated(seen.number) && seen.error == EACCES) {
    return Answer{"network", "[network] mode = \"loopback\", and the port in bind or connect"};
  }
  if (is_one_of(call, {"chown", "fchown", "lchown", "fchownat", "setuid", "setgid", "setreuid", "setregid", "setresuid",
                       "setresgid", "setrlimit", "prlimit64", "sched_setscheduler"}) &&
      (seen.error == EPERM || seen.error == EINVAL)) {
    return Answer{"capabilities", "no plan allows this: the program has no capability, and one identity"};
  }
  if (seen.path.empty()) return std::nullopt;
  if (seen.error == ENOENT || seen.error == ENOTDIR) return of_missing(seen.path, plan);
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
    return Refusal{"seccomp", name, call, denial->remedy};
  }
  if (const auto answer = answer_for(call, name, plan)) return Refusal{answer->layer, name, call, answer->remedy};
  return std::nullopt;
}

}  // namespace evalrun::trace
