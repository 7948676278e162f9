#include "lockdown/landlock.h"

#include <algorithm>

namespace evalrun::lockdown {
namespace {

bool is_beneath(const std::string& path, const std::string& folder) {
  return folder == "/" ? path != "/"
                       : path.size() > folder.size() && path[folder.size()] == '/' && path.starts_with(folder);
}

// What a folder is granted holds for all beneath it, across mounts: the kernel walks up from a file to the root and
// adds up what it finds (landlock(7)). Then this rule grants nothing more, and each rule costs an open and a call.
bool is_granted_above(const PathRule& rule, const std::vector<PathRule>& rules) {
  return std::ranges::any_of(rules, [&](const PathRule& other) {
    return is_beneath(rule.path, other.path) && (rule.rights & ~other.rights) == 0;
  });
}

}  // namespace

std::string describe_rights(std::uint64_t rights) {
  std::string text;
  for (const RightClass& kind : {kRead, kWrite, kExecute, kDelete}) {
    if ((rights & kind.rights) == 0) continue;
    if (!text.empty()) text += ", ";
    text += kind.name;
  }
  return text;
}

LandlockRules::LandlockRules(const Plan& plan, std::vector<PathRule> rules, int abi) : rules_(std::move(rules)) {
  if (abi < 1) return;
  const std::uint64_t handled = fs_rights_of(abi);
  for (const PathRule& rule : rules_) {
    if (!is_granted_above(rule, rules_)) paths_.push_back({rule.path.c_str(), rule.rights & handled});
  }
  steps_.attributes.handled_fs = handled;
  if (abi >= kAbiNet) {
    steps_.attributes.handled_net = kNetBindTcp | kNetConnectTcp;
    for (const std::uint16_t port : plan.kind.network.bind) ports_.push_back({kNetBindTcp, port});
    // Rules are of single ports: where the program may connect to whatever port the kernel has chosen, the network of
    // its own and the mediation of connect are the walls.
    const std::vector<std::uint16_t>& connect = plan.kind.network.connect;
    if (std::ranges::find(connect, 0) != connect.end()) {
      steps_.attributes.handled_net = kNetBindTcp;
    } else {
      for (const std::uint16_t port : connect) ports_.push_back({kNetConnectTcp, port});
    }
  }
  if (abi >= kAbiScopes) steps_.attributes.scoped = kScopeAbstractUnixSocket | kScopeSignal;
  steps_.attributes_size = ruleset_size_of(abi);
  steps_.paths = paths_;
  steps_.ports = ports_;
}

}  // namespace evalrun::lockdown
