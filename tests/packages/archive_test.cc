// The files of a package as a tree: what belongs to it, what does not, and that hostile ones are refused. Each hostile
// package stands beside its twin that is none.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <thread>

#include "runtime/archive/tree.h"
#include "runtime/problem/finding.h"
#include "tests/packages/support.h"

namespace evalrun::test {
namespace {

namespace fs = std::filesystem;
using archive::Bounds;
using archive::Tree;
using archive::TreeError;
using Lines = std::vector<std::string>;

Lines refusals_of(const Tree& tree) {
  Lines lines;
  for (const archive::Refusal& refusal : tree.refusals()) lines.push_back(refusal.path + ": " + refusal.why);
  return lines;
}

std::string refusal_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const TreeError& error) {
    return error.what();
  }
  return "";
}

std::string text_of(const Tree& tree, const std::string& path) {
  return tree.read(path, 1 << 20);
}

// The zip of these entries, and the tree that it is.
Tree zip_tree(const TemporaryFolder& folder, const std::vector<ZipEntry>& entries, const Bounds& bounds = {}) {
  const fs::path path = folder.path() / "package.zip";
  write_zip(path, entries);
  return Tree(path.string(), bounds);
}

TEST(tree, a_folder_and_a_zip_of_the_same_files_are_the_same_tree) {
  const TemporaryFolder folder;
  write_files(folder, {{"in/a.txt", "A"}, {"in/b/c.txt", "C"}, {"in/b.x", "X"}, {"in/b/d/e", "E"}});
  const Tree plain((folder.path() / "in").string());
  const Tree zipped = zip_tree(
      folder, {{"a.txt", "A", ""}, {"b/", "", ""}, {"b/c.txt", "C", ""}, {"b.x", "X", ""}, {"./b//d/e", "E", ""}});
  for (const Tree* tree : {&plain, &zipped}) {
    EXPECT_EQ(tree->names_in(""), (Lines{"a.txt", "b", "b.x"}));
    EXPECT_EQ(tree->names_in("b"), (Lines{"c.txt", "d"}));
    EXPECT_EQ(tree->files_below(""), (Lines{"a.txt", "b.x", "b/c.txt", "b/d/e"}));
    EXPECT_EQ(text_of(*tree, "b/c.txt"), "C");
    EXPECT_TRUE(tree->has_folder("b/d"));
    EXPECT_FALSE(tree->has_file("b/d"));
    EXPECT_EQ(tree->sha256("a.txt"), "559aead08264d5795d3909718cdd05abd49572e84fe55590eef31a88a08fdffd");
    EXPECT_EQ(refusals_of(*tree), Lines{});
    EXPECT_EQ(refusal_of([&] { static_cast<void>(tree->read("a.txt", 0)); }), "a.txt is longer than 0 bytes");
    EXPECT_EQ(refusal_of([&] { static_cast<void>(tree->open("none")); }), "none: there is no such file in the package");
  }
  EXPECT_EQ(zipped.name(), "package");
  EXPECT_EQ(plain.name(), "in");
}

TEST(tree, an_empty_file_in_a_zip_is_not_taken_for_its_neighbour) {
  const TemporaryFolder folder;
  const Tree tree = zip_tree(folder, {{"empty", "", ""}, {"full", "A", ""}, {"after", "", ""}});
  EXPECT_EQ(tree.sha256("empty"), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(tree.sha256("full"), "559aead08264d5795d3909718cdd05abd49572e84fe55590eef31a88a08fdffd");
  EXPECT_EQ(tree.sha256("after"), tree.sha256("empty"));
}

TEST(tree, every_descriptor_of_a_file_has_its_own_offset) {
  const TemporaryFolder folder;
  folder.write("a", "text");
  const Tree plain(folder.path().string());
  const TemporaryFolder other;
  const Tree zipped = zip_tree(other, {{"z", "before", ""}, {"a", "text", ""}});
  for (const Tree* tree : {&plain, &zipped}) {
    const Fd first = tree->open("a");
    const Fd second = tree->open("a");
    char bytes[8] = {};
    EXPECT_EQ(::read(first.get(), bytes, sizeof bytes), 4);
    EXPECT_EQ(::read(second.get(), bytes, sizeof bytes), 4);
    EXPECT_EQ(std::string(bytes, 4), "text");
  }
}

TEST(tree, links_are_followed_inside_the_folder_alone) {
  const TemporaryFolder folder;
  folder.write("secret.txt", "S");
  write_files(folder, {{"in/a.txt", "A"}, {"in/b/c.txt", "C"}});
  const fs::path in = folder.path() / "in";
  fs::create_symlink("../a.txt", in / "b/up");
  fs::create_symlink("b", in / "folder");
  fs::create_symlink("../secret.txt", in / "out");
  fs::create_symlink((folder.path() / "secret.txt").string(), in / "absolute");
  fs::create_symlink("..", in / "parent");
  fs::create_symlink("none", in / "nothing");
  fs::create_symlink("itself", in / "itself");
  fs::create_symlink(".", in / "b/here");
  fs::create_symlink("/proc/self/root/etc/passwd", in / "magic");
  ASSERT_EQ(::mkfifo((in / "fifo").c_str(), 0600), 0);
  const Tree tree(in.string());
  EXPECT_EQ(text_of(tree, "b/up"), "A");
  EXPECT_EQ(text_of(tree, "folder/c.txt"), "C");
  EXPECT_EQ(tree.files_below(""), (Lines{"a.txt", "b/c.txt", "b/up", "folder/c.txt", "folder/up"}));
  const std::string out =
      ": is a link that leads out of the package; put the file itself there, or name a folder around both by --root";
  EXPECT_EQ(
      refusals_of(tree),
      (Lines{"absolute" + out, "b/here: is a link to a folder that it lies in", "fifo: is a FIFO, not a regular file",
             "folder/here: is a link to a folder that it lies in", "itself: is a link that leads to itself",
             "magic" + out, "nothing: is a link to nothing", "out" + out, "parent" + out}));
}

TEST(tree, links_may_lead_as_far_as_the_root_that_is_given) {
  const TemporaryFolder folder;
  write_files(folder, {{"secret.txt", "S"}, {"all/common/h.txt", "H"}, {"all/p/a.txt", "A"}});
  const fs::path package = folder.path() / "all/p";
  fs::create_symlink("../common/h.txt", package / "h.txt");
  fs::create_symlink("../../secret.txt", package / "out");
  EXPECT_EQ(Tree(package.string()).files_below(""), Lines{"a.txt"});
  const Tree tree(package.string(), {}, (folder.path() / "all").string());
  EXPECT_EQ(tree.files_below(""), (Lines{"a.txt", "h.txt"}));
  EXPECT_EQ(text_of(tree, "h.txt"), "H");
  EXPECT_EQ(text_of(tree, "a.txt"), "A");
  ASSERT_EQ(tree.refusals().size(), 1u);
  EXPECT_EQ(tree.refusals()[0].path, "out");
  const std::string other = (folder.path() / "all/common").string();
  EXPECT_EQ(refusal_of([&] { Tree(package.string(), {}, other); }), package.string() + " does not lie in " + other);
}

TEST(tree, a_file_that_becomes_a_link_out_afterwards_is_not_opened) {
  const TemporaryFolder folder;
  folder.write("secret.txt", "S");
  folder.write("in/a.txt", "A");
  folder.write("in/b.txt", "B");
  const fs::path in = folder.path() / "in";
  const Tree tree(in.string());
  fs::remove(in / "a.txt");
  fs::create_symlink("../secret.txt", in / "a.txt");
  EXPECT_EQ(refusal_of([&] { static_cast<void>(tree.open("a.txt")); }), "a.txt: Invalid cross-device link");
  EXPECT_EQ(text_of(tree, "b.txt"), "B");
}

TEST(tree, links_in_a_zip_are_followed_inside_it_alone) {
  const TemporaryFolder folder;
  const Tree tree = zip_tree(folder, {{"b/up", "", "../a.txt"},
                                      {"twice", "", "b/up"},
                                      {"folder", "", "b"},
                                      {"out", "", "../../etc/passwd"},
                                      {"absolute", "", "/etc/passwd"},
                                      {"nothing", "", "none"},
                                      {"itself", "", "itself"},
                                      {"b/here", "", "."},
                                      {"a.txt", "A", ""},
                                      {"b/c.txt", "C", ""}});
  EXPECT_EQ(text_of(tree, "b/up"), "A");
  EXPECT_EQ(text_of(tree, "twice"), "A");
  EXPECT_EQ(text_of(tree, "folder/c.txt"), "C");
  const std::string out = ": is a link that leads out of the package; put the file itself there";
  EXPECT_EQ(refusals_of(tree),
            (Lines{"out" + out, "absolute" + out, "nothing: is a link to nothing",
                   "itself: is a link that leads to itself", "b/here: is a link to a folder that it lies in"}));
}

TEST(tree, names_in_a_zip_that_lead_out_of_it_are_refused) {
  const TemporaryFolder folder;
  const Tree tree = zip_tree(folder, {{"../up", "1", ""},
                                      {"/absolute", "2", ""},
                                      {"a/../../up", "3", ""},
                                      {"a/../b", "4", ""},
                                      {"..", "5", ""},
                                      {"a..b", "6", ""},
                                      {"..a", "7", ""},
                                      {"new\nline", "8", ""},
                                      {"\xc3\xa9.txt", "9", ""},
                                      {"a..b", "again", ""},
                                      {"a..b/c", "in a file", ""}});
  const std::string out = ": is a name that leads out of the package; rename it";
  EXPECT_EQ(refusals_of(tree),
            (Lines{"../up" + out, "/absolute" + out, "a/../../up" + out, "a/../b" + out, ".." + out,
                   "a..b: is in the zip twice; remove one of them", "a..b/c: lies in something that is a file"}));
  EXPECT_EQ(tree.files_below(""), (Lines{"..a", "a..b", "new\nline", "\xc3\xa9.txt"}));
  EXPECT_EQ(text_of(tree, "a..b"), "6");
  Lines left;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) left.push_back(entry.path().filename());
  EXPECT_EQ(left, Lines{"package.zip"}) << "nothing is written beside the zip";
}

TEST(tree, every_bound_holds_at_it_and_refuses_above_it) {
  struct Row {
    const char* what;
    Bounds bounds;
    std::vector<ZipEntry> allowed, refused;
    std::string message;
  };
  const auto file = [](const std::string& name, std::size_t size) {
    return ZipEntry{name, std::string(size, 'x'), ""};
  };
  const Row rows[] = {
      {"entries",
       {.entries = 3},
       {file("a", 1), file("b/c", 1)},
       {file("a", 1), file("b/c", 1), file("d", 1)},
       "there are more than 3 files and folders"},
      {"depth", {.depth = 2}, {file("a/b/c", 1)}, {file("a/b/c/d", 1)}, "folders are more than 2 deep at a/b/c/d"},
      {"path", {.path = 5}, {file("abcde", 1)}, {file("abcdef", 1)}, "a path is longer than 5 bytes"},
      {"file", {.file = 10}, {file("a", 10)}, {file("a", 11)}, "a is longer than 10 bytes"},
      {"total",
       {.total = 10},
       {file("a", 5), file("b", 5)},
       {file("a", 5), file("b", 6)},
       "the zip has more than 10 bytes when it is unpacked"},
      // A megabyte of one letter becomes about a kilobyte.
      {"ratio",
       {.unratioed = 1 << 20, .ratio = 100},
       {file("a", 1 << 20)},
       {file("a", (1 << 20) + 1)},
       "the zip grows to more than 100 times its size at a; give the package as a folder"},
  };
  for (const Row& row : rows) {
    const TemporaryFolder folder;
    EXPECT_EQ(refusal_of([&] { zip_tree(folder, row.allowed, row.bounds); }), "") << row.what;
    EXPECT_EQ(refusal_of([&] { zip_tree(folder, row.refused, row.bounds); }), row.message) << row.what;
  }
}

TEST(tree, a_zip_bomb_is_refused_after_a_bounded_part_of_it) {
  const TemporaryFolder folder;
  EXPECT_EQ(refusal_of([&] {
              zip_tree(folder, {{"zeros", std::string(std::size_t{80} << 20, '\0'), ""}});
            }),
            "the zip grows to more than 256 times its size at zeros; give the package as a folder");
  EXPECT_EQ(refusal_of([&] { zip_tree(folder, {{"zeros", std::string(std::size_t{60} << 20, '\0'), ""}}); }), "");
}

TEST(tree, links_to_folders_cannot_multiply_without_end) {
  const TemporaryFolder folder;
  std::vector<ZipEntry> entries = {{"l0/a", "x", ""}, {"l0/b", "x", ""}};
  for (int i = 1; i < 40; ++i) {
    const std::string below = "../l" + std::to_string(i - 1);
    entries.push_back({"l" + std::to_string(i) + "/a", "", below});
    entries.push_back({"l" + std::to_string(i) + "/b", "", below});
  }
  const std::string message = refusal_of([&] { zip_tree(folder, entries, {.entries = 1000, .depth = 100}); });
  EXPECT_EQ(message, "there are more than 1000 files and folders");
  fs::create_directory(folder.path() / "l0");
  folder.write("l0/a", "x");
  for (int i = 1; i < 12; ++i) {
    const fs::path here = folder.path() / ("l" + std::to_string(i));
    fs::create_directory(here);
    fs::create_directory_symlink("../l" + std::to_string(i - 1), here / "a");
    fs::create_directory_symlink("../l" + std::to_string(i - 1), here / "b");
  }
  EXPECT_EQ(refusal_of([&] { Tree(folder.path().string(), {.entries = 1000}); }),
            "there are more than 1000 files and folders");
  EXPECT_EQ(refusal_of([&] { Tree((folder.path() / "l0").string(), {.entries = 1000}); }), "");
}

TEST(tree, what_is_no_package_is_refused_with_its_reason) {
  const TemporaryFolder folder;
  const fs::path text = folder.write("text.zip", "this is no zip");
  EXPECT_EQ(refusal_of([&] { Tree(text.string()); }), "it is no zip: Unrecognized archive format");
  EXPECT_EQ(refusal_of([&] { Tree((folder.path() / "none").string()); }),
            (folder.path() / "none").string() + ": No such file or directory");
  ASSERT_EQ(::mkfifo((folder.path() / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(refusal_of([&] { Tree((folder.path() / "fifo").string()); }),
            (folder.path() / "fifo").string() + ": is a FIFO, not a regular file");
  write_zip(folder.path() / "good.zip", {{"a", std::string(5000, 'x') + "y", ""}});
  std::string damaged = read_file(folder.path() / "good.zip");
  damaged.resize(damaged.size() / 2);
  EXPECT_NE(refusal_of([&] { Tree(folder.write("half.zip", damaged).string()); }), "");
  EXPECT_EQ(refusal_of([&] { Tree((folder.path() / "good.zip").string()); }), "");
}

TEST(tree, a_hundred_thousand_cases_are_read) {
  const TemporaryFolder folder;
  std::vector<ZipEntry> entries = {{"p/problem.yaml", "name: many\n", ""}};
  for (int i = 0; i < 100'000; ++i) {
    const std::string base = "p/data/secret/" + std::to_string(i);
    entries.push_back({base + ".in", std::to_string(i % 1000), ""});
    entries.push_back({base + ".ans", "0", ""});
  }
  write_zip(folder.path() / "p.zip", entries);
  const packages::Package package = packages::read_package((folder.path() / "p.zip").string());
  EXPECT_EQ(errors_of(package), Lines{});
  EXPECT_EQ(package.problem.cases.size(), 100'000u);
  EXPECT_EQ(problem::distinct_cases(package.problem), 1000u);
}

TEST(tree, the_lines_of_a_hostile_package_stay_one_line_each) {
  const TemporaryFolder folder;
  write_zip(folder.path() / "p.zip", {{"p/problem.yaml", "\"na\\nme\": 1\ntype: \"\\e[31m\"\n", ""},
                                      {"p/data/secret/a\nb.in", "", ""},
                                      {"../x\ny", "", ""},
                                      {"p/data/secret/1.in", "", ""},
                                      {"p/data/secret/1.ans", "", ""}});
  const packages::Package package = packages::read_package((folder.path() / "p.zip").string());
  EXPECT_EQ(
      errors_of(package),
      (Lines{"../x\\x0ay: is a name that leads out of the package; rename it",
             "problem.yaml:2:1: type: \"\\x1b[31m\" is not known; use pass-fail, scoring, interactive, multi-pass or "
             "submit-answer",
             "problem.yaml:1:1: na\\x0ame: is no key of this file; did you mean name?"}));
}

// --- tar -------------------------------------------------------------------------------------------------------------

class Tars : public testing::Test {
 protected:
  // `tar` with these words, in the test's folder.
  void tar(std::vector<std::string> words) const {
    words.insert(words.begin(), {"tar", "-C", folder_.path().string()});
    const Finished made = run_command(words);
    ASSERT_EQ(made.exit_code, 0) << made.error_output;
  }
  [[nodiscard]] Tree open(const std::string& name, const Bounds& bounds = {},
                          archive::Formats formats = archive::Formats::ZipOrTar) const {
    const Fd file(::open((folder_.path() / name).c_str(), O_RDONLY | O_CLOEXEC));
    return {file, name, formats, bounds};
  }
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_.path() / name).string(); }

  TemporaryFolder folder_;
};

TEST_F(Tars, names_and_links_that_lead_out_are_refused_as_in_a_zip) {
  write_files(folder_, {{"in/a", "A"}, {"in/b/c", "C"}, {"b", "B"}});
  ASSERT_EQ(::symlink("b/c", at("in/inside").c_str()), 0);
  ASSERT_EQ(::symlink("../b", at("in/outside").c_str()), 0);
  ASSERT_EQ(::symlink("/etc/passwd", at("in/absolute").c_str()), 0);
  ASSERT_EQ(::link(at("in/a").c_str(), at("in/hard").c_str()), 0);
  ASSERT_EQ(::mkfifo(at("in/fifo").c_str(), 0600), 0);
  tar({"-P", "--sort=name", "-cf", at("x.tar"), "in", "in/../b"});
  const Tree tree = open("x.tar");
  EXPECT_EQ(tree.files_below(""), (Lines{"in/a", "in/b/c", "in/inside"}));
  EXPECT_EQ(text_of(tree, "in/inside"), "C");
  Lines refused = refusals_of(tree);
  std::ranges::sort(refused);
  EXPECT_EQ(refused, (Lines{"in/../b: is a name that leads out of the package; rename it",
                            "in/absolute: is a link that leads out of the package; put the file itself there",
                            "in/fifo: is a FIFO, not a regular file",
                            "in/hard: is a hard link; put the file itself there", "in/outside: is a link to nothing"}));
}

TEST_F(Tars, bounds_hold_of_what_comes_out) {
  folder_.write("zeros", std::string(1 << 20, '\0'));
  Bounds at_limit, below_it, ratio;
  at_limit.file = 1 << 20;
  below_it.file = (1 << 20) - 1;
  ratio.unratioed = 1 << 19;
  ratio.ratio = 100;
  for (const auto& [name, flag] : {std::pair{"z.tar", "-P"}, {"z.tgz", "-z"}, {"z.txz", "-J"}, {"z.tbz", "-j"}}) {
    tar({flag, "-cf", at(name), "zeros"});
    EXPECT_EQ(text_of(open(name, at_limit), "zeros").size(), std::size_t{1} << 20) << name;
    EXPECT_EQ(refusal_of([&, name = name] { (void)open(name, below_it); }), "zeros is longer than 1048575 bytes")
        << name;
    if (flag == std::string("-P")) continue;
    EXPECT_EQ(refusal_of([&, name = name] { (void)open(name, ratio); }),
              "the archive grows to more than 100 times its size at zeros; give the package as a folder")
        << name;
  }
}

// The kernel gives up on ".." where a name changes anywhere on the host meanwhile.
TEST(tree, links_are_followed_while_files_of_the_host_get_other_names) {
  const TemporaryFolder folder;
  write_files(folder, {{"p/a/f", "F"}, {"other", "x"}});
  fs::create_directory(folder.path() / "p/b");
  for (int i = 0; i < 300; ++i) fs::create_symlink("../a/../a/../a/f", folder.path() / "p/b" / std::to_string(i));
  std::atomic<bool> ends = false;
  std::thread renames([&] {
    while (!ends) {
      fs::rename(folder.path() / "other", folder.path() / "another");
      fs::rename(folder.path() / "another", folder.path() / "other");
    }
  });
  Lines refusals;
  for (int i = 0; i < 3 && refusals.empty(); ++i) refusals = refusals_of(Tree((folder.path() / "p").string()));
  ends = true;
  renames.join();
  EXPECT_EQ(refusals, Lines{});
}

TEST_F(Tars, are_no_packages) {
  folder_.write("a", "A");
  tar({"-cf", at("x.tar"), "a"});
  EXPECT_EQ(refusal_of([&] { Tree(at("x.tar")); }), "it is no zip: Unrecognized archive format");
  EXPECT_EQ(refusal_of([&] { (void)open("x.tar", {}, archive::Formats::Zip); }),
            "it is no zip: Unrecognized archive format");
  EXPECT_EQ(open("x.tar").names_in(""), Lines{"a"});
}

}  // namespace
}  // namespace evalrun::test
