#include "runtime/mediate/violations.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "lockdown/call_signature.h"
#include "lockdown/seccomp.h"
#include "runtime/core/arch.h"
#include "runtime/core/sys.h"

namespace evalrun::mediate {
namespace {

constexpr std::size_t kLongestText = 512;
constexpr std::size_t kPage = 4096;

std::string process_name(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

}  // namespace

// Up to the end of the page where the text begins, and then of the next: the second may not be there.
std::optional<std::string> read_text(pid_t pid, std::uint64_t address) {
  std::array<char, kLongestText> bytes;
  const std::size_t first = std::min<std::size_t>(bytes.size(), kPage - address % kPage);
  iovec ours{bytes.data(), bytes.size()};
  const std::array<iovec, 2> theirs{iovec{in_their_memory(address), first},
                                    iovec{in_their_memory(address + first), bytes.size() - first}};
  const ssize_t count = ::process_vm_readv(pid, &ours, 1, theirs.data(), theirs.size(), 0);
  if (count <= 0) return std::nullopt;
  return std::string(bytes.begin(), std::find(bytes.begin(), bytes.begin() + count, '\0'));
}

RecordedViolation describe_foreign_call(const seccomp_notif& notification) {
  RecordedViolation violation;
  violation.layer = "seccomp";
  violation.number = notification.data.nr;
  violation.arguments.assign(std::begin(notification.data.args), std::end(notification.data.args));
  violation.decoded = notification.data.arch == arch::kAuditArch ? "an x32 call" : "a call of another architecture";
  violation.pid = static_cast<std::int64_t>(notification.pid);
  violation.process = process_name(static_cast<pid_t>(notification.pid));
  violation.action = "ended the run";
  violation.remedy = "calls of another architecture and x32 calls are never allowed";
  return violation;
}

RecordedViolation describe_violation(const seccomp_notif& notification) {
  const auto pid = static_cast<pid_t>(notification.pid);
  lockdown::CallArguments arguments;
  std::copy(std::begin(notification.data.args), std::end(notification.data.args), arguments.begin());
  RecordedViolation violation;
  violation.layer = "seccomp";
  violation.number = notification.data.nr;
  violation.call = lockdown::name_of_call(notification.data.nr);
  violation.arguments.assign(arguments.begin(), arguments.end());
  violation.decoded =
      lockdown::decode_call(violation.call, arguments, [&](std::uint64_t address) { return read_text(pid, address); });
  violation.pid = static_cast<std::int64_t>(notification.pid);
  violation.process = process_name(pid);
  violation.action = "ended the run";
  violation.remedy = "no plan allows this call; [seccomp] profile = \"compatible\" answers it with EPERM";
  return violation;
}

}  // namespace evalrun::mediate
