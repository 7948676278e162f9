#include "runtime/trace/host_names.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

#include "rootfs/layout.h"
#include "runtime/core/fd.h"

namespace evalrun::trace {
namespace {

bool asks_somebody_else(const std::string& type) {
  static constexpr std::string_view kTypes[] = {"9p",   "afs",   "autofs", "ceph", "cifs", "coda",
                                                "fuse", "ncpfs", "nfs",    "nfs4", "smb3"};
  return type.starts_with("fuse.") || std::ranges::find(kTypes, type) != std::end(kTypes);
}

}  // namespace

bool has_names_elsewhere(const std::string& path, const std::vector<MountRow>& mounts) {
  const MountRow* holding = nullptr;  // of two mounts at one place, the later one covers the other
  for (const MountRow& mount : mounts) {
    if (!rootfs::is_within(path, mount.at)) continue;
    if (holding == nullptr || mount.at.size() >= holding->at.size()) holding = &mount;
  }
  // Every path is looked up on the root, whatever it is.
  return holding != nullptr && holding->at != "/" && asks_somebody_else(holding->type);
}

HostName look_at_host(const std::string& path, const std::vector<MountRow>& mounts) {
  if (has_names_elsewhere(path, mounts)) return HostName::FileOrFolder;
  Fd at(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (const std::filesystem::path& part : std::filesystem::path(path).relative_path()) {
    if (part.empty()) continue;
    Fd next(::openat(at.get(), part.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status {};
    if (!next || ::fstat(next.get(), &status) != 0) return HostName::Missing;
    if (S_ISLNK(status.st_mode)) return HostName::FileOrFolder;
    if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)) return HostName::Special;
    at = std::move(next);
  }
  return HostName::FileOrFolder;
}

}  // namespace evalrun::trace
