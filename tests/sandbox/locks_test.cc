// Locks on files: every kind works on files of the run, in processes of one thread and of many, and none can be held on
// a file of the host.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "runtime/core/fd.h"
#include "tests/support/command.h"
#include "tests/support/linked_tree.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

// Words of the probe: `lock KIND PATH` opens the file and locks it, `locks-many N` first starts N threads that wait.
std::string locking(const std::string& kind, const std::string& path) {
  return "\"lock\", \"" + kind + "\", \"" + path + "\"";
}

PlanRun run_locks(const std::string& words, const std::string& more = "") {
  return run_plan("argv = [\"/work/locker\", " + words + "]\nfiles.locker = { from = \"" + probe("locker").string() +
                  "\", mode = \"0755\" }\n" + more);
}

constexpr const char* kKinds[] = {"flock", "flock-shared", "posix", "posix-shared", "ofd", "ofd-shared"};

TEST(locks, every_kind_is_had_on_each_place_of_the_run_by_one_thread_and_by_many) {
  for (const char* threads : {"0", "3"}) {
    for (const std::string& place : {std::string("/work/f"), std::string("/tmp/f"), std::string("/dev/shm/f")}) {
      for (const char* kind : kKinds) {
        const PlanRun run = run_locks(std::string("\"threads\", \"") + threads + "\", " + locking(kind, place));
        EXPECT_EQ(run.output(), std::string("lock ") + kind + ": ok\n")
            << threads << " " << place << run.command.error_output << run.error_output();
      }
    }
  }
  EXPECT_EQ(run_locks(locking("flock", "/mine/f"), "[[mount]]\ntmpfs = \"1MiB\"\nat = \"/mine\"\n").output(),
            "lock flock: ok\n")
      << "a tmpfs of the plan is the run's own";
}

TEST(locks, a_second_process_is_kept_out_until_the_first_lets_go) {
  for (const char* threads : {"0", "3"}) {
    for (const char* kind : {"flock", "posix", "ofd"}) {
      const PlanRun run =
          run_locks(std::string("\"threads\", \"") + threads + "\", \"contend\", \"" + kind + "\", \"/work/f\"");
      EXPECT_EQ(run.output(), std::string("contend ") + kind + ": refused at once, had after the other let go\n")
          << threads << run.error_output();
    }
  }
}

TEST(locks, no_lock_can_be_held_on_a_file_of_the_host) {
  const LinkedTree tree;
  tree.file("host/data");
  const std::string read = "[[mount]]\nbind = \"" + tree.at("host") + "\"\nat = \"/data\"\n";
  for (const std::string& mount : {read, read + "write = true\n"}) {
    for (const char* threads : {"0", "3"}) {
      for (const char* kind : kKinds) {
        const PlanRun run = run_locks(std::string("\"threads\", \"") + threads + "\", " + locking(kind, "/data/data") +
                                          ", \"ask\", \"/data/data\"",
                                      mount);
        EXPECT_EQ(run.output(), std::string("lock ") + kind + ": ENOLCK\nask: ENOLCK\n")
            << threads << run.error_output();
        EXPECT_NE(run.result.dump().find("locks on files were refused (ENOLCK)"), std::string::npos)
            << run.result.dump();
      }
    }
  }
  // The operator's own word takes the supervisor out of the way: seen from the host while the program holds it.
  const PlanRun allowed = run_locks(locking("flock", "/data/data"), "[seccomp]\nallow = [\"flock\"]\n" + read);
  EXPECT_EQ(allowed.output(), "lock flock: ok\n") << allowed.error_output();
}

// A lock on the host's file would keep this process out while the run lasts: it asks again and again meanwhile.
TEST(locks, a_thread_that_changes_the_descriptor_meanwhile_never_gets_a_lock_on_the_host) {
  const LinkedTree tree;
  tree.file("host/data");
  const Fd file(::open(tree.at("host/data").c_str(), O_RDWR | O_CLOEXEC));
  std::atomic<bool> ends{false};
  std::atomic<int> kept_out{0}, looks{0};
  std::thread looker([&] {
    while (!ends) {
      ++looks;
      if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) ++kept_out;
      ::flock(file.get(), LOCK_UN);
      struct flock range {};
      range.l_type = F_WRLCK;
      if (::fcntl(file.get(), F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK) ++kept_out;
    }
  });
  const PlanRun run = run_locks(
      "\"race\", \"/work/f\", \"/data/data\", \"300\"",
      "[[mount]]\nbind = \"" + tree.at("host") + "\"\nat = \"/data\"\n[limits]\ncpu = \"20s\"\nwall = \"40s\"\n");
  ends = true;
  looker.join();
  EXPECT_EQ(run.verdict(), "OK") << run.result.dump(1);
  EXPECT_NE(run.output().find("race: 300 tries"), std::string::npos) << run.output() << run.error_output();
  EXPECT_EQ(kept_out, 0);
  EXPECT_GT(looks, 300);
}

}  // namespace
}  // namespace evalrun::test
