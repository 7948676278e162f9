#include "runtime/doctor/seccomp_profile.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lockdown/call_table.h"

namespace evalrun::doctor {
namespace {

// Groups of the policy (lockdown/call_table.h) that a container has no use for, whoever calls.
constexpr std::string_view kNoUse[] = {"clock_discipline", "exploit_tools", "gone", "kernel_code",
                                       "kernel_keys",      "machine",       "rings"};

// What evalrun itself calls out of those groups.
struct OwnCall {
  std::string_view name;
  std::string_view reason;
};
constexpr OwnCall kOwnCalls[] = {
    {"chroot", "container managers and package managers"},
    {"keyctl", "a session keyring of a run's own"},
    {"ptrace", "children that nobody waits for are followed where no control group counts; evalrun trace"},
    {"setdomainname", "a host name of a run's own"},
    {"sethostname", "a host name of a run's own"},
};

}  // namespace

std::vector<std::string_view> calls_of_container() {
  std::vector<std::string_view> names;
  for (const lockdown::CallGroup& group : lockdown::call_groups()) {
    if (std::ranges::find(kNoUse, group.name) != std::end(kNoUse)) continue;
    names.insert(names.end(), group.calls.begin(), group.calls.end());
  }
  for (const lockdown::FilteredCall& filtered : lockdown::filtered_calls()) names.push_back(filtered.call);
  for (const OwnCall& own : kOwnCalls) names.push_back(own.name);
  std::ranges::sort(names);
  const auto twice = std::ranges::unique(names);
  names.erase(twice.begin(), twice.end());
  return names;
}

// ENOSYS for the rest: callers fall back, as the sandbox's own filter lets them.
std::string seccomp_profile() {
  nlohmann::ordered_json profile;
  profile["defaultAction"] = "SCMP_ACT_ERRNO";
  profile["defaultErrnoRet"] = 38;
#if defined(__x86_64__)
  profile["architectures"] = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"};
#elif defined(__aarch64__)
  profile["architectures"] = {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"};
#endif
  profile["syscalls"] = {{{"names", calls_of_container()}, {"action", "SCMP_ACT_ALLOW"}}};
  return profile.dump(1, '\t') + "\n";
}

}  // namespace evalrun::doctor
