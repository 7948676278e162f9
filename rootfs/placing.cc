#include "rootfs/placing.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <cerrno>

#include "runtime/core/sys.h"

namespace evalrun::rootfs {
namespace {

constexpr std::uint64_t kNoEscape = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;

long write_all(int fd, const char* data, std::size_t size) noexcept {
  while (size > 0) {
    const long written = sys(SYS_write, fd, data, size);
    if (written == -EINTR) continue;
    if (written < 0) return written;
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return 0;
}

StepResult make_file(const NodeStep& node, int item, int root_fd) noexcept {
  const long fd = sys(SYS_openat, root_fd, node.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, node.mode);
  if (fd < 0) return failure(Operation::Open, fd, item);
  const long result = write_all(static_cast<int>(fd), node.content, node.size);
  sys(SYS_close, fd);
  return result < 0 ? failure(Operation::Write, result, item) : success();
}

StepResult copy_file(const CopyStep& copy, int item, int root_fd) noexcept {
  open_how how{};
  how.flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  how.mode = 0600;
  how.resolve = kNoEscape;
  const int fd = static_cast<int>(sys(SYS_openat2, root_fd, copy.path, &how, sizeof how));
  if (fd < 0) return failure(Operation::Openat2, fd, item);
  StepResult outcome = success();
  long result = 0;
  if (copy.source < 0) {
    result = write_all(fd, copy.text, copy.size);
    if (result < 0) outcome = failure(Operation::Write, result, item);
  } else {
    // An offset of our own: the descriptor is shared by every run of the plan.
    std::uint64_t offset = 0;
    do {
      result = sys(SYS_sendfile, fd, copy.source, &offset, std::size_t{1} << 30);
    } while (result > 0 || result == -EINTR);
    if (result < 0) outcome = failure(Operation::Sendfile, result, item);
  }
  if (!outcome.failed()) {
    result = sys(SYS_fchmod, fd, copy.mode);
    if (result < 0) outcome = failure(Operation::Fchmod, result, item);
  }
  sys(SYS_close, fd);
  return outcome;
}

StepResult seal_workspace(const MountStep& step, int item, int root_fd) noexcept {
  const int fd = open_in_root(root_fd, step.path, O_PATH | O_DIRECTORY);
  // Not Openat2, which is a file's here.
  if (fd < 0) return failure(Operation::MountSetattr, fd, item);
  mount_attr read_only{};
  read_only.attr_set = MOUNT_ATTR_RDONLY;
  const long result = sys(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &read_only, sizeof read_only);
  sys(SYS_close, fd);
  return result < 0 ? failure(Operation::MountSetattr, result, item) : success();
}

}  // namespace

int open_in_root(int root_fd, const char* path, int flags) noexcept {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  how.resolve = kNoEscape;
  return static_cast<int>(sys(SYS_openat2, root_fd, path, &how, sizeof how));
}

StepResult make_node(const NodeStep& node, int item, int root_fd) noexcept {
  long result = 0;
  switch (node.kind) {
    case NodeStep::Kind::Directory:
      result = sys(SYS_mkdirat, root_fd, node.path, node.mode);
      return result < 0 ? failure(Operation::Mkdir, result, item) : success();
    case NodeStep::Kind::Symlink:
      result = sys(SYS_symlinkat, node.content, root_fd, node.path);
      return result < 0 ? failure(Operation::Symlink, result, item) : success();
    case NodeStep::Kind::File: return make_file(node, item, root_fd);
  }
  return success();
}

StepResult place_files(const RootSteps& steps, int root_fd) noexcept {
  for (std::size_t i = 0; i < steps.copies.size(); ++i) {
    const StepResult placed = copy_file(steps.copies[i], static_cast<int>(i), root_fd);
    if (placed.failed()) return placed;
  }
  for (std::size_t i = 0; i < steps.mounts.size(); ++i) {
    if (!steps.mounts[i].sealed) continue;
    const StepResult sealed = seal_workspace(steps.mounts[i], static_cast<int>(i), root_fd);
    if (sealed.failed()) return sealed;
  }
  return success();
}

StepResult place_job_files(std::span<const NodeStep> folders, std::span<const CopyStep> files) noexcept {
  if (folders.empty() && files.empty()) return success();
  const auto root_fd = static_cast<int>(sys(SYS_openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (root_fd < 0) return failure(Operation::Open, root_fd);
  StepResult result = success();
  for (std::size_t i = 0; i < folders.size() && !result.failed(); ++i) {
    result = make_node(folders[i], static_cast<int>(i), root_fd);
    if (result.error == EEXIST) result = success();
  }
  for (std::size_t i = 0; i < files.size() && !result.failed(); ++i) {
    result = copy_file(files[i], static_cast<int>(i), root_fd);
  }
  sys(SYS_close, root_fd);
  return result;
}

}  // namespace evalrun::rootfs
