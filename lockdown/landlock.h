// Landlock, step 1 of the lockdown: a second wall behind the mounts and the network namespace. The rules say the same
// as the mount table in the kernel's other terms, so that a mistake in one is caught by the other; [landlock] narrows
// them.
//
// What it does not do: UDP, path-based Unix sockets, listen without bind, stat. Those are the namespaces' and the
// system-call filter's.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "lockdown/landlock_abi.h"
#include "lockdown/steps.h"
#include "runtime/plan/plan.h"

namespace evalrun::lockdown {

// The rights that one rule grants below one path of the sandbox.
struct PathRule {
  std::string path;
  std::uint64_t rights;
};

// The words of [landlock], and the rights that each stands for. No class holds the right to make devices or to send
// them ioctls: nothing ever grants those.
struct RightClass {
  const char* name;
  std::uint64_t rights;
};
inline constexpr RightClass kRead{"read", kFsReadFile | kFsReadDir};
inline constexpr RightClass kWrite{
    "write", kFsWriteFile | kFsTruncate | kFsMakeDir | kFsMakeReg | kFsMakeSock | kFsMakeFifo | kFsMakeSym | kFsRefer};
inline constexpr RightClass kExecute{"execute", kFsExecute};
inline constexpr RightClass kDelete{"delete", kFsRemoveDir | kFsRemoveFile};

// "read, execute": the classes of rights, for people.
std::string describe_rights(std::uint64_t rights);

// The rules as plain data for the child, masked for `abi` (0: no Landlock here, the step does nothing).
class LandlockRules {
 public:
  LandlockRules(const Plan& plan, std::vector<PathRule> rules, int abi);
  LandlockRules(const LandlockRules&) = delete;
  LandlockRules& operator=(const LandlockRules&) = delete;

  [[nodiscard]] const LandlockSteps& steps() const noexcept { return steps_; }
  [[nodiscard]] const std::vector<PathRule>& rules() const noexcept { return rules_; }

 private:
  std::vector<PathRule> rules_;
  std::vector<LandlockPath> paths_;
  std::vector<NetPort> ports_;
  LandlockSteps steps_{};
};

}  // namespace evalrun::lockdown
