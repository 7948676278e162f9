// Every image of the project that serves a language, as a judge uses it: files in, a task out, compiled and run. Where
// the language is not installed, that is what is said, with its packages; EVALRUN_ALL_LANGUAGES=1 (./dev test-images)
// makes it a failure.

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "runtime/core/overloaded.h"
#include "runtime/judge/grading.h"
#include "runtime/submissions/submission_files.h"
#include "tests/support/paths.h"
#include "tests/support/warm.h"

namespace evalrun::test {
namespace {

using namespace contest;
using Files = std::map<std::string, std::string>;  // by path

const ImageTable& images() {
  static const ImageTable table({source_dir() / "images"});
  return table;
}

// "" if it is installed.
std::string lack_of(const std::string& image) {
  const std::vector<std::string> missing = missing_programs(*images().find(image));
  return missing.empty() ? "" : missing.front();
}

SourcesOrRefusal find(const std::string& image, const Files& files) {
  std::vector<WorkFile> placed;
  for (const auto& [path, text] : files) placed.push_back({path, text, 0644, {}});
  SourceOptions options;
  options.preferred_images = {image};
  return sources_from(std::move(placed), "", "", images(), options);
}

struct Ran {
  std::string verdict;  // of all: "OK", "CE"
  std::string output;
  std::string compiler;  // what it said
  double compile_cpu_s = 0, cpu_s = 0;
};

Ran run(const Sources& sources, const std::string& input) {
  Task task = task_for(sources, images(), accepted_lacks());
  task.plan.job.input = InputText{input};
  Supervisor supervisor;
  judge::Grading grading(supervisor.pool, task, supervisor.host, {});
  while (!grading.finished()) {
    supervisor.loop.run_once();
    grading.advance(nullptr);
  }
  const judge::Grade grade = grading.take_grade();
  Ran ran{std::string(judge::name_of(grade.verdict)), "", "", 0, 0};
  const auto seconds = [](const supervise::RunResult& result) {
    return std::chrono::duration<double>(result.cpu.user + result.cpu.system).count();
  };
  if (grade.compile) {
    ran.compiler = grade.compile->run.output.kept + grade.compile->run.error_output.kept;
    ran.compile_cpu_s = seconds(grade.compile->run);
  }
  if (grade.run) {
    ran.output = grade.run->output.kept + grade.run->error_output.kept;
    ran.cpu_s = seconds(*grade.run);
  }
  return ran;
}

struct Row {
  std::string image;
  std::string language;
  Files files;         // reads two numbers, writes their sum
  Files wrong;         // does not compile
  std::string source;  // found
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.image;
}

const std::vector<Row>& rows() {
  static const std::vector<Row> rows = {
      {"ada",
       "ada",
       {{"adder.ads", "package Adder is\n  function Sum (A, B : Integer) return Integer;\nend Adder;\n"},
        {"adder.adb",
         "package body Adder is\n  function Sum (A, B : Integer) return Integer is (A + B);\nend Adder;\n"},
        {"main.adb",
         "with Ada.Integer_Text_IO; use Ada.Integer_Text_IO;\nwith Ada.Text_IO; with Adder;\nprocedure Main is\n  A, B "
         ": "
         "Integer;\nbegin\n  Get (A); Get (B); Put (Adder.Sum (A, B), 1); Ada.Text_IO.New_Line;\nend Main;\n"}},
       {{"a.adb", "procedure A is begin X; end A;"}},
       "main.adb"},
      {"bash", "bash", {{"a.sh", "read a b; echo $((a + b))"}}, {{"a.sh", "if true; then"}}, "a.sh"},
      {"c",
       "c",
       {{"main.c",
         "#include \"s.h\"\n#include <stdio.h>\nint main(void) { int a, b; return scanf(\"%d%d\", &a, &b) != 2 || "
         "printf(\"%d\\n\", sum(a, b)) < 0; }"},
        {"lib/s.c", "#include \"../s.h\"\nint sum(int a, int b) { return a + b; }"},
        {"s.h", "int sum(int a, int b);"}},
       {{"a.c", "int main(void) { return x; }"}},
       "main.c"},
      {"cpp",
       "cpp",
       {{"m.cpp",
         "#include <bits/stdc++.h>\n#include \"s.h\"\nint main() { long a, b; std::cin >> a >> b; __int128 c = a; "
         "static_assert(std::is_integral_v<__int128>); std::cout << sum(long(c), b) << std::endl; }"},
        {"-s.cc", "#include \"s.h\"\nlong sum(long a, long b) { return a + b; }"},
        {"s.h", "#pragma once\nlong sum(long, long);"}},
       {{"a.cc", "int main() { return x; }"}},
       "-s.cc"},
      {"csharp",
       "csharp",
       {{"a.cs",
         "using System; class A { static void Main() { var w = Console.ReadLine().Split(' '); "
         "Console.WriteLine(B.Sum(int.Parse(w[0]), int.Parse(w[1]))); } }"},
        {"b.cs", "static class B { public static int Sum(int a, int b) { return a + b; } }"}},
       {{"a.cs", "class A { static void Main() { x(); } }"}},
       "a.cs"},
      {"fortran",
       "fortran",
       {{"a.f90",
         "program p\n  integer :: a, b, total\n  read *, a, b\n  call add(a, b, total)\n  print '(I0)', total\nend "
         "program\n"},
        {"b.f95", "subroutine add(a, b, total)\n  integer :: a, b, total\n  total = a + b\nend subroutine\n"}},
       {{"a.f90", "program p\n  x = = 1\nend program\n"}},
       "a.f90"},
      {"go",
       "go",
       {{"a.go", "package main\nfunc sum(a, b int) int { return a + b }"},
        {"b.go",
         "package main\nimport \"fmt\"\nfunc main() { var a, b int; fmt.Scan(&a, &b); fmt.Println(sum(a, b)) }"}},
       {{"a.go", "package main\nfunc main() { x() }"}},
       "b.go"},
      {"haskell",
       "haskell",
       {{"Sum.hs", "module Sum where\nsumOf :: String -> Int\nsumOf = sum . map read . words"},
        {"main.hs", "import Sum\nmain = interact (\\t -> show (sumOf t) ++ \"\\n\")"}},
       {{"a.hs", "main = x"}},
       "main.hs"},
      {"java",
       "java",
       {{"x.java",
         "package p.q;\nimport java.util.*;\npublic class App {\n  public static void main(String[] a) {\n    Scanner "
         "s "
         "= new Scanner(System.in);\n    System.out.println(new r.Adder().sum(s.nextInt(), s.nextInt()));\n  }\n}"},
        {"y.java", "package r;\npublic class Adder { public int sum(int a, int b) { return a + b; } }"}},
       {{"A.java", "class A { public static void main(String[] a) { x(); } }"}},
       "p/q/App.java"},
      {"kotlin",
       "kotlin",
       {{"a.kt", "fun sum(a: Int, b: Int) = a + b"},
        {"b.kt", "fun main() { val (a, b) = readLine()!!.split(\" \").map { it.toInt() }; println(sum(a, b)) }"}},
       {{"a.kt", "fun main() { x() }"}},
       "b.kt"},
      {"lisp", "lisp", {{"a.lisp", "(format t \"~a~%\" (+ (read) (read)))"}}, {{"a.lisp", "(format t"}}, "a.lisp"},
      {"lua", "lua", {{"a.lua", "print(io.read('n') + io.read('n'))"}}, {{"a.lua", "if"}}, "a.lua"},
      {"node",
       "javascript",
       {{"a.js", "const [a, b] = require('fs').readFileSync(0, 'utf8').split(' ').map(Number); console.log(a + b);"}},
       {{"a.js", "require(\"./b.js\");"}, {"b.js", "if ("}},
       "a.js"},
      {"ocaml",
       "ocaml",
       {{"a.ml", "let () = Scanf.scanf \"%d %d\" (fun a b -> Printf.printf \"%d\\n\" (a + b))"}},
       {{"a.ml", "let () = x"}},
       "a.ml"},
      {"pascal",
       "pascal",
       {{"adder.pas",
         "unit adder;\ninterface\nfunction sum(a, b: longint): longint;\nimplementation\nfunction sum(a, b: longint): "
         "longint;\nbegin\n  sum := a + b;\nend;\nend."},
        {"z.pas", "program z;\nuses adder;\nvar a, b: longint;\nbegin\n  readln(a, b);\n  writeln(sum(a, b));\nend."}},
       {{"a.pas", "begin x; end."}},
       "z.pas"},
      {"perl",
       "perl",
       {{"a.pl", "use strict; my ($a, $b) = split ' ', <STDIN>; print $a + $b, \"\\n\";"}},
       {{"a.pl", "use strict; my $x = ;"}},
       "a.pl"},
      {"php",
       "php",
       {{"a.php", "<?php fscanf(STDIN, '%d %d', $a, $b); echo $a + $b, \"\\n\";"}},
       {{"a.php", "<?php if ("}},
       "a.php"},
      {"prolog",
       "prolog",
       {{"adder.pl", ":- module(adder, [sum/3]).\nsum(A, B, C) :- C is A + B.\n"},
        {"main.pl",
         ":- use_module(adder).\nmain :- read_line_to_string(user_input, L), split_string(L, \" \", \"\", [X, Y]), "
         "number_string(A, X), number_string(B, Y), sum(A, B, C), write(C), nl.\n"}},
       {{"a.pl", "main :- .\n:- .\n"}},
       "main.pl"},
      {"pypy",
       "python3",
       {{"__main__.py", "import sys\nfrom adder import sum_of\nassert 'PyPy' in sys.version\nprint(sum_of(input()))"},
        {"adder.py", "def sum_of(line):\n    return sum(map(int, line.split()))"}},
       {{"a.py", "if"}},
       "__main__.py"},
      {"python",
       "python3",
       {{"__main__.py", "from adder import sum_of\nprint(sum_of(input()))"},
        {"adder.py", "def sum_of(line):\n    return sum(map(int, line.split()))"}},
       {{"__main__.py", "print(1)"}, {"adder.py", "def"}},
       "__main__.py"},
      {"ruby", "ruby", {{"a.rb", "puts gets.split.map(&:to_i).sum"}}, {{"a.rb", "if"}}, "a.rb"},
      {"rust",
       "rust",
       {{"adder.rs",
         "pub fn sum(line: &str) -> i64 { line.split_whitespace().map(|w| w.parse::<i64>().unwrap()).sum() }"},
        {"main.rs",
         "mod adder;\nfn main() { let mut line = String::new(); std::io::stdin().read_line(&mut line).unwrap(); "
         "println!(\"{}\", adder::sum(&line)); }"}},
       {{"a.rs", "fn main() { x(); }"}},
       "main.rs"},
  };
  return rows;
}

class Languages : public testing::TestWithParam<Row> {
 protected:
  // Whether it is installed; else that this is what is said.
  bool is_installed() {
    const std::string lack = lack_of(GetParam().image);
    if (lack.empty()) return true;
    EXPECT_EQ(std::getenv("EVALRUN_ALL_LANGUAGES"), nullptr) << GetParam().image << " lacks " << lack;
    SourceOptions options;
    options.language = GetParam().image;
    std::vector<WorkFile> files;
    for (const auto& [path, text] : GetParam().files) files.push_back({path, text, 0644, {}});
    const SourcesOrRefusal found = sources_from(std::move(files), "", "", images(), options);
    const auto* refusal = std::get_if<Refusal>(&found);
    EXPECT_NE(refusal, nullptr);
    if (refusal == nullptr) return false;
    EXPECT_EQ(refusal->cause, Refusal::Cause::NotInstalled) << refusal->message;
    for (const std::string& package : images().find(GetParam().image)->packages) {
      EXPECT_NE(refusal->message.find(package), std::string::npos) << refusal->message;
    }
    std::cout << "not installed: " << refusal->message << "\n";
    return false;
  }
};

TEST_P(Languages, a_submission_of_several_files_is_found_compiled_and_run) {
  if (!is_installed()) return;
  const SourcesOrRefusal found = find(GetParam().image, GetParam().files);
  ASSERT_TRUE(std::holds_alternative<Sources>(found)) << std::get<Refusal>(found).message;
  const auto& sources = std::get<Sources>(found);
  EXPECT_EQ(sources.image, GetParam().image);
  EXPECT_EQ(sources.language, GetParam().language);
  EXPECT_EQ(sources.source, GetParam().source);
  const Ran ran = run(sources, "2 3\n");
  EXPECT_EQ(ran.output, "5\n") << ran.verdict << ran.compiler;
  EXPECT_EQ(ran.verdict, "OK");
  std::cout << GetParam().image << ": compiled in " << ran.compile_cpu_s << " s of CPU, ran in " << ran.cpu_s << " s\n";
}

TEST_P(Languages, what_does_not_compile_is_a_compile_error_with_the_compilers_words) {
  if (!is_installed()) return;
  const SourcesOrRefusal found = find(GetParam().image, GetParam().wrong);
  ASSERT_TRUE(std::holds_alternative<Sources>(found)) << std::get<Refusal>(found).message;
  const Ran ran = run(std::get<Sources>(found), "2 3\n");
  EXPECT_EQ(ran.verdict, "CE") << ran.output;
  EXPECT_NE(ran.compiler, "");
}

// The compiler would make an archive of it, which is no program.
TEST(Languages_go, a_package_that_is_not_main_is_a_compile_error) {
  if (const std::string lack = lack_of("go"); !lack.empty()) {
    EXPECT_EQ(std::getenv("EVALRUN_ALL_LANGUAGES"), nullptr) << "go lacks " << lack;
    return;
  }
  const SourcesOrRefusal found = find("go", {{"a.go", "package a\nfunc main() {}\n"}});
  ASSERT_TRUE(std::holds_alternative<Sources>(found)) << std::get<Refusal>(found).message;
  const Ran ran = run(std::get<Sources>(found), "");
  EXPECT_EQ(ran.verdict, "CE") << ran.output;
  EXPECT_NE(ran.compiler.find("exactly one main package"), std::string::npos) << ran.compiler;
}

INSTANTIATE_TEST_SUITE_P(images, Languages, testing::ValuesIn(rows()), [](const auto& row) { return row.param.image; });

TEST(ImagesOfLanguages, have_a_row_each) {
  for (const Image& image : images().images()) {
    if (image.languages.empty()) continue;
    const bool has_row = std::ranges::any_of(rows(), [&](const Row& row) { return row.image == image.name; });
    EXPECT_TRUE(has_row) << image.name;
  }
}

}  // namespace
}  // namespace evalrun::test
