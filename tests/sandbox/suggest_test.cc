// `evalrun trace --suggest` on programs that fail under a plan: its lines make each run, and no line of them can be
// left out.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

// A program in Python that exits with 0 where it may do what it tries.
struct Program {
  std::string name;
  std::string text;                     // FOLDER stands for a folder of the host that the plan does not show
  std::vector<std::string> expect;      // "[section] key", in order
  std::string plan = {};                // further lines of the plan; tables may be opened
  std::vector<std::string> grant = {};  // what of the host the search must be given
};

const std::vector<Program>& programs() {
  static const std::vector<Program> all = {
      {"a_dataset_outside_the_image",
       "assert open('FOLDER/data/1.csv').read()",
       {"[[mount]] bind", "[[mount]] at"},
       "",
       {"--grant", "FOLDER/data/1.csv"}},
      {"a_dataset_of_many_files",
       "for name in range(1, 7): assert open(f'FOLDER/data/{name}.csv').read()",
       {"[[mount]] bind", "[[mount]] at"},
       "",
       {"--grant", "FOLDER/data"}},
      {"a_unix_socket_server_on_a_read_only_mount",
       "import os, socket\nsocket.socket(socket.AF_UNIX).bind('/served/s')\nos.unlink('/served/s')",
       {"[[mount]] write"},
       "[[mount]]\nbind = \"FOLDER/data\"\nat = \"/served\"\n",
       {"--grant-write", "FOLDER/data"}},
      {"memfd", "import os\nos.memfd_create('m')", {"[seccomp] allow"}},
      {"a_reader_of_proc_version",
       "assert 'Linux' in open('/proc/version').read()",
       {"[proc] view"},
       "",
       {"--grant", "/proc"}},
      // Code that was generated goes to a file, which is then mapped.
      {"a_jit_with_its_cache_in_tmp",
       "import ctypes, shutil, glob\nshutil.copy(glob.glob('/lib/*-linux-gnu/libm.so.6')[0], '/tmp/jit.so')\n"
       "assert ctypes.CDLL('/tmp/jit.so').abs is not None",
       {"[[mount]] tmpfs", "[[mount]] at", "[[mount]] exec"}},
      {"a_server_on_loopback",
       "import socket\ns = socket.socket()\ns.bind(('127.0.0.1', 8123))\ns.listen()\n"
       "socket.create_connection(('127.0.0.1', 8123))",
       {"[network] mode", "[network] bind", "[network] connect"}},
      {"many_threads",
       "import threading\ne = threading.Event()\nt = [threading.Thread(target=e.wait) for _ in range(100)]\n"
       "try:\n  [x.start() for x in t]\nfinally:\n  e.set()",
       {"[limits] processes"}},
      {"many_files", "f = [open('/dev/null') for _ in range(600)]", {"[limits] open_files"}},
      {"a_large_file",
       "open('/work/f', 'wb').write(bytes(1 << 21))",
       {"[limits] file_size"},
       "limits.file_size = \"1MiB\"\n"},
      {"a_program_of_its_own",
       "import subprocess\nsubprocess.run(['PROBES/probe', 'exit', '0'], check=True)",
       {"[[mount]] bind", "[[mount]] at", "[[mount]] exec"},
       "",
       {"--grant", "PROBES/probe"}},
      {"a_database_on_a_read_only_mount",
       "open('/served/1.csv', 'a').write('more')",
       {"[[mount]] write"},
       "[[mount]]\nbind = \"FOLDER/data\"\nat = \"/served\"\n",
       {"--grant-write", "FOLDER/data"}},
      {"cores_of_its_own_choice",
       "import os\nos.sched_setaffinity(0, os.sched_getaffinity(0))",
       {"[limits] cpus"},
       "limits.cpus = \"auto\"\n"},
      {"two_needs_and_many_probes",
       "import os\nos.path.exists('/etc/hosts.deny')\n[os.path.exists(p) for p in ('/usr/sbin', '/var/lib', "
       "'/srv')]\n"
       "open('FOLDER/data/2.csv')\nos.memfd_create('m')",
       {"[[mount]] bind", "[[mount]] at", "[seccomp] allow"},
       "",
       {"--grant", "FOLDER/data"}},
      {"what_landlock_narrows",
       "open('/work/b/f', 'w').write('x')",
       {"[landlock] write"},
       "landlock.write = [\"/work/a\"]\nfiles.\"a/keep\".text = \"\"\nfiles.\"b/keep\".text = \"\"\n"},
      {"a_program_that_needs_nothing", "print('well')", {}},
  };
  return all;
}

std::string with(std::string text, const std::string& word, const std::string& replacement) {
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + replacement.size())) {
    text.replace(at, word.size(), replacement);
  }
  return text;
}

// One line of the suggestion, and where it goes.
struct Line {
  std::string section;  // "[seccomp]"
  std::string key;
  std::string value;
  bool into_present = false;  // into a section that the plan has; of [[mount]], the plan's last lines
};

std::vector<Line> lines_of(const nlohmann::json& suggestion) {
  std::vector<Line> lines;
  for (const nlohmann::json& block : suggestion.at("additions")) {
    for (const nlohmann::json& line : block.at("lines")) {
      lines.push_back({block.at("section"), line.at("key"), line.at("value"), block.contains("line")});
    }
  }
  return lines;
}

// The verdict on the plan with the lines, but for one.
std::string verdict_with(std::string plan, const std::vector<Line>& lines, std::size_t without) {
  std::vector<std::string> settings;
  std::string section;
  for (std::size_t at = 0; at < lines.size(); ++at) {
    const Line& line = lines[at];
    if (line.into_present && line.section != "[[mount]]") {
      const std::string key = line.section.substr(1, line.section.size() - 2) + "." + line.key;
      if (at != without) settings.insert(settings.end(), {"--set", key + "=" + line.value});
      continue;
    }
    if (!line.into_present && line.section != section) plan += (section = line.section) + "\n";
    if (at != without) plan += line.key + " = " + line.value + "\n";
  }
  return run_plan(plan, settings).verdict();
}

#define EVALRUN_NEEDS_PYTHON \
  if (!std::filesystem::exists("/usr/bin/python3")) EVALRUN_SKIP("the image python")

class Suggestions : public testing::TestWithParam<Program> {
 protected:
  // Not below /tmp: that is a folder of the sandbox's own.
  void SetUp() override {
    EVALRUN_NEEDS_PYTHON;
    std::string name = "/var/tmp/evalrun-suggest-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::filesystem::create_directory(folder_ / "data");
    std::filesystem::permissions(folder_, std::filesystem::perms(0755));
    std::filesystem::permissions(folder_ / "data", std::filesystem::perms(0777));
    for (int file = 1; file < 7; ++file) {
      const auto path = folder_ / "data" / (std::to_string(file) + ".csv");
      std::ofstream(path) << "1,2\n";
      std::filesystem::permissions(path, std::filesystem::perms(0666));
    }
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  [[nodiscard]] std::string filled(const std::string& text) const {
    return with(with(text, "FOLDER", folder_.string()), "PROBES", (build_dir() / "probes").string());
  }
  [[nodiscard]] std::string plan() const {
    const Program& program = GetParam();
    // Traced on a busy machine, a program takes long.
    return filled("image = \"python\"\nsource = \"p.py\"\nlimits.wall = \"60s\"\nfiles.\"p.py\".text = '''\n" +
                  program.text + "\n'''\n" + program.plan);
  }

  // The search with these grants.
  [[nodiscard]] Finished searched(const std::vector<std::string>& grants) const {
    const TemporaryFolder folder;
    const std::string path = folder.write("plan.toml", plan()).string();
    std::vector<std::string> command = {evalrun().string(), "trace", "--suggest", "--format", "json", path};
    for (const std::string& word : grants) command.push_back(filled(word));
    return run_command(command);
  }

  std::filesystem::path folder_;
};

// The names alone are enough to say what it needs.
TEST_P(Suggestions, without_a_grant_name_the_grant) {
  const std::vector<std::string>& grant = GetParam().grant;
  if (grant.empty()) return;
  const nlohmann::json found = nlohmann::json::parse(searched({}).output, nullptr, false);
  ASSERT_TRUE(found.is_object());
  EXPECT_FALSE(found.at("runs").get<bool>()) << found.dump(2);
  const std::string option = grant[0] + " " + filled(grant[1]);
  EXPECT_TRUE(std::ranges::any_of(found.at("not_tried"), [&](const nlohmann::json& each) {
    return each.at("option").is_string() && each["option"].get<std::string>().starts_with(option);
  })) << found.dump(2);
}

TEST_P(Suggestions, make_the_program_run_and_none_can_be_left_out) {
  const Finished done = searched(GetParam().grant);
  const nlohmann::json suggestion = nlohmann::json::parse(done.output, nullptr, false);
  ASSERT_TRUE(suggestion.is_object()) << done.output << done.error_output;
  ASSERT_TRUE(suggestion.at("runs").get<bool>()) << done.output;
  EXPECT_EQ(done.exit_code, 0);
  const std::vector<Line> lines = lines_of(suggestion);
  std::vector<std::string> keys;
  for (const Line& line : lines) keys.push_back(line.section + " " + line.key);
  EXPECT_EQ(keys, GetParam().expect) << done.output;
  EXPECT_EQ(verdict_with(plan(), lines, lines.size()), "OK") << done.output;
  for (std::size_t without = 0; without < lines.size(); ++without) {
    EXPECT_NE(verdict_with(plan(), lines, without), "OK") << lines[without].key;
  }
}

INSTANTIATE_TEST_SUITE_P(suggest, Suggestions, testing::ValuesIn(programs()),
                         [](const auto& test) { return test.param.name; });

nlohmann::json suggest(const std::string& plan) {
  const TemporaryFolder folder;
  const std::string path = folder.write("plan.toml", plan).string();
  const Finished done = run_command({evalrun().string(), "trace", "--suggest", "--format", "json", path});
  return nlohmann::json::parse(done.output, nullptr, false);
}

TEST(suggest, says_what_no_addition_answers) {
  EVALRUN_NEEDS_PYTHON;
  const nlohmann::json found =
      suggest("image = \"python\"\nsource = \"p.py\"\nfiles.\"p.py\".text = '''\nimport os\nos.chroot(\"/\")\n'''\n");
  EXPECT_FALSE(found.at("runs").get<bool>());
  ASSERT_EQ(found.at("left").size(), 1U) << found.dump();
  EXPECT_TRUE(found["left"][0].get<std::string>().starts_with("chroot: EPERM; no plan allows this")) << found.dump();
}

TEST(suggest, of_a_program_that_fails_by_itself_says_so) {
  EVALRUN_NEEDS_PYTHON;
  // Without site-packages: what a module of this host opens there would be suggested, and rightly.
  const nlohmann::json found = suggest(
      "image = \"python\"\nargv = [\"python3\", \"-I\", \"-S\", \"p.py\"]\n"
      "files.\"p.py\".text = '''\nopen(\"/nowhere\")\n'''\n");
  EXPECT_FALSE(found.at("runs").get<bool>());
  EXPECT_EQ(found.at("left").size(), 0U);
  EXPECT_EQ(found.at("additions").size(), 0U) << found.dump();
}

// As text: TOML that can be appended, words in comments, and the places of lines that go into what is there.
TEST(suggest, as_text_is_toml_with_its_reasons_in_comments) {
  EVALRUN_NEEDS_PYTHON;
  const TemporaryFolder folder;
  const std::string plan =
      "image = \"python\"\nsource = \"p.py\"\nfiles.\"p.py\".text = '''\nimport os\nos.memfd_create(\"m\")\n"
      "assert os.path.exists(\"/work\")\n'''\n[seccomp]\nallow = [\"flock\"]\n";
  const std::string path = folder.write("plan.toml", plan).string();
  const Finished done = run_command({evalrun().string(), "trace", "--suggest", "--format", "text", path});
  EXPECT_NE(done.output.find("# allow = [\"flock\", \"memfd_create\"]  # instead of line 9; memfd_create: ENOSYS\n"),
            std::string::npos)
      << done.output;
  EXPECT_NE(done.output.find("# into the [seccomp] in line 8 of "), std::string::npos) << done.output;
  EXPECT_NE(done.output.find("cannot be appended to the plan; write it where it says"), std::string::npos);
  // Appended all the same, it changes nothing.
  folder.write("plan.toml", plan + done.output);
  EXPECT_EQ(run_command({evalrun().string(), "check", path}).exit_code, 0);
  EXPECT_EQ(run_command({evalrun().string(), path}).exit_code, 1);
}

TEST(suggest, what_it_prints_can_be_appended_and_is_enough) {
  EVALRUN_NEEDS_PYTHON;
  for (const char* last :
       {"", "[limits]\ncpu = \"2s\"\n", "env.A = \"1\"", "[[mount]]\ntmpfs = \"1MiB\"\nat = \"/t\""}) {
    const TemporaryFolder folder;
    const std::string plan =
        "image = \"python\"\nsource = \"p.py\"\nfiles.\"p.py\".text = \"import os; os.memfd_create('m')\"\n" +
        std::string(last);
    const std::string path = folder.write("plan.toml", plan).string();
    EXPECT_EQ(run_command({evalrun().string(), path}).exit_code, 1) << last;
    const Finished done = run_command({evalrun().string(), "trace", "--suggest", "--format", "text", path});
    folder.write("plan.toml", plan + "\n" + done.output);
    EXPECT_EQ(run_command({evalrun().string(), path}).exit_code, 0) << plan << "\n" << done.output;
  }
}

TEST(suggest, takes_no_standard_input_and_no_graded_plan) {
  const TemporaryFolder folder;
  const auto exit_code_of = [&](const std::string& plan) {
    const std::string path = folder.write("plan.toml", plan).string();
    return run_command({evalrun().string(), "trace", "--suggest", path}).exit_code;
  };
  EXPECT_EQ(exit_code_of("argv = [\"/x\"]\nstdin = \"inherit\"\n"), 2);
  EXPECT_EQ(exit_code_of("argv = [\"/x\"]\n[[case]]\nexpected.text = \"\"\n"), 2);
}

}  // namespace
}  // namespace evalrun::test
