// Whose fault it is: pure functions from what two programs did to the verdict, by the rules of four judges. Each answer
// names the rule that decided, so that a result can show it (docs/decisions/063, 064; tests/unit/blame_test.cc is the
// table).
//
// These functions look at nothing and start nothing. What the facts are and how they are found: dialogue.h.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/judge/verdict.h"
#include "runtime/supervise/result.h"

namespace evalrun::judge {

// Whose rules: problemtools', DOMjudge's, the CCS specification's, BAPCtools'.
enum class Rules { Kattis, Domjudge, Clics, Bapctools };
inline constexpr std::array kAllRules{Rules::Kattis, Rules::Domjudge, Rules::Clics, Rules::Bapctools};

constexpr std::string_view name_of(Rules rules) {
  switch (rules) {
    case Rules::Kattis: return "kattis";
    case Rules::Domjudge: return "domjudge";
    case Rules::Clics: return "clics";
    case Rules::Bapctools: return "bapctools";
  }
  return "?";
}
std::optional<Rules> rules_named(std::string_view name);

enum class Side { Interactor, Submission };

constexpr std::string_view name_of(Side side) {
  return side == Side::Interactor ? "interactor" : "submission";
}

// What a checker or an interactor says by the way it ended. Anything that its convention does not know is a judge
// error.
enum class Conclusion { Accept, Reject, JudgeError };

// 42 accepts, 43 rejects.
Conclusion conclude_as_kattis(int exit_code) noexcept;
// 0 accepts; 1 (wrong answer), 2 (presentation), 4 (dirt) and 8 (unexpected end) reject. Points (7) need the engine's
// own look at the message.
Conclusion conclude_as_testlib(int exit_code) noexcept;

// Who is to mend what has gone wrong. Verdict::Ie has two kinds of causes, and this tells them apart: a program of the
// jury, or the sandbox.
enum class Blamed { Nobody, Submission, Jury, Sandbox };

constexpr std::string_view name_of(Blamed blamed) {
  switch (blamed) {
    case Blamed::Nobody: return "nobody";
    case Blamed::Submission: return "submission";
    case Blamed::Jury: return "jury";
    case Blamed::Sandbox: return "sandbox";
  }
  return "?";
}

struct Blame {
  Verdict verdict = Verdict::Ie;  // Ac where nobody is blamed; Ie of the jury or the sandbox
  Blamed blamed = Blamed::Sandbox;
  std::string_view word;  // the rules' own: "no-output", "RTE", "Judge Error"
  std::string reason;     // the rule that decided: "the interactor rejected, and ended first"
  std::string remark;     // what the tool or the text does otherwise, where this differs on purpose; often ""
};

// --- a submission and a checker --------------------------------------------------------------------------------------

struct BatchFacts {
  supervise::Outcome outcome;            // the submission's
  Duration cpu{}, cpu_limit{};           // a cpu above the limit is too long, however it ended
  std::uint64_t bytes_written = 0;       // to standard output
  std::optional<Conclusion> conclusion;  // none: the checker was not run
};

// Whether the checker can still change the verdict: else it need not be run.
bool needs_checker(const BatchFacts& facts, Rules rules);

// Of facts that need a checker and have no conclusion: a judge error.
Blame blame_batch(const BatchFacts& facts, Rules rules);

// --- a submission and an interactor ----------------------------------------------------------------------------------

// How a side of a dialogue came to its end.
enum class EndedBy {
  Itself,     // it exited or crashed, or was killed from inside
  Limit,      // of its own: CPU, memory, output, ...
  WallLimit,  // the pair's: whichever side met it
  Dialogue,   // the other side's end made it pointless to go on
  Nobody      // it did not start, or the sandbox failed
};

// What a side was doing when the pair's wall limit was met.
enum class AtWall {
  Ended,       // it was not there any more
  Waiting,     // asleep, and all that was said to it was read
  NotReading,  // asleep, and not all that was said to it was read
  Working,     // on a core or waiting for one
  Talking      // they had said something shortly before, or this one was given no core: not stuck
};

struct DialogueFacts {
  supervise::Outcome submission, interactor;
  EndedBy submission_ended_by = EndedBy::Itself, interactor_ended_by = EndedBy::Itself;
  Conclusion conclusion = Conclusion::JudgeError;  // the interactor's, where it ended by itself
  // Who ended without having been told of the other's end; none: neither, both were ended. See dialogue.h.
  std::optional<Side> first;
  Duration cpu{}, cpu_limit{};      // the submission's
  std::uint64_t bytes_written = 0;  // by the submission, to standard output
  bool wall_limit_met = false;      // the pair's
  AtWall submission_at_wall = AtWall::Ended, interactor_at_wall = AtWall::Ended;

  // Both were waiting for each other when the wall limit was met.
  [[nodiscard]] bool is_deadlock() const noexcept {
    return wall_limit_met && submission_at_wall == AtWall::Waiting && interactor_at_wall == AtWall::Waiting;
  }
};

Blame blame_dialogue(const DialogueFacts& facts, Rules rules);

// --- where they disagree ---------------------------------------------------------------------------------------------

struct Opinion {
  Rules rules;
  Blame blame;
};

// What each would say, where their verdicts are not all the same; else empty.
std::vector<Opinion> opinions_on(const BatchFacts& facts);
std::vector<Opinion> opinions_on(const DialogueFacts& facts);

// "kattis: WA, domjudge: timelimit, clics: TLE, bapctools: TLE".
std::string describe(const std::vector<Opinion>& opinions);

// --- several passes --------------------------------------------------------------------------------------------------

// What the feedback folder holds as nextpass.in after a pass.
enum class NextPass { None, File, NotAFile };

struct PassFacts {
  Conclusion conclusion = Conclusion::JudgeError;
  bool submission_is_at_fault = false;  // it failed by itself, whatever the jury's program says
  NextPass next = NextPass::None;
  unsigned pass = 1;  // the one that has ended, from 1 on
  unsigned most = 1;  // passes; 1: a problem of one pass
};

enum class AfterPass { Again, End, JudgeError };

struct PassDecision {
  AfterPass what = AfterPass::End;
  std::string reason;  // of a judge error, and of an end that ignores nextpass.in; else ""
};

PassDecision after_pass(const PassFacts& facts);

}  // namespace evalrun::judge
