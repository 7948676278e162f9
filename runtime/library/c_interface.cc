// evalrun.h over evalrun.hh: handles, strings that live as long as their handle, and no exception let out.

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <unordered_map>
#include <utility>

#include "runtime/library/evalrun.h"
#include "runtime/library/evalrun.hh"

namespace {

using evalrun::ErrorDetails;
using evalrun::ErrorKind;

template <typename Handle>
using BySession = std::unordered_map<std::uint64_t, Handle*>;

// Which session an event is of. Sessions may outlive their engine.
using Registry = std::shared_ptr<BySession<evalrun_session>>;

constexpr bool same(int of_c, auto of_cpp) {
  return of_c == static_cast<int>(of_cpp);
}
static_assert(same(EVALRUN_ERROR_PLAN, ErrorKind::Plan) && same(EVALRUN_ERROR_HOST, ErrorKind::Host) &&
              same(EVALRUN_ERROR_SYSTEM, ErrorKind::System) && same(EVALRUN_ERROR_USAGE, ErrorKind::Usage));
static_assert(same(EVALRUN_EVENT_STARTED, evalrun::EventKind::Started) &&
              same(EVALRUN_EVENT_STDOUT, evalrun::EventKind::Stdout) &&
              same(EVALRUN_EVENT_STDERR, evalrun::EventKind::Stderr) &&
              same(EVALRUN_EVENT_STDIN_ROOM, evalrun::EventKind::StdinRoom) &&
              same(EVALRUN_EVENT_COMPLETED, evalrun::EventKind::Completed));
static_assert(same(EVALRUN_STDIN_OPEN, evalrun::StdinState::Open) &&
              same(EVALRUN_STDIN_FULL, evalrun::StdinState::Full) &&
              same(EVALRUN_STDIN_CLOSED, evalrun::StdinState::Closed));
static_assert(same(EVALRUN_OK, evalrun::Verdict::Ok) && same(EVALRUN_AC, evalrun::Verdict::Ac) &&
              same(EVALRUN_WA, evalrun::Verdict::Wa) && same(EVALRUN_PE, evalrun::Verdict::Pe) &&
              same(EVALRUN_RE, evalrun::Verdict::Re) && same(EVALRUN_TLE, evalrun::Verdict::Tle) &&
              same(EVALRUN_MLE, evalrun::Verdict::Mle) && same(EVALRUN_OLE, evalrun::Verdict::Ole) &&
              same(EVALRUN_SV, evalrun::Verdict::Sv) && same(EVALRUN_CE, evalrun::Verdict::Ce) &&
              same(EVALRUN_IE, evalrun::Verdict::Ie) && same(EVALRUN_CANCELLED, evalrun::Verdict::Cancelled));
static_assert(same(EVALRUN_EXITED, evalrun::OutcomeKind::Exited) &&
              same(EVALRUN_SIGNALED, evalrun::OutcomeKind::Signaled) &&
              same(EVALRUN_LIMIT, evalrun::OutcomeKind::Limit) &&
              same(EVALRUN_VIOLATION, evalrun::OutcomeKind::Violation) &&
              same(EVALRUN_NOT_STARTED, evalrun::OutcomeKind::NotStarted) &&
              same(EVALRUN_SANDBOX_ERROR, evalrun::OutcomeKind::SandboxError) &&
              same(EVALRUN_WAS_CANCELLED, evalrun::OutcomeKind::Cancelled));

}  // namespace

struct evalrun_error {
  std::string message;
  ErrorDetails details;
};

struct evalrun_engine {
  evalrun::Engine engine;
  Registry sessions = std::make_shared<BySession<evalrun_session>>();
  evalrun::Event event = {};  // the last that was taken
};

struct evalrun_plan {
  evalrun::CompiledPlan plan;
};

struct evalrun_family {
  evalrun::PlanFamily family;
};

struct evalrun_result {
  evalrun::Result result;
  mutable std::optional<std::string> json;  // made when it is asked for
};

struct evalrun_session {
  evalrun_session(evalrun::Session from, Registry among, void* with)
      : session(std::move(from)), registry(std::move(among)), user(with) {
    registry->emplace(session.id(), this);
  }
  ~evalrun_session() { registry->erase(session.id()); }
  evalrun_session(const evalrun_session&) = delete;
  evalrun_session& operator=(const evalrun_session&) = delete;

  evalrun::Session session;
  Registry registry;
  void* user;
  mutable std::optional<evalrun_result> result;  // made when it is asked for
};

namespace {

// What is told where there is no memory to tell it in; never freed.
evalrun_error& no_memory() {
  static evalrun_error error{"out of memory", {.kind = ErrorKind::System, .error = ENOMEM, .retryable = true}};
  return error;
}

void give(evalrun_error** error, const std::string& message, const ErrorDetails& details) noexcept {
  if (error == nullptr) return;
  try {
    *error = new evalrun_error{message, details};
  } catch (...) {
    *error = &no_memory();
  }
}

// Does `action`; where that throws, `failed` is what is returned.
template <typename Value, typename Action>
Value guarded(evalrun_error** error, Value failed, Action&& action) noexcept {
  try {
    return action();
  } catch (const evalrun::Error& thrown) {
    give(error, thrown.what(), thrown.details());
  } catch (const std::bad_alloc&) {
    if (error != nullptr) *error = &no_memory();
  } catch (const std::exception& thrown) {
    give(error, thrown.what(), {.kind = ErrorKind::System});
  } catch (...) {
    give(error, "an unknown failure", {.kind = ErrorKind::System});
  }
  return failed;
}

std::vector<std::string> strings_of(const char* const* list) {
  std::vector<std::string> strings;
  for (; list != nullptr && *list != nullptr; ++list) strings.emplace_back(*list);
  return strings;
}

// The caller's struct, whose own size may be that of another version: what it does not know is zero.
template <typename Options>
Options options_of(const Options* given) {
  Options options{};
  if (given != nullptr) std::memcpy(&options, given, std::min(given->size, sizeof options));
  return options;
}

evalrun::EngineOptions to_cpp(const evalrun_engine_options& options) {
  evalrun::EngineOptions made;
  for (std::string& folder : strings_of(options.images)) made.images.emplace_back(std::move(folder));
  if (options.haste_near_limits != 0) made.haste = evalrun::Haste::NearLimits;
  made.prepared = options.prepared;
  if (options.outside_uid != 0) made.outside_uid = options.outside_uid;
  return made;
}

evalrun::PlanInputs to_cpp(const evalrun_plan_inputs& inputs) {
  evalrun::PlanInputs made;
  const auto bytes_of = [](const void* bytes, size_t length) {
    return length == 0 ? std::string() : std::string(static_cast<const char*>(bytes), length);
  };
  for (size_t i = 0; i < inputs.file_count; ++i) {
    const evalrun_input_file& file = inputs.files[i];
    made.files.push_back({file.name, bytes_of(file.content, file.length), file.mode == nullptr ? "" : file.mode});
  }
  if (inputs.argv != nullptr) made.argv = strings_of(inputs.argv);
  for (const std::string& variable : strings_of(inputs.env)) {
    const std::size_t equals = variable.find('=');
    if (equals == variable.npos) {
      throw evalrun::Error("env: expected NAME=value, found \"" + variable + "\"", {.kind = evalrun::ErrorKind::Usage});
    }
    made.env.emplace_back(variable.substr(0, equals), variable.substr(equals + 1));
  }
  if (inputs.stdin_bytes != nullptr) made.standard_input = bytes_of(inputs.stdin_bytes, inputs.stdin_length);
  return made;
}

evalrun::PlanSource source_of(const char* text, size_t length, const char* folder, const char* name) {
  evalrun::PlanSource source{.text = std::string(text, length)};
  if (folder != nullptr) source.folder = folder;
  if (name != nullptr) source.name = name;
  return source;
}

evalrun::SpawnOptions to_cpp(const evalrun_spawn_options& options) {
  evalrun::SpawnOptions made;
  if (options.stdin_from_caller != 0) made.stdin_from = evalrun::StdinFrom::Caller;
  if (options.no_output_events != 0) made.output_events = evalrun::OutputEvents::None;
  if (options.share_host_streams != 0) made.host_streams = evalrun::HostStreams::Shared;
  if (options.save_to != nullptr) made.save_to = options.save_to;
  made.jobs = options.jobs;
  if (options.stop_at_first_failure != 0) made.after_failure = evalrun::AfterFailure::Stop;
  return made;
}

const char* bytes_of(std::string_view bytes, std::size_t* length) {
  if (length != nullptr) *length = bytes.size();
  return bytes.data() == nullptr ? "" : bytes.data();
}

}  // namespace

int evalrun_abi() {
  return EVALRUN_ABI;
}
const char* evalrun_version() {
  return evalrun::version().data();
}

// ---- Errors ---------------------------------------------------------------------------------------------------------

evalrun_error_kind evalrun_error_get_kind(const evalrun_error* error) {
  return static_cast<evalrun_error_kind>(error->details.kind);
}
const char* evalrun_error_message(const evalrun_error* error) {
  return error->message.c_str();
}
const char* evalrun_error_file(const evalrun_error* error) {
  return error->details.file.c_str();
}
unsigned evalrun_error_line(const evalrun_error* error) {
  return error->details.line;
}
unsigned evalrun_error_column(const evalrun_error* error) {
  return error->details.column;
}
const char* evalrun_error_key(const evalrun_error* error) {
  return error->details.key.c_str();
}
const char* evalrun_error_stage(const evalrun_error* error) {
  return error->details.stage.c_str();
}
const char* evalrun_error_operation(const evalrun_error* error) {
  return error->details.operation.c_str();
}
const char* evalrun_error_subject(const evalrun_error* error) {
  return error->details.subject.c_str();
}
int evalrun_error_errno(const evalrun_error* error) {
  return error->details.error;
}
int evalrun_error_is_retryable(const evalrun_error* error) {
  return error->details.retryable ? 1 : 0;
}
void evalrun_error_free(evalrun_error* error) {
  if (error != &no_memory()) delete error;
}

// ---- Engines --------------------------------------------------------------------------------------------------------

evalrun_engine* evalrun_engine_new(const evalrun_engine_options* options, evalrun_error** error) {
  return guarded<evalrun_engine*>(error, nullptr,
                                  [&] { return new evalrun_engine{evalrun::Engine(to_cpp(options_of(options)))}; });
}

void evalrun_engine_free(evalrun_engine* engine) {
  delete engine;
}

int evalrun_engine_descriptor(const evalrun_engine* engine) {
  return engine->engine.descriptor();
}

int evalrun_engine_dispatch(evalrun_engine* engine, int timeout_ms, evalrun_error** error) {
  return guarded(error, -1, [&] {
    engine->engine.dispatch(timeout_ms < 0 ? std::nullopt : std::optional(std::chrono::milliseconds(timeout_ms)));
    return 0;
  });
}

int evalrun_engine_next_event(evalrun_engine* engine, evalrun_event* event) {
  return guarded(nullptr, 0, [&] {
    std::optional<evalrun::Event> next = engine->engine.next_event();
    if (!next) return 0;
    engine->event = std::move(*next);
    // Those of a session that was freed have gone with it.
    evalrun_session* session = engine->sessions->at(engine->event.session);
    *event = {static_cast<evalrun_event_kind>(engine->event.kind), session, session->user, engine->event.bytes.data(),
              engine->event.bytes.size()};
    return 1;
  });
}

// ---- Plans ----------------------------------------------------------------------------------------------------------

evalrun_plan* evalrun_plan_compile(evalrun_engine* engine, const char* text, size_t length, const char* folder,
                                   const char* name, const char* const* overrides, evalrun_error** error) {
  return evalrun_plan_compile_with(engine, text, length, folder, name, overrides, nullptr, error);
}

evalrun_plan* evalrun_plan_compile_with(evalrun_engine* engine, const char* text, size_t length, const char* folder,
                                        const char* name, const char* const* overrides,
                                        const evalrun_plan_inputs* inputs, evalrun_error** error) {
  return guarded<evalrun_plan*>(error, nullptr, [&] {
    return new evalrun_plan{engine->engine.compile(source_of(text, length, folder, name), strings_of(overrides),
                                                   to_cpp(options_of(inputs)))};
  });
}

evalrun_plan* evalrun_plan_compile_file(evalrun_engine* engine, const char* file, const char* const* overrides,
                                        evalrun_error** error) {
  return guarded<evalrun_plan*>(
      error, nullptr, [&] { return new evalrun_plan{engine->engine.compile_file(file, strings_of(overrides))}; });
}

evalrun_family* evalrun_family_new(evalrun_engine* engine, const char* text, size_t length, const char* folder,
                                   const char* name, const char* const* overrides, evalrun_error** error) {
  return guarded<evalrun_family*>(error, nullptr, [&] {
    return new evalrun_family{engine->engine.read_family(source_of(text, length, folder, name), strings_of(overrides))};
  });
}

void evalrun_family_free(evalrun_family* family) {
  delete family;
}

int evalrun_plan_is_graded(const evalrun_plan* plan) {
  return plan->plan.is_graded() ? 1 : 0;
}

void evalrun_plan_free(evalrun_plan* plan) {
  delete plan;
}

// ---- Sessions -------------------------------------------------------------------------------------------------------

evalrun_session* evalrun_session_spawn(evalrun_engine* engine, const evalrun_plan* plan,
                                       const evalrun_spawn_options* options, evalrun_error** error) {
  return guarded<evalrun_session*>(error, nullptr, [&] {
    const evalrun_spawn_options given = options_of(options);
    return new evalrun_session(engine->engine.spawn(plan->plan, to_cpp(given)), engine->sessions, given.user);
  });
}

evalrun_session* evalrun_session_spawn_of(evalrun_engine* engine, evalrun_family* family,
                                          const evalrun_plan_inputs* inputs, const evalrun_spawn_options* options,
                                          evalrun_error** error) {
  return guarded<evalrun_session*>(error, nullptr, [&] {
    const evalrun_spawn_options given = options_of(options);
    return new evalrun_session(engine->engine.spawn(family->family, to_cpp(options_of(inputs)), to_cpp(given)),
                               engine->sessions, given.user);
  });
}

void evalrun_session_free(evalrun_session* session) {
  delete session;
}

void* evalrun_session_user(const evalrun_session* session) {
  return session->user;
}

int evalrun_session_write_stdin(evalrun_session* session, const void* bytes, size_t length, size_t* taken,
                                evalrun_error** error) {
  if (taken != nullptr) *taken = 0;
  return guarded(error, -1, [&] {
    const evalrun::Written written = session->session.write_stdin({static_cast<const char*>(bytes), length});
    if (taken != nullptr) *taken = written.taken;
    return static_cast<int>(written.state);
  });
}

void evalrun_session_close_stdin(evalrun_session* session) {
  session->session.close_stdin();
}

int evalrun_session_interrupt(evalrun_session* session, int signal, evalrun_error** error) {
  return guarded(error, -1, [&] {
    session->session.interrupt(signal);
    return 0;
  });
}

int evalrun_session_kill(evalrun_session* session, evalrun_error** error) {
  return guarded(error, -1, [&] {
    session->session.kill();
    return 0;
  });
}

const evalrun_result* evalrun_session_result(const evalrun_session* session) {
  if (!session->session.finished()) return nullptr;
  if (!session->result) session->result.emplace(evalrun_result{session->session.result(), {}});
  return &*session->result;
}

// ---- Results --------------------------------------------------------------------------------------------------------

evalrun_verdict evalrun_result_verdict(const evalrun_result* result) {
  return static_cast<evalrun_verdict>(result->result.verdict());
}
const char* evalrun_result_verdict_name(const evalrun_result* result) {
  return evalrun::name_of(result->result.verdict()).data();
}
const char* evalrun_result_message(const evalrun_result* result) {
  return result->result.message().c_str();
}
evalrun_outcome evalrun_result_outcome(const evalrun_result* result) {
  return guarded(nullptr, EVALRUN_SANDBOX_ERROR,
                 [&] { return static_cast<evalrun_outcome>(result->result.outcome()); });
}
int evalrun_result_exit_code(const evalrun_result* result) {
  return result->result.exit_code().value_or(-1);
}
int evalrun_result_signal(const evalrun_result* result) {
  return result->result.signal().value_or(0);
}
const char* evalrun_result_limit(const evalrun_result* result) {
  const std::optional<evalrun::Limit> limit = result->result.limit();
  return limit ? evalrun::name_of(*limit).data() : "";
}

uint64_t evalrun_result_cpu_us(const evalrun_result* result) {
  return static_cast<uint64_t>(result->result.cpu().count());
}
uint64_t evalrun_result_wall_us(const evalrun_result* result) {
  return static_cast<uint64_t>(result->result.wall().count());
}
uint64_t evalrun_result_memory_peak(const evalrun_result* result) {
  return result->result.memory_peak();
}
double evalrun_result_score(const evalrun_result* result) {
  return result->result.score();
}
double evalrun_result_score_max(const evalrun_result* result) {
  return result->result.score_max();
}

const char* evalrun_result_stdout(const evalrun_result* result, size_t* length) {
  return bytes_of(result->result.standard_output(), length);
}
const char* evalrun_result_stderr(const evalrun_result* result, size_t* length) {
  return bytes_of(result->result.standard_error(), length);
}

const char* evalrun_result_json(const evalrun_result* result) {
  return guarded<const char*>(nullptr, nullptr, [&] {
    if (!result->json) result->json = result->result.json();
    return result->json->c_str();
  });
}
int evalrun_result_exit_status(const evalrun_result* result) {
  return result->result.exit_status();
}
