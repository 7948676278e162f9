// Recordings themselves: what is in a snapshot's file, and what cannot be recorded.

#include "runtime/snapshot/recording.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "runtime/core/text.h"
#include "runtime/reader/parse.h"
#include "runtime/snapshot/snapshot_error.h"
#include "runtime/snapshot/store.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::snapshot {
namespace {

using test::TemporaryFolder;

constexpr char kPython[] = "/usr/bin/python3";
constexpr char kSecret[] = "no-snapshot-holds-this-of-a-job";

// An image of one program of the host.
std::string image_of(const std::string& words) {
  return "name = \"one\"\ndescription = \"one\"\nrun = [" + words +
         "]\ninclude = [\"base\"]\nsnapshot.supported = true\n";
}

Plan plan_in(const TemporaryFolder& folder, const std::string& image, const std::string& more = "") {
  std::filesystem::copy_file(test::source_dir() / "images/base.toml", folder.path() / "base.toml",
                             std::filesystem::copy_options::overwrite_existing);
  return parse_plan(
      {"image = \"" + image + "\"\nsource = \"main.py\"\nsnapshot.mode = \"yes\"\nlimits.cpus = \"any\"\n" +
           "stdin.text = \"" + kSecret + "\"\n" + more + "\n[files]\n\"main.py\" = { text = \"print('" + kSecret +
           "')\" }\n\"data.txt\" = { text = \"" + kSecret + "\" }\n",
       "plan.toml", "plan", folder.path()},
      test::accepted_lacks(), {folder.path(), test::source_dir() / "images"});
}

std::string refusal_of(const std::string& words) {
  const TemporaryFolder folder;
  folder.write("one.toml", image_of(words));
  try {
    record(plan_in(folder, "one"), host::probe_host(), folder.path(), "file");
  } catch (const SnapshotError& error) {
    const auto files = std::filesystem::directory_iterator(folder.path());
    EXPECT_EQ(
        std::count_if(begin(files), end(files), [](const auto& entry) { return entry.path().extension() != ".toml"; }),
        0)
        << "what became no snapshot is left";
    return error.what();
  }
  return "recorded";
}

// Row 151 of docs/threats.md: the interpreter is recorded in front of its first look at the workspace, where no file of
// a job has ever been placed.
TEST(recording, nothing_of_a_job_is_in_a_snapshot) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  const TemporaryFolder folder;
  const OwnFolder store;
  const Recorded recorded = record(plan_in(folder, "python"), host::probe_host(), store.path(), "file");
  const std::string bytes = test::read_file(recorded.start.file);
  EXPECT_GT(bytes.size(), std::size_t{1} << 20);
  EXPECT_EQ(bytes.find(kSecret), std::string::npos);
  EXPECT_EQ(bytes.find("data.txt"), std::string::npos);
  EXPECT_NE(bytes.find("main.py"), std::string::npos) << "the script's name is one of the interpreter's words";
}

TEST(recording, a_snapshot_can_be_executed_by_all_and_written_to_by_nobody) {
  if (!std::filesystem::exists(kPython)) EVALRUN_SKIP(kPython);
  const TemporaryFolder folder;
  const OwnFolder store;
  const Recorded recorded = record(plan_in(folder, "python"), host::probe_host(), store.path(), "file");
  struct stat found {};
  ASSERT_EQ(::stat(recorded.start.file.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777U, 0555U);
  EXPECT_EQ(recorded.start.path.size(), std::string("/usr/bin///python3").size());
  // Each file that was read on the way is known, and nothing of the workspace.
  const auto has = [&](const std::string& part) {
    return std::ranges::any_of(recorded.looked_at,
                               [&](const LookedAt& one) { return one.path.find(part) != std::string::npos; });
  };
  EXPECT_TRUE(has("libc.so.6"));
  EXPECT_TRUE(has("/usr/lib/python3"));
  EXPECT_FALSE(has("/work"));
  EXPECT_EQ(find_changed(recorded.looked_at), nullptr);
}

TEST(recording, a_program_that_does_what_cannot_be_put_back_is_refused_by_the_name_of_its_call) {
  EXPECT_EQ(refusal_of("\"cat\", \"{source}\""), "recorded");
  EXPECT_EQ(refusal_of("\"tee\", \"{source}\""), "it calls fadvise64");
  EXPECT_EQ(refusal_of("\"touch\", \"{source}\""), "it calls openat");
  EXPECT_EQ(refusal_of("\"env\", \"cat\", \"{source}\""), "it calls execve");
  EXPECT_EQ(refusal_of("\"no-such-program\", \"{source}\""), "its program no-such-program has no absolute path");
  EXPECT_EQ(refusal_of("\"true\", \"{source}\""), "it calls close") << "of its standard output, before it ends";
}

TEST(recording, a_program_that_fails_without_a_script_is_refused) {
  EXPECT_EQ(refusal_of("\"grep\", \"x\", \"{source}\""), "without a program it ends with status 1");
}

}  // namespace
}  // namespace evalrun::snapshot
