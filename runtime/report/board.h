// Board: what a report shows, whichever command it is of. Rows are submissions, columns are cases, a cell is one
// submission's run over one case. A command fills it; html_report.h, junit_report.h, csv_report.h and feedback.h write
// it down, and decide nothing.
//
// Every string may be hostile: a program's output, a file's name with newlines or markup in it, bytes that are not
// UTF-8. They are kept as they are; each report makes them fit for itself. Excerpts are to be short when they come
// here: excerpt_of() cuts them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/core/units.h"
#include "runtime/plan/plan.h"

namespace evalrun::report {

// "time limit": "2 s".
struct Fact {
  std::string name = {}, value = {};
};

// What a verdict comes to.
enum class Standing {
  Passed,  // AC, OK
  Failed,  // any other verdict of a program
  Faulty,  // IE, JE: the judge's own fault
  NotRun   // no verdict
};
Standing standing_of(std::string_view verdict);
// "accepted", "wrong answer"; the verdict itself if it has no words.
std::string_view words_of(std::string_view verdict);

// Part of a text.
struct Excerpt {
  std::string bytes;
  std::uint64_t begin = 0;  // where in the whole it begins
  std::uint64_t total = 0;  // the size of the whole

  [[nodiscard]] bool is_cut() const noexcept { return bytes.size() != total; }
};

// What one cell shows of each text.
inline constexpr std::size_t kExcerptBytes = 4096;

// At most kExcerptBytes of `known`, the first bytes of a text of `total` bytes. Where `around` is far into them, the
// lines around it.
Excerpt excerpt_of(std::string_view known, std::uint64_t total, std::optional<std::uint64_t> around = {});

// Where the output and what is expected part; from 0 on.
struct FirstDifference {
  std::optional<std::uint64_t> output_byte, expected_byte;
};

// What went through the pipes between a submission and an interactor.
struct Exchange {
  enum class Direction { ToSubmission, FromSubmission };
  Direction direction = Direction::ToSubmission;
  Duration at{};      // since the run's start
  unsigned pass = 1;  // of a problem with several passes
  Excerpt text;
};

struct Cell {
  std::string verdict = {};  // "AC"; "": not run
  std::string skipped = {};  // why it was not run: "the group has failed already"
  Duration time{};           // CPU time
  Duration wall{};
  Bytes memory = {};  // at most
  std::optional<double> score = {}, score_max = {};
  std::string message = {};        // "exited with code 1"
  std::string feedback = {};       // the checker's, for whoever wrote the submission
  std::string jury_feedback = {};  // the checker's, for the jury alone
  bool near_limit = false;         // the time is within a tenth of the limit
  std::optional<FirstDifference> difference = {};
  // None: not known, or not to be shown. Input and expected output only where they are not the column's: another part
  // of them, or those of a later pass.
  std::optional<Excerpt> input = {}, output = {}, expected = {}, error_output = {};
  std::vector<Exchange> transcript = {};
  std::uint64_t exchanges_left_out = 0;  // after those
  std::vector<Fact> facts = {};          // more lines for the jury: the rule that decided, the interactor's end
};

struct GroupResult {
  std::string name = {}, verdict = {};
  std::optional<double> score = {}, score_max = {};
};

// What the package says that this submission comes to.
struct Expectation {
  std::string expected = {};  // "WA or TLE"
  bool met = false;
};

struct Row {
  std::string name = {};      // unique among the rows
  std::string language = {};  // "C++"; "": not known
  std::string verdict = {};   // of all; "": not judged
  std::string message = {};
  std::string skipped = {};  // why it was not judged
  std::optional<double> score = {}, score_max = {};
  std::optional<Expectation> expectation = {};
  std::string compile_message = {};      // what the compiler's end was; "": nothing to tell
  std::optional<Excerpt> compiler = {};  // what it printed
  std::vector<GroupResult> groups = {};
  std::vector<Cell> cells = {};  // one for each column, in its order; those that are missing at the end were not run
};

// One case.
struct Column {
  std::string name = {};                             // unique among the columns
  std::string group = {};                            // "": none
  Disclosure disclosure = Disclosure::Shown;         // Secret: nothing of it is in a student's feedback
  std::optional<Duration> time_limit = {};           // its own; none: the board's
  std::optional<Bytes> memory_limit = {};            // the same
  std::optional<Excerpt> input = {}, expected = {};  // once for all submissions
};

struct Board {
  std::string title = {};        // the problem's or the plan's name
  std::vector<Fact> facts = {};  // "format": "Kattis legacy"
  std::vector<std::string> notes = {};
  std::optional<Duration> time_limit = {};  // CPU time
  std::optional<Bytes> memory_limit = {};
  std::vector<Column> columns = {};
  std::vector<Row> rows = {};
  // Rows that are counted alone, by verdict: a batch has more jobs than a report has room for.
  std::map<std::string, std::uint64_t> rows_left_out = {};
};

// The verdict of a row's cell; "" where it was not run.
std::string_view verdict_of(const Row& row, std::size_t column);

// "12", "0.5": at most six digits after the point.
std::string to_string(double score);

// Of a row's cells: the longest time, the largest memory; none where nothing was run.
std::optional<Duration> longest_time(const Row& row);
std::optional<Bytes> largest_memory(const Row& row);

}  // namespace evalrun::report
