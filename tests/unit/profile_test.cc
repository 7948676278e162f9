// The table of capability words and profiles: the laws of their intersection, inheritance, and what each word does to
// the mounts, to Landlock's rules, to the filter and to the limits, with the word and without it.
#include "runtime/plan/profile.h"

#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>

#include "lockdown/call_judge.h"
#include "lockdown/call_policy.h"
#include "lockdown/landlock.h"
#include "lockdown/rlimits.h"
#include "rootfs/layout.h"
#include "runtime/reader/keys.h"
#include "runtime/reader/parse.h"
#include "runtime/sandbox/path_rules.h"

namespace evalrun {
namespace {

namespace fs = std::filesystem;

constexpr Grant kGrants[] = {Grant::Taken, Grant::OnRequest, Grant::Given};

Plan parse(const std::string& text, const std::vector<fs::path>& images = {}) {
  return parse_plan({"argv = [\"/work/p\"]\n" + text, "plan.toml", "plan", "/plans"}, {}, images);
}

// What PlanError says; "" where nothing is thrown.
std::string refusal(const std::string& text, const std::vector<fs::path>& images = {}) {
  try {
    parse(text, images);
  } catch (const PlanError& error) {
    return error.what();
  }
  return "";
}

Plan with_all() {
  return parse("network.mode = \"loopback\"\nproc.view = \"full\"\n");
}

Plan without(Capability word) {
  Plan plan = with_all();
  plan.kind.capabilities.set(word, Grant::Taken);
  // As parse_plan() leaves it: such a plan cannot ask for the network.
  if (word == Capability::NetLoopback) plan.kind.network.mode = NetworkMode::None;
  return plan;
}

// ---- The laws of intersection ----

std::vector<CapabilitySet> sets_to_meet() {
  std::vector<CapabilitySet> sets = {CapabilitySet{}};
  for (const Profile& profile : profiles()) sets.push_back(capabilities_of(profile));
  for (const CapabilityRow& row : capability_rows()) {
    for (const Grant grant : kGrants) {
      CapabilitySet set = capabilities_of(profiles().front());
      set.set(row.word, grant);
      sets.push_back(set);
    }
  }
  return sets;
}

TEST(capabilities, an_intersection_is_commutative_idempotent_and_never_wider_than_either) {
  const std::vector<CapabilitySet> sets = sets_to_meet();
  for (const CapabilitySet& a : sets) {
    EXPECT_EQ(meet(a, a), a);
    EXPECT_EQ(meet(a, CapabilitySet{}), a);
    for (const CapabilitySet& b : sets) {
      const CapabilitySet both = meet(a, b);
      EXPECT_EQ(both, meet(b, a));
      EXPECT_EQ(meet(both, a), both);
      for (const CapabilityRow& row : capability_rows()) {
        EXPECT_EQ(both.of(row.word), std::min(a.of(row.word), b.of(row.word))) << row.name;
      }
    }
  }
}

TEST(capabilities, an_intersection_is_associative) {
  const std::vector<CapabilitySet> sets = sets_to_meet();
  for (const CapabilitySet& a : sets) {
    for (const CapabilitySet& b : sets) {
      for (const CapabilitySet& c : sets) ASSERT_EQ(meet(meet(a, b), c), meet(a, meet(b, c)));
    }
  }
}

TEST(profiles, the_limits_of_several_are_the_smallest_of_each_in_any_order) {
  for (const Profile& first : profiles()) {
    for (const Profile& second : profiles()) {
      const std::string a(first.name);
      const std::string b(second.name);
      const Plan one = parse("profile = [\"" + a + "\", \"" + b + "\"]\n");
      const Plan other = parse("profile = [\"" + b + "\", \"" + a + "\"]\n");
      EXPECT_EQ(one.kind.capabilities, other.kind.capabilities) << a << b;
      EXPECT_EQ(one.kind.network.mode, other.kind.network.mode) << a << b;
      EXPECT_EQ(one.kind.network.bind, other.kind.network.bind) << a << b;
      EXPECT_EQ(one.kind.seccomp.allow, other.kind.seccomp.allow) << a << b;
      for (const Plan* plan : {&one, &other}) {
        EXPECT_EQ(plan->kind.limits.cpu, std::min(limits_of(first).cpu, limits_of(second).cpu));
        EXPECT_EQ(plan->kind.limits.wall, std::min(limits_of(first).wall, limits_of(second).wall));
        EXPECT_EQ(plan->kind.limits.memory, std::min(limits_of(first).memory, limits_of(second).memory));
        EXPECT_EQ(plan->kind.limits.processes, std::min(limits_of(first).processes, limits_of(second).processes));
        EXPECT_EQ(plan->kind.limits.output.both, std::min(limits_of(first).output.both, limits_of(second).output.both));
      }
    }
  }
}

// ---- Profiles ----

TEST(profiles, a_profile_has_what_it_extends_but_for_its_own_changes) {
  for (const Profile& profile : profiles()) {
    if (profile.extends == nullptr) continue;
    const CapabilitySet own = capabilities_of(profile);
    const CapabilitySet extended = capabilities_of(*profile.extends);
    for (const CapabilityRow& row : capability_rows()) {
      const auto change = std::ranges::find(profile.changes, row.word, &Profile::Change::word);
      const Grant expected = change != profile.changes.end() ? change->grant : extended.of(row.word);
      EXPECT_EQ(own.of(row.word), expected) << profile.name << " " << row.name;
    }
  }
  EXPECT_EQ(limits_of(profiles()[1]).cpu, limits_of(*profiles()[1].extends).cpu);
}

// Written out, not asked of the table.
TEST(profiles, the_four_profiles_are_these) {
  std::string table;
  for (const Profile& profile : profiles()) {
    table.append(profile.name).append(":");
    for (const CapabilityRow& row : capability_rows()) {
      const Grant grant = capabilities_of(profile).of(row.word);
      table.append(" ").append(grant == Grant::Taken ? "-" : grant == Grant::OnRequest ? "?" : "").append(row.name);
    }
    table.append("\n");
  }
  EXPECT_EQ(table,
            "judge: fs.read fs.write fs.delete fs.lock exec process.spawn process.threads net.unix ?net.loopback "
            "?proc.machine ?calls.more\n"
            "pure: -fs.read -fs.write -fs.delete -fs.lock -exec -process.spawn process.threads -net.unix -net.loopback "
            "-proc.machine -calls.more\n"
            "build: fs.read fs.write fs.delete fs.lock exec process.spawn process.threads net.unix ?net.loopback "
            "?proc.machine ?calls.more\n"
            "service: fs.read fs.write fs.delete fs.lock exec process.spawn process.threads net.unix net.loopback "
            "?proc.machine ?calls.more\n");
}

TEST(profiles, a_plan_that_names_none_is_a_judged_one) {
  const Plan plan = parse("");
  EXPECT_EQ(plan.kind.capabilities, capabilities_of(profiles().front()));
  EXPECT_EQ(plan.kind.profiles.at(0).profile->name, "judge");
  EXPECT_EQ(plan.kind.limits.cpu, Limits{}.cpu);
}

TEST(profiles, build_and_service_begin_wider_and_the_plans_own_keys_go_over_that) {
  const Plan build = parse("profile = \"build\"\n");
  EXPECT_EQ(build.kind.limits.processes, 256U);
  EXPECT_EQ(build.kind.limits.memory, 1_GiB);
  EXPECT_TRUE(build.kind.seccomp.allow.empty());
  EXPECT_EQ(parse("profile = \"build\"\nlimits.processes = 7\n").kind.limits.processes, 7U);
  const Plan service = parse("profile = \"service\"\n");
  EXPECT_EQ(service.kind.network.mode, NetworkMode::Loopback);
  EXPECT_EQ(service.kind.network.bind, std::vector<std::uint16_t>{8080});
  EXPECT_EQ(parse("profile = \"service\"\nnetwork.bind = [9000]\n").kind.network.bind,
            std::vector<std::uint16_t>{9000});
  const Plan without_network = parse("profile = \"service\"\nnetwork.mode = \"none\"\n");
  EXPECT_EQ(without_network.kind.network.mode, NetworkMode::None);
  EXPECT_TRUE(without_network.kind.network.bind.empty());
}

TEST(profiles, a_service_met_by_another_profile_has_its_network_on_request_or_not_at_all) {
  EXPECT_EQ(parse("profile = [\"service\", \"judge\"]\n").kind.network.mode, NetworkMode::None);
  EXPECT_EQ(parse("profile = [\"service\", \"judge\"]\nnetwork.mode = \"loopback\"\n").kind.network.mode,
            NetworkMode::Loopback);
  EXPECT_EQ(parse("profile = [\"service\", \"pure\"]\n").kind.capabilities,
            parse("profile = \"pure\"\n").kind.capabilities);
}

TEST(profiles, capabilities_leave_only_what_they_list) {
  const Plan plan = parse("profile = \"build\"\ncapabilities = [\"fs.read\", \"net.loopback\"]\n");
  for (const CapabilityRow& row : capability_rows()) {
    const Grant expected = row.word == Capability::FsRead        ? Grant::Given
                           : row.word == Capability::NetLoopback ? Grant::OnRequest
                                                                 : Grant::Taken;
    EXPECT_EQ(plan.kind.capabilities.of(row.word), expected) << row.name;
  }
  EXPECT_TRUE(plan.kind.seccomp.allow.empty());
  for (const CapabilityRow& row : capability_rows()) {
    EXPECT_TRUE(parse("capabilities = []\n").kind.capabilities.takes(row.word)) << row.name;
  }
}

// ---- What asks for a word that is taken ----

TEST(profiles, a_plan_that_asks_for_what_its_profile_takes_is_refused_at_that_place) {
  struct Row {
    const char* asks;  // behind the line of the profile
    const char* at;    // of the message
    const char* word;
  };
  const Row rows[] = {
      {"network.mode = \"loopback\"\n", "plan.toml:3:9: network.mode: \"loopback\"", "net.loopback"},
      {"network = { mode = \"loopback\" }\n", "plan.toml:3:13: network.mode: \"loopback\"", "net.loopback"},
      {"mount = [{ bind = \"/srv\", at = \"/srv\" }]\n", "plan.toml:3:10: mount.bind: \"/srv\"", "fs.read"},
      {"mount = [{ tmpfs = \"1MiB\", at = \"/srv\" }]\n", "plan.toml:3:10: mount.tmpfs: \"/srv\"", "fs.write"},
      {"collect = [\"x\"]\n", "plan.toml:3:12: collect: \"x\"", "fs.write"},
      {"proc.view = \"full\"\n", "plan.toml:3:6: proc.view: \"full\"", "fs.read"},
      {"landlock.read = [\"/usr\"]\n", "plan.toml:3:10: landlock.read: \"/usr\"", "fs.read"},
      {"landlock.write = [\"/work\"]\n", "plan.toml:3:10: landlock.write: \"/work\"", "fs.write"},
      {"landlock.execute = [\"/usr\"]\n", "plan.toml:3:10: landlock.execute: \"/usr\"", "exec"},
      {"landlock.delete = [\"/work\"]\n", "plan.toml:3:10: landlock.delete: \"/work\"", "fs.delete"},
      {"seccomp.allow = [\"flock\"]\n", "plan.toml:3:9: seccomp.allow: \"flock\"", "fs.lock"},
      {"seccomp.allow = [\"memfd_create\"]\n", "plan.toml:3:9: seccomp.allow: \"memfd_create\"", "exec"},
      {"seccomp.allow = [\"fork\"]\n", "plan.toml:3:9: seccomp.allow: \"fork\"", "process.spawn"},
      {"seccomp.allow = [\"splice\"]\n", "plan.toml:3:9: seccomp.allow: \"splice\"", "calls.more"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(refusal("profile = \"pure\"\n" + std::string(row.asks)),
              std::string(row.at) + " asks for " + row.word + ", but the profile \"pure\" takes " + row.word + " away");
    EXPECT_EQ(refusal("profile = \"judge\"\n" + std::string(row.asks)), "") << row.asks;
  }
}

TEST(profiles, what_capabilities_leaves_out_cannot_be_asked_for_either) {
  EXPECT_EQ(
      refusal("capabilities = [\"fs.read\"]\nnetwork.mode = \"loopback\"\n"),
      "plan.toml:3:9: network.mode: \"loopback\" asks for net.loopback, but capabilities leaves net.loopback out");
  EXPECT_EQ(refusal("capabilities = [\"fs.read\"]\nmount = [{ bind = \"/x\", at = \"/x\", write = true }]\n"),
            "plan.toml:3:10: mount.write: \"/x\" asks for fs.write, but capabilities leaves fs.write out");
  EXPECT_EQ(refusal("capabilities = [\"fs.read\"]\nmount = [{ bind = \"/x\", at = \"/x\", exec = true }]\n"),
            "plan.toml:3:10: mount.exec: \"/x\" asks for exec, but capabilities leaves exec out");
  EXPECT_EQ(refusal("capabilities = [\"fs.read\"]\nmount = [{ bind = \"/x\", at = \"/x\" }]\n"), "");
  EXPECT_EQ(refusal("capabilities = [\"fs.read\"]\nproc.view = \"full\"\n"),
            "plan.toml:3:6: proc.view: \"full\" asks for proc.machine, but capabilities leaves proc.machine out");
  // A word gives its own calls; everything else beyond the whitelist needs calls.more.
  EXPECT_EQ(refusal("capabilities = [\"fs.lock\"]\nseccomp.allow = [\"flock\"]\n"), "");
  EXPECT_NE(refusal("capabilities = [\"exec\"]\nseccomp.allow = [\"memfd_create\"]\n").find("calls.more"),
            std::string::npos);
}

TEST(profiles, to_list_a_word_that_the_profile_takes_is_an_error_at_the_word) {
  EXPECT_EQ(refusal("profile = \"pure\"\ncapabilities = [\"process.threads\", \"fs.read\"]\n"),
            "plan.toml:3:36: capabilities: \"fs.read\" is listed, but the profile \"pure\" takes fs.read away");
  EXPECT_EQ(refusal("profile = \"pure\"\ncapabilities = [\"process.threads\"]\n"), "");
}

TEST(profiles, names_that_are_no_profile_and_no_word_are_errors_that_name_the_nearest) {
  EXPECT_NE(refusal("profile = \"judgge\"\n").find("did you mean \"judge\"?"), std::string::npos);
  EXPECT_NE(refusal("profile = [\"judge\", \"pur\"]\n").find("plan.toml:2:21: profile[1]"), std::string::npos)
      << refusal("profile = [\"judge\", \"pur\"]\n");
  EXPECT_NE(refusal("capabilities = [\"fs.reed\"]\n").find("did you mean \"fs.read\"?"), std::string::npos);
  EXPECT_NE(refusal("profile = []\n").find("not empty"), std::string::npos);
}

// ---- Images ----

class ImageProfiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "evalrun-profile-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / (name + ".toml")) << "name = \"" << name << "\"\n" << text;
  }

  fs::path folder_;
};

TEST_F(ImageProfiles, an_images_profile_meets_the_plans_and_the_strictest_counts) {
  write("strict", "profile = \"pure\"\n");
  write("wide", "profile = \"build\"\n");
  EXPECT_EQ(parse("image = \"strict\"\n", {folder_}).kind.capabilities,
            parse("profile = \"pure\"\n").kind.capabilities);
  EXPECT_EQ(parse("image = \"strict\"\nprofile = \"service\"\n", {folder_}).kind.capabilities,
            parse("profile = \"pure\"\n").kind.capabilities);
  const Plan wide = parse("image = \"wide\"\n", {folder_});
  EXPECT_EQ(wide.kind.limits.processes, 256U);
  EXPECT_EQ(parse("image = \"wide\"\nprofile = \"judge\"\n", {folder_}).kind.limits.processes, Limits{}.processes);
  const std::string refused = refusal("image = \"strict\"\nnetwork.mode = \"loopback\"\n", {folder_});
  EXPECT_EQ(refused, "plan.toml:3:9: network.mode: \"loopback\" asks for net.loopback, but the profile \"pure\" (" +
                         (folder_ / "strict.toml").string() + ":2:11) takes net.loopback away");
}

TEST_F(ImageProfiles, an_images_own_limits_go_over_a_profiles_and_included_images_count_too) {
  write("base", "profile = \"pure\"\nlibraries = [\"/usr/lib\"]\n");
  write("language", "include = [\"base\"]\nlibraries = [\"/usr/share/x/\"]\nlimits.processes = 99\n");
  const Plan plan = parse("image = \"language\"\nprofile = \"build\"\n", {folder_});
  EXPECT_EQ(plan.kind.limits.processes, 99U);
  EXPECT_TRUE(plan.kind.capabilities.takes(Capability::FsRead));
  EXPECT_EQ(plan.kind.libraries, (std::vector<std::string>{"/usr/lib", "/usr/share/x"}));
}

// What an image asks for is narrowed; only the plan's own wishes are errors.
TEST_F(ImageProfiles, what_an_image_asks_for_is_narrowed_without_an_error) {
  write("asking",
        "proc.view = \"full\"\nseccomp.allow = [\"memfd_create\", \"flock\"]\n[[mount]]\nbind = \"/srv\"\nat = "
        "\"/srv\"\nwrite = true\n");
  const Plan plan = parse("image = \"asking\"\nprofile = \"pure\"\n", {folder_});
  const rootfs::Layout layout = rootfs::make_layout(plan);
  const rootfs::Entry* mount = rootfs::mount_holding(layout, "/srv/x");
  ASSERT_NE(mount, nullptr);
  EXPECT_EQ(std::get<rootfs::Bind>(mount->what).access, Access::ReadOnly);
  EXPECT_EQ(std::get<rootfs::Proc>(rootfs::mount_holding(layout, "/proc")->what).view, ProcView::Pid);
  const lockdown::CallJudge judge(plan);
  EXPECT_TRUE(judge.judge(SYS_memfd_create, {}).has_value());
  EXPECT_TRUE(judge.judge(SYS_flock, {}).has_value());
}

// ---- What each word does ----

using lockdown::CallArguments;

// The verdict of the filters on one call; empty where they let it through.
std::string verdict(const Plan& plan, long number, const CallArguments& arguments = {}) {
  const auto denial = lockdown::CallJudge(plan).judge(static_cast<int>(number), arguments);
  return denial ? std::string(name_of(denial->verdict)) : "";
}

std::uint64_t rights_on(const Plan& plan, const std::string& path) {
  const rootfs::Layout layout = rootfs::make_layout(plan);
  const sandbox::ProgramFiles files{{"/work/p"}, {"/usr/lib"}};
  std::uint64_t rights = 0;
  for (const lockdown::PathRule& rule : sandbox::make_path_rules(plan, layout, files)) {
    if (rootfs::is_within(path, rule.path)) rights |= rule.rights;
  }
  return rights;
}

TEST(capabilities, a_right_of_a_word_that_is_taken_is_granted_nowhere_but_to_the_program) {
  const std::pair<Capability, lockdown::RightClass> words[] = {{Capability::FsRead, lockdown::kRead},
                                                               {Capability::FsWrite, lockdown::kWrite},
                                                               {Capability::FsDelete, lockdown::kDelete},
                                                               {Capability::Exec, lockdown::kExecute}};
  for (const auto& [word, kind] : words) {
    const bool reads = word == Capability::FsRead;
    for (const char* path : {"/tmp/x", "/dev/shm/x", "/proc/self/status", "/etc/shadow", "/work/x"}) {
      const bool is_placed = reads && std::string(path).starts_with("/work/");
      const std::uint64_t left = rights_on(without(word), path) & kind.rights;
      EXPECT_EQ(left, is_placed ? rights_on(with_all(), path) & kind.rights : 0U) << row_of(word).name << " " << path;
    }
    EXPECT_NE(rights_on(with_all(), "/work/x") & kind.rights, 0U) << kind.name;
  }
  EXPECT_NE(rights_on(without(Capability::Exec), "/work/p") & lockdown::kExecute.rights, 0U);
  EXPECT_NE(rights_on(without(Capability::FsRead), "/usr/lib/libc.so.6") & lockdown::kFsReadFile, 0U);
  EXPECT_EQ(rights_on(without(Capability::Exec), "/usr/lib/libc.so.6") & lockdown::kExecute.rights, 0U);
  // Neither devices nor evalrun's own files hold anything of the host.
  for (const char* path : {"/etc/passwd", "/proc/meminfo"}) {
    EXPECT_EQ(rights_on(without(Capability::FsRead), path), std::uint64_t{lockdown::kFsReadFile}) << path;
  }
  EXPECT_NE(rights_on(parse("capabilities = []\n"), "/dev/null") & lockdown::kFsWriteFile, 0U);
}

TEST(capabilities, the_calls_of_a_word_that_is_taken_are_refused_and_with_it_allowed) {
  for (const CapabilityRow& row : capability_rows()) {
    for (const std::string_view call : row.calls) {
      const std::optional<int> number = lockdown::number_of_call(std::string(call));
      if (!number) continue;
      EXPECT_EQ(verdict(without(row.word), *number), "EPERM") << row.name << " " << call;
      EXPECT_EQ(verdict(with_all(), *number), "") << row.name << " " << call;
    }
  }
}

TEST(capabilities, processes_and_threads_are_told_apart_by_clones_flags) {
  const CallArguments thread = {CLONE_VM | CLONE_SIGHAND | CLONE_THREAD};
  const CallArguments process = {17};  // SIGCHLD
  const CallArguments shared = {CLONE_VM | CLONE_VFORK};
  EXPECT_EQ(verdict(without(Capability::ProcessSpawn), SYS_clone, process), "EPERM");
  EXPECT_EQ(verdict(without(Capability::ProcessSpawn), SYS_clone, shared), "EPERM");
  EXPECT_EQ(verdict(without(Capability::ProcessSpawn), SYS_clone, thread), "");
  EXPECT_EQ(verdict(without(Capability::ProcessThreads), SYS_clone, process), "");
  EXPECT_EQ(verdict(without(Capability::ProcessThreads), SYS_clone, thread), "EPERM");
  for (const CallArguments& arguments : {thread, process, shared})
    EXPECT_EQ(verdict(with_all(), SYS_clone, arguments), "");
  // A new namespace stays a violation, whatever else.
  EXPECT_EQ(verdict(without(Capability::ProcessSpawn), SYS_clone, {CLONE_NEWUSER}), "violation");
}

TEST(capabilities, sockets_follow_the_two_words_of_the_network) {
  EXPECT_EQ(verdict(without(Capability::NetUnix), SYS_socket, {AF_UNIX, SOCK_STREAM}), "EACCES");
  EXPECT_EQ(verdict(without(Capability::NetUnix), SYS_socket, {AF_INET, SOCK_STREAM}), "");
  EXPECT_EQ(verdict(without(Capability::NetLoopback), SYS_socket, {AF_UNIX, SOCK_STREAM}), "");
  EXPECT_EQ(verdict(without(Capability::NetLoopback), SYS_socket, {AF_INET6, SOCK_STREAM}), "EACCES");
  EXPECT_EQ(verdict(parse("capabilities = []\n"), SYS_socketpair, {AF_UNIX, SOCK_STREAM}), "");
}

TEST(capabilities, locks_are_given_or_taken) {
  const CallArguments locking = {1, 6};  // F_SETLK
  const Plan asked = parse("seccomp.allow = [\"flock\", \"fcntl_locks\"]\n");
  for (const Plan& plan : {parse(""), parse("profile = \"build\"\n"), parse("profile = \"service\"\n"), asked}) {
    EXPECT_EQ(verdict(plan, SYS_flock), "");
    EXPECT_EQ(verdict(plan, SYS_fcntl, locking), "");
  }
  for (const Plan& plan : {parse("capabilities = [\"fs.read\"]\n"), parse("profile = \"pure\"\n")}) {
    EXPECT_EQ(verdict(plan, SYS_flock), "ENOSYS");
    EXPECT_EQ(verdict(plan, SYS_fcntl, locking), "EPERM");
  }
}

TEST(capabilities, no_word_takes_a_call_that_start_up_needs) {
  for (const CapabilityRow& row : capability_rows()) {
    for (const std::string_view call : row.calls) {
      EXPECT_EQ(std::ranges::count(lockdown::calls_needed_to_start(), call, &lockdown::NamedReason::name), 0) << call;
    }
    EXPECT_NO_THROW(lockdown::resolve_whitelist(without(row.word), lockdown::Phase::SetUp)) << row.name;
  }
}

const rootfs::Workspace& workspace(const rootfs::Layout& layout, const std::string& at) {
  return std::get<rootfs::Workspace>(rootfs::mount_holding(layout, at)->what);
}

TEST(capabilities, without_writing_every_mount_is_read_only) {
  const rootfs::Layout with = rootfs::make_layout(with_all());
  const rootfs::Layout taken = rootfs::make_layout(without(Capability::FsWrite));
  for (const char* at : {"/work", "/tmp", "/dev/shm"}) {
    EXPECT_EQ(workspace(with, at).access, Access::ReadWrite);
    EXPECT_EQ(workspace(taken, at).access, Access::ReadOnly);
  }
  Plan plan = with_all();
  plan.kind.mounts = {{.what = Mount::Bind{"/srv"}, .at = "/a", .access = Access::ReadWrite, .position = {}},
                      {.what = Mount::Tmpfs{1_MiB}, .at = "/b", .access = Access::ReadWrite, .position = {}}};
  const auto access_of = [&](const char* at) {
    const rootfs::Layout layout = rootfs::make_layout(plan);
    const rootfs::Entry* mount = rootfs::mount_holding(layout, at);
    const auto* bind = std::get_if<rootfs::Bind>(&mount->what);
    return bind != nullptr ? bind->access : std::get<rootfs::Tmpfs>(mount->what).access;
  };
  EXPECT_EQ(access_of("/a"), Access::ReadWrite);
  EXPECT_EQ(access_of("/b"), Access::ReadWrite);
  plan.kind.capabilities.set(Capability::FsWrite, Grant::Taken);
  EXPECT_EQ(access_of("/a"), Access::ReadOnly);
  EXPECT_EQ(access_of("/b"), Access::ReadOnly);
}

TEST(capabilities, without_exec_the_workspace_holds_no_program_but_the_plans) {
  Plan plan = without(Capability::Exec);
  EXPECT_EQ(workspace(rootfs::make_layout(plan), "/work").execution, Execution::Allowed);
  for (const char* inside : {"./p", "sub/p", "/work/./p"}) {
    plan.job.argv = {inside};
    EXPECT_EQ(workspace(rootfs::make_layout(plan), "/work").execution, Execution::Allowed) << inside;
  }
  for (const char* outside : {"/usr/bin/p", "../usr/bin/p", "p"}) {
    plan.job.argv = {outside};
    EXPECT_EQ(workspace(rootfs::make_layout(plan), "/work").execution, Execution::Denied) << outside;
  }
  plan.job.argv = {"p"};
  plan.job.env["PATH"] = "/usr/bin:/work/bin";
  EXPECT_EQ(workspace(rootfs::make_layout(plan), "/work").execution, Execution::Allowed);
  plan.job.argv = {"/usr/bin/p"};
  plan.kind.capabilities = {};
  EXPECT_EQ(workspace(rootfs::make_layout(plan), "/work").execution, Execution::Allowed);
}

TEST(capabilities, proc_shows_the_machine_only_with_the_words_for_it) {
  const auto view = [](const Plan& plan) {
    const rootfs::Layout layout = rootfs::make_layout(plan);
    return std::get<rootfs::Proc>(rootfs::mount_holding(layout, "/proc")->what).view;
  };
  EXPECT_EQ(view(with_all()), ProcView::Full);
  EXPECT_EQ(view(without(Capability::ProcMachine)), ProcView::Pid);
  EXPECT_EQ(view(without(Capability::FsRead)), ProcView::Pid);
}

std::uint64_t limit_of(const Plan& plan, int resource) {
  for (const lockdown::RlimitRow& row : lockdown::make_rlimits(plan)) {
    if (row.limit.resource == resource) return row.limit.hard;
  }
  return RLIM_INFINITY;
}

TEST(capabilities, limits_follow_the_words) {
  EXPECT_EQ(limit_of(with_all(), RLIMIT_FSIZE), Limits{}.file_size.count);
  EXPECT_EQ(limit_of(without(Capability::FsWrite), RLIMIT_FSIZE), 0U);
  EXPECT_EQ(limit_of(without(Capability::ProcessSpawn), RLIMIT_NPROC), Limits{}.processes + 1);
  Plan alone = without(Capability::ProcessSpawn);
  alone.kind.capabilities.set(Capability::ProcessThreads, Grant::Taken);
  EXPECT_EQ(limit_of(alone, RLIMIT_NPROC), 2U);
}

// ---- What is said of it ----

TEST(capabilities, every_word_and_profile_stands_in_what_is_printed) {
  const std::string text = schema_text();
  const std::string markdown = schema_markdown();
  const std::string explained = explain_capabilities(parse("profile = \"pure\"\n"));
  std::set<std::string_view> names;
  for (const CapabilityRow& row : capability_rows()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.gives.empty()) << row.name;
    EXPECT_FALSE(row.remains.empty()) << row.name;
    EXPECT_NE(text.find("\n" + std::string(row.name) + "\n"), std::string::npos) << row.name;
    EXPECT_NE(markdown.find("| `" + std::string(row.name) + "` |"), std::string::npos) << row.name;
    EXPECT_NE(explained.find("\n  " + std::string(row.name) + " "), std::string::npos) << row.name;
  }
  for (const Profile& profile : profiles()) {
    EXPECT_NE(text.find("\n" + std::string(profile.name)), std::string::npos) << profile.name;
    EXPECT_NE(markdown.find(" `" + std::string(profile.name) + "` |"), std::string::npos) << profile.name;
  }
  EXPECT_NE(explained.find("taken: the profile \"pure\" takes exec away"), std::string::npos) << explained;
  EXPECT_NE(explained.find("process.threads given"), std::string::npos) << explained;
}

// A word that only one layer holds is held by nothing where that layer is missing; every other has two or more.
TEST(capabilities, a_word_without_a_layer_that_holds_it_alone_has_two) {
  for (const CapabilityRow& row : capability_rows()) {
    const int layers = (row.path_right ? 1 : 0) + (row.calls.empty() && row.calls_by_arguments.empty() ? 0 : 1) +
                       (row.mounts != MountKnob::None ? 1 : 0) + (row.network != NetworkKnob::None ? 1 : 0);
    EXPECT_GE(layers, 1) << row.name;
    const bool always_there = row.mounts != MountKnob::None;  // mounts are never left out
    EXPECT_TRUE(!row.held_by.empty() || layers >= 2 || always_there) << row.name;
  }
  EXPECT_EQ(unheld_without(parse("profile = \"pure\"\n"), "landlock"),
            "; fs.read and exec, which the plan takes away, are held by nothing else");
  EXPECT_EQ(unheld_without(parse(""), "landlock"), "");
}

TEST(capabilities, a_refused_call_is_told_by_who_takes_its_word) {
  const auto remedy = [](const Plan& plan, long number, const CallArguments& arguments = {}) {
    return describe(lockdown::CallJudge(plan).judge(static_cast<int>(number), arguments)->remedy);
  };
  const Plan pure = parse("profile = \"pure\"\n");
  EXPECT_EQ(remedy(pure, SYS_clone, {17}), "the profile \"pure\" takes process.spawn away");
  EXPECT_EQ(remedy(pure, SYS_unlinkat), "the profile \"pure\" takes fs.delete away");
  EXPECT_EQ(remedy(pure, SYS_socket, {AF_INET, SOCK_STREAM}), "the profile \"pure\" takes net.loopback away");
  EXPECT_EQ(remedy(pure, SYS_flock), "the profile \"pure\" takes fs.lock away");
  EXPECT_EQ(remedy(pure, SYS_splice), "the profile \"pure\" takes calls.more away");
  EXPECT_TRUE(remedy(pure, SYS_ptrace).starts_with("no plan allows this")) << remedy(pure, SYS_ptrace);
}

}  // namespace
}  // namespace evalrun
