// Where root finds identities for its runs: a host's range, or what a container maps.

#include "runtime/host/leases.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>

#include "runtime/core/error.h"
#include "tests/support/command.h"

namespace evalrun::sandbox {
namespace {

host::IdentityRange range_of(const std::string& uid_map) {
  std::istringstream lines(uid_map);
  return host::identity_range_of(lines);
}

TEST(identity_range, of_a_host_is_evalruns_own) {
  const host::IdentityRange range = range_of("         0          0 4294967295\n");
  EXPECT_EQ(range.first, host::kIdentityBase);
  EXPECT_EQ(range.count, host::kIdentityCount);
  EXPECT_FALSE(range.root_is_an_ordinary_user);
}

TEST(identity_range, is_whole_only_where_one_line_maps_all_of_it) {
  const std::string base = std::to_string(host::kIdentityBase);
  EXPECT_EQ(range_of("0 0 1000\n" + base + " 5000000 65536\n").first, host::kIdentityBase);
  EXPECT_EQ(range_of("0 0 1000\n" + base + " 5000000 65536\n").count, host::kIdentityCount);
  // One id short of it: half of what there is, at its top.
  const host::IdentityRange part = range_of("0 0 1000\n" + base + " 5000000 65535\n");
  EXPECT_EQ(part.first, host::kIdentityBase + 65535 - 32767);
  EXPECT_EQ(part.count, 32767U);
}

TEST(identity_range, of_a_container_is_the_upper_half_of_what_is_mapped) {
  const host::IdentityRange range = range_of("0 100000 65536\n");
  EXPECT_EQ(range.first, 32768U);
  EXPECT_EQ(range.count, 32768U);
  EXPECT_TRUE(range.root_is_an_ordinary_user);
  // Never more than a host's.
  const host::IdentityRange large = range_of("0 1000000 1000000000\n");
  EXPECT_EQ(large.first, 1000000000U - host::kIdentityCount);
  EXPECT_EQ(large.count, host::kIdentityCount);
}

// As podman maps them for an ordinary user: its own id as root, then his subordinate ids.
TEST(identity_range, is_found_behind_the_one_id_of_root) {
  const host::IdentityRange range = range_of("0 1000 1\n1 100000 65536\n");
  EXPECT_EQ(range.first, 32769U);
  EXPECT_EQ(range.count, 32768U);
  EXPECT_TRUE(range.root_is_an_ordinary_user);
}

TEST(identity_range, is_found_in_the_largest_line_wherever_that_stands) {
  for (const char* map : {"0 100000 65536\n100000 300000 40000\n", "100000 300000 40000\n0 100000 65536\n"}) {
    EXPECT_EQ(range_of(map).first, 32768U) << map;
    EXPECT_EQ(range_of(map).count, 32768U) << map;
  }
}

TEST(identity_range, stays_clear_of_a_containers_system_accounts) {
  EXPECT_EQ(range_of("0 100000 1000\n").count, 0U);
  const host::IdentityRange range = range_of("0 100000 1100\n");
  EXPECT_EQ(range.first, 1000U);
  EXPECT_EQ(range.count, 100U);
}

TEST(identity_range, is_empty_where_one_id_or_none_is_mapped) {
  EXPECT_EQ(range_of("0 1000 1\n").count, 0U);
  EXPECT_TRUE(range_of("0 1000 1\n").root_is_an_ordinary_user);
  EXPECT_EQ(range_of("1000 1000 1\n").count, 0U);
  EXPECT_FALSE(range_of("1000 1000 1\n").root_is_an_ordinary_user);
  EXPECT_EQ(range_of("").count, 0U);
}

TEST(identity_range, of_this_process_reads_its_own_map) {
  // Whatever is mapped here, a range that is not empty lies above the system accounts.
  const host::IdentityRange range = host::identity_range();
  EXPECT_TRUE(range.count == 0 || range.first >= 1000) << range.first;
  EXPECT_LE(range.count, host::kIdentityCount);
}

// Where leases are kept, and no other run's: /run of a mount namespace of this process's own. False where there is
// none.
bool enter_empty_run_folder() {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  if (::unshare(uid == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0) return false;
  if (uid != 0) {
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1\n";
    std::ofstream("/proc/self/gid_map") << "0 " << gid << " 1\n";
  }
  return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("none", "/run", "tmpfs", 0, nullptr) == 0;
}

// The exit status of a process of its own that runs `body` there; 77 where it cannot.
int status_in_empty_run_folder(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    try {
      ::_exit(enter_empty_run_folder() ? body() : 77);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      ::_exit(99);
    }
  }
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

TEST(identity_lease, two_live_leases_differ_and_a_third_of_two_is_refused_until_one_ends) {
  const int status = status_in_empty_run_folder([] {
    const host::IdentityRange range{host::kIdentityBase, 2, false};
    std::optional<host::Identity> first = host::lease_identity(true, range);
    const host::Identity second = host::lease_identity(true, range);
    if (first->uid == second.uid) return 1;
    const host::Identity* both[] = {&*first, &second};
    for (const host::Identity* each : both) {
      const bool in_range = each->uid == host::kIdentityBase || each->uid == host::kIdentityBase + 1;
      if (!in_range || each->gid != each->uid || each->is_own) return 2;
    }
    try {
      const host::Identity third = host::lease_identity(true, range);
      return 3;
    } catch (const HostError& error) {
      if (error.error() != EAGAIN) return 4;
    }
    const uid_t free = first->uid;
    first.reset();
    return host::lease_identity(true, range).uid == free ? 0 : 5;
  });
  if (status == 77) EVALRUN_SKIP("a mount namespace");
  EXPECT_EQ(status, 0) << "1: both have one uid; 2: not of the range; 3: a third was given; 4: for another reason; 5: "
                          "the free one was not given again";
}

TEST(identity_lease, of_an_ordinary_user_is_his_own_and_locks_nothing) {
  const host::Identity first = host::lease_identity(false, {host::kIdentityBase, 1, false});
  const host::Identity second = host::lease_identity(false, {host::kIdentityBase, 1, false});
  EXPECT_TRUE(first.is_own);
  EXPECT_EQ(first.uid, ::geteuid());
  EXPECT_EQ(second.uid, ::geteuid());
  EXPECT_FALSE(first.lock);
}

}  // namespace
}  // namespace evalrun::sandbox
