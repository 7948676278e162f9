#include "runtime/measure/process_look.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>

#include "runtime/core/fd.h"

namespace evalrun::measure {
namespace {

// A program can make more files than anybody wants to look at while others wait.
constexpr unsigned kMostEntries = 512;
constexpr unsigned kDeepest = 8;
constexpr unsigned kMostDescriptors = 4096;

using Folder = std::unique_ptr<DIR, int (*)(DIR*)>;

Folder open_folder(Fd descriptor) {
  DIR* folder = descriptor ? ::fdopendir(descriptor.get()) : nullptr;
  if (folder != nullptr) static_cast<void>(descriptor.release());
  return {folder, ::closedir};
}

bool is_dot(const dirent& entry) {
  return std::strcmp(entry.d_name, ".") == 0 || std::strcmp(entry.d_name, "..") == 0;
}

unsigned count_descriptors(const std::string& process, unsigned enough) {
  const Folder folder = open_folder(Fd(::open((process + "/fd").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  unsigned count = 0;
  if (!folder) return 0;
  for (const dirent* entry = ::readdir(folder.get()); entry != nullptr && count < enough;
       entry = ::readdir(folder.get())) {
    if (!is_dot(*entry)) ++count;
  }
  return count;
}

// Only names and sizes are looked at; no link is followed, nothing is opened but folders of the same file system.
class SearchForSize {
 public:
  explicit SearchForSize(Bytes size) : size_(size) {}

  bool find(Fd opened, unsigned depth = 0) {
    const Folder folder = open_folder(std::move(opened));
    if (!folder) return false;
    const int number = ::dirfd(folder.get());
    for (const dirent* entry = ::readdir(folder.get()); entry != nullptr; entry = ::readdir(folder.get())) {
      if (is_dot(*entry)) continue;
      if (++looked_at_ > kMostEntries) return false;
      struct stat status {};
      if (::fstatat(number, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
      if (S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) == size_.count) return true;
      if (S_ISDIR(status.st_mode) && depth < kDeepest && find(open_beneath(number, entry->d_name), depth + 1)) {
        return true;
      }
    }
    return false;
  }

  static Fd open_beneath(int folder, const char* name) {
    open_how how{};
    how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
    return Fd(static_cast<int>(::syscall(SYS_openat2, folder, name, &how, sizeof how)));
  }

 private:
  Bytes size_;
  unsigned looked_at_ = 0;
};

bool has_file_of(const std::string& process, Bytes size) {
  // A file that is empty says nothing.
  if (size.count == 0) return false;
  for (const char* place : {"/root/work", "/root/tmp"}) {
    // The last part is the sandbox's own mount, never a link: the root is read-only.
    Fd folder(::open((process + place).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (folder && SearchForSize(size).find(std::move(folder))) return true;
  }
  return false;
}

}  // namespace

NotedCall noted_call(const seccomp_notif& call, unsigned open_files) noexcept {
  const auto argument = [&](unsigned index) { return static_cast<std::uint32_t>(call.data.args[index]); };
  const std::uint32_t last = open_files - 1;
  switch (call.data.nr) {
    case SYS_exit_group: return NotedCall::Fails;
    case SYS_tgkill: return argument(2) == SIGABRT ? NotedCall::Fails : NotedCall::Other;
    case SYS_close: return argument(0) == last ? NotedCall::ClosesLast : NotedCall::Other;
#if defined(SYS_dup2)
    case SYS_dup2: return argument(1) == last ? NotedCall::ChoosesLast : NotedCall::Other;
#endif
    case SYS_dup3: return argument(1) == last ? NotedCall::ChoosesLast : NotedCall::Other;
  }
  return NotedCall::Other;
}

void ProcessLook::add(const ProcessLook& other) noexcept {
  has_all_descriptors = has_all_descriptors || other.has_all_descriptors;
  has_last_descriptor = has_last_descriptor || other.has_last_descriptor;
  has_chosen_last = has_chosen_last || other.has_chosen_last;
  has_full_file = has_full_file || other.has_full_file;
}

ProcessLook look_at_process(pid_t pid, NotedCall call, unsigned open_files, Bytes file_size) {
  const std::string process = "/proc/" + std::to_string(pid);
  const std::string last = process + "/fd/" + std::to_string(open_files - 1);
  struct stat status {};
  ProcessLook look;
  look.has_last_descriptor = ::lstat(last.c_str(), &status) == 0;
  look.has_all_descriptors = look.has_last_descriptor && open_files <= kMostDescriptors &&
                             count_descriptors(process, open_files) >= open_files;
  if (call == NotedCall::Fails) look.has_full_file = has_file_of(process, file_size);
  return look;
}

}  // namespace evalrun::measure
