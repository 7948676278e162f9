// Dialogues of real programs, each pair with the one verdict that each rule set must give it. EVALRUN_REPEAT=N plays
// each pair N times, in cells and alone in turn, with more busy processes beside them than there are cores
// (./dev test-dialogues).

#include "runtime/judge/dialogue.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <thread>

#include "runtime/core/error.h"
#include "tests/support/command.h"
#include "tests/support/warm.h"

namespace evalrun::test {
namespace {

using namespace judge;
using namespace std::chrono_literals;

// "say no|crash" in place of a list, and the limits by one word.
enum class Bounds {
  Wide,             // nothing is met but what a pair makes a point of
  ShortWall,        // the pair's wall limit
  ShortCpu,         // the submission's
  JuryCpu,          // the interactor's
  SmallOutput,      // of both
  HangAfterAFlood,  // the same, and the interactor's wall limit
  SmallMemory,      // the submission's
  SoftCpu,          // the problem's time limit lies below the plan's
};

struct Pair {
  const char* name;
  const char* interactor;  // talker's words
  const char* submission;
  const char* verdicts;  // kattis, domjudge, clics, bapctools; JE: the jury's fault
  char first;            // 'i', 's' or '-'
  Bounds bounds = Bounds::Wide;
};

constexpr Pair kPairs[] = {
    // Both end well.
    {"a question and an answer", "read 1 say ok exit 42", "say hi read 1", "AC AC AC AC", 'i'},
    {"an interactor that waits for the end", "read 1 drain exit 42", "say hi", "AC AC AC AC", 's'},
    {"a thousand questions", "answer 1000 exit 42", "ask 1000", "AC AC AC AC", 'i'},
    {"an interactor that accepts at once", "exit 42", "drain", "AC AC AC AC", 'i'},
    {"the submission ends before it is asked", "say x drain exit 42", "exit 0", "AC AC AC AC", 's'},
    // The interactor rejects.
    {"a wrong answer, and the submission waits", "expect yes exit 42", "say no hang", "WA WA WA WA", 'i'},
    {"a wrong answer, and the submission ends", "expect yes exit 42", "say no", "WA WA WA WA", 'i'},
    {"a wrong answer, and a crash right after it", "expect yes exit 42", "say no crash", "WA WA WA WA", 'i'},
    {"a wrong answer, and an exit code right after it", "expect yes exit 42", "say no exit 1", "WA WA WA WA", 'i'},
    {"a wrong answer, and work after it", "expect yes exit 42", "say no spin", "WA WA WA WA", 'i'},
    {"a rejection that makes the submission abort", "say -1 exit 43", "refuse -1", "WA WA WA WA", 'i'},
    {"an interactor that rejects at once, and a reader", "exit 43", "read 1", "WA WA WA WA", 'i'},
    {"an interactor that rejects at once, and a sleeper", "exit 43", "hang", "WA WA WA WA", 'i'},
    {"an interactor that rejects at once, and a flood", "exit 43", "flood", "WA WA WA WA", 'i'},
    {"an interactor that rejects the end", "read 1 drain exit 43", "say x", "WA WA WA WA", 's'},
    {"an interactor that misses an answer", "say x expect yes exit 42", "exit 0", "WA WA WA WA", 's'},
    {"little work before the rejection", "read 1 work 5 exit 43", "say x exit 1", "WA WA WA WA", 'i'},
    {"an interactor of two processes", "child expect yes exit 42", "say no crash", "WA WA WA WA", 'i'},
    // The submission fails by itself.
    {"a crash after a right answer", "expect yes drain exit 42", "say yes crash", "RE RE RE RE", 's'},
    {"a crash, and an interactor that rejects the end", "read 1 drain exit 43", "say x crash", "RE RE RE RE", 's'},
    {"a crash before the first word", "say x expect yes exit 42", "crash", "RE RE RE RE", 's'},
    {"an exit code, and an interactor that rejects the end", "say x drain exit 43", "exit 3", "RE RE RE RE", 's'},
    {"an accepted submission that aborts", "say -1 exit 42", "refuse -1", "RE RE RE RE", 'i'},
    {"an accepted submission that misses a line", "exit 42", "read 1", "RE RE RE RE", 'i'},
    {"an exit code, and a rejection after a rest", "read 1 sleep 1500 exit 43", "say x exit 1", "RE RE RE RE", 's'},
    {"an exit code, and a rejection after much work", "read 1 work 700 exit 43", "say x exit 1", "RE RE RE RE", 's'},
    {"a submission that fills its memory", "drain exit 43", "fill 200", "RE MLE RE RE", 's', Bounds::SmallMemory},
    // Time.
    {"a submission that spins", "try-read 1 exit 43", "spin", "TLE TLE TLE TLE", 's', Bounds::ShortCpu},
    {"a submission that spins, and is accepted", "exit 42", "spin", "TLE TLE TLE TLE", 'i', Bounds::ShortCpu},
    {"a submission that spins after a wrong answer", "expect yes exit 42", "say no spin", "WA WA WA WA", 'i',
     Bounds::ShortCpu},
    {"a submission that sleeps on", "exit 42", "hang", "TLE TLE TLE TLE", 'i', Bounds::ShortWall},
    {"both wait for each other", "read 1 exit 42", "read 1", "TLE TLE TLE TLE", '-', Bounds::ShortWall},
    {"a submission that sleeps, and an interactor that reads", "read 1 exit 42", "sleep 60000", "TLE TLE TLE TLE", '-',
     Bounds::ShortWall},
    {"a submission that stops reading", "write 1048576 drain exit 42", "hang", "TLE TLE TLE TLE", '-',
     Bounds::ShortWall},
    {"a dialogue without an end", "answer 100000000", "ask 100000000", "TLE TLE TLE TLE", '-', Bounds::ShortWall},
    {"a late right answer", "expect yes drain exit 42", "work 300 say yes", "TLE TLE TLE TLE", 's', Bounds::SoftCpu},
    {"a late wrong answer", "expect yes exit 42", "work 300 say no hang", "WA WA TLE TLE", 'i', Bounds::SoftCpu},
    {"a late exit code", "drain exit 43", "work 300 exit 1", "TLE TLE TLE RE", 's', Bounds::SoftCpu},
    {"an interactor that accepts, and late work", "exit 42", "work 300", "TLE TLE TLE TLE", 'i', Bounds::SoftCpu},
    // Output.
    {"a flood that is rejected at its end", "drain exit 43", "flood", "OLE OLE WA RE", 's', Bounds::SmallOutput},
    {"a flood that is accepted", "drain exit 42", "flood", "OLE OLE WA RE", 's', Bounds::SmallOutput},
    {"a flood, and a rejection of its first line", "exit 43", "flood", "WA WA WA WA", 'i', Bounds::SmallOutput},
    {"a flood that nobody reads", "hang", "flood", "OLE JE JE JE", 's', Bounds::HangAfterAFlood},
    {"10 MiB, without reading", "drain exit 42", "write 10485760", "AC AC AC AC", 's'},
    {"10 MiB both ways, nobody reading", "write 10485760 drain exit 42", "write 10485760", "AC AC AC AC", 's'},
    // Streams that are closed early.
    {"an interactor that closes its output", "say x close-out drain exit 42", "drain say y", "AC AC AC AC", 's'},
    {"a submission that closes its output and waits", "read 1 drain exit 42", "say x close-out drain",
     "TLE TLE TLE TLE", '-', Bounds::ShortWall},
    {"a submission that closes its input", "say a say b expect yes exit 42", "close-in sleep 50 say yes", "AC AC AC AC",
     'i'},
    {"a submission that closes its input and waits", "write 1048576 drain exit 43", "close-in hang", "TLE TLE TLE TLE",
     '-', Bounds::ShortWall},
    // Children.
    {"a submission that leaves a child", "drain exit 42", "leave 0", "AC AC AC AC", 's'},
    {"a submission whose child answers", "expect yes drain exit 42", "child say yes", "AC AC AC AC", 's'},
    {"an interactor that leaves a child, and rejects", "leave 43", "say x hang", "WA WA WA WA", 'i'},
    {"an interactor that leaves a child, and rejects a crash", "read 1 leave 43", "say no crash", "WA WA WA WA", 'i'},
    // The jury's own faults.
    {"an interactor that crashes", "crash", "hang", "JE JE JE JE", 'i'},
    {"an interactor that crashes, and the submission too", "read 1 crash", "say x crash", "JE JE JE JE", 'i'},
    {"an interactor that crashes at the end", "drain crash", "crash", "JE JE JE JE", 's'},
    {"an interactor that exits with 0", "read 1 exit 0", "say x", "JE JE JE JE", 'i'},
    {"an interactor that exits with 1", "read 1 exit 1", "say x hang", "JE JE JE JE", 'i'},
    {"an interactor that spins", "spin", "read 1", "JE JE JE JE", 'i', Bounds::JuryCpu},
    {"an interactor that floods", "flood", "hang", "JE JE JE JE", 'i', Bounds::SmallOutput},
    {"an interactor that works on at the wall limit", "spin", "read 1", "JE JE JE JE", '-', Bounds::ShortWall},
    {"an interactor that does not read", "hang", "say x read 1", "JE JE JE JE", '-', Bounds::ShortWall},
    {"an interactor that hangs after a good end", "hang", "say x", "JE JE JE JE", 's', Bounds::ShortWall},
    {"an interactor that hangs after a crash", "hang", "say x crash", "RE JE JE JE", 's', Bounds::ShortWall},
    {"an interactor that reads, and hangs at the end", "drain hang", "say x", "JE JE JE JE", 's', Bounds::ShortWall},
};

std::vector<std::string> words_of(const char* text) {
  std::istringstream list(text);
  std::vector<std::string> words;
  for (std::string word; list >> word;) words.push_back(word);
  return words;
}

std::string limits_toml(Side side, Bounds bounds) {
  const bool is_submission = side == Side::Submission;
  std::string cpu = "20s";
  if (is_submission && bounds == Bounds::ShortCpu) cpu = "200ms";
  if (!is_submission && bounds == Bounds::JuryCpu) cpu = "200ms";
  std::string wall = is_submission ? "60s" : "62s";
  if (bounds == Bounds::ShortWall) wall = is_submission ? "3s" : "5s";
  if (bounds == Bounds::HangAfterAFlood && !is_submission) wall = "8s";
  const bool is_small = bounds == Bounds::SmallOutput || bounds == Bounds::HangAfterAFlood;
  const std::string output = is_small ? "1MiB" : "16MiB";
  const std::string memory = is_submission && bounds == Bounds::SmallMemory ? "64MiB" : "256MiB";
  return "[limits]\ncpu = \"" + cpu + "\"\nwall = \"" + wall + "\"\noutput = \"" + output + "\"\nmemory = \"" + memory +
         "\"\ncpus = \"any\"\n";
}

Plan plan_of_side(Side side, const char* words, Bounds bounds = Bounds::Wide) {
  return plan_of(mounted_probe_plan("talker", words_of(words), limits_toml(side, bounds)));
}

constexpr Duration time_limit_of(Bounds bounds) {
  return bounds == Bounds::SoftCpu ? Duration(100ms) : Duration(20s);
}

std::string word_of(const Blame& blame) {
  if (blame.verdict == Verdict::Ie) return blame.blamed == Blamed::Jury ? "JE" : "IE";
  return std::string(name_of(blame.verdict));
}

std::string verdicts_of(const DialogueFacts& facts) {
  std::string text;
  for (const Rules rules : kAllRules) {
    if (!text.empty()) text += " ";
    text += word_of(blame_dialogue(facts, rules));
  }
  return text;
}

char letter_of(const std::optional<Side>& first) {
  if (!first) return '-';
  return *first == Side::Interactor ? 'i' : 's';
}

enum class Place { Cells, Alone };

RunStarter starter(Supervisor& supervisor, Plan plan, Place place) {
  return [&supervisor, plan = std::move(plan), place](supervise::RunHooks hooks) {
    if (place == Place::Cells) return supervisor.pool.start(plan, std::move(hooks));
    return supervisor.pool.start_alone(sandbox::compile(plan, supervisor.host), std::move(hooks));
  };
}

std::unique_ptr<Dialogue> start(Supervisor& supervisor, const char* interactor, const char* submission,
                                Bounds bounds = Bounds::Wide, Place place = Place::Alone,
                                DialogueOptions options = {}) {
  return std::make_unique<Dialogue>(
      supervisor.loop, starter(supervisor, plan_of_side(Side::Interactor, interactor, bounds), place),
      starter(supervisor, plan_of_side(Side::Submission, submission, bounds), place), std::move(options));
}

DialogueEnd play(Supervisor& supervisor, Dialogue& dialogue) {
  while (!dialogue.finished()) {
    supervisor.loop.run_once();
    dialogue.advance();
  }
  return dialogue.take_end();
}

DialogueEnd play(Supervisor& supervisor, const char* interactor, const char* submission, Bounds bounds = Bounds::Wide,
                 DialogueOptions options = {}) {
  const std::unique_ptr<Dialogue> dialogue =
      start(supervisor, interactor, submission, bounds, Place::Alone, std::move(options));
  return play(supervisor, *dialogue);
}

// Busy processes, as long as it lives.
class Busy {
 public:
  explicit Busy(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      const pid_t parent = ::getpid();
      const pid_t child = ::fork();
      if (child == 0) {
        for (volatile unsigned turns = 0; ::getppid() == parent;) {
          for (unsigned turn = 0; turn < 1'000'000; ++turn) turns = turns + 1;
        }
        ::_exit(0);
      }
      children_.push_back(child);
    }
  }
  ~Busy() {
    for (const pid_t child : children_) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  std::vector<pid_t> children_;
};

unsigned repeats() {
  const char* text = std::getenv("EVALRUN_REPEAT");
  return text == nullptr ? 1 : static_cast<unsigned>(std::max(1L, std::strtol(text, nullptr, 10)));
}

struct LivePair {
  const Pair* pair;
  Place place;
  std::unique_ptr<Dialogue> dialogue;
};

void expect_as_in_table(const LivePair& live, const DialogueEnd& end) {
  const DialogueFacts facts = facts_of(end, time_limit_of(live.pair->bounds));
  const char* place = live.place == Place::Cells ? "cells" : "alone";
  EXPECT_EQ(verdicts_of(facts), live.pair->verdicts)
      << live.pair->name << " (" << place << "): " << blame_dialogue(facts, Rules::Kattis).reason << "; "
      << describe(end) << "; " << summary_of(end.interactor.run) << ", " << summary_of(end.submission.run);
  EXPECT_EQ(letter_of(end.first), live.pair->first) << live.pair->name << " (" << place << "): " << describe(end);
}

TEST(dialogue, every_pair_of_behaviours_has_its_one_verdict_under_each_rule_set) {
  constexpr std::size_t kAtOnce = 4;
  Supervisor supervisor(2);
  const unsigned times = repeats();
  std::optional<Busy> busy;
  if (times > 1) busy.emplace(2 * std::thread::hardware_concurrency());
  unsigned played = 0;
  std::vector<std::pair<const Pair*, Place>> to_play;
  for (unsigned turn = 0; turn < times; ++turn) {
    for (const Place place : {Place::Cells, Place::Alone}) {
      for (const Pair& pair : kPairs) to_play.emplace_back(&pair, place);
    }
  }
  std::vector<LivePair> live;
  auto next = to_play.begin();
  while (next != to_play.end() || !live.empty()) {
    while (next != to_play.end() && live.size() < kAtOnce) {
      const auto [pair, place] = *next++;
      live.push_back({pair, place, start(supervisor, pair->interactor, pair->submission, pair->bounds, place)});
    }
    supervisor.pool.prepare();
    supervisor.loop.run_once();
    for (LivePair& one : live) {
      one.dialogue->advance();
      if (!one.dialogue->finished()) continue;
      expect_as_in_table(one, one.dialogue->take_end());
      one.dialogue.reset();
      ++played;
    }
    std::erase_if(live, [](const LivePair& one) { return !one.dialogue; });
  }
  EXPECT_EQ(played, to_play.size());
  std::printf("dialogues: %u pairs of behaviours, %u dialogues\n", static_cast<unsigned>(std::size(kPairs)), played);
}

// The supervisor does nothing for a second, as may be on a busy host; meanwhile the interactor rejects, and then the
// submission meets its limit.
TEST(dialogue, a_limit_that_is_met_before_a_rejection_is_seen_does_not_count) {
  Supervisor supervisor(2);
  const RunStarter interactor =
      starter(supervisor, plan_of_side(Side::Interactor, "read 1 say no sleep 50 exit 43"), Place::Cells);
  Dialogue dialogue(
      supervisor.loop,
      [&](supervise::RunHooks hooks) {
        hooks.output = [pass_on = std::move(hooks.output)](std::string_view piece) {
          pass_on(piece);
          std::this_thread::sleep_for(1s);
        };
        return interactor(std::move(hooks));
      },
      starter(supervisor, plan_of_side(Side::Submission, "say x spin", Bounds::ShortCpu), Place::Cells));
  const DialogueEnd end = play(supervisor, dialogue);
  EXPECT_EQ(verdicts_of(facts_of(end, time_limit_of(Bounds::ShortCpu))), "WA WA WA WA") << describe(end);
  EXPECT_EQ(letter_of(end.first), 'i') << describe(end);
}

// --- what is recorded ------------------------------------------------------------------------------------------------

TEST(dialogue, counts_what_each_side_said_and_did_not_read) {
  Supervisor supervisor(0);
  const DialogueEnd end = play(supervisor, "write 100000 drain exit 42", "say hello hang", Bounds::ShortWall);
  EXPECT_EQ(end.interactor.said, 100'000U);
  EXPECT_EQ(end.submission.said, 6U);
  EXPECT_EQ(end.submission.unread, 100'000U);
  EXPECT_EQ(end.interactor.unread, 0U);
  EXPECT_EQ(end.interactor_at_wall, AtWall::Waiting);
  EXPECT_EQ(end.submission_at_wall, AtWall::NotReading);
  const Blame blame = blame_dialogue(facts_of(end, 20s), Rules::Kattis);
  EXPECT_EQ(blame.reason, "the submission stopped reading, and slept until the wall limit");
}

TEST(dialogue, names_a_deadlock) {
  Supervisor supervisor(0);
  const DialogueEnd end = play(supervisor, "read 1 exit 42", "read 1", Bounds::ShortWall);
  EXPECT_TRUE(facts_of(end, 20s).is_deadlock());
  EXPECT_TRUE(end.wall_limit_met);
  EXPECT_EQ(end.submission.ended_by, EndedBy::WallLimit);
  EXPECT_EQ(end.interactor.ended_by, EndedBy::WallLimit);
  const Blame blame = blame_dialogue(facts_of(end, 20s), Rules::Kattis);
  EXPECT_EQ(blame.reason, "both waited for each other until the wall limit");
}

TEST(dialogue, waiting_is_not_charged_as_cpu_time) {
  Supervisor supervisor(0);
  const DialogueEnd end = play(supervisor, "read 1 drain exit 42", "sleep 300 say x");
  EXPECT_LT(end.interactor.run.cpu.total(), 100ms);
  EXPECT_LT(end.submission.run.cpu.total(), 100ms);
  EXPECT_GE(end.interactor.run.wall, 250ms);  // it may begin a little later than the submission
}

TEST(dialogue, tells_who_closed_a_stream_well_before_its_end) {
  Supervisor supervisor(0);
  const DialogueEnd end = play(supervisor, "say x drain exit 42", "read 1 close-out sleep 400");
  ASSERT_TRUE(end.submission.closed_output);
  EXPECT_LT(*end.submission.closed_output, *end.submission.ended_at - 300ms);
  EXPECT_FALSE(end.interactor.closed_output);
  const DialogueEnd input = play(supervisor, "sleep 200 write 200000 drain exit 42", "close-in sleep 600");
  EXPECT_TRUE(input.submission.closed_input);
  EXPECT_FALSE(input.submission.closed_output);
  EXPECT_EQ(verdicts_of(facts_of(input, 20s)), "AC AC AC AC");
}

TEST(dialogue, passes_the_end_of_the_interactors_output_on_as_it_is_told_to) {
  Supervisor supervisor(0);
  const DialogueEnd at_once = play(supervisor, "say x close-out drain exit 42", "drain say y");
  EXPECT_EQ(verdicts_of(facts_of(at_once, 20s)), "AC AC AC AC");
  const DialogueEnd later = play(supervisor, "say x close-out drain exit 42", "drain say y", Bounds::ShortWall,
                                 {.end_of_interactors_output = EndOfOutput::WhenItEnded});
  EXPECT_TRUE(facts_of(later, 20s).is_deadlock());
}

TEST(dialogue, a_submission_is_not_waited_for_after_a_rejection) {
  Supervisor supervisor(0);
  const DialogueEnd end = play(supervisor, "expect yes exit 42", "say no hang");
  EXPECT_EQ(end.submission.ended_by, EndedBy::Dialogue);
  EXPECT_EQ(summary_of(end.submission.run), "RE signal 9");
  EXPECT_LT(*end.submission.ended_at, 10s);  // its limit is 60
}

TEST(dialogue, keeps_what_was_said_with_directions_in_order) {
  Supervisor supervisor(0);
  const DialogueEnd end = play(supervisor, "say first read 1 say third exit 42", "read 1 say second read 1");
  std::string text;
  Duration at{};
  for (const TranscriptPiece& piece : end.transcript.beginning) {
    text += (piece.from == Side::Interactor ? "<" : ">") + piece.bytes;
    EXPECT_GE(piece.at, at);
    at = piece.at;
  }
  EXPECT_EQ(text, "<first\n>second\n<third\n");
  EXPECT_EQ(end.transcript.left_out_bytes, 0U);
}

TEST(dialogue, keeps_nothing_of_a_secret_case) {
  Supervisor supervisor(0);
  const DialogueEnd end =
      play(supervisor, "say first read 1 exit 42", "read 1 say second", Bounds::Wide, {.transcript = Bytes{}});
  EXPECT_TRUE(end.transcript.beginning.empty());
  EXPECT_EQ(end.submission.said, 7U);
}

TEST(dialogue, takes_the_convention_it_is_given) {
  Supervisor supervisor(0);
  const DialogueEnd accepted =
      play(supervisor, "read 1 exit 0", "say x", Bounds::Wide, {.conclude = conclude_as_testlib});
  EXPECT_EQ(verdicts_of(facts_of(accepted, 20s)), "AC AC AC AC");
  const DialogueEnd rejected =
      play(supervisor, "read 1 exit 1", "say x hang", Bounds::Wide, {.conclude = conclude_as_testlib});
  EXPECT_EQ(verdicts_of(facts_of(rejected, 20s)), "WA WA WA WA");
}

TEST(dialogue, an_interrupt_ends_both_sides) {
  Supervisor supervisor(0);
  const std::unique_ptr<Dialogue> dialogue = start(supervisor, "hang", "hang");
  for (int turn = 0; turn < 5; ++turn) supervisor.loop.run_once(100ms);
  dialogue->interrupt(SIGINT);
  const DialogueEnd end = play(supervisor, *dialogue);
  EXPECT_EQ(summary_of(end.interactor.run), "CANCELLED by 2");
  EXPECT_EQ(summary_of(end.submission.run), "CANCELLED by 2");
}

TEST(dialogue, of_an_interactor_in_a_sandbox_that_fails_neither_program_is_blamed) {
  Supervisor supervisor(0);
  Dialogue dialogue(supervisor.loop, starter(supervisor, plan_of("argv = [\"/opt/nothing\"]\n"), Place::Alone),
                    starter(supervisor, plan_of_side(Side::Submission, "hang"), Place::Alone));
  const DialogueEnd end = play(supervisor, dialogue);
  const Blame blame = blame_dialogue(facts_of(end, 20s), Rules::Kattis);
  EXPECT_EQ(blame.verdict, Verdict::Ie);
  EXPECT_EQ(blame.blamed, Blamed::Sandbox);
  EXPECT_EQ(end.submission.ended_by, EndedBy::Dialogue);
}

TEST(dialogue, refuses_a_side_that_may_say_without_bound_and_one_with_an_idle_limit) {
  Supervisor supervisor(0);
  for (const std::string limit : {"output = \"1MiB\"", "idle = \"1s\""}) {
    Plan plan = plan_of(mounted_probe_plan("talker", {"hang"}, "[limits]\n" + limit + "\n"));
    if (limit.starts_with("output")) plan.kind.limits.output = {std::nullopt, std::nullopt, 1_MiB};
    EXPECT_THROW(Dialogue(supervisor.loop, starter(supervisor, plan_of_side(Side::Interactor, "hang"), Place::Alone),
                          starter(supervisor, plan, Place::Alone)),
                 PlanError)
        << limit;
  }
}

TEST(dialogue, leaves_nothing_where_the_second_side_cannot_be_started) {
  Supervisor supervisor(0);
  const RunStarter fails = [](supervise::RunHooks) -> std::unique_ptr<supervise::Run> {
    throw HostError("spawn", "clone3", "", EAGAIN);
  };
  EXPECT_THROW(
      Dialogue(supervisor.loop, starter(supervisor, plan_of_side(Side::Interactor, "hang"), Place::Alone), fails),
      HostError);
  EXPECT_EQ(verdicts_of(facts_of(play(supervisor, "exit 42", "exit 0"), 20s)), "AC AC AC AC");
}

TEST(dialogue, gives_the_interactors_work_folder_where_its_plan_keeps_it) {
  Supervisor supervisor(0);
  const Plan plan = plan_of_side(Side::Interactor, "exit 42");
  const RunStarter keeping = [&](supervise::RunHooks hooks) {
    sandbox::CompileExtras extras;
    extras.keep_work_folder = true;
    return supervisor.pool.start_alone(sandbox::compile(plan, supervisor.host, std::move(extras)), std::move(hooks));
  };
  Dialogue dialogue(supervisor.loop, keeping,
                    starter(supervisor, plan_of_side(Side::Submission, "exit 0"), Place::Alone));
  play(supervisor, dialogue);
  EXPECT_TRUE(dialogue.take_interactor_work());
  EXPECT_FALSE(dialogue.take_submission_work());
}

// --- what it costs ---------------------------------------------------------------------------------------------------

Duration own_cpu() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

// No run of a pair waits for the other to begin, and the relay is a few calls for each piece: a pair takes no longer
// than its two runs one after the other.
TEST(dialogue, a_pair_takes_no_longer_than_its_two_runs) {
  constexpr int kTimes = 60;
  Supervisor supervisor(2);
  const Plan interactor = plan_of_side(Side::Interactor, "read 1 say ok exit 42");
  const Plan submission = plan_of_side(Side::Submission, "say hi read 1");
  const auto time_of = [](const auto& work) {
    const Duration began = loop::now();
    work();
    return loop::now() - began;
  };
  std::vector<Duration> pairs, singles;
  for (int i = 0; i < kTimes; ++i) {
    pairs.push_back(time_of([&] {
      Dialogue dialogue(supervisor.loop, starter(supervisor, interactor, Place::Alone),
                        starter(supervisor, submission, Place::Alone));
      play(supervisor, dialogue);
    }));
    singles.push_back(time_of([&] {
      supervisor.run_cold(plan_of_side(Side::Interactor, "exit 42"));
      supervisor.run_cold(plan_of_side(Side::Submission, "exit 0"));
    }));
  }
  std::ranges::sort(pairs);
  std::ranges::sort(singles);
  const Duration pair = pairs[kTimes / 2], both = singles[kTimes / 2];
  // Of the supervisor alone: how long a question takes is the host's scheduler's matter.
  constexpr int kQuestions = 20'000;
  const Duration before = own_cpu();
  const Duration rounds = time_of([&] { play(supervisor, "answer 20000 exit 42", "ask 20000"); });
  const Duration cpu = own_cpu() - before;
  const auto microseconds_each = [](Duration all) { return static_cast<double>(all.count()) / 1e3 / kQuestions; };
  std::printf(
      "dialogue: a pair takes %.2f ms, its two runs one after the other %.2f ms; a question and its answer %.1f us, of "
      "which the relay uses %.1f us of CPU time\n",
      static_cast<double>(pair.count()) / 1e6, static_cast<double>(both.count()) / 1e6, microseconds_each(rounds),
      microseconds_each(cpu));
  EXPECT_LT(pair, both * 3 / 2);
}

}  // namespace
}  // namespace evalrun::test
