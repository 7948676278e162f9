// What the search of `trace --suggest` may try without asking, addition by addition, and how it looks at the host.

#include "runtime/trace/search_rules.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "lockdown/call_table.h"
#include "runtime/core/error.h"
#include "runtime/trace/host_names.h"
#include "tests/support/command.h"

namespace evalrun::trace {
namespace {

namespace fs = std::filesystem;

Plan plan_with_mount() {
  Plan plan;
  plan.origin.whole.file = "plan.toml";
  plan.kind.mounts.push_back({.what = Mount::Bind{"/usr"}, .at = "/data", .position = {}});
  return plan;
}

host::HostFacts usual_host() {
  host::HostFacts host;
  host.net_ns = host.ipc_ns = true;
  return host;
}

// What the addition needs; "" where it is tried.
std::string needs(const PlanAddition& addition, const Plan& after = plan_with_mount(), const Grants& grants = {},
                  const host::HostFacts& host = usual_host()) {
  const auto withheld = why_withheld(addition, plan_with_mount(), after, host, grants);
  return withheld ? withheld->needs : "";
}

TEST(SearchRules, each_kind_of_addition_is_tried_only_if_it_gives_nothing_of_the_host) {
  const std::pair<PlanAddition, std::string> rows[] = {
      {SetKey{"seccomp.profile", "\"compatible\""}, ""},
      {SetKey{"network.mode", "\"loopback\""}, ""},
      {SetKey{"limits.cpus", "\"any\""}, ""},
      {SetKey{"limits.open_files", "512"}, ""},
      {SetKey{"proc.view", "\"full\""}, "the host's /proc"},
      {SetKey{"require.seccomp", "\"if-available\""}, "a key that the search does not set"},
      {SetKey{"capabilities", "[]"}, "a key that the search does not set"},
      {AddItem{"network.bind", "80"}, ""},
      {AddItem{"network.connect", "80"}, ""},
      {AddItem{"seccomp.allow", "\"flock\""}, "the call flock"},
      {AddItem{"seccomp.allow", "\"memfd_create\""}, ""},
      {AddItem{"seccomp.allow", "\"splice\""}, "the call splice"},
      {AddItem{"env.pass", "\"HOME\""}, "a key that the search does not set"},
      {AddItem{"landlock.read", "\"/work/a\""}, ""},
      {AddItem{"landlock.read", "\"/data\""}, "files of the host that the plan's [landlock] takes away, in /data"},
      {AddItem{"landlock.write", "\"/data/a/b\""}, "files of the host that the plan's [landlock] takes away, in /data"},
      {AddMount{.bind = "/usr", .tmpfs = "", .at = "/x"}, "the host's /usr"},
      {AddMount{.bind = "", .tmpfs = "16MiB", .at = "/opt"}, ""},
      {SetMountFlag{"/data", "exec"}, ""},
      {SetMountFlag{"/data", "write"}, "the host's /usr"},
      {SetMountFlag{"/nowhere", "write"}, "a mount that is not there"},
  };
  for (const auto& [addition, expected] : rows) EXPECT_EQ(needs(addition), expected) << describe(addition);
}

// A rule for "/" reaches all mounts.
TEST(SearchRules, a_landlock_rule_above_a_mount_is_one_for_its_files) {
  EXPECT_NE(needs(AddItem{"landlock.read", "\"/\""}), "");
}

TEST(SearchRules, without_a_namespace_of_its_own_the_program_gets_no_network_and_no_shared_objects) {
  host::HostFacts bare;
  EXPECT_NE(needs(SetKey{"network.mode", "\"loopback\""}, plan_with_mount(), {}, bare), "");
  EXPECT_NE(needs(AddItem{"network.connect", "80"}, plan_with_mount(), {}, bare), "");
  EXPECT_NE(needs(AddItem{"seccomp.allow", "\"shmget\""}, plan_with_mount(), {}, bare), "");
  EXPECT_EQ(needs(AddItem{"seccomp.allow", "\"shmget\""}), "");
}

TEST(SearchRules, limits_are_tried_at_sixteen_times_and_not_above) {
  const SetKey key{"limits.processes", "0"};
  const auto with = [](const auto& change) {
    Plan plan = plan_with_mount();
    change(plan.kind.limits);
    return plan;
  };
  const Limits was = plan_with_mount().kind.limits;
  EXPECT_EQ(needs(key, with([&](Limits& is) { is.processes = 16 * was.processes; })), "");
  EXPECT_NE(needs(key, with([&](Limits& is) { is.processes = 16 * was.processes + 1; })), "");
  EXPECT_NE(needs(key, with([&](Limits& is) { is.open_files = 16 * was.open_files + 1; })), "");
  EXPECT_NE(needs(key, with([&](Limits& is) { is.inodes = 16 * was.inodes + 1; })), "");
  EXPECT_NE(needs(key, with([&](Limits& is) { is.file_size = {16 * was.file_size.count + 1}; })), "");
  EXPECT_EQ(needs(key, with([&](Limits& is) { is.workspace = was.memory; })), "");
  EXPECT_NE(needs(key, with([&](Limits& is) { is.workspace = {was.memory.count + 1}; })), "");
}

// Many small file systems are as much memory as a large one.
TEST(SearchRules, all_mounts_together_hold_no_more_than_the_memory_limit) {
  Plan plan = plan_with_mount();
  const AddMount more{.bind = "", .tmpfs = "16MiB", .at = "/opt"};
  const auto room = plan.kind.limits.memory.count - plan.kind.limits.workspace.count;
  for (std::uint64_t held = 0; held < room; held += 16 << 20)
    plan.kind.mounts.push_back({.what = Mount::Tmpfs{16_MiB}, .at = "/t" + std::to_string(held), .position = {}});
  EXPECT_EQ(needs(more, plan), "");
  plan.kind.mounts.push_back({.what = Mount::Tmpfs{16_MiB}, .at = "/t", .position = {}});
  EXPECT_NE(needs(more, plan), "");
}

// The list in search_rules.cc says why each is safe; a call that reaches files or other processes must not slip in.
TEST(SearchRules, most_calls_that_a_plan_may_allow_are_not_tried) {
  std::vector<std::string> tried;
  for (const lockdown::CallGroup& group : lockdown::call_groups()) {
    if (group.verdict == lockdown::CallVerdict::Allow || !group.never_allowed.empty()) continue;
    for (const std::string_view call : group.calls) {
      if (needs(AddItem{"seccomp.allow", "\"" + std::string(call) + "\""}).empty()) tried.emplace_back(call);
    }
  }
  const std::vector<std::string> expected = {
      "futex_requeue", "futex_wait",    "futex_wake", "get_mempolicy", "memfd_create", "mseal",  "pkey_alloc",
      "pkey_free",     "pkey_mprotect", "msgctl",     "msgget",        "msgrcv",       "msgsnd", "semctl",
      "semget",        "semop",         "semtimedop", "shmat",         "shmctl",       "shmdt",  "shmget"};
  EXPECT_EQ(tried, expected);
}

class Folder : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_.path() / name).string(); }
};

TEST_F(Folder, a_grant_holds_what_lies_below_and_nothing_beside) {
  folder_.write("data/file", "x");
  folder_.write("database", "x");
  fs::create_symlink("../database", at("data/out"));
  fs::create_symlink("file", at("data/in"));
  const Grants grants({at("data")}, {});
  EXPECT_TRUE(grants.let_read(at("data")));
  EXPECT_TRUE(grants.let_read(at("data/file")));
  EXPECT_TRUE(grants.let_read(at("data/in")));
  EXPECT_FALSE(grants.let_read(at("data/out"))) << "a link that leads out of it";
  EXPECT_FALSE(grants.let_read(at("database")));
  EXPECT_FALSE(grants.let_read(at("data/absent")));
  EXPECT_FALSE(grants.let_read(folder_.path().string()));
  EXPECT_FALSE(grants.let_write(at("data/file")));
  EXPECT_TRUE(Grants({}, {at("data")}).let_read(at("data/file"))) << "what may be written may be read";
}

TEST_F(Folder, a_grant_of_a_link_is_one_of_what_it_names) {
  folder_.write("real/file", "x");
  fs::create_symlink("real", at("link"));
  const Grants grants({at("link")}, {});
  EXPECT_TRUE(grants.let_read(at("link/file")));
  EXPECT_TRUE(grants.let_read(at("real/file")));
}

TEST_F(Folder, the_host_is_asked_for_names_without_following_or_opening_anything) {
  folder_.write("file", "x");
  fs::create_symlink("/nowhere", at("link"));
  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
  const timespec long_ago[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, at("link").c_str(), long_ago, AT_SYMLINK_NOFOLLOW), 0);
  EXPECT_EQ(look_at_host(at("file"), {}), HostName::FileOrFolder);
  EXPECT_EQ(look_at_host(folder_.path().string(), {}), HostName::FileOrFolder);
  EXPECT_EQ(look_at_host(at("absent"), {}), HostName::Missing);
  EXPECT_EQ(look_at_host(at("file/below"), {}), HostName::Missing);
  EXPECT_EQ(look_at_host(at("fifo"), {}), HostName::Special) << "and it did not wait for a writer";
  EXPECT_EQ(look_at_host("/dev/null", {}), HostName::Special);
  EXPECT_EQ(look_at_host(at("link/x"), {}), HostName::FileOrFolder) << "it may be there";
  struct stat status {};
  ASSERT_EQ(::lstat(at("link").c_str(), &status), 0);
  EXPECT_EQ(status.st_atim.tv_sec, 1'000'000'000) << "the link was read";
}

// The name alone would mount something, or reach a server.
TEST(HostNames, a_name_on_a_file_system_of_somebody_elses_is_not_looked_up) {
  const std::vector<MountRow> mounts = {{"/", "/", "fuse.overlay", ""},
                                        {"/", "/net", "autofs", ""},
                                        {"/", "/srv", "ext4", ""},
                                        {"/", "/srv/share", "nfs4", ""},
                                        {"/", "/home/u/s", "fuse.sshfs", ""}};
  for (const char* path : {"/net/evil.example/x", "/net", "/srv/share/a/b", "/home/u/s/x"}) {
    EXPECT_TRUE(has_names_elsewhere(path, mounts)) << path;
    EXPECT_EQ(look_at_host(path, mounts), HostName::FileOrFolder) << path;
  }
  for (const char* path : {"/srv/x", "/srv/shared", "/network", "/x"}) {
    EXPECT_FALSE(has_names_elsewhere(path, mounts)) << path;
  }
}

}  // namespace
}  // namespace evalrun::trace
