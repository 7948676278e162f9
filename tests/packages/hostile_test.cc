// Packages that ask for endless time or memory, or for what lies outside them. Each is read to its end in bounded time
// and memory, and what is wrong with it is named. Time is CPU time: other processes do not change it much. That the
// time grows with the size, not with its square, is seen by reading a tenth of the package too. The large packages have
// EVALRUN_HOSTILE_CASES cases, 20,000 without it; ./dev test-hostile-packages makes them larger.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>

#include "tests/packages/support.h"

namespace evalrun::test {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Of this process so far, which has written the package too.
long peak_kilobytes() {
  rusage usage{};
  EXPECT_EQ(::getrusage(RUSAGE_SELF, &usage), 0);
  return usage.ru_maxrss;
}

constexpr double kMostSeconds = 15;  // of CPU time for each package
constexpr long kMostKilobytes = 1'000'000;

struct Read {
  packages::Package package;
  double seconds = 0;
};

Read read_in_time(const fs::path& path) {
  const double begin = cpu_seconds();
  packages::Package package = packages::read_package(path.string());
  const double seconds = cpu_seconds() - begin;
  EXPECT_LT(seconds, kMostSeconds) << path;
  EXPECT_LT(peak_kilobytes(), kMostKilobytes) << path;
  return {std::move(package), seconds};
}

packages::Package read_zip(const std::vector<ZipEntry>& entries) {
  const TemporaryFolder folder;
  write_zip(folder.path() / "p.zip", entries);
  return read_in_time(folder.path() / "p.zip").package;
}

std::string repeated(std::size_t count, const std::string& text) {
  std::string all;
  all.reserve(count * text.size());
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

std::string first_error(const packages::Package& package) {
  const Lines errors = errors_of(package);
  return errors.empty() ? "" : errors.front();
}

// --- many cases, in each format ---

std::size_t many() {
  const char* text = std::getenv("EVALRUN_HOSTILE_CASES");
  return text == nullptr ? 20'000 : std::strtoul(text, nullptr, 10);
}

// Writes a package of so many cases below a folder and returns its path.
using Writer = std::function<fs::path(const TemporaryFolder&, std::size_t)>;

Writer in_zip(const std::function<std::vector<ZipEntry>(std::size_t)>& entries) {
  return [entries](const TemporaryFolder& folder, std::size_t count) {
    fs::path path = folder.path() / "p.zip";
    write_zip(path, entries(count));
    return path;
  };
}

// Reads the package with many cases, and with a tenth of them; returns the large one. The time is the least of up to
// three readings, since a reading beside other processes can take longer, never shorter.
packages::Package read_many(const Writer& write) {
  const std::size_t count = many();
  const TemporaryFolder small_folder, large_folder;
  const fs::path small = write(small_folder, count / 10), large = write(large_folder, count);
  double small_seconds = std::numeric_limits<double>::infinity(), large_seconds = small_seconds;
  std::optional<packages::Package> package;
  for (int reading = 0; reading < 3; ++reading) {
    small_seconds = std::min(small_seconds, read_in_time(small).seconds);
    Read read = read_in_time(large);
    large_seconds = std::min(large_seconds, read.seconds);
    package = std::move(read.package);
    if (large_seconds < 20 * small_seconds) break;
  }
  EXPECT_LT(large_seconds, 30 * small_seconds) << small_seconds << " s for a tenth; the square would be 100 times";
  ::testing::Test::RecordProperty("seconds", std::to_string(large_seconds));
  ::testing::Test::RecordProperty("kilobytes", std::to_string(peak_kilobytes()));
  EXPECT_EQ(errors_of(*package), Lines{});
  EXPECT_EQ(package->problem.cases.size(), count);
  return std::move(*package);
}

TEST(hostile, many_listed_cases_of_dmoj_are_read) {
  read_many(in_zip([](std::size_t count) {
    std::string yaml = "test_cases:\n";
    std::vector<ZipEntry> entries;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name = std::to_string(i);
      yaml += "- {in: " + name + ".in, out: " + name + ".out, points: 1}\n";
      entries.push_back({name + ".in", name, ""});
      entries.push_back({name + ".out", "0", ""});
    }
    entries.push_back({"init.yml", yaml, ""});
    return entries;
  }));
}

TEST(hostile, many_cases_of_dmoj_are_found_by_their_names) {
  read_many(in_zip([](std::size_t count) {
    std::vector<ZipEntry> entries = {{"init.yml", "points: 1\n", ""}};
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name = "batch" + std::to_string(i / 100) + ".case" + std::to_string(i);
      entries.push_back({name + ".in", "1", ""});
      entries.push_back({name + ".out", "1", ""});
    }
    return entries;
  }));
}

TEST(hostile, many_tests_of_polygon_are_read) {
  read_many(in_zip([](std::size_t count) {
    std::vector<ZipEntry> entries = {{"check.cpp", "int main() {}\n", ""}, {"m.cpp", "int main() {}\n", ""}};
    for (std::size_t i = 1; i <= count; ++i) {
      const std::string name = "tests/" + std::to_string(i);
      entries.push_back({name, std::to_string(i), ""});
      entries.push_back({name + ".a", "1", ""});
    }
    entries.push_back({"problem.xml",
                       "<problem short-name=\"a\"><judging input-file=\"\" output-file=\"\"><testset name=\"tests\">"
                       "<time-limit>1000</time-limit><memory-limit>1000000</memory-limit><test-count>" +
                           std::to_string(count) +
                           "</test-count><input-path-pattern>tests/%d</input-path-pattern>"
                           "<answer-path-pattern>tests/%d.a</answer-path-pattern><tests>" +
                           repeated(count, "<test method=\"manual\"/>\n") +
                           "</tests></testset></judging><assets><checker type=\"testlib\"><source path=\"check.cpp\" "
                           "type=\"cpp.g++17\"/></checker><solutions><solution tag=\"main\"><source path=\"m.cpp\" "
                           "type=\"cpp.g++17\"/></solution></solutions></assets></problem>\n",
                       ""});
    return entries;
  }));
}

TEST(hostile, many_cases_of_cms_are_read) {
  const packages::Package package = read_many(in_zip([](std::size_t count) {
    std::vector<ZipEntry> entries = {
        {"task.yaml", "name: many\n", ""},
        {"gen/GEN",
         "# ST: 40\n" + repeated(count / 2, "1 2 3\n") + "# ST: 60\n" + repeated(count - count / 2, "4 5 6\n"), ""}};
    for (std::size_t i = 0; i < count; ++i) {
      entries.push_back({"input/input" + std::to_string(i) + ".txt", std::to_string(i % 1000), ""});
      entries.push_back({"output/output" + std::to_string(i) + ".txt", "1", ""});
    }
    return entries;
  }));
  EXPECT_EQ(problem::distinct_cases(package.problem), 1000u);
}

TEST(hostile, many_cases_in_a_folder_are_read) {
  const packages::Package package = read_many([](const TemporaryFolder& folder, std::size_t count) {
    folder.write("p/problem.yaml", "name: many\n");
    folder.write("p/data/secret/0.in", "1");
    folder.write("p/data/secret/0.ans", "1");
    const fs::path secret = folder.path() / "p/data/secret";
    for (std::size_t i = 1; i < count; ++i) {
      fs::create_hard_link(secret / "0.ans", secret / (std::to_string(i) + ".ans"));
      fs::create_symlink("0.in", secret / (std::to_string(i) + ".in"));
      if (i % 20'000 == 0) {  // a file has a bounded number of names
        fs::remove(secret / "0.ans");
        folder.write("p/data/secret/0.ans", "1");
      }
    }
    return folder.path() / "p";
  });
  EXPECT_EQ(problem::distinct_cases(package.problem), 1u);
}

// --- links ---

TEST(hostile, many_links_in_a_zip_take_no_longer_than_as_many_files) {
  const packages::Package package = read_many(in_zip([](std::size_t count) {
    std::vector<ZipEntry> entries = {
        {"problem.yaml", "name: many\n", ""}, {"data/secret/0.in", "1", ""}, {"data/secret/0.ans", "1", ""}};
    for (std::size_t i = 1; i < count; ++i) {
      entries.push_back({"data/secret/" + std::to_string(i) + ".in", "", "0.in"});
      entries.push_back({"data/secret/" + std::to_string(i) + ".ans", "", "0.ans"});
    }
    return entries;
  }));
  EXPECT_EQ(problem::distinct_cases(package.problem), 1u);
}

TEST(hostile, a_link_to_a_path_that_is_too_long_is_refused) {
  const packages::Package package = read_zip({{"problem.yaml", "name: a\n", ""},
                                              {"data/secret/1.in", "", std::string(2000, 'a')},
                                              {"data/secret/1.ans", "1", ""}});
  EXPECT_EQ(first_error(package), "data/secret/1.in: is a link to a path that is too long");
}

TEST(hostile, what_lies_outside_a_cms_task_is_not_read_by_any_name) {
  const TemporaryFolder folder;
  folder.write("secret.txt", "S");
  folder.write("p/task.yaml", "name: sum\nn_input: 3\ninfile: ../../secret.txt\noutfile: /etc/passwd\n");
  folder.write("p/gen/GEN", "# COPY: ../secret.txt\n# COPY: gen/../../secret.txt\n# COPY: /etc/passwd\n");
  for (int i = 0; i < 3; ++i) folder.write("p/output/output" + std::to_string(i) + ".txt", "1");
  fs::create_directories(folder.path() / "p/check");
  fs::create_symlink("../../secret.txt", folder.path() / "p/check/checker");
  const packages::Package package = read_in_time(folder.path() / "p").package;
  EXPECT_EQ(
      errors_of(package),
      (Lines{"check/checker: is a link that leads out of the package; put the file itself there, or name a folder "
             "around both by --root",
             "task.yaml:3:1: infile: \"../../secret.txt\" is no name of a file in the working folder; write one "
             "without a '/'",
             "task.yaml:4:1: outfile: \"/etc/passwd\" is no name of a file in the working folder; write one without "
             "a '/'",
             "gen/GEN:1:1: COPY: there is no file \"../secret.txt\" in the package, and no input/input0.txt; add one "
             "of them",
             "gen/GEN:2:1: COPY: there is no file \"gen/../../secret.txt\" in the package, and no "
             "input/input1.txt; add one of them",
             "gen/GEN:3:1: COPY: there is no file \"/etc/passwd\" in the package, and no input/input2.txt; add one "
             "of them"}));
}

TEST(hostile, what_lies_outside_a_dmoj_problem_is_not_read_by_any_name) {
  const TemporaryFolder folder;
  folder.write("secret.txt", "S");
  folder.write("p/init.yml",
               "archive: ../x.zip\nfile_io: {input: ../in, output: /etc/passwd}\n"
               "checker: {name: bridged, args: {files: ../../secret.txt}}\n"
               "test_cases:\n- {in: ../secret.txt, out: /etc/passwd}\n");
  const packages::Package package = read_in_time(folder.path() / "p").package;
  EXPECT_EQ(
      errors_of(package),
      (Lines{"init.yml:1:1: archive: there is no file \"../x.zip\" in the package; add it",
             "init.yml:3:1: checker: there is no file \"../../secret.txt\" in the package; add it",
             "init.yml:2:11: file_io.input: \"../in\" is no name of a file in the working folder; write one without "
             "a '/'",
             "init.yml:2:25: file_io.output: \"/etc/passwd\" is no name of a file in the working folder; write one "
             "without a '/'",
             "init.yml:5:3: in: there is no file \"../secret.txt\" in the package or its archive; add it",
             "init.yml:5:3: out: there is no file \"/etc/passwd\" in the package or its archive; add it"}));
}

// --- what is there instead of a file ---

TEST(hostile, a_fifo_a_socket_or_a_device_is_no_file_of_a_package) {
  const TemporaryFolder folder;
  for (const char* name : {"task.yaml", "init.yml", "problem.yaml", "problem.xml"}) {
    const fs::path package = folder.path() / (std::string("fifo-") + name);
    fs::create_directories(package);
    ASSERT_EQ(::mkfifo((package / name).c_str(), 0600), 0);
    const packages::Package read = read_in_time(package).package;
    EXPECT_EQ(
        errors_of(read),
        Lines{"this is no problem package: it has no problem.yaml (Kattis, DOMjudge), init.yml (DMOJ), problem.xml "
              "(Polygon) or task.yaml (CMS)"});
    EXPECT_EQ(notes_of(read), Lines{std::string(name) + ": is a FIFO, not a regular file"});
    const fs::path device = folder.path() / (std::string("device-") + name);
    fs::create_directories(device);
    fs::create_symlink("/dev/zero", device / name);
    EXPECT_EQ(read_in_time(device).package.findings.errors(), 1u);
  }
}

TEST(hostile, a_description_of_endless_zeros_is_not_read_to_its_end) {
  const TemporaryFolder folder;
  for (const char* name : {"task.yaml", "init.yml", "problem.yaml", "problem.xml"}) {
    const fs::path package = folder.path() / (std::string("large-") + name);
    fs::create_directories(package);
    folder.write("large-" + std::string(name) + "/" + name, "a: 1\n");
    fs::resize_file(package / name, std::uintmax_t{1} << 40);  // a hole
    EXPECT_EQ(first_error(read_in_time(package).package), std::string(name) + " is longer than 16777216 bytes") << name;
  }
}

TEST(hostile, a_folder_in_place_of_a_description_is_no_description) {
  EXPECT_EQ(errors_of(read_files({{"task.yaml/a", ""}})).size(), 1u);
  EXPECT_EQ(errors_of(read_files({{"init.yml/a", ""}, {"problem.xml/b", ""}})).size(), 1u);
}

// --- names in messages ---

TEST(hostile, no_name_of_a_package_writes_more_than_its_line_or_turns_the_text_around) {
  const std::string name =
      "a\n\x1b[31m\xe2\x80\xae"
      "b";
  const packages::Package package = read_zip({{"task.yaml", "name: \"a\\n\\e[31m\\u202eb\"\nn_input: 1\n", ""},
                                              {"check/checker", "", "../" + name},
                                              {"input/" + name + "/x", "", "/etc/passwd"},
                                              {"../" + name, "", ""}});
  const Lines errors = errors_of(package);
  EXPECT_EQ(errors.size(), 6u);
  for (const std::string& line : errors) {
    EXPECT_EQ(line.find_first_of("\n\x1b"), line.npos) << line;
    EXPECT_EQ(line.find("\xe2\x80\xae"), line.npos) << line;
  }
  EXPECT_EQ(errors[0], "../a\\x0a\\x1b[31m\\xe2\\x80\\xaeb: is a name that leads out of the package; rename it");
  for (const std::string& line : notes_of(package)) EXPECT_EQ(line.find_first_of("\n\x1b"), line.npos) << line;
}

// --- YAML ---

TEST(hostile, aliases_that_multiply_are_refused_in_every_description) {
  std::string bomb = "x0: &x0 [1,1,1,1,1,1,1,1,1,1]\n";
  for (int i = 1; i < 12; ++i) {
    bomb += "x" + std::to_string(i) + ": &x" + std::to_string(i) + " [" +
            repeated(9, "*x" + std::to_string(i - 1) + ",") + "*x" + std::to_string(i - 1) + "]\n";
  }
  for (const char* name : {"task.yaml", "init.yml", "problem.yaml"}) {
    EXPECT_EQ(first_error(read_zip({{name, bomb, ""}})),
              std::string(name) + ":7:18: there are more than 4000000 values with aliases followed");
  }
}

TEST(hostile, deep_values_are_refused) {
  for (const char* name : {"task.yaml", "init.yml", "problem.yaml"}) {
    const std::string deep = "a: " + repeated(1'000'000, "[") + "\n";
    EXPECT_NE(first_error(read_zip({{name, deep, ""}})).find("values are more than 48 deep"), std::string::npos)
        << name;
    const std::string keys = repeated(200'000, "? ");
    EXPECT_NE(first_error(read_zip({{name, keys, ""}})), "") << name;
  }
  const std::string xml = repeated(200'000, "<a>") + repeated(200'000, "</a>");
  EXPECT_NE(first_error(read_zip({{"problem.xml", xml, ""}})), "");
}

TEST(hostile, many_unknown_keys_are_told_in_part) {
  std::string keys = "name: a\n";
  for (std::size_t i = 0; i < many(); ++i) keys += "k" + std::to_string(i) + ": 1\n";
  for (const char* name : {"init.yml", "problem.yaml"}) {
    const packages::Package package = read_zip({{name, keys, ""}});
    EXPECT_GE(package.findings.errors(), many()) << name;
    EXPECT_EQ(errors_of(package).size(), problem::Findings::kMost) << name;
  }
  EXPECT_GE(read_zip({{"task.yaml", keys, ""}}).findings.notes(), many() * 3 / 4);
  EXPECT_NE(first_error(read_zip({{"problem.yaml", "type: [" + repeated(50'000, "a, ") + "]\n", ""}})), "");
  EXPECT_NE(first_error(read_zip({{"problem.yaml", std::string(5'000'000, 'a') + ": 1\n", ""}})), "");
}

TEST(hostile, one_file_of_yaml_under_many_names_is_not_read_for_each) {
  std::vector<ZipEntry> entries = {{"problem.yaml", "problem_format_version: 2025-09\nname: a\nuuid: 0\n", ""},
                                   {"data/secret/0.yaml", "args: [a]\n#" + std::string(199'997, 'a') + "\n", ""},
                                   {"data/secret/0.in", "1", ""},
                                   {"data/secret/0.ans", "1", ""}};
  for (int i = 1; i < 1000; ++i) {
    entries.push_back({"data/secret/" + std::to_string(i) + ".yaml", "", "0.yaml"});
    entries.push_back({"data/secret/" + std::to_string(i) + ".in", "", "0.in"});
    entries.push_back({"data/secret/" + std::to_string(i) + ".ans", "", "0.ans"});
  }
  EXPECT_EQ(errors_of(read_zip(entries)), Lines{"data/secret/173.yaml: the package has more YAML than is read"});
}

TEST(hostile, words_that_every_case_inherits_are_bounded_together) {
  std::vector<ZipEntry> entries = {{"problem.yaml", "name: a\n", ""},
                                   {"data/testdata.yaml", "args: [" + repeated(10'000, "a,") + "]\n", ""}};
  for (int i = 0; i < 10'000; ++i) {
    entries.push_back({"data/secret/" + std::to_string(i) + ".in", "1", ""});
    entries.push_back({"data/secret/" + std::to_string(i) + ".ans", "1", ""});
  }
  EXPECT_EQ(errors_of(read_zip(entries)),
            Lines{"data/secret: the arguments and flags of all cases together are too many"});
  std::string yaml = "generator: g.py\ngenerator_args: [" + repeated(10'000, "a,") + "]\ntest_cases:\n";
  yaml += repeated(10'000, "- {points: 1}\n");
  EXPECT_EQ(errors_of(read_zip({{"init.yml", yaml, ""}, {"g.py", "", ""}})),
            Lines{"init.yml:404:3: the arguments and flags of all cases together are too many"});
}

TEST(hostile, patterns_over_names_are_bounded_together) {
  std::vector<ZipEntry> entries = {{"problem.yaml", "problem_format_version: 2025-09\nname: a\nuuid: 0\n", ""}};
  for (int i = 0; i < 10'000; ++i) {
    entries.push_back({"data/secret/" + std::to_string(i) + ".in", "1", ""});
    entries.push_back({"data/secret/" + std::to_string(i) + ".ans", "1", ""});
  }
  std::string rules = "'*':\n";
  for (int i = 0; i < 1'000; ++i) rules += "  'none" + std::to_string(i) + "*': {permitted: [AC]}\n";
  entries.push_back({"submissions/submissions.yaml", rules, ""});
  entries.push_back({"submissions/accepted/a.py", "print(1)\n", ""});
  EXPECT_EQ(errors_of(read_zip(entries)),
            Lines{"submissions/submissions.yaml:502:3: the patterns, each with all names, are too many"});

  std::string task = "name: a\nn_input: 10000\nscore_type: GroupMin\nscore_type_parameters:\n";
  task += repeated(1'000, "- [1, '.*99$']\n");
  std::vector<ZipEntry> cms = {{"task.yaml", task, ""}};
  for (int i = 0; i < 10'000; ++i) {
    cms.push_back({"input/input" + std::to_string(i) + ".txt", "1", ""});
    cms.push_back({"output/output" + std::to_string(i) + ".txt", "1", ""});
  }
  const packages::Package package = read_zip(cms);
  EXPECT_GE(package.findings.errors(), 1u);
}

TEST(hostile, programs_and_headers_of_a_folder_are_bounded) {
  std::vector<ZipEntry> entries = {{"problem.yaml", "name: a\nvalidation: custom\n", ""},
                                   {"data/secret/1.in", "1", ""},
                                   {"data/secret/1.ans", "1", ""}};
  for (int i = 0; i < 3'000; ++i) {
    entries.push_back({"output_validators/v" + std::to_string(i) + ".cc", "int main() {}\n", ""});
    entries.push_back({"output_validators/h" + std::to_string(i) + ".h", "\n", ""});
  }
  EXPECT_EQ(errors_of(read_zip(entries)), Lines{"output_validators: has more than 1000 programs"});
}

TEST(hostile, groups_that_require_groups_are_read_in_bounded_time) {
  std::vector<ZipEntry> entries = {{"problem.yaml", "problem_format_version: 2025-09\nname: a\nuuid: 0\n", ""}};
  std::string required;
  for (int i = 0; i < 20'000; ++i) required += "sample, ";
  for (int i = 0; i < 2000; ++i) {
    const std::string group = "data/secret/g" + std::to_string(10'000 + i);
    entries.push_back({group + "/test_group.yaml", i == 1999 ? "require_pass: [" + required + "]\n" : "", ""});
    entries.push_back({group + "/1.in", "1", ""});
    entries.push_back({group + "/1.ans", "1", ""});
  }
  EXPECT_GE(read_zip(entries).findings.errors(), 1u);
  std::string groups;
  for (int i = 0; i < 50'000; ++i) groups += "<group name=\"g" + std::to_string(i) + "\"/>\n";
  const packages::Package polygon =
      read_zip({{"problem.xml",
                 "<problem><judging><testset "
                 "name=\"tests\"><test-count>1</test-count><input-path-pattern>%d</input-path-pattern>"
                 "<answer-path-pattern>%d.a</answer-path-pattern><tests><test/></tests><groups>" +
                     groups + "</groups></testset></judging></problem>",
                 ""}});
  EXPECT_GE(polygon.findings.errors(), 1u);
}

TEST(hostile, many_errors_in_xml_are_placed_in_bounded_time) {
  const packages::Package package =
      read_zip({{"problem.xml",
                 "<problem><judging><testset name=\"tests\"><test-count>1</test-count><input-path-pattern>%d"
                 "</input-path-pattern><answer-path-pattern>%d.a</answer-path-pattern><tests>\n" +
                     repeated(190'000, "<test points=\"x\" group=\"y\"/>\n") + "</tests></testset></judging></problem>",
                 ""}});
  EXPECT_GE(package.findings.errors(), 190'000u);
}

TEST(hostile, entities_of_xml_are_not_expanded) {
  std::string bomb = "<?xml version=\"1.0\"?><!DOCTYPE p [<!ENTITY a \"aaaaaaaaaa\">";
  for (char c = 'b'; c < 'z'; ++c) {
    bomb +=
        std::string("<!ENTITY ") + c + " \"" + repeated(10, std::string("&") + static_cast<char>(c - 1) + ";") + "\">";
  }
  bomb += "]><problem short-name=\"&y;\"/>";
  const packages::Package package = read_zip({{"problem.xml", bomb, ""}});
  EXPECT_GE(package.findings.errors(), 1u);
  EXPECT_LT(package.problem.name.size(), 100u);
}

// --- CMS ---

TEST(hostile, a_huge_gen_is_refused) {
  EXPECT_EQ(first_error(read_zip({{"task.yaml", "name: a\n", ""}, {"gen/GEN", repeated(300'000, "1\n"), ""}})),
            "gen/GEN: has more than 200000 cases");
  EXPECT_EQ(first_error(read_zip({{"task.yaml", "name: a\n", ""}, {"gen/GEN", repeated(100'000, "#ST:1\n"), ""}})),
            "gen/GEN:10001:1: ST: there are more than 10000 subtasks");
  EXPECT_EQ(first_error(read_zip({{"task.yaml", "name: a\n", ""}, {"gen/GEN", std::string(17'000'000, '1'), ""}})),
            "gen/GEN is longer than 16777216 bytes");
  std::vector<ZipEntry> entries = {{"task.yaml", "name: a\n", ""},
                                   {"gen/generator.py", "", ""},
                                   {"sol/solution.py", "", ""},
                                   {"gen/GEN", repeated(200, repeated(40'000, "a ") + "\n"), ""}};
  EXPECT_EQ(first_error(read_zip(entries)),
            "gen/GEN:101:1: the arguments and flags of all cases together are too many");
}

TEST(hostile, a_case_in_many_subtasks_is_bounded) {
  std::vector<ZipEntry> entries = {
      {"task.yaml",
       "name: a\nn_input: 10000\nscore_type: GroupMin\nscore_type_parameters:\n" + repeated(200, "- [1, '.*']\n"), ""}};
  for (int i = 0; i < 10'000; ++i) {
    entries.push_back({"input/input" + std::to_string(i) + ".txt", "1", ""});
    entries.push_back({"output/output" + std::to_string(i) + ".txt", "1", ""});
  }
  const packages::Package package = read_zip(entries);
  EXPECT_EQ(first_error(package),
            "task.yaml:45:3: score_type_parameters: the subtasks have more than 400000 cases together");
}

}  // namespace
}  // namespace evalrun::test
