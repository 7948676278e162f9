// What the command says of a line that it does not understand, and of one that asks for help.

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using Words = std::vector<std::string>;

Finished in_folder(const TemporaryFolder& folder, const Words& words) {
  Words argv = {"sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", folder.path().string(), evalrun().string()};
  argv.insert(argv.end(), words.begin(), words.end());
  return run_command(argv);
}

TEST(command_line, a_wrong_line_gets_one_sentence_that_says_what_to_do) {
  const TemporaryFolder folder;
  folder.write("main.py", "print(1)\n");
  folder.write("main.js", "let x = 1\n");
  folder.write("run.sh", "echo a\n");
  folder.write("plan.toml", "argv = [\"/x\"]\n");
  const std::filesystem::path program = folder.write("a.out", std::string("\x7f"
                                                                          "ELF\0",
                                                                          5));
  std::filesystem::permissions(program, std::filesystem::perms(0755));
  const std::pair<Words, const char*> rows[] = {
      {{"dotor"}, "unknown verb \"dotor\"; did you mean doctor?"},
      {{"dotor", "--json"}, "unknown verb \"dotor\"; did you mean doctor?"},
      {{"dotor", "--help"}, "unknown verb \"dotor\"; did you mean doctor?"},
      {{"hlep"}, "unknown verb \"hlep\"; did you mean help?"},
      {{"help", "exce"}, "unknown verb \"exce\"; did you mean exec?"},
      {{"help", "zzzzz"}, "unknown verb \"zzzzz\"; see evalrun --help"},
      {{"image"}, "image needs a verb: list, check or packages"},
      {{"image", "lst"}, "unknown verb \"image lst\"; did you mean image list?"},
      {{"image", "zzzzz"}, "unknown verb \"image zzzzz\"; use image list, check or packages"},
      {{"image", "list", "x"}, "unexpected word \"x\"; see evalrun image list --help"},
      {{"run", "--fromat", "json", "x"}, "unknown option \"--fromat\"; did you mean --format?"},
      {{"--fromat", "json", "x"}, "unknown option \"--fromat\"; did you mean --format?"},
      {{"run", "--zzz", "plan.toml"}, "unknown option \"--zzz\"; see evalrun run --help"},
      {{"check", "--format", "json", "plan.toml"}, "unknown option \"--format\"; see evalrun check --help"},
      {{"run", "-x", "plan.toml"}, "unknown option \"-x\"; see evalrun run --help"},
      {{"run", "plan.toml", "--format"}, "--format needs a value: json or text"},
      {{"run", "plan.toml", "--set"}, "--set needs a value: --set KEY=VALUE"},
      {{"run", "plan.toml", "--output="}, "--output needs a value: --output FILE"},
      {{"run", "plan.toml", "--output", ""}, "--output cannot be \"\"; use FILE"},
      {{"run", "--format", "0", "plan.toml"}, "--format cannot be \"0\"; use json or text"},
      {{"run", "--format", "JSON", "plan.toml"}, "--format cannot be \"JSON\"; use json or text"},
      {{"run", "--format", "markdown", "plan.toml"}, "--format cannot be \"markdown\"; use json or text"},
      {{"schema", "--format", "xml"}, "--format cannot be \"xml\"; use text, json or markdown"},
      {{"batch", "--order", "1"}, "--order cannot be \"1\"; use completion or input"},
      {{"run", "--jobs", "0", "plan.toml"}, "--jobs cannot be \"0\"; use a whole number from 1 to 1024"},
      {{"run", "--jobs", "1025", "plan.toml"}, "--jobs cannot be \"1025\"; use a whole number from 1 to 1024"},
      {{"run", "--jobs", "-1", "plan.toml"}, "--jobs cannot be \"-1\"; use a whole number from 1 to 1024"},
      {{"run", "--jobs", "4x", "plan.toml"}, "--jobs cannot be \"4x\"; use a whole number from 1 to 1024"},
      {{"run", "--format", "json", "--format", "text", "plan.toml"}, "--format is given twice; give it once"},
      {{"explain", "--seccomp=yes", "plan.toml"}, "--seccomp takes no value"},
      {{"run"}, "run needs a PLAN; see evalrun run --help"},
      {{"run", "plan.toml", "b"}, "unexpected word \"b\"; see evalrun run --help"},
      {{"nofile.toml"}, "there is no plan file nofile.toml"},
      {{"run", "no/such.toml"}, "there is no plan file no/such.toml"},
      {{"main.py/plan.toml"}, "there is no plan file main.py/plan.toml"},
      {{"zzzzz"}, "there is no plan file zzzzz, and no verb of this name; see evalrun --help"},
      {{"."}, ". is a folder; a plan is a TOML file"},
      {{"main.py"}, "main.py is not a plan; did you mean: evalrun exec -- python3 main.py (or -i IMAGE)?"},
      {{"run", "main.py"}, "main.py is not a plan; did you mean: evalrun exec -- python3 main.py (or -i IMAGE)?"},
      {{"main.js"}, "main.js is not a plan; did you mean: evalrun exec -- node main.js (or -i IMAGE)?"},
      {{"run.sh"}, "run.sh is not a plan; did you mean: evalrun exec -- bash run.sh (or -i IMAGE)?"},
      {{"a.out"}, "a.out is not a plan; did you mean: evalrun exec -i IMAGE -- ./a.out?"},
      {{"--generate", "x"}, "--generate needs a value: man, complete-bash or exit-statuses"},
  };
  for (const auto& [words, message] : rows) {
    const Finished done = in_folder(folder, words);
    EXPECT_EQ(done.exit_code, 2) << message;
    EXPECT_EQ(done.output, "") << message;
    EXPECT_EQ(done.error_output, std::string("evalrun: ") + message + "\n");
  }
}

TEST(command_line, an_error_in_a_plan_is_still_told_by_its_place) {
  const TemporaryFolder folder;
  folder.write("plan", "argv = [\"/x\"\n");
  folder.write("b.toml", "argv = [\"/x\"]\nfoo = 1\n");
  EXPECT_TRUE(in_folder(folder, {"plan"}).error_output.starts_with("evalrun: plan:"));
  EXPECT_TRUE(in_folder(folder, {"b.toml"}).error_output.starts_with("evalrun: b.toml:2:1: foo: "));
}

TEST(command_line, nothing_at_all_prints_the_usage_and_fails) {
  const Finished bare = run_command({evalrun().string()});
  EXPECT_EQ(bare.exit_code, 2);
  EXPECT_EQ(bare.output, "");
  const Finished asked = run_command({evalrun().string(), "--help"});
  EXPECT_EQ(asked.exit_code, 0);
  EXPECT_EQ(asked.error_output, "");
  EXPECT_EQ(asked.output, bare.error_output);
  EXPECT_NE(asked.output.find("\nUsage: evalrun PLAN\n"), std::string::npos);
}

TEST(command_line, help_is_asked_for_in_three_ways) {
  for (const std::string verb : {"run", "exec", "batch", "check", "explain", "trace", "doctor", "schema", "help"}) {
    const Finished by_option = run_command({evalrun().string(), verb, "--help"});
    EXPECT_EQ(by_option.exit_code, 0);
    EXPECT_NE(by_option.output.find("\nUsage: evalrun " + verb), std::string::npos) << by_option.output;
    EXPECT_NE(by_option.output.find("\nExample:\n"), std::string::npos);
    EXPECT_EQ(run_command({evalrun().string(), verb, "-h"}).output, by_option.output);
    EXPECT_EQ(run_command({evalrun().string(), "help", verb}).output, by_option.output);
  }
  EXPECT_EQ(run_command({evalrun().string(), "help"}).output, run_command({evalrun().string(), "--help"}).output);
  const std::string image = run_command({evalrun().string(), "image", "check", "--help"}).output;
  EXPECT_EQ(run_command({evalrun().string(), "help", "image", "check"}).output, image);
  EXPECT_NE(run_command({evalrun().string(), "image", "--help"}).output.find("  image list"), std::string::npos);
}

TEST(command_line, no_help_speaks_of_the_parser_or_is_wider_than_80_columns) {
  for (const std::string verb : {"run", "exec", "batch", "check", "explain", "trace", "doctor", "schema", "help"}) {
    std::istringstream lines(run_command({evalrun().string(), verb, "--help"}).output);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), 80U) << line;
      for (const char* word : {"ENUM", "TEXT", "UINT", "OPTIONS]:", "{json"}) {
        EXPECT_EQ(line.find(word), std::string::npos) << line;
      }
    }
  }
}

TEST(command_line, formats_are_chosen_alike_and_the_old_words_still_work) {
  const auto output = [](const Words& words) {
    Words argv = {evalrun().string()};
    argv.insert(argv.end(), words.begin(), words.end());
    return run_command(argv).output;
  };
  EXPECT_EQ(output({"schema", "--json"}), output({"schema", "--format", "json"}));
  EXPECT_EQ(output({"schema", "--markdown"}), output({"schema", "--format", "markdown"}));
  EXPECT_EQ(output({"schema"}), output({"schema", "--format=text"}));
  const auto by_word = nlohmann::json::parse(output({"doctor", "--json"}));
  const auto by_format = nlohmann::json::parse(output({"doctor", "--format", "json"}));
  EXPECT_EQ(by_word.at("checks").size(), by_format.at("checks").size());
  EXPECT_FALSE(nlohmann::json::accept(output({"doctor", "--format", "text"})));
}

TEST(command_line, the_verb_of_a_plan_may_be_left_out_and_options_may_come_first) {
  const TemporaryFolder folder;
  folder.write("plan.toml", probe_plan("probe", {"exit", "0"}));
  EXPECT_EQ(in_folder(folder, {"plan.toml"}).exit_code, 0);
  EXPECT_EQ(in_folder(folder, {"--set", "limits.cpu=5s", "plan.toml"}).exit_code, 0);
  EXPECT_EQ(in_folder(folder, {"run", "plan.toml", "--set=limits.cpu=5s", "--format", "text"}).exit_code, 0);
}

// An image of packages and a program that no host has, and a plan that names it.
TEST(command_line, image_packages_prints_what_a_plan_needs_and_this_host_lacks) {
  const TemporaryFolder images, folder;
  const auto image = [&](const std::string& name, const std::string& program) {
    images.write(name + ".toml", "name = \"" + name +
                                     "\"\ndescription = \"x\"\npackages = [\"two-of-it\", \"one-of-it\"]\n" +
                                     "programs = [\"" + program + "\"]\nrun = [\"x\", \"{source}\"]\n");
  };
  image("missing", "/no/such/program");
  image("there", "/bin/sh");
  const auto plan = [&](const std::string& name, const std::string& text) { return folder.write(name, text).string(); };
  const auto packages = [&](std::vector<std::string> words) {
    std::vector<std::string> command = {"env", "EVALRUN_IMAGES=" + images.path().string(), evalrun().string(), "image",
                                        "packages"};
    command.insert(command.end(), words.begin(), words.end());
    const Finished finished = run_command(command);
    EXPECT_EQ(finished.exit_code, 0) << finished.error_output;
    return finished.output;
  };
  const std::string both = "one-of-it\ntwo-of-it\n";
  EXPECT_EQ(packages({plan("a.toml", "image = \"missing\"\nsource = \"not there yet\"\n")}), both);
  EXPECT_EQ(packages({plan("b.toml", "image = \"" + (images.path() / "missing.toml").string() + "\"\n")}), both);
  EXPECT_EQ(packages({plan("c.toml", "image = \"there\"\n")}), "");
  EXPECT_EQ(packages({plan("d.toml", "argv = [\"x\"]\n")}), "");
  EXPECT_EQ(packages({"--image", "there"}), both);
  EXPECT_NE(packages({}).find(both), std::string::npos);
  const Finished unknown =
      run_command({evalrun().string(), "image", "packages", plan("e.toml", "image = \"no-such-image\"\n")});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_NE(unknown.error_output.find("no-such-image"), std::string::npos) << unknown.error_output;
}

}  // namespace
}  // namespace evalrun::test
