#include "runtime/supervise/violations.h"

#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <fstream>

#include "lockdown/seccomp.h"
#include "runtime/core/error.h"

namespace evalrun::supervise {
namespace {

std::string process_name(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

}  // namespace

std::optional<seccomp_notif> receive_call(int listener) {
  seccomp_notif notification{};
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notification) != 0) {
    if (errno == ENOENT || errno == EINTR || errno == EAGAIN) return std::nullopt;
    throw SystemError("ioctl(SECCOMP_IOCTL_NOTIF_RECV)", "listener");
  }
  return notification;
}

RecordedViolation violation_of(const seccomp_notif& notification) {
  RecordedViolation violation;
  violation.layer = "seccomp";
  violation.number = notification.data.nr;
  violation.call = lockdown::name_of_call(notification.data.nr);
  violation.arguments.assign(std::begin(notification.data.args), std::end(notification.data.args));
  violation.pid = static_cast<std::int64_t>(notification.pid);
  violation.process = process_name(static_cast<pid_t>(notification.pid));
  violation.action = "ended the run";
  violation.remedy = "no plan allows this call; [seccomp] profile = \"compatible\" answers it with EPERM";
  return violation;
}

bool is_abandoned(int listener) noexcept {
  // POLLHUP: the filter has no users left (seccomp_unotify(2)).
  pollfd state{listener, POLLIN, 0};
  return ::poll(&state, 1, 0) == 1 && (state.revents & POLLHUP) != 0;
}

}  // namespace evalrun::supervise
