#include "runtime/mediate/shared_memory.h"

#include <dirent.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "lockdown/listener.h"
#include "runtime/core/children.h"
#include "runtime/core/pages.h"
#include "runtime/core/small_file.h"

namespace evalrun::mediate {
namespace {

constexpr std::uint64_t kSharedAnonymous = MAP_SHARED | MAP_ANONYMOUS;

// The run's only task, threads and processes that have ended and are not reaped among them.
bool is_alone(pid_t init, pid_t task) {
  const std::string name = std::to_string(task);
  if (text_of_children(init) != name + " " || !text_of_children(task).empty()) return false;
  std::size_t threads = 0;
  DIR* tasks = ::opendir(("/proc/" + name + "/task").c_str());
  if (tasks == nullptr) return false;
  while (const dirent* entry = ::readdir(tasks)) threads += entry->d_name[0] != '.' ? 1 : 0;
  ::closedir(tasks);
  return threads == 1;
}

// How many files a process has mapped to be shared (proc(5), /proc/PID/maps), each once, anonymous ones among them,
// whatever their names: those a program can change (PR_SET_VMA). Empty where that cannot be read.
std::optional<std::size_t> count_of_shared_files(pid_t pid) {
  std::set<std::string, std::less<>> files;
  const std::string maps = read_small_file("/proc/" + std::to_string(pid) + "/maps");
  if (maps.empty()) return std::nullopt;
  for (std::string_view lines = maps; !lines.empty();) {
    std::string_view line = take_until(lines, '\n');
    take_until(line, ' ');  // its addresses
    if (!take_until(line, ' ').ends_with('s')) continue;
    take_until(line, ' ');  // the offset
    const std::string device(take_until(line, ' '));
    files.insert(device + ' ' + std::string(take_until(line, ' ')));
  }
  return files.size();
}

}  // namespace

bool asks_for_shared_memory(const seccomp_notif& notification) noexcept {
  const seccomp_data& call = notification.data;
  return (call.nr == SYS_mmap && (call.args[3] & kSharedAnonymous) == kSharedAnonymous) ||
         call.nr == SYS_memfd_create || call.nr == SYS_shmget;
}

Bytes SharedMemory::asked_by(const seccomp_data& call) const noexcept {
  if (call.nr == SYS_mmap) return in_whole_pages(call.args[1]);
  if (call.nr == SYS_memfd_create) return file_size_;
  // One that is there already is looked up without a size, or without IPC_CREAT.
  const bool makes = call.args[0] == IPC_PRIVATE || (call.args[2] & IPC_CREAT) != 0;
  return makes ? in_whole_pages(call.args[1]) : Bytes{};
}

SharedMemory::Answer SharedMemory::decide(int listener, const seccomp_notif& request) {
  const Bytes asked = asked_by(request.data);
  const auto fits = [&] { return asked <= limit_ && charged_.count <= limit_.count - asked.count; };
  // Before it is tight: until then what has been unmapped counts at every look.
  if (charged_.count + std::min(asked, limit_).count > limit_.count / 4) give_back(listener, request);
  if (!fits()) {
    refused_.add_refused(asked);
    return Answer::Refused;
  }
  refused_.add_given(asked);
  charged_.count += asked.count;
  if (request.data.nr == SYS_mmap) mappings_.push_back(asked);
  return Answer::GoesOn;
}

// With so many left, they are at most the largest so many.
void SharedMemory::give_back(int listener, const seccomp_notif& request) {
  const auto caller = static_cast<pid_t>(request.pid);
  if (mappings_.empty() || !is_alone(init_, caller)) return;
  const std::optional<std::size_t> left = count_of_shared_files(caller);
  // All that was read is true only while the caller waits.
  if (!left || !lockdown::still_waits(listener, request.id)) return;
  std::ranges::sort(mappings_, std::greater<>());
  while (mappings_.size() > *left) {
    charged_.count -= mappings_.back().count;
    mappings_.pop_back();
  }
}

}  // namespace evalrun::mediate
