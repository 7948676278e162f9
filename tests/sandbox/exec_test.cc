// `evalrun exec`: the command's streams and status, evalrun's own statuses, and what gets in.

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/support/command.h"
#include "tests/support/paths.h"

extern char** environ;

namespace evalrun::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// A folder to stand in, with the static probe and a few programs that get in by their own name.
class Exec : public testing::Test {
 protected:
  Exec() {
    for (const char* name : {"probe", "hostile"}) fs::copy_file(probe(name), path(name));
    folder_.write("script.sh", "echo from the script\n");
    folder_.write("secret", "the operator's\n");
  }

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  // In the folder: `evalrun exec FLAGS -- COMMAND`.
  [[nodiscard]] Words line(const Words& flags, const Words& command) const {
    Words words = {"sh",  "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", folder_.path().string(), evalrun().string(),
                   "exec"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.emplace_back("--");
    words.insert(words.end(), command.begin(), command.end());
    return words;
  }
  [[nodiscard]] Finished exec(const Words& flags, const Words& command, const std::string& input = "") const {
    return run_command(line(flags, command), input);
  }
  // The probe, without an image.
  [[nodiscard]] Finished probe_does(const Words& words, Words flags = {}, const std::string& input = "") const {
    flags.insert(flags.begin(), {"-i", "none"});
    Words command = {"./probe"};
    command.insert(command.end(), words.begin(), words.end());
    return exec(flags, command, input);
  }

  const TemporaryFolder folder_;
};

TEST_F(Exec, the_status_of_the_command_is_passed_on) {
  for (const int code : {0, 1, 3, 119, 120, 127, 255}) {
    const Finished done = probe_does({"exit", std::to_string(code)});
    EXPECT_EQ(done.exit_code, code);
    EXPECT_EQ(done.output + done.error_output, "");
  }
}

TEST_F(Exec, a_signal_is_128_and_its_number) {
  for (const int signal : {SIGSEGV, SIGABRT, SIGKILL, SIGTERM}) {
    EXPECT_EQ(probe_does({"raise", std::to_string(signal)}).exit_code, 128 + signal);
  }
}

TEST_F(Exec, each_limit_has_a_status_and_a_line) {
  struct Row {
    Words flags, words;
    int status;
    std::string line;
  };
  const std::vector<Row> rows = {
      {{"--cpu", "200ms"}, {"burn", "60"}, 124, "evalrun: stopped at the CPU limit of 200ms\n"},
      {{"--wall", "300ms"}, {"sleep", "60"}, 124, "evalrun: stopped at the wall-clock limit of 300ms\n"},
      {{"--set", "limits.idle=300ms"}, {"sleep", "60"}, 124, "evalrun: stopped after 300ms without using the CPU\n"},
      {{"--memory", "64MiB"}, {"touch", "200", "sleep", "5"}, 123, "evalrun: stopped at the memory limit of 64MiB"},
      {{"--output-limit", "1KiB"},
       {"write", "100000"},
       122,
       "evalrun: stopped at the output limit: stdout passed 1KiB\n"},
      {{"--set", "limits.file_size=64KiB"},
       {"fill", "/tmp/f", "1000000"},
       122,
       "evalrun: stopped at the file size limit of 64KiB\n"},
  };
  for (const Row& row : rows) {
    const Finished done = probe_does(row.words, row.flags);
    EXPECT_EQ(done.exit_code, row.status) << row.line;
    // The program itself stands in /work, which the message of memory counts.
    EXPECT_TRUE(done.error_output.starts_with(row.line)) << done.error_output;
    EXPECT_EQ(std::ranges::count(done.error_output, '\n'), 1) << done.error_output;
  }
  // Within the same limits.
  EXPECT_EQ(probe_does({"burn", "0.01"}, {"--cpu", "10s"}).exit_code, 0);
  EXPECT_EQ(probe_does({"write", "1024"}, {"--output-limit", "1KiB"}).exit_code, 0);
}

TEST_F(Exec, a_forbidden_call_is_121) {
  const Finished done = exec({"-i", "none"}, {"./hostile", "call-here", std::to_string(SYS_ptrace), "0"});
  EXPECT_EQ(done.exit_code, 121) << done.output << done.error_output;
  EXPECT_EQ(done.error_output, "evalrun: stopped for ptrace, which the plan does not allow\n");
}

TEST_F(Exec, what_cannot_be_started_is_126_or_127_as_of_a_shell) {
  const Finished in_path = exec({"-i", "none"}, {"nothing"});
  EXPECT_EQ(in_path.exit_code, 127);
  EXPECT_EQ(in_path.error_output, "evalrun: nothing is not in PATH (/usr/local/bin:/usr/bin:/bin)\n");
  EXPECT_EQ(exec({"-i", "none"}, {"./nothing"}).exit_code, 127);
  EXPECT_EQ(exec({"-i", "none"}, {"./secret"}).exit_code, 126);  // not executable
}

TEST_F(Exec, a_wrong_line_is_120_and_says_what_to_do) {
  const std::vector<std::pair<Words, std::string>> rows = {
      {{"exec"}, "exec needs a command: evalrun exec -- CMD [ARG...]"},
      {{"exec", "--"}, "exec needs a command: evalrun exec -- CMD [ARG...]"},
      {{"exec", "-l", "--", "ls"}, "unknown option \"-l\"; see evalrun exec --help"},
      {{"exec", "ls"}, "put \"--\" before the command: evalrun exec -- ls ..."},
      {{"exec", "--cpu", "5", "--", "x"}, "--cpu cannot be \"5\"; use a time with a unit, such as 2s or 500ms"},
      {{"exec", "--memory", "5MB", "--", "x"},
       "--memory cannot be \"5MB\"; use a size with a unit, such as 256MiB or 64KiB"},
      {{"exec", "--processes", "0", "--", "x"}, "--processes cannot be \"0\"; use a whole number from 1 to 32768"},
      {{"exec", "--set", "limits.cpu=x", "-i", "none", "--", "x"},
       "--set: limits.cpu: expected a time with a unit, such as \"2s\", found \"x\""},
      {{"exec", "-i", "none", "--", ""}, "the command's first word is empty; name a program"},
      {{"exec", "-i", "none", "--", "a\xff"}, "\"a\\xff\" is not UTF-8, and a plan can hold nothing else"},
      {{"exec", "--result", "77", "-i", "none", "--", "x"}, "--result 77: no open descriptor has this number"},
      {{"exec", "--result", "99999999999999", "-i", "none", "--", "x"},
       "--result 99999999999999: no open descriptor has this number"},
      {{"exec", "--result", "/no/such/file", "-i", "none", "--", "x"},
       "--result /no/such/file: No such file or directory"},
      {{"exec", "--file", "/no/such", "-i", "none", "--", "x"}, "--file /no/such: No such file or directory"},
      {{"exec", "--set", "compile.argv=[\"/work/x\"]", "-i", "none", "--", "/work/x"},
       "exec runs one command; write a plan for a compile step or cases"},
  };
  for (const auto& [words, message] : rows) {
    Words argv = {evalrun().string()};
    argv.insert(argv.end(), words.begin(), words.end());
    const Finished done = run_command(argv);
    EXPECT_EQ(done.exit_code, 120) << message;
    EXPECT_EQ(done.output, "");
    EXPECT_EQ(done.error_output, "evalrun: " + message + "\n");
  }
}

TEST_F(Exec, an_image_is_found_from_the_command_where_one_alone_has_it) {
  folder_.write("images/one.toml", "name = \"one\"\ndescription = \"x\"\nprograms = [\"/opt/tool\", \"/opt/both\"]\n");
  folder_.write("images/two.toml",
                "name = \"two\"\ndescription = \"x\"\nprograms = [\"/opt/both\"]\nrun = [\"goo\", \"{source}\"]\n");
  const auto image_of = [&](const std::string& command) {
    Words words = line({"--print-plan", "--set", "env.PATH=/work"}, {command});
    words.insert(words.begin(), {"env", "EVALRUN_IMAGES=" + path("images")});
    return run_command(words);
  };
  EXPECT_TRUE(image_of("tool").output.starts_with("image = \"one\"\n"));
  EXPECT_TRUE(image_of("goo").output.starts_with("image = \"two\"\n"));
  EXPECT_EQ(image_of("both").error_output, "evalrun: \"both\" is in the images one and two; name one with -i\n");
  // Whose run or compile line begins with it goes before who only uses it.
  folder_.write("images/three.toml",
                "name = \"three\"\ndescription = \"x\"\nprograms = [\"/opt/goo\", \"/opt/tool\"]\n");
  EXPECT_TRUE(image_of("goo").output.starts_with("image = \"two\"\n"));
  EXPECT_EQ(image_of("tool").error_output, "evalrun: \"tool\" is in the images one and three; name one with -i\n");
  folder_.write("images/four.toml", "name = \"four\"\ndescription = \"x\"\nrun = [\"x\"]\ncompiled_run = [\"goo\"]\n");
  EXPECT_TRUE(image_of("goo").output.starts_with("image = \"two\"\n"));
  folder_.write("images/five.toml", "name = \"five\"\ndescription = \"x\"\nrun = [\"goo\"]\n");
  EXPECT_EQ(image_of("goo").error_output, "evalrun: \"goo\" is in the images five and two; name one with -i\n");
  const Finished none = image_of("nobody");
  EXPECT_EQ(none.exit_code, 120);
  EXPECT_TRUE(none.error_output.starts_with("evalrun: no image is known for \"nobody\"; name one with -i: "));
  EXPECT_TRUE(none.error_output.ends_with(" or none\n"));
}

TEST_F(Exec, an_image_that_is_not_there_is_120) {
  const Finished done = exec({"-i", "nowhere"}, {"x"});
  EXPECT_EQ(done.exit_code, 120);
  EXPECT_NE(done.error_output.find("\"nowhere\""), std::string::npos) << done.error_output;
}

TEST_F(Exec, standard_input_comes_from_a_pipe_a_file_or_nowhere) {
  EXPECT_EQ(probe_does({"echo"}, {}, "from a pipe").output, "from a pipe");
  folder_.write("input", std::string("from\0a file", 11));
  EXPECT_EQ(probe_does({"echo"}, {"--stdin", "input"}, "not this").output, std::string("from\0a file", 11));
  EXPECT_EQ(probe_does({"echo"}, {"--stdin", "/dev/null"}, "not this").output, "");
  EXPECT_EQ(probe_does({"echo"}).output, "");
}

TEST_F(Exec, big_and_binary_streams_pass_unchanged) {
  std::string bytes(3 << 20, '\0');
  unsigned state = 1;
  for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  const Finished done = probe_does({"echo"}, {"--cpu", "20s", "--wall", "60s"}, bytes);
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_TRUE(done.output == bytes);
}

TEST_F(Exec, outputs_go_to_files_that_are_named) {
  const Finished done = probe_does({"say", "out", "complain", "bad"}, {"--stdout", "out.txt", "--stderr", "err.txt"});
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_EQ(done.output + done.error_output, "");
  EXPECT_EQ(read_file(path("out.txt")), "out\n");
  EXPECT_EQ(read_file(path("err.txt")), "bad\n");
  EXPECT_EQ(probe_does({"say", "out", "complain", "bad"}, {"--stdout", "/dev/null"}).output, "");
}

TEST_F(Exec, output_that_cannot_be_written_is_told) {
  Words words = line({"-i", "none"}, {"./probe", "say", "x"});
  words[2] = "cd \"$1\" && shift && exec \"$@\" >/dev/full";
  const Finished full = run_command(words);
  EXPECT_EQ(full.exit_code, 125);
  EXPECT_EQ(full.error_output, "evalrun: standard output could not be written in full\n");
  // A reader that has gone is no error.
  words = line({"-i", "none"}, {"./probe", "write", "1000000"});
  words[2] = "cd \"$1\" && shift && { \"$@\"; echo $? >&2; } | :";
  EXPECT_EQ(run_command(words).error_output, "0\n");
}

TEST_F(Exec, the_whole_result_goes_to_a_file_or_a_descriptor) {
  EXPECT_EQ(probe_does({"say", "x"}, {"--result", "result.json"}).output, "x\n");
  const auto json = nlohmann::json::parse(read_file(path("result.json")));
  EXPECT_EQ(json.at("verdict"), "OK");
  EXPECT_EQ(json.at("plan").at("name"), "exec");
  EXPECT_EQ(json.at("stdout").at("bytes"), 2);

  Words words = line({"-i", "none", "--result", "7"}, {"./probe", "exit", "122"});
  words[2] = "cd \"$1\" && shift && exec \"$@\" 7>seven.json";
  EXPECT_EQ(run_command(words).exit_code, 122);
  const auto seven = nlohmann::json::parse(read_file(path("seven.json")));
  EXPECT_EQ(seven.at("outcome"), nlohmann::json({{"kind", "exited"}, {"exit_code", 122}}));

  words = line({"-i", "none", "--result", "7"}, {"./probe", "exit", "0"});
  words[2] = "cd \"$1\" && shift && exec \"$@\" 7<secret";
  const Finished unwritable = run_command(words);
  EXPECT_EQ(unwritable.exit_code, 120);
  EXPECT_EQ(unwritable.error_output, "evalrun: --result 7: the descriptor is not open for writing\n");
}

TEST_F(Exec, the_descriptor_of_the_result_is_not_the_commands) {
  Words words = line({"-i", "none", "--result", "7"}, {"./probe", "descriptors"});
  words[2] = "cd \"$1\" && shift && exec \"$@\" 7>seven.json";
  const Finished with = run_command(words);
  EXPECT_EQ(with.exit_code, 0) << with.error_output;
  EXPECT_EQ(with.output, probe_does({"descriptors"}).output);
}

TEST_F(Exec, hostile_words_arrive_unchanged) {
  for (const std::string word :
       {"a\nb", "\"quoted\"", "'single'", "--help",    "--",   "-", "",  "$HOME", "{source}", "{stem}", "[x]",
        "%%",   "a=b",        "\\",       "tab\there", "\x01", "é", "=", "#",     "]]",       "\\u0041"}) {
    EXPECT_EQ(probe_does({"say", word}).output, word + "\n");
  }
}

TEST_F(Exec, only_the_programs_own_file_gets_in_by_its_name) {
  const auto files_of = [&](const Words& command, const Words& flags = {}) {
    Words all = {"-i", "none", "--print-plan"};
    all.insert(all.end(), flags.begin(), flags.end());
    const std::string plan = exec(all, command).output;
    const std::size_t begin = plan.find("\n[files]\n");
    return begin == plan.npos ? "" : plan.substr(begin + 9, plan.find("\n[env]") - begin - 9);
  };
  const auto placed = [&](const std::string& name) { return "\"" + name + "\" = { from = \"" + path(name) + "\" }\n"; };
  const std::string bare = "secret = { from = \"" + path("secret") + "\" }\n";
  const Words path_here = {"--set", "env.PATH=/work"};
  EXPECT_EQ(files_of({"sh", "script.sh"}, path_here), placed("script.sh"));
  EXPECT_EQ(files_of({"sh", "-x", "./script.sh"}, path_here), placed("script.sh"));
  EXPECT_EQ(files_of({"./script.sh"}), placed("script.sh"));
  // What comes later may be a stranger's.
  EXPECT_EQ(files_of({"sh", "script.sh", "secret"}, path_here), placed("script.sh"));
  EXPECT_EQ(files_of({"./script.sh", "secret"}), placed("script.sh"));
  EXPECT_EQ(files_of({"sh", "-c", "true", "secret"}, path_here), "");
  EXPECT_EQ(files_of({"./script.sh"}, {"--file", "secret"}), bare + placed("script.sh"));
  EXPECT_EQ(files_of({"./none"}, {"--file", "lib/x=secret"}), "\"lib/x\" = { from = \"" + path("secret") + "\" }\n");
  // Nothing outside the current folder.
  EXPECT_EQ(files_of({"sh", path("secret")}, path_here), "");
  fs::create_directory(path("below"));
  EXPECT_EQ(files_of({"sh", "below/../secret"}, path_here), "");
  EXPECT_EQ(files_of({"sh", "below"}, path_here), "");
  folder_.write("below/x.sh", "");
  EXPECT_EQ(files_of({"sh", "below/x.sh"}, path_here), placed("below/x.sh"));
}

TEST_F(Exec, a_link_is_not_followed_out_of_the_folder) {
  fs::create_symlink("/etc/hostname", path("link"));
  fs::create_directory_symlink("/etc", path("etc"));
  for (const std::string name : {"link", "etc/hostname"}) {
    const Finished done = exec({"-i", "none", "--print-plan", "--set", "env.PATH=/work"}, {"cat", name});
    EXPECT_EQ(done.output.find("[files]"), std::string::npos) << done.output;
    EXPECT_EQ(done.error_output, "evalrun: " + name +
                                     " is or leads through a symbolic link and is not placed; to place it: --file " +
                                     name + "=" + name + "\n");
  }
}

TEST_F(Exec, a_printed_plan_does_the_same) {
  const Words command = {"./probe", "say", "a \"b\"\n{source}", "complain", "--c", "exit", "3"};
  const Words flags = {"--cpu", "3s",        "--set",  "limits.stack=8MiB",
                       "--set", "env.X=y z", "--file", "lib/secret=secret"};
  const Finished direct = probe_does(Words(command.begin() + 1, command.end()), flags);
  Words printing = flags;
  printing.emplace_back("--print-plan");
  const Finished printed = probe_does(Words(command.begin() + 1, command.end()), printing);
  EXPECT_EQ(printed.exit_code, 0) << printed.error_output;
  const std::string plan = folder_.write("printed.toml", printed.output).string();
  const Finished again = run_command({evalrun().string(), "run", plan, "--output", path("result.json")});
  EXPECT_EQ(direct.exit_code, 3);
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_EQ(again.output, direct.output);
  EXPECT_EQ(again.error_output, direct.error_output);
  const auto result = nlohmann::json::parse(read_file(path("result.json")));
  EXPECT_EQ(result.at("outcome"), nlohmann::json({{"kind", "exited"}, {"exit_code", 3}}));
  // The plan of the plan is the plan.
  EXPECT_EQ(printed.output,
            "argv = [\"./probe\", \"say\", \"a \\\"b\\\"\\u000a{source}\", \"complain\", \"--c\", \"exit\", \"3\"]\n"
            "stdin = \"inherit\"\nstdout = \"inherit\"\nstderr = \"inherit\"\n\n[files]\n"
            "\"lib/secret\" = { from = \"" +
                path("secret") + "\" }\nprobe = { from = \"" + path("probe") +
                "\", mode = \"0755\" }\n\n[limits]\ncpu = \"3s\"\nstack = \"8MiB\"\n\n[env]\nX = \"y z\"\n");
}

TEST_F(Exec, a_signal_to_evalrun_ends_the_command_with_that_signals_status) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    Words words = line({"-i", "none", "--result", "result.json"}, {"./probe", "say", "started", "sleep", "60"});
    words[2] = "cd \"$1\" && shift && exec \"$@\" >out 2>err";
    fs::remove(path("out"));
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t pid = -1;
    ASSERT_EQ(::posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ), 0);
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(40);
    while (read_file(path("out")) != "started\n" && std::chrono::steady_clock::now() < give_up) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ::kill(pid, signal);
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 128 + signal);
    EXPECT_NE(read_file(path("err")).find("cancelled by SIG"), std::string::npos) << read_file(path("err"));
    EXPECT_EQ(nlohmann::json::parse(read_file(path("result.json"))).at("verdict"), "CANCELLED");
  }
}

}  // namespace
}  // namespace evalrun::test
