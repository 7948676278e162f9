#include "bench/setting.h"

#include <linux/mount.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/core/error.h"
#include "runtime/groups/cgroup.h"
#include "runtime/host/leases.h"
#include "runtime/reader/parse.h"

namespace evalrun::bench {
namespace {

// One that no run of evalrun has, since nothing leases it while the floor runs with it.
constexpr uid_t kFloorId = host::kIdentityBase + host::kIdentityCount;
constexpr char kOwnHostname[] = "sandbox";

std::uint64_t attributes_of(const rootfs::Bind& bind) {
  std::uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_RDONLY;
  if (!bind.device) attributes |= MOUNT_ATTR_NODEV;
  if (bind.execution == Execution::Denied) attributes |= MOUNT_ATTR_NOEXEC;
  return attributes;
}

void add_mount(FloorPlan& floor, const rootfs::Entry& entry, const std::string& path) {
  using Node = FloorPlan::Node;
  using Mount = FloorPlan::Mount;
  if (const auto* bind = std::get_if<rootfs::Bind>(&entry.what)) {
    const bool folder = std::filesystem::is_directory(bind->source);
    floor.nodes.push_back({folder ? Node::Kind::Folder : Node::Kind::File, path, "", folder ? 0755U : 0644U});
    floor.binds.push_back({bind->source, attributes_of(*bind)});
    floor.mounts.push_back({Mount::Kind::Bind, path, 0});
    return;
  }
  const auto* workspace = std::get_if<rootfs::Workspace>(&entry.what);
  if (workspace == nullptr && !std::holds_alternative<rootfs::Proc>(entry.what)) {
    throw std::runtime_error("the floor knows no mount like " + entry.at);
  }
  std::uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (workspace != nullptr && workspace->execution == Execution::Denied) attributes |= MOUNT_ATTR_NOEXEC;
  floor.nodes.push_back({Node::Kind::Folder, path, "", 0755});
  floor.mounts.push_back({workspace != nullptr ? Mount::Kind::Workspace : Mount::Kind::Proc, path, attributes});
}

void add_layout(FloorPlan& floor, const sandbox::CompiledPlan& plan) {
  using Node = FloorPlan::Node;
  for (const rootfs::Entry& entry : plan.layout().entries) {
    const std::string path = entry.at.substr(1);
    if (const auto* folder = std::get_if<rootfs::Directory>(&entry.what)) {
      floor.nodes.push_back({Node::Kind::Folder, path, "", folder->mode});
    } else if (const auto* file = std::get_if<rootfs::TextFile>(&entry.what)) {
      floor.nodes.push_back({Node::Kind::File, path, file->text, 0644});
    } else if (const auto* link = std::get_if<rootfs::Symlink>(&entry.what)) {
      floor.nodes.push_back({Node::Kind::Link, path, link->target, 0});
    } else if (plan.root().has(entry)) {
      add_mount(floor, entry, path);
    }
  }
  floor.root_size = std::to_string(plan.plan().kind.limits.workspace.count + plan.layout().own_size.count);
  floor.root_inodes = std::to_string(plan.plan().kind.limits.inodes + plan.layout().own_inodes);
}

}  // namespace

FloorPlan floor_of(const sandbox::CompiledPlan& plan) {
  FloorPlan floor;
  add_layout(floor, plan);
  floor.folder = plan.plan().kind.cwd;
  floor.hostname = kOwnHostname;
  floor.argv = plan.plan().job.argv;
  const lockdown::LandlockSteps& landlock = plan.landlock().steps();
  floor.landlock[0] = landlock.attributes.handled_fs;
  floor.landlock[1] = landlock.attributes.handled_net;
  floor.landlock[2] = landlock.attributes.scoped;
  floor.landlock_size = landlock.attributes_size;
  for (const lockdown::LandlockPath& rule : landlock.paths) {
    // Rights of folders mean nothing on a file; the paths of the plan's mounts are known here, before there is a root.
    const auto* mount = rootfs::mount_holding(plan.layout(), rule.path);
    const auto* bind = mount == nullptr ? nullptr : std::get_if<rootfs::Bind>(&mount->what);
    const bool file = bind != nullptr && !std::filesystem::is_directory(bind->source);
    floor.rules.push_back({rule.path, file ? rule.rights & lockdown::kRightsOfFiles : rule.rights});
  }
  for (const lockdown::RlimitRow& row : plan.rlimits()) {
    floor.limits.push_back({row.limit.resource, row.limit.soft, row.limit.hard});
  }
  floor.whitelist = plan.whitelist();
  floor.seal = plan.seal();
  floor.init_filter = plan.init_filter();
  floor.last_capability = plan.host().last_capability;
  floor.own_ids = !plan.host().is_root;
  floor.outside_uid = floor.own_ids ? ::geteuid() : kFloorId;
  floor.outside_gid = floor.own_ids ? ::getegid() : kFloorId;
  return floor;
}

ScratchFolder::ScratchFolder() {
  const char* const base = ::getenv("TMPDIR");
  std::string name = std::string(base != nullptr ? base : "/tmp") + "/evalrun-bench-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw SystemError("mkdtemp", name);
  path_ = name;
  // Runtimes that set a container up as another user walk through it.
  std::filesystem::permissions(path_, std::filesystem::perms(0755));
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Setting make_setting(const std::filesystem::path& build, const std::filesystem::path& scratch) {
  Setting setting{build / "evalrun", build / "bench", scratch, nullptr, {}};
  const Plan plan = parse_plan(read_plan((setting.folder / "true.toml").string()), {}, {});
  setting.plan = sandbox::compile(plan, groups::counted_by(groups::Groups(), host::probe_host()));
  setting.floor = floor_of(*setting.plan);
  return setting;
}

std::shared_ptr<const sandbox::CompiledPlan> compile_with(const Setting& setting, const std::string& argv_toml) {
  const Plan plan = parse_plan(read_plan((setting.folder / "true.toml").string()),
                               {"argv=" + argv_toml, "limits.cpu=60s", "limits.wall=10m", "limits.cpus=any"}, {});
  return sandbox::compile(plan, groups::counted_by(groups::Groups(), host::probe_host()));
}

}  // namespace evalrun::bench
