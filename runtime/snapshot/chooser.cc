#include "runtime/snapshot/chooser.h"

#include "runtime/core/error.h"
#include "runtime/snapshot/key.h"

namespace evalrun::snapshot {

Choice choose(Store& store, const Plan& plan, const host::HostFacts& host) {
  if (plan.kind.snapshot.mode == SnapshotMode::Off) return {};
  if (std::string why = why_not(plan); !why.empty()) return {nullptr, std::move(why)};
  const std::string key = key_of(plan, host);
  if (auto found = store.find(key)) return {std::move(found), ""};
  if (const std::string* refused = store.refused(key)) return {nullptr, *refused};
  if (plan.kind.snapshot.mode == SnapshotMode::Auto) return {nullptr, "no snapshot is there"};
  try {
    Making making = store.make(plan, host, key);
    if (auto made = store.take(key, making.result())) return {std::move(made), ""};
    return {nullptr, *store.refused(key)};
  } catch (const SystemError& error) {
    return {nullptr, error.what()};
  }
}

}  // namespace evalrun::snapshot
