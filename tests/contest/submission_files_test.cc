// From what is handed in to sources: the language, the image, the file that it begins in, and each reason why not. The
// images are the test's own, so nothing need be installed.

#include "runtime/submissions/submission_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <set>

#include "runtime/packages/read_package.h"
#include "runtime/problem/language.h"
#include "runtime/submissions/java_source.h"
#include "tests/packages/support.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using namespace contest;
using Cause = Refusal::Cause;
using Lines = std::vector<std::string>;

// Images without programs, but for those that must be missing.
class SubmissionFiles : public testing::Test {
 protected:
  SubmissionFiles() {
    image("c",
          "languages = [\"c\"]\nendings = [\".c\"]\ncompile = [\"/bin/sh\", \"{sources}\"]\ncompiled_run = "
          "[\"/work/main\"]\n");
    image("cpp",
          "languages = [\"cpp\"]\nendings = [\".cc\", \".cpp\"]\ncompile = [\"/bin/sh\", \"{sources}\"]\ncompiled_run "
          "= [\"/work/main\"]\n");
    image("java",
          "languages = [\"java\"]\nendings = [\".java\"]\ncompile = [\"/bin/sh\", \"{sources}\"]\n"
          "compiled_run = [\"/bin/sh\", \"-Xmx{memory_mib}m\", \"{stem}\"]\n");
    image("python", "languages = [\"python3\"]\nendings = [\".py\", \".py3\"]\n");
    image("quickpython", "languages = [\"python3\"]\nendings = [\".py\"]\n");
    image("perl", "languages = [\"perl\"]\nendings = [\".pl\", \".pm\"]\n");
    image("prolog", "languages = [\"prolog\"]\n");
    image("bash", "languages = [\"bash\"]\nendings = [\".sh\", \".bash\"]\n");
    image("rust", "languages = [\"rust\"]\nendings = [\".rs\"]\n");
    image("kotlin", "languages = [\"kotlin\"]\n");
    image("pascal", "languages = [\"pascal\"]\n");
    image("go", "languages = [\"go\"]\npackages = [\"golang-go\"]\nprograms = [\"/no/such/go\"]\n");
    image("plain", "");
  }

  void image(const std::string& name, const std::string& lines) {
    folder_.write("images/" + name + ".toml",
                  "name = \"" + name + "\"\n" + lines +
                      (lines.find("compile =") == lines.npos ? "run = [\"/bin/sh\", \"{source}\"]\n" : ""));
  }
  [[nodiscard]] ImageTable images() const { return ImageTable({folder_.path() / "images"}); }

  [[nodiscard]] SourcesOrRefusal find(const Files& files, const SourceOptions& options = {},
                                      const std::string& language = "", const std::string& entry = "") const {
    std::vector<WorkFile> placed;
    for (const auto& [path, text] : files) placed.push_back({path, text, 0644, {}});
    return sources_from(std::move(placed), language, entry, images(), options);
  }

  TemporaryFolder folder_;
};

Lines paths_of(const Sources& sources) {
  Lines paths;
  for (const WorkFile& file : sources.files) paths.push_back(file.path);
  return paths;
}

// "cpp: main.cc", "java: A.java runs A; A.java Main.java", or "unknown language: …".
std::string summary(const SourcesOrRefusal& found) {
  if (const auto* refusal = std::get_if<Refusal>(&found)) {
    static const std::vector<std::string> causes = {"unreadable", "no source", "unknown language",
                                                    "no image",   "too large", "not installed"};
    return causes.at(static_cast<std::size_t>(refusal->cause)) + ": " + refusal->message;
  }
  const auto& sources = std::get<Sources>(found);
  std::string text = sources.language + ": " + sources.source;
  if (!sources.main_class.empty()) text += " runs " + sources.main_class;
  return text;
}

// With the names under which the files are placed.
std::string placed_summary(const SourcesOrRefusal& found) {
  std::string text = summary(found);
  if (const auto* sources = std::get_if<Sources>(&found)) {
    text += ";";
    for (const std::string& path : paths_of(*sources)) text += " " + path;
  }
  return text;
}

struct Row {
  Files files;
  std::string expected;
};

TEST_F(SubmissionFiles, the_language_and_the_first_file_are_found) {
  const std::string main = "public class A { public static void main(String[] a) {} }";
  const std::vector<Row> rows = {
      // One file, by its ending.
      {{{"a.c", ""}}, "c: a.c"},
      {{{"a.cc", ""}}, "cpp: a.cc"},
      {{{"a.cpp", ""}}, "cpp: a.cpp"},
      {{{"a.cxx", ""}}, "cpp: a.cxx"},
      {{{"a.c++", ""}}, "cpp: a.c++"},
      {{{"a.C", ""}}, "cpp: a.C"},
      {{{"a.py", ""}}, "python3: a.py"},
      {{{"a.py3", ""}}, "python3: a.py3"},
      {{{"a.sh", ""}}, "bash: a.sh"},
      {{{"a.rs", ""}}, "rust: a.rs"},
      {{{"a.kt", ""}}, "kotlin: a.kt"},
      {{{"a.tar.cpp", ""}}, "cpp: a.tar.cpp"},
      // An ending that the image alone knows.
      {{{"a.bash", ""}}, "bash: a.bash"},
      {{{"a.bash", ""}, {"b.bash", ""}, {"in.txt", ""}}, "bash: a.bash"},
      {{{"a.bash", ""}, {"b.py", ""}}, "python3: b.py"},
      // Endings of another system's case.
      {{{"A.CPP", ""}}, "cpp: A.cpp"},
      {{{"A.PY", ""}}, "python3: A.py"},
      {{{"Main.JAVA", "class Main { public static void main(String[] a) {} }"}}, "java: Main.java runs Main"},
      // By the text.
      {{{"a.pl", "use strict;\nprint \"x\\n\";\n"}}, "perl: a.pl"},
      {{{"a.pl", "#!/usr/bin/perl\n1;\n"}}, "perl: a.pl"},
      {{{"a.pl", ":- initialization(main).\nmain :- write(x).\n"}}, "prolog: a.pl"},
      {{{"hello", "#!/usr/bin/env python3\nprint(1)\n"}}, "python3: hello.py"},
      {{{"hello", "#!/bin/sh\necho 1\n"}}, "bash: hello.sh"},
      {{{"a.py", "#!/usr/bin/env python2\nprint 1\n"}},
       "no image: no image serves the language python2; there are images for bash, c, cpp, go, java, kotlin, pascal, "
       "perl, "
       "prolog, python3 and rust"},
      // Several files: the first by name, main.*, or the one that looks like it.
      {{{"b.cc", ""}, {"a.cc", ""}, {"a.h", ""}}, "cpp: a.cc"},
      {{{"b.cc", ""}, {"Main.cc", ""}, {"a.h", ""}}, "cpp: Main.cc"},
      {{{"a.py", ""}, {"__main__.py", ""}, {"main.py", ""}}, "python3: __main__.py"},
      {{{"a.py", ""}, {"main.py", ""}}, "python3: main.py"},
      {{{"a.py", ""}, {"b.py", "if __name__ == \"__main__\":\n    pass\n"}}, "python3: b.py"},
      {{{"a.py", ""}, {"b.py", ""}}, "python3: a.py"},
      {{{"a.rs", "pub fn f() {}"}, {"z.rs", "fn main() {}"}}, "rust: z.rs"},
      {{{"a.kt", "class A"}, {"b.kt", "fun main() {}"}}, "kotlin: b.kt"},
      {{{"a.pas", "unit a;\n"}, {"b.pas", "Program B;\n"}}, "pascal: b.pas"},
      // Two languages: the one of most files, then the more frequent one.
      {{{"a.c", ""}, {"b.c", ""}, {"c.py", ""}}, "c: a.c"},
      {{{"a.c", ""}, {"b.cpp", ""}}, "cpp: b.cpp"},
      {{{"a.py", ""}, {"A.java", main}}, "python3: a.py"},
      {{{"readme.txt", ""}, {"data.csv", ""}, {"x.py", ""}}, "python3: x.py"},
      // Java.
      {{{"A.java", main}}, "java: A.java runs A"},
      {{{"sol.java", main}}, "java: A.java runs A"},
      {{{"sol.java", "package a.b; " + main}}, "java: a/b/A.java runs a.b.A"},
      {{{"a/b/A.java", "package a.b; " + main}}, "java: a/b/A.java runs a.b.A"},
      {{{"src/a/b/A.java", "package a.b; " + main}}, "java: src/a/b/A.java runs a.b.A"},
      {{{"src/A.java", main}}, "java: src/A.java runs A"},
      {{{"B.java", "class B {}"}, {"A.java", main}}, "java: A.java runs A"},
      {{{"A.java", main}, {"Main.java", "class Main { static public void main(String... x) {} }"}},
       "java: Main.java runs Main"},
      {{{"two.java", "class Helper {} class Main { public static void main(String[] a) {} }"}},
       "java: two.java runs Main"},
      {{{"x.java", "interface I { static void main(String[] a) {} }"}}, "java: x.java runs I"},
      {{{"x.java", "\xef\xbb\xbfpackage p;\r\npublic class X { static final void main(String[] a) {} }\r\n"}},
       "java: p/X.java runs p.X"},
      {{{"x.java",
         "// public class No { static void main( }\n/* package no; */ class Yes { String s = \"} class No {\"; "
         "char c = '\"'; static void main(String[] a) {} }"}},
       "java: x.java runs Yes"},
      {{{"x.java", "class A { class Inner { static void main(String[] a) {} } } class B extends C {}"}},
       "java: x.java runs A"},
      {{{"x.java", "package ../../etc; public class X {}"}}, "java: X.java runs X"},
      // Names that would do harm elsewhere.
      {{{"-v.py", ""}}, "python3: -v.py"},
      {{{"@a.cpp", ""}}, "cpp: @a.cpp"},
      {{{"a b;$(x).py", ""}}, "python3: a b;$(x).py"},
      {{{"{source}.py", ""}}, "python3: {source}.py"},
      {{{"n\nl.py", ""}}, "python3: n\nl.py"},
      {{{"\xff.py", ""}}, "python3: \xff.py"},
      {{{"../a.py", ""}}, "unreadable: \"../a.py\" cannot be placed below /work; rename it"},
      {{{"/a.py", ""}}, "unreadable: \"/a.py\" cannot be placed below /work; rename it"},
      {{{"a/../../b.py", ""}}, "unreadable: \"a/../../b.py\" cannot be placed below /work; rename it"},
      {{{std::string("a\0.py", 5), ""}}, "unreadable: \"a\\x00.py\" cannot be placed below /work; rename it"},
      {{{"", ""}}, "unreadable: \"\" cannot be placed below /work; rename it"},
      {{{"a", ""}, {"a/b.py", ""}}, "unreadable: a/b.py would lie in a, which is a file"},
      // Nothing that could be run.
      {{}, "no source: there is no file in it"},
      {{{"a.xyz", ""}}, "unknown language: no language has the ending .xyz of \"a.xyz\"; --language says it"},
      {{{"a", ""}}, "unknown language: \"a\" has no ending that tells its language; --language says it"},
      {{{"a.h", ""}, {"b.txt", ""}},
       "unknown language: none of its 2 files has the ending of a language; they have .h and .txt; --language says it"},
      {{{"a.go", ""}},
       "not installed: the language go is not installed: image go lacks /no/such/go: apt-get install golang-go"},
      {{{"a.zig", ""}},
       "no image: no image serves the language zig; there are images for bash, c, cpp, go, java, kotlin, pascal, perl, "
       "prolog, "
       "python3 and rust"},
  };
  EXPECT_GE(rows.size(), 60U);
  for (const Row& row : rows) EXPECT_EQ(summary(find(row.files)), row.expected);
}

TEST_F(SubmissionFiles, java_files_stand_where_their_package_and_class_ask_for) {
  const std::string main = "public class A { public static void main(String[] a) {} }";
  const std::vector<Row> rows = {
      {{{"one.java", "package p.q; " + main}, {"two.java", "package p.q; public class B {}"}, {"in.txt", ""}},
       "java: p/q/A.java runs p.q.A; in.txt p/q/A.java p/q/B.java"},
      // Two files that ask for one place: the compiler says what is wrong.
      {{{"one.java", main}, {"two.java", "public class A {}"}}, "java: A.java runs A; A.java two.java"},
      {{{"A.java", "package p; " + main}, {"p/A.java", "class B {}"}}, "java: A.java runs p.A; A.java p/A.java"},
  };
  for (const Row& row : rows) EXPECT_EQ(placed_summary(find(row.files)), row.expected);
  const auto moved = std::get<Sources>(find({{"one.java", "package p; " + main}}));
  EXPECT_EQ(moved.remarks, Lines{"one.java is placed as p/A.java"});
  EXPECT_EQ(std::get<std::string>(moved.files.at(0).source), "package p; " + main) << "the text is as it was";
}

TEST_F(SubmissionFiles, bytes_are_kept_as_they_are) {
  const std::string text = "\xef\xbb\xbfprint(1)\r\n\0\xff";
  const auto sources = std::get<Sources>(find({{"a.py", text}}));
  EXPECT_EQ(std::get<std::string>(sources.files.at(0).source), text);
  EXPECT_EQ(sources.code_bytes, text.size());
}

TEST_F(SubmissionFiles, the_command_lines_language_is_a_code_or_an_image) {
  const auto with_language = [&](const std::string& language, const Files& files) {
    return placed_summary(find(files, {.language = language}));
  };
  EXPECT_EQ(with_language("cpp", {{"a.c", ""}}), "cpp: a.cc; a.cc");
  EXPECT_EQ(with_language("cpp", {{"solution.txt", ""}}), "cpp: solution.cc; solution.cc");
  EXPECT_EQ(with_language("python3", {{"a", ""}}), "python3: a.py; a.py");
  EXPECT_EQ(with_language("c", {{"a.c", ""}, {"b.py", ""}, {"c.py", ""}}), "c: a.c; a.c b.py c.py");
  EXPECT_EQ(with_language("cpp", {{"a.x", ""}, {"b.x", ""}}),
            "no source: none of its files has an ending of the language cpp: .cc .cpp .cxx .c++ .C");
  EXPECT_EQ(std::get<Sources>(find({{"a.py", ""}}, {.language = "quickpython"})).image, "quickpython");
  EXPECT_EQ(std::get<Sources>(find({{"a.py", ""}}, {.language = "python"})).image, "python");
  EXPECT_EQ(
      with_language("pyhton", {{"a.py", ""}}),
      "unknown language: --language \"pyhton\" is neither the code of a language nor the name of an image; did you "
      "mean \"python\"?");
  EXPECT_EQ(with_language("plain", {{"a.py", ""}}),
            "unknown language: image \"plain\" does not say which languages it serves: languages = [\"...\"]");
  EXPECT_EQ(with_language("go", {{"a.go", ""}}),
            "not installed: the language go is not installed: image go lacks /no/such/go: apt-get install golang-go");
}

TEST_F(SubmissionFiles, of_several_images_the_preferred_one_that_is_installed_is_taken) {
  const auto image_of = [&](std::vector<std::string> preferred) {
    return std::get<Sources>(find({{"a.py", ""}}, {.preferred_images = std::move(preferred)}));
  };
  EXPECT_EQ(image_of({"python"}).image, "python");
  EXPECT_EQ(image_of({"quickpython"}).image, "quickpython");
  EXPECT_EQ(image_of({"quickpython", "python"}).image, "quickpython");
  EXPECT_EQ(image_of({}).image, "python") << "the first by name";
  EXPECT_EQ(image_of({"cpp", "quickpython"}).image, "quickpython") << "cpp does not serve it";
  image("quickpython", "languages = [\"python3\"]\npackages = [\"quick\"]\nprograms = [\"/no/quick\"]\n");
  const Sources other = image_of({"quickpython"});
  EXPECT_EQ(other.image, "python");
  EXPECT_EQ(other.remarks,
            Lines{"image python is taken, since image quickpython lacks /no/quick: apt-get install quick"});
  EXPECT_EQ(image_of({"python"}).remarks, Lines{});
  image("python", "languages = [\"python3\"]\npackages = [\"slow\"]\nprograms = [\"/no/slow\"]\n");
  EXPECT_EQ(
      summary(find({{"a.py", ""}}, {.preferred_images = {"quickpython"}})),
      "not installed: the language python3 is not installed: image quickpython lacks /no/quick: apt-get install quick");
}

TEST_F(SubmissionFiles, what_a_package_includes_goes_over_the_submission_and_its_main_file_comes_first) {
  const auto file = [](const std::string& path, const std::string& text) { return WorkFile{path, text, 0644, {}}; };
  SourceOptions options;
  options.include["default"] = {file("common.h", "1"), file("main.py", "default")};
  options.include["python3"] = {file("main.py", "theirs"), file("lib/x.py", "")};
  options.include["cpp"] = {file("grader.cpp", "int main() {}")};
  const auto python = std::get<Sources>(find({{"solve.py", "def f(): pass"}, {"common.h", "mine"}}, options));
  EXPECT_EQ(python.source, "main.py");
  EXPECT_EQ(paths_of(python), (Lines{"common.h", "lib/x.py", "main.py", "solve.py"}));
  EXPECT_EQ(std::get<std::string>(python.files[0].source), "1");
  EXPECT_EQ(std::get<std::string>(python.files[2].source), "theirs");
  EXPECT_EQ(python.code_bytes, 17U) << "what was handed in alone";
  EXPECT_EQ(placed_summary(find({{"solve.cpp", ""}}, options)),
            "cpp: grader.cpp; common.h grader.cpp main.py solve.cpp");
  options.include["java"] = {file("Main.java", "class Main { public static void main(String[] a) { new S(); } }")};
  EXPECT_EQ(summary(find({{"S.java", "class S { public static void main(String[] a) {} }"}}, options)),
            "java: Main.java runs Main");
}

TEST_F(SubmissionFiles, a_packages_language_and_entry_are_taken) {
  EXPECT_EQ(summary(find({{"a.py", ""}, {"b.py", ""}}, {}, "python3", "b.py")), "python3: b.py");
  EXPECT_EQ(summary(find({{"a.py", ""}, {"b.cc", ""}}, {}, "python3", "")), "python3: a.py");
  EXPECT_EQ(summary(find({{"a.py", ""}}, {}, "python3", "c.py")),
            "no source: there is no file \"c.py\" that it could begin in");
  const Files two = {{"A.java", "package p; class A { static void main(String[] a) {} }"},
                     {"B.java", "package p; class B { static void main(String[] a) {} }"}};
  for (const char* entry : {"B", "B.java", "p.B"}) {
    EXPECT_EQ(summary(find(two, {}, "java", entry)), "java: p/B.java runs p.B") << entry;
  }
  EXPECT_EQ(summary(find({{"a.pl", "use strict;"}}, {}, "prolog", "a.pl")), "perl: a.pl");
}

TEST_F(SubmissionFiles, submissions_of_a_package_are_read_from_its_tree) {
  write_files(folder_, with(kattis_legacy(), {{"submissions/accepted/j/sol.java",
                                               "package q; public class J { public static void main(String[] a) {} }"},
                                              {"submissions/accepted/j/in.txt", "x"}}));
  const packages::Package package = packages::read_package(folder_.path().string());
  bool found = false;
  for (const problem::Submission& submission : package.problem.submissions) {
    if (submission.name != "accepted/j") continue;
    found = true;
    EXPECT_EQ(placed_summary(sources_of(package.tree, submission, images())),
              "java: q/J.java runs q.J; in.txt q/J.java");
  }
  EXPECT_TRUE(found);
}

TEST_F(SubmissionFiles, what_a_package_calls_by_no_language_is_none_of_its_submissions) {
  write_files(folder_, with(kattis_legacy(), {{"submissions/accepted/x.py.disabled", "#!/usr/bin/python3\n"},
                                              {"submissions/accepted/x.PY", ""},
                                              {"submissions/accepted/x.bash", ""}}));
  const packages::Package package = packages::read_package(folder_.path().string());
  std::map<std::string, std::string> found;
  for (const problem::Submission& submission : package.problem.submissions) {
    found[submission.name] = summary(sources_of(package.tree, submission, images()));
  }
  EXPECT_FALSE(found.contains("accepted/x.py.disabled")) << "it is put aside";
  EXPECT_EQ(found.at("accepted/x.PY"),
            "unknown language: no language has the ending .PY of \"x.PY\"; --language says it");
  EXPECT_EQ(found.at("accepted/x.bash"), "bash: x.bash");
}

// --- what the command line names -------------------------------------------------------------------------------------

TEST_F(SubmissionFiles, a_file_a_folder_a_zip_and_a_tar_of_the_same_files_are_the_same) {
  write_files(folder_, {{"in/main.cpp", "int main"}, {"in/lib/x.cpp", ""}, {"in/x.h", ""}});
  write_zip(folder_.path() / "in.zip", {{"main.cpp", "int main", ""}, {"lib/x.cpp", "", ""}, {"x.h", "", ""}});
  const std::string expected = "cpp: main.cpp; lib/x.cpp main.cpp x.h";
  const auto at = [&](const std::string& path) {
    return placed_summary(sources_at((folder_.path() / path).string(), images()));
  };
  EXPECT_EQ(at("in"), expected);
  EXPECT_EQ(at("in/"), expected);
  EXPECT_EQ(at("in.zip"), expected);
  for (const auto& [name, flag] : {std::pair{"in.tar", ""},
                                   {"in.tar.gz", "-z"},
                                   {"in.tgz", "-z"},
                                   {"in.tar.bz2", "-j"},
                                   {"in.tar.xz", "-J"},
                                   {"in", ""}}) {
    if (std::string(name) == "in") continue;
    std::vector<std::string> tar = {"tar", "-C", (folder_.path() / "in").string(), "-cf",
                                    (folder_.path() / name).string()};
    if (*flag != '\0') tar.emplace_back(flag);
    tar.emplace_back(".");
    const Finished made = run_command(tar);
    ASSERT_EQ(made.exit_code, 0) << made.error_output;
    EXPECT_EQ(at(name), expected) << name;
  }
  std::filesystem::rename(folder_.path() / "in.zip", folder_.path() / "noending");
  EXPECT_EQ(at("noending"), expected) << "by what it holds";
  EXPECT_EQ(at("in/main.cpp"), "cpp: main.cpp; main.cpp") << "a file brings no neighbours";
}

TEST_F(SubmissionFiles, the_one_folder_around_all_is_gone_into_and_litter_is_left_out) {
  write_zip(folder_.path() / "s.zip", {{"ada/hw1/a.py", "", ""},
                                       {"ada/hw1/data/in.txt", "", ""},
                                       {"ada/hw1/__pycache__/a.pyc", "", ""},
                                       {"ada/hw1/.git/config", "", ""},
                                       {"ada/.DS_Store", "", ""},
                                       {"__MACOSX/ada/._a.py", "", ""}});
  EXPECT_EQ(placed_summary(sources_at((folder_.path() / "s.zip").string(), images())),
            "python3: a.py; a.py data/in.txt");
}

TEST_F(SubmissionFiles, a_class_is_a_tree_of_submissions) {
  write_files(folder_, {{"class/ada/a.py", ""}, {"class/bob.cpp", ""}, {"class/eve/x/y.c", ""}});
  write_zip(folder_.path() / "class/cyd.zip", {{"m/main.py", "", ""}});
  const archive::Tree tree((folder_.path() / "class").string());
  Lines found;
  for (const std::string& name : tree.names_in("")) {
    found.push_back(name + " " + placed_summary(sources_in_tree(tree, name, images())));
  }
  EXPECT_EQ(found, (Lines{"ada python3: a.py; a.py", "bob.cpp cpp: bob.cpp; bob.cpp",
                          "cyd.zip python3: main.py; main.py", "eve c: y.c; y.c"}));
}

TEST_F(SubmissionFiles, what_cannot_be_read_is_named_and_nothing_leads_out) {
  const auto at = [&](const std::string& path, const SourceOptions& options = {}) {
    return summary(sources_at((folder_.path() / path).string(), images(), options));
  };
  EXPECT_EQ(at("nothing"), "unreadable: " + (folder_.path() / "nothing").string() + ": No such file or directory");
  ASSERT_EQ(::mkfifo((folder_.path() / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(at("fifo"), "unreadable: " + (folder_.path() / "fifo").string() + ": is a FIFO, not a regular file");
  write_zip(folder_.path() / "out.zip", {{"a.py", "", ""}, {"../b.py", "", ""}});
  EXPECT_EQ(at("out.zip"), "unreadable: ../b.py is a name that leads out of the package; rename it");
  folder_.write("x.rar", "Rar!\x1a\x07");
  EXPECT_EQ(at("x.rar"), "unreadable: x.rar is a RAR archive; pack it as a zip");
  folder_.write("x.7z", "7z\xbc\xaf\x27\x1c");
  EXPECT_EQ(at("x.7z"), "unreadable: x.7z is a 7z archive; pack it as a zip");
  folder_.write("bad.zip", "PK\3\4 nothing");
  EXPECT_TRUE(at("bad.zip").starts_with("unreadable: ")) << at("bad.zip");
  folder_.write("bad.gz", "\x1f\x8b\x08 nothing");
  EXPECT_TRUE(at("bad.gz").starts_with("unreadable: ")) << at("bad.gz");
  write_files(folder_, {{"links/a.py", ""}});
  ASSERT_EQ(::symlink("/etc/passwd", (folder_.path() / "links/b.py").c_str()), 0);
  const auto links = std::get<Sources>(sources_at((folder_.path() / "links").string(), images()));
  EXPECT_EQ(paths_of(links), Lines{"a.py"});
  ASSERT_EQ(links.remarks.size(), 1U);
  EXPECT_TRUE(links.remarks[0].starts_with("b.py is left out: it is a link that leads out")) << links.remarks[0];
}

TEST_F(SubmissionFiles, bounds_hold_at_the_limit_and_above) {
  write_files(folder_, {{"two/a.py", "12345"}, {"two/b.py", "12345"}});
  const auto at = [&](const SourceOptions& options) {
    return summary(sources_at((folder_.path() / "two").string(), images(), options));
  };
  EXPECT_EQ(at({.most_files = 2, .most_bytes = 10}), "python3: a.py");
  EXPECT_EQ(at({.most_files = 1}), "unreadable: there are more than 1 files");
  EXPECT_EQ(at({.most_bytes = 9}), "unreadable: the files have more than 9 bytes");
  EXPECT_EQ(summary(sources_at((folder_.path() / "two/a.py").string(), images(), {.most_bytes = 5})), "python3: a.py");
  EXPECT_EQ(summary(sources_at((folder_.path() / "two/a.py").string(), images(), {.most_bytes = 4})),
            "unreadable: the files have more than 4 bytes");
  write_zip(folder_.path() / "bomb.zip", {{"a.py", std::string(1 << 20, 'x'), ""}});
  EXPECT_TRUE(summary(sources_at((folder_.path() / "bomb.zip").string(), images(), {.most_bytes = 1 << 19}))
                  .starts_with("unreadable: a.py is longer than"));
}

// --- the task --------------------------------------------------------------------------------------------------------

TEST_F(SubmissionFiles, the_task_has_the_files_as_they_are_and_the_lines_of_the_image) {
  const std::string odd = "\"\"\"\n'''\\ \xff \r\n";
  const auto sources = std::get<Sources>(find({{"-a.cc", odd}, {"b\n\"].cpp", ""}, {"x.h", ""}}));
  const Task task = task_for(sources, images(), {"limits.cpu=3s", "compile.limits.cpu=4s"});
  EXPECT_EQ(task.compile->argv, (Lines{"/bin/sh", "./-a.cc", "b\n\"].cpp"}));
  EXPECT_EQ(task.plan.job.files.size(), 3U);
  EXPECT_EQ(std::get<std::string>(task.plan.job.files[0].source), odd);
  EXPECT_EQ(task.plan.kind.limits.cpu, std::chrono::seconds(3));
  EXPECT_EQ(task.compile->limits.cpu, std::chrono::seconds(4));
  const auto other = std::get<Sources>(find({{"-a.cc", odd + " "}, {"b\n\"].cpp", ""}, {"x.h", ""}}));
  EXPECT_NE(task.plan.origin.sha256, task_for(other, images()).plan.origin.sha256);
  EXPECT_EQ(task_for(other, images()).plan.origin.sha256, task_for(other, images()).plan.origin.sha256);
}

TEST_F(SubmissionFiles, a_task_of_java_runs_the_class_with_its_package_and_the_heap_of_the_limit) {
  const auto sources =
      std::get<Sources>(find({{"x.java", "package p.q; public class X { public static void main(String[] a) {} }"}}));
  const Task task = task_for(sources, images(), {"limits.memory=512MiB"});
  EXPECT_EQ(task.compile->argv, (Lines{"/bin/sh", "p/q/X.java"}));
  EXPECT_EQ(task.plan.job.argv, (Lines{"/bin/sh", "-Xmx512m", "p.q.X"}));
}

TEST_F(SubmissionFiles, an_image_without_a_compile_line_makes_a_task_of_one_run) {
  const Task task = task_for(std::get<Sources>(find({{"a.py", ""}})), images());
  EXPECT_FALSE(task.compile.has_value());
  EXPECT_EQ(task.plan.job.argv, (Lines{"/bin/sh", "a.py"}));
  EXPECT_THROW(task_for(std::get<Sources>(find({{"a.py", ""}})), images(), {"limits.cpu=x"}), PlanError);
}

TEST(ImagesOfTheProject, serve_known_languages_with_their_endings) {
  const ImageTable images({source_dir() / "images"});
  const std::set<std::string> more = {".bash", ".f95", ".mjs", ".p", ".pl", ".plg", ".pp"};
  std::size_t serving = 0;
  for (const Image& image : images.images()) {
    EXPECT_FALSE(image.programs.empty()) << image.name;
    EXPECT_FALSE(image.packages.empty()) << image.name;
    for (const std::string& code : image.languages) {
      ++serving;
      const problem::Language* language = problem::find_language(code);
      ASSERT_NE(language, nullptr) << image.name << " serves " << code;
      for (const std::string& ending : image.endings) {
        const bool is_known =
            (" " + std::string(language->endings) + " ").find(" " + ending + " ") != std::string::npos;
        EXPECT_TRUE(is_known || more.contains(ending)) << image.name << " " << ending;
      }
      std::string rest = language->endings;
      for (std::size_t at = 0; at < rest.size();
           at = rest.find(' ', at) == rest.npos ? rest.size() : rest.find(' ', at) + 1) {
        const std::string ending = rest.substr(at, rest.find(' ', at) - at);
        EXPECT_NE(std::ranges::find(image.endings, ending), image.endings.end()) << image.name << " lacks " << ending;
      }
    }
  }
  EXPECT_EQ(serving, 22U);
}

}  // namespace
}  // namespace evalrun::test
