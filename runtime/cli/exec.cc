#include "runtime/cli/exec.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "runtime/cli/execute.h"
#include "runtime/cli/message.h"
#include "runtime/cli/result_file.h"
#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/reader/image.h"
#include "runtime/reader/parse.h"
#include "runtime/usage/command_table.h"
#include "runtime/usage/exec_plan.h"

namespace evalrun::cli {
namespace {

constexpr int kSignalBase = 128;

// Taken before this process opens anything, so that a number means what the caller opened under it.
std::optional<ResultFile> open_result(const std::string& place) {
  if (place.empty()) return std::nullopt;
  if (!std::ranges::all_of(place, [](char letter) { return letter >= '0' && letter <= '9'; })) {
    return ResultFile(place, "--result");
  }
  int number = -1;
  const auto [end, error] = std::from_chars(place.data(), place.data() + place.size(), number);
  const int flags = error == std::errc{} ? ::fcntl(number, F_GETFL) : -1;
  if (flags < 0) throw UsageError("--result " + place + ": no open descriptor has this number");
  if ((flags & O_ACCMODE) == O_RDONLY)
    throw UsageError("--result " + place + ": the descriptor is not open for writing");
  return ResultFile(Fd(::fcntl(number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)), "descriptor " + place);
}

int status_of_limit(Limit limit) {
  switch (limit) {
    case Limit::Cpu:
    case Limit::Wall:
    case Limit::Idle: return kExecTimeLimit;
    case Limit::Memory:
    case Limit::AddressSpace: return kExecMemoryLimit;
    case Limit::OutputSize:
    case Limit::FileSize: return kExecOutputLimit;
    // They end no command by themselves.
    case Limit::Processes:
    case Limit::OpenFiles:
    case Limit::Stack:
    case Limit::Workspace:
    case Limit::Inodes: break;
  }
  return kExecSandboxFailed;
}

bool was_not_found(const Result& result) {
  const auto outcome = nlohmann::json::parse(result.json()).at("outcome");
  return outcome.value("errno", "") == "ENOENT";
}

int told(const Result& result, int status) {
  say(result.message());
  return status;
}

// A reader that has gone is its own affair, as for any command in a pipe; a full disk is not.
bool has_reader(int fd) {
  pollfd watched{fd, POLLOUT, 0};
  return ::poll(&watched, 1, 0) < 0 || (watched.revents & POLLERR) == 0;
}

// The name of a stream that lost something of what the command wrote; empty for none.
std::string lost_stream(const Options& options, const Result& result) {
  const auto json = nlohmann::json::parse(result.json());
  const auto is_lost = [&](const char* name, const std::string& file, int fd) {
    return json.at(name).value("truncated", false) && (!file.empty() || has_reader(fd));
  };
  if (is_lost("stdout", options.stdout_file, STDOUT_FILENO)) return "standard output";
  if (is_lost("stderr", options.stderr_file, STDERR_FILENO)) return "standard error";
  return "";
}

int status_of(const Options& options, const Result& result) {
  switch (result.outcome()) {
    case OutcomeKind::Exited:
    case OutcomeKind::Signaled:
      if (const std::string lost = lost_stream(options, result); !lost.empty()) {
        say(lost + " could not be written in full");
        return kExecSandboxFailed;
      }
      return result.exit_code() ? *result.exit_code() : kSignalBase + result.signal().value_or(0);
    case OutcomeKind::Limit: return told(result, status_of_limit(result.limit().value_or(Limit::Cpu)));
    case OutcomeKind::Violation: return told(result, kExecViolation);
    case OutcomeKind::NotStarted: return told(result, was_not_found(result) ? kExecNotFound : kExecCannotStart);
    case OutcomeKind::SandboxError:
    case OutcomeKind::Cancelled: return told(result, kExecSandboxFailed);
  }
  return kExecSandboxFailed;
}

// An error in a key that --set wrote is told in the operator's words, not by its place in the plan that was made.
CompiledPlan compile(Engine& engine, const ExecPlan& plan) {
  try {
    return engine.compile(source_of(plan.text));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Plan) static_cast<void>(parse_task(plan.base, plan.set, image_search_path()));
    throw;
  }
}

}  // namespace

int run_exec(const Options& options) {
  std::optional<ResultFile> place = open_result(options.result);
  const ExecPlan plan = make_exec_plan(options);
  for (const std::string& note : plan.notes) say(note);
  Engine engine = make_engine();
  const CompiledPlan compiled = compile(engine, plan);
  if (compiled.is_graded()) throw UsageError("exec runs one command; write a plan for a compile step or cases");
  if (options.print_plan) {
    std::cout << plan.text.text;
    return 0;
  }
  const Execution done = execute(engine, compiled, {.save_to = compiled.name() + "-files"});
  if (place) place->write(done.result.json());
  // A signal that came when the command had ended already changed nothing.
  const bool was_interrupted = done.ended_by != 0 && done.result.outcome() == OutcomeKind::Cancelled;
  if (was_interrupted) return told(done.result, kSignalBase + done.ended_by);
  return status_of(options, done.result);
}

}  // namespace evalrun::cli
