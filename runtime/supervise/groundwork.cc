#include "runtime/supervise/groundwork.h"

#include "runtime/core/error.h"

namespace evalrun::supervise {
namespace {

// None where this host gives none.
std::optional<RunGroups> groups_for(Groups& groups, const Limits& limits) {
  if (groups.trees().empty()) return std::nullopt;
  return std::optional<RunGroups>(std::in_place, groups, limits);
}

}  // namespace

Groundwork::Groundwork(Groups& run_groups, const Limits& limits, const sandbox::HostFacts& host,
                       sandbox::ForkServer* server)
    : groups(groups_for(run_groups, limits)), sandbox(host, groups ? groups->clone_into() : -1, server) {}

Groundwork::Groundwork(Groups& run_groups, std::shared_ptr<sandbox::Cell> in)
    : cell(std::move(in)),
      groups(groups_for(run_groups, cell->plan().plan().limits)),
      sandbox(cell->next(groups ? groups->clone_into() : -1)) {}

std::optional<Groundwork> lay_groundwork(Groups& groups, const Limits& limits, const sandbox::HostFacts& host) {
  try {
    return std::optional<Groundwork>(std::in_place, groups, limits, host);
  } catch (const HostError&) {
    return {};
  } catch (const SystemError&) {
    return {};
  }
}

}  // namespace evalrun::supervise
