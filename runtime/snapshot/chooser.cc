#include "runtime/snapshot/chooser.h"

#include <utility>

#include "runtime/core/error.h"
#include "runtime/snapshot/key.h"

namespace evalrun::snapshot {
namespace {

Choice choose_silently(Store& store, const Plan& plan, const host::HostFacts& host) {
  if (plan.kind.snapshot.mode == SnapshotMode::Off) return {};
  if (std::string why = why_not(plan); !why.empty()) return {nullptr, std::move(why)};
  const std::string key = key_of(plan, host);
  if (auto found = store.find(key); found && !store.is_due(key, plan.kind.snapshot)) {
    store.note_run(*found);
    return {std::move(found), ""};
  }
  if (const std::string* refused = store.refused(key)) return {nullptr, *refused};
  if (plan.kind.snapshot.mode == SnapshotMode::Auto) return {nullptr, "no snapshot is there"};
  try {
    Making making = store.make(plan, host, key);
    if (auto made = store.take(key, making.result())) return {std::move(made), ""};
    const std::string* why = store.refused(key);
    return {nullptr, why == nullptr ? "its recorder was ended" : *why};
  } catch (const SystemError& error) {
    return {nullptr, error.what()};
  }
}

}  // namespace

Choice choose(Store& store, const Plan& plan, const host::HostFacts& host) {
  Choice choice = choose_silently(store, plan, host);
  choice.why_not = told_why_not(plan, std::move(choice.why_not));
  return choice;
}

}  // namespace evalrun::snapshot
