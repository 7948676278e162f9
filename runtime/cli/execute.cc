#include "runtime/cli/execute.h"

#include <optional>

#include "runtime/cli/end_signals.h"
#include "runtime/supervise/event_loop.h"
#include "runtime/supervise/run.h"

namespace evalrun::cli {

Executed execute(const Plan& plan, const std::filesystem::path& save_to) {
  const EndSignals signals;
  supervise::EventLoop loop;
  supervise::Groups groups;
  const sandbox::HostFacts host = sandbox::probe_host();
  // The kernel makes the namespaces while the plan is compiled here.
  std::optional<supervise::Groundwork> groundwork = supervise::lay_groundwork(groups, plan.limits, host);
  const Duration began = supervise::now();
  Executed executed{.plan = sandbox::compile(plan, host), .result = {}, .compile = supervise::now() - began};
  std::optional<supervise::SaveFolder> save_folder;
  if (!plan.collect.empty()) save_folder.emplace(save_to);
  supervise::Run run(loop, groups, executed.plan, {}, std::move(groundwork));
  loop.watch(signals.get(), supervise::Interest::Read, [&] {
    if (const int signal = signals.take()) run.interrupt(signal);
  });
  while (!run.finished()) loop.run_once();
  executed.result = run.take_result(save_folder ? &*save_folder : nullptr);
  return executed;
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
