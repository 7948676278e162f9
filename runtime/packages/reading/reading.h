// What the readers of all formats have in common: a package's files, what is found wrong, and the problem that is made.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/archive/tree.h"
#include "runtime/packages/reading/yaml.h"
#include "runtime/problem/finding.h"
#include "runtime/problem/problem.h"

namespace evalrun::packages {

struct Reading {
  const archive::Tree& tree;
  problem::Findings& findings;
  problem::Problem problem;
  // What all files and cases may have together. Links name one file many times, and what a folder says is copied into
  // each of its cases, so that a small package could ask for endless time and memory.
  struct Budget {
    std::size_t left;
    bool is_spent = false;  // and that is told
  };
  Budget yaml_bytes{std::size_t{16} << 20};
  Budget words{4'000'000};  // arguments and flags of cases
  Budget word_bytes{std::size_t{256} << 20};
  Budget matches{5'000'000};  // of patterns with names

  void error(const std::string& file, const std::string& message) { findings.error({file, 0, 0}, message); }
  void note(const std::string& file, const std::string& message) { findings.note({file, 0, 0}, message); }

  // The text of a small file; nothing where it cannot be read, which `findings` says then.
  std::optional<std::string> text_of(const std::string& path);
  // The first bytes of a file, at most so many; "" where it cannot be read, which `findings` says then.
  std::string beginning_of(const std::string& path, std::size_t most);
  // Null where there is no such file or it is wrong, which `findings` says then.
  YamlPointer yaml_of(const std::string& path);
  // Takes from a budget; false, which `findings` says once, from where on there is not so much left.
  bool spend(Budget& budget, std::size_t count, const SourcePosition& where, const char* what);
  bool spend_words(const std::vector<std::string>& list, const SourcePosition& where);
  bool spend_matches(std::size_t count, const SourcePosition& where);
  // Nothing where it cannot be read, which `findings` says then.
  std::optional<problem::File> file_of(const std::string& path);
  // The files of a folder, or the one file, by their names from there.
  std::vector<problem::PlacedFile> files_of(const std::string& path);
};

// Adds a program, of one file or of a folder. Nothing where its language is not known, which `findings` says then.
std::optional<problem::ProgramIndex> add_program(Reading& reading, problem::Role role, const std::string& path,
                                                 problem::Convention convention);

// Adds a submission, a file or a folder below submissions/; its language is what its files say.
problem::Submission& add_submission(Reading& reading, const std::string& name, const std::string& path);

// "1" of "1.in" by ".in"; nothing for other endings.
std::optional<std::string> without_ending(const std::string& name, std::string_view ending);

// A name that the problem package format takes as there.
bool is_usable_name(const std::string& name);

// What a word of a label names: "AC", "WRONG-ANSWER", "run_time_error". Nothing for other words.
std::optional<problem::Result> result_named(std::string_view word);

// The labels that stand in a submission's own files: @EXPECTED_RESULTS@, @EXPECTED_SCORE@ and @EXPECTED_GRADES@.
struct Tags {
  std::optional<std::vector<problem::Result>> results;
  std::optional<double> score;
  std::vector<problem::Result> grades;
};
Tags tags_of(Reading& reading, const problem::Submission& submission);

// Whether submissions have the label that DOMjudge alone knows, @EXPECTED_SCORE@ with a number.
bool has_expected_scores(Reading& reading);

// What follows from `word` on, in each line of the submission's own files that has it.
struct LabelLine {
  std::string text;
  SourcePosition where;
};
std::vector<LabelLine> lines_with(Reading& reading, const problem::Submission& submission, std::string_view word);

}  // namespace evalrun::packages
