// The smoke programs of every image: real programs in six languages, with the output they must give.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

class Images : public testing::TestWithParam<const char*> {};

TEST_P(Images, every_smoke_program_gives_its_expected_output) {
  const Finished check = run_command({evalrun().string(), "image", "check", GetParam()});
  if (check.output.find(": missing ") != std::string::npos) EVALRUN_SKIP(check.output);
  EXPECT_EQ(check.exit_code, 0) << check.output << check.error_output;
  EXPECT_GE(std::count(check.output.begin(), check.output.end(), '\n'), 4) << check.output;
}

INSTANTIATE_TEST_SUITE_P(images, Images, testing::Values("bash", "c", "cpp", "java", "node", "python"),
                         [](const auto& image) { return std::string(image.param); });

TEST(images, list_names_each_image_and_what_it_lacks) {
  const Finished list = run_command({evalrun().string(), "image", "list"});
  EXPECT_EQ(list.exit_code, 0) << list.error_output;
  for (const char* name : {"bash: ", "c: ", "cpp: ", "java: ", "node: ", "python: "}) {
    EXPECT_NE(list.output.find(name), std::string::npos) << name;
  }
  EXPECT_EQ(list.output.find("base: "), std::string::npos) << "base is abstract";
}

TEST(images, the_examples_are_well_formed_and_end_as_they_say) {
  const std::pair<const char*, int> examples[] = {{"tests", 0},   {"hello", 0},  {"files", 0},
                                                  {"hostile", 0}, {"limits", 1}, {"pure", 0}};
  for (const auto& [name, exit_code] : examples) {
    const TemporaryFolder folder;
    const Finished run =
        run_command({evalrun().string(), (source_dir() / "images/examples" / (std::string(name) + ".toml")).string(),
                     "--save-to", folder.path().string()});
    if (run.error_output.find("python3") != std::string::npos) EVALRUN_SKIP("python3");
    EXPECT_EQ(run.exit_code, exit_code) << name << run.output << run.error_output;
  }
}

TEST(images, the_example_of_a_problem_package_gets_its_labels_and_its_class_what_the_readme_prints) {
  const std::filesystem::path examples = source_dir() / "images/examples";
  const Finished self_test = run_command({evalrun().string(), "judge", (examples / "sum").string(), "--self-test"});
  if (self_test.output.find("skipped") != std::string::npos) EVALRUN_SKIP(self_test.output);
  EXPECT_EQ(self_test.exit_code, 0) << self_test.output << self_test.error_output;
  EXPECT_NE(self_test.output.find("5 submissions: 5 as labelled, 0 otherwise"), std::string::npos) << self_test.output;
  const Finished done =
      run_command({evalrun().string(), "judge", (examples / "sum").string(), (examples / "class").string()});
  EXPECT_EQ(done.exit_code, 1) << done.error_output;
  EXPECT_NE(done.output.find("6 submissions: 3 AC, 1 CE, 1 TLE, 1 WA\n"), std::string::npos) << done.output;
}

}  // namespace
}  // namespace evalrun::test
