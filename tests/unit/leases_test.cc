// Where root finds identities for its runs: a host's range, or what a container maps.

#include "runtime/sandbox/leases.h"

#include <gtest/gtest.h>

#include <sstream>

namespace evalrun::sandbox {
namespace {

IdentityRange range_of(const std::string& uid_map) {
  std::istringstream lines(uid_map);
  return identity_range_of(lines);
}

TEST(identity_range, of_a_host_is_evalruns_own) {
  const IdentityRange range = range_of("         0          0 4294967295\n");
  EXPECT_EQ(range.first, kIdentityBase);
  EXPECT_EQ(range.count, kIdentityCount);
  EXPECT_FALSE(range.root_is_an_ordinary_user);
}

TEST(identity_range, is_whole_only_where_one_line_maps_all_of_it) {
  const std::string base = std::to_string(kIdentityBase);
  EXPECT_EQ(range_of("0 0 1000\n" + base + " 5000000 65536\n").first, kIdentityBase);
  EXPECT_EQ(range_of("0 0 1000\n" + base + " 5000000 65536\n").count, kIdentityCount);
  // One id short of it: half of what there is, at its top.
  const IdentityRange part = range_of("0 0 1000\n" + base + " 5000000 65535\n");
  EXPECT_EQ(part.first, kIdentityBase + 65535 - 32767);
  EXPECT_EQ(part.count, 32767U);
}

TEST(identity_range, of_a_container_is_the_upper_half_of_what_is_mapped) {
  const IdentityRange range = range_of("0 100000 65536\n");
  EXPECT_EQ(range.first, 32768U);
  EXPECT_EQ(range.count, 32768U);
  EXPECT_TRUE(range.root_is_an_ordinary_user);
  // Never more than a host's.
  const IdentityRange large = range_of("0 1000000 1000000000\n");
  EXPECT_EQ(large.first, 1000000000U - kIdentityCount);
  EXPECT_EQ(large.count, kIdentityCount);
}

// As podman maps them for an ordinary user: its own id as root, then his subordinate ids.
TEST(identity_range, is_found_behind_the_one_id_of_root) {
  const IdentityRange range = range_of("0 1000 1\n1 100000 65536\n");
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
  const IdentityRange range = range_of("0 100000 1100\n");
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
  const IdentityRange range = identity_range();
  EXPECT_TRUE(range.count == 0 || range.first >= 1000) << range.first;
  EXPECT_LE(range.count, kIdentityCount);
}

}  // namespace
}  // namespace evalrun::sandbox
