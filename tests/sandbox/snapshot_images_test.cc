// Every image that says that it can start from a snapshot, with its smoke programs: each gives the output that it gives
// by execve, and each begins with a snapshot.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "runtime/core/text.h"
#include "runtime/reader/image.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

std::vector<std::filesystem::path> images() {
  return {source_dir() / "images"};
}

std::string plan_of(const Image& image, const SmokeProgram& smoke) {
  std::string text = "image = " + toml_string(image.name) +
                     "\nlimits.cpus = \"any\"\nsnapshot.mode = \"yes\"\nsource = " + toml_string(smoke.source) +
                     "\nstdin = { text = " + toml_string(smoke.input) + " }\n[files]\n";
  std::vector<std::string> files = smoke.files;
  files.push_back(smoke.source);
  for (const std::string& file : files) {
    text += toml_string(file) + " = { from = " + toml_string((source_dir() / "images" / image.name / file).string()) +
            " }\n";
  }
  return text;
}

class SnapshotImages : public testing::TestWithParam<const char*> {};

TEST_P(SnapshotImages, every_smoke_program_begins_with_a_snapshot_and_gives_its_expected_output) {
  const Image image = load_image(GetParam(), images());
  for (const std::string& program : image.programs) {
    if (!std::filesystem::exists(program)) EVALRUN_SKIP(program);
  }
  ASSERT_FALSE(image.smoke.empty());
  for (const SmokeProgram& smoke : image.smoke) {
    if (!smoke.argv.empty()) continue;
    std::vector<std::string> arguments;
    for (const auto& [key, value] : smoke.set) arguments.insert(arguments.end(), {"--set", key + "=" + value});
    const PlanRun run = run_plan(plan_of(image, smoke), arguments);
    ASSERT_TRUE(run.result.is_object()) << smoke.name << run.command.error_output;
    EXPECT_EQ(run.verdict(), "OK") << smoke.name << run.error_output();
    EXPECT_EQ(run.output(), smoke.expect) << smoke.name;
    EXPECT_EQ(run.result.at("start").at("kind"), "snapshot") << smoke.name << run.result.at("start");
  }
}

INSTANTIATE_TEST_SUITE_P(images, SnapshotImages, testing::Values("bash", "lua", "perl", "php", "pypy", "python"),
                         [](const auto& of) { return std::string(of.param); });

TEST(snapshot_images, those_that_say_so_are_those_that_are_tried) {
  std::vector<std::string> supported;
  for (const Image& image : list_images(images())) {
    const std::string text = read_file(image.path);
    if (text.find("[snapshot]\nsupported = true\n") != std::string::npos) supported.push_back(image.name);
  }
  EXPECT_EQ(supported, (std::vector<std::string>{"bash", "lua", "perl", "php", "pypy", "python"}));
}

}  // namespace
}  // namespace evalrun::test
