// Hostile names, through the whole command: what a program, a plan's file, a key, a case, a job or an image is called
// writes no line of its own and controls no terminal. Each beside a harmless name, whose output has as many lines.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

namespace fs = std::filesystem;

// A newline, a section of a plan, an escape, U+202E and a byte that is not UTF-8; as a wisher's word, and as it is.
constexpr const char* kAsWord = "x\\n[[mount]]\\nbind = '-'\\nat = '-host'\\n#\\e[2J\\r\\8";
const std::string kHostile = "x\n[[mount]]\nbind = '-'\nat = '-host'\n#\x1b[2J\xe2\x80\xae";

std::ptrdiff_t lines_of(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

void expect_fit(const std::string& text) {
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    EXPECT_TRUE(byte == '\n' || (byte >= 0x20 && byte != 0x7f && byte != 0xff)) << text;
  }
  EXPECT_EQ(text.find("\xe2\x80\xae"), text.npos) << text;
}

Finished evalrun_with(const std::vector<std::string>& words) {
  std::vector<std::string> command = {evalrun().string()};
  command.insert(command.end(), words.begin(), words.end());
  return run_command(command);
}

// What the command prints of a plan, with the one name and with the other.
void expect_as_many_lines(const Finished& hostile, const Finished& harmless) {
  EXPECT_EQ(hostile.exit_code, harmless.exit_code) << hostile.error_output << harmless.error_output;
  EXPECT_EQ(lines_of(hostile.output), lines_of(harmless.output)) << hostile.output;
  EXPECT_EQ(lines_of(hostile.error_output), lines_of(harmless.error_output)) << hostile.error_output;
  EXPECT_GT(lines_of(harmless.output) + lines_of(harmless.error_output), 0);
  expect_fit(hostile.output);
  expect_fit(hostile.error_output);
}

TEST(names, a_refused_path_writes_no_line_of_a_suggestion) {
  const TemporaryFolder folder;
  const auto suggested = [&](const std::string& name) {
    const auto plan = folder.write("plan.toml", probe_plan("wisher", {"open-many", "/work/" + name, "300"}));
    return evalrun_with({"trace", "--suggest", "--format", "text", plan.string()});
  };
  const Finished hostile = suggested(kAsWord);
  expect_as_many_lines(hostile, suggested("harmless"));
  std::istringstream lines(hostile.output);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.empty() || line.starts_with("# ") || line == "[limits]" ||
                line.starts_with("open_files = 512  # openat /work/x\\x0a[[mount]]"))
        << line;
  }
}

TEST(names, a_refused_path_is_one_line_of_a_trace) {
  const TemporaryFolder folder;
  const auto traced = [&](const std::string& name) {
    const auto plan = folder.write("plan.toml", probe_plan("wisher", {"open-many", "/etc/" + name, "1"}));
    return evalrun_with({"trace", "--format", "text", plan.string()});
  };
  expect_as_many_lines(traced(kAsWord), traced("harmless"));
}

TEST(names, a_plans_file_name_is_one_line_of_every_command) {
  const TemporaryFolder folder;
  const std::string good = probe_plan("wisher", {"read", "/nowhere"});
  const std::string bad = "argv = 1\n";
  const std::string graded = probe_plan("wisher", {"memfd"}, "[[case]]\nexpected.text = \"\"\n");
  for (const std::string& text : {good, bad, graded}) {
    const std::string hostile = folder.write(kHostile + ".toml", text).string();
    const std::string harmless = folder.write("harmless.toml", text).string();
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"run", "--format", "text"}, {"check"}, {"trace", "--format", "text"}}) {
      const auto with = [&](const std::string& path) {
        std::vector<std::string> command = words;
        command.push_back(path);
        Finished done = evalrun_with(command);
        // Figures of the host may warn at one run and not at another.
        std::string kept;
        std::istringstream lines(done.output);
        for (std::string line; std::getline(lines, line);) {
          if (!line.starts_with("times are less sure") && !line.starts_with("warning: ")) kept += line + "\n";
        }
        done.output = kept;
        return done;
      };
      expect_as_many_lines(with(hostile), with(harmless));
    }
  }
  expect_as_many_lines(evalrun_with({"run", (folder.path() / kHostile).string()}),
                       evalrun_with({"run", (folder.path() / "nowhere").string()}));
}

TEST(names, a_key_a_setting_and_an_option_are_one_line_of_an_error) {
  const TemporaryFolder folder;
  const auto keyed = [&](const std::string& key) {
    const auto plan = folder.write("plan.toml", "\"" + key + "\" = 1\nargv = [\"/x\"]\n");
    return evalrun_with({"check", plan.string()});
  };
  expect_as_many_lines(keyed("x\\n\\u001b[2J\\u202e"), keyed("harmless"));
  const std::string plan = folder.write("plan.toml", probe_plan("wisher", {"memfd"})).string();
  const auto set = [&](const std::string& setting) { return evalrun_with({"check", "--set", setting, plan}); };
  expect_as_many_lines(set(kHostile), set("harmless"));
  expect_as_many_lines(set("limits.cpu=" + kHostile), set("limits.cpu=harmless"));
  expect_as_many_lines(evalrun_with({"check", "--" + kHostile, plan}), evalrun_with({"check", "--harmless", plan}));
  expect_as_many_lines(evalrun_with({"image", "check", kHostile}), evalrun_with({"image", "check", "harmless"}));
}

TEST(names, a_mount_is_one_line_of_an_explanation) {
  const TemporaryFolder folder;
  const auto explained = [&](const std::string& name) {
    fs::create_directory(folder.path() / name);
    const std::string source = nlohmann::json((folder.path() / name).string()).dump();
    const auto plan = folder.write("plan.toml", probe_plan("wisher", {"memfd"},
                                                           "[[mount]]\nbind = " + source +
                                                               "\nat = " + nlohmann::json("/m/" + name).dump() + "\n"));
    return evalrun_with({"explain", plan.string()});
  };
  std::string name = kHostile;
  expect_as_many_lines(explained(name), explained("harmless"));
}

TEST(names, a_case_is_one_row_of_a_graded_result) {
  const TemporaryFolder folder;
  const auto graded = [&](const std::string& name) {
    const auto plan =
        folder.write("plan.toml", probe_plan("wisher", {"memfd"},
                                             "[[case]]\nname = " + nlohmann::json(name).dump() +
                                                 "\nexpected.text = " + nlohmann::json("a\n" + name).dump() + "\n"));
    Finished done = evalrun_with({"run", "--format", "text", plan.string()});
    if (const auto at = done.output.find("times are less sure"); at != done.output.npos) done.output.resize(at);
    return done;
  };
  expect_as_many_lines(graded(kHostile), graded("harmless"));
}

TEST(names, a_jobs_id_is_in_its_own_result_line_and_comes_back_as_it_was) {
  const TemporaryFolder folder;
  const std::string plan = folder.write("plan.toml", probe_plan("wisher", {"tee"})).string();
  const auto batch = [&](const std::string& id) {
    return run_command(
        {evalrun().string(), "batch", "--plan", plan},
        nlohmann::json{{"id", id}}.dump() + "\n" + nlohmann::json{{"id", id + "2"}, {"nokey", 1}}.dump() + "\n");
  };
  const Finished hostile = batch(kHostile);
  expect_as_many_lines(hostile, batch("harmless"));
  std::istringstream lines(hostile.output);
  std::vector<std::string> ids;
  for (std::string line; std::getline(lines, line);) ids.push_back(nlohmann::json::parse(line).at("id"));
  std::ranges::sort(ids);
  EXPECT_EQ(ids, (std::vector<std::string>{kHostile, kHostile + "2"}));
}

TEST(names, an_image_is_one_line_of_the_list) {
  const TemporaryFolder folder;
  const auto listed = [&](const std::string& text) {
    folder.write("images/strange.toml", "name = \"strange\"\ndescription = " + nlohmann::json(text).dump() +
                                            "\npackages = [\"strange\"]\nprograms = [" +
                                            nlohmann::json("/nowhere/" + text).dump() + "]\n");
    return run_command(
        {"env", "EVALRUN_IMAGES=" + (folder.path() / "images").string(), evalrun().string(), "image", "list"});
  };
  expect_as_many_lines(listed(kHostile), listed("harmless"));
}

}  // namespace
}  // namespace evalrun::test
