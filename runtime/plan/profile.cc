#include "runtime/plan/profile.h"

#include <algorithm>
#include <optional>

#include "runtime/core/text.h"

namespace evalrun {
namespace {

using enum Capability;
using Change = Profile::Change;

// What a program of a contest or a course has.
constexpr Change kJudge[] = {
    {NetLoopback, Grant::OnRequest},
    {ProcMachine, Grant::OnRequest},
    {CallsMore, Grant::OnRequest},
};
// Threads stay: runtimes (Node, Java, Go, linear algebra) do not start without, and a thread is no new program, process
// or identity.
constexpr Change kPure[] = {
    {FsRead, Grant::Taken},       {FsWrite, Grant::Taken},   {FsDelete, Grant::Taken},    {FsLock, Grant::Taken},
    {Exec, Grant::Taken},         {NetUnix, Grant::Taken},   {NetLoopback, Grant::Taken}, {ProcMachine, Grant::Taken},
    {ProcessSpawn, Grant::Taken}, {CallsMore, Grant::Taken},
};
constexpr Change kService[] = {{NetLoopback, Grant::Given}};
constexpr std::uint16_t kServicePorts[] = {8080};

Limits judge_limits() {
  return {};
}

Limits build_limits() {
  Limits limits = CompileStep::compile_limits();
  limits.processes = 256;
  limits.open_files = 1024;
  limits.inodes = 65536;
  limits.output = Limits{}.output;
  return limits;
}

// It waits more than it computes.
Limits service_limits() {
  Limits limits;
  limits.cpu = std::chrono::seconds(10);
  limits.wall = std::chrono::seconds(60);
  limits.processes = 64;
  limits.open_files = 1024;
  return limits;
}

constexpr Profile kProfiles[] = {
    {.name = "judge",
     .gives = "one program of a contest or a course: files of its image, a workspace, processes of its own, no network",
     .changes = kJudge,
     .limits = judge_limits},
    {.name = "pure",
     .gives = "a function from standard input to standard output: no files but the program and its libraries, no "
              "network, no processes; threads stay",
     .extends = &kProfiles[0],
     .changes = kPure},
    {.name = "build",
     .gives = "compilers and build tools: many processes, wide limits",
     .extends = &kProfiles[0],
     .limits = build_limits},
    {.name = "service",
     .gives = "a server and its clients on the sandbox's own loopback",
     .extends = &kProfiles[0],
     .changes = kService,
     .limits = service_limits,
     .ports = kServicePorts},
};

bool is_own(const Plan& plan, const SourcePosition& position) {
  return position.file == plan.origin.whole.file || position.file.starts_with("--");
}

// " (base.toml:3:1)"; empty for a place in the plan itself.
std::string elsewhere(const Plan& plan, const SourcePosition& position) {
  return is_own(plan, position) ? "" : " (" + to_string(position) + ")";
}

template <typename T>
std::optional<T> least(const std::optional<T>& a, const std::optional<T>& b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

bool names(const Narrowing& narrowing, Capability word) {
  return std::ranges::count(narrowing.words, word, &Narrowing::Word::word) > 0;
}

// Which plan's own keys ask for which word.
class Requests {
 public:
  explicit Requests(const Plan& plan) : plan_(plan) {}

  void check(const std::vector<std::string>& own_calls) const {
    check_mounts();
    check_landlock();
    if (plan_.kind.network.mode == NetworkMode::Loopback) ask_at("network.mode", "\"loopback\"", NetLoopback);
    if (plan_.kind.proc == ProcView::Full) {
      for (const Capability word : {FsRead, ProcMachine}) ask_at("proc.view", "\"full\"", word);
    }
    for (const CollectFile& file : plan_.kind.collect) ask(file.position, "collect", in_quotes(file.path), FsWrite);
    for (const std::string& call : own_calls) {
      const CapabilityRow& row = row_of(word_for_call(call));
      ask_at("seccomp.allow", in_quotes(call), row.word);
      if (std::ranges::count(row.allows, call) == 0) ask_at("seccomp.allow", in_quotes(call), CallsMore);
    }
  }

 private:
  void ask(const SourcePosition& position, const std::string& key, const std::string& what, Capability word) const {
    if (!is_own(plan_, position) || !plan_.kind.capabilities.takes(word)) return;
    throw PlanError(position, key,
                    what + " asks for " + std::string(row_of(word).name) + ", but " + who_takes(plan_, word));
  }

  void ask_at(const std::string& key, const std::string& what, Capability word) const {
    const auto set = plan_.origin.positions.find(key);
    if (set != plan_.origin.positions.end()) ask(set->second, key, what, word);
  }

  void check_mounts() const {
    for (const Mount& mount : plan_.kind.mounts) {
      const bool is_bind = std::holds_alternative<Mount::Bind>(mount.what);
      const auto ask_for = [&](const char* key, Capability word) {
        ask(mount.position, std::string("mount.") + key, in_quotes(mount.at), word);
      };
      if (is_bind) ask_for("bind", FsRead);
      if (mount.access == Access::ReadWrite) ask_for(is_bind ? "write" : "tmpfs", FsWrite);
      if (mount.execution == Execution::Allowed) ask_for("exec", Exec);
    }
  }

  void check_landlock() const {
    const auto list = [&](const std::vector<std::string>& paths, const char* name, Capability word) {
      if (!paths.empty()) ask_at(std::string("landlock.") + name, in_quotes(paths.front()), word);
    };
    list(plan_.kind.landlock.read, "read", FsRead);
    list(plan_.kind.landlock.write, "write", FsWrite);
    list(plan_.kind.landlock.execute, "execute", Exec);
    list(plan_.kind.landlock.remove, "delete", FsDelete);
  }

  const Plan& plan_;
};

// A word that is listed is asked for.
void check_narrowings(const Plan& plan) {
  const CapabilitySet of_profiles = strictest(plan.kind.profiles, {});
  for (const Narrowing& narrowing : plan.kind.narrowings) {
    for (const Narrowing::Word& each : narrowing.words) {
      if (!is_own(plan, each.position) || !of_profiles.takes(each.word)) continue;
      throw PlanError(each.position, "capabilities",
                      in_quotes(row_of(each.word).name) + " is listed, but " + who_takes(plan, each.word));
    }
  }
}

std::vector<std::uint16_t> common_ports(const std::vector<NamedProfile>& named) {
  std::vector<std::uint16_t> ports;
  for (const NamedProfile& each : named) {
    if (&each == &named.front()) ports.assign(each.profile->ports.begin(), each.profile->ports.end());
    std::erase_if(ports, [&](std::uint16_t port) { return std::ranges::count(each.profile->ports, port) == 0; });
  }
  return ports;
}

}  // namespace

std::span<const Profile> profiles() noexcept {
  return kProfiles;
}

CapabilitySet capabilities_of(const Profile& profile) noexcept {
  CapabilitySet set = profile.extends != nullptr ? capabilities_of(*profile.extends) : CapabilitySet{};
  for (const Change& change : profile.changes) set.set(change.word, change.grant);
  return set;
}

Limits limits_of(const Profile& profile) {
  return profile.limits != nullptr ? profile.limits() : limits_of(*profile.extends);
}

CapabilitySet strictest(const std::vector<NamedProfile>& named, const std::vector<Narrowing>& narrowings) noexcept {
  CapabilitySet set = named.empty() ? capabilities_of(kProfiles[0]) : CapabilitySet{};
  for (const NamedProfile& each : named) set = meet(set, capabilities_of(*each.profile));
  for (const Narrowing& narrowing : narrowings) {
    for (const CapabilityRow& row : capability_rows()) {
      if (!names(narrowing, row.word)) set.set(row.word, Grant::Taken);
    }
  }
  return set;
}

Limits strictest(const Limits& a, const Limits& b) {
  Limits both = a;
  both.cpu = std::min(a.cpu, b.cpu);
  both.wall = std::min(a.wall, b.wall);
  both.idle = least(a.idle, b.idle);
  both.memory = std::min(a.memory, b.memory);
  both.address_space = least(a.address_space, b.address_space);
  both.stack = std::min(a.stack, b.stack);
  both.processes = std::min(a.processes, b.processes);
  both.open_files = std::min(a.open_files, b.open_files);
  both.file_size = std::min(a.file_size, b.file_size);
  both.output.both = least(a.output.both, b.output.both);
  both.output.standard_output = least(a.output.standard_output, b.output.standard_output);
  both.output.standard_error = least(a.output.standard_error, b.output.standard_error);
  both.workspace = std::min(a.workspace, b.workspace);
  both.inodes = std::min(a.inodes, b.inodes);
  return both;
}

void begin_with(Plan& plan, const std::vector<NamedProfile>& named, const std::vector<Narrowing>& narrowings) {
  const CapabilitySet set = strictest(named, narrowings);
  for (const NamedProfile& each : named) {
    const Limits limits = limits_of(*each.profile);
    plan.kind.limits = &each == &named.front() ? limits : strictest(plan.kind.limits, limits);
  }
  if (set.of(NetLoopback) == Grant::Given) {
    plan.kind.network = {NetworkMode::Loopback, common_ports(named), common_ports(named)};
  }
  if (set.of(ProcMachine) == Grant::Given) plan.kind.proc = ProcView::Full;
}

void settle_capabilities(Plan& plan, const std::vector<std::string>& own_calls) {
  if (plan.kind.profiles.empty()) plan.kind.profiles.push_back({&kProfiles[0], plan.origin.whole});
  plan.kind.capabilities = strictest(plan.kind.profiles, plan.kind.narrowings);
  // Ports of a profile whose network the plan has switched off.
  if (plan.kind.network.mode == NetworkMode::None) {
    if (!plan.origin.positions.contains("network.bind")) plan.kind.network.bind.clear();
    if (!plan.origin.positions.contains("network.connect")) plan.kind.network.connect.clear();
  }
  check_narrowings(plan);
  Requests(plan).check(own_calls);
}

std::string unheld_without(const Plan& plan, std::string_view layer) {
  std::vector<std::string> words;
  for (const CapabilityRow& row : capability_rows()) {
    if (row.held_by == layer && plan.kind.capabilities.takes(row.word)) words.emplace_back(row.name);
  }
  if (words.empty()) return "";
  const bool one = words.size() == 1;
  return "; " + join_words(words) + ", which the plan takes away, " + (one ? "is" : "are") + " held by nothing else";
}

std::string who_takes(const Plan& plan, Capability word) {
  const std::string name(row_of(word).name);
  for (const NamedProfile& each : plan.kind.profiles) {
    if (!capabilities_of(*each.profile).takes(word)) continue;
    return "the profile " + in_quotes(each.profile->name) + elsewhere(plan, each.position) + " takes " + name + " away";
  }
  for (const Narrowing& narrowing : plan.kind.narrowings) {
    if (!names(narrowing, word))
      return "capabilities" + elsewhere(plan, narrowing.position) + " leaves " + name + " out";
  }
  return name + " is not given";
}

}  // namespace evalrun
