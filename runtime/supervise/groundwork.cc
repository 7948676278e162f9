#include "runtime/supervise/groundwork.h"

#include "runtime/core/error.h"

namespace evalrun::supervise {

Groundwork::Groundwork(Groups& run_groups, const Limits& limits, const sandbox::HostFacts& host,
                       sandbox::ForkServer* server)
    : groups(run_groups.trees().empty() ? std::optional<RunGroups>()
                                        : std::optional<RunGroups>(std::in_place, run_groups, limits)),
      sandbox(host, groups ? groups->clone_into() : -1, server) {}

Groundwork::Groundwork(Groups& run_groups, std::shared_ptr<sandbox::Cell> in)
    : cell(std::move(in)),
      groups(run_groups.trees().empty()
                 ? std::optional<RunGroups>()
                 : std::optional<RunGroups>(std::in_place, run_groups, cell->plan().plan().limits)),
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
