#include "runtime/cli/explain.h"

#include <algorithm>
#include <charconv>

#include "lockdown/filter_listing.h"
#include "runtime/core/text.h"
#include "runtime/plan/profile.h"
#include "runtime/sandbox/step_table.h"
#include "runtime/snapshot/key.h"
#include "runtime/warm/cell.h"

namespace evalrun::cli {
namespace {

std::string flags_of(Access access, Execution execution) {
  return std::string(access == Access::ReadOnly ? "read-only" : "read-write") +
         (execution == Execution::Allowed ? ", exec" : ", noexec");
}

// "/usr  bind of /usr  read-only, exec"; "" for what is no mount.
std::string describe_mount(const rootfs::Entry& entry) {
  std::string what;
  std::string flags;
  if (const auto* bind = std::get_if<rootfs::Bind>(&entry.what)) {
    what = (bind->device ? "device " : "bind of ") + bind->source;
    flags = bind->device ? "read-write, noexec" : flags_of(bind->access, bind->execution) + ", nodev";
    if (bind->optional) flags += ", optional";
  } else if (const auto* workspace = std::get_if<rootfs::Workspace>(&entry.what)) {
    what = "workspace";
    flags = flags_of(workspace->access, workspace->execution) + ", nodev";
  } else if (const auto* tmpfs = std::get_if<rootfs::Tmpfs>(&entry.what)) {
    what = tmpfs->hides ? "hidden: empty" : "tmpfs of " + to_string(tmpfs->size);
    flags = flags_of(tmpfs->access, tmpfs->execution) + ", nodev";
  } else if (const auto* proc = std::get_if<rootfs::Proc>(&entry.what)) {
    what = proc->view == ProcView::Pid ? "proc, processes only" : "proc, full";
    flags = "read-only, noexec, nodev";
  } else {
    return "";
  }
  return one_line("  " + padded(entry.at, 24) + padded(what, 40) + flags + ", nosuid") + "\n";
}

std::string explain_mounts(const sandbox::CompiledPlan& plan) {
  std::string text = "mounts, in order, on a read-only tmpfs root\n";
  for (const rootfs::Entry& entry : plan.layout().entries) {
    if (plan.root().has(entry)) text += describe_mount(entry);
  }
  const Limits& limits = plan.plan().kind.limits;
  return text + "  the workspace mounts together: " + to_string(limits.workspace) + ", " +
         std::to_string(limits.inodes) + " inodes\n";
}

// "80 8000-8010"; "nowhere".
std::string in_ranges(std::vector<std::uint16_t> ports) {
  std::ranges::sort(ports);
  std::string text;
  for (std::size_t i = 0; i < ports.size();) {
    std::size_t last = i;
    while (last + 1 < ports.size() && ports[last + 1] <= ports[last] + 1) ++last;
    text += (text.empty() ? "" : " ") + std::to_string(ports[i]);
    if (ports[last] != ports[i]) text += "-" + std::to_string(ports[last]);
    if (ports[i] == 0) text += " (whichever the kernel chooses)";
    i = last + 1;
  }
  return text.empty() ? "nowhere" : text;
}

// What no other part says; "" for a plan that sets none of it.
std::string explain_rest(const Plan& plan) {
  std::string text;
  const Limits& limits = plan.kind.limits;
  const auto add = [&](const char* what, const std::string& how) {
    text += one_line("  " + padded(what, 24) + how) + "\n";
  };
  if (limits.cpu_hard) {
    add("CPU time", "over " + to_string(limits.cpu) + " is TLE; stopped at " + to_string(*limits.cpu_hard));
  }
  if (limits.cpu_rate) {
    char cores[32];
    std::snprintf(cores, sizeof cores, "%g", *limits.cpu_rate);
    add("CPU rate", std::string("at most ") + cores + " cores' worth at a time");
  }
  if (limits.output_action == OutputAction::Truncate) {
    add("output", "what goes beyond limits.output is thrown away, and the run goes on");
  }
  if (plan.kind.oom_score_adj) {
    add("oom_score_adj", std::to_string(*plan.kind.oom_score_adj) + ", where the host is out of memory");
  }
  if (plan.kind.seccomp.deny_action == DenyAction::Violation) {
    for (const std::string& call : plan.kind.seccomp.deny) add("a call that ends it", call);
  }
  for (const CollectFile& file : plan.kind.collect) {
    if (file.as == CollectAs::Tar) add("collected as tar", file.path + ", up to " + to_string(file.max));
  }
  return text.empty() ? "" : "and\n" + text + "\n";
}

std::string explain_landlock(const sandbox::CompiledPlan& plan) {
  std::string text =
      "landlock, ABI " + std::to_string(plan.layers().landlock_abi) + "; what no rule grants is denied\n";
  for (const lockdown::PathRule& rule : plan.landlock().rules()) {
    text += one_line("  " + padded(rule.path, 24) + lockdown::describe_rights(rule.rights)) + "\n";
  }
  const Network& network = plan.plan().kind.network;
  const auto ports = [&](const char* what, const std::vector<std::uint16_t>& numbers) {
    text += "  " + padded(std::string("TCP ") + what, 24);
    text += in_ranges(numbers) + "\n";
  };
  ports("bind", network.bind);
  ports("connect", network.connect);
  return text;
}

std::string explain_rlimits(const sandbox::CompiledPlan& plan) {
  std::string text = "rlimits\n";
  for (const lockdown::RlimitRow& row : plan.rlimits()) {
    text += "  " + padded(row.name, 24) + padded(lockdown::describe_value(row), 16) + row.reason + "\n";
  }
  return text;
}

const char* in_a_cell(sandbox::InCell who) {
  switch (who) {
    case sandbox::InCell::Keeper:
    case sandbox::InCell::Maker: return "once";
    case sandbox::InCell::Run: return "each run";
    case sandbox::InCell::KeeperAndRun:
    case sandbox::InCell::MakerAndRun: return "both";
  }
  return "";
}

// Of many runs of one kind, as a batch's or a submission's cases, that follow each other in a cell.
std::string explain_cell(const sandbox::CompiledPlan& plan) {
  const std::string why_not = warm::why_not_shared(plan);
  if (!why_not.empty()) return "cells: each run has a sandbox of its own: " + one_line(why_not) + "\n";
  return "cells: runs of one batch, submission or engine that differ in argv, env, files and standard input alone "
         "follow each other in a cell.\n"
         "  shared there: the host uid, the user and the network namespace, the read-only root with its binds\n"
         "  each run's own: pid, ipc, uts, mount and cgroup namespaces, control groups, the workspace, /proc, the "
         "lockdown\n"
         "  a cell ends after a violation, a call that was mediated, or " +
         std::to_string(warm::kRunsOfACell) + " runs\n";
}

// What runs share that begin with one recorded interpreter; nothing for plans that do not ask for it.
std::string explain_snapshot(const sandbox::CompiledPlan& plan) {
  if (plan.plan().kind.snapshot.mode == SnapshotMode::Off) return "";
  const std::string why_not = snapshot::why_not(plan.plan());
  if (!why_not.empty()) {
    const std::string told = snapshot::told_why_not(plan.plan(), why_not);
    return told.empty() ? "" : "snapshot: runs start by execve: " + one_line(told) + "\n";
  }
  return "snapshot: runs with the same argv and env begin with one interpreter that was started before.\n"
         "  shared, read-only: its memory as it was in front of the first look at the workspace, at /.snapshot\n"
         "  the same in all of them: addresses, the stack canary, seeds that it drew while it started\n"
         "  each run's own: the whole sandbox, all layers, every page that it writes to\n";
}

std::string shortest(double value) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

const char* name_of_compat(Compat compat) {
  switch (compat) {
    case Compat::Spec: return "the format's text, 2025-09";
    case Compat::Kattis: return "problemtools";
    case Compat::Domjudge: return "DOMjudge";
  }
  return "";
}

std::string explain_kattis(const KattisRules& rules) {
  std::string text =
      std::string("  by the rules of ") + name_of_compat(rules.compat) +
      "\n  letters: " + (rules.case_sensitive ? "case counts" : "case does not count") +
      "\n  white space: " + (rules.space_change_sensitive ? "must be the same" : "only separates words") + "\n";
  if (rules.absolute) text += "  numbers: absolute error at most " + shortest(*rules.absolute) + "\n";
  if (rules.relative) text += "  numbers: relative error at most " + shortest(*rules.relative) + "\n";
  return text + (rules.absolute || rules.relative ? "" : "  numbers: words like any other\n");
}

std::string explain_steps() {
  std::string text = "steps, in order: who takes them; whether once or for each run in a cell\n";
  for (const sandbox::Step& step : sandbox::kSteps) {
    text += "  " + padded(step.walker == sandbox::Walker::Init ? "init" : "target", 8) +
            padded(name_of(step.stage), 16) + padded(in_a_cell(step.cell), 10) + step.what + "\n";
  }
  return text;
}

}  // namespace

std::string explain(const sandbox::CompiledPlan& plan) {
  return explain_capabilities(plan.plan()) + "\n" + explain_mounts(plan) + "\n" + explain_landlock(plan) +
         "\nseccomp, whitelist of " + std::to_string(plan.whitelist().size()) + " instructions, seal of " +
         std::to_string(plan.seal().size()) + "\n" + lockdown::explain_whitelist(plan.plan(), plan.host().uncounted) +
         "\n" + explain_rlimits(plan) + "\n" + explain_rest(plan.plan()) + explain_steps() + "\n" + explain_cell(plan) +
         explain_snapshot(plan);
}

std::string explain_checker(const Checker& checker) {
  const auto* row = std::ranges::find(kCheckers, checker.kind, &CheckerRow::kind);
  std::string text = std::string("checker ") + row->name + ": accepts " + row->summary + "\n";
  if (checker.kind == CheckerKind::Kattis) text += explain_kattis(checker.kattis);
  if (checker.kind == CheckerKind::Floats) {
    text += "  numbers: absolute error at most " + shortest(checker.absolute) + ", or relative error at most " +
            shortest(checker.relative) + "\n";
  }
  if (text.starts_with("checker dmoj/floats")) {
    text += "  numbers: error at most 1e-" + std::to_string(checker.dmoj.precision) + "\n";
  }
  return text;
}

std::string explain_jury(const Task& task) {
  std::string text;
  for (const auto& program : task.jury) {
    if (!program) continue;
    text += one_line(program->name) + ": by the convention of " + problem::name_of(program->convention) + "\n  argv:";
    for (const std::string& word : program->plan.job.argv) text += " " + shell_word(word);
    for (const std::string& word : program->flags) text += " " + shell_word(word);
    text += "\n";
  }
  if (task.interaction && task.interaction->judged_afterwards)
    text += "the checker judges what the interactor writes\n";
  if (task.passes > 1) text += "passes: at most " + std::to_string(task.passes) + " of each case\n";
  return text;
}

std::string explain_seccomp(const sandbox::CompiledPlan& plan) {
  if (plan.whitelist().empty()) return "no filter: this kernel has none, and the plan accepts that\n";
  return lockdown::list_filters(plan.plan(), plan.whitelist(), plan.seal(), plan.init_filter());
}

}  // namespace evalrun::cli
