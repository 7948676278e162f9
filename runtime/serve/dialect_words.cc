#include "runtime/serve/dialect_words.h"

#include <signal.h>
#include <string.h>

#include <array>

#include "runtime/core/overloaded.h"

namespace evalrun::serve {
namespace {

constexpr const char* kFinished = "Finished";
constexpr const char* kTooLate = "TimeLimitExceeded";
constexpr const char* kSignalled = "Signalled";

// SandboxFusion knows no memory and no output limit: the program was killed. Piston has no word for memory either.
constexpr std::array<EndWords, 11> kWords = {{
    {EndKind::Well, kFinished, nullptr, "Accepted", 0},
    {EndKind::Exited, kFinished, "RE", "Nonzero Exit Status", 0},
    {EndKind::Signaled, kFinished, "SG", kSignalled, 0},
    {EndKind::TimeLimit, kTooLate, "TO", "Time Limit Exceeded", SIGKILL},
    {EndKind::MemoryLimit, kFinished, "SG", "Memory Limit Exceeded", SIGKILL},
    {EndKind::OutputLimit, kFinished, "OL", "Output Limit Exceeded", SIGKILL},
    {EndKind::ErrorOutputLimit, kFinished, "EL", "Output Limit Exceeded", SIGKILL},
    {EndKind::FileSizeLimit, kFinished, "SG", "Output Limit Exceeded", SIGXFSZ},
    {EndKind::Violation, kFinished, "SG", "Dangerous Syscall", SIGSYS},
    {EndKind::NotStarted, kFinished, "RE", "Internal Error", 0},
    {EndKind::Lost, "Error", "XX", "Internal Error", 0},
}};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (kWords[i].end != static_cast<EndKind>(i)) return false;
  }
  return true;
}
static_assert(is_in_order());

EndKind kind_of_limit(const supervise::LimitHit& hit) {
  using supervise::Limit;
  switch (hit.limit) {
    case Limit::Cpu:
    case Limit::Wall:
    case Limit::Idle: return EndKind::TimeLimit;
    case Limit::Memory:
    case Limit::AddressSpace: return EndKind::MemoryLimit;
    case Limit::Output: return hit.what == "stderr" ? EndKind::ErrorOutputLimit : EndKind::OutputLimit;
    case Limit::FileSize: return EndKind::FileSizeLimit;
    // None of these ends a run.
    case Limit::Processes:
    case Limit::OpenFiles:
    case Limit::Stack:
    case Limit::Workspace:
    case Limit::Inodes: break;
  }
  return EndKind::Signaled;
}

}  // namespace

const EndWords& words_of(EndKind end) {
  return kWords[static_cast<std::size_t>(end)];
}

EndKind kind_of(const supervise::Outcome& outcome) {
  return std::visit(
      Overloaded{[](const supervise::Exited& exited) { return exited.code == 0 ? EndKind::Well : EndKind::Exited; },
                 [](const supervise::Signaled&) { return EndKind::Signaled; },
                 [](const supervise::LimitHit& hit) { return kind_of_limit(hit); },
                 [](const supervise::Violation&) { return EndKind::Violation; },
                 [](const supervise::NotStarted&) { return EndKind::NotStarted; },
                 [](const supervise::SandboxFault&) { return EndKind::Lost; },
                 [](const supervise::Cancelled&) { return EndKind::Lost; }},
      outcome);
}

std::optional<int> exit_code_of(const supervise::Outcome& outcome) {
  if (const auto* exited = std::get_if<supervise::Exited>(&outcome)) return exited->code;
  if (const auto* refused = std::get_if<supervise::NotStarted>(&outcome)) return refused->error == ENOENT ? 127 : 126;
  return std::nullopt;
}

int signal_of(const supervise::Outcome& outcome) {
  if (const auto* signaled = std::get_if<supervise::Signaled>(&outcome)) return signaled->signal;
  return words_of(kind_of(outcome)).signal;
}

std::string name_of_signal(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? "SIG" + std::to_string(signal) : std::string("SIG") + name;
}

}  // namespace evalrun::serve
