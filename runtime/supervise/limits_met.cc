#include "runtime/supervise/limits_met.h"

#include <signal.h>

namespace evalrun::supervise {
namespace {

bool ended_well(const Outcome& outcome) {
  const auto* exited = std::get_if<Exited>(&outcome);
  return exited != nullptr && exited->code == 0;
}

// Its main thread's stack is resident as far as it has grown. A program that has as much memory for other things and
// fails otherwise looks the same.
bool may_have_overflowed_its_stack(const MetFacts& facts, const Outcome& outcome, const Limits& limits) {
  const auto* ended = std::get_if<Signaled>(&outcome);
  return ended != nullptr && ended->signal == SIGSEGV && facts.largest_process >= limits.stack;
}

std::optional<LimitMet> processes_met(const MetFacts& facts, const Outcome& outcome, const Limits& limits) {
  const std::uint64_t allowed = limits.processes;
  if (facts.processes_refused) {
    if (*facts.processes_refused == 0) return std::nullopt;
    return LimitMet{Limit::Processes, allowed, facts.processes_refused, Evidence::Counted, facts.processes_source};
  }
  if (facts.tasks_seen < allowed || ended_well(outcome)) return std::nullopt;
  return LimitMet{Limit::Processes, allowed, std::nullopt, Evidence::Seen,
                  "sampling: it had as many processes and threads as it may"};
}

std::optional<LimitMet> open_files_met(const measure::ProcessLook& look, const Limits& limits) {
  const std::uint64_t allowed = limits.open_files;
  if (look.has_all_descriptors) {
    return LimitMet{Limit::OpenFiles, allowed, std::nullopt, Evidence::Seen, "a process had every descriptor open"};
  }
  if (!look.has_last_descriptor || look.has_chosen_last) return std::nullopt;
  return LimitMet{Limit::OpenFiles, allowed, std::nullopt, Evidence::Inferred,
                  "a process had its last descriptor open"};
}

}  // namespace

std::vector<LimitMet> limits_met(const MetFacts& facts, const RunResult& result, const Limits& limits) {
  std::vector<LimitMet> met;
  if (!facts.about_to_exec) return met;
  const auto* hit = std::get_if<LimitHit>(&result.outcome);
  if (auto processes = processes_met(facts, result.outcome, limits)) met.push_back(std::move(*processes));
  if (auto files = open_files_met(facts.look, limits)) met.push_back(std::move(*files));
  if (facts.look.has_full_file && (hit == nullptr || hit->limit != Limit::FileSize)) {
    met.push_back({Limit::FileSize, limits.file_size, std::nullopt, Evidence::Seen,
                   "a file of exactly this size, when a process failed"});
  }
  if (facts.output_cut) {
    met.push_back(
        {Limit::Output, *facts.output_cut, std::nullopt, Evidence::Seen, "what went beyond it was thrown away"});
  }
  if (facts.workspace_is_full) {
    met.push_back(
        {Limit::Workspace, limits.workspace, std::nullopt, Evidence::Seen, "statfs: nothing free at the end"});
  }
  if (facts.inodes_are_used_up) {
    met.push_back({Limit::Inodes, std::uint64_t{limits.inodes}, std::nullopt, Evidence::Seen,
                   "statfs: no inode free at the end"});
  }
  if (may_have_overflowed_its_stack(facts, result.outcome, limits)) {
    met.push_back({Limit::Stack, limits.stack, std::nullopt, Evidence::Inferred,
                   "SIGSEGV in a program that had grown to the size of its stack"});
  }
  return met;
}

}  // namespace evalrun::supervise
