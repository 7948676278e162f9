#include "runtime/mediate/address_space.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <string>

#include "lockdown/listener.h"
#include "runtime/core/error.h"
#include "runtime/core/pages.h"

namespace evalrun::mediate {
namespace {

// What a request adds to the process, in whole pages. 0: nothing, or what the kernel alone can tell (a mapping put in
// another's place, a moved break); RLIMIT_AS holds there too.
Bytes added_by(const seccomp_data& call) {
  if (call.nr == SYS_mmap && (call.args[3] & MAP_FIXED) == 0) return in_whole_pages(call.args[1]);
  if (call.nr == SYS_mremap && call.args[2] > call.args[1]) {
    return {in_whole_pages(call.args[2]).count - in_whole_pages(call.args[1]).count};
  }
  return {};
}

// proc(5), /proc/PID/statm: the first number, in pages; what the kernel compares with RLIMIT_AS. Empty where the
// process has gone, or this user may not see it.
std::optional<Bytes> size_of(std::uint32_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  std::uint64_t pages = 0;
  if (!(file >> pages)) return std::nullopt;
  return Bytes{pages * page_size()};
}

// Not by the child before execve: a program whose own image is larger than the limit would die there by a signal that
// says nothing. No process maps anything between execve and its first request.
// A program that has bounded itself more tightly keeps its own bound: to raise that is not ours, and as an ordinary
// user the kernel would refuse it.
void bound(std::uint32_t pid, Bytes limit) {
  const auto process = static_cast<pid_t>(pid);
  rlimit found{};
  bool is_set = ::prlimit(process, RLIMIT_AS, nullptr, &found) == 0;
  if (is_set && (found.rlim_cur > limit.count || found.rlim_max > limit.count)) {
    const rlimit tighter{std::min<rlim_t>(found.rlim_cur, limit.count), std::min<rlim_t>(found.rlim_max, limit.count)};
    is_set = ::prlimit(process, RLIMIT_AS, &tighter, nullptr) == 0;
    // Another thread has lowered it meanwhile.
    if (!is_set && errno == EPERM) {
      is_set = ::prlimit(process, RLIMIT_AS, nullptr, &found) == 0;
      if (is_set && found.rlim_max > limit.count) throw SystemError("prlimit", "RLIMIT_AS of the program", EPERM);
    }
  }
  if (!is_set && errno != ESRCH) throw SystemError("prlimit", "RLIMIT_AS of the program");
}

}  // namespace

bool asks_for_address_space(const seccomp_notif& notification) noexcept {
  const int call = notification.data.nr;
  return call == SYS_mmap || call == SYS_mremap || call == SYS_brk;
}

AddressSpace::Answer AddressSpace::answer(int listener, const seccomp_notif& request) {
  const std::optional<Bytes> size = size_of(request.pid);
  // The number is the caller's own only while it waits.
  if (!lockdown::still_waits(listener, request.id)) return Answer::Answered;
  if (size && *size > limit_) return Answer::Exceeded;
  bound(request.pid, limit_);
  const Bytes added = added_by(request.data);
  const bool given = !size || added.count <= limit_.count - size->count;
  if (added.count > 0 && given) refused_.add_given(added);
  if (added.count > 0 && !given) refused_.add_refused(added);
  if (given) {
    // Nothing behind a pointer was looked at: there is nothing to race.
    lockdown::let_go_on(listener, request.id);
  } else {
    lockdown::answer_call(listener, request.id, ENOMEM);
  }
  return Answer::Answered;
}

}  // namespace evalrun::mediate
