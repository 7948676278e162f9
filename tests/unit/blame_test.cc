// Whose fault it is: pairs of ends, each with the one verdict that each rule set must give it, as a table. The facts
// come from real programs in tests/sandbox/dialogue_test.cc.
#include "runtime/judge/blame.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>

#include "runtime/judge/transcript.h"

namespace evalrun::judge {
namespace {

using namespace supervise;
using namespace std::chrono_literals;

constexpr auto kAccept = Conclusion::Accept;
constexpr auto kReject = Conclusion::Reject;
constexpr auto kJudgeError = Conclusion::JudgeError;

// "WA", "JE" where the jury is at fault, "IE" where the sandbox is.
std::string word_of(const Blame& blame) {
  if (blame.verdict == Verdict::Ie) return blame.blamed == Blamed::Jury ? "JE" : "IE";
  return std::string(name_of(blame.verdict));
}

template <typename Judge>
std::string words_of(const Judge& judge) {
  std::string text;
  for (const Rules rules : kAllRules) text += (text.empty() ? "" : " ") + word_of(judge(rules));
  return text;
}

// One side's end, in a word.
struct End {
  Outcome outcome;
  EndedBy by;
};
const End kGood{Exited{0}, EndedBy::Itself};
const End kExit1{Exited{1}, EndedBy::Itself};
const End kSegfault{Signaled{SIGSEGV}, EndedBy::Itself};
const End kEndedWithOther{Signaled{SIGKILL}, EndedBy::Dialogue};
const End kWall{LimitHit{Limit::Wall}, EndedBy::WallLimit};
const End kKilledAtWall{Signaled{SIGKILL}, EndedBy::WallLimit};
const End kCpu{LimitHit{Limit::Cpu}, EndedBy::Limit};
const End kMemory{LimitHit{Limit::Memory}, EndedBy::Limit};
const End kFlood{LimitHit{Limit::Output}, EndedBy::Limit};
const End kForbidden{Violation{"ptrace"}, EndedBy::Itself};
const End kNoProgram{NotStarted{"execve", "/work/main", ENOEXEC}, EndedBy::Itself};
const End kFault{SandboxFault{"spawn", "clone3", "", EAGAIN, true}, EndedBy::Nobody};
const End kAccepts{Exited{42}, EndedBy::Itself};
const End kRejects{Exited{43}, EndedBy::Itself};

Conclusion conclusion_of(const End& interactor) {
  const auto* exited = std::get_if<Exited>(&interactor.outcome);
  return exited == nullptr ? kJudgeError : conclude_as_kattis(exited->code);
}

enum class Cpu { Within, Over };
constexpr auto kI = Side::Interactor;
constexpr auto kS = Side::Submission;
constexpr std::nullopt_t kNobody = std::nullopt;

struct Row {
  const char* name;
  const End& interactor;
  const End& submission;
  std::optional<Side> first;
  const char* verdicts;  // kattis, domjudge, clics, bapctools
  Cpu cpu = Cpu::Within;
  AtWall interactor_at_wall = AtWall::Ended, submission_at_wall = AtWall::Ended;
};

const Row kRows[] = {
    {"both well, the interactor first", kAccepts, kGood, kI, "AC AC AC AC"},
    {"both well, the submission first", kAccepts, kGood, kS, "AC AC AC AC"},
    {"rejected first, and the submission ended with it", kRejects, kEndedWithOther, kI, "WA WA WA WA"},
    {"rejected first, and the submission well", kRejects, kGood, kI, "WA WA WA WA"},
    {"rejected first, and a crash at the same time", kRejects, kSegfault, kI, "WA WA WA WA"},
    {"rejected first, and an exit code", kRejects, kExit1, kI, "WA WA WA WA"},
    {"rejected first, and the memory limit", kRejects, kMemory, kI, "WA WA WA WA"},
    {"rejected first, and a flood", kRejects, kFlood, kI, "WA WA WA WA"},
    {"rejected first, and a forbidden call", kRejects, kForbidden, kI, "WA WA WA WA"},
    {"rejected first, and late", kRejects, kEndedWithOther, kI, "WA WA TLE TLE", Cpu::Over},
    {"rejected first, and a late crash", kRejects, kSegfault, kI, "WA WA TLE TLE", Cpu::Over},
    {"rejected first, and killed for its time", kRejects, kCpu, kI, "WA TLE TLE TLE", Cpu::Over},
    {"rejected second, the submission well", kRejects, kGood, kS, "WA WA WA WA"},
    {"rejected second, after a crash", kRejects, kSegfault, kS, "RE RE RE RE"},
    {"rejected second, after an exit code", kRejects, kExit1, kS, "RE RE RE RE"},
    {"rejected second, after a program that is none", kRejects, kNoProgram, kS, "RE RE RE RE"},
    {"rejected second, after the memory limit", kRejects, kMemory, kS, "RE MLE RE RE"},
    {"rejected second, after a flood", kRejects, kFlood, kS, "OLE OLE WA RE"},
    {"rejected second, after a forbidden call", kRejects, kForbidden, kS, "SV SV SV SV"},
    {"rejected second, after the CPU limit", kRejects, kCpu, kS, "TLE TLE TLE TLE", Cpu::Over},
    {"rejected second, after a late end", kRejects, kGood, kS, "TLE TLE TLE TLE", Cpu::Over},
    {"rejected second, after a late crash", kRejects, kSegfault, kS, "TLE TLE TLE RE", Cpu::Over},
    {"accepted first, and a crash", kAccepts, kSegfault, kI, "RE RE RE RE"},
    {"accepted first, and an exit code", kAccepts, kExit1, kI, "RE RE RE RE"},
    {"accepted first, and a flood", kAccepts, kFlood, kI, "OLE OLE WA RE"},
    {"accepted first, and the memory limit", kAccepts, kMemory, kI, "RE MLE RE RE"},
    {"accepted first, and the CPU limit", kAccepts, kCpu, kI, "TLE TLE TLE TLE", Cpu::Over},
    {"accepted first, and late", kAccepts, kGood, kI, "TLE TLE TLE TLE", Cpu::Over},
    {"accepted first, and a late crash", kAccepts, kSegfault, kI, "TLE TLE TLE TLE", Cpu::Over},
    {"accepted first, and the wall limit", kAccepts, kWall, kI, "TLE TLE TLE TLE", Cpu::Within, AtWall::Ended,
     AtWall::Working},
    {"accepted second, after a crash", kAccepts, kSegfault, kS, "RE RE RE RE"},
    {"accepted second, after a flood", kAccepts, kFlood, kS, "OLE OLE WA RE"},
    {"accepted second, after the CPU limit", kAccepts, kCpu, kS, "TLE TLE TLE TLE", Cpu::Over},
    {"accepted second, after a late crash", kAccepts, kSegfault, kS, "TLE TLE TLE RE", Cpu::Over},
    {"accepted second, after a forbidden call", kAccepts, kForbidden, kS, "SV SV SV SV"},
    {"both wait", kKilledAtWall, kWall, kNobody, "TLE TLE TLE TLE", Cpu::Within, AtWall::Waiting, AtWall::Waiting},
    {"the submission does not read", kKilledAtWall, kWall, kNobody, "TLE TLE TLE TLE", Cpu::Within, AtWall::Waiting,
     AtWall::NotReading},
    {"the submission works on", kKilledAtWall, kWall, kNobody, "TLE TLE TLE TLE", Cpu::Within, AtWall::Waiting,
     AtWall::Working},
    {"both work on", kKilledAtWall, kWall, kNobody, "TLE TLE TLE TLE", Cpu::Within, AtWall::Working, AtWall::Working},
    {"they still talk", kKilledAtWall, kWall, kNobody, "TLE TLE TLE TLE", Cpu::Within, AtWall::Talking,
     AtWall::Talking},
    {"the interactor works on", kKilledAtWall, kWall, kNobody, "JE JE JE JE", Cpu::Within, AtWall::Working,
     AtWall::Waiting},
    {"the interactor does not read", kKilledAtWall, kWall, kNobody, "JE JE JE JE", Cpu::Within, AtWall::NotReading,
     AtWall::Waiting},
    {"the interactor hangs after a good end", kKilledAtWall, kGood, kS, "JE JE JE JE", Cpu::Within, AtWall::Waiting},
    {"the interactor hangs after a crash", kKilledAtWall, kSegfault, kS, "RE JE JE JE", Cpu::Within, AtWall::Working},
    {"the interactor hangs after the CPU limit", kKilledAtWall, kCpu, kS, "TLE JE JE JE", Cpu::Over, AtWall::Waiting},
    {"the interactor hangs after a flood", kKilledAtWall, kFlood, kS, "OLE JE JE JE", Cpu::Within, AtWall::NotReading},
    {"the interactor crashes first", kSegfault, kEndedWithOther, kI, "JE JE JE JE"},
    {"the interactor crashes second, after a good end", kSegfault, kGood, kS, "JE JE JE JE"},
    {"the interactor crashes second, after a crash", kSegfault, kSegfault, kS, "JE JE JE JE"},
    {"the interactor says neither", kExit1, kGood, kS, "JE JE JE JE"},
    {"the interactor exits with 0", kGood, kGood, kS, "JE JE JE JE"},
    {"the interactor meets its CPU limit", kCpu, kEndedWithOther, kI, "JE JE JE JE"},
    {"the interactor meets its memory limit", kMemory, kEndedWithOther, kI, "JE JE JE JE"},
    {"the interactor floods", kFlood, kEndedWithOther, kI, "JE JE JE JE"},
    {"the interactor makes a forbidden call", kForbidden, kEndedWithOther, kI, "JE JE JE JE"},
    {"the interactor crashes, the submission late", kSegfault, kCpu, kS, "JE JE JE JE", Cpu::Over},
    {"the interactor's sandbox fails", kFault, kEndedWithOther, kNobody, "IE IE IE IE"},
    {"the submission's sandbox fails", kEndedWithOther, kFault, kNobody, "IE IE IE IE"},
    {"both sandboxes fail", kFault, kFault, kNobody, "IE IE IE IE"},
};

DialogueFacts facts_of_row(const Row& row) {
  return {.submission = row.submission.outcome,
          .interactor = row.interactor.outcome,
          .submission_ended_by = row.submission.by,
          .interactor_ended_by = row.interactor.by,
          .conclusion = conclusion_of(row.interactor),
          .first = row.first,
          .cpu = row.cpu == Cpu::Over ? 1500ms : 500ms,
          .cpu_limit = 1s,
          .bytes_written = 10,
          .wall_limit_met = row.interactor.by == EndedBy::WallLimit || row.submission.by == EndedBy::WallLimit,
          .submission_at_wall = row.submission_at_wall,
          .interactor_at_wall = row.interactor_at_wall};
}

TEST(Blame, every_pair_of_ends_has_its_one_verdict_under_each_rule_set) {
  static_assert(std::size(kRows) >= 40);
  for (const Row& row : kRows) {
    const DialogueFacts facts = facts_of_row(row);
    EXPECT_EQ(words_of([&](Rules rules) { return blame_dialogue(facts, rules); }), row.verdicts) << row.name;
  }
}

TEST(Blame, always_says_whose_fault_it_is_and_by_which_rule) {
  for (const Row& row : kRows) {
    for (const Rules rules : kAllRules) {
      const Blame blame = blame_dialogue(facts_of_row(row), rules);
      EXPECT_FALSE(blame.reason.empty()) << row.name;
      EXPECT_FALSE(blame.word.empty()) << row.name;
      switch (blame.verdict) {
        case Verdict::Ac: EXPECT_EQ(blame.blamed, Blamed::Nobody) << row.name; break;
        case Verdict::Ie:
          EXPECT_TRUE(blame.blamed == Blamed::Jury || blame.blamed == Blamed::Sandbox) << row.name;
          break;
        default: EXPECT_EQ(blame.blamed, Blamed::Submission) << row.name; break;
      }
    }
  }
}

const Row& row_named(const char* name) {
  for (const Row& row : kRows) {
    if (std::string(row.name) == name) return row;
  }
  throw std::invalid_argument(name);
}

TEST(Blame, names_the_rule_that_decided) {
  const struct {
    const char* row;
    Rules rules;
    const char* reason;
  } rows[] = {
      {"rejected first, and a crash at the same time", Rules::Kattis, "the interactor rejected, and ended first"},
      {"rejected second, after a crash", Rules::Kattis, "the submission failed"},
      {"rejected second, the submission well", Rules::Clics, "the interactor rejected"},
      {"rejected first, and late", Rules::Bapctools,
       "the submission used more CPU time than its limit, which outweighs that the interactor ended first"},
      {"rejected second, after a flood", Rules::Clics,
       "the submission wrote too much, which these rules call a wrong answer"},
      {"both wait", Rules::Domjudge, "both waited for each other until the wall limit"},
      {"the submission does not read", Rules::Kattis, "the submission stopped reading, and slept until the wall limit"},
      {"the interactor hangs after a good end", Rules::Kattis,
       "the interactor was told that the submission had ended, and hung until the wall limit"},
      {"the interactor says neither", Rules::Kattis,
       "the interactor exited with code 1, which neither accepts nor rejects"},
      {"the interactor meets its CPU limit", Rules::Domjudge, "the interactor met its cpu limit"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(blame_dialogue(facts_of_row(row_named(row.row)), row.rules).reason, row.reason) << row.row;
  }
}

TEST(Blame, remarks_where_a_tool_or_the_text_says_otherwise) {
  EXPECT_EQ(blame_dialogue(facts_of_row(row_named("both wait")), Rules::Kattis).remark,
            "the text of the package format (2025-09) calls this a judge error; the tools do not");
  EXPECT_EQ(blame_dialogue(facts_of_row(row_named("the interactor works on")), Rules::Kattis).remark,
            "problemtools says TLE to a submission that it had to end");
  EXPECT_EQ(blame_dialogue(facts_of_row(row_named("the interactor works on")), Rules::Domjudge).remark, "");
}

TEST(Blame, tells_what_each_rule_set_says_only_where_they_disagree) {
  EXPECT_EQ(describe(opinions_on(facts_of_row(row_named("rejected first, and late")))),
            "kattis: WA, domjudge: wrong-answer, clics: TLE, bapctools: TIME_LIMIT_EXCEEDED");
  EXPECT_TRUE(opinions_on(facts_of_row(row_named("rejected second, after a crash"))).empty());
}

TEST(Blame, of_a_submission_without_a_word_domjudge_says_no_output) {
  DialogueFacts facts = facts_of_row(row_named("rejected second, the submission well"));
  EXPECT_EQ(blame_dialogue(facts, Rules::Domjudge).word, "wrong-answer");
  facts.bytes_written = 0;
  EXPECT_EQ(blame_dialogue(facts, Rules::Domjudge).word, "no-output");
  EXPECT_EQ(blame_dialogue(facts, Rules::Domjudge).verdict, Verdict::Wa);
  EXPECT_EQ(blame_dialogue(facts, Rules::Kattis).word, "WA");
}

TEST(Blame, a_cpu_time_at_the_limit_is_within_it_and_one_above_is_not) {
  DialogueFacts facts = facts_of_row(row_named("both well, the interactor first"));
  facts.cpu = facts.cpu_limit;
  EXPECT_EQ(words_of([&](Rules rules) { return blame_dialogue(facts, rules); }), "AC AC AC AC");
  facts.cpu += 1ns;
  EXPECT_EQ(words_of([&](Rules rules) { return blame_dialogue(facts, rules); }), "TLE TLE TLE TLE");
}

// --- without an interactor -------------------------------------------------------------------------------------------

constexpr std::nullopt_t kNotRun = std::nullopt;

TEST(BatchBlame, every_end_has_its_one_verdict_under_each_rule_set) {
  const struct {
    Outcome outcome;
    std::optional<Conclusion> conclusion;
    const char* verdicts;
    Duration cpu = 500ms;
  } rows[] = {
      {Exited{0}, kAccept, "AC AC AC AC"},
      {Exited{0}, kReject, "WA WA WA WA"},
      {Exited{0}, kJudgeError, "JE JE JE JE"},
      {Exited{0}, kNotRun, "JE JE JE JE"},
      {Exited{1}, kNotRun, "RE RE RE RE"},
      {Exited{1}, kAccept, "RE RE RE RE"},
      {Exited{1}, kReject, "RE RE RE RE"},
      {Exited{1}, kJudgeError, "RE JE RE RE"},
      {Signaled{SIGSEGV}, kNotRun, "RE RE RE RE"},
      {NotStarted{"execve", "/work/main", ENOENT}, kNotRun, "RE RE RE RE"},
      {LimitHit{Limit::Cpu}, kNotRun, "TLE TLE TLE TLE", 1100ms},
      {LimitHit{Limit::Cpu}, kJudgeError, "TLE JE TLE TLE", 1100ms},
      {LimitHit{Limit::Wall}, kNotRun, "TLE TLE TLE TLE"},
      {LimitHit{Limit::Idle}, kNotRun, "TLE TLE TLE TLE"},
      {Exited{0}, kAccept, "TLE TLE TLE TLE", 1001ms},
      {Exited{0}, kAccept, "AC AC AC AC", 1000ms},
      {Exited{1}, kNotRun, "TLE TLE TLE TLE", 1001ms},
      {LimitHit{Limit::Memory}, kNotRun, "RE MLE RE RE"},
      {LimitHit{Limit::AddressSpace}, kNotRun, "RE MLE RE RE"},
      {LimitHit{Limit::Output}, kNotRun, "OLE OLE WA RE"},
      {LimitHit{Limit::Output}, kAccept, "OLE OLE WA RE"},
      {LimitHit{Limit::FileSize}, kNotRun, "OLE OLE WA RE"},
      {Violation{"ptrace"}, kNotRun, "SV SV SV SV"},
      {SandboxFault{"spawn", "clone3", "", EAGAIN, true}, kNotRun, "IE IE IE IE"},
      {SandboxFault{"spawn", "clone3", "", EAGAIN, true}, kJudgeError, "IE IE IE IE"},
  };
  for (const auto& row : rows) {
    const BatchFacts facts{row.outcome, row.cpu, 1s, 10, row.conclusion};
    EXPECT_EQ(words_of([&](Rules rules) { return blame_batch(facts, rules); }), row.verdicts) << "row " << &row - rows;
  }
}

TEST(BatchBlame, the_checker_is_needed_only_where_the_submission_did_well) {
  const BatchFacts well{Exited{0}, 500ms, 1s, 10, kNotRun};
  const BatchFacts late{Exited{0}, 1500ms, 1s, 10, kNotRun};
  const BatchFacts failed{Exited{1}, 500ms, 1s, 10, kNotRun};
  const BatchFacts flooded{LimitHit{Limit::Output}, 500ms, 1s, 10, kNotRun};
  for (const Rules rules : kAllRules) {
    EXPECT_TRUE(needs_checker(well, rules));
    EXPECT_FALSE(needs_checker(late, rules));
    EXPECT_FALSE(needs_checker(failed, rules));
    EXPECT_FALSE(needs_checker(flooded, rules));
  }
}

TEST(BatchBlame, no_output_is_domjudges_word_for_an_empty_one) {
  const BatchFacts empty{Exited{0}, 500ms, 1s, 0, kReject};
  EXPECT_EQ(blame_batch(empty, Rules::Domjudge).word, "no-output");
  EXPECT_EQ(blame_batch(empty, Rules::Kattis).word, "WA");
  const BatchFacts accepted{Exited{0}, 500ms, 1s, 0, kAccept};
  EXPECT_EQ(blame_batch(accepted, Rules::Domjudge).word, "correct");
}

TEST(Conclusions, are_what_the_conventions_say) {
  for (int code = 0; code < 256; ++code) {
    const Conclusion kattis = code == 42 ? kAccept : code == 43 ? kReject : kJudgeError;
    EXPECT_EQ(conclude_as_kattis(code), kattis) << code;
    const Conclusion testlib = code == 0                                          ? kAccept
                               : code == 1 || code == 2 || code == 4 || code == 8 ? kReject
                                                                                  : kJudgeError;
    EXPECT_EQ(conclude_as_testlib(code), testlib) << code;
  }
}

TEST(RuleNames, are_read_as_they_are_written) {
  for (const Rules rules : kAllRules) EXPECT_EQ(rules_named(name_of(rules)), rules);
  EXPECT_EQ(rules_named("icpc"), std::nullopt);
  EXPECT_EQ(rules_named(""), std::nullopt);
}

// --- several passes --------------------------------------------------------------------------------------------------

TEST(Passes, go_on_only_after_an_accepted_one_that_asks_for_another) {
  const struct {
    PassFacts facts;
    AfterPass what;
    const char* reason;
  } rows[] = {
      {{kAccept, false, NextPass::None, 1, 2}, AfterPass::End, ""},
      {{kAccept, false, NextPass::File, 1, 2}, AfterPass::Again, ""},
      {{kAccept, false, NextPass::File, 2, 3}, AfterPass::Again, ""},
      {{kAccept, false, NextPass::None, 2, 2}, AfterPass::End, ""},
      {{kAccept, false, NextPass::File, 2, 2},
       AfterPass::JudgeError,
       "pass 2: the jury's program asks for one more pass, and the problem allows 2 (limits.validation_passes)"},
      {{kReject, false, NextPass::None, 1, 2}, AfterPass::End, ""},
      {{kReject, false, NextPass::File, 1, 2},
       AfterPass::JudgeError,
       "pass 1: the jury's program rejected and wrote nextpass.in, which asks for one more pass"},
      {{kReject, true, NextPass::File, 1, 2},
       AfterPass::JudgeError,
       "pass 1: the jury's program rejected and wrote nextpass.in, which asks for one more pass"},
      {{kAccept, true, NextPass::File, 1, 2}, AfterPass::End, ""},
      {{kAccept, false, NextPass::NotAFile, 1, 2}, AfterPass::JudgeError, "pass 1: nextpass.in is no file"},
      {{kJudgeError, false, NextPass::File, 1, 2}, AfterPass::End, ""},
      {{kAccept, false, NextPass::File, 1, 1},
       AfterPass::End,
       "nextpass.in was written, but the problem has one pass: it is ignored"},
      {{kReject, false, NextPass::File, 1, 1},
       AfterPass::End,
       "nextpass.in was written, but the problem has one pass: it is ignored"},
  };
  for (const auto& row : rows) {
    const PassDecision decision = after_pass(row.facts);
    EXPECT_EQ(decision.what, row.what) << "row " << &row - rows;
    EXPECT_EQ(decision.reason, row.reason) << "row " << &row - rows;
  }
}

// --- what was said ---------------------------------------------------------------------------------------------------

std::string text_of(const std::vector<TranscriptPiece>& pieces) {
  std::string text;
  for (const TranscriptPiece& piece : pieces) text += (piece.from == kI ? "<" : ">") + piece.bytes;
  return text;
}

TEST(Transcript, keeps_pieces_with_their_directions_and_times) {
  TranscriptKeeper keeper(64_KiB);
  keeper.add(kI, 1ms, "a\n");
  keeper.add(kS, 5ms, "b\n");
  keeper.add(kS, 5ms + 500us, "c\n");
  keeper.add(kS, 8ms, "d\n");
  const Transcript all = keeper.take();
  EXPECT_EQ(text_of(all.beginning), "<a\n>b\nc\n>d\n");
  EXPECT_EQ(all.beginning[1].at, 5ms);
  EXPECT_EQ(all.beginning[2].at, 8ms);
  EXPECT_TRUE(all.end.empty());
  EXPECT_EQ(all.left_out_bytes, 0U);
}

TEST(Transcript, keeps_the_beginning_and_the_end_and_counts_the_rest) {
  TranscriptKeeper keeper(4_KiB);
  std::uint64_t said = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string piece = std::to_string(i) + "\n";
    keeper.add(i % 2 == 0 ? kI : kS, Duration(i * 2ms), piece);
    said += piece.size();
  }
  const Transcript all = keeper.take();
  std::uint64_t kept = 0;
  for (const auto* part : {&all.beginning, &all.end}) {
    for (const TranscriptPiece& piece : *part) kept += piece.bytes.size();
  }
  EXPECT_EQ(all.beginning.front().bytes, "0\n");
  EXPECT_EQ(all.end.back().bytes, "9999\n");
  EXPECT_EQ(kept + all.left_out_bytes, said);
  EXPECT_EQ(all.beginning.size() + all.end.size() + all.left_out_pieces, 10'000U);
  EXPECT_LE(kept + (all.beginning.size() + all.end.size()) * TranscriptKeeper::kPieceCost, 4096U);
}

TEST(Transcript, one_piece_of_a_megabyte_takes_no_more_room_than_is_given) {
  TranscriptKeeper keeper(64_KiB);
  keeper.add(kS, 1ms, std::string(1 << 20, 'x'));
  keeper.add(kS, 9ms, "end");
  const Transcript all = keeper.take();
  std::uint64_t kept = 0;
  for (const auto* part : {&all.beginning, &all.end}) {
    for (const TranscriptPiece& piece : *part) kept += piece.bytes.size();
  }
  EXPECT_LE(kept, 65536U);
  EXPECT_EQ(kept + all.left_out_bytes, (1U << 20) + 3);
  EXPECT_EQ(all.end.back().bytes, "end");
}

TEST(Transcript, of_no_size_keeps_and_counts_nothing) {
  TranscriptKeeper keeper(Bytes{});
  keeper.add(kS, 1ms, "secret");
  const Transcript all = keeper.take();
  EXPECT_TRUE(all.beginning.empty());
  EXPECT_TRUE(all.end.empty());
  EXPECT_EQ(all.left_out_bytes, 0U);
}

}  // namespace
}  // namespace evalrun::judge
