#include "runtime/supervise/outcome.h"

#include <signal.h>

namespace evalrun::supervise {
namespace {

bool is_memory_shortage(const Outcome& outcome) {
  const auto* fault = std::get_if<SandboxFault>(&outcome);
  // The supervisor's own memory is none of the program's.
  return fault != nullptr && fault->error == ENOMEM && fault->stage != "supervisor";
}

// The memory limit stands over the set-up and execve too: what dies of it there has too little to start with.
bool is_out_of_memory(const RunFacts& facts) {
  if (facts.interrupted) return false;
  if (!facts.ended_for) return facts.out_of_memory;
  if (std::holds_alternative<Violation>(*facts.ended_for)) return false;
  return facts.out_of_memory || (facts.memory_refused && is_memory_shortage(*facts.ended_for));
}

// What no look has met, and the end still shows.
std::optional<Limit> limit_passed(const RunFacts& facts, const Limits& limits) {
  if (facts.output_exceeded) return Limit::Output;
  if (facts.cpu > limits.cpu) return Limit::Cpu;
  if (facts.wall > limits.wall) return Limit::Wall;
  if (!facts.memory_is_held && facts.memory_peak > limits.memory) return Limit::Memory;
  return std::nullopt;
}

bool ended_badly(const End& end) {
  return end.code != CLD_EXITED || end.status != 0;
}

// A signal says little: a program can send itself any. SIGXFSZ alone is the kernel's word, where the program has made
// no call by which it could have sent it (docs/decisions/033-whose-signal-it-was.md).
Outcome outcome_of_end(const End& end, const RunFacts& facts) {
  if (end.code == CLD_EXITED) return Exited{end.status};
  if (end.status == SIGXFSZ && !facts.may_send_file_size_signal) return LimitHit{Limit::FileSize};
  return Signaled{end.status};
}

}  // namespace

Outcome outcome_of(const RunFacts& facts, const Limits& limits) {
  if (is_out_of_memory(facts)) return LimitHit{Limit::Memory};
  if (facts.ended_for) return *facts.ended_for;
  // The pipe ended without a word: the set-up was killed.
  if (!facts.about_to_exec) return SandboxFault{"spawn", "the set-up was killed", "", 0, true};
  if (!facts.end) return SandboxFault{"run", "init was killed", "", 0, true};
  if (const std::optional<Limit> limit = limit_passed(facts, limits)) return LimitHit{*limit};
  if (facts.shared_memory_refused && ended_badly(*facts.end)) return LimitHit{Limit::Memory};
  if (facts.address_space_refused && ended_badly(*facts.end)) return LimitHit{Limit::AddressSpace};
  return outcome_of_end(*facts.end, facts);
}

}  // namespace evalrun::supervise
