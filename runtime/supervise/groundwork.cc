#include "runtime/supervise/groundwork.h"

#include "runtime/core/error.h"

namespace evalrun::supervise {
namespace {

// None where this host gives none.
std::optional<groups::RunGroups> groups_for(groups::Groups& groups, const Limits& limits) {
  if (groups.trees().empty()) return std::nullopt;
  return std::optional<groups::RunGroups>(std::in_place, groups, limits);
}

}  // namespace

Groundwork::Groundwork(groups::Groups& run_groups, const Limits& limits, const host::HostFacts& host,
                       sandbox::Cloner* cloner)
    : groups(groups_for(run_groups, limits)), sandbox(host, groups ? groups->clone_into() : -1, cloner) {}

Groundwork::Groundwork(groups::Groups& run_groups, std::shared_ptr<warm::Cell> in)
    : cell(std::move(in)),
      groups(groups_for(run_groups, cell->plan().held_limits())),
      sandbox(cell->next(groups ? groups->clone_into() : -1)) {}

std::optional<Groundwork> lay_groundwork(groups::Groups& groups, const Limits& limits, const host::HostFacts& host) {
  try {
    return std::optional<Groundwork>(std::in_place, groups, limits, host);
  } catch (const HostError&) {
    return {};
  } catch (const SystemError&) {
    return {};
  }
}

}  // namespace evalrun::supervise
