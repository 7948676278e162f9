#include "runtime/judge/blame.h"

#include <algorithm>

#include "runtime/core/overloaded.h"

namespace evalrun::judge {
namespace {

using namespace supervise;

// What became of a submission, in the words that all four rule sets have. From the outcome alone.
enum class Fate { Well, Crashed, Memory, Time, Output, Violation, SandboxFailed };

Fate fate_of(const Outcome& outcome) {
  switch (verdict_of(outcome)) {
    case Verdict::Ok: return Fate::Well;
    case Verdict::Re: return Fate::Crashed;
    case Verdict::Mle: return Fate::Memory;
    case Verdict::Tle: return Fate::Time;
    case Verdict::Ole: return Fate::Output;
    case Verdict::Sv: return Fate::Violation;
    case Verdict::Ie:
    case Verdict::Cancelled: return Fate::SandboxFailed;
    case Verdict::Ac:
    case Verdict::Wa:
    case Verdict::Pe:
    case Verdict::Ce: break;  // of no outcome
  }
  return Fate::SandboxFailed;
}

bool is_crash(Fate fate) {
  return fate == Fate::Crashed || fate == Fate::Memory;
}

// --- the rules' own words --------------------------------------------------------------------------------------------

// kattis, domjudge, clics, bapctools.
struct Words {
  std::string_view kattis, domjudge, clics, bapctools;

  [[nodiscard]] std::string_view of(Rules rules) const {
    switch (rules) {
      case Rules::Kattis: return kattis;
      case Rules::Domjudge: return domjudge;
      case Rules::Clics: return clics;
      case Rules::Bapctools: return bapctools;
    }
    return "?";
  }
};

constexpr Words kAccepted{"AC", "correct", "AC", "ACCEPTED"};
constexpr Words kWrong{"WA", "wrong-answer", "WA", "WRONG_ANSWER"};
constexpr Words kLate{"TLE", "timelimit", "TLE", "TIME_LIMIT_EXCEEDED"};
constexpr Words kCrashed{"RTE", "run-error", "RTE", "RUNTIME_ERROR"};
constexpr Words kJury{"JE", "compare-error", "JE", "VALIDATOR_CRASH"};
constexpr Words kViolation{"IF", "run-error", "SV", "RUNTIME_ERROR"};
constexpr Words kFault{"JE", "internal-error", "JE", "internal error"};

Blame accept(Rules rules, std::string reason) {
  return {Verdict::Ac, Blamed::Nobody, kAccepted.of(rules), std::move(reason), ""};
}
Blame reject(Rules rules, std::string reason) {
  return {Verdict::Wa, Blamed::Submission, kWrong.of(rules), std::move(reason), ""};
}
Blame late(Rules rules, std::string reason) {
  return {Verdict::Tle, Blamed::Submission, kLate.of(rules), std::move(reason), ""};
}
Blame crash(Rules rules, std::string reason) {
  return {Verdict::Re, Blamed::Submission, kCrashed.of(rules), std::move(reason), ""};
}
Blame blame_jury(Rules rules, std::string reason, std::string remark = "") {
  return {Verdict::Ie, Blamed::Jury, kJury.of(rules), std::move(reason), std::move(remark)};
}
Blame blame_sandbox(Rules rules, std::string reason) {
  return {Verdict::Ie, Blamed::Sandbox, kFault.of(rules), std::move(reason), ""};
}

// --- what a submission has done by itself ----------------------------------------------------------------------------

std::string crash_reason(Fate fate) {
  return fate == Fate::Memory ? "the submission met its memory limit" : "the submission failed";
}

// Its failures but for time, by each rule set's own name.
Blame blame_failure(Fate fate, Rules rules) {
  switch (fate) {
    case Fate::Violation:
      return {Verdict::Sv, Blamed::Submission, kViolation.of(rules), "the submission made a call that is not allowed",
              rules == Rules::Clics ? "" : "only the CCS specification has a verdict of that name"};
    case Fate::Crashed: return crash(rules, crash_reason(fate));
    case Fate::Memory:
      if (rules == Rules::Domjudge) {
        return {Verdict::Mle, Blamed::Submission, "memory-limit", crash_reason(fate), ""};
      }
      return crash(rules, crash_reason(fate) + ", which these rules call a run-time error");
    case Fate::Output:
      switch (rules) {
        case Rules::Kattis: return {Verdict::Ole, Blamed::Submission, "OLE", "the submission wrote too much", ""};
        case Rules::Domjudge:
          return {Verdict::Ole, Blamed::Submission, "output-limit", "the submission wrote too much", ""};
        case Rules::Clics: return reject(rules, "the submission wrote too much, which these rules call a wrong answer");
        case Rules::Bapctools:
          return crash(rules, "the submission wrote too much, which these rules call a run-time error");
      }
      break;
    case Fate::SandboxFailed: return blame_sandbox(rules, "the sandbox of the submission failed");
    case Fate::Well:
    case Fate::Time: break;
  }
  return blame_sandbox(rules, "no failure to name");
}

struct Submission {
  Fate fate;
  bool is_late;  // by its limit, or by what was measured
};

Submission look_at(const Outcome& outcome, Duration cpu, Duration cpu_limit) {
  const Fate fate = fate_of(outcome);
  return {fate, fate == Fate::Time || cpu > cpu_limit};
}

// What the submission is judged by before anybody's word on its output; none: it did well. The order is the rules':
// tables of the facts in docs/decisions/064.
std::optional<Blame> blame_by_itself(const Submission& submission, Rules rules) {
  const auto [fate, is_late] = submission;
  if (fate == Fate::SandboxFailed) return blame_failure(fate, rules);
  // The CCS specification asks which came first: a crash before the limit was reached is a crash. One that is measured
  // above the limit has reached it. So late comes first everywhere.
  if (is_late) {
    return late(rules, fate == Fate::Time ? "the submission met its time limit"
                                          : "the submission used more CPU time than its limit");
  }
  if (is_crash(fate) || fate == Fate::Violation || fate == Fate::Output) return blame_failure(fate, rules);
  return std::nullopt;
}

// "no-output" is DOMjudge's alone.
Blame rejected(Rules rules, std::uint64_t bytes_written, std::string reason) {
  Blame blame = reject(rules, std::move(reason));
  if (rules == Rules::Domjudge && bytes_written == 0) {
    blame.word = "no-output";
    blame.reason += "; the submission wrote nothing";
  }
  return blame;
}

// --- a dialogue ------------------------------------------------------------------------------------------------------

constexpr bool is_stuck(AtWall state) {
  return state == AtWall::NotReading || state == AtWall::Working;
}

bool ended_alone(EndedBy by) {
  return by == EndedBy::Itself || by == EndedBy::Limit;
}

// The interactor hangs, and the submission can do nothing about it.
bool interactor_hangs(const DialogueFacts& facts) {
  if (!facts.wall_limit_met || facts.interactor_at_wall == AtWall::Ended) return false;
  // Told of its end, and given time.
  if (ended_alone(facts.submission_ended_by)) return true;
  return facts.submission_at_wall == AtWall::Waiting && is_stuck(facts.interactor_at_wall);
}

std::string what_hangs(const DialogueFacts& facts) {
  if (facts.is_deadlock()) return "both waited for each other until the wall limit";
  if (facts.interactor_at_wall == AtWall::Waiting && facts.submission_at_wall == AtWall::NotReading) {
    return "the submission stopped reading, and slept until the wall limit";
  }
  if (facts.interactor_at_wall == AtWall::Waiting && facts.submission_at_wall == AtWall::Working) {
    return "the interactor waited for the submission, which worked until the wall limit";
  }
  if (facts.interactor_at_wall == AtWall::Ended) return "the submission had not ended at the wall limit";
  return "the two had not come to an end at the wall limit";
}

// How each rule set would put a wall limit that nobody but the submission can be blamed for.
Blame blame_wall(const DialogueFacts& facts, Rules rules) {
  Blame blame = late(rules, what_hangs(facts));
  if (facts.is_deadlock()) {
    blame.remark = "the text of the package format (2025-09) calls this a judge error; the tools do not";
  }
  return blame;
}

std::string jury_reason(const DialogueFacts& facts) {
  const std::string how = std::visit(
      Overloaded{[](const Exited& exited) {
                   return "exited with code " + std::to_string(exited.code) + ", which neither accepts nor rejects";
                 },
                 [](const Signaled&) { return std::string("was killed by a signal"); },
                 [](const LimitHit& hit) { return "met its " + std::string(name_of(hit.limit)) + " limit"; },
                 [](const Violation&) { return std::string("made a call that is not allowed"); },
                 [](const NotStarted&) { return std::string("could not be started"); },
                 [](const SandboxFault&) { return std::string("could not be run"); },
                 [](const Cancelled&) { return std::string("was cancelled"); }},
      facts.interactor);
  return "the interactor " + how;
}

// A hung interactor is the jury's fault, and no submission pays for it. Where the submission has failed by itself,
// problemtools goes by that: it takes an interactor that was killed for one that rejected, later.
Blame blame_hung_interactor(const DialogueFacts& facts, const std::optional<Blame>& by_itself, Rules rules) {
  const bool is_over = ended_alone(facts.submission_ended_by);
  if (rules == Rules::Kattis && is_over && by_itself) return *by_itself;
  return blame_jury(rules,
                    is_over ? "the interactor was told that the submission had ended, and hung until the wall limit"
                            : "the interactor hung until the wall limit, and the submission waited for it",
                    rules != Rules::Kattis ? ""
                    : is_over              ? "problemtools takes an interactor that it had to end for one that rejected"
                                           : "problemtools says TLE to a submission that it had to end");
}

// BAPCtools: whichever ended first. A time limit outweighs the interactor that rejected first, and a crash that came
// first outweighs the time limit that was measured.
Blame blame_as_bapctools(const DialogueFacts& facts, const Submission& submission) {
  constexpr Rules kRules = Rules::Bapctools;
  const bool was_killed_for_time = submission.fate == Fate::Time;
  if (was_killed_for_time) return late(kRules, "the submission met its time limit");
  if (facts.first == Side::Interactor) {
    if (submission.is_late) {
      return late(kRules,
                  "the submission used more CPU time than its limit, which outweighs that the interactor ended "
                  "first");
    }
    if (facts.conclusion == Conclusion::Reject) {
      return rejected(kRules, facts.bytes_written, "the interactor rejected, and ended first");
    }
  }
  if (submission.fate != Fate::Well) return blame_failure(submission.fate, kRules);
  if (submission.is_late) return late(kRules, "the submission used more CPU time than its limit");
  return facts.conclusion == Conclusion::Accept ? accept(kRules, "the interactor accepted")
                                                : reject(kRules, "the interactor rejected");
}

// The CCS specification has no word on interaction; its order of one case, and a submission that the interactor's
// rejecting has ended did nothing wrong after it.
Blame blame_as_clics(const DialogueFacts& facts, const Submission& submission, const std::optional<Blame>& by_itself) {
  constexpr Rules kRules = Rules::Clics;
  const bool interactor_was_first = facts.conclusion == Conclusion::Reject && facts.first == Side::Interactor;
  if (by_itself && (submission.is_late || !interactor_was_first)) return *by_itself;
  if (interactor_was_first) return reject(kRules, "the interactor rejected, and ended first");
  return facts.conclusion == Conclusion::Accept ? accept(kRules, "the interactor accepted")
                                                : reject(kRules, "the interactor rejected");
}

}  // namespace

std::optional<Rules> rules_named(std::string_view name) {
  const auto* const found = std::ranges::find_if(kAllRules, [&](Rules rules) { return name_of(rules) == name; });
  return found == kAllRules.end() ? std::nullopt : std::optional(*found);
}

Conclusion conclude_as_kattis(int exit_code) noexcept {
  if (exit_code == 42) return Conclusion::Accept;
  return exit_code == 43 ? Conclusion::Reject : Conclusion::JudgeError;
}

Conclusion conclude_as_testlib(int exit_code) noexcept {
  switch (exit_code) {
    case 0: return Conclusion::Accept;
    case 1:
    case 2:
    case 4:
    case 8: return Conclusion::Reject;
    default: return Conclusion::JudgeError;
  }
}

bool needs_checker(const BatchFacts& facts, Rules rules) {
  return !blame_by_itself(look_at(facts.outcome, facts.cpu, facts.cpu_limit), rules);
}

Blame blame_batch(const BatchFacts& facts, Rules rules) {
  const Submission submission = look_at(facts.outcome, facts.cpu, facts.cpu_limit);
  // DOMjudge alone asks the checker first, whatever the program did; a checker that failed has then failed.
  if (rules == Rules::Domjudge && submission.fate != Fate::SandboxFailed &&
      facts.conclusion == Conclusion::JudgeError) {
    return blame_jury(rules, "the checker failed");
  }
  if (std::optional<Blame> by_itself = blame_by_itself(submission, rules)) return *std::move(by_itself);
  if (!facts.conclusion) return blame_jury(rules, "the checker was not run");
  switch (*facts.conclusion) {
    case Conclusion::Accept: return accept(rules, "the checker accepted");
    case Conclusion::Reject: return rejected(rules, facts.bytes_written, "the checker rejected");
    case Conclusion::JudgeError: return blame_jury(rules, "the checker failed");
  }
  return blame_jury(rules, "the checker failed");
}

Blame blame_dialogue(const DialogueFacts& facts, Rules rules) {
  if (facts.interactor_ended_by == EndedBy::Nobody) return blame_sandbox(rules, "the sandbox of the interactor failed");
  if (facts.submission_ended_by == EndedBy::Nobody) return blame_sandbox(rules, "the sandbox of the submission failed");
  if (ended_alone(facts.interactor_ended_by) && facts.conclusion == Conclusion::JudgeError) {
    return blame_jury(rules, jury_reason(facts));
  }
  const bool was_ended = !ended_alone(facts.submission_ended_by);
  const Submission submission = was_ended ? Submission{Fate::Well, facts.cpu > facts.cpu_limit}
                                          : look_at(facts.submission, facts.cpu, facts.cpu_limit);
  const std::optional<Blame> by_itself = blame_by_itself(submission, rules);
  if (interactor_hangs(facts)) return blame_hung_interactor(facts, by_itself, rules);
  if (facts.wall_limit_met && was_ended) return blame_wall(facts, rules);

  const bool interactor_was_first = facts.conclusion == Conclusion::Reject && facts.first == Side::Interactor;
  switch (rules) {
    case Rules::Bapctools: return blame_as_bapctools(facts, submission);
    case Rules::Clics: return blame_as_clics(facts, submission, by_itself);
    case Rules::Kattis:
      if (interactor_was_first) return reject(rules, "the interactor rejected, and ended first");
      break;
    case Rules::Domjudge:
      // Not first, where the submission's time limit was met before it ended.
      if (interactor_was_first && submission.fate != Fate::Time) {
        return rejected(rules, facts.bytes_written, "the interactor rejected, and ended first");
      }
      break;
  }
  if (by_itself) return *by_itself;
  return facts.conclusion == Conclusion::Accept ? accept(rules, "the interactor accepted")
                                                : rejected(rules, facts.bytes_written, "the interactor rejected");
}

namespace {

template <typename Judge>
std::vector<Opinion> opinions_where_they_differ(const Judge& judge) {
  std::vector<Opinion> opinions;
  for (const Rules rules : kAllRules) opinions.push_back({rules, judge(rules)});
  const bool is_one = std::ranges::all_of(opinions, [&](const Opinion& opinion) {
    return opinion.blame.verdict == opinions.front().blame.verdict &&
           opinion.blame.blamed == opinions.front().blame.blamed;
  });
  if (is_one) opinions.clear();
  return opinions;
}

}  // namespace

std::vector<Opinion> opinions_on(const BatchFacts& facts) {
  return opinions_where_they_differ([&](Rules rules) { return blame_batch(facts, rules); });
}

std::vector<Opinion> opinions_on(const DialogueFacts& facts) {
  return opinions_where_they_differ([&](Rules rules) { return blame_dialogue(facts, rules); });
}

std::string describe(const std::vector<Opinion>& opinions) {
  std::string text;
  for (const Opinion& opinion : opinions) {
    if (!text.empty()) text += ", ";
    text += std::string(name_of(opinion.rules)) + ": " + std::string(opinion.blame.word);
  }
  return text;
}

PassDecision after_pass(const PassFacts& facts) {
  const bool accepted = facts.conclusion == Conclusion::Accept;
  if (facts.conclusion == Conclusion::JudgeError) return {AfterPass::End, ""};
  if (facts.next == NextPass::None) return {AfterPass::End, ""};
  const std::string pass = "pass " + std::to_string(facts.pass);
  if (facts.most <= 1) {
    return {AfterPass::End, "nextpass.in was written, but the problem has one pass: it is ignored"};
  }
  if (!accepted) {
    return {AfterPass::JudgeError,
            pass + ": the jury's program rejected and wrote nextpass.in, which asks for one more pass"};
  }
  if (facts.next == NextPass::NotAFile) {
    return {AfterPass::JudgeError, pass + ": nextpass.in is no file"};
  }
  // Its own failure decides, whatever it is asked to do next.
  if (facts.submission_is_at_fault) return {AfterPass::End, ""};
  if (facts.pass >= facts.most) {
    return {AfterPass::JudgeError, pass + ": the jury's program asks for one more pass, and the problem allows " +
                                       std::to_string(facts.most) + " (limits.validation_passes)"};
  }
  return {AfterPass::Again, ""};
}

}  // namespace evalrun::judge
