// What is held, told from pages of files: the arithmetic alone.

#include "runtime/groups/held_memory.h"

#include <gtest/gtest.h>

#include <string>

namespace evalrun::groups {
namespace {

using namespace std::chrono_literals;

constexpr Bytes kLimit = 256_MiB;

// A group that holds `held` and is charged for `files` besides, as memory.stat says it.
MemoryReading reading_of(Bytes held, Bytes files) {
  const Bytes usage{held.count + files.count};
  return {.usage = usage, .peak = usage, .files = files, .file_lists = files, .held = held};
}

struct Case {
  std::string name;
  MemoryReading reading;
  std::optional<Bytes> raised_to;
  bool has_passed;
};

MemoryReading with(MemoryReading reading, Bytes MemoryReading::*member, Bytes value) {
  reading.*member = value;
  return reading;
}

TEST(held_memory, a_look_raises_the_limit_by_the_pages_of_files_or_finds_that_it_was_passed) {
  const Case table[] = {
      {"far below", reading_of(10_MiB, 60_MiB), std::nullopt, false},
      {"below, and near with its files", reading_of(200_MiB, 50_MiB), 306_MiB, false},
      {"near without files", reading_of(250_MiB, {}), std::nullopt, false},
      {"near with too few files to matter", reading_of(250_MiB, 1023_KiB), std::nullopt, false},
      {"at the limit", reading_of(256_MiB, {}), std::nullopt, false},
      {"above", reading_of(257_MiB, {}), std::nullopt, true},
      {"above, with files", reading_of(257_MiB, 60_MiB), std::nullopt, true},
      {"more files than any program runs from", reading_of(10_MiB, 900_MiB), 512_MiB, false},
      // What a program gave away by MADV_FREE the kernel may drop.
      {"above, and enough of it given away", with(reading_of(300_MiB, {}), &MemoryReading::file_lists, 60_MiB),
       std::nullopt, false},
      // memory.stat is late: it knows of fewer pages than the count.
      {"above by pages that may be a file's", with(reading_of(257_MiB, 2_MiB), &MemoryReading::held, 255_MiB), 258_MiB,
       false},
  };
  for (const Case& row : table) {
    HeldMemory memory(kLimit);
    EXPECT_EQ(memory.look(row.reading), row.raised_to) << row.name;
    EXPECT_EQ(memory.has_passed(), row.has_passed) << row.name;
  }
}

TEST(held_memory, the_kernels_limit_is_raised_again_and_never_lowered) {
  HeldMemory memory(kLimit);
  ASSERT_EQ(memory.look(reading_of(200_MiB, 50_MiB)), 306_MiB);
  memory.raised_to(306_MiB);
  EXPECT_EQ(memory.look(reading_of(220_MiB, 50_MiB)), std::nullopt);
  EXPECT_EQ(memory.look(reading_of(220_MiB, 80_MiB)), 336_MiB);
  memory.raised_to(336_MiB);
  EXPECT_EQ(memory.look(reading_of(250_MiB, 5_MiB)), std::nullopt);
}

TEST(held_memory, the_peak_is_without_files_whenever_it_was) {
  HeldMemory memory(kLimit);
  EXPECT_EQ(memory.peak(7_MiB), 7_MiB) << "nothing of files was seen";
  memory.look(reading_of(6_MiB, 60_MiB));
  EXPECT_EQ(memory.peak(66_MiB), 6_MiB);
  // It was held between two looks, and the kernel knows.
  memory.look(with(reading_of(20_MiB, 60_MiB), &MemoryReading::peak, 160_MiB));
  EXPECT_EQ(memory.peak(160_MiB), 100_MiB);
  // Files that come after the peak take nothing from it.
  memory.look(with(reading_of(20_MiB, 90_MiB), &MemoryReading::peak, 160_MiB));
  EXPECT_EQ(memory.peak(160_MiB), 100_MiB);
}

TEST(held_memory, the_peak_stands_still_when_the_limit_has_been_passed) {
  HeldMemory memory(kLimit);
  memory.look(reading_of(257_MiB, 20_MiB));
  ASSERT_TRUE(memory.has_passed());
  EXPECT_EQ(memory.peak(300_MiB), 257_MiB);
  memory.look(reading_of(290_MiB, 10_MiB));
  EXPECT_EQ(memory.peak(300_MiB), 257_MiB);
}

TEST(held_memory, reading_as_much_again_as_the_limit_is_thrashing_only_where_little_is_left) {
  const auto thrashes = [](Bytes held, Bytes read_again) {
    HeldMemory memory(kLimit);
    memory.look(with(reading_of(held, 1_MiB), &MemoryReading::read_again, read_again));
    return memory.is_thrashing();
  };
  EXPECT_TRUE(thrashes(250_MiB, 256_MiB));
  EXPECT_FALSE(thrashes(250_MiB, 255_MiB));
  EXPECT_FALSE(thrashes(240_MiB, 900_MiB)) << "a program that reads much has room";
  EXPECT_TRUE(thrashes(241_MiB, 900_MiB));
}

TEST(held_memory, the_next_look_is_as_far_away_as_the_fastest_program_is_from_the_limit) {
  HeldMemory memory(kLimit);
  EXPECT_EQ(memory.time_until_near({}), 62914us);
  EXPECT_EQ(memory.time_until_near(200_MiB), 10485us);
  EXPECT_EQ(memory.time_until_near(240_MiB), 0us);
  // Nearer than that, what is held counts and not what is used.
  memory.look(reading_of(10_MiB, 240_MiB));
  EXPECT_EQ(memory.time_until_near(250_MiB), 64487us);
}

// Small limits have small margins.
TEST(held_memory, near_is_an_eighth_of_the_limit_and_no_more_than_sixteen_mebibytes) {
  EXPECT_FALSE(HeldMemory(8_MiB).is_near(7_MiB));
  EXPECT_TRUE(HeldMemory(8_MiB).is_near(Bytes{(7 << 20) + 1}));
  EXPECT_FALSE(HeldMemory(1_GiB).is_near(Bytes{(1024 - 16) << 20}));
  EXPECT_TRUE(HeldMemory(1_GiB).is_near(Bytes{((1024 - 16) << 20) + 1}));
}

}  // namespace
}  // namespace evalrun::groups
