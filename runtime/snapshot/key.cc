#include "runtime/snapshot/key.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <variant>

#include "runtime/core/sha256.h"
#include "runtime/core/small_file.h"
#include "runtime/core/text.h"
#include "runtime/plan/profile.h"
#include "runtime/snapshot/registers.h"
#include "runtime/snapshot/restorer_image.h"

namespace evalrun::snapshot {
namespace {

// Hashes values one by one, each with its size, so that no two lists of values look alike.
class Hash {
 public:
  void add(std::string_view text) {
    hash_.update(std::to_string(text.size()) + ":");
    hash_.update(text);
  }
  void add(std::uint64_t number) { add(std::string_view(std::to_string(number))); }
  void add(const std::vector<std::string>& texts) {
    add(texts.size());
    for (const std::string& text : texts) add(std::string_view(text));
  }
  void add(const std::vector<std::uint16_t>& numbers) {
    add(numbers.size());
    for (const std::uint16_t number : numbers) add(std::uint64_t{number});
  }
  [[nodiscard]] std::string hex() const { return hash_.hex(); }

 private:
  Sha256 hash_;
};

// The limits that a starting program can ask for or meet. Times are not among them.
void add_limits(const Limits& limits, Hash& hash) {
  hash.add(limits.memory.count);
  hash.add(limits.address_space ? limits.address_space->count : 0);
  hash.add(limits.stack.count);
  hash.add(limits.processes);
  hash.add(limits.open_files);
  hash.add(limits.file_size.count);
  hash.add(limits.workspace.count);
  hash.add(limits.inodes);
}

void add_mount(const Mount& mount, Hash& hash) {
  const auto* bind = std::get_if<Mount::Bind>(&mount.what);
  hash.add(bind == nullptr ? "" : bind->source.string());
  const auto* tmpfs = std::get_if<Mount::Tmpfs>(&mount.what);
  hash.add(tmpfs == nullptr ? 0 : tmpfs->size.count);
  hash.add(mount.at);
  hash.add(static_cast<std::uint64_t>(mount.access));
  hash.add(static_cast<std::uint64_t>(mount.execution));
}

void add_file_system(const Kind& kind, Hash& hash) {
  for (const Mount& mount : kind.mounts) add_mount(mount, hash);
  for (const Link& link : kind.links) {
    hash.add(link.at);
    hash.add(link.target);
  }
  for (const Shown& shown : kind.shown) hash.add(shown.path);
  for (const Hidden& hidden : kind.hidden) hash.add(hidden.path);
  hash.add(static_cast<std::uint64_t>(kind.proc));
}

void add_rules(const Kind& kind, Hash& hash) {
  for (const CapabilityRow& row : capability_rows()) hash.add(kind.capabilities.takes(row.word) ? 1 : 0);
  hash.add(static_cast<std::uint64_t>(kind.network.mode));
  hash.add(kind.network.bind);
  hash.add(kind.network.connect);
  for (const auto* paths : {&kind.landlock.read, &kind.landlock.write, &kind.landlock.execute, &kind.landlock.remove}) {
    hash.add(*paths);
  }
  hash.add(static_cast<std::uint64_t>(kind.seccomp.profile));
  hash.add(kind.seccomp.allow);
  hash.add(kind.seccomp.deny);
  hash.add(static_cast<std::uint64_t>(kind.seccomp.deny_action));
}

// It does not change while this process lives, and asking the processor takes long in a virtual machine.
const std::string& machine_since_boot() {
  static const std::string machine = first_word_of("/proc/sys/kernel/random/boot_id") + " " + processor_features();
  return machine;
}

void add_host(const host::HostFacts& host, Hash& hash) {
  hash.add(host.kernel);
  hash.add(machine_since_boot());
  hash.add(static_cast<std::uint64_t>(host.landlock_abi));
  hash.add(host.uts_ns ? 1 : 0);
  const std::span<const unsigned char> restorer = restorer_image().bytes;
  hash.add(std::string_view(reinterpret_cast<const char*>(restorer.data()), restorer.size()));
}

// Bash is given its script as "./main.sh".
bool names_source(const std::string& word, const Plan& plan) {
  return !plan.job.source.empty() && (std::filesystem::path(plan.kind.cwd) / word).lexically_normal() ==
                                         std::filesystem::path("/work") / plan.job.source;
}

bool narrows(const LandlockPaths& paths) {
  return !paths.read.empty() || !paths.execute.empty();
}

}  // namespace

std::string why_not(const Plan& plan) {
  const Kind& kind = plan.kind;
  if (kind.snapshot.mode == SnapshotMode::Off) return "the plan does not ask for a snapshot";
  if (!kind.snapshot.is_supported) return "the image " + printable(kind.image) + " is not known to start from one";
  if (kind.determinism.aslr && plan.origin.positions.contains("determinism.aslr")) {
    return "determinism.aslr = true: all runs from one snapshot have the same addresses";
  }
  if (kind.capabilities.takes(Capability::FsRead) || kind.capabilities.takes(Capability::Exec)) {
    return "the plan takes fs.read or exec away, and a snapshot is one more file to read and to execute";
  }
  if (narrows(kind.landlock)) return "landlock.read and landlock.execute name all that may be read and executed";
  if (kind.limits.address_space) return "limits.address_space counts what a snapshot maps in another way";
  if (script_of(plan).empty()) return "its argv does not name the source";
  if (!kind.snapshot.preload.empty() && kind.snapshot.hook == InterpreterHook::None) {
    return "the image " + printable(kind.image) + " is not known to load modules ahead";
  }
  return "";
}

std::string told_why_not(const Plan& plan, std::string why) {
  return plan.origin.positions.contains("snapshot.mode") ? std::move(why) : std::string();
}

std::string script_of(const Plan& plan) {
  if (plan.job.argv.empty()) return "";
  if (plan.kind.snapshot.loaded_ahead != LoadedAhead::Nothing) {
    return std::filesystem::path(plan.job.argv.back()).lexically_relative("/work").string();
  }
  const bool names =
      std::ranges::any_of(plan.job.argv, [&](const std::string& word) { return names_source(word, plan); });
  return names ? plan.job.source : "";
}

std::string key_of(const Plan& plan, const host::HostFacts& host) {
  Hash hash;
  hash.add(plan.kind.image);
  hash.add(plan.kind.cwd);
  hash.add(plan.kind.hostname);
  hash.add(plan.kind.determinism.aslr ? 1 : 0);
  hash.add(static_cast<std::uint64_t>(plan.kind.snapshot.hook));
  hash.add(static_cast<std::uint64_t>(plan.kind.snapshot.loaded_ahead));
  hash.add(plan.kind.snapshot.preload);
  add_limits(plan.kind.limits, hash);
  add_file_system(plan.kind, hash);
  add_rules(plan.kind, hash);
  hash.add(plan.job.argv);
  for (const auto& [name, value] : plan.job.env) {
    hash.add(name);
    hash.add(value);
  }
  add_host(host, hash);
  return hash.hex();
}

}  // namespace evalrun::snapshot
