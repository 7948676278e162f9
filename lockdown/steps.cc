#include "lockdown/steps.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <linux/stat.h>
#include <sys/syscall.h>

#include <cerrno>

#include "runtime/core/sys.h"

namespace evalrun::lockdown {
namespace {

constexpr unsigned kFileTypeMask = 0170000;
constexpr unsigned kFolder = 0040000;

StepResult add_path(int ruleset, const LandlockPath& rule, int item) noexcept {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS;
  const auto fd = static_cast<int>(sys(SYS_openat2, AT_FDCWD, rule.path, &how, sizeof how));
  if (fd < 0) return failure(Operation::Openat2, fd, item);
  struct statx status {};
  long result = sys(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &status);
  if (result < 0) return failure(Operation::Statx, result, item);
  PathBeneath beneath{rule.rights, fd};
  if ((status.stx_mode & kFileTypeMask) != kFolder) beneath.allowed &= kRightsOfFiles;
  result = sys(SYS_landlock_add_rule, ruleset, kRulePathBeneath, &beneath, 0);
  sys(SYS_close, fd);
  return result < 0 ? failure(Operation::LandlockAddRule, result, item) : success();
}

// All bits locked: no later execve or set-uid gives a capability back (capabilities(7), "The securebits flags").
constexpr unsigned long kSecurebits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                                      SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                                      SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

// A second wall: what is read back here, the calls of drop_capabilities have set, or the run has failed.
StepResult capabilities_are_gone(int last_capability) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct held[2]{};
  const long result = sys(SYS_capget, &header, held);
  if (result < 0) return failure(Operation::Capget, result);
  for (const __user_cap_data_struct& word : held) {
    if ((word.effective | word.permitted | word.inheritable) != 0) return failure(Operation::CapabilitiesHeld, -EPERM);
  }
  // The ambient set is a part of the permitted and the inheritable one (capabilities(7)), which are empty.
  for (int capability = 0; capability <= last_capability; ++capability) {
    if (sys(SYS_prctl, PR_CAPBSET_READ, capability, 0, 0, 0) != 0) {
      return failure(Operation::BoundingHeld, -EPERM, capability);
    }
  }
  if (sys(SYS_prctl, PR_GET_SECUREBITS, 0, 0, 0, 0) != static_cast<long>(kSecurebits)) {
    return failure(Operation::SecurebitsUnset, -EPERM);
  }
  if (sys(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return failure(Operation::NoNewPrivsUnset, -EPERM);
  return success();
}

}  // namespace

StepResult restrict_by_landlock(const LandlockSteps& steps) noexcept {
  if (steps.attributes_size == 0) return success();
  const auto ruleset = static_cast<int>(sys(SYS_landlock_create_ruleset, &steps.attributes, steps.attributes_size, 0));
  if (ruleset < 0) return failure(Operation::LandlockCreateRuleset, ruleset);
  int item = 0;
  for (const LandlockPath& path : steps.paths) {
    const StepResult added = add_path(ruleset, path, item++);
    if (added.failed()) return added;
  }
  for (const NetPort& port : steps.ports) {
    const long result = sys(SYS_landlock_add_rule, ruleset, kRuleNetPort, &port, 0);
    if (result < 0) return failure(Operation::LandlockAddRule, result, item);
    ++item;
  }
  const long result = sys(SYS_landlock_restrict_self, ruleset, 0);
  sys(SYS_close, ruleset);
  return result < 0 ? failure(Operation::LandlockRestrictSelf, result) : success();
}

StepResult load_filter(std::span<const sock_filter> filter, int* listener) noexcept {
  if (filter.empty()) return success();
  const sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  if (listener == nullptr) {
    const long loaded = sys(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
    return loaded < 0 ? failure(Operation::SeccompLoad, loaded) : success();
  }
  // Once received, only a fatal signal interrupts the wait (Linux 5.19; EINVAL before).
  constexpr unsigned kListen = SECCOMP_FILTER_FLAG_NEW_LISTENER;
  constexpr unsigned kKillableOnly = 1U << 5;  // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
  long result = sys(SYS_seccomp, SECCOMP_SET_MODE_FILTER, kListen | kKillableOnly, &program);
  if (result == -EINVAL) result = sys(SYS_seccomp, SECCOMP_SET_MODE_FILTER, kListen, &program);
  if (result >= 0) *listener = static_cast<int>(result);
  return result < 0 ? failure(Operation::SeccompLoad, result) : success();
}

StepResult set_rlimits(std::span<const Rlimit> limits) noexcept {
  int item = 0;
  for (const Rlimit& limit : limits) {
    const std::uint64_t wanted[2] = {limit.soft, limit.hard};
    // Not prlimit64, by which the program may do less: the seal takes what setrlimit has more away.
    const long result = sys(SYS_setrlimit, limit.resource, wanted);
    if (result < 0) return failure(Operation::Setrlimit, result, item);
    ++item;
  }
  return success();
}

StepResult forbid_core_dumps() noexcept {
  const std::uint64_t one[2] = {kCoreLimit, kCoreLimit};
  const long result = sys(SYS_prlimit64, 0, RLIMIT_CORE, one, nullptr);
  if (result == 0) return success();
  std::uint64_t held[2] = {};
  const long read = sys(SYS_prlimit64, 0, RLIMIT_CORE, nullptr, held);
  // Only a privileged process of the host raises a hard limit.
  return read == 0 && held[1] < kCoreLimit ? success() : failure(Operation::Prlimit, result);
}

StepResult drop_bounding_set(int last_capability) noexcept {
  for (int capability = 0; capability <= last_capability; ++capability) {
    const long result = sys(SYS_prctl, PR_CAPBSET_DROP, capability, 0, 0, 0);
    if (result < 0) return failure(Operation::PrctlBounding, result, capability);
  }
  return success();
}

StepResult drop_capabilities(int last_capability, BoundingSet bounding) noexcept {
  long result = sys(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (result < 0) return failure(Operation::PrctlAmbient, result);
  // Before capset: dropping from the bounding set takes CAP_SETPCAP.
  if (bounding == BoundingSet::Full) {
    const StepResult dropped = drop_bounding_set(last_capability);
    if (dropped.failed()) return dropped;
  }
  result = sys(SYS_prctl, PR_SET_SECUREBITS, kSecurebits, 0, 0, 0);
  if (result < 0) return failure(Operation::PrctlSecurebits, result);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2]{};
  result = sys(SYS_capset, &header, none);
  if (result < 0) return failure(Operation::Capset, result);
  result = sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (result < 0) return failure(Operation::PrctlNoNewPrivs, result);
  return capabilities_are_gone(last_capability);
}

StepResult close_descriptors(unsigned first) noexcept {
  const long result = sys(SYS_close_range, first, ~0U, 0);
  return result < 0 ? failure(Operation::CloseRange, result) : success();
}

}  // namespace evalrun::lockdown
