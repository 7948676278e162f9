#include "runtime/cli/execute.h"

#include <optional>

#include "runtime/cli/end_signals.h"
#include "runtime/supervise/event_loop.h"
#include "runtime/supervise/run.h"

namespace evalrun::cli {
supervise::RunResult execute(const std::shared_ptr<const sandbox::CompiledPlan>& plan,
                             const std::filesystem::path& save_to) {
  std::optional<supervise::SaveFolder> save_folder;
  if (!plan->plan().collect.empty()) save_folder.emplace(save_to);
  const EndSignals signals;
  supervise::EventLoop loop;
  supervise::Groups groups;
  supervise::Run run(loop, groups, plan);
  loop.watch(signals.get(), supervise::Interest::Read, [&] {
    if (const int signal = signals.take()) run.interrupt(signal);
  });
  while (!run.finished()) loop.run_once();
  return run.take_result(save_folder ? &*save_folder : nullptr);
}

judge::Grade execute_grading(const Plan& plan, judge::GradingOptions options, const std::filesystem::path& save_to) {
  std::optional<supervise::SaveFolder> save_folder;
  if (!plan.collect.empty()) save_folder.emplace(save_to);
  const EndSignals signals;
  supervise::EventLoop loop;
  supervise::Groups groups;
  judge::Grading grading(loop, groups, plan, sandbox::probe_host(), options);
  loop.watch(signals.get(), supervise::Interest::Read, [&] {
    if (const int signal = signals.take()) grading.interrupt(signal);
  });
  while (!grading.finished()) {
    loop.run_once();
    grading.advance(save_folder ? &*save_folder : nullptr);
  }
  return grading.take_grade();
}

}  // namespace evalrun::cli
