#include "rootfs/pin.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "rootfs/machine_files.h"
#include "runtime/core/host_file.h"
#include "runtime/core/mount_table.h"

namespace evalrun::rootfs {
namespace {

constexpr std::uint64_t kPage = 4096;

struct stat stat_of(int fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw SystemError("fstat", path);
  return status;
}

const char* kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFSOCK: return "a socket";
    case S_IFIFO: return "a FIFO";
    case S_IFCHR: return "a character device";
    case S_IFBLK: return "a block device";
    default: return "neither a file nor a folder";
  }
}

[[noreturn]] void refuse(const Entry& entry, const std::string& why) {
  throw PlanError(entry.position, "", entry.origin + ": " + why);
}

// Looks for what a read-only bind does not tame: connecting a socket and opening a FIFO work through it.
class Vetting {
 public:
  explicit Vetting(const Entry& entry) : entry_(entry) {}

  // False where there was more than could be looked at.
  bool walk(int folder, const std::string& path) {
    const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy < 0 && errno == EACCES) return true;  // what we may not list, the program may not either
    if (copy < 0) throw SystemError("openat", path);
    const auto close_stream = [](DIR* stream) { ::closedir(stream); };
    const std::unique_ptr<DIR, decltype(close_stream)> stream(::fdopendir(copy), close_stream);
    if (!stream) throw SystemError("fdopendir", path);
    while (const dirent* item = ::readdir(stream.get())) {
      const std::string name = item->d_name;
      if (name == "." || name == "..") continue;
      if (++seen_ > kVettedEntries) return false;
      if (!look(::dirfd(stream.get()), name, path + "/" + name, item->d_type)) return false;
    }
    return true;
  }

 private:
  bool look(int folder, const std::string& name, const std::string& path, unsigned char type) {
    mode_t mode = DTTOIF(type);
    if (type == DT_UNKNOWN) {
      struct stat status {};
      if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) return true;  // gone meanwhile
        throw SystemError("fstatat", path);
      }
      mode = status.st_mode;
    }
    if (S_ISREG(mode) || S_ISLNK(mode)) return true;
    if (!S_ISDIR(mode)) refuse(entry_, "its source holds " + std::string(kind_of(mode)) + ": " + path);
    const Fd below(::openat(folder, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!below && (errno == EACCES || errno == ENOENT)) return true;
    if (!below) throw SystemError("openat", path);
    return walk(below.get(), path);
  }

  const Entry& entry_;
  unsigned seen_ = 0;
};

// File systems that are windows into the kernel: read-only, they still tell and do too much.
bool is_kernel_window(const std::string& type) {
  static constexpr std::string_view kTypes[] = {"bpf",      "cgroup",     "cgroup2", "configfs", "debugfs", "devpts",
                                                "devtmpfs", "efivarfs",   "fusectl", "mqueue",   "nsfs",    "proc",
                                                "pstore",   "securityfs", "sysfs",   "tracefs"};
  return std::ranges::find(kTypes, type) != std::end(kTypes);
}

// Where an open file lies, without links.
std::string path_of(const Fd& file, const std::string& name) {
  std::error_code error;
  const auto place = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(file.get()), error);
  if (error) throw SystemError("readlink", name, error.value());
  return place.string();
}

// The mount that a bind's source lies on, and every mount below it, must be an ordinary file system: binds are
// recursive. `path`: the source without links.
void refuse_kernel_windows(const Entry& entry, const std::string& source, const std::string& path,
                           const std::vector<MountRow>& mounts) {
  std::string below;  // the deepest mount that holds the path: its place and type
  std::string type_below;
  for (const MountRow& mount : mounts) {
    if (mount.at != path && is_within(mount.at, path) && is_kernel_window(mount.type)) {
      refuse(entry, "its source " + source + " holds " + mount.at + ", a mount of type " + mount.type);
    }
    if (is_within(path, mount.at) && mount.at.size() >= below.size()) {
      below = mount.at;
      type_below = mount.type;
    }
  }
  if (is_kernel_window(type_below)) refuse(entry, "its source " + source + " lies on a mount of type " + type_below);
}

std::uint64_t bind_attributes(const Bind& bind) {
  std::uint64_t attributes = MOUNT_ATTR_NOSUID;
  if (!bind.device) attributes |= MOUNT_ATTR_NODEV;
  if (bind.execution == Execution::Denied) attributes |= MOUNT_ATTR_NOEXEC;
  // A device is written through its driver; its node (mode, times) stays as it is.
  if (bind.access == Access::ReadOnly || bind.device) attributes |= MOUNT_ATTR_RDONLY;
  return attributes;
}

std::string size_option(std::uint64_t bytes) {
  return std::to_string((bytes + kPage - 1) / kPage * kPage);
}

}  // namespace

std::vector<std::string> absent_of_shown(const Plan& plan) {
  std::vector<std::string> absent;
  for (const Shown& shown : plan.kind.shown) {
    if (::access(shown.path.c_str(), F_OK) != 0) absent.push_back(shown.path);
  }
  return absent;
}

const char* PinnedRoot::keep(std::string text) {
  return strings_.emplace_back(std::move(text)).c_str();
}

bool PinnedRoot::has(const Entry& entry) const {
  return std::find(absent_.begin(), absent_.end(), entry.at) == absent_.end();
}

NodeStep::Place PinnedRoot::place_of(const Entry& entry) const {
  auto place = NodeStep::Place::Root;
  for (const Entry& other : layout_.entries) {
    const auto* workspace = std::get_if<Workspace>(&other.what);
    if (workspace == nullptr || !workspace->shows.empty()) continue;
    if (is_within(other.at, entry.at)) place = NodeStep::Place::Both;  // its folder, or one on the way there
    if (other.at != entry.at && is_within(entry.at, other.at)) return NodeStep::Place::Workspace;
  }
  return place;
}

void PinnedRoot::add_node(const Entry& entry, NodeStep::Kind kind, const std::string& content, std::uint32_t mode) {
  const std::string& kept = strings_.emplace_back(content);
  nodes_.push_back({kind, place_of(entry), keep(entry.at.substr(1)), kept.data(), kept.size(), mode});
  node_names_.push_back(entry.origin);
}

void PinnedRoot::add_bind(const Plan& plan, const Entry& entry, const Bind& bind) {
  const Fd source(::open(bind.source.c_str(), O_PATH | O_CLOEXEC));
  if (!source) {
    if (bind.optional && errno == ENOENT) {
      absent_.push_back(entry.at);
      if (stands_on_root(layout_, entry)) ++unused_inodes_;
      return;
    }
    if (is_shortage(errno)) throw SystemError("open", bind.source);
    refuse(entry, "open " + bind.source + ": " + errno_text(errno));
  }
  const struct stat status = stat_of(source.get(), bind.source);
  const bool folder = S_ISDIR(status.st_mode);
  const bool allowed = bind.device ? S_ISCHR(status.st_mode) : folder || S_ISREG(status.st_mode);
  if (!allowed) refuse(entry, "its source " + bind.source + " is " + kind_of(status.st_mode));

  if (!bind.device) refuse_kernel_windows(entry, bind.source, path_of(source, bind.source), host_mounts_);
  const bool from_plan = std::any_of(plan.kind.mounts.begin(), plan.kind.mounts.end(), [&](const Mount& mount) {
    // "--set" and "--suggest" stand for the plan's own text. Images are vetted by whoever installs them.
    const std::string& file = mount.position.file;
    return mount.at == entry.at && (file == plan.origin.whole.file || file.starts_with("--"));
  });
  if (from_plan && folder && !Vetting(entry).walk(source.get(), bind.source)) {
    warnings_.push_back(entry.origin + ": only the first " + std::to_string(kVettedEntries) +
                        " names were looked at for sockets, FIFOs and devices");
  }

  // The mount point: made on the root tmpfs, or already there in the bind that it lies on.
  const auto slash = entry.at.rfind('/');
  const Entry* below = mount_holding(layout_, slash == 0 ? "/" : entry.at.substr(0, slash));
  const auto* below_bind = below == nullptr ? nullptr : std::get_if<Bind>(&below->what);
  if (below != nullptr && !std::holds_alternative<Workspace>(below->what)) {
    if (below_bind == nullptr) refuse(entry, "a mount point inside " + below->origin + " cannot be made");
    const std::string relative = entry.at.substr(below->at.size() + 1);
    const Fd host(::open(below_bind->source.c_str(), O_PATH | O_CLOEXEC));
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    const Fd point(static_cast<int>(::syscall(SYS_openat2, host.get(), relative.c_str(), &how, sizeof how)));
    if (!point) {
      refuse(entry, "its mount point must exist in " + below->origin + ", which is read-only: openat2 " + relative +
                        ": " + errno_text(errno));
    }
    if (S_ISDIR(stat_of(point.get(), relative).st_mode) != folder) {
      refuse(entry, "a folder cannot be mounted on a file, nor a file on a folder");
    }
  } else if (folder) {
    add_node(entry, NodeStep::Kind::Directory, "", 0755);
  } else {
    add_node(entry, NodeStep::Kind::File, "", 0644);
  }

  const auto tree = static_cast<int>(trees_.size());
  trees_.push_back({keep(bind.source), status.st_ino, gnu_dev_major(status.st_dev), gnu_dev_minor(status.st_dev),
                    bind_attributes(bind)});
  tree_names_.push_back(entry.origin + " from " + bind.source);
  mounts_.push_back({.kind = MountStep::Kind::Tree,
                     .path = keep(entry.at.substr(1)),
                     .tree = tree,
                     .set_attributes = 0,
                     .size = nullptr,
                     .inodes = nullptr,
                     .pid_view = false,
                     .sealed = false});
  mount_names_.push_back(entry.origin);
}

MachineFacts facts_of_machine() {
  timespec since_boot{};
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &since_boot);
  ::clock_gettime(CLOCK_REALTIME, &now);
  cpu_set_t cores;
  CPU_ZERO(&cores);
  const bool known = ::sched_getaffinity(0, sizeof cores, &cores) == 0;
  return {.cores = known ? static_cast<unsigned>(CPU_COUNT(&cores)) : 1,
          .uptime_s = static_cast<std::uint64_t>(since_boot.tv_sec),
          .booted_s = static_cast<std::uint64_t>(now.tv_sec - since_boot.tv_sec)};
}

// They stand on the root below the mount of proc, where nobody sees them, and are mounted on it.
void PinnedRoot::add_machine_files(const Plan& plan, const Entry& proc, MountStep& step) {
  proc_files_.reserve(kMachineFiles);  // its elements stay where they are
  for (const MachineFile& file : machine_files(plan.kind.limits, facts_of_machine())) {
    const std::string at = proc.at + "/" + std::string(file.name);
    const Entry entry{at, TextFile{file.text}, "file " + at, {}};
    add_node(entry, NodeStep::Kind::File, file.text, 0444);
    proc_files_.push_back(keep(at.substr(1)));
    machine_size_.count += (file.text.size() + kPage - 1) / kPage * kPage;
  }
  step.files = proc_files_;
}

// What the bind below shows there.
PinnedRoot::HiddenIs PinnedRoot::look_at_hidden(const Entry& entry) const {
  const Entry* below = mount_holding(layout_, entry.at.substr(0, entry.at.rfind('/')));
  if (below == nullptr || !has(*below)) return HiddenIs::NotMounted;
  const auto& bind = std::get<Bind>(below->what);
  const std::string relative = entry.at.substr(below->at.size() + 1);
  const Fd host(::open(bind.source.c_str(), O_PATH | O_CLOEXEC));
  open_how how{};
  how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  const Fd found(static_cast<int>(::syscall(SYS_openat2, host.get(), relative.c_str(), &how, sizeof how)));
  if (!found && is_shortage(errno)) throw SystemError("openat2", bind.source + "/" + relative);
  if (!found) refuse(entry, "it must exist in " + below->origin + ": openat2 " + relative + ": " + errno_text(errno));
  const mode_t mode = stat_of(found.get(), relative).st_mode;
  if (!S_ISDIR(mode) && !S_ISREG(mode))
    refuse(entry, std::string("it is ") + kind_of(mode) + "; hide what it leads to");
  return S_ISDIR(mode) ? HiddenIs::Folder : HiddenIs::File;
}

void PinnedRoot::add_mount(const Plan& plan, const Entry& entry) {
  if (const auto* bind = std::get_if<Bind>(&entry.what)) return add_bind(plan, entry, *bind);
  const auto* hiding = std::get_if<Tmpfs>(&entry.what);
  const bool hides = hiding != nullptr && hiding->hides;
  if (hides) {
    switch (look_at_hidden(entry)) {
      case HiddenIs::NotMounted: absent_.push_back(entry.at); return;
      case HiddenIs::File: return add_bind(plan, entry, Bind{.source = "/dev/null", .device = true});
      case HiddenIs::Folder: break;
    }
  }

  MountStep step{.kind = MountStep::Kind::Workspace,
                 .path = keep(entry.at.substr(1)),
                 .tree = -1,
                 .set_attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
                 .size = nullptr,
                 .inodes = nullptr,
                 .pid_view = false,
                 .sealed = false};
  if (const auto* workspace = std::get_if<Workspace>(&entry.what)) {
    if (workspace->execution == Execution::Denied) step.set_attributes |= MOUNT_ATTR_NOEXEC;
    step.sealed = workspace->access == Access::ReadOnly;
    if (!workspace->shows.empty()) step.shows = keep(workspace->shows.substr(1));
  } else if (const auto* tmpfs = std::get_if<Tmpfs>(&entry.what)) {
    step.kind = MountStep::Kind::Tmpfs;
    step.size = keep(size_option(tmpfs->size.count));
    step.inodes = keep(std::to_string(tmpfs->inodes + 1));  // its root takes one
    if (tmpfs->execution == Execution::Denied) step.set_attributes |= MOUNT_ATTR_NOEXEC;
    if (tmpfs->access == Access::ReadOnly) step.set_attributes |= MOUNT_ATTR_RDONLY;
  } else {
    step.kind = MountStep::Kind::Proc;
    step.pid_view = std::get<Proc>(entry.what).view == ProcView::Pid;
    step.set_attributes |= MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY;
  }
  const std::uint32_t mode = step.kind == MountStep::Kind::Proc ? 0555 : 0755;
  const auto slash = entry.at.rfind('/');
  const Entry* below = mount_holding(layout_, slash == 0 ? "/" : entry.at.substr(0, slash));
  if (!hides && below != nullptr && !std::holds_alternative<Workspace>(below->what)) {
    refuse(entry, "a mount point inside " + below->origin + " cannot be made");
  }
  if (!hides) add_node(entry, NodeStep::Kind::Directory, "", mode);
  if (step.pid_view) add_machine_files(plan, entry, step);
  mounts_.push_back(step);
  mount_names_.push_back(entry.origin);
}

OpenedFile open_host_file(const WorkFile& file) {
  const auto& path = std::get<std::filesystem::path>(file.source);
  HostFile source = evalrun::open_host_file(path.string(), FileUse::Read);
  if (!source.descriptor) throw PlanError(file.position, "files", "open " + path.string() + ": " + source.refusal);
  return {std::move(source.descriptor), static_cast<std::size_t>(source.size)};
}

void PinnedRoot::add_copy(const WorkFile& file) {
  CopyStep copy{.path = keep("work/" + file.path), .source = -1, .text = nullptr, .size = 0, .mode = file.mode};
  if (const auto* text = std::get_if<std::string>(&file.source)) {
    const std::string& kept = strings_.emplace_back(*text);
    copy.text = kept.data();
    copy.size = kept.size();
  } else {
    OpenedFile opened = open_host_file(file);
    copy.size = opened.size;
    copy.source = files_.emplace_back(std::move(opened.descriptor)).get();
  }
  copies_.push_back(copy);
  copy_names_.push_back("file " + file.path);
}

// Whether the plan's own files leave the program any room at all: a tmpfs gives whole pages.
void PinnedRoot::check_files_fit(const Plan& plan) const {
  std::uint64_t total = 0;
  for (const CopyStep& copy : copies_) total += (copy.size + kPage - 1) / kPage * kPage;
  if (total > plan.kind.limits.workspace.count) {
    throw PlanError(plan.origin.where("limits.workspace"), "limits.workspace",
                    "the files of [files] take " + to_string(Bytes{total}) + ", the workspace has " +
                        to_string(plan.kind.limits.workspace));
  }
  if (copies_.size() > plan.kind.limits.inodes) {
    throw PlanError(plan.origin.where("limits.inodes"), "limits.inodes",
                    "there are " + std::to_string(copies_.size()) + " files in [files]");
  }
}

void PinnedRoot::add_carried(CarriedFile file) {
  const struct stat status = stat_of(file.descriptor.get(), file.path);
  if (!S_ISREG(status.st_mode)) throw SystemError("carry over", file.path, EINVAL);
  copies_.push_back({.path = keep("work/" + file.path),
                     .source = files_.emplace_back(std::move(file.descriptor)).get(),
                     .text = nullptr,
                     .size = static_cast<std::size_t>(status.st_size),
                     .mode = file.mode});
  copy_names_.push_back("carried file " + file.path);
}

PinnedRoot::PinnedRoot(const Plan& plan, const Layout& layout, std::vector<CarriedFile> carried)
    : host_mounts_(mount_table()), layout_(layout) {
  for (const Entry& entry : layout.entries) {
    if (const auto* folder = std::get_if<Directory>(&entry.what)) {
      add_node(entry, NodeStep::Kind::Directory, "", folder->mode);
    } else if (const auto* file = std::get_if<TextFile>(&entry.what)) {
      add_node(entry, NodeStep::Kind::File, file->text, 0644);
    } else if (const auto* link = std::get_if<Symlink>(&entry.what)) {
      add_node(entry, NodeStep::Kind::Symlink, link->target, 0);
    } else {
      add_mount(plan, entry);
    }
  }
  for (const WorkFile& file : plan.job.files) add_copy(file);
  check_files_fit(plan);
  for (CarriedFile& file : carried) add_carried(std::move(file));
  const auto workspace_nodes =
      std::ranges::count_if(nodes_, [](const NodeStep& node) { return node.place != NodeStep::Place::Root; });
  steps_ = {
      .trees = trees_,
      .nodes = nodes_,
      .mounts = mounts_,
      .copies = copies_,
      .root_size = keep(size_option(plan.kind.limits.workspace.count + layout.own_size.count + machine_size_.count)),
      .root_inodes =
          keep(std::to_string(plan.kind.limits.inodes + layout.own_inodes + proc_files_.size() - unused_inodes_)),
      .workspace_size = keep(size_option(plan.kind.limits.workspace.count)),
      .workspace_inodes = keep(std::to_string(plan.kind.limits.inodes + 1 + workspace_nodes)),
      .cwd = keep(plan.kind.cwd)};
}

std::string PinnedRoot::describe(Stage stage, Operation operation, int item) const {
  const auto pick = [&](const std::vector<std::string>& names) {
    const auto index = static_cast<std::size_t>(item);
    return item >= 0 && index < names.size() ? names[index] : std::string();
  };
  switch (stage) {
    case Stage::Trees: return pick(tree_names_);
    case Stage::Files: return pick(operation == Operation::MountSetattr ? mount_names_ : copy_names_);
    case Stage::Job: return "a folder for a file of the job";
    case Stage::Enter: return operation == Operation::Chdir ? steps_.cwd : "";
    case Stage::Mounts: {
      const bool node = operation == Operation::Mkdir || operation == Operation::Symlink ||
                        operation == Operation::Open || operation == Operation::Write;
      return pick(node ? node_names_ : mount_names_);
    }
    default: return "";
  }
}

}  // namespace evalrun::rootfs
