// A dialogue: a submission and an interactor, each in a sandbox of its own, each reading what the other writes.
//
// Theory of operation. Each side's standard output is drained by its run as always; what is read goes into a buffer
// here and from there into the other side's standard input, as fast as that one takes it. So no pipe is ever full
// because of the other side: a program is never blocked in a write because the other one does not read. The buffers are
// bounded by the output limits, since a run is ended that writes more than it may; a plan without a limit on its output
// is refused.
//
// Ends. A program's end is passed on as end of file, and never before it is recorded here. The submission's end is held
// back further, until the interactor sleeps, or has worked for long since it last read. An interactor that ends before
// that has ended by what it was told, and not because the submission was gone: it "ended first", whichever process the
// kernel happened to run first (docs/decisions/062). When the interactor rejects or fails, the submission is ended:
// nothing that it does later counts. When the interactor accepts, the submission goes on to its own end.
//
// Limits are the plans': CPU of each side, and the wall limit of the submission, which is the pair's. Whoever makes the
// interactor's plan gives it some seconds more of wall time, for what it does after the submission's end, and more
// output than the submission, whose questions it answers. Neither plan may have an idle limit: a side that waits for
// the other does not use the CPU. Waiting is not charged to anybody's CPU time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "runtime/judge/blame.h"
#include "runtime/judge/transcript.h"
#include "runtime/loop/event_loop.h"
#include "runtime/supervise/run.h"

namespace evalrun::judge {

// Starts one side's run with the hooks it is given, in a cell or alone. May throw what starting a run throws. The
// plan's input is not used: RunHooks.input says Caller.
using RunStarter = std::function<std::unique_ptr<supervise::Run>(supervise::RunHooks)>;

// When the interactor's end of output is passed on to the submission.
enum class EndOfOutput {
  AtOnce,       // as it closes it: DOMjudge and BAPCtools; pseudo-interactive problems lean on it
  WhenItEnded,  // as problemtools does
};

struct DialogueOptions {
  std::function<Conclusion(int exit_code)> conclude = conclude_as_kattis;
  EndOfOutput end_of_interactors_output = EndOfOutput::AtOnce;
  Bytes transcript = 64_KiB;  // kept; zero for a secret case: nothing
};

// One side, when all is over.
struct SideEnd {
  // Its outcome is what the program itself did, or the limit that it met. Where the dialogue has ended it (see
  // `ended_by`), that is the signal it was killed with: never a fault of the sandbox.
  supervise::RunResult run;
  EndedBy ended_by = EndedBy::Nobody;
  std::optional<Duration> ended_at;  // since the dialogue began, by init's clock where it ended by itself
  std::uint64_t said = 0;            // bytes written to standard output, as far as its limit allows
  std::uint64_t unread = 0;          // bytes that were said to it and that it had not read at its end
  std::optional<Duration> closed_output, closed_input;  // well before its end; since the dialogue began
};

struct DialogueEnd {
  SideEnd interactor, submission;
  Conclusion conclusion = Conclusion::JudgeError;
  std::optional<Side> first;
  bool wall_limit_met = false;
  AtWall interactor_at_wall = AtWall::Ended, submission_at_wall = AtWall::Ended;
  Transcript transcript;
};

// What blame_dialogue() asks for. `cpu_limit`: the problem's time limit, which may lie below the limit of the plan.
DialogueFacts facts_of(const DialogueEnd& end, Duration cpu_limit);

// "the interactor ended 1.2 ms before the submission; it was told 512 bytes, and the submission had 3 bytes unread".
std::string describe(const DialogueEnd& end);

class Dialogue final : private loop::LoopOwner {
 public:
  // Of CPU time that an interactor may use after the submission's end and still be the first to end, if it does not
  // sleep before. When it has read all: what it takes to judge a last line and to exit, in a slow language on a busy
  // host. When it has not: what it takes such a language to start, and to read on.
  static constexpr Duration kCpuOfAReply = std::chrono::milliseconds(250);
  static constexpr Duration kCpuToReadOn = std::chrono::seconds(2);

  // Starts the interactor, then the submission. Throws what they throw; nothing is left behind then. `loop` outlives
  // it.
  Dialogue(loop::EventLoop& loop, const RunStarter& start_interactor, const RunStarter& start_submission,
           DialogueOptions options = {});
  ~Dialogue();
  Dialogue(const Dialogue&) = delete;
  Dialogue& operator=(const Dialogue&) = delete;

  // Everything of both sides is dead and reaped.
  [[nodiscard]] bool finished() const noexcept;
  // After every turn of the loop: gives up the cell of a side that has finished before the other.
  void advance();
  // Ends both. Their outcomes say so, as that of any run that was interrupted.
  void interrupt(int signal) noexcept;

  // Once, after finished().
  DialogueEnd take_end();
  // The interactor's /work, with what it has written there, where its plan was compiled to keep it; else none. After
  // finished(), before or after take_end().
  Fd take_interactor_work();
  // The submission's, likewise.
  Fd take_submission_work();

 private:
  struct Participant;

  void on_failure(std::exception_ptr what) noexcept override;
  supervise::RunHooks hooks_of(Participant& one);
  [[nodiscard]] Participant& other_than(const Participant& one) const;
  void pass_on(Participant& from, std::string_view piece);
  void send(Participant& to);
  void announce_end_of_file(Participant& to);
  void tell_end_of_file(Participant& to);
  void look_whether_interactor_waits();
  bool has_had_its_time(Participant& interactor);
  void on_output_closed(Participant& one);
  void on_ended(Participant& one);
  void on_gone(Participant& one);
  void pass_over_late_limit();
  void on_wall_limit();
  void end_side(Participant& one);
  void settle(Participant& one);
  static EndedBy ended_by(const Participant& one, const supervise::Outcome& outcome);
  [[nodiscard]] Conclusion conclusion_now() const;
  [[nodiscard]] AtWall state_of(const Participant& one) const;
  [[nodiscard]] Duration since_start() const;

  loop::EventLoop& loop_;
  const DialogueOptions options_;
  const Duration began_;
  loop::Timer timer_;  // of the looks at the interactor
  TranscriptKeeper transcript_;
  std::optional<Side> first_;
  bool wall_limit_met_ = false;
  bool interrupted_ = false;
  std::exception_ptr failure_;  // of a handler here
  Duration last_said_;
  AtWall interactor_at_wall_ = AtWall::Ended, submission_at_wall_ = AtWall::Ended;
  std::unique_ptr<Participant> interactor_, submission_;  // last: their runs call this one
};

}  // namespace evalrun::judge
