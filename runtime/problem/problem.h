// Problem: what a package says, in whichever format it says it. A pure value: nothing here is opened, run or compiled.
//
// One representation serves all formats. Cases and groups are two flat lists; a group names its children by their
// places in them, in the order in which they are judged. Group 0 is the root. Files are paths in the package's tree
// (runtime/archive/tree.h) with the hash of their bytes; equal keys of cases mean equal runs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/core/error.h"
#include "runtime/core/units.h"
#include "runtime/problem/convention.h"
#include "runtime/problem/scoring.h"

namespace evalrun::problem {

enum class Format { KattisLegacy, Kattis2023, Kattis2025, Dmoj, Polygon, Cms };
// "Kattis legacy", "DMOJ".
const char* name_of(Format format);
// Of any version: what its tools and labels mean holds.
bool is_of_kattis(Format format);

// --- files and programs ----------------------------------------------------------------------------------------------

struct File {
  std::string path;  // in the tree
  std::uint64_t size = 0;
  std::string sha256;  // of its bytes
};

// A file that is placed beside a program under this name.
struct PlacedFile {
  std::string name;
  File file;
};

enum class Build {
  ByLanguage,  // as a submission of its language is
  ByScripts,   // an executable `build` is run first, if there is one, and then `run` is the program
  IsBuilt      // the entry is an executable file (ELF, or a script with "#!"), run as it is
};

struct Program {
  Role role = Role::OutputValidator;
  std::string name;  // "output_validators/check"
  std::string path;  // the file or folder in the tree
  std::vector<PlacedFile> files;
  std::string language;  // "cpp"; "" with scripts, and for what is built
  std::string entry;     // the name of the file it begins in
  Build build = Build::ByLanguage;
  Convention convention = Convention::Kattis;
  std::vector<std::string> flags;  // for every run of it, before those of a case
  std::vector<std::string> compile_flags;
  std::optional<Duration> time_limit;  // its own, where the package sets them
  std::optional<Bytes> memory_limit;
  std::string arguments_format;  // DMOJ's args_format_string; "": the convention's
};

// --- how an output is checked ----------------------------------------------------------------------------------------

// The default validator; the words are each case's validator_args (comparison.h).
struct DefaultChecker {};

// A checker that a judge has built in: "dmoj" "floats", "testlib" "ncmp", or "cms" "white-diff".
struct BuiltInChecker {
  std::string family;
  std::string name;
  std::map<std::string, std::string> arguments;
};

// All of the programs must accept.
struct ProgramChecker {
  std::vector<ProgramIndex> programs;
};

// A static validator, which is given the submission's files; nothing of the submission is run.
struct StaticChecker {
  ProgramIndex program = 0;
};

using Checker = std::variant<DefaultChecker, BuiltInChecker, ProgramChecker, StaticChecker>;

// The program at the other end of the submission's pipes. Where the format has a checker after it (Polygon), the
// problem's checker looks at what the interactor wrote.
struct Interaction {
  ProgramIndex interactor = 0;
  enum class Verdict { ByInteractor, ByCheckerOfItsOutput } verdict = Verdict::ByInteractor;
  Duration more_time{0};  // the interactor's CPU limit is the submission's and this
  // CMS: so many processes of the submission, each in a sandbox of its own and with two pipes of its own to the one
  // manager. The time limit is that of their sum. Where there are several, the last argument of each is its number,
  // from 0 on.
  unsigned processes = 1;
  // How a process of the submission gets its two pipes.
  enum class SubmissionEnds {
    StandardStreams,
    // The names of two FIFOs are its arguments: from the manager, and to it. They are real FIFOs: old stubs and
    // managers agree to use the two the other way round.
    FifosAsArguments
  } submission_ends = SubmissionEnds::StandardStreams;
};

// --- cases and groups ------------------------------------------------------------------------------------------------

// Input (and for DMOJ the answer) that a program makes.
struct Generated {
  ProgramIndex generator = 0;
  std::vector<std::string> arguments;
  std::optional<File> input;  // the generator's standard input
  enum class Makes { Input, InputAndAnswer } makes = Makes::Input;
};

struct Case {
  std::string name;  // "secret/group1/003": what labels and results call it
  std::optional<File> input;
  std::optional<File> answer;
  std::optional<Generated> generated;       // where there is no input
  std::optional<ProgramIndex> answer_by;    // the solution that makes the answer, where there is none
  std::vector<std::string> args;            // the submission's
  std::vector<PlacedFile> files;            // placed in its working folder after compiling
  std::vector<std::string> validator_args;  // of the checker or interactor
  std::map<std::string, std::vector<std::string>> input_validator_args;  // by validator; "" stands for every one
  std::optional<double> points;  // DMOJ, Polygon, CMS: what the case is worth by itself
  std::size_t checker = 0;       // in Problem::checkers
  bool full_feedback = false;
  bool is_sample = false;
  bool normal_newlines = false;  // DMOJ: input and answer with LF and a final one
  std::string input_name;        // a file of the working folder instead of standard input; "": standard input
  std::string output_name;
  // Of submit-answer: the submission's file that is this case's output; "": its only file. A submission in a known
  // language is a program all the same, whose output counts (the problem package format has such examples).
  std::string submitted_name;
  // The hash of all that decides its run and its verdict but the submission and the limits. Cases of equal keys need
  // one run.
  std::string key;
};

// --- limits ----------------------------------------------------------------------------------------------------------

struct Limits {
  std::optional<Duration> time;  // absent: found from the accepted submissions, or by the command line
  Duration time_resolution = std::chrono::seconds(1);
  double accepted_to_limit = 2;    // the limit is at least this times the slowest accepted submission
  double limit_to_too_slow = 1.5;  // what is labelled too slow takes at least this times the limit
  std::optional<Bytes> memory, output, code;
  std::optional<Duration> compilation_time, validation_time;
  std::optional<Bytes> compilation_memory, validation_memory, validation_output;
  double wall_factor = 0;  // of the time limit; 0: the judge's own
};

// --- submissions -----------------------------------------------------------------------------------------------------

enum class Result {
  Accepted,
  WrongAnswer,
  TimeLimit,
  RunTimeError,
  MemoryLimit,
  OutputLimit,
  NoOutput,
  PresentationError,
  CompileError,
  Skipped,     // DMOJ's SC
  JudgeError,  // DMOJ's IE
  Any          // it is looked at by people
};
// "AC".
const char* code_of(Result result);

enum class UseForTimeLimit { No, Lower, Upper, ByVerdict };

// The results of the cases that a pattern selects.
struct CaseRule {
  std::string pattern;            // over names of cases; "": all of them
  std::vector<Result> permitted;  // every case has one of these; empty: any
  std::vector<Result> required;   // some case has one of these; empty: none is required
  std::optional<std::pair<double, double>> score;
  std::string message;  // a part of some judgemessage; "": none
  UseForTimeLimit use_for_time_limit = UseForTimeLimit::ByVerdict;
  SourcePosition where;  // what says so
};

struct Expectation {
  std::string folder;                 // "accepted"; "" where there is none
  std::vector<Result> final_results;  // the submission's verdict is one of these; empty: not said
  std::vector<CaseRule> rules;        // all of them hold
  std::optional<std::pair<double, double>> score;
  std::vector<Result> group_results;                        // of the groups in secret, in their order
  std::map<std::string, std::vector<Result>> case_results;  // DMOJ: by the case's number
  bool not_full_score = false;                              // partially_accepted
  bool do_not_run = false;
  UseForTimeLimit use_for_time_limit = UseForTimeLimit::ByVerdict;
  SourcePosition where;
};

struct Submission {
  std::string name;  // "accepted/a.cpp"
  std::string path;  // in the tree
  std::vector<PlacedFile> files;
  std::string language;  // "" where no ending is known
  std::string entry;
  Expectation expected;
  std::optional<Duration> time_limit;  // DMOJ's test.yml
  std::optional<Bytes> memory_limit;
};

// --- the whole -------------------------------------------------------------------------------------------------------

// DMOJ: a submission without a main program, which is compiled with the jury's.
struct SignatureGrader {
  File entry;
  File header;  // included at the submission's beginning
  bool allows_main = false;
};

struct Types {
  bool scoring = false;
  bool interactive = false;
  bool multi_pass = false;
  bool submit_answer = false;
};

struct Problem {
  Format format = Format::KattisLegacy;
  std::string short_name;  // of the folder or archive
  std::string name;        // for people
  Types types;
  Limits limits;
  unsigned passes = 1;
  std::vector<Checker> checkers;  // each case names one of them
  std::optional<Interaction> interaction;
  bool validator_scores = false;  // a validator may write score.txt
  enum class Objective { Maximize, Minimize } objective = Objective::Maximize;
  std::vector<Case> cases;
  std::vector<Group> groups;  // [0] is the root
  std::vector<Program> programs;
  std::vector<Submission> submissions;
  // Copied over a submission before it is compiled, by language; "default" first.
  std::map<std::string, std::vector<PlacedFile>> include;
  // CMS: the base name of the included file that a program begins in, "grader" or "stub"; "": the submission's entry.
  std::string included_entry;
  // CMS: the base name that the only file of a submission gets before it is compiled: "sum" makes "a.cpp" "sum.cpp", as
  // graders of some languages name it. "": it keeps its name.
  std::string submission_name;
  // Of submissions, by language: CMS defines EVAL.
  std::map<std::string, std::vector<std::string>> compile_flags;
  // Languages that may be submitted; empty: all.
  std::vector<std::string> languages;
  std::optional<SignatureGrader> signature_grader;
  // Names in the working folder that are links to standard streams, as "in_link" to "/dev/stdin".
  std::map<std::string, std::string> stream_links;
  std::map<std::string, std::string> constants;  // "name" and "name.variant", for {{name}}
  // Inputs that validators must reject, and outputs that the output validator must reject or accept.
  struct ValidatorCase {
    std::string name;
    enum class Expect { InvalidInput, InvalidOutput, ValidOutput } expect = Expect::InvalidInput;
    File input;
    std::optional<File> answer, output;
    std::vector<std::string> input_validator_args, validator_args;
  };
  std::vector<ValidatorCase> validator_cases;
};

// Fills the keys of all cases; the files' hashes must stand.
void set_keys(Problem& problem);

// How many runs the cases need.
std::size_t distinct_cases(const Problem& problem);

// "pass-fail", "scoring interactive".
std::string type_words(const Problem& problem);

}  // namespace evalrun::problem
