// Every field of a Task as lines of "key = value", written apart from the key table so that tests can hold the two
// against each other.
#pragma once

#include <sstream>
#include <string>

#include "runtime/plan/plan.h"
#include "runtime/plan/profile.h"

namespace evalrun::test {

class PlanDump {
 public:
  explicit PlanDump(const Task& task) {
    const Plan& plan = task.plan;
    line("image", plan.kind.image);
    line("argv", join(plan.job.argv));
    line("source", plan.job.source);
    line("cwd", plan.kind.cwd);
    for (const auto& [name, value] : plan.job.env) line("env." + name, value);
    line("stdin", std::visit(*this, plan.job.input));
    line("stdout", std::visit(*this, plan.kind.output));
    line("stderr", std::visit(*this, plan.kind.error_output));
    line("hostname", plan.kind.hostname);
    for (const Hidden& hidden : plan.kind.hidden) line("hide", hidden.path);
    if (plan.kind.workspace != "/work") line("workspace.path", plan.kind.workspace);
    if (plan.kind.oom_score_adj) line("oom_score_adj", *plan.kind.oom_score_adj);
    for (const WorkFile& file : plan.job.files) dump_file(file);
    for (const CollectFile& file : plan.kind.collect) {
      line("collect", file.path + " " + to_string(file.max) + (file.optional ? " optional" : " needed") +
                          (file.as == CollectAs::Tar ? " tar" : ""));
    }
    dump_limits(plan.kind.limits, "limits.");
    for (const Mount& mount : plan.kind.mounts) dump_mount(mount);
    for (const Link& link : plan.kind.links) line("link", link.at + " -> " + link.target);
    dump_layers(plan);
    dump_grading(task);
  }

  [[nodiscard]] std::string text() const { return out_.str(); }

  std::string operator()(const InputNull&) const { return "null"; }
  std::string operator()(const InputInherit&) const { return "inherit"; }
  std::string operator()(const InputFile& file) const { return "file " + file.path.string(); }
  std::string operator()(const InputText& text) const { return "text " + text.text; }
  std::string operator()(const OutputCapture& capture) const {
    return capture.most ? "capture " + to_string(*capture.most) : "capture";
  }
  std::string operator()(const OutputNull&) const { return "null"; }
  std::string operator()(const OutputInherit&) const { return "inherit"; }
  std::string operator()(const OutputFile& file) const { return "file " + file.path.string(); }
  std::string operator()(const OutputToStdout&) const { return "stdout"; }
  std::string operator()(const CpusAuto&) const { return "auto"; }
  std::string operator()(const CpusAny&) const { return "any"; }
  std::string operator()(const CpusCount& cpus) const { return std::to_string(cpus.count) + " cores"; }
  std::string operator()(const CpusList& cpus) const { return "cores " + join(cpus.cores); }

 private:
  template <typename T>
  void line(const std::string& key, const T& value) {
    out_ << key << " = " << value << "\n";
  }

  template <typename T>
  static std::string join(const T& list) {
    std::ostringstream text;
    for (const auto& each : list) text << "[" << each << "]";
    return text.str();
  }

  template <typename T>
  static std::string maybe(const std::optional<T>& value) {
    return value ? to_string(*value) : "none";
  }

  void dump_file(const WorkFile& file) {
    const auto* from = std::get_if<std::filesystem::path>(&file.source);
    std::ostringstream mode;
    mode << std::oct << file.mode;
    constexpr std::size_t kProgram = 400;  // what evalrun brings itself
    if (from == nullptr && std::get<std::string>(file.source).size() > kProgram) {
      return line("files." + file.path, "a program " + mode.str());
    }
    line(
        "files." + file.path,
        (from != nullptr ? "from " + from->string() : "text " + std::get<std::string>(file.source)) + " " + mode.str());
  }

  void dump_limits(const Limits& limits, const std::string& prefix) {
    line(prefix + "cpu", to_string(limits.cpu));
    if (limits.cpu_rate) line(prefix + "cpu_rate", *limits.cpu_rate);
    if (limits.output_action == OutputAction::Truncate) line(prefix + "output_action", "truncate");
    if (limits.cpu_hard) line(prefix + "cpu_hard", to_string(*limits.cpu_hard));
    line(prefix + "wall", to_string(limits.wall));
    line(prefix + "idle", maybe(limits.idle));
    line(prefix + "memory", to_string(limits.memory));
    line(prefix + "address_space", maybe(limits.address_space));
    line(prefix + "stack", to_string(limits.stack));
    line(prefix + "processes", limits.processes);
    line(prefix + "open_files", limits.open_files);
    line(prefix + "file_size", to_string(limits.file_size));
    line(prefix + "output", maybe(limits.output.both) + " " + maybe(limits.output.standard_output) + " " +
                                maybe(limits.output.standard_error));
    line(prefix + "workspace", to_string(limits.workspace));
    line(prefix + "inodes", limits.inodes);
    line(prefix + "cpus", std::visit(*this, limits.cpus));
  }

  void dump_grading(const Task& task) {
    if (task.compile) {
      line("compile.argv", join(task.compile->argv));
      dump_limits(task.compile->limits, "compile.limits.");
    }
    for (const Case& one : task.cases) {
      const auto* path = std::get_if<std::filesystem::path>(&one.expected);
      line("case.name", one.name);
      line("case.stdin", std::visit(*this, one.input));
      line("case.expect", path != nullptr ? "file " + path->string() : "text " + std::get<std::string>(one.expected));
      line("case.output_file", one.output_file);
      for (const WorkFile& file : one.files) dump_file(file);
      line("case.secret", one.disclosure == Disclosure::Secret ? "yes" : "no");
      line("case.points", one.points);
      line("case.group", one.group);
      dump_limits(one.limits, "case.limits.");
      if (!one.argv.empty()) line("case.argv", join(one.argv));
      line("case.args", join(one.args));
      line("case.checker_args", join(one.judging_args));
    }
    for (const PlanStep& step : task.steps) {
      line("step.name", step.name);
      line("step.argv", join(step.argv));
      line("step.stdin", std::visit(*this, step.input));
      for (const WorkFile& file : step.files) dump_file(file);
      line("step.on_failure", step.on_failure == OnFailure::Stop ? "stop" : "go-on");
      dump_limits(step.limits, "step.limits.");
    }
    dump_jury(task);
    line("checker.kind", static_cast<int>(task.checker.kind));
    line("checker.absolute", task.checker.absolute);
    line("checker.relative", task.checker.relative);
    const KattisRules& kattis = task.checker.kattis;
    line("checker.compat", static_cast<int>(kattis.compat));
    line("checker.case_sensitive", kattis.case_sensitive);
    line("checker.space_change_sensitive", kattis.space_change_sensitive);
    line("checker.float_absolute_tolerance", kattis.absolute.value_or(-1));
    line("checker.float_relative_tolerance", kattis.relative.value_or(-1));
    const DmojRules& dmoj = task.checker.dmoj;
    line("checker.precision", dmoj.precision);
    line("checker.error_mode", static_cast<int>(dmoj.error_mode));
    line("checker.pe_allowed", dmoj.pe_allowed);
    line("checker.filter_new_line", dmoj.filter_new_line);
    line("checker.split_on", static_cast<int>(dmoj.split_on));
    line("checker.binary_data", dmoj.binary_data);
  }

  void dump_jury(const Task& task) {
    if (task.tests) {
      line("tests.mode", static_cast<int>(task.tests->mode));
      line("tests.entry", join(task.tests->entry));
      line("tests.trust", join(task.tests->trust));
      if (task.tests->mode == TestsMode::Reported) {
        line("tests.report", static_cast<int>(task.tests->report));
        line("tests.report_from",
             task.tests->report_file + " " + (task.tests->report_stream == ReportStream::Output ? "stdout" : "stderr"));
      }
    }
    line("checker.is_program", task.judged_by.has_value());
    line("passes", task.passes);
    line("then_check", task.interaction && task.interaction->judged_afterwards);
    for (const auto& program : task.jury) {
      const Plan& plan = program->plan;
      line(program->name + ".image", plan.kind.image);
      line(program->name + ".argv", join(plan.job.argv));
      line(program->name + ".source", plan.job.source);
      line(program->name + ".convention", static_cast<int>(program->convention));
      line(program->name + ".args", join(program->flags));
      for (const WorkFile& file : plan.job.files) dump_file(file);
      dump_limits(plan.kind.limits, program->name + ".limits.");
    }
    for (const problem::Group& group : task.groups) {
      line("group.name", group.name);
      line("group.children", group.children.size());
      line("group.requires", join(group.requires_groups));
      line("group.score", static_cast<int>(group.scoring.score));
      line("group.stop", static_cast<int>(group.scoring.after_rejection));
      line("group.factor", group.scoring.factor);
      line("group.most", group.scoring.most.value_or(-1));
    }
  }

  void dump_mount(const Mount& mount) {
    const auto* bind = std::get_if<Mount::Bind>(&mount.what);
    line("mount", (bind != nullptr ? "bind " + bind->source.string()
                                   : "tmpfs " + to_string(std::get<Mount::Tmpfs>(mount.what).size)) +
                      " at " + mount.at + (mount.access == Access::ReadWrite ? " rw" : " ro") +
                      (mount.execution == Execution::Allowed ? " exec" : " noexec") +
                      (mount.optional ? " optional" : ""));
  }

  void dump_layers(const Plan& plan) {
    for (const NamedProfile& each : plan.kind.profiles) line("profile", each.profile->name);
    for (const CapabilityRow& row : capability_rows()) {
      line("capability." + std::string(row.name), name_of(plan.kind.capabilities.of(row.word)));
    }
    for (const std::string& path : plan.kind.libraries) line("library", path);
    for (const Shown& shown : plan.kind.shown) line("shown", shown.path);
    line("network.mode", static_cast<int>(plan.kind.network.mode));
    line("network.bind", join(plan.kind.network.bind));
    line("network.connect", join(plan.kind.network.connect));
    line("landlock.read", join(plan.kind.landlock.read));
    line("landlock.write", join(plan.kind.landlock.write));
    line("landlock.execute", join(plan.kind.landlock.execute));
    line("landlock.delete", join(plan.kind.landlock.remove));
    line("seccomp.profile", static_cast<int>(plan.kind.seccomp.profile));
    line("seccomp.allow", join(plan.kind.seccomp.allow));
    line("seccomp.deny", join(plan.kind.seccomp.deny));
    if (plan.kind.seccomp.deny_action == DenyAction::Violation) line("seccomp.deny_action", 1);
    line("proc.view", static_cast<int>(plan.kind.proc));
    const Require& need = plan.kind.require;
    line("require.net_ns", static_cast<int>(need.net_ns));
    line("require.ipc_ns", static_cast<int>(need.ipc_ns));
    line("require.uts_ns", static_cast<int>(need.uts_ns));
    line("require.cgroup_ns", static_cast<int>(need.cgroup_ns));
    line("require.landlock", static_cast<int>(need.landlock));
    line("require.landlock_net", static_cast<int>(need.landlock_net));
    line("require.landlock_scopes", static_cast<int>(need.landlock_scopes));
    line("require.seccomp", static_cast<int>(need.seccomp));
    line("require.cgroup", static_cast<int>(need.cgroup));
    line("determinism.aslr", plan.kind.determinism.aslr);
    line("snapshot.mode", static_cast<int>(plan.kind.snapshot.mode));
    line("snapshot.supported", plan.kind.snapshot.is_supported);
    line("snapshot.hook", static_cast<int>(plan.kind.snapshot.hook));
    line("snapshot.preload", join(plan.kind.snapshot.preload));
    line("snapshot.renew_runs", plan.kind.snapshot.renew_runs);
    line("snapshot.renew_after", plan.kind.snapshot.renew_after.count());
  }

  std::ostringstream out_;
};

inline std::string dump(const Task& task) {
  return PlanDump(task).text();
}

// Where one dump differs from another: the lines that only `after` has.
inline std::string added_lines(const std::string& before, const std::string& after) {
  std::istringstream lines(after);
  std::string added;
  for (std::string line; std::getline(lines, line);) {
    if (("\n" + before).find("\n" + line + "\n") == std::string::npos) added += line + "\n";
  }
  return added;
}

}  // namespace evalrun::test
