#include "rootfs/layout.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <set>
#include <string_view>

#include "runtime/core/small_file.h"
#include "runtime/core/text.h"

namespace evalrun::rootfs {
namespace {

constexpr std::array kDevices = {"null", "zero", "full", "random", "urandom"};

constexpr std::uint64_t kPage = 4096;

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string describe(std::string_view what, const std::string& at, const SourcePosition& position) {
  std::string text = std::string(what) + " " + at;
  if (!position.file.empty()) text += " (" + to_string(position) + ")";
  return text;
}

// Who the program is and how names are looked up: as little as C libraries need.
std::vector<Entry> etc_files(const Plan& plan) {
  std::vector<Entry> entries;
  const auto add = [&](const char* at, std::string text) {
    entries.push_back({at, TextFile{std::move(text)}, describe("file", at, {}), {}});
  };
  add("/etc/passwd",
      "root:x:0:0:root:/:/usr/sbin/nologin\n"
      "sandbox:x:1000:1000:sandbox:/work:/bin/sh\n"
      "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n");
  add("/etc/group", "root:x:0:\nsandbox:x:1000:\nnogroup:x:65534:\n");
  add("/etc/hosts", "127.0.0.1 localhost " + plan.kind.hostname + "\n::1 localhost ip6-localhost\n");
  add("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\nservices: files\n");
  // The link dangles, as on a minimal Debian, where the image does not show the zone files: UTC then.
  entries.push_back(
      {"/etc/localtime", Symlink{"/usr/share/zoneinfo/Etc/UTC"}, describe("link", "/etc/localtime", {}), {}});
  entries.push_back({"/etc/ld.so.cache",
                     Bind{.source = "/etc/ld.so.cache", .optional = true},
                     describe("file", "/etc/ld.so.cache", {}),
                     {}});
  return entries;
}

ProcView view_of(const Plan& plan) {
  const bool processes_only =
      plan.kind.proc == ProcView::Full && turns(plan.kind.capabilities, MountKnob::ProcessesOnly);
  return processes_only ? ProcView::Pid : plan.kind.proc;
}

Access access_of(const Plan& plan, Access asked) {
  return turns(plan.kind.capabilities, MountKnob::ReadOnly) ? Access::ReadOnly : asked;
}

// By its name, as execve finds it: a bare name through PATH.
bool program_lies_in_work(const Plan& plan) {
  const auto in_work = [&](const std::filesystem::path& path) {
    const std::string whole = (std::filesystem::path(plan.kind.cwd) / path).lexically_normal().string();
    return is_within(as_in_work(plan.kind, whole), "/work");
  };
  const std::string& program = plan.job.argv.front();
  if (program.find('/') != std::string::npos) return in_work(program);
  const auto path = plan.job.env.find("PATH");
  if (path == plan.job.env.end()) return false;
  for (std::string_view folders = path->second; !folders.empty();) {
    if (in_work(take_until(folders, ':'))) return true;
  }
  return false;
}

std::vector<Entry> own_entries(const Plan& plan) {
  std::vector<Entry> entries = etc_files(plan);
  for (const char* name : kDevices) {
    const std::string at = std::string("/dev/") + name;
    entries.push_back({at, Bind{.source = at, .access = Access::ReadWrite, .device = true}, "device " + at, {}});
  }
  const auto link = [&](const char* at, const char* target) {
    entries.push_back({at, Symlink{target}, describe("link", at, {}), {}});
  };
  link("/dev/fd", "/proc/self/fd");
  link("/dev/stdin", "/proc/self/fd/0");
  link("/dev/stdout", "/proc/self/fd/1");
  link("/dev/stderr", "/proc/self/fd/2");
  if (const ProcView view = view_of(plan); view != ProcView::None) {
    entries.push_back({"/proc", Proc{view}, "mount /proc", {}});
  }
  const bool runs_work = !turns(plan.kind.capabilities, MountKnob::WorkNoExec) || program_lies_in_work(plan);
  const Access access = access_of(plan, Access::ReadWrite);
  const Workspace work{.execution = runs_work ? Execution::Allowed : Execution::Denied, .access = access};
  entries.push_back({"/work", work, "workspace /work", {}});
  if (const std::string& second = plan.kind.workspace; second != "/work") {
    const SourcePosition position = plan.origin.where("workspace.path");
    Workspace twin = work;
    twin.shows = "/work";
    entries.push_back({second, std::move(twin), describe("workspace", second, position), position});
  }
  entries.push_back({"/tmp", Workspace{.access = access}, "workspace /tmp", {}});
  entries.push_back({"/dev/shm", Workspace{.access = access}, "workspace /dev/shm", {}});
  return entries;
}

Entry from_mount(const Plan& plan, const Mount& mount) {
  Entry entry{mount.at, {}, describe("mount", mount.at, mount.position), mount.position};
  if (const auto* bind = std::get_if<Mount::Bind>(&mount.what)) {
    entry.what = Bind{.source = bind->source.string(),
                      .access = access_of(plan, mount.access),
                      .execution = mount.execution,
                      .optional = mount.optional};
  } else {
    entry.what = Tmpfs{std::get<Mount::Tmpfs>(mount.what).size, plan.kind.limits.inodes, mount.execution,
                       access_of(plan, Access::ReadWrite)};
  }
  return entry;
}

// On binds alone: everything else is evalrun's own, or empty.
void add_hidden(const Plan& plan, Layout& layout) {
  for (const Hidden& hidden : plan.kind.hidden) {
    const Entry* holder = mount_holding(layout, hidden.path);
    const auto* bind = holder == nullptr ? nullptr : std::get_if<Bind>(&holder->what);
    const auto refuse = [&](const std::string& why) {
      throw PlanError(hidden.position, "hide", in_quotes(hidden.path) + " " + why);
    };
    if (bind == nullptr || bind->device) refuse("lies on no bind of the image or the plan");
    if (holder->at == hidden.path) refuse("is a mount of its own: leave it out");
    for (const Entry& entry : layout.entries) {
      if (entry.at != hidden.path && is_within(entry.at, hidden.path)) refuse("would hide " + entry.origin);
    }
    layout.entries.push_back({hidden.path, Tmpfs{.size = Bytes{kPage}, .access = Access::ReadOnly, .hides = true},
                              describe("hidden", hidden.path, hidden.position), hidden.position});
  }
}

// What an image shows gives way to every mount and link that holds its place.
std::vector<Entry> shown_entries(const Plan& plan, const std::vector<Entry>& theirs,
                                 const std::vector<std::string>& absent) {
  std::vector<Entry> entries;
  for (const Shown& shown : plan.kind.shown) {
    const auto holds = [&](const Entry& entry) { return is_within(shown.path, entry.at); };
    if (std::ranges::any_of(theirs, holds) || std::ranges::any_of(entries, holds)) continue;
    if (std::ranges::find(absent, shown.path) != absent.end()) continue;
    // A folder further up that comes later holds it too.
    std::erase_if(entries, [&](const Entry& entry) { return is_within(entry.at, shown.path); });
    entries.push_back({shown.path, Bind{.source = shown.path, .optional = true},
                       describe("file", shown.path, shown.position), shown.position});
  }
  return entries;
}

[[noreturn]] void conflict(const Entry& entry, const std::string& why) {
  throw PlanError(entry.position, "", entry.origin + ": " + why);
}

// The plan may put a mount of its own where evalrun would put something of the same name, except where evalrun's
// promises depend on it.
bool replaces_own(const Entry& theirs, const Entry& ours) {
  if (!is_within(ours.at, theirs.at)) return false;
  const bool is_etc = is_within(ours.at, "/etc");
  return is_etc || (ours.at == "/tmp" && theirs.at == "/tmp");
}

void check_against_own(const Entry& theirs, const Entry& ours) {
  if (replaces_own(theirs, ours)) return;
  if (is_within(ours.at, theirs.at)) conflict(theirs, "would hide evalrun's own " + ours.at);
  if (!is_within(theirs.at, ours.at)) return;
  const auto* workspace = std::get_if<Workspace>(&ours.what);
  if (workspace == nullptr) conflict(theirs, ours.at + " is evalrun's own");
  if (!workspace->shows.empty()) conflict(theirs, ours.at + " is the workspace; mount it below " + workspace->shows);
}

// Every folder that a mount point, link or file needs and that no mount provides.
void add_folders(const Plan& plan, const std::vector<std::string>& carried, std::vector<Entry>& entries) {
  std::set<std::string> present;
  std::set<std::string> provided;  // by mounts that bring their own tree
  for (const Entry& entry : entries) {
    if (std::holds_alternative<Bind>(entry.what) || std::holds_alternative<Tmpfs>(entry.what) ||
        std::holds_alternative<Proc>(entry.what)) {
      provided.insert(entry.at);
    }
    present.insert(entry.at);
  }
  const auto behind_mount = [&](const std::string& path) {
    return std::any_of(provided.begin(), provided.end(),
                       [&](const std::string& mount) { return path != mount && is_within(path, mount); });
  };
  std::vector<std::string> needed;
  for (const Entry& entry : entries) needed.push_back(parent_of(entry.at));
  for (const WorkFile& file : plan.job.files) needed.push_back(parent_of("/work/" + file.path));
  for (const std::string& file : carried) needed.push_back(parent_of("/work/" + file));
  const std::string cwd = as_in_work(plan.kind, plan.kind.cwd);
  if (is_within(cwd, "/work") || is_within(cwd, "/tmp")) needed.push_back(cwd);
  std::vector<Entry> folders;
  for (const std::string& lowest : needed) {
    for (std::string path = lowest; path != "/"; path = parent_of(path)) {
      if (!behind_mount(path) && present.insert(path).second) {
        folders.push_back({path, Directory{}, describe("folder", path, {}), {}});
      }
    }
  }
  entries.insert(entries.end(), folders.begin(), folders.end());
}

void check_links(const std::vector<Entry>& entries) {
  for (const Entry& link : entries) {
    if (!std::holds_alternative<Symlink>(link.what)) continue;
    for (const Entry& entry : entries) {
      if (entry.at != link.at && is_within(entry.at, link.at)) conflict(entry, "lies behind the link " + link.at);
    }
  }
}

void check_duplicates(const std::vector<Entry>& sorted) {
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i - 1].at == sorted[i].at) {
      conflict(sorted[i], "something else stands there already: " + sorted[i - 1].origin);
    }
  }
}

void check_files(const Plan& plan, const Layout& layout) {
  for (const WorkFile& file : plan.job.files) {
    const std::string at = "/work/" + file.path;
    const Entry* mount = mount_holding(layout, at);
    if (mount->at != "/work") {
      throw PlanError(file.position, "files",
                      in_quotes(file.path) + " would lie on " + mount->origin + ", not in /work");
    }
  }
}

// What the root tmpfs holds of evalrun's own, so that the plan's workspace is the plan's alone. Folders and short links
// take an inode and no page; a file takes whole pages (mm/shmem.c).
void count_own(Layout& layout) {
  layout.own_inodes = 1;  // the root itself
  for (const Entry& entry : layout.entries) {
    if (!stands_on_root(layout, entry)) continue;
    ++layout.own_inodes;
    if (const auto* file = std::get_if<TextFile>(&entry.what)) {
      layout.own_size.count += (file->text.size() + kPage - 1) / kPage * kPage;
    }
  }
}

}  // namespace

bool is_within(const std::string& path, const std::string& folder) {
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

std::string as_in_work(const Kind& kind, const std::string& path) {
  return is_within(path, kind.workspace) ? "/work" + path.substr(kind.workspace.size()) : path;
}

bool is_mount(const Entry& entry) {
  return std::holds_alternative<Bind>(entry.what) || std::holds_alternative<Workspace>(entry.what) ||
         std::holds_alternative<Tmpfs>(entry.what) || std::holds_alternative<Proc>(entry.what);
}

const Entry* mount_holding(const Layout& layout, const std::string& path) {
  const Entry* best = nullptr;
  for (const Entry& entry : layout.entries) {
    if (!is_mount(entry) || !is_within(path, entry.at)) continue;
    if (best == nullptr || entry.at.size() > best->at.size()) best = &entry;
  }
  return best;
}

bool stands_on_root(const Layout& layout, const Entry& entry) {
  const Entry* holder = mount_holding(layout, parent_of(entry.at));
  return holder == nullptr || std::holds_alternative<Workspace>(holder->what);
}

Layout make_layout(const Plan& plan, const std::vector<std::string>& carried, const std::vector<std::string>& absent) {
  std::vector<Entry> theirs;
  for (const Mount& mount : plan.kind.mounts) theirs.push_back(from_mount(plan, mount));
  for (const Link& link : plan.kind.links) {
    theirs.push_back({link.at, Symlink{link.target}, describe("link", link.at, link.position), link.position});
  }
  std::ranges::move(shown_entries(plan, theirs, absent), std::back_inserter(theirs));

  Layout layout;
  for (Entry& ours : own_entries(plan)) {
    bool replaced = false;
    for (const Entry& entry : theirs) {
      check_against_own(entry, ours);
      replaced = replaced || replaces_own(entry, ours);
    }
    if (!replaced) layout.entries.push_back(std::move(ours));
  }
  layout.entries.insert(layout.entries.end(), theirs.begin(), theirs.end());
  add_folders(plan, carried, layout.entries);
  add_hidden(plan, layout);
  // By name: a parent is a prefix of its children and so sorts before them.
  std::stable_sort(layout.entries.begin(), layout.entries.end(),
                   [](const Entry& a, const Entry& b) { return a.at < b.at; });
  check_duplicates(layout.entries);
  check_links(layout.entries);
  check_files(plan, layout);
  count_own(layout);
  return layout;
}

}  // namespace evalrun::rootfs
