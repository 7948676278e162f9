#include "runtime/doctor/doctor.h"

#include <unistd.h>

#include <algorithm>

#include "runtime/core/error.h"
#include "runtime/doctor/examinations.h"
#include "runtime/doctor/set_up_trial.h"

namespace evalrun::doctor {
namespace {

bool is_broken(const std::vector<Check>& checks, std::string_view name) {
  return std::ranges::any_of(checks,
                             [&](const Check& check) { return check.name == name && check.state == State::Broken; });
}

Check broken(const std::string& name, const std::exception& error, const std::string& remedy) {
  return {.name = name, .state = State::Broken, .finding = error.what(), .remedy = remedy};
}

void append(std::vector<Check>& checks, std::vector<Check> more) {
  std::ranges::move(more, std::back_inserter(checks));
}

}  // namespace

std::vector<Check> examine_host() {
  Host host;
  host.around = look_around();
  std::vector<Check> checks;
  try {
    host.facts = host::probe_host();
  } catch (const HostError& error) {
    // Without /proc nothing can be tried: a run's own identity is written there.
    return {broken("proc", error, "mount -t proc proc /proc")};
  }
  append(checks, check_kernel(host));
  try {
    host.identity = host::lease_identity(host.facts.is_root, host.facts.identities);
  } catch (const HostError& error) {
    checks.push_back(broken("identity", error,
                            "start evalrun as an ordinary user, or map 65536 ids into this user namespace "
                            "(newuidmap(1), unshare --map-auto), or free /run/evalrun"));
    // The rest is tried with the one id that is there.
    host.identity = {.uid = ::geteuid(), .gid = ::getegid(), .is_own = true, .lock = {}};
  }
  try {
    const SetUpTrial possible(host, "none");
  } catch (const std::exception& error) {
    checks.push_back(broken("devices", error, "make what is missing there, or bind the host's /dev"));
    host.has_set_up = false;
  }
  append(checks, check_namespaces(host));
  const bool has_users = !is_broken(checks, "user_ns");
  const bool can_mount = has_users && host.has_set_up && !is_broken(checks, "mount_ns");
  append(checks, can_mount ? check_mounts(host) : check_mask_of_proc(host));
  if (host.has_set_up) append(checks, check_keyring(host));
  if (has_users) append(checks, check_processes(host));
  for (const auto& check : {check_landlock, check_seccomp, check_rlimits, check_quotas, check_core_dumps, check_groups,
                            check_haste, check_timing, check_images}) {
    append(checks, check(host));
  }
  checks.push_back(check_run(host, checks));
  return checks;
}

State worst_of(const std::vector<Check>& checks) {
  State worst = State::Good;
  for (const Check& check : checks) worst = std::max(worst, check.state);
  return worst;
}

}  // namespace evalrun::doctor
