// Values as they cross between the two sides of an examination: round_trip.py, in a sandbox with the image's Python.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

// ./dev values takes a million.
std::string count() {
  const char* wanted = std::getenv("EVALRUN_VALUES");
  return wanted != nullptr ? wanted : "4000";
}

TEST(examiner_values, come_back_bit_for_bit_and_broken_messages_are_refused) {
  if (run_command({evalrun().string(), "image", "list"}).output.find("python: ") == std::string::npos) {
    EVALRUN_SKIP("python3");
  }
  const std::string source = source_dir().string();
  const PlanRun run = run_plan("image = \"python\"\nargv = [\"python3\", \"round_trip.py\", \"" + count() +
                               "\", \"7\"]\n[files]\n\"values.py\".from = \"" + source +
                               "/runtime/examiner/values.py\"\n\"round_trip.py\".from = \"" + source +
                               "/tests/examiner/round_trip.py\"\n[limits]\ncpu = \"1h\"\nwall = \"2h\"\n");
  EXPECT_EQ(run.verdict(), "OK") << run.command.output;
  EXPECT_TRUE(run.output().starts_with(count() + " values came back bit for bit")) << run.output();
}

}  // namespace
}  // namespace evalrun::test
