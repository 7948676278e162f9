#include <signal.h>

#include <algorithm>
#include <atomic>

#include "runtime/library/state.h"

namespace evalrun {
namespace {

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

Session::State::State(std::shared_ptr<Engine::State> of, std::shared_ptr<const CompiledPlan::State> from,
                      const SpawnOptions& options)
    : id(next_id()),
      engine(std::move(of)),
      plan(std::move(from)),
      stdin_from(options.stdin_from),
      spawned_(loop::now()) {
  if (!options.save_to.empty() && !plan->plan().kind.collect.empty()) save_folder_.emplace(options.save_to);
}

Session::State::~State() {
  if (!maker_.is_this_process()) {
    if (live) keep_for_ever(std::unique_ptr<judge::LiveTask>(new (std::nothrow) judge::LiveTask(std::move(*live))));
    return;
  }
  live.reset();
  engine->forget(id);
}

supervise::RunHooks Session::State::hooks_for(const SpawnOptions& options) {
  engine->ending.reserve(engine->sessions.size());  // gone() must not throw
  supervise::RunHooks hooks;
  if (options.output_events == OutputEvents::All) {
    hooks.output = [this](std::string_view bytes) { tell(EventKind::Stdout, bytes); };
    hooks.error_output = [this](std::string_view bytes) { tell(EventKind::Stderr, bytes); };
  }
  hooks.started = [this] { tell_started(); };
  hooks.gone = [this] { engine->ending.push_back(id); };
  hooks.input = stdin_from == StdinFrom::Caller ? supervise::InputFrom::Caller : supervise::InputFrom::Plan;
  return hooks;
}

void Session::State::hold(std::unique_ptr<supervise::Run> run) {
  if (save_folder_) run->collect_into(&*save_folder_);
  live.emplace(std::move(run));
}

void Session::State::start(const CompiledRun& compiled, const SpawnOptions& options) {
  if (!compiled.groundwork) {
    pool::CellPool& pool = engine->pool(1);
    const snapshot::Choice choice =
        compiled.plan->snapshot() != nullptr ? snapshot::Choice() : pool.choose(compiled.plan->plan());
    if (choice.snapshot) return hold(pool.start_as(choice, compiled.plan->plan(), hooks_for(options)));
    return hold(pool.start(compiled.plan, hooks_for(options)));
  }
  auto run = engine->pool(1).start_on(std::move(*compiled.groundwork), compiled.plan, hooks_for(options));
  compiled.groundwork.reset();
  hold(std::move(run));
}

void Session::State::start(const PlannedRun& planned, const SpawnOptions& options) {
  hold(engine->pool(1).start_by_choice(planned.plan, hooks_for(options)));
}

void Session::State::start(const CheckedTask& checked, const SpawnOptions& options) {
  const judge::GradingOptions how{.jobs = options.jobs,
                                  .after_failure = options.after_failure == AfterFailure::Stop
                                                       ? judge::AfterFailure::Stop
                                                       : judge::AfterFailure::GoOn};
  live.emplace(
      std::make_unique<judge::Grading>(engine->pool(checked.task.cases.size()), checked.task, checked.host, how));
}

void Session::State::tell_started() {
  if (told_started_) return;
  told_started_ = true;
  engine->events.push_back({EventKind::Started, id, {}});
}

void Session::State::tell(EventKind kind, std::string_view bytes) {
  // The program's first bytes can be read before the news that it was started.
  if (kind == EventKind::Stdout || kind == EventKind::Stderr) tell_started();
  engine->events.push_back({kind, id, std::string(bytes)});
}

void Session::State::advance() {
  if (result) return tell_completed();  // what could not be told at once
  const supervise::SaveFolder* folder = save_folder_ ? &*save_folder_ : nullptr;
  try {
    if (!live) return;
    live->advance(folder);
    if (!live->finished()) return;
    std::visit([this](auto&& end) { complete(std::forward<decltype(end)>(end)); }, live->take_end());
  } catch (const std::exception& error) {
    complete(Failure{supervise::fault_of(std::current_exception()), error.what()});  // this session's end alone
  }
}

void Session::State::complete(std::variant<supervise::RunResult, judge::Grade, Failure> value) {
  // Of a run the command's "compile"; of a grading the time that all of it took.
  const Duration took = live && live->grading() != nullptr ? loop::now() - spawned_ : plan->compile_time;
  result.emplace(std::make_shared<Result::State>(plan, std::move(value), took));
  live.reset();
  tell_completed();
}

// It is looked at again and again until it has been told.
void Session::State::tell_completed() {
  tell(EventKind::Completed);
  engine->graded.erase(id);
  std::erase(engine->ending, id);
}

Session::Session(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Session::Session(Session&& other) noexcept = default;
Session& Session::operator=(Session&& other) noexcept = default;
Session::~Session() = default;

std::uint64_t Session::id() const noexcept {
  return state_->id;
}

Written Session::write_stdin(std::string_view bytes) {
  if (state_->stdin_from == StdinFrom::Plan) {
    throw Error("the session reads what its plan says; spawn it with StdinFrom::Caller", {.kind = ErrorKind::Usage});
  }
  supervise::Run* const run = state_->live ? state_->live->run() : nullptr;
  if (run == nullptr) return {0, StdinState::Closed};
  return translated([&]() -> Written {
    State* const state = state_.get();
    const supervise::Feeder::Offer offer = run->offer_input(bytes, [state] {
      state->engine->events.push_back({EventKind::StdinRoom, state->id, {}});
    });
    if (offer.closed) return {offer.taken, StdinState::Closed};
    return {offer.taken, offer.taken == bytes.size() ? StdinState::Open : StdinState::Full};
  });
}

void Session::close_stdin() {
  if (state_->stdin_from != StdinFrom::Caller || !state_->live) return;
  if (supervise::Run* const run = state_->live->run()) run->close_input();
}

void Session::interrupt(int signal) {
  translated([&] {
    if (state_->live) state_->live->interrupt(signal);
  });
}

void Session::kill() {
  interrupt(SIGKILL);
}

bool Session::finished() const noexcept {
  return state_->result.has_value();
}

const Result& Session::result() const {
  if (!state_->result) throw Error("the session has not finished", {.kind = ErrorKind::Usage});
  return *state_->result;
}

}  // namespace evalrun
