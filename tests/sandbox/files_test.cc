// What is placed, what is mounted, what is collected.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "runtime/core/fd.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

TEST(files, text_and_host_files_are_placed_with_their_modes) {
  const TemporaryFolder folder;
  folder.write("in/a.txt", "from the host\n");
  const PlanRun run = run_plan_in(folder, probe_plan("probe", {"cat", "a.txt", "cat", "/work/deep/er/b.txt", "write-to",
                                                               "deep/er/b.txt", "write-to", "a.txt"}) +
                                              "files.\"a.txt\" = { from = \"in/a.txt\" }\nfiles.\"deep/er/b.txt\" = { "
                                              "text = \"text\\n\", mode = \"0444\" }\n");
  EXPECT_EQ(run.output(), "from the host\ntext\nwrite-to deep/er/b.txt EACCES\nwrite-to a.txt OK\n")
      << run.command.output << run.command.error_output;
  EXPECT_EQ(read_file(folder.path() / "in/a.txt"), "from the host\n");
}

// More than one message to the sandbox may carry (SCM_MAX_FD is 253).
TEST(files, three_hundred_host_files_are_placed_each_with_its_own_content) {
  constexpr int kFiles = 300;
  const TemporaryFolder folder;
  std::vector<std::string> words;
  std::string files, expected;
  for (int i = 0; i < kFiles; ++i) {
    const std::string name = std::to_string(i);
    folder.write("in/" + name, "content " + name + "\n");
    files += "files.\"placed/" + name + "\" = { from = \"in/" + name + "\" }\n";
    words.insert(words.end(), {"cat", "placed/" + name});
    expected += "content " + name + "\n";
  }
  const PlanRun run = run_plan_in(folder, probe_plan("probe", words) + files);
  EXPECT_EQ(run.output(), expected) << run.command.error_output;
}

TEST(files, work_may_be_executed_from_and_tmp_and_shm_may_not) {
  const PlanRun run = run_plan(probe_plan("probe", {"mappable", "/work/probe", "link", "/work/probe", "/tmp/probe",
                                                    "execute", "/dev/null", "execute", "/work/probe"}));
  EXPECT_EQ(run.output(), "map-exec /work/probe OK\nlink /tmp/probe EXDEV\nexecute /dev/null EACCES\n")
      << run.command.output;
}

TEST(files, a_bind_is_read_only_by_default_and_writable_when_asked) {
  const TemporaryFolder folder;
  folder.write("ro/a", "a");
  folder.write("rw/a", "a");
  std::filesystem::permissions(folder.path() / "rw", std::filesystem::perms(0777));
  const PlanRun run = run_plan_in(
      folder, probe_plan("probe", {"read", "/ro/a", "create", "/ro/b", "create", "/rw/b", "unlink", "/rw/b"}) +
                  "[[mount]]\nbind = \"ro\"\nat = \"/ro\"\n[[mount]]\nbind = \"rw\"\nat = \"/rw\"\nwrite = true\n");
  EXPECT_EQ(run.output(), "read /ro/a OK\ncreate /ro/b EROFS\ncreate /rw/b OK\nunlink /rw/b OK\n")
      << run.command.output << run.command.error_output;
}

TEST(files, execution_from_a_mount_is_denied_unless_asked) {
  const std::string probes = probe("probe").parent_path().string();
  const std::string mounts = "[[mount]]\nbind = \"" + probes + "\"\nat = \"/no\"\n[[mount]]\nbind = \"" + probes +
                             "\"\nat = \"/yes\"\nexec = true\n";
  const PlanRun run = run_plan(
      probe_plan("probe", {"execute", "/no/probe", "mappable", "/no/probe", "mappable", "/yes/probe"}) + mounts);
  EXPECT_EQ(run.output(), "execute /no/probe EACCES\nmap-exec /no/probe EPERM\nmap-exec /yes/probe OK\n")
      << run.command.output;
}

TEST(files, a_source_that_is_or_holds_a_socket_a_fifo_or_a_device_is_refused_with_its_place) {
  const TemporaryFolder folder;
  folder.write("fifo-inside/sub/file", "x");
  ASSERT_EQ(::mkfifo((folder.path() / "fifo-inside/sub/pipe").c_str(), 0644), 0);
  folder.write("socket-inside/file", "x");
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (folder.path() / "socket-inside/s").string();
  ASSERT_LT(path.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, path.c_str(), path.size());
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const std::pair<const char*, const char*> cases[] = {{"fifo-inside", "holds a FIFO"},
                                                       {"socket-inside", "holds a socket"},
                                                       {"fifo-inside/sub/pipe", "is a FIFO"},
                                                       {"socket-inside/s", "is a socket"},
                                                       {"/dev/null", "is a character device"}};
  for (const auto& [source, why] : cases) {
    const PlanRun run =
        run_plan_in(folder, probe_plan("probe", {}) + "[[mount]]\nbind = \"" + source + "\"\nat = \"/x\"\n");
    EXPECT_EQ(run.command.exit_code, 2) << source;
    EXPECT_NE(run.command.error_output.find(why), std::string::npos) << run.command.error_output;
    EXPECT_NE(run.command.error_output.find("plan.toml:3:"), std::string::npos) << run.command.error_output;
  }
  const PlanRun twin =
      run_plan_in(folder, probe_plan("probe", {}) + "[[mount]]\nbind = \"fifo-inside/sub/file\"\nat = \"/x\"\n");
  EXPECT_EQ(twin.verdict(), "OK") << twin.command.error_output;
  // What --set binds is looked through like the plan's own text.
  const auto set = [&](const std::string& source) {
    return run_plan_in(folder, probe_plan("probe", {}), {"--set", "mount=[{bind=\"" + source + "\", at=\"/x\"}]"});
  };
  EXPECT_NE(set("socket-inside").command.error_output.find("holds a socket"), std::string::npos);
  EXPECT_EQ(set("fifo-inside/sub/file").verdict(), "OK");
}

TEST(files, files_are_collected_and_bounded_and_links_and_fifos_are_refused) {
  const TemporaryFolder folder;
  const PlanRun run = run_plan_in(folder,
                                  probe_plan("probe",
                                             {"fill", "/work/good", "1000", "mkdir", "/work/d", "fill", "/work/d/deep",
                                              "10", "fill", "/work/large", "1001", "symlink", "/etc/passwd",
                                              "/work/link", "symlink", "/etc", "/work/folder", "mkfifo", "/work/fifo"},
                                             "collect = [\"good\", \"d/deep\", { path = \"large\", max = \"1000B\" }, "
                                             "\"link\", \"folder/passwd\", \"fifo\", \"absent\", "
                                             "{ path = \"absent-too\", optional = true }]\n"),
                                  {"--save-to", (folder.path() / "out").string()});
  ASSERT_EQ(run.verdict(), "OK") << run.command.output << run.command.error_output;
  const nlohmann::json& files = run.result.at("files");
  ASSERT_EQ(files.size(), 7U) << files.dump(1);
  EXPECT_EQ(files[0].at("bytes"), 1000);
  EXPECT_EQ(read_file(folder.path() / "out/good"), std::string(1000, 'x'));
  EXPECT_EQ(read_file(folder.path() / "out/d/deep"), std::string(10, 'x'));
  EXPECT_EQ(files[2].at("error"), "larger than 1000B");
  EXPECT_NE(files[3].at("error").get<std::string>().find("symbolic links"), std::string::npos);
  EXPECT_NE(files[4].at("error").get<std::string>().find("symbolic links"), std::string::npos);
  EXPECT_EQ(files[5].at("error"), "not a regular file");
  EXPECT_NE(files[6].at("error").get<std::string>().find("No such file"), std::string::npos);
}

TEST(files, a_sparse_terabyte_is_not_copied) {
  const TemporaryFolder folder;
  const PlanRun run = run_plan_in(folder,
                                  probe_plan("probe", {"sparse", "/work/big", "1099511627776"},
                                             "collect = [\"big\"]\nlimits.file_size = \"1TiB\"\n"),
                                  {"--save-to", (folder.path() / "out").string()});
  EXPECT_EQ(run.result.at("files")[0].at("error"), "larger than 16MiB")
      << run.command.output << run.command.error_output;
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "out/big"));
}

TEST(files, mounts_that_collide_are_refused) {
  const TemporaryFolder folder;
  folder.write("a/x", "x");
  for (const char* at : {"/work", "/proc/x", "/dev", "/usr/../etc", "relative"}) {
    const PlanRun run = run_plan_in(folder, probe_plan("probe", {}) + "[[mount]]\nbind = \"a\"\nat = \"" + at + "\"\n");
    EXPECT_EQ(run.command.exit_code, 2) << at << run.command.output;
  }
  const PlanRun twice = run_plan_in(
      folder, probe_plan("probe", {}) + "[[mount]]\nbind = \"a\"\nat = \"/a\"\n[[mount]]\nbind = \"a\"\nat = \"/a\"\n");
  EXPECT_EQ(twice.command.exit_code, 2);
  const PlanRun nested =
      run_plan_in(folder, probe_plan("probe", {"read", "/work/in/x", "read", "/a/x"}) +
                              "[[mount]]\nbind = \"a\"\nat = \"/work/in\"\n[[mount]]\nbind = \"a\"\nat = \"/a\"\n");
  EXPECT_EQ(nested.output(), "read /work/in/x OK\nread /a/x OK\n") << nested.command.error_output;
}

TEST(files, landlock_lists_narrow_the_mount_that_holds_them) {
  const PlanRun run = run_plan(
      probe_plan("probe", {"create", "/work/out/a", "create", "/work/b", "create", "/tmp/c", "unlink", "/tmp/c",
                           "unlink", "/work/out/a"}) +
      "files.\"out/keep\" = { text = \"\" }\nlandlock.write = [\"/work/out\"]\nlandlock.delete = [\"/work/out\"]\n");
  EXPECT_EQ(run.output(),
            "create /work/out/a OK\ncreate /work/b EACCES\ncreate /tmp/c OK\nunlink /tmp/c OK\nunlink /work/out/a OK\n")
      << run.command.output << run.command.error_output;
  const PlanRun refused = run_plan(probe_plan("probe", {}) + "landlock.write = [\"/proc/1\"]\n");
  EXPECT_EQ(refused.command.exit_code, 2);
}

}  // namespace
}  // namespace evalrun::test
