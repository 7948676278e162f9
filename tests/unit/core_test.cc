#include <gtest/gtest.h>

#include "runtime/core/error.h"
#include "runtime/core/mount_table.h"
#include "runtime/core/sha256.h"
#include "runtime/core/small_file.h"
#include "runtime/core/text.h"
#include "runtime/core/units.h"

namespace evalrun {
namespace {

using namespace std::chrono_literals;

TEST(units, sizes_are_digits_and_a_binary_unit) {
  EXPECT_EQ(parse_bytes("256MiB"), 256_MiB);
  EXPECT_EQ(parse_bytes("64KiB"), 64_KiB);
  EXPECT_EQ(parse_bytes("0B"), 0_B);
  for (const char* text : {"", "256", "MiB", "256MB", "256 MiB", "-1MiB", "1.5MiB", "256mib", "9999999TiB", "+1B"}) {
    EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
  }
}

TEST(units, the_largest_size_fits_63_bits) {
  EXPECT_EQ(parse_bytes("9223372036854775807B")->count, 9223372036854775807ULL);
  EXPECT_EQ(parse_bytes("9223372036854775808B"), std::nullopt);
  EXPECT_EQ(parse_bytes("8388608TiB"), std::nullopt);
  EXPECT_TRUE(parse_bytes("8388607TiB"));
}

TEST(units, times_are_digits_a_fraction_and_a_unit) {
  EXPECT_EQ(parse_duration("2s"), 2s);
  EXPECT_EQ(parse_duration("1500ms"), 1500ms);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("0.000000001s"), 1ns);
  EXPECT_EQ(parse_duration("3m"), 180s);
  for (const char* text : {"", "2", "s", "2 s", "-2s", "1.s", ".5s", "2S", "1.0000000001s", "99999999999999h"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(units, what_is_printed_parses_back) {
  for (const char* text : {"256MiB", "3B", "1GiB", "0B", "1025KiB"}) EXPECT_EQ(to_string(*parse_bytes(text)), text);
  for (const char* text : {"2s", "1500ms", "250us", "7ns", "90s", "0s"}) {
    EXPECT_EQ(to_string(*parse_duration(text)), text);
  }
}

TEST(small_file, all_of_it_is_read_and_a_missing_one_is_empty) {
  const std::string status = read_small_file("/proc/self/status");
  EXPECT_TRUE(status.starts_with("Name:\t"));
  EXPECT_TRUE(status.ends_with("\n"));
  // Longer than one read.
  const std::string symbols = read_small_file("/proc/kallsyms");
  EXPECT_TRUE(symbols.empty() || symbols.size() > 4096);
  EXPECT_EQ(read_small_file("/proc/self/no-such-file"), "");
  EXPECT_EQ(read_small_file("/proc/self"), "");
}

TEST(SmallFile, begins_with_a_word) {
  EXPECT_EQ(first_word_of("/proc/sys/kernel/ostype"), "Linux");
  EXPECT_EQ(first_word_of("/proc/self/no-such-file"), "");
}

TEST(SmallFile, is_cut_up_word_by_word_and_line_by_line) {
  std::string_view text = "one two\n\nthree";
  std::string_view line = take_until(text, '\n');
  EXPECT_EQ(take_until(line, ' '), "one");
  EXPECT_EQ(take_until(line, ' '), "two");
  EXPECT_TRUE(line.empty());
  EXPECT_EQ(take_until(line, ' '), "");
  EXPECT_EQ(take_until(text, '\n'), "");
  EXPECT_EQ(take_until(text, '\n'), "three");
  EXPECT_TRUE(text.empty());
}

TEST(small_file, the_number_at_the_front_counts_and_nothing_else) {
  EXPECT_EQ(leading_number("42\n"), 42U);
  EXPECT_EQ(leading_number("18446744073709551615 kB"), 18446744073709551615U);
  for (const char* text : {"", "max\n", " 1", "-1", "18446744073709551616"}) {
    EXPECT_EQ(leading_number(text), std::nullopt) << text;
  }
}

// proc(5): optional fields between the mount's options and the dash, any number of them; names with octal escapes.
TEST(mount_table, rows_are_told_apart_by_the_dash_and_names_are_unescaped) {
  const std::vector<MountRow> rows = parse_mount_table(
      "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
      "30 22 0:26 /part /sys/fs/cgroup/cpu,cpuacct rw master:2 propagate_from:3 - cgroup cgroup rw,cpu,cpuacct\n"
      "31 22 0:4 / /srv/two\\040words\\134n rw - proc none rw\n"
      "torn line\n");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].at, "/");
  EXPECT_EQ(rows[0].type, "ext4");
  EXPECT_EQ(rows[1].root, "/part");
  EXPECT_EQ(rows[1].at, "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(rows[1].options, "rw,cpu,cpuacct");
  EXPECT_EQ(rows[2].at, "/srv/two words\\n");
  EXPECT_EQ(rows[2].type, "proc");
}

TEST(mount_table, escapes_are_three_octal_digits_and_anything_else_stays) {
  const std::vector<MountRow> rows = parse_mount_table(
      "31 22 0:4 /a\\134b /tab\\011line\\012hash\\043 rw - tmpfs none rw\n"
      "32 22 0:4 /\\04 /\\089\\x\\ rw - tmpfs none rw\n"
      "33 22 0:4 / /\\134040 rw - tmpfs none rw\n");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].root, "/a\\b");
  EXPECT_EQ(rows[0].at, "/tab\tline\nhash#");
  EXPECT_EQ(rows[1].root, "/\\04");
  EXPECT_EQ(rows[1].at, "/\\089\\x\\");
  EXPECT_EQ(rows[2].at, "/\\040") << "what was unescaped is not read again";
}

TEST(mount_table, a_mount_without_a_source_is_a_mount) {
  const std::vector<MountRow> rows = parse_mount_table(
      "31 22 0:4 / /srv/proc rw,nosuid -  proc rw,hidepid=2\n"
      "31 22 0:4 / /srv/proc rw,nosuid - proc  rw,hidepid=2\n");
  ASSERT_EQ(rows.size(), 1U) << "an empty type is none";
  EXPECT_EQ(rows[0].at, "/srv/proc");
  EXPECT_EQ(rows[0].type, "proc");
  EXPECT_EQ(rows[0].options, "rw,hidepid=2");
}

TEST(mount_table, short_lines_are_left_out_and_the_last_line_needs_no_end) {
  const std::string whole = "22 1 8:1 / /home rw shared:1 - ext4 /dev/sda1 rw";
  ASSERT_EQ(parse_mount_table(whole).size(), 1U);
  EXPECT_EQ(parse_mount_table("\n" + whole + "\n\n").size(), 1U);
  // Cut anywhere before the last field it is no row, and the line behind it still is one.
  for (std::size_t size = 0; size <= whole.size() - 2; ++size) {
    const std::vector<MountRow> rows = parse_mount_table(whole.substr(0, size) + "\n" + whole + "\n");
    ASSERT_EQ(rows.size(), 1U) << whole.substr(0, size);
    EXPECT_EQ(rows[0].at, "/home");
  }
  EXPECT_TRUE(parse_mount_table("").empty());
}

TEST(mount_table, of_this_process_holds_its_root_and_proc) {
  bool root = false, proc = false;
  for (const MountRow& row : mount_table()) {
    root = root || row.at == "/";
    proc = proc || (row.at == "/proc" && row.type == "proc");
  }
  EXPECT_TRUE(root);
  EXPECT_TRUE(proc);
}

TEST(text, utf8_admits_what_rfc_3629_admits) {
  for (const char* text : {"", "ascii", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  // Overlong, surrogate, past the end, lone continuation, cut short.
  for (const char* text :
       {"\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80", "\xE2\x82", "\xFF"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

// At the bounds: 4 KiB, and one byte of five.
TEST(text, long_output_of_mostly_control_characters_is_not_shown_as_text) {
  const auto with = [](std::size_t size, std::size_t controls) {
    return std::string(controls, '\x01') + std::string(size - controls, 'x');
  };
  EXPECT_TRUE(is_shown_as_text(""));
  EXPECT_TRUE(is_shown_as_text(with(4096, 4096)));
  EXPECT_FALSE(is_shown_as_text(with(4097, 4097)));
  EXPECT_TRUE(is_shown_as_text(with(5000, 1000)));
  EXPECT_FALSE(is_shown_as_text(with(5000, 1001)));
  EXPECT_TRUE(is_shown_as_text(std::string(5000, '\n'))) << "two bytes in JSON";
  EXPECT_FALSE(is_shown_as_text("\xff"));
}

TEST(text, base64_matches_rfc_4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64(std::string("\xFF\x00\xFE", 3)), "/wD+");
}

TEST(text, a_terminal_never_sees_an_escape) {
  EXPECT_EQ(printable("a\tb\n"), "a\tb\n");
  EXPECT_EQ(printable("\x1B[31m"), "\\x1b[31m");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "\\xc2\\x9b31m");  // the eight-bit CSI
  EXPECT_EQ(printable(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\xFF\xC3\xA9"), "\\xff\xC3\xA9");
}

TEST(text, a_misspelling_finds_its_word) {
  EXPECT_EQ(nearest("memroy", {"cpu", "memory", "wall"}), "memory");
  EXPECT_EQ(nearest("zebra", {"cpu", "memory", "wall"}), "");
  // Two letters that changed places are one slip, also in a short word; three are not.
  EXPECT_EQ(nearest("hlep", {"help", "run"}), "help");
  EXPECT_EQ(nearest("eplh", {"help", "run"}), "");
}

TEST(sha256, matches_the_standard_vectors) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Sha256 hash;
  hash.update("a");
  EXPECT_EQ(hash.hex(), sha256_hex("a"));  // looking does not end it
  hash.update("bc");
  EXPECT_EQ(hash.hex(), sha256_hex("abc"));
}

TEST(errors, name_operation_subject_and_errno) {
  EXPECT_STREQ(SystemError("openat", "/x", ENOENT).what(), "openat /x: No such file or directory (ENOENT)");
  EXPECT_STREQ(PlanError({"plan.toml", 4, 1}, "limits.cpu", "expected a time").what(),
               "plan.toml:4:1: limits.cpu: expected a time");
}

}  // namespace
}  // namespace evalrun
