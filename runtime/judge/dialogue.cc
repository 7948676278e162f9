#include "runtime/judge/dialogue.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include "runtime/core/error.h"

namespace evalrun::judge {
namespace {

using namespace std::chrono_literals;
using supervise::Exited;
using supervise::Limit;
using supervise::LimitHit;
using supervise::Outcome;
using supervise::Run;
using supervise::RunResult;
using supervise::SandboxFault;
using supervise::Signaled;

// Between two looks at an interactor: the first soon, since most wait for their input already.
constexpr Duration kFirstLook = 200us;
constexpr Duration kLastLook = 5ms;

// A process's streams are closed a moment before its end is seen, on a busy host a long moment.
constexpr Duration kWellBefore = 100ms;

// Of the time since the dialogue began, without a word of either: then they are stuck where they are.
constexpr int kStuckFor = 2;  // half of it

// Before what was taken is removed from a buffer that is still growing.
constexpr std::size_t kWorthMoving = 64 << 10;

// A process that exits waits for the supervisor, which may see a limit of the other one just before.
constexpr Duration kSeenTogether = 100ms;

// Of all that it has used: who is ready to run and was given less has not had its turn.
constexpr Duration kLittleWork = 100ms;

bool is_limit(const std::optional<Outcome>& outcome, Limit limit) {
  const auto* hit = outcome ? std::get_if<LimitHit>(&*outcome) : nullptr;
  return hit != nullptr && hit->limit == limit;
}

// What waits here for the other side is bounded by what the plan lets it write.
void check_plan(const Run& run, Side side) {
  const Plan& plan = run.plan();
  const OutputLimit& output = plan.kind.limits.output;
  if (!output.both && !output.standard_output) {
    throw PlanError(plan.origin.where("limits.output"), "limits.output",
                    "what the " + std::string(name_of(side)) + " says to the other program must be bounded");
  }
  if (plan.kind.limits.idle) {
    throw PlanError(plan.origin.where("limits.idle"), "limits.idle",
                    "the " + std::string(name_of(side)) + " uses no CPU time while it waits for the other program");
  }
}

}  // namespace

// One side as it runs.
struct Dialogue::Participant {
  explicit Participant(Side which) : side(which) {}

  [[nodiscard]] bool goes_on() const noexcept { return run && !has_ended; }

  Side side;
  Fd work_folder;
  std::string waiting;   // said to it, and not yet in its pipe
  std::size_t sent = 0;  // of that
  bool takes_nothing_more = false;
  bool end_of_file_due = false;
  bool end_of_file_told = false;
  bool has_started = false, has_ended = false, is_gone = false;
  bool was_ended_here = false;  // by this dialogue, before it had ended
  std::optional<Outcome> ended_for;
  Duration ended_at{};
  std::uint64_t said = 0, unread = 0;
  std::optional<Duration> closed_output, closed_input;
  // Of the looks at an interactor that is to be told.
  std::optional<Duration> cpu_at_last_read, cpu_asleep;
  std::uint64_t left_to_read = 0;
  Duration next_look = kFirstLook;
  SideEnd end;
  std::unique_ptr<Run> run;  // last: it calls this one
};

Dialogue::Dialogue(loop::EventLoop& loop, const RunStarter& start_interactor, const RunStarter& start_submission,
                   DialogueOptions options)
    : loop_(loop),
      options_(std::move(options)),
      began_(loop::now()),
      transcript_(options_.transcript),
      last_said_(began_),
      interactor_(std::make_unique<Participant>(Side::Interactor)),
      submission_(std::make_unique<Participant>(Side::Submission)) {
  loop_.watch(timer_.get(), loop::Interest::Read, *this, [this] {
    timer_.acknowledge();
    look_whether_interactor_waits();
  });
  try {
    interactor_->run = start_interactor(hooks_of(*interactor_));
    check_plan(*interactor_->run, Side::Interactor);
    submission_->run = start_submission(hooks_of(*submission_));
    check_plan(*submission_->run, Side::Submission);
  } catch (...) {
    loop_.forget(timer_.get());
    throw;
  }
}

Dialogue::~Dialogue() {
  loop_.forget(timer_.get());
}

Duration Dialogue::since_start() const {
  return loop::now() - began_;
}

supervise::RunHooks Dialogue::hooks_of(Participant& one) {
  supervise::RunHooks hooks;
  hooks.input = supervise::InputFrom::Caller;
  hooks.output = [this, &one](std::string_view piece) { pass_on(one, piece); };
  hooks.started = [&one] { one.has_started = true; };
  hooks.ended = [this, &one] { on_ended(one); };
  hooks.gone = [this, &one] { on_gone(one); };
  hooks.output_closed = [this, &one] { on_output_closed(one); };
  return hooks;
}

Dialogue::Participant& Dialogue::other_than(const Participant& one) const {
  return one.side == Side::Interactor ? *submission_ : *interactor_;
}

// --- what they say ---------------------------------------------------------------------------------------------------

void Dialogue::pass_on(Participant& from, std::string_view piece) {
  last_said_ = loop::now();
  from.said += piece.size();
  transcript_.add(from.side, last_said_ - began_, piece);
  Participant& to = other_than(from);
  if (!to.goes_on() || to.takes_nothing_more) return;
  to.waiting.append(piece);
  send(to);
}

void Dialogue::send(Participant& to) {
  if (!to.goes_on() || to.takes_nothing_more) return;
  const supervise::Feeder::Offer offer =
      to.run->offer_input(std::string_view(to.waiting).substr(to.sent), [this, &to] { send(to); });
  to.sent += offer.taken;
  if (offer.closed) {
    to.takes_nothing_more = true;
    to.closed_input = since_start();
    return;
  }
  if (to.sent < to.waiting.size()) {
    if (to.sent >= kWorthMoving && to.sent >= to.waiting.size() / 2) {
      to.waiting.erase(0, to.sent);
      to.sent = 0;
    }
    return;
  }
  to.waiting.clear();
  to.sent = 0;
  if (to.end_of_file_due) announce_end_of_file(to);
}

// --- how they end ----------------------------------------------------------------------------------------------------

// After all that was said.
void Dialogue::announce_end_of_file(Participant& to) {
  to.end_of_file_due = true;
  if (!to.goes_on() || to.end_of_file_told) return;
  if (to.side == Side::Interactor && first_ != Side::Submission) return look_whether_interactor_waits();
  if (to.sent == to.waiting.size() || to.takes_nothing_more) tell_end_of_file(to);
}

void Dialogue::tell_end_of_file(Participant& to) {
  to.end_of_file_told = true;
  to.run->close_input();
}

// The submission has ended. Whether the interactor ends by itself before it can know is seen here: one that sleeps has
// done all that it does without, and one that has long been at work on what it has read is not about to end.
void Dialogue::look_whether_interactor_waits() {
  Participant& interactor = *interactor_;
  if (!interactor.goes_on() || first_ || !submission_->has_ended) return;
  // What the submission has written last is passed on before its end is thought of.
  const bool was_told_all = submission_->is_gone || !submission_->run->has_unread_output();
  if (was_told_all && interactor.has_started && has_had_its_time(interactor)) {
    first_ = Side::Submission;
    if (interactor.end_of_file_due) announce_end_of_file(interactor);
    return;
  }
  timer_.set(loop::now() + interactor.next_look);
  interactor.next_look = std::min(interactor.next_look * 2, kLastLook);
}

bool Dialogue::has_had_its_time(Participant& interactor) {
  // Its pipe may have room, and the loop has not come round to it yet.
  const std::size_t left = interactor.waiting.size() - interactor.sent;
  if (left > 0) send(interactor);
  if (interactor.waiting.size() - interactor.sent < left) interactor.cpu_asleep.reset();
  const measure::Activity seen = interactor.run->activity();
  if (!seen.is_visible) return true;
  const std::uint64_t unread = interactor.waiting.size() - interactor.sent + interactor.run->unread_input();
  if (!interactor.cpu_at_last_read || unread < interactor.left_to_read) {
    interactor.cpu_at_last_read = seen.cpu;
    interactor.left_to_read = unread;
  }
  const bool is_asleep = seen.alive > 0 && seen.is_asleep;
  if (is_asleep && !interactor.cpu_asleep) interactor.next_look = kFirstLook;
  const bool slept_on = is_asleep && interactor.cpu_asleep == seen.cpu;
  interactor.cpu_asleep = is_asleep ? std::optional(seen.cpu) : std::nullopt;
  return slept_on || seen.cpu - *interactor.cpu_at_last_read >= (unread > 0 ? kCpuToReadOn : kCpuOfAReply);
}

void Dialogue::on_output_closed(Participant& one) {
  one.closed_output = since_start();
  if (one.side != Side::Interactor || options_.end_of_interactors_output == EndOfOutput::WhenItEnded) return;
  try {
    announce_end_of_file(*submission_);
  } catch (...) {
    on_failure(std::current_exception());
  }
}

void Dialogue::on_ended(Participant& one) {
  if (one.has_ended) return;
  try {
    one.ended_for = one.run->ended_for();
    if (!interrupted_ && !one.was_ended_here && is_limit(one.ended_for, Limit::Wall)) on_wall_limit();
    one.has_ended = true;
    one.ended_at = one.run->ended_at() - began_;
    one.unread = one.waiting.size() - one.sent + one.run->unread_input();
    std::string().swap(one.waiting);
    one.sent = 0;
    if (interrupted_ || one.was_ended_here) return;
    Participant& other = other_than(one);
    if (is_limit(one.ended_for, Limit::Wall)) return end_side(other);
    if (one.ended_for && std::holds_alternative<SandboxFault>(*one.ended_for)) return end_side(other);
    if (one.side == Side::Submission) return look_whether_interactor_waits();
    if (!first_) first_ = Side::Interactor;
    if (conclusion_now() == Conclusion::Accept) return;
    if (first_ == Side::Interactor) pass_over_late_limit();
    end_side(other);
  } catch (...) {
    one.has_ended = true;
    on_failure(std::current_exception());
  }
}

// After the interactor has rejected, or failed. On a busy host the submission runs on until that is seen here, and what
// has happened meanwhile is seen in any order. A limit that it meets then is none of its own doing.
void Dialogue::pass_over_late_limit() {
  Participant& submission = *submission_;
  if (!submission.has_ended) return;
  const bool met_a_limit = submission.ended_for && std::holds_alternative<LimitHit>(*submission.ended_for) &&
                           !is_limit(submission.ended_for, Limit::Wall);
  const bool was_later = interactor_->ended_at < submission.ended_at + kSeenTogether;
  if (!met_a_limit || !was_later) return;
  submission.was_ended_here = true;
  if (submission.run) return;
  submission.end.ended_by = EndedBy::Dialogue;  // it is settled already
  submission.end.run.outcome = Signaled{SIGKILL};
}

Conclusion Dialogue::conclusion_now() const {
  const std::optional<supervise::End> end = interactor_->run->program_end();
  if (interactor_->ended_for || !end || end->code != CLD_EXITED) return Conclusion::JudgeError;
  return options_.conclude(end->status);
}

// All that it has written has been read by now.
void Dialogue::on_gone(Participant& one) {
  one.is_gone = true;
  try {
    announce_end_of_file(other_than(one));
  } catch (...) {
    on_failure(std::current_exception());
  }
}

void Dialogue::on_wall_limit() {
  wall_limit_met_ = true;
  interactor_at_wall_ = state_of(*interactor_);
  submission_at_wall_ = state_of(*submission_);
}

AtWall Dialogue::state_of(const Participant& one) const {
  if (!one.goes_on()) return AtWall::Ended;
  const Duration at = loop::now();
  if ((at - last_said_) * kStuckFor < at - began_) return AtWall::Talking;
  if (!one.has_started) return AtWall::Working;
  const measure::Activity seen = one.run->activity();
  if (!seen.is_asleep) return seen.cpu < kLittleWork ? AtWall::Talking : AtWall::Working;
  const bool has_unread = one.sent < one.waiting.size() || one.run->unread_input() > 0;
  return has_unread ? AtWall::NotReading : AtWall::Waiting;
}

void Dialogue::end_side(Participant& one) {
  if (!one.goes_on()) return;
  // What the sandbox has failed at already stays its end.
  one.was_ended_here = !one.run->ended_for();
  one.run->interrupt(SIGKILL);
}

void Dialogue::interrupt(int signal) noexcept {
  interrupted_ = true;
  for (const auto* one : {&interactor_, &submission_}) {
    if ((*one)->run) (*one)->run->interrupt(signal);
  }
}

void Dialogue::on_failure(std::exception_ptr what) noexcept {
  if (!failure_) failure_ = std::move(what);
  interrupt(SIGKILL);
}

// --- what is left of them --------------------------------------------------------------------------------------------

bool Dialogue::finished() const noexcept {
  const auto is_over = [](const Participant& one) { return !one.run || one.run->finished(); };
  return is_over(*interactor_) && is_over(*submission_);
}

void Dialogue::advance() {
  for (const auto* one : {&interactor_, &submission_}) {
    if ((*one)->run && (*one)->run->finished()) settle(**one);
  }
}

// Its cell is free for others from here on.
void Dialogue::settle(Participant& one) {
  one.work_folder = one.run->take_work_folder();
  const Duration wall_limit = one.run->plan().kind.limits.wall;
  SideEnd& end = one.end;
  end.run = one.run->take_result(nullptr);
  one.run.reset();
  if (one.was_ended_here && !interrupted_) {
    end.ended_by = wall_limit_met_ ? EndedBy::WallLimit : EndedBy::Dialogue;
    if (wall_limit_met_ && one.side == Side::Submission) {
      end.run.outcome = LimitHit{Limit::Wall, {wall_limit, end.run.wall}};
    } else {
      end.run.outcome = Signaled{SIGKILL};
    }
  } else {
    end.ended_by = ended_by(one, end.run.outcome);
  }
  end.ended_at = one.ended_at;
  end.said = one.said;
  end.unread = one.unread;
  const auto is_early = [&](const std::optional<Duration>& at) { return at && one.ended_at - *at >= kWellBefore; };
  if (is_early(one.closed_output)) end.closed_output = one.closed_output;
  if (is_early(one.closed_input)) end.closed_input = one.closed_input;
}

EndedBy Dialogue::ended_by(const Participant& one, const Outcome& outcome) {
  if (std::holds_alternative<SandboxFault>(outcome)) return EndedBy::Nobody;
  if (is_limit(one.ended_for, Limit::Wall)) return EndedBy::WallLimit;
  return std::holds_alternative<LimitHit>(outcome) ? EndedBy::Limit : EndedBy::Itself;
}

DialogueEnd Dialogue::take_end() {
  advance();
  if (failure_) {
    interactor_->end.run.outcome = supervise::fault_of(failure_);
    interactor_->end.ended_by = EndedBy::Nobody;
  }
  DialogueEnd all;
  all.interactor = std::move(interactor_->end);
  all.submission = std::move(submission_->end);
  const auto* exited = std::get_if<Exited>(&all.interactor.run.outcome);
  all.conclusion = exited != nullptr ? options_.conclude(exited->code) : Conclusion::JudgeError;
  all.first = first_;
  all.wall_limit_met = wall_limit_met_;
  all.interactor_at_wall = interactor_at_wall_;
  all.submission_at_wall = submission_at_wall_;
  all.transcript = transcript_.take();
  return all;
}

Fd Dialogue::take_interactor_work() {
  advance();
  return std::move(interactor_->work_folder);
}

Fd Dialogue::take_submission_work() {
  advance();
  return std::move(submission_->work_folder);
}

DialogueFacts facts_of(const DialogueEnd& end, Duration cpu_limit) {
  return {.submission = end.submission.run.outcome,
          .interactor = end.interactor.run.outcome,
          .submission_ended_by = end.submission.ended_by,
          .interactor_ended_by = end.interactor.ended_by,
          .conclusion = end.conclusion,
          .first = end.first,
          .cpu = end.submission.run.cpu.total(),
          .cpu_limit = cpu_limit,
          .bytes_written = end.submission.said,
          .wall_limit_met = end.wall_limit_met,
          .submission_at_wall = end.submission_at_wall,
          .interactor_at_wall = end.interactor_at_wall};
}

namespace {

std::string in_milliseconds(Duration time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f ms", static_cast<double>(time.count()) / 1e6);
  return text;
}

std::string describe_side(Side side, const SideEnd& end) {
  const std::string who = "the " + std::string(name_of(side));
  std::string text = who + " said " + std::to_string(end.said) + " bytes";
  if (end.closed_output) text += ", closed its output at " + in_milliseconds(*end.closed_output);
  if (end.closed_input) text += ", closed its input at " + in_milliseconds(*end.closed_input);
  if (end.unread > 0) text += ", left " + std::to_string(end.unread) + " bytes unread";
  switch (end.ended_by) {
    case EndedBy::Itself: text += " and ended"; break;
    case EndedBy::Limit: text += " and met a limit"; break;
    case EndedBy::WallLimit: text += " and was ended by the wall limit"; break;
    case EndedBy::Dialogue: text += " and was ended with the other"; break;
    case EndedBy::Nobody: return text + " and failed with its sandbox";
  }
  return end.ended_at ? text + " at " + in_milliseconds(*end.ended_at) : text;
}

}  // namespace

std::string describe(const DialogueEnd& end) {
  return describe_side(Side::Interactor, end.interactor) + "; " + describe_side(Side::Submission, end.submission);
}

}  // namespace evalrun::judge
