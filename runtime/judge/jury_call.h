// How a program of the jury is called, and what its end says: by the conventions of the formats (problem/convention.h).
//
// A jury program finds its files in a folder of its own below /work. It is a program like any other: it may hang,
// crash, or fill its feedback folder. Whatever is not one of the ends that its convention gives a meaning is the jury's
// fault, and never the submission's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/checkers/checker.h"
#include "runtime/judge/blame.h"
#include "runtime/plan/plan.h"
#include "runtime/supervise/result.h"

namespace evalrun::judge {

// Paths of /work in a jury program's sandbox, relative to it.
inline constexpr const char* kJuryInput = "judge/input";
inline constexpr const char* kJuryAnswer = "judge/answer";
inline constexpr const char* kJuryOutput =
    "judge/output";  // the submission's, or what an interactor writes for a checker
inline constexpr const char* kJuryFeedback = "judge/feedback/";
inline constexpr const char* kJurySource = "judge/submission";  // a static validator's working folder
// Files of the feedback folder in which a CMS manager's outcome and message stand.
inline constexpr const char* kManagerOutcome = "outcome";
inline constexpr const char* kManagerText = "text";
// A folder is made where a file is in it: this one, in the feedback folder.
inline constexpr const char* kFolderMark = ".folder";

enum class JuryTask { Check, Interact, ValidateInput, ValidateSource };

// The program's own argv for another working folder than /work: its files are named by their whole paths.
std::vector<std::string> from_another_folder(std::vector<std::string> argv, const std::vector<WorkFile>& files);

// What follows the program's own argv. `args` are the case's. Of ValidateSource the submission's language and entry
// point come before them.
std::vector<std::string> jury_arguments(const JuryProgram& program, JuryTask task,
                                        const std::vector<std::string>& args);

// Whether the submission's output is the program's standard input; else it is a file.
bool reads_output_from_stdin(problem::Convention convention);
// Whether an input validator's input is its standard input; else it is a file.
bool reads_input_from_stdin(problem::Convention convention);

// What a program of the jury has said of one case.
struct JuryWord {
  enum class Says { Accept, Reject, Fault } says = Says::Fault;
  Rejection rejection = Rejection::WrongAnswer;
  std::optional<double> share;       // of the case's points, from 0 to 1
  std::optional<double> score;       // score.txt
  std::optional<double> multiplier;  // score_multiplier.txt
  std::string message;               // for the jury: judgemessage.txt, or what its standard error says
  std::string team_message;          // for who submitted: teammessage.txt
  NextPass next_pass = NextPass::None;
  std::string fault;  // why it is the jury's fault: "exited with code 1"
};

// `run`: how it ended. `work`: its /work, borrowed; -1 where there is none. `limits`: the program's own. `worth`: what
// the case is worth, for conventions that give points.
JuryWord word_of(problem::Convention convention, const supervise::RunResult& run, const Limits& limits, int work,
                 double worth, JuryScores scores);

// Of an input validator, from what its run left. Every exit but the accepting one rejects, as a failed assertion does;
// a limit that it met is its fault.
JuryWord word_of_input_validator(problem::Convention convention, const supervise::RunResult& run, const Limits& limits);

// The feedback folder's files, to be placed for the next pass; without nextpass.in. Bounded; what is no regular file is
// left out. Throws SystemError.
std::vector<WorkFile> feedback_to_keep(int work);

}  // namespace evalrun::judge
