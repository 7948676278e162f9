// Files by their digests: names, the shared folder, and a worker's bounded copies.
#include "runtime/fleet/shared_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "runtime/core/error.h"
#include "runtime/core/sha256.h"
#include "tests/support/command.h"

namespace evalrun::test {
namespace {

using namespace fleet;

TEST(FileDigest, is_read_as_it_is_written_and_nothing_else_is) {
  const std::string hex = sha256_hex("x");
  const auto file = parse_file_digest("sha256:" + hex + "/17");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->size, 17U);
  EXPECT_EQ(fleet::to_string(*file), "sha256:" + hex + "/17");
  for (const std::string& text :
       {std::string(), "sha256:" + hex, "sha256:" + hex + "/", "sha256:" + hex + "/x", "sha256:" + hex + "/1/2",
        "sha256:" + hex.substr(1) + "/1", std::string("sha256:../../../../etc/passwd/1"),
        "sha256:" + std::string(64, 'A') + "/1", "sha256:" + std::string(63, 'a') + "//1", "sha256:" + hex + "/-1",
        "sha256:" + hex + "/99999999999999999999999"}) {
    EXPECT_FALSE(parse_file_digest(text)) << text;
  }
}

class SharedFiles : public testing::Test {
 protected:
  FileDigest put(const std::string& text) { return put_shared_file(shared_.path(), own_.write("file", text).string()); }
  std::string held(FileCache& cache, const FileDigest& file) {
    const auto path = cache.hold(file);
    return path ? read_file(*path) : "<missing>";
  }
  TemporaryFolder shared_, own_, cache_;
};

TEST_F(SharedFiles, go_through_the_shared_folder_once) {
  const FileDigest file = put("hello");
  EXPECT_EQ(file.hex, sha256_hex("hello"));
  EXPECT_EQ(file.size, 5U);
  const auto place = shared_.path() / place_of(file);
  const auto written = std::filesystem::last_write_time(place);
  EXPECT_EQ(put("hello"), file);
  EXPECT_EQ(std::filesystem::last_write_time(place), written);
  FileCache cache(shared_.path(), cache_.path(), 1_MiB);
  EXPECT_EQ(held(cache, file), "<missing>");
  cache.fetch(file);
  cache.add(file);
  EXPECT_EQ(held(cache, file), "hello");
}

TEST_F(SharedFiles, that_are_not_what_their_name_says_are_refused) {
  FileCache cache(shared_.path(), cache_.path(), 1_MiB);
  const FileDigest file = put("hello");
  std::filesystem::permissions(shared_.path() / place_of(file), std::filesystem::perms::owner_all);
  shared_.write(place_of(file).string(), "evils");
  EXPECT_THROW(cache.fetch(file), SharedFileError);
  EXPECT_THROW(cache.fetch({file.hex, 6}), SharedFileError);
  EXPECT_THROW(cache.fetch({sha256_hex("nothing"), 7}), SharedFileError);
  EXPECT_FALSE(std::filesystem::exists(cache_.path() / file.hex));
  // Put again, it is mended.
  std::filesystem::remove(shared_.path() / place_of(file));
  put("hello");
  cache.fetch(file);
}

TEST_F(SharedFiles, that_are_no_files_are_refused) {
  EXPECT_THROW(put_shared_file(shared_.path(), own_.path().string()), SharedFileError);
  EXPECT_THROW(put_shared_file(shared_.path(), "/dev/zero"), SharedFileError);
  EXPECT_THROW(put_shared_file(shared_.path(), (own_.path() / "none").string()), SharedFileError);
}

TEST_F(SharedFiles, are_bounded_and_those_in_use_stay) {
  FileCache cache(shared_.path(), cache_.path(), 100_B);
  const auto take = [&](const FileDigest& file) {
    cache.fetch(file);
    cache.add(file);
  };
  const FileDigest first = put(std::string(40, 'a')), second = put(std::string(40, 'b')),
                   third = put(std::string(40, 'c')), fourth = put(std::string(40, 'd'));
  take(first);
  take(second);
  EXPECT_TRUE(cache.hold(first));
  take(third);
  EXPECT_TRUE(std::filesystem::exists(cache_.path() / first.hex));
  EXPECT_FALSE(std::filesystem::exists(cache_.path() / second.hex));
  EXPECT_FALSE(cache.hold(second));
  cache.let_go(first);
  EXPECT_TRUE(cache.hold(third));
  take(fourth);
  EXPECT_FALSE(cache.hold(first));
  EXPECT_THROW(cache.fetch(put(std::string(101, 'e'))), SharedFileError);
}

TEST_F(SharedFiles, of_a_cache_belong_to_one_worker_and_those_of_before_are_gone) {
  const std::string hex = sha256_hex("old");
  cache_.write(hex, "half");
  cache_.write("note", "kept");
  const FileCache cache(shared_.path(), cache_.path(), 100_B);
  EXPECT_FALSE(std::filesystem::exists(cache_.path() / hex));
  EXPECT_TRUE(std::filesystem::exists(cache_.path() / "note"));
  EXPECT_THROW(FileCache(shared_.path(), cache_.path(), 100_B), UsageError);
  EXPECT_THROW(FileCache(shared_.path() / "none", own_.path(), 100_B), UsageError);
}

TEST_F(SharedFiles, cannot_be_changed_by_whoever_is_shown_them) {
  FileCache cache(shared_.path(), cache_.path(), 1_MiB);
  const FileDigest file = put("hello");
  cache.fetch(file);
  struct stat status {};
  ASSERT_EQ(::stat((cache_.path() / file.hex).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0400U);
}

}  // namespace
}  // namespace evalrun::test
