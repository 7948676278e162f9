// Other sandboxes, as commands, with the nearest equal of what an evalrun run has: the same namespaces, binds and
// whitelist where they can be told to.
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bench/command.h"
#include "bench/contender.h"
#include "lockdown/call_policy.h"
#include "runtime/core/error.h"
#include "runtime/core/fd.h"

namespace evalrun::bench {
namespace {

using nlohmann::json;

// The first line of what the program says of itself.
std::string version_of(const std::string& program) {
  FILE* const pipe = ::popen((program + " --version 2>/dev/null </dev/null").c_str(), "r");
  char line[200] = {};
  if (pipe == nullptr) return "";
  std::string version = ::fgets(line, sizeof line, pipe) != nullptr ? line : "";
  while (::fgets(line, sizeof line, pipe) != nullptr) {
  }
  ::pclose(pipe);
  while (!version.empty() && version.back() == '\n') version.pop_back();
  return version;
}

// The plan's own binds; each peer has its own way to make /dev.
std::vector<rootfs::Entry> binds_of(const Setting& setting) {
  std::vector<rootfs::Entry> binds;
  for (const rootfs::Entry& entry : setting.plan->layout().entries) {
    const auto* bind = std::get_if<rootfs::Bind>(&entry.what);
    if (bind != nullptr && !bind->device && setting.plan->root().has(entry)) binds.push_back(entry);
  }
  return binds;
}

// evalrun's whitelist for those who have no listener: what would be asked is refused.
Fd whitelist_without_listener(const Setting& setting) {
  std::vector<sock_filter> filter = setting.plan->whitelist();
  for (sock_filter& instruction : filter) {
    if (instruction.code == (BPF_RET | BPF_K) && instruction.k == SECCOMP_RET_USER_NOTIF) {
      instruction.k = SECCOMP_RET_ERRNO | ENOSYS;
    }
  }
  Fd file(::memfd_create("whitelist", MFD_CLOEXEC));
  const std::size_t size = filter.size() * sizeof filter[0];
  if (!file || ::write(file.get(), filter.data(), size) != static_cast<ssize_t>(size)) {
    throw SystemError("write", "whitelist");
  }
  return file;
}

class Bubblewrap : public Contender {
 public:
  Bubblewrap(const Setting& setting, const std::string& program)
      : whitelist_(whitelist_without_listener(setting)), command_(argv(setting, program), whitelist_.get()) {}
  void run() override { command_.run(); }

 private:
  static std::vector<std::string> argv(const Setting& setting, const std::string& program) {
    std::vector<std::string> words = {program,
                                      "--unshare-user",
                                      "--unshare-pid",
                                      "--unshare-net",
                                      "--unshare-ipc",
                                      "--unshare-uts",
                                      "--hostname",
                                      "sandbox",
                                      "--uid",
                                      "1000",
                                      "--gid",
                                      "1000",
                                      "--unshare-cgroup",
                                      "--clearenv",
                                      "--proc",
                                      "/proc",
                                      "--dev",
                                      "/dev",
                                      "--tmpfs",
                                      "/tmp",
                                      "--tmpfs",
                                      "/work",
                                      "--chdir",
                                      "/work",
                                      "--cap-drop",
                                      "ALL",
                                      "--new-session",
                                      "--die-with-parent"};
    for (const rootfs::Entry& entry : binds_of(setting)) {
      words.insert(words.end(), {"--ro-bind", std::get<rootfs::Bind>(entry.what).source, entry.at});
    }
    words.insert(words.end(), {"--remount-ro", "/", "--seccomp", std::to_string(Command::kHandedOn), "--"});
    words.push_back(setting.plan->plan().job.argv.front());
    return words;
  }
  Fd whitelist_;
  Command command_;
};

// ---- OCI runtimes ----

json seccomp_profile(const Setting& setting) {
  json allowed = json::array();
  const lockdown::CallPolicy policy = lockdown::resolve_whitelist(setting.plan->plan(), lockdown::Phase::SetUp);
  for (const auto& [number, decision] : policy.calls) {
    switch (lockdown::kind_of(decision, SeccompProfile::Strict)) {
      case lockdown::RuleKind::Allow:
      case lockdown::RuleKind::ByArguments: allowed.push_back(decision.name); break;
      case lockdown::RuleKind::Errno:
      case lockdown::RuleKind::Notify: break;
    }
  }
  return {{"defaultAction", "SCMP_ACT_ERRNO"},
          {"defaultErrnoRet", ENOSYS},
          {"architectures", {"SCMP_ARCH_X86_64"}},
          {"syscalls", {{{"names", allowed}, {"action", "SCMP_ACT_ALLOW"}}}}};
}

json mount(const char* at, const char* type, const std::string& source, std::vector<std::string> options) {
  return {{"destination", at}, {"type", type}, {"source", source}, {"options", std::move(options)}};
}

json oci_config(const Setting& setting) {
  const FloorPlan& floor = setting.floor;
  json mounts = {
      mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}),
      mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
      mount("/tmp", "tmpfs", "tmpfs", {"nosuid", "nodev", "noexec", "size=64m"}),
      mount("/work", "tmpfs", "tmpfs", {"nosuid", "nodev", "size=64m"}),
  };
  for (const rootfs::Entry& entry : binds_of(setting)) {
    const auto& bind = std::get<rootfs::Bind>(entry.what);
    std::vector<std::string> options = {"rbind", "ro", "nosuid", "nodev", "rprivate"};
    if (bind.execution == Execution::Denied) options.emplace_back("noexec");
    mounts.push_back(mount(entry.at.c_str(), "bind", bind.source, std::move(options)));
  }
  json limits = json::array();
  for (const lockdown::RlimitRow& row : setting.plan->rlimits()) {
    limits.push_back({{"type", row.name}, {"soft", row.limit.soft}, {"hard", row.limit.hard}});
  }
  const auto map = [](unsigned outside) { return json{{{"containerID", 1000}, {"hostID", outside}, {"size", 1}}}; };
  // Runtimes set a container up as uid 0 of its namespace, so that there must be one; root can map two.
  json uids = map(floor.outside_uid);
  json gids = map(floor.outside_gid);
  unsigned user = 1000;
  if (floor.own_ids) {
    uids[0]["containerID"] = gids[0]["containerID"] = user = 0;
  } else {
    uids.push_back({{"containerID", 0}, {"hostID", floor.outside_uid + 1}, {"size", 1}});
    gids.push_back({{"containerID", 0}, {"hostID", floor.outside_gid + 1}, {"size", 1}});
  }
  json namespaces = json::array();
  for (const char* type : {"user", "mount", "pid", "network", "ipc", "uts", "cgroup"}) {
    namespaces.push_back({{"type", type}});
  }
  const json none = json::array();
  return {
      {"ociVersion", "1.0.2"},
      {"process",
       {{"terminal", false},
        {"user", {{"uid", user}, {"gid", user}}},
        {"args", {setting.plan->plan().job.argv.front()}},
        {"env", {"PATH=/usr/bin:/bin"}},
        {"cwd", "/work"},
        {"noNewPrivileges", true},
        {"rlimits", limits},
        {"capabilities",
         {{"bounding", none}, {"effective", none}, {"permitted", none}, {"inheritable", none}, {"ambient", none}}}}},
      {"root", {{"path", "rootfs"}, {"readonly", true}}},
      {"hostname", "sandbox"},
      {"mounts", mounts},
      {"linux",
       {{"namespaces", namespaces},
        {"uidMappings", uids},
        {"gidMappings", gids},
        {"seccomp", seccomp_profile(setting)}}}};
}

// crun refuses to run at all where a v2 tree with controllers stands beside v1's, even when it is to make no group.
void hide_second_group_tree() {
  const char* const tree = "/sys/fs/cgroup/unified";
  if (::geteuid() != 0 || ::access(tree, F_OK) != 0) return;
  if (::unshare(CLONE_NEWNS) != 0) throw SystemError("unshare", "mount namespace");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) throw SystemError("mount", "/");
  if (::umount2(tree, MNT_DETACH) != 0) throw SystemError("umount2", tree);
}

// The runtimes would make what is missing as a user who may not.
void make_mount_points(const std::filesystem::path& root, const json& mounts) {
  for (const json& mount : mounts) {
    const std::filesystem::path at = root / mount["destination"].get<std::string>().substr(1);
    const bool file = mount["type"] == "bind" && !std::filesystem::is_directory(mount["source"].get<std::string>());
    std::filesystem::create_directories(file ? at.parent_path() : at);
    if (file) std::ofstream(at).close();
  }
}

class OciRuntime : public Contender {
 public:
  OciRuntime(const Setting& setting, std::vector<std::string> program, const std::string& name)
      : name_("evalrun-bench-" + std::to_string(::getpid())), command_(argv(setting, std::move(program), name)) {}
  void run() override { command_.run(); }

 private:
  std::vector<std::string> argv(const Setting& setting, std::vector<std::string> words, const std::string& name) {
    const std::filesystem::path bundle = setting.scratch / (name + "-" + std::to_string(::getpid()));
    const json config = oci_config(setting);
    make_mount_points(bundle / "rootfs", config["mounts"]);
    std::ofstream(bundle / "config.json") << config.dump();
    words.insert(words.end(), {"--root", (bundle / "state").string(), "run", "--bundle", bundle.string(), name_});
    return words;
  }
  std::string name_;
  Command command_;
};

// ---- firejail ----

class Firejail : public Contender {
 public:
  Firejail(const Setting& setting, const std::string& program)
      : command_({program, "--quiet", "--noprofile", "--net=none", "--ipc-namespace", "--caps.drop=all", "--nonewprivs",
                  "--noroot", "--seccomp", "--private", "--private-dev", "--private-tmp", "--hostname=sandbox",
                  "--read-only=/usr", "--rlimit-nofile=256", "--", setting.program("true")}) {}
  void run() override { command_.run(); }

 private:
  Command command_;
};

}  // namespace

std::vector<Entry> peers(const Setting&) {
  std::vector<Entry> entries;
  const auto add = [&](const char* id, const char* file, const char* what, auto make) {
    const std::string program = find_program(file);
    if (program.empty()) {
      entries.push_back(
          {.id = id, .name = id, .what = what, .make = {}, .missing = std::string(file) + " is not installed"});
      return;
    }
    entries.push_back({.id = id,
                       .name = id,
                       .what = what,
                       .make = [program, make](const Setting& s) { return make(s, program); },
                       .version = version_of(program)});
  };
  using Made = std::unique_ptr<Contender>;
  add("bubblewrap", "bwrap", "all namespaces, the same binds, evalrun's whitelist by --seccomp; no Landlock, no limits",
      [](const Setting& s, const std::string& program) -> Made { return std::make_unique<Bubblewrap>(s, program); });
  add("crun", "crun", "a bundle with the same namespaces, binds, whitelist and rlimits; no control group",
      [](const Setting& s, const std::string& program) -> Made {
        return std::make_unique<OciRuntime>(s, std::vector<std::string>{program, "--cgroup-manager=disabled"}, "crun");
      });
  if (entries.back().missing.empty()) entries.back().prepare = hide_second_group_tree;
  add("runc", "runc", "the same bundle; makes its control groups, which it cannot be told to leave",
      [](const Setting& s, const std::string& program) -> Made {
        return std::make_unique<OciRuntime>(s, std::vector<std::string>{program}, "runc");
      });
  add("firejail", "firejail",
      "a set-user-ID program; its own seccomp list; the host's root with private /dev, /tmp, home",
      [](const Setting& s, const std::string& program) -> Made { return std::make_unique<Firejail>(s, program); });
  return entries;
}

}  // namespace evalrun::bench
