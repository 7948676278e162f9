#include "runtime/pool/snapshot_keeper.h"

#include <algorithm>
#include <utility>

#include "runtime/core/error.h"
#include "runtime/snapshot/key.h"

namespace evalrun::pool {

SnapshotKeeper::~SnapshotKeeper() {
  if (in_work_) loop_.forget(in_work_->making.descriptor());
}

snapshot::Choice SnapshotKeeper::choose(const Plan& plan) {
  snapshot::Choice choice = choose_silently(plan);
  choice.why_not = snapshot::told_why_not(plan, std::move(choice.why_not));
  return choice;
}

const SnapshotKeeper::Known& SnapshotKeeper::known(const Plan& plan) {
  const auto found = std::ranges::find_if(known_, [&](const Known& one) {
    return one.argv == plan.job.argv && one.source == plan.job.source && one.env == plan.job.env &&
           one.kind == plan.kind;
  });
  if (found != known_.end()) return *found;
  if (known_.size() == kMostKnown) known_.pop_back();
  Known& one = known_.emplace_front();
  one = {plan.kind, plan.job.argv, plan.job.env, plan.job.source, snapshot::why_not(plan), ""};
  if (one.why_not.empty()) one.key = snapshot::key_of(plan, host_);
  return one;
}

snapshot::Choice SnapshotKeeper::choose_silently(const Plan& plan) {
  if (plan.kind.snapshot.mode == SnapshotMode::Off) return {};
  // Most plans by far, and nothing is told of them.
  const bool says_nothing = !plan.origin.positions.contains("snapshot.mode");
  if (!plan.kind.snapshot.is_supported && says_nothing) return {};
  // Whether a plan says so itself is no part of its kind.
  if (plan.origin.positions.contains("determinism.aslr")) {
    if (std::string why = snapshot::why_not(plan); !why.empty()) return {nullptr, std::move(why)};
  }
  const Known& what = known(plan);
  if (!what.why_not.empty()) return {nullptr, what.why_not};
  const std::string key = what.key;
  if (auto found = store_.find(key)) {
    if (!in_work_ && store_.is_due(key, plan.kind.snapshot)) record(plan, key);
    return {std::move(found), ""};
  }
  if (const std::string* refused = store_.refused(key)) return {nullptr, *refused};
  if (in_work_) return {nullptr, "a snapshot is being recorded", true};
  const auto asked = std::ranges::find(asked_for_, key);
  // Who waits for it does not ask again before something has happened.
  if (asked == asked_for_.end() && plan.kind.snapshot.mode != SnapshotMode::Yes) {
    asked_for_.push_back(key);
    if (asked_for_.size() > kMostAskedFor) asked_for_.pop_front();
    return {nullptr, "no run before had these words and this environment", true};
  }
  if (asked != asked_for_.end()) asked_for_.erase(asked);
  record(plan, key);
  return {nullptr, "a snapshot is being recorded", true};
}

void SnapshotKeeper::record(const Plan& plan, const std::string& key) {
  try {
    in_work_.emplace(key, store_.make(plan, host_, key));
    loop_.watch(in_work_->making.descriptor(), loop::Interest::Read, loop_.caller(), [this] { on_recorded(); });
  } catch (const SystemError& error) {
    in_work_.reset();
    store_.take(key, snapshot::NotRecorded{error.what(), false});
  }
}

void SnapshotKeeper::on_recorded() {
  InWork done = std::move(*in_work_);
  loop_.forget(done.making.descriptor());
  in_work_.reset();
  const bool is_there = store_.take(done.key, done.making.result()) != nullptr;
  if (!is_there && store_.refused(done.key) == nullptr) asked_for_.push_back(done.key);  // the next run has it recorded
}

void SnapshotKeeper::note_failure(const sandbox::SnapshotStart& snapshot, const std::string& why) {
  store_.note_failure(snapshot, why);
}

}  // namespace evalrun::pool
