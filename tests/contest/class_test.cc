// `evalrun judge` of a class: many submissions against one package or plan, as one table and as reports.
//
// Most submissions are scripts of the shell: that is on every host that this is built on.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

#include "runtime/archive/tree.h"
#include "runtime/submissions/class_folder.h"
#include "tests/packages/support.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Three cases, one of which a student may see.
Files package() {
  return {{"problem.yaml",
           "name: Sum\nlimits:\n  time_limit: 1\nproblem_format_version: 2025-09\nuuid: 0\ntype: pass-fail\n"},
          {"data/sample/1.in", "1 2\n"},
          {"data/sample/1.ans", "3\n"},
          {"data/secret/1.in", "20 22\n"},
          {"data/secret/1.ans", "42\n"},
          {"data/secret/2.in", "500 500\n"},
          {"data/secret/2.ans", "1000\n"},
          {"submissions/accepted/a.sh", "read a b\necho $((a + b))\n"}};
}

const char* const kRight = "read a b\necho $((a + b))\n";
const char* const kRightInC =
    "#include <iostream>\n#include \"sum.h\"\nint main() { int a, b; std::cin >> a >> b; std::cout << sum(a, b); }\n";

void write_class(const fs::path& folder) {
  const Files files = {{"anna.sh", kRight},
                       {"bert.sh", "echo 3\n"},
                       {"carl.sh", "while :; do :; done\n"},
                       {"dora.sh", "echo lost >&2\nexit 7\n"},
                       {"emil.sh", "if then\n"},
                       {"fina/main.sh", "source ./part.sh\nread a b\nadd $a $b\n"},
                       {"fina/part.sh", "add() { echo $(($1 + $2)); }\n"},
                       {"gerd/program.cpp", kRightInC},
                       {"gerd/sum.h", "inline int sum(int a, int b) { return a + b; }\n"},
                       {"hugo.cpp", "int main() { return x; }\n"},
                       {"jana.sh", "read a b\n[ $a = 500 ] && echo 999 || echo $((a + b))\n"},
                       {"kurt.sh", "printf '<b>\\033[31m\\n'\n"},
                       {"lena.doc", "no program\n"},
                       {".hidden.sh", kRight}};
  for (const auto& [name, text] : files) {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << text;
  }
  write_zip(folder / "ines.zip", {{"ines/solution.sh", kRight, ""}});
}

struct Place {
  Place() {
    for (const auto& [path, text] : package()) folder.write("sum/" + path, text);
    fs::create_directory(of("class"));
    write_class(of("class"));
  }
  [[nodiscard]] std::string of(const std::string& name) const { return (folder.path() / name).string(); }

  TemporaryFolder folder;
};

Finished judge(std::vector<std::string> words) {
  words.insert(words.begin(), {evalrun().string(), "judge"});
  return run_command(words);
}

// Without what no two runs have in common. On a loaded host a program meets the wall-clock limit before the CPU limit.
std::string without_figures(const std::string& text) {
  const std::string told = std::regex_replace(text, std::regex(" +[0-9.]+ s +[0-9.]+ MiB"), " TIME MEMORY");
  return std::regex_replace(
      told, std::regex("(took more CPU time than the time limit of 1s|stopped at the wall-clock limit of [0-9a-z]+)"),
      "TOO LONG");
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// --- what a class is -------------------------------------------------------------------------------------------------

TEST(class_folder, holds_several_programs_and_else_it_is_one_submission) {
  struct Row {
    const char* what;
    Files files;
    bool is_class;
  };
  const std::string with_main = "int main() { return 0; }\n";
  const Row rows[] = {
      {"one file", {{"a.sh", "x\n"}}, false},
      {"two scripts", {{"a.sh", "x\n"}, {"b.sh", "y\n"}}, true},
      {"a script that another one brings in", {{"a.py", "from b import f\n"}, {"b.py", "def f(): pass\n"}}, false},
      {"a script that is called main", {{"main.py", "x\n"}, {"b.py", "y\n"}}, false},
      {"a name within another word", {{"a.py", "import abc\n"}, {"b.py", "y\n"}}, true},
      {"one main function", {{"a.cpp", with_main}, {"b.cpp", "int f();\n"}}, false},
      {"two main functions", {{"a.cpp", with_main}, {"b.cpp", with_main}}, true},
      {"C beside C++", {{"a.cpp", with_main}, {"b.c", "int f();\n"}}, false},
      {"two languages", {{"a.cpp", with_main}, {"b.py", "x\n"}}, true},
      {"two folders", {{"a/x.py", "x\n"}, {"b/x.py", "y\n"}}, true},
      {"one folder", {{"a/x.py", "x\n"}, {"a/y.py", "import x\n"}}, false},
      {"a folder without sources", {{"a/x.py", "x\n"}, {"data/1.in", "1\n"}}, false},
      {"a program with a package of its own", {{"a.py", "import lib\n"}, {"lib/x.py", "x\n"}}, false},
      {"two archives", {{"a.zip", ""}, {"b.tar.gz", ""}}, true},
      {"an archive beside a source", {{"a.zip", ""}, {"b.py", "x\n"}}, true},
      {"hidden files count for nothing", {{"a.py", "x\n"}, {".b.py", "y\n"}, {"__MACOSX/c.py", "z\n"}}, false},
      {"nothing", {{"notes.txt", "x\n"}}, false},
  };
  for (const Row& row : rows) {
    const TemporaryFolder folder;
    write_files(folder, row.files);
    EXPECT_EQ(contest::is_class(archive::Tree(folder.path().string())), row.is_class) << row.what;
  }
}

// --- the table -------------------------------------------------------------------------------------------------------

TEST(judged_class, is_one_table_with_a_line_for_each_submission) {
  const Place place;
  const Finished done = judge({place.of("sum"), place.of("class")});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_EQ(done.error_output, "");
  const std::vector<std::string> expected = {
      "Sum: pass-fail, 3 cases, time limit 1.000 s",
      "submission  verdict  cases         time       memory",
      "anna.sh     AC       3/3 TIME MEMORY",
      "bert.sh     WA       1/3 TIME MEMORY  case secret/1: wrong answer",
      "carl.sh     TLE      0/3 TIME MEMORY  case sample/1: TOO LONG",
      "dora.sh     RTE      0/3 TIME MEMORY  case sample/1: exited with code 7",
      "emil.sh     CE       0/3              -            -  the compile step failed: exited with code 2",
      "fina        AC       3/3 TIME MEMORY",
      "gerd        AC       3/3 TIME MEMORY",
      "hugo.cpp    CE       0/3              -            -  the compile step failed: exited with code 1",
      "ines.zip    AC       3/3 TIME MEMORY",
      "jana.sh     WA       2/3 TIME MEMORY  case secret/2: wrong answer",
      "kurt.sh     WA       0/3 TIME MEMORY  case sample/1: wrong answer",
      "lena.doc    -        no language has the ending .doc of \"lena.doc\"; --language says it",
      "12 submissions: 4 AC, 2 CE, 1 RTE, 1 TLE, 3 WA, 1 not judged",
  };
  EXPECT_EQ(lines_of(without_figures(done.output)), expected);
}

TEST(judged_class, may_be_named_so_or_be_taken_for_one_submission) {
  const Place place;
  const TemporaryFolder one;
  one.write("work/one.sh", kRight);
  const std::string path = (one.path() / "work").string();
  const Finished as_class = judge({place.of("sum"), "--folders", "classes", path});
  EXPECT_NE(as_class.output.find("\none.sh      AC "), std::string::npos) << as_class.output;
  const Finished alone = judge({place.of("sum"), path});
  EXPECT_NE(alone.output.find("AC   " + path + " (bash): accepted\n"), std::string::npos) << alone.output;
  one.write("work/two.sh", kRight);
  const Finished both = judge({place.of("sum"), "--folders", "submissions", path});
  EXPECT_NE(both.output.find("AC   " + path + " (bash): accepted\n"), std::string::npos) << both.output;
}

// --- the reports -----------------------------------------------------------------------------------------------------

TEST(judged_class, reports_for_a_spreadsheet_a_browser_and_each_student) {
  const Place place;
  const Finished done =
      judge({place.of("sum"), place.of("class"), "--csv", place.of("c.csv"), "--report", place.of("r.html"), "--junit",
             place.of("j.xml"), "--feedback", place.of("told"), "--format", "json", "--output", place.of("out.json")});
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_EQ(done.output, "");

  const std::vector<std::string> csv = lines_of(read_file(place.of("c.csv")));
  ASSERT_EQ(csv.size(), 13U);
  EXPECT_NE(csv[1].find("anna.sh"), std::string::npos) << csv[1];
  EXPECT_NE(csv[1].find("AC"), std::string::npos) << csv[1];

  const std::string html = read_file(place.of("r.html"));
  for (const char* text : {"anna.sh", "ines.zip", "lena.doc", "secret/2", "sample/1"}) {
    EXPECT_NE(html.find(text), std::string::npos) << text;
  }
  EXPECT_EQ(html.find("<b>\033"), std::string::npos);

  const std::string junit = read_file(place.of("j.xml"));
  EXPECT_NE(junit.find("dora.sh"), std::string::npos);
  EXPECT_NE(junit.find("lost"), std::string::npos);

  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(place.of("told"))) names.insert(entry.path().filename());
  EXPECT_EQ(names.size(), 12U);
  // Of the sample what failed and what it said on standard error; of the secret cases how many passed, no more.
  const std::string dora = read_file(place.of("told/dora.sh.txt"));
  EXPECT_NE(dora.find("sample/1"), std::string::npos) << dora;
  EXPECT_NE(dora.find("lost"), std::string::npos) << dora;
  const std::string jana = read_file(place.of("told/jana.sh.txt"));
  EXPECT_EQ(jana.find("secret/2"), std::string::npos) << jana;
  EXPECT_EQ(jana.find("1000"), std::string::npos) << jana;
  EXPECT_EQ(jana.find("999"), std::string::npos) << jana;
  const std::string emil = read_file(place.of("told/emil.sh.txt"));
  EXPECT_NE(emil.find("syntax error"), std::string::npos) << emil;

  const json result = json::parse(read_file(place.of("out.json")));
  EXPECT_EQ(result.at("problem").at("cases"), 3);
  ASSERT_EQ(result.at("submissions").size(), 12U);
  EXPECT_EQ(result.at("submissions")[1].at("submission"), "bert.sh");
  EXPECT_EQ(result.at("submissions")[1].at("verdict"), "WA");
  // What cannot change the result is not run, and that is said.
  EXPECT_EQ(result.at("submissions")[1].at("cases")[2].at("skipped").is_string(), true);
  EXPECT_EQ(result.at("submissions")[11].at("verdict"), nullptr);
}

// Verdicts, messages and outputs by submission and case, without what no two runs have in common.
json comparable(const json& value) {
  static const std::set<std::string> kFigures = {"cpu",        "wall_us", "memory",      "processes",       "timing_us",
                                                 "slowest_us", "usage",   "switches",    "faults",          "host",
                                                 "warnings",   "runs",    "page_faults", "context_switches"};
  if (value.is_array()) {
    json made = json::array();
    for (const json& one : value) made.push_back(comparable(one));
    return made;
  }
  if (!value.is_object()) return value;
  json made = json::object();
  for (const auto& [key, one] : value.items()) {
    if (!kFigures.contains(key)) made[key] = comparable(one);
  }
  return made;
}

json verdicts_with(const Place& place, const std::string& jobs) {
  const Finished done = judge({place.of("sum"), place.of("class"), "--format", "json", "--jobs", jobs});
  json all = json::array();
  for (const json& one : json::parse(done.output).at("submissions")) {
    json cases = json::array();
    for (const json& each : one.value("cases", json::array())) {
      const std::string message = without_figures(each.value("message", ""));
      cases.push_back({each.at("name"), each.at("verdict"), message, each.value("skipped", ""),
                       each.contains("stdout") ? comparable(each.at("stdout")) : json()});
    }
    all.push_back({one.at("submission"), one.at("verdict"), without_figures(one.value("message", "")), cases});
  }
  return all;
}

TEST(judged_class, gets_the_same_result_whatever_runs_side_by_side) {
  const Place place;
  const json one = verdicts_with(place, "1");
  for (const char* jobs : {"2", "4"}) EXPECT_EQ(verdicts_with(place, jobs), one) << jobs;
}

// --- plans -----------------------------------------------------------------------------------------------------------

const char* const kPlan =
    "image = \"bash\"\nsource = \"solution.sh\"\nlimits.cpu = \"1s\"\n"
    "[files.\"solution.sh\"]\ntext = \"exit 1\"\n"
    "[[case]]\nname = \"small\"\nstdin = { text = \"1 2\" }\nexpect = { text = \"3\" }\npoints = 3\n"
    "[[case]]\nname = \"large\"\nstdin = { text = \"500 500\" }\nexpect = { text = \"1000\" }\npoints = 7\nsecret = "
    "true\n";

TEST(judged_class, takes_a_plan_with_cases_for_its_task) {
  const Place place;
  place.folder.write("sum.toml", kPlan);
  const Finished done = judge({place.of("sum.toml"), place.of("class"), "--feedback", place.of("told")});
  EXPECT_EQ(done.error_output, "");
  const std::vector<std::string> expected = {
      "sum: pass-fail, 2 cases, time limit 1.000 s",
      "submission  verdict  score    cases         time       memory",
      "anna.sh     AC       10       2/2 TIME MEMORY",
      "bert.sh     WA       3        1/2 TIME MEMORY  case large: wrong answer",
      "carl.sh     TLE      0        0/2 TIME MEMORY  case small: TOO LONG",
      "dora.sh     RTE      0        0/2 TIME MEMORY  case small: exited with code 7",
      "emil.sh     CE       0        0/2              -            -  the compile step failed: exited with code 2",
      "fina        AC       10       2/2 TIME MEMORY",
      "gerd        AC       10       2/2 TIME MEMORY",
      "hugo.cpp    CE       0        0/2              -            -  the compile step failed: exited with code 1",
      "ines.zip    AC       10       2/2 TIME MEMORY",
      "jana.sh     WA       3        1/2 TIME MEMORY  case large: wrong answer",
      "kurt.sh     WA       0        0/2 TIME MEMORY  case small: wrong answer",
      "lena.doc    -        no language has the ending .doc of \"lena.doc\"; --language says it",
      "12 submissions: 4 AC, 2 CE, 1 RTE, 1 TLE, 3 WA, 1 not judged",
  };
  EXPECT_EQ(lines_of(without_figures(done.output)), expected);
  EXPECT_EQ(read_file(place.of("told/jana.sh.txt")).find("large"), std::string::npos);
}

TEST(judged_class, refuses_a_plan_without_cases_or_image_in_one_line) {
  const Place place;
  const std::pair<const char*, const char*> rows[] = {
      {"image = \"bash\"\nsource = \"a.sh\"\n[files.\"a.sh\"]\ntext = \"\"\n", "submissions are judged by the cases"},
      {"argv = [\"/bin/true\"]\n[[case]]\nexpect = { text = \"\" }\n", "expected the name of an installed image"},
  };
  for (const auto& [plan, message] : rows) {
    place.folder.write("p.toml", plan);
    const Finished done = judge({place.of("p.toml"), place.of("class")});
    EXPECT_EQ(done.exit_code, 2);
    EXPECT_NE(done.error_output.find(message), std::string::npos) << done.error_output;
  }
}

// --- a class that is ended early -------------------------------------------------------------------------------------

// Of the journal's records those that have a result.
std::map<std::string, int> results_in(const std::string& journal) {
  std::map<std::string, int> count;
  for (const std::string& line : lines_of(read_file(journal))) {
    const std::size_t at = line.find("{\"submission\":\"");
    if (at == std::string::npos) continue;
    const std::size_t begin = at + std::string("{\"submission\":\"").size();
    ++count[line.substr(begin, line.find('"', begin) - begin)];
  }
  return count;
}

pid_t start_judge(const std::vector<std::string>& words, const std::string& out, const std::string& err) {
  std::vector<std::string> all = {evalrun().string(), "judge"};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> argv;
  for (std::string& word : all) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t pid = -1;
  EXPECT_EQ(::posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

int end_of(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

void wait_for_results(const std::string& journal, std::size_t most) {
  for (int i = 0; i < 12000; ++i) {
    if (fs::exists(journal) && results_in(journal).size() >= most) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  FAIL() << "the journal got no results";
}

TEST(judged_class, goes_on_after_a_kill_without_judging_any_twice) {
  const Place place;
  const std::vector<std::string> words = {place.of("sum"), place.of("class"), "--jobs", "1",
                                          "--journal",     place.of("j")};
  const pid_t pid = start_judge(words, place.of("out"), place.of("err"));
  wait_for_results(place.of("j"), 3);
  ::kill(pid, SIGKILL);
  EXPECT_TRUE(WIFSIGNALED(end_of(pid)));
  const std::map<std::string, int> before = results_in(place.of("j"));
  EXPECT_LT(before.size(), 11U);

  const Finished resumed = judge(words);
  EXPECT_EQ(resumed.exit_code, 1) << resumed.error_output;
  const std::map<std::string, int> after = results_in(place.of("j"));
  EXPECT_EQ(after.size(), 11U);  // and lena.doc, which is no program
  for (const auto& [name, count] : after) EXPECT_EQ(count, 1) << name;
  // The table is whole, and the same as of a class that was not ended.
  const Finished whole = judge({place.of("sum"), place.of("class")});
  EXPECT_EQ(lines_of(without_figures(resumed.output)), lines_of(without_figures(whole.output)));
  // Once more: nothing is left to do, and nothing is written.
  const std::string journal = read_file(place.of("j"));
  const Finished again = judge(words);
  EXPECT_EQ(again.output, resumed.output);
  EXPECT_EQ(read_file(place.of("j")), journal);
  // One that is handed in anew is judged anew; the others are not.
  std::ofstream(place.of("class/bert.sh")) << kRight;
  const Finished better = judge(words);
  EXPECT_NE(better.output.find("5 AC, 2 CE, 1 RTE, 1 TLE, 2 WA"), std::string::npos) << better.output;
  EXPECT_EQ(results_in(place.of("j")).at("bert.sh"), 2);
  EXPECT_EQ(results_in(place.of("j")).at("anna.sh"), 1);
}

TEST(judged_class, has_a_journal_for_one_task_and_one_set_of_options) {
  const Place place;
  const TemporaryFolder one;
  const std::string path = one.write("a.sh", kRight).string();
  EXPECT_EQ(judge({place.of("sum"), path, "--journal", place.of("j")}).exit_code, 0);
  EXPECT_EQ(judge({place.of("sum"), path, "--journal", place.of("j")}).exit_code, 0);
  const Finished other = judge({place.of("sum"), path, "--journal", place.of("j"), "--rules", "clics"});
  EXPECT_EQ(other.exit_code, 2);
  place.folder.write("sum/data/secret/2.ans", "1001\n");
  const Finished changed = judge({place.of("sum"), path, "--journal", place.of("j")});
  EXPECT_EQ(changed.exit_code, 2);
  EXPECT_EQ(changed.error_output,
            "evalrun: --journal " + place.of("j") + ": it is of a batch with another plan, package or options\n");
}

TEST(judged_class, says_what_is_done_when_it_is_interrupted) {
  const Place place;
  for (const int signal : {SIGINT, SIGTERM}) {
    fs::remove(place.of("j"));
    const pid_t pid = start_judge({place.of("sum"), place.of("class"), "--jobs", "1", "--journal", place.of("j")},
                                  place.of("out"), place.of("err"));
    wait_for_results(place.of("j"), 2);
    ::kill(pid, signal);
    const int status = end_of(pid);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 3);
    const std::string said = read_file(place.of("err"));
    EXPECT_TRUE(std::regex_match(
        said, std::regex("evalrun: interrupted by SIG(INT|TERM): [0-9]+ of 12 submissions judged; the same "
                         "command goes on with the journal\n")))
        << said;
    const std::string table = read_file(place.of("out"));
    EXPECT_NE(table.find("\nanna.sh     AC "), std::string::npos) << table;
    EXPECT_NE(table.find("not judged"), std::string::npos) << table;
  }
}

TEST(judged_class, says_nothing_on_a_pipe_but_its_result) {
  const Place place;
  const TemporaryFolder class_of_two;
  class_of_two.write("a.sh", kRight);
  class_of_two.write("b.sh", kRight);
  const Finished done = judge({place.of("sum"), class_of_two.path().string()});
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_EQ(done.error_output, "");
}

}  // namespace
}  // namespace evalrun::test
