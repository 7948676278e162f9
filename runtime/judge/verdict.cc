#include "runtime/judge/verdict.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "runtime/core/error.h"
#include "runtime/core/overloaded.h"
#include "runtime/judge/place_of_death.h"

namespace evalrun::judge {
namespace {

using namespace supervise;

Verdict verdict_of_limit(Limit limit) {
  switch (limit) {
    case Limit::Cpu:
    case Limit::Wall:
    case Limit::Idle: return Verdict::Tle;
    case Limit::Memory:
    case Limit::AddressSpace: return Verdict::Mle;
    case Limit::Output:
    case Limit::FileSize: return Verdict::Ole;
    // They end no run by themselves: what the program makes of a refusal is its own.
    case Limit::Processes:
    case Limit::OpenFiles:
    case Limit::Stack:
    case Limit::Workspace:
    case Limit::Inodes: return Verdict::Re;
  }
  return Verdict::Ie;
}

// "stopped at the output limit: stdout passed 1MiB".
std::string message_of_output(const LimitHit& hit) {
  std::string text = "stopped at the output limit";
  const auto* allowed = std::get_if<Bytes>(&hit.reach.allowed);
  if (!hit.what.empty() && allowed != nullptr) text += ": " + hit.what + " passed " + to_string(*allowed);
  return text;
}

// Files smaller than that are no reason.
constexpr Bytes kFilesTold = 1_MiB;

std::string in_mebibytes(Bytes size) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MiB", static_cast<double>(size.count) / (1 << 20));
  return text;
}

std::string message_of_memory(const MemoryShare& memory, const Limits& limits) {
  if (memory.met == MemoryMet::HeapFull) {
    return "failed at the memory limit of " + to_string(limits.memory) + ": its runtime said that the heap was full";
  }
  std::string text = "stopped at the memory limit of " + to_string(limits.memory);
  if (memory.met == MemoryMet::Thrashing) text += ", which left no room for its own files: it read them over and over";
  if (memory.files >= std::min(kFilesTold, Bytes{limits.memory.count / 16})) {
    text += "; " + in_mebibytes(memory.files) + " of that were files in /work, /tmp and /dev/shm";
  }
  return text;
}

std::string message_of_limit(const LimitHit& hit, const Limits& limits) {
  switch (hit.limit) {
    case Limit::Cpu:
      return (limits.cpu_hard ? "passed the CPU limit of " : "stopped at the CPU limit of ") + to_string(limits.cpu);
    case Limit::Wall: return "stopped at the wall-clock limit of " + to_string(limits.wall);
    case Limit::Idle: return "stopped after " + to_string(limits.idle.value_or(Duration{})) + " without using the CPU";
    case Limit::Memory: return message_of_memory(hit.memory, limits);
    case Limit::AddressSpace:
      return "failed at the address-space limit of " + to_string(limits.address_space.value_or(Bytes{}));
    case Limit::Output: return message_of_output(hit);
    case Limit::FileSize: return "stopped at the file size limit of " + to_string(limits.file_size);
    case Limit::Processes:
    case Limit::OpenFiles:
    case Limit::Stack:
    case Limit::Workspace:
    case Limit::Inodes: return "stopped at limits." + std::string(name_of(hit.limit));
  }
  return "";
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? "signal " + std::to_string(signal) : "SIG" + std::string(name);
}

std::string with_error(std::string text, const std::string& operation, const std::string& subject, int error) {
  text += operation;
  if (!subject.empty()) text += " " + subject;
  if (error != 0) text += ": " + errno_text(error);
  return text;
}

}  // namespace

Verdict verdict_of(const Outcome& outcome) {
  return std::visit(
      Overloaded{[](const Exited& exited) { return exited.code == 0 ? Verdict::Ok : Verdict::Re; },
                 [](const Signaled&) { return Verdict::Re; },
                 [](const LimitHit& hit) { return verdict_of_limit(hit.limit); },
                 [](const Violation&) { return Verdict::Sv; }, [](const NotStarted&) { return Verdict::Re; },
                 [](const SandboxFault&) { return Verdict::Ie; }, [](const Cancelled&) { return Verdict::Cancelled; }},
      outcome);
}

std::string message_of(const Outcome& outcome, const Limits& limits) {
  return std::visit(Overloaded{[](const Exited& exited) { return "exited with code " + std::to_string(exited.code); },
                               [](const Signaled& signaled) { return "killed by " + signal_name(signaled.signal); },
                               [&](const LimitHit& hit) { return message_of_limit(hit, limits); },
                               [](const Violation& violation) {
                                 const std::string call = violation.call.empty() ? "a system call" : violation.call;
                                 return "stopped for " + call + ", which the plan does not allow";
                               },
                               [](const NotStarted& start) {
                                 return with_error("the program could not be started: ", start.operation, start.subject,
                                                   start.error);
                               },
                               [](const SandboxFault& fault) {
                                 return with_error("the sandbox failed at " + fault.stage + ": ", fault.operation,
                                                   fault.subject, fault.error) +
                                        (fault.remedy.empty() ? "" : "; " + fault.remedy);
                               },
                               [](const Cancelled& end) { return "cancelled by " + signal_name(end.signal); }},
                    outcome);
}

std::string describe(const LimitMet& met) {
  const std::string allowed = std::visit(Overloaded{[](std::uint64_t count) { return std::to_string(count); },
                                                    [](const auto& quantity) { return to_string(quantity); }},
                                         met.allowed);
  std::string text = met.evidence == Evidence::Counted ? "met limits." : "probably met limits.";
  text += std::string(name_of(met.limit)) + " (" + allowed + ")";
  if (met.times) text += *met.times == 1 ? " once" : " " + std::to_string(*met.times) + " times";
  return text;
}

std::string message_of(const RunResult& result, const Limits& limits) {
  std::string text = message_of(result.outcome, limits);
  const auto* exited = std::get_if<Exited>(&result.outcome);
  if (std::holds_alternative<Signaled>(result.outcome) || (exited != nullptr && exited->code != 0)) {
    const std::string place = place_of_death(result.error_output.kept);
    if (!place.empty()) text += " at " + place;
  }
  for (const LimitMet& met : result.limits_met) text += "; " + describe(met);
  return text;
}

SandboxFault checker_fault(const SystemError& error) {
  SandboxFault fault = supervise::fault_of(error);
  fault.stage = "checker";
  return fault;
}

int exit_status_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Ok:
    case Verdict::Ac: return 0;
    case Verdict::Wa:
    case Verdict::Pe:
    case Verdict::Re:
    case Verdict::Tle:
    case Verdict::Mle:
    case Verdict::Ole:
    case Verdict::Sv:
    case Verdict::Ce: return 1;
    case Verdict::Ie:
    case Verdict::Cancelled: return 3;
  }
  return 3;
}

}  // namespace evalrun::judge
