// The checks, a few to each function. All but the last can be made in any order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/doctor/check.h"
#include "runtime/doctor/surroundings.h"
#include "runtime/host/host.h"
#include "runtime/host/leases.h"

namespace evalrun::doctor {

struct Host {
  host::HostFacts facts;
  host::Identity identity;  // what a run would have
  Surroundings around;
  bool has_set_up = true;  // the sandbox's own steps can be tried (set_up_trial.h)
};

std::vector<Check> check_kernel(const Host& host);
std::vector<Check> check_namespaces(const Host& host);
std::vector<Check> check_mounts(const Host& host);        // only where user and mount namespaces can be made
std::vector<Check> check_mask_of_proc(const Host& host);  // where they cannot; nothing where nothing is masked
std::vector<Check> check_keyring(const Host& host);       // where the set-up can be tried
std::vector<Check> check_landlock(const Host& host);
std::vector<Check> check_seccomp(const Host& host);
std::vector<Check> check_rlimits(const Host& host);
// What becomes of core dumps under this core_pattern where RLIMIT_CORE is set to `core_limit` (HostFacts). Pure.
Check check_core_pattern(const std::string& pattern, std::uint64_t core_limit);
std::vector<Check> check_core_dumps(const Host& host);
std::vector<Check> check_quotas(const Host& host);
std::vector<Check> check_groups(const Host& host);
// What the supervisor does to a run's processes; only where user namespaces can be made.
std::vector<Check> check_processes(const Host& host);
std::vector<Check> check_haste(const Host& host);
std::vector<Check> check_timing(const Host& host);
std::vector<Check> check_images(const Host& host);

// Runs this very program in a sandbox, by a plan that accepts what the other checks say must be accepted.
Check check_run(const Host& host, const std::vector<Check>& others);

}  // namespace evalrun::doctor
