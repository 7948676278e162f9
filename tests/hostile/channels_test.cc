// What runs could tell each other, or learn of the host, through what they share: the page cache of files that all of
// them read, watches on such files, counters of the machine. And the calls by whose arguments such ways are closed,
// with what real programs need of them.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/hostile/hostile.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using Words = std::vector<std::string>;

PlanRun run_shares(const Words& words, const std::string& more = "") {
  return run_plan(mounted_probe_plan("shares", words, more));
}

// The probe itself stands for a file of an image: on a read-only mount, the host's.
constexpr const char* kShared = "/opt/shares";

// ---- inotify --------------------------------------------------------------------------------------------------------

TEST(channels, what_others_use_cannot_be_watched_and_what_the_run_may_write_can) {
  for (const char* shared : {"/", "/opt", kShared, "/dev", "/dev/null", "/dev/urandom", "/proc"}) {
    EXPECT_EQ(run_shares({"watch", shared}).output(), "watch " + std::string(shared) + " EACCES\n");
  }
  EXPECT_EQ(run_shares({"watch", "/work", "then", "watch", "/tmp", "then", "watch", "/dev/shm"}).output(),
            "watch /work OK\nwatch /tmp OK\nwatch /dev/shm OK\n");
}

TEST(channels, a_watch_that_is_allowed_works_as_the_kernels_own) {
  EXPECT_EQ(run_shares({"watch-and-see", "/work"}).output(),
            "saw new by its watch\nsame, next\nremove OK\nmissing ENOENT\nno pointer EFAULT\nnot a folder ENOTDIR\n"
            "no inotify EINVAL\nthrough a link EACCES\nthe link itself OK\nrelative OK\n");
}

TEST(channels, a_folder_that_the_plan_makes_writable_can_be_watched_and_one_that_it_does_not_cannot) {
  const TemporaryFolder folder;
  folder.write("in/file", "x");
  const auto mount = [&](const char* more) {
    return "[[mount]]\nbind = " + quoted((folder.path() / "in").string()) + "\nat = \"/data\"\n" + more;
  };
  EXPECT_EQ(run_shares({"watch", "/data/file"}, mount("")).output(), "watch /data/file EACCES\n");
  const PlanRun refused = run_shares({"watch", "/data"}, mount(""));
  EXPECT_EQ(refused.output(), "watch /data EACCES\n");
  EXPECT_NE(refused.result.dump().find("only what the run may write can be watched"), std::string::npos)
      << refused.result;
}

// ---- The page cache -------------------------------------------------------------------------------------------------

TEST(channels, the_page_cache_cannot_be_asked_about_a_shared_file) {
  EXPECT_EQ(run_shares({"page-cache", kShared}).output(),
            "open OK\nnowait EOPNOTSUPP\ndontcache EOPNOTSUPP\nplain OK\nmincore ENOSYS\npageout EINVAL\ncold EINVAL\n"
            "collapse EINVAL\nmergeable EINVAL\nwillneed OK\ndontneed OK\n");
}

TEST(channels, advice_to_forget_a_shared_file_is_taken_and_does_nothing) {
  // On a disk, where pages can be dropped, and mapped by nobody.
  const std::string mount =
      "[[mount]]\nbind = " + quoted((source_dir() / "CHANGELOG.md").string()) + "\nat = \"/data\"\n";
  EXPECT_EQ(run_shares({"forget", "/data"}, mount).output(), "forget OK\nread again 0\nsequential OK\n");
}

// ---- Counters -------------------------------------------------------------------------------------------------------

TEST(channels, a_socket_has_no_number_of_the_machine) {
  EXPECT_EQ(run_shares({"cookie"}).output(), "cookie ENOPROTOOPT\nnetns cookie ENOPROTOOPT\ntype OK\n");
}

// ---- The surface ----------------------------------------------------------------------------------------------------

TEST(channels, futexes_that_inherit_priority_are_not_implemented_and_all_others_are) {
  EXPECT_EQ(run_shares({"futexes"}).output(),
            "lock pi ENOSYS\ntrylock pi ENOSYS\nunlock pi ENOSYS\nprivate lock pi ENOSYS\nwake OK\nprivate wake OK\n"
            "inheriting mutex EOPNOTSUPP\nmutex OK\n");
}

TEST(channels, clocks_of_cpu_time_can_be_read_and_have_no_timers_and_no_sleepers) {
  EXPECT_EQ(run_shares({"clocks"}).output(),
            "process cpu timer EOPNOTSUPP\nprocess cpu time OK\n"
            "thread cpu timer EOPNOTSUPP\nthread cpu sleep EOPNOTSUPP\nthread cpu time OK\n"
            "init's cpu timer EOPNOTSUPP\ninit's cpu sleep EOPNOTSUPP\n"
            "monotonic timer OK\nmonotonic sleep OK\nmonotonic time OK\n"
            "realtime timer OK\nrealtime sleep OK\nrealtime time OK\nprofiling timer OK\n");
}

TEST(channels, the_hosts_huge_pages_are_refused_and_transparent_ones_are_not) {
  EXPECT_EQ(run_shares({"huge-pages"}).output(), "huge EINVAL\nplain OK\ntransparent OK\n");
  // limits.address_space has its own say of mmap, and this one stays.
  EXPECT_EQ(run_shares({"huge-pages"}, "limits.address_space = \"1GiB\"\n").output(),
            "huge EINVAL\nplain OK\ntransparent OK\n");
}

TEST(channels, options_of_sockets_are_those_of_a_list) {
  EXPECT_EQ(run_shares({"options", "tcp"}, "network.mode = \"loopback\"\nnetwork.bind = [8080]\n").output(),
            "REUSEADDR OK\nKEEPALIVE OK\nRCVBUF OK\nRCVLOWAT ENOPROTOOPT\nPRIORITY ENOPROTOOPT\nMARK ENOPROTOOPT\n"
            "TIMESTAMP ENOPROTOOPT\nZEROCOPY ENOPROTOOPT\nBUSY_POLL ENOPROTOOPT\nATTACH_FILTER EPERM\nNODELAY OK\n"
            "CONGESTION ENOPROTOOPT\nMD5SIG ENOPROTOOPT\nREPAIR ENOPROTOOPT\nIP_TTL OK\nIP_OPTIONS ENOPROTOOPT\n"
            "IPT_SET_REPLACE ENOPROTOOPT\nPACKET_RX_RING ENOPROTOOPT\n");
}

}  // namespace
}  // namespace evalrun::test
