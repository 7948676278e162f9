// The last check: a run, of the very kind that `evalrun run` makes.

#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/doctor/examinations.h"
#include "runtime/reader/parse.h"
#include "runtime/supervise/run.h"

namespace evalrun::doctor {
namespace {

// This program itself, which asks for nothing: a host may have no other that is sure to start.
std::string plan_text(const std::filesystem::path& program) {
  std::string text = "argv = [\"/work/evalrun\", \"--version\"]\nlimits.cpus = \"any\"\n[files]\nevalrun = { from = '" +
                     program.string() + "', mode = \"0755\" }\n";
  // Where it was not linked statically (a build with sanitizers), its libraries too.
  if (EVALRUN_IS_STATIC) return text;
  for (const char* folder : {"/usr", "/lib", "/lib64"}) {
    if (!std::filesystem::exists(folder)) continue;
    text += std::string("[[mount]]\nbind = ") + toml_string(std::filesystem::canonical(folder).string()) + "\nat = \"" +
            folder + "\"\nexec = true\n";
  }
  return text;
}

std::vector<std::string> accepted_by(const std::vector<Check>& checks) {
  std::vector<std::string> all;
  for (const Check& check : checks) all.insert(all.end(), check.accept.begin(), check.accept.end());
  return all;
}

supervise::RunResult run(const Host& host, const std::vector<std::string>& accepted) {
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
  const Plan plan = parse_plan({plan_text(program), "the doctor's plan", "doctor", "/"}, accepted, {});
  loop::EventLoop loop;
  groups::Groups groups;
  supervise::Run run(loop, groups, sandbox::compile(plan, groups::counted_by(groups, host.facts)));
  while (!run.finished()) loop.run_once();
  return run.take_result(nullptr);
}

struct NamedLayer {
  const char* name;
  const host::LayerState& state;
};

std::string describe(const host::Layers& layers) {
  std::vector<std::string> enforced, others;
  for (const NamedLayer& layer : {NamedLayer{"user_ns", layers.user_ns},
                                  {"mount_ns", layers.mount_ns},
                                  {"pid_ns", layers.pid_ns},
                                  {"net_ns", layers.net_ns},
                                  {"ipc_ns", layers.ipc_ns},
                                  {"uts_ns", layers.uts_ns},
                                  {"cgroup_ns", layers.cgroup_ns},
                                  {"landlock", layers.landlock_fs},
                                  {"landlock_net", layers.landlock_net},
                                  {"landlock_scopes", layers.landlock_scopes},
                                  {"seccomp", layers.seccomp},
                                  {"rlimits", layers.rlimits},
                                  {"capabilities", layers.capabilities},
                                  {"descriptors", layers.descriptors},
                                  {"cgroup", layers.cgroup}}) {
    (layer.state.kind == host::LayerState::Kind::Enforced ? enforced : others).emplace_back(layer.name);
  }
  return "enforced " + join_words(enforced) + (others.empty() ? "" : "; not enforced " + join_words(others));
}

Check judged(const supervise::RunResult& result) {
  Check check{.name = "run"};
  const auto* exited = std::get_if<supervise::Exited>(&result.outcome);
  const auto* fault = std::get_if<supervise::SandboxFault>(&result.outcome);
  if (exited != nullptr && exited->code == 0) {
    check.finding = "a program ran and exited with code 0; " + describe(result.layers);
    return check;
  }
  check.state = State::Broken;
  check.finding = "no program can be run";
  check.remedy = "what is broken above; where nothing is, this is a fault of evalrun's own";
  if (fault == nullptr) return check;
  const HostError words(fault->stage, fault->operation, fault->subject, fault->error);
  check.finding += std::string(": ") + words.what();
  return check;
}

}  // namespace

Check check_run(const Host& host, const std::vector<Check>& others) {
  const std::vector<std::string> accepted = accepted_by(others);
  Check check{.name = "run", .state = State::Broken, .remedy = "what is broken above"};
  try {
    check = judged(run(host, accepted));
  } catch (const std::exception& error) {
    check.finding = std::string("no program can be run: ") + error.what();
    return check;
  }
  if (check.state != State::Good || accepted.empty()) return check;
  // The summary of the degradations: all that a plan must say here.
  check.state = State::Degraded;
  check.finding += "; a plan runs here only with " + join_words(accepted);
  check.remedy = "evalrun run";
  for (const std::string& word : accepted) check.remedy += " --set " + word;
  check.remedy += " PLAN";
  return check;
}

}  // namespace evalrun::doctor
