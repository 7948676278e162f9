#include "runtime/trace/suggest.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "runtime/supervise/run.h"
#include "runtime/trace/trace.h"

namespace evalrun::trace {
namespace {

using Additions = std::vector<SuggestedAddition>;

constexpr int kRounds = 32;
constexpr std::size_t kSiblings = 4;  // so many files of one folder are asked for as the folder

std::vector<PlanAddition> plain(const Additions& additions) {
  std::vector<PlanAddition> list;
  for (const SuggestedAddition& each : additions) list.push_back(each.addition);
  return list;
}

bool ended_well(const supervise::Outcome& outcome) {
  const auto* exited = std::get_if<supervise::Exited>(&outcome);
  return exited != nullptr && exited->code == 0;
}

std::string reason_of(const Refusal& refusal) {
  std::string text = refusal.call;
  if (!refusal.seen.path.empty()) text += " " + refusal.seen.path;
  return text + ": " + errno_name(refusal.seen.error);
}

// One that stands for both: a key is set once, a mount holds what lies below it.
bool replaces(const PlanAddition& later, const PlanAddition& earlier) {
  if (later == earlier) return true;
  const auto* later_key = std::get_if<SetKey>(&later);
  const auto* earlier_key = std::get_if<SetKey>(&earlier);
  if (later_key != nullptr && earlier_key != nullptr) return later_key->key == earlier_key->key;
  const auto* later_mount = std::get_if<AddMount>(&later);
  const auto* earlier_mount = std::get_if<AddMount>(&earlier);
  return later_mount != nullptr && earlier_mount != nullptr && rootfs::is_within(earlier_mount->at, later_mount->at);
}

Additions with(Additions additions, const SuggestedAddition& more) {
  std::erase_if(additions, [&](const SuggestedAddition& each) { return replaces(more.addition, each.addition); });
  additions.push_back(more);
  return additions;
}

// The folder that holds enough of the files that are asked for one by one; none in the root or one of its folders.
std::optional<SuggestedAddition> folder_of_many(const Additions& additions, const std::set<std::string>& refused) {
  std::map<std::string, std::vector<const SuggestedAddition*>> by_folder;
  for (const SuggestedAddition& each : additions) {
    const auto* mount = std::get_if<AddMount>(&each.addition);
    if (mount == nullptr || mount->bind.empty() || mount->exec) continue;
    const std::string folder = std::filesystem::path(mount->bind).parent_path().string();
    if (std::ranges::count(folder, '/') >= 2 && !refused.contains(folder)) by_folder[folder].push_back(&each);
  }
  for (const auto& [folder, files] : by_folder) {
    if (files.size() < kSiblings) continue;
    return SuggestedAddition{AddMount{.bind = folder, .tmpfs = "", .at = folder},
                             files.front()->because + ", and more"};
  }
  return std::nullopt;
}

class Search {
 public:
  Search(const PlanWith& plan_with, const Grants& grants)
      : plan_with_(plan_with), grants_(grants), before_(plan_with({})) {}

  Suggestion find() {
    Suggestion found;
    for (int round = 0; round < kRounds; ++round) {
      const Trace traced = trace_with(found.additions);
      found.outcome = traced.result.outcome;
      if (ended_well(found.outcome)) break;
      found.left.clear();
      found.not_tried.clear();
      if (!take(traced, found)) break;
    }
    found.runs = ended_well(found.outcome) && runs_with(found.additions);
    if (found.runs) {
      drop_what_is_not_missed(found.additions);
      found.left.clear();
      found.not_tried.clear();
    }
    found.runs_tried = tried_;
    return found;
  }

 private:
  // What the program writes goes nowhere: it runs many times.
  [[nodiscard]] Plan trial(const Additions& additions) const {
    Plan plan = plan_with_(plain(additions));
    plan.kind.collect.clear();
    plan.kind.output = OutputCapture{};
    if (!std::holds_alternative<OutputToStdout>(plan.kind.error_output)) plan.kind.error_output = OutputCapture{};
    return plan;
  }

  Trace trace_with(const Additions& additions) {
    ++tried_;
    return trace(sandbox::compile(trial(additions), host_, {.carried = {}, .observed = true}));
  }

  bool runs_with(const Additions& additions) {
    if (!makes_a_plan(additions)) return false;
    ++tried_;
    loop::EventLoop loop;
    groups::Groups groups;
    supervise::Run run(loop, groups, sandbox::compile(trial(additions), groups::counted_by(groups, host_)));
    while (!run.finished()) loop.run_once();
    return ended_well(run.take_result(nullptr).outcome);
  }

  [[nodiscard]] bool makes_a_plan(const Additions& additions) const {
    try {
      sandbox::compile(trial(additions), host_);
      return true;
    } catch (const PlanError&) {
      return false;
    }
  }

  // Whether there was something new.
  bool take(const Trace& traced, Suggestion& found) {
    const std::vector<PlanAddition> before = plain(found.additions);
    for (const Refusal& refusal : traced.refusals) take_one(refusal.remedy, reason_of(refusal), found);
    for (const mediate::RecordedViolation& violation : traced.result.violations) {
      take_one({SetKey{"seccomp.profile", "\"compatible\""}}, violation.call + ": a violation", found);
    }
    while (const auto folder = folder_of_many(found.additions, refused_folders_)) {
      Additions more = with(found.additions, *folder);
      if (may_try(folder->addition, more) && makes_a_plan(more)) {
        found.additions = std::move(more);
      } else {
        refused_folders_.insert(std::get<AddMount>(folder->addition).at);
      }
    }
    return plain(found.additions) != before;
  }

  void take_one(const Remedy& remedy, const std::string& because, Suggestion& found) const {
    const PlanAddition* addition = remedy.addition();
    if (addition == nullptr) {
      found.left.push_back(because + "; " + describe(remedy));
      return;
    }
    const auto is_it = [&](const SuggestedAddition& each) { return each.addition == *addition; };
    if (std::ranges::any_of(found.additions, is_it)) return;
    Additions more = with(found.additions, {*addition, because});
    if (const auto withheld = why_withheld(*addition, more)) {
      const bool is_new = std::ranges::none_of(found.not_tried, is_it, &NotTried::wish);
      if (is_new && found.not_tried.size() < kNotTriedKept) {
        found.not_tried.push_back({SuggestedAddition{*addition, because}, *withheld});
      }
    } else if (makes_a_plan(more)) {
      found.additions = std::move(more);
    } else {
      found.left.push_back(because + "; " + describe(remedy));
    }
  }

  // Nothing too where they make no plan.
  [[nodiscard]] std::optional<Withheld> why_withheld(const PlanAddition& addition, const Additions& additions) const {
    try {
      return trace::why_withheld(addition, before_, trial(additions), host_, grants_);
    } catch (const PlanError&) {
      return std::nullopt;
    }
  }

  [[nodiscard]] bool may_try(const PlanAddition& addition, const Additions& additions) const {
    return !why_withheld(addition, additions);
  }

  void drop_what_is_not_missed(Additions& additions) {
    for (std::size_t size = std::max<std::size_t>(1, additions.size() / 2);;
         size = std::max<std::size_t>(1, size / 2)) {
      bool dropped = false;
      for (std::size_t at = 0; at < additions.size();) {
        Additions fewer = additions;
        const auto first = fewer.begin() + static_cast<std::ptrdiff_t>(at);
        fewer.erase(first, first + static_cast<std::ptrdiff_t>(std::min(size, fewer.size() - at)));
        if (runs_with(fewer)) {
          additions = std::move(fewer);
          dropped = true;
        } else {
          at += size;
        }
      }
      if (size == 1 && !dropped) return;
    }
  }

  const PlanWith& plan_with_;
  const Grants& grants_;
  const Plan before_;
  const host::HostFacts host_ = host::probe_host();
  std::set<std::string> refused_folders_;
  unsigned tried_ = 0;
};

}  // namespace

Suggestion suggest(const PlanWith& plan_with, const Grants& grants) {
  return Search(plan_with, grants).find();
}

}  // namespace evalrun::trace
