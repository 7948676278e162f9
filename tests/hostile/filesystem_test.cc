// Threats 1 to 22: the file system.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "runtime/core/fd.h"
#include "tests/hostile/hostile.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

namespace fs = std::filesystem;

std::string bind_mount(const fs::path& source, const std::string& at, const std::string& more = "") {
  return "[[mount]]\nbind = " + quoted(source.string()) + "\nat = " + quoted(at) + "\n" + more;
}

// A folder that the program may write to whoever started evalrun.
fs::path open_folder(const TemporaryFolder& folder, const std::string& name) {
  const fs::path path = folder.path() / name;
  fs::create_directories(path);
  fs::permissions(path, fs::perms(0777));
  return path;
}

// The run in a mount namespace of its own in which `mounting` was done first; exit code 77 where that is not possible.
Finished run_after_mounting(const std::string& mounting, const fs::path& plan) {
  std::vector<std::string> argv = {"unshare", "-m"};
  if (::geteuid() != 0) argv.insert(argv.begin() + 1, "-r");
  argv.insert(argv.end(), {"sh", "-c", "{ " + mounting + "; } || exit 77; exec \"$0\" run --format json \"$1\"",
                           evalrun().string(), plan.string()});
  return run_command(argv);
}

// Rows 1 and 22.
TEST(filesystem, files_of_the_host_do_not_exist_inside_while_its_own_do) {
  const std::string tests = (source_dir() / "tests").string();
  const PlanRun run = run_hostile({"open", "/etc/passwd", "0", "open", "/etc/shadow", "0", "access", "/etc/shadow",
                                   "open", "/root/.ssh", "0", "access", "/home", "open", tests, "0", "access", tests});
  EXPECT_EQ(run.output(),
            "open /etc/passwd OK\nopen /etc/shadow ENOENT\naccess /etc/shadow ENOENT\nopen /root/.ssh ENOENT\n"
            "access /home ENOENT\nopen " +
                tests + " ENOENT\naccess " + tests + " ENOENT\n")
      << shown(run);
}

// Row 2.
TEST(filesystem, a_kept_folder_chroot_and_dots_lead_nowhere) {
  const PlanRun run = run_hostile({"escape-by-kept-folder", "open", "/../../../etc/shadow", "0", "open",
                                   "/../../../etc/passwd", "0", "open", "/proc/self/root/../etc/shadow", "0"});
  EXPECT_EQ(run.output(),
            "open / OK\nchroot EPERM\n.. of / is /\nopen /../../../etc/shadow ENOENT\n"
            "open /../../../etc/passwd OK\nopen /proc/self/root/../etc/shadow ENOENT\n")
      << shown(run);
  const PlanRun allowed = run_hostile({"escape-by-kept-folder"}, "[seccomp]\nallow = [\"chroot\"]\n");
  EXPECT_EQ(allowed.command.exit_code, 2) << shown(allowed);
}

// Row 4.
TEST(filesystem, the_working_folder_is_inside_the_new_root) {
  const PlanRun run =
      run_plan(probe_plan("probe", {"cwd", "stat", "../etc/passwd", "stat", "../../../../etc/shadow", "stat",
                                    "/proc/self/cwd/../etc/shadow", "stat", "/proc/self/cwd/probe"}));
  EXPECT_EQ(run.output(),
            "cwd /work\nstat ../etc/passwd OK\nstat ../../../../etc/shadow ENOENT\n"
            "stat /proc/self/cwd/../etc/shadow ENOENT\nstat /proc/self/cwd/probe OK\n")
      << shown(run);
}

// Row 5: the mount first, then landlock where the mount would allow it.
TEST(filesystem, a_read_only_bind_cannot_be_written_and_landlock_holds_where_the_mount_does_not) {
  const TemporaryFolder folder;
  const fs::path data = open_folder(folder, "data");
  folder.write("data/a", "a");
  fs::permissions(data / "a", fs::perms(0666));
  fs::create_directories(data / "open");
  fs::permissions(data / "open", fs::perms(0777));
  const std::vector<std::string> words = {"read",   "/d/a", "write-to", "/d/a", "create", "/d/new", "truncate", "/d/a",
                                          "unlink", "/d/a", "rename",   "/d/a", "/d/b",   "chmod",  "0600",     "/d/a"};
  const PlanRun run = run_plan(probe_plan("probe", words, bind_mount(data, "/d")));
  EXPECT_EQ(run.output(),
            "read /d/a OK\nwrite-to /d/a EROFS\ncreate /d/new EROFS\ntruncate /d/a EROFS\nunlink /d/a EROFS\n"
            "rename /d/b EROFS\nchmod /d/a EROFS\n")
      << shown(run);
  const PlanRun narrowed = run_plan(probe_plan(
      "probe", {"create", "/d/open/new", "write-to", "/d/a", "create", "/d/new", "truncate", "/d/a", "unlink", "/d/a"},
      bind_mount(data, "/d", "write = true\n") + "[landlock]\nwrite = [\"/d/open\"]\ndelete = [\"/d/open\"]\n"));
  EXPECT_EQ(narrowed.output(),
            "create /d/open/new OK\nwrite-to /d/a EACCES\ncreate /d/new EACCES\ntruncate /d/a EACCES\n"
            "unlink /d/a EACCES\n")
      << shown(narrowed);
  EXPECT_EQ(read_file(data / "a"), "a");
}

// Row 6.
TEST(filesystem, a_mount_below_a_read_only_bind_cannot_be_written_either) {
  const TemporaryFolder folder;
  const fs::path data = open_folder(folder, "data");
  fs::create_directories(data / "below");
  const fs::path plan = folder.write(
      "plan.toml",
      probe_plan("probe", {"create", "/d/new", "create", "/d/below/new", "list", "/d/below", "create", "/work/new"},
                 bind_mount(data, "/d")));
  const Finished run = run_after_mounting("mount -t tmpfs -o mode=0777 none " + (data / "below").string(), plan);
  if (run.exit_code == 77) EVALRUN_SKIP("mounting a tmpfs in a namespace of its own");
  EXPECT_EQ(nlohmann::json::parse(run.output).at("stdout").at("text"),
            "create /d/new EROFS\ncreate /d/below/new EROFS\nlist /d/below OK\ncreate /work/new OK\n")
      << run.error_output;
}

// Rows 7 and 8.
TEST(filesystem, a_socket_fifo_or_device_in_a_bind_is_a_plan_error) {
  const TemporaryFolder folder;
  const fs::path data = open_folder(folder, "data");
  const std::string plan = probe_plan("probe", {"say", "x"});
  EXPECT_EQ(run_plan(plan + bind_mount(data, "/d")).verdict(), "OK");

  ASSERT_EQ(::mkfifo((data / "pipe").c_str(), 0600), 0);
  for (const fs::path& source : {data, data / "pipe"}) {
    const PlanRun run = run_plan(plan + bind_mount(source, "/d"));
    EXPECT_EQ(run.command.exit_code, 2);
    EXPECT_NE(run.command.error_output.find("a FIFO"), std::string::npos) << shown(run);
  }
  fs::remove(data / "pipe");

  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = (data / "sock").string();
  ASSERT_LT(name.size(), sizeof address.sun_path);
  name.copy(address.sun_path, name.size());
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  for (const fs::path& source : {data, data / "sock"}) {
    const PlanRun run = run_plan(plan + bind_mount(source, "/d"));
    EXPECT_EQ(run.command.exit_code, 2);
    EXPECT_NE(run.command.error_output.find("a socket"), std::string::npos) << shown(run);
  }
  const PlanRun device = run_plan(plan + bind_mount("/dev/null", "/d"));
  EXPECT_EQ(device.command.exit_code, 2);
  EXPECT_NE(device.command.error_output.find("a character device"), std::string::npos) << shown(device);
}

// What the host mounts while a run lives stays the host's. It is mounted when the program has said that it is up; the
// end of the program's input says that it has been.
TEST(filesystem, what_is_mounted_later_below_a_source_does_not_appear_inside) {
  const TemporaryFolder folder;
  const fs::path data = open_folder(folder, "data");
  fs::create_directories(data / "below");
  const fs::path plan = folder.write(
      "plan.toml", probe_plan("probe", {"say", "up", "count-input", "list", "/d/below", "stat", "/d/below/mark"},
                              "stdin = \"inherit\"\nstdout = { file = " + quoted((folder.path() / "out").string()) +
                                  " }\n" + bind_mount(data, "/d")));
  std::vector<std::string> argv = {"unshare", "-m", "--propagation", "shared"};
  if (::geteuid() != 0) argv.insert(argv.begin() + 1, "-r");
  argv.insert(argv.end(), {"sh", "-c",
                           "cd \"$2\" && mount -t tmpfs none data && mkdir data/below || exit 77\n"
                           "{ until grep -q up out 2>/dev/null; do sleep 0.01; done\n"
                           "mount -t tmpfs none data/below && touch data/below/mark && ls data/below >seen; } |\n"
                           "\"$0\" run \"$1\" --output result",
                           evalrun().string(), plan.string(), folder.path().string()});
  const Finished run = run_command(argv);
  if (run.exit_code == 77) EVALRUN_SKIP("mounting a tmpfs in a namespace of its own");
  EXPECT_EQ(run.exit_code, 0) << run.output << run.error_output << read_file(folder.path() / "result");
  EXPECT_EQ(read_file(folder.path() / "seen"), "mark\n");
  EXPECT_EQ(read_file(folder.path() / "out"), "up\ninput 0\nlist /d/below OK\nstat /d/below/mark ENOENT\n");
}

// Rows 7 and 8: /proc and the like, and what holds one of them. The twins: the same folder with a tmpfs in that place.
TEST(filesystem, a_file_system_of_the_kernels_is_a_plan_error_as_a_source_and_below_one) {
  const PlanRun on_it = run_plan(probe_plan("probe", {"say", "x"}, bind_mount("/proc/self/task", "/d")));
  EXPECT_EQ(on_it.command.exit_code, 2) << shown(on_it);
  EXPECT_NE(on_it.command.error_output.find("its source /proc/self/task lies on a mount of type proc"),
            std::string::npos)
      << shown(on_it);

  const TemporaryFolder folder;
  const fs::path below = open_folder(folder, "data/below");
  const fs::path plan =
      folder.write("plan.toml", probe_plan("probe", {"say", "x"}, bind_mount(below.parent_path(), "/d")));
  const Finished twin = run_after_mounting("mount -t tmpfs none " + below.string(), plan);
  if (twin.exit_code == 77) EVALRUN_SKIP("mounting a tmpfs in a namespace of its own");
  EXPECT_EQ(twin.exit_code, 0) << twin.output << twin.error_output;
  const Finished holds_it = run_after_mounting("mount --rbind /proc " + below.string(), plan);
  EXPECT_EQ(holds_it.exit_code, 2) << holds_it.output;
  EXPECT_NE(holds_it.error_output.find(" holds " + below.string() + ", a mount of type proc"), std::string::npos)
      << holds_it.error_output;
}

// Row 8: what evalrun has no descriptors left to look at must not count as looked at.
TEST(filesystem, a_fifo_below_very_many_folders_is_found_however_few_descriptors_there_are) {
  const TemporaryFolder folder;
  constexpr int kDepth = 150;
  fs::path deepest = open_folder(folder, "data");
  for (int i = 0; i < kDepth; ++i) deepest /= "d";
  fs::create_directories(deepest);
  ASSERT_EQ(::mkfifo((deepest / "pipe").c_str(), 0600), 0);
  const fs::path plan = folder.write(
      "plan.toml",
      probe_plan("probe", {"say", "x"}, "limits.open_files = 16\n" + bind_mount(folder.path() / "data", "/d")));
  const Finished run = run_command(
      {"sh", "-c", "ulimit -n 128; exec \"$0\" run --format json \"$1\"", evalrun().string(), plan.string()});
  EXPECT_NE(run.exit_code, 0) << run.output;
}

// Row 12.
TEST(filesystem, a_program_of_the_host_cannot_be_linked_into_the_workspace) {
  const PlanRun run = run_plan(probe_plan("probe", {"link", "/d/env", "/work/env", "link", "/work/probe", "/work/own"},
                                          bind_mount("/usr/bin", "/d", "exec = true\n")));
  EXPECT_EQ(run.output(), "link /work/env EXDEV\nlink /work/own OK\n") << shown(run);
}

// Rows 13, 14 and 144: outputs that are links, lie behind links, or are no files.
TEST(filesystem, a_collected_file_is_a_regular_file_reached_without_links) {
  const TemporaryFolder folder;
  const fs::path saved = folder.path() / "saved";
  const auto began = std::chrono::steady_clock::now();
  const PlanRun run = run_plan(
      probe_plan(
          "probe",
          {"create",      "/work/good", "symlink",    "/etc/passwd", "/work/link",   "symlink", "/etc",
           "/work/dir",   "mkfifo",     "/work/fifo", "mkdir",       "/work/folder", "symlink", "/proc/self/root/etc",
           "/work/magic", "mkdir",      "/work/in",   "create",      "/work/in/x",   "rename",  "/work/in",
           "/work/was",   "symlink",    "/work/was",  "/work/in"},
          "collect = [\"good\", \"link\", \"dir/passwd\", \"fifo\", \"folder\", \"magic/passwd\", \"in/x\", "
          "\"absent\", { path = \"absent2\", optional = true }]\n"),
      {"--save-to", saved.string()});
  ASSERT_EQ(run.verdict(), "OK") << shown(run);
  const nlohmann::json& files = run.result.at("files");
  ASSERT_EQ(files.size(), 8u) << files;
  EXPECT_EQ(files[0].at("saved_as"), (saved / "good").string());
  const auto error_of = [&](std::size_t i) { return files[i].value("error", "none"); };
  for (const std::size_t i : {1U, 2U, 5U, 6U})
    EXPECT_EQ(error_of(i), "openat2: Too many levels of symbolic links") << files[i];
  EXPECT_EQ(error_of(3), "not a regular file");
  EXPECT_EQ(error_of(4), "not a regular file");
  EXPECT_EQ(error_of(7), "openat2: No such file or directory");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
  // Nothing but the one file was made outside.
  std::vector<std::string> made;
  for (const auto& entry : fs::recursive_directory_iterator(saved)) made.push_back(entry.path().filename());
  EXPECT_EQ(made, std::vector<std::string>{"good"});
}

// Row 13 from the other side: the folder that files are saved to may be one that the program writes to.
TEST(filesystem, a_link_planted_where_files_are_saved_is_not_followed) {
  const TemporaryFolder folder;
  const fs::path shared = open_folder(folder, "shared");
  const fs::path victim = open_folder(folder, "victim");
  const PlanRun run = run_plan(probe_plan("probe", {"symlink", victim.string(), "/s/sub"},
                                          "files.\"sub/x\" = { text = \"hostile\" }\ncollect = [\"sub/x\"]\n" +
                                              bind_mount(shared, "/s", "write = true\n")),
                               {"--save-to", shared.string()});
  ASSERT_EQ(run.output(), "symlink /s/sub OK\n") << shown(run);
  EXPECT_FALSE(fs::exists(victim / "x")) << "written through the program's link";
  EXPECT_NE(run.result.at("files").at(0).value("error", ""), "") << shown(run);
}

TEST(filesystem, a_link_or_fifo_planted_where_the_result_goes_is_not_followed) {
  const TemporaryFolder folder;
  const fs::path shared = open_folder(folder, "shared");
  const fs::path victim = folder.write("victim", "precious");
  const std::string mount = bind_mount(shared, "/s", "write = true\n");
  const auto run = [&](const std::vector<std::string>& words) {
    const fs::path plan = folder.write("plan.toml", probe_plan("probe", words, mount));
    return run_command({"timeout", "-k", "1", "5", evalrun().string(), "run", plan.string(), "--output",
                        (shared / "result").string()});
  };
  run({"symlink", victim.string(), "/s/result"});
  EXPECT_EQ(read_file(victim), "precious");
  fs::remove(shared / "result");
  EXPECT_NE(run({"mkfifo", "/s/result"}).exit_code, 124) << "evalrun waits for a reader of the program's FIFO";
}

// Row 15.
TEST(filesystem, a_sparse_terabyte_is_neither_made_nor_copied) {
  const TemporaryFolder folder;
  const fs::path saved = folder.path() / "saved";
  const PlanRun stopped =
      run_plan(probe_plan("probe", {"sparse", "/work/small", "1024", "sparse", "/work/big", "1099511627776"}));
  EXPECT_EQ(stopped.output(), "sparse /work/small OK\n");
  EXPECT_EQ(stopped.verdict(), "OLE") << shown(stopped);
  EXPECT_EQ(limit_of(stopped), "file_size");
  const PlanRun made =
      run_plan(probe_plan("probe", {"sparse", "/work/small", "1024", "sparse", "/work/big", "1099511627776"},
                          "limits.file_size = \"1TiB\"\ncollect = [\"small\", \"big\"]\n"),
               {"--save-to", saved.string()});
  EXPECT_EQ(made.verdict(), "OK") << shown(made);
  EXPECT_EQ(made.result.at("files").at(0).value("bytes", 0), 1024);
  EXPECT_EQ(made.result.at("files").at(1).value("error", ""), "larger than 16MiB");
  EXPECT_FALSE(fs::exists(saved / "big"));
}

// Row 17.
TEST(filesystem, a_mount_point_behind_a_link_is_refused) {
  const TemporaryFolder folder;
  const fs::path data = open_folder(folder, "data");
  fs::create_directories(data / "real");
  fs::create_directory_symlink("/etc", data / "link");
  const fs::path other = open_folder(folder, "other");
  const std::string plan = probe_plan("probe", {"list", "/d/real"});
  const PlanRun good = run_plan(plan + bind_mount(data, "/d") + bind_mount(other, "/d/real"));
  EXPECT_EQ(good.output(), "list /d/real OK\n") << shown(good);
  const PlanRun bad = run_plan(plan + bind_mount(data, "/d") + bind_mount(other, "/d/link"));
  EXPECT_EQ(bad.command.exit_code, 2) << shown(bad);
  EXPECT_NE(bad.command.error_output.find("Too many levels of symbolic links"), std::string::npos) << shown(bad);
}

// Row 18.
TEST(filesystem, names_with_any_byte_are_handled) {
  const TemporaryFolder folder;
  const PlanRun run =
      run_plan(hostile_plan({"name-strangely", "/work"}, "collect = [\"new\\nline\", \" \", \"-rf\"]\n"),
               {"--save-to", (folder.path() / "saved").string()});
  EXPECT_EQ(run.output(),
            "name of 8 OK\nname of 2 OK\nname of 255 OK\nname of 256 ENAMETOOLONG\nname of 1 OK\nname of 3 OK\n")
      << shown(run);
  for (const char* name : {"new\nline", " ", "-rf"}) EXPECT_TRUE(fs::exists(folder.path() / "saved" / name)) << name;
}

// Row 19.
TEST(filesystem, a_deep_tree_without_permissions_is_gone_at_once) {
  const auto began = std::chrono::steady_clock::now();
  const PlanRun run = run_hostile({"dig", "/work/d", "1500"}, "limits.cpu = \"30s\"\nlimits.wall = \"30s\"\n");
  EXPECT_EQ(run.output(), "dug 1500 OK\n") << shown(run);
  EXPECT_LT(run.result.at("timing_us").at("teardown"), 1'000'000);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(30));
}

// Row 20: EOPNOTSUPP, since cp -p goes on after it.
TEST(filesystem, extended_attributes_cannot_be_written_while_permissions_can) {
  const PlanRun run = run_hostile({"open", "/work/f", "65", "attributes", "/work/f"});
  EXPECT_EQ(run.output(), "open /work/f OK\nsetxattr EOPNOTSUPP\nremovexattr EOPNOTSUPP\nchmod OK\n") << shown(run);
  if (::access("/usr/bin/cp", X_OK) != 0 || !fs::exists(source_dir() / "images/bash.toml")) EVALRUN_SKIP("coreutils");
  const PlanRun copied = run_plan("image = " + quoted((source_dir() / "images/bash.toml").string()) +
                                  "\nargv = [\"cp\", \"-p\", \"/etc/passwd\", \"/work/copy\"]\n");
  EXPECT_EQ(copied.verdict(), "OK") << shown(copied);
}

// Row 21: no way to put pages of a read-only file into a pipe.
TEST(filesystem, the_primitives_of_page_cache_writes_are_absent) {
  const PlanRun run = run_hostile(
      {"call-each", "splice", "vmsplice", "tee", "then", "call", "socket", "38", "5", "0", "then", "pipe-size"});
  EXPECT_EQ(
      run.output(),
      "call splice ENOSYS\ncall vmsplice ENOSYS\ncall tee ENOSYS\ncall socket EAFNOSUPPORT\npipe OK\nsetpipe EPERM\n"
      "packet mode OK\n")
      << shown(run);
}

// Row 131: nothing that one run writes is there for the next.
TEST(filesystem, temporary_folders_are_fresh_for_every_run) {
  const std::vector<std::string> words = {"create", "/tmp/x", "create", "/dev/shm/x", "create", "/work/x"};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(run_plan(probe_plan("probe", words)).output(),
              "create /tmp/x OK\ncreate /dev/shm/x OK\ncreate /work/x OK\n");
  }
}

}  // namespace
}  // namespace evalrun::test
