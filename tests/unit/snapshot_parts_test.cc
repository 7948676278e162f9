// The parts of runtime/snapshot that need no sandbox.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "runtime/host/host.h"
#include "runtime/reader/parse.h"
#include "runtime/snapshot/description.h"
#include "runtime/snapshot/key.h"
#include "runtime/snapshot/looked_at.h"
#include "runtime/snapshot/start_calls.h"
#include "runtime/snapshot/store.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::snapshot {
namespace {

using test::TemporaryFolder;

Plan plan_with(const std::string& more = "", const std::string& tables = "") {
  return parse_plan({"image = \"python\"\nsource = \"main.py\"\nsnapshot.mode = \"yes\"\n" + more +
                         "\n[files]\n\"main.py\" = { text = \"pass\" }\n" + tables,
                     "plan.toml", "plan", "/"},
                    {}, {test::source_dir() / "images"});
}

TEST(snapshot_key, is_the_same_for_jobs_that_differ_in_their_files_and_in_nothing_else) {
  const host::HostFacts host = host::probe_host();
  Plan other = plan_with();
  other.job.files.front().source = std::string("print('another')");
  other.kind.limits.cpu = std::chrono::seconds(9);
  EXPECT_EQ(key_of(plan_with(), host), key_of(other, host));
}

TEST(snapshot_key, differs_with_all_that_an_interpreter_can_start_from) {
  const host::HostFacts host = host::probe_host();
  const std::string key = key_of(plan_with(), host);
  for (const char* more :
       {"env.X = \"1\"\n", "env.PYTHONHASHSEED = \"0\"\n", "argv = [\"python3\", \"-O\", \"main.py\"]\n",
        "cwd = \"/tmp\"\n", "limits.stack = \"8MiB\"\n", "limits.memory = \"128MiB\"\n", "limits.open_files = 100\n",
        "hostname = \"other\"\n", "seccomp.deny = [\"kill\"]\n", "seccomp.profile = \"compatible\"\n",
        "proc.view = \"full\"\n", "network.mode = \"loopback\"\n", "determinism.aslr = false\n",
        "snapshot.preload = [\"json\"]\n"}) {
    EXPECT_NE(key_of(plan_with(more), host), key) << more;
  }
  EXPECT_NE(key_of(plan_with("", "[[mount]]\nbind = \"/usr/share\"\nat = \"/data\"\n"), host), key);
  host::HostFacts changed = host;
  changed.kernel = "5.0";
  EXPECT_NE(key_of(plan_with(), changed), key);
}

TEST(snapshot_key, a_plan_that_cannot_start_from_one_says_why) {
  EXPECT_EQ(why_not(plan_with()), "");
  EXPECT_EQ(why_not(plan_with("argv = [\"python3\", \"main.py\", \"x\"]\n")), "");
  EXPECT_EQ(why_not(plan_with("argv = [\"python3\", \"-c\", \"pass\"]\n")), "its argv does not name the source");
  EXPECT_EQ(why_not(plan_with("determinism.aslr = true\n")),
            "determinism.aslr = true: all runs from one snapshot have the same addresses");
  EXPECT_EQ(why_not(plan_with("determinism.aslr = false\n")), "");
  EXPECT_EQ(why_not(plan_with("limits.address_space = \"1GiB\"\n")),
            "limits.address_space counts what a snapshot maps in another way");
  Plan unknown = plan_with();
  unknown.kind.snapshot.is_supported = false;
  EXPECT_EQ(why_not(unknown), "the image python is not known to start from one");
  Plan without_hook = plan_with("snapshot.preload = [\"json\"]\n");
  EXPECT_EQ(why_not(without_hook), "");
  without_hook.kind.snapshot.hook = InterpreterHook::None;
  EXPECT_EQ(why_not(without_hook), "the image python is not known to load modules ahead");
}

TEST(snapshot_files, a_change_of_any_file_that_was_looked_at_is_found) {
  const TemporaryFolder folder;
  const std::string file = folder.write("file", "one").string();
  const std::string absent = (folder.path() / "absent").string();
  const std::vector<LookedAt> all = {{file, look_at(file)}, {absent, look_at(absent)}};
  ASSERT_TRUE(all[0].identity);
  ASSERT_FALSE(all[1].identity);
  EXPECT_EQ(find_changed(all), nullptr);
  folder.write("absent", "it came");
  ASSERT_NE(find_changed(all), nullptr);
  EXPECT_EQ(find_changed(all)->path, absent);
  std::filesystem::remove(absent);
  EXPECT_EQ(find_changed(all), nullptr);
  // As an upgrade does: another file under the same name.
  folder.write("new", "one");
  std::filesystem::rename(folder.path() / "new", file);
  ASSERT_NE(find_changed(all), nullptr);
  EXPECT_EQ(find_changed(all)->path, file);
}

TEST(snapshot_calls, what_a_snapshot_cannot_carry_is_told_from_what_it_can) {
  const auto effect = [](long number, CallArguments arguments) {
    return effect_of(static_cast<std::uint64_t>(number), arguments);
  };
  EXPECT_EQ(effect(SYS_mmap, {}), Effect::Memory);
  EXPECT_EQ(effect(SYS_read, {3}), Effect::Descriptor);
  EXPECT_EQ(effect(SYS_read, {0}), Effect::Strange) << "standard input is the run's";
  EXPECT_EQ(effect(SYS_openat, {0, 0, O_RDONLY | O_CLOEXEC}), Effect::Looks);
  EXPECT_EQ(effect(SYS_openat, {0, 0, O_RDWR}), Effect::Looks);
  EXPECT_TRUE(opens_to_write(SYS_openat, {0, 0, O_RDWR}));
  EXPECT_FALSE(opens_to_write(SYS_openat, {0, 0, O_RDONLY | O_CLOEXEC}));
  EXPECT_TRUE(opens_to_write(SYS_open, {0, O_WRONLY}));
  EXPECT_FALSE(opens_to_write(SYS_newfstatat, {0, 0, O_WRONLY}));
  EXPECT_EQ(effect(SYS_openat, {0, 0, O_RDONLY | O_CREAT}), Effect::Strange);
  EXPECT_EQ(effect(SYS_prlimit64, {0, 3, 0, 1}), Effect::Memory);
  EXPECT_EQ(effect(SYS_prlimit64, {0, 3, 1, 0}), Effect::Strange);
  EXPECT_EQ(effect(SYS_fcntl, {1, F_GETFL}), Effect::Memory);
  EXPECT_EQ(effect(SYS_fcntl, {1, F_SETFL}), Effect::Strange);
  for (const int number : {SYS_clone, SYS_clone3, SYS_bind, SYS_pipe2, SYS_write, SYS_chdir, SYS_umask, SYS_setitimer,
                           SYS_timer_create, SYS_epoll_ctl, SYS_eventfd2, SYS_execve, SYS_kill, 4242}) {
    EXPECT_EQ(effect(number, {}), Effect::Strange) << number;
  }
}

Recorded recorded_in(const std::filesystem::path& folder, const std::string& name, std::size_t size) {
  Recorded recorded;
  recorded.start.file = folder / name;
  recorded.start.path = "/.snapshot/p";
  recorded.start.argv = {"p", "main"};
  recorded.start.env = {{"A", "1"}};
  recorded.start.share = 3_MiB;
  recorded.start.cpu = std::chrono::milliseconds(7);
  recorded.looked_at = {{"/nowhere", std::nullopt}, {"/", look_at("/")}};
  std::filesystem::remove(recorded.start.file);
  test::TemporaryFolder scratch;
  std::filesystem::copy_file(scratch.write("x", std::string(size, 'x')), recorded.start.file);
  return recorded;
}

TEST(snapshot_description, is_read_as_it_was_written) {
  const TemporaryFolder folder;
  const Recorded before = recorded_in(folder.path(), "a", 10);
  const Outcome outcome = read_description(describe(before), before.start.file);
  const auto& after = std::get<Recorded>(outcome);
  EXPECT_EQ(after.start.file, before.start.file);
  EXPECT_EQ(after.start.path, before.start.path);
  EXPECT_EQ(after.start.argv, before.start.argv);
  EXPECT_EQ(after.start.env, before.start.env);
  EXPECT_EQ(after.start.share, before.start.share);
  EXPECT_EQ(after.start.cpu, before.start.cpu);
  ASSERT_EQ(after.looked_at.size(), 2U);
  EXPECT_EQ(after.looked_at[0].identity, std::nullopt);
  EXPECT_EQ(after.looked_at[1].identity, before.looked_at[1].identity);
  EXPECT_EQ(std::get<NotRecorded>(read_description(describe(NotRecorded{"a reason"}), "")).why, "a reason");
  for (const char* broken : {"", "{", "{}", R"({"path": 1})"}) {
    EXPECT_EQ(std::get<NotRecorded>(read_description(broken, "")).why, "its recorder was ended") << broken;
  }
}

TEST(snapshot_store, keeps_what_was_used_last_within_its_bound) {
  Store store(Bytes{250});
  const std::filesystem::path folder = store.folder();
  for (const char* key : {"a", "b"}) EXPECT_TRUE(store.take(key, recorded_in(folder, key, 100)));
  EXPECT_TRUE(store.find("a"));
  EXPECT_TRUE(store.take("c", recorded_in(folder, "c", 100)));
  EXPECT_FALSE(store.find("b"));
  EXPECT_FALSE(std::filesystem::exists(folder / "b"));
  EXPECT_TRUE(store.find("a"));
  EXPECT_TRUE(store.find("c"));
}

TEST(snapshot_store, a_file_stays_as_long_as_somebody_may_start_from_it) {
  Store store(Bytes{100});
  const std::filesystem::path folder = store.folder();
  auto held = store.take("a", recorded_in(folder, "a", 100));
  EXPECT_TRUE(store.take("b", recorded_in(folder, "b", 100)));
  EXPECT_FALSE(store.find("a"));
  EXPECT_TRUE(std::filesystem::exists(held->file));
  held.reset();
  EXPECT_FALSE(std::filesystem::exists(folder / "a"));
}

TEST(snapshot_store, one_that_failed_twice_is_not_used_again_and_is_named) {
  Store store;
  const auto snapshot = store.take("a", recorded_in(store.folder(), "a", 10));
  EXPECT_FALSE(store.note_failure(*snapshot, "mmap: no"));
  EXPECT_TRUE(store.find("a"));
  EXPECT_TRUE(store.note_failure(*snapshot, "mmap: no"));
  EXPECT_FALSE(store.find("a"));
  ASSERT_NE(store.refused("a"), nullptr);
  EXPECT_EQ(*store.refused("a"), "mmap: no");
  EXPECT_EQ(store.refused("b"), nullptr);
}

TEST(snapshot_store, one_is_due_after_so_many_runs_and_after_so_long_and_serves_on) {
  Store store;
  const auto snapshot = store.take("a", recorded_in(store.folder(), "a", 10));
  SnapshotUse use;
  use.renew_runs = 2;
  EXPECT_FALSE(store.is_due("a", use));
  store.note_run(*snapshot);
  EXPECT_FALSE(store.is_due("a", use));
  store.note_run(*snapshot);
  EXPECT_TRUE(store.is_due("a", use));
  EXPECT_EQ(store.find("a"), snapshot);
  use.renew_runs = 3;
  EXPECT_FALSE(store.is_due("a", use));
  use.renew_after = Duration(1);
  EXPECT_TRUE(store.is_due("a", use));
  EXPECT_FALSE(store.is_due("b", use)) << "there is none";
}

TEST(snapshot_store, a_recorder_that_somebody_ended_says_nothing_of_the_interpreter_until_the_third) {
  Store store;
  const NotRecorded ended{"its recorder was ended", true};
  store.take("a", ended);
  store.take("a", ended);
  EXPECT_EQ(store.refused("a"), nullptr);
  store.take("a", ended);
  ASSERT_NE(store.refused("a"), nullptr);
  store.take("b", NotRecorded{"it calls prctl", false});
  ASSERT_NE(store.refused("b"), nullptr);
  EXPECT_EQ(*store.refused("b"), "it calls prctl");
}

TEST(snapshot_store, its_folder_is_for_this_user_alone_and_gone_with_it) {
  std::filesystem::path folder;
  {
    Store store;
    folder = store.folder();
    EXPECT_EQ(std::filesystem::status(folder).permissions(), std::filesystem::perms::owner_all);
    Store other;
    EXPECT_NE(other.folder(), folder);
    EXPECT_TRUE(std::filesystem::exists(folder)) << "another store took it for abandoned";
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(snapshot_store, the_folder_of_a_process_that_was_killed_is_removed_by_the_next_one) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    Store store;
    const std::string folder = store.folder();
    if (::write(ends[1], folder.data(), folder.size()) < 0) ::_exit(1);
    ::_exit(0);  // as a kill: nothing is destroyed
  }
  ::close(ends[1]);
  char folder[256] = {};
  EXPECT_GT(::read(ends[0], folder, sizeof folder - 1), 0);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  ASSERT_TRUE(std::filesystem::exists(folder));
  Store next;
  EXPECT_NE(next.folder(), folder);
  EXPECT_FALSE(std::filesystem::exists(folder));
}

}  // namespace
}  // namespace evalrun::snapshot
