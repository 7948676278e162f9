#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <limits>

#include "runtime/library/state.h"
#include "runtime/reader/image.h"
#include "runtime/reader/parse.h"
#include "runtime/reader/template.h"

namespace evalrun {
namespace {

// An engine for one session makes cells where that has so many runs of one kind: fewer do not pay for them.
constexpr std::size_t kWorthCells = 8;

// The file that this code was loaded from: the shared object, or a program that has the archive in it. By what the
// kernel has mapped: the loader knows it by the name that it was given, which may be relative to another folder.
std::filesystem::path own_file() {
  const auto here = reinterpret_cast<std::uintptr_t>(&own_file);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0, end = 0;
    int path = 0;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %*s %*s %*s %*s %n", &begin, &end, &path) < 2) continue;
    if (here >= begin && here < end && path > 0) return line.substr(static_cast<std::size_t>(path));
  }
  return {};
}

// Where the images of an installation are that was moved, or made with another prefix than it was built for. Empty:
// this was not loaded out of a folder of libraries.
std::filesystem::path images_beside_library() {
  const std::filesystem::path libraries = std::filesystem::path(EVALRUN_LIBRARY_FOLDER).lexically_normal();
  std::filesystem::path prefix = own_file().parent_path();
  for (auto part = libraries.end(); part != libraries.begin();) {
    if (prefix.filename() != *--part) return {};
    prefix = prefix.parent_path();
  }
  return prefix / EVALRUN_IMAGES_FOLDER;
}

std::vector<std::filesystem::path> images_of(const EngineOptions& options) {
  if (!options.images.empty()) return options.images;
  std::vector<std::filesystem::path> folders = images_of_environment();
  // The last is where Debian's package puts them, wherever this was built for.
  for (const std::filesystem::path& installed :
       {images_beside_library(), std::filesystem::path(EVALRUN_INSTALLED_IMAGES),
        std::filesystem::path("/usr/share/evalrun/images")}) {
    if (std::ranges::find(folders, installed) != folders.end()) continue;
    if (std::error_code ignored; std::filesystem::is_directory(installed, ignored)) folders.push_back(installed);
  }
  return folders;
}

loop::Urgency urgency_of(const EngineOptions& options) {
  switch (options.haste) {
    case Haste::Never: return loop::Urgency::Ordinary;
    case Haste::NearLimits: return loop::Urgency::RealTime;
  }
  return loop::Urgency::Ordinary;
}

void refuse_host_streams(const Plan& plan, StdinFrom stdin_from) {
  const auto refuse = [&](const char* key) {
    throw PlanError(plan.origin.where(key), key,
                    "\"inherit\" is not for this caller, whose standard streams are its own");
  };
  if (stdin_from == StdinFrom::Plan && std::holds_alternative<InputInherit>(plan.job.input)) refuse("stdin");
  if (std::holds_alternative<OutputInherit>(plan.kind.output)) refuse("stdout");
  if (std::holds_alternative<OutputInherit>(plan.kind.error_output)) refuse("stderr");
}

void check_options(const CompiledPlan& plan, const SpawnOptions& options) {
  if (options.stdin_from == StdinFrom::Caller && plan.is_graded()) {
    throw Error("a graded plan says itself what its cases read", {.kind = ErrorKind::Usage});
  }
  if (options.host_streams == HostStreams::Shared) return;
  refuse_host_streams(plan.state().plan(), options.stdin_from);
}

// As keys of a plan; none where there are no inputs.
TomlTable keys_of(const PlanInputs& inputs) {
  const TomlPlace place{std::make_shared<const std::string>("<inputs>"), 0, 0};
  TomlTable keys;
  const auto add = [&](TomlTable& table, const std::string& name, decltype(TomlNode::value) value) {
    table.push_back({name, place, {std::move(value), place}});
  };
  TomlTable files, env;
  for (const PlanInputs::File& file : inputs.files) {
    TomlTable entry;
    add(entry, "text", file.content);
    if (!file.mode.empty()) add(entry, "mode", file.mode);
    add(files, file.name, std::move(entry));
  }
  for (const auto& [name, value] : inputs.env) add(env, name, value);
  if (!files.empty()) add(keys, "files", std::move(files));
  if (!env.empty()) add(keys, "env", std::move(env));
  if (inputs.argv) {
    TomlArray words;
    for (const std::string& word : *inputs.argv) words.push_back({word, place});
    add(keys, "argv", std::move(words));
  }
  if (inputs.standard_input) {
    TomlTable text;
    add(text, "text", *inputs.standard_input);
    add(keys, "stdin", std::move(text));
  }
  return keys;
}

PlanText text_of(const PlanSource& source) {
  return {source.text, source.file, source.name,
          source.folder.empty() ? std::filesystem::current_path() : std::filesystem::absolute(source.folder)};
}

}  // namespace

PlanSource read_plan_source(const std::filesystem::path& file) {
  return translated([&] {
    if (file == "-") throw PlanError({"-", 0, 0}, "", "expected a file");
    PlanText read = read_plan_file(file);
    return PlanSource{std::move(read.text), read.name, read.file, read.folder};
  });
}

const std::string& CompiledPlan::name() const noexcept {
  return state_->plan().origin.name;
}

bool CompiledPlan::is_graded() const noexcept {
  return std::holds_alternative<CheckedTask>(state_->what);
}

const Plan& CompiledPlan::State::plan() const noexcept {
  if (const auto* checked = std::get_if<CheckedTask>(&what)) return checked->task.plan;
  if (const auto* planned = std::get_if<PlannedRun>(&what)) return planned->plan;
  return std::get<CompiledRun>(what).plan->plan();
}

CompiledPlan::State::~State() {
  auto* run = std::get_if<CompiledRun>(&what);
  if (run == nullptr || !run->groundwork || maker.is_this_process()) return;
  keep_for_ever(
      std::unique_ptr<supervise::Groundwork>(new (std::nothrow) supervise::Groundwork(std::move(*run->groundwork))));
}

std::shared_ptr<Engine::State> Engine::State::make(EngineOptions chosen) {
  return {new State(std::move(chosen)), [](State* state) {
            std::unique_ptr<State> owned(state);
            if (!owned->maker_.is_this_process()) keep_for_ever(std::move(owned));
          }};
}

void Engine::State::expect_maker() const {
  if (!maker_.is_this_process()) {
    throw Error("the engine belongs to the process that made it; this one was forked from it and needs its own",
                {.kind = ErrorKind::Usage});
  }
}

Engine::State::State(EngineOptions chosen) : loop(urgency_of(chosen)), options_(std::move(chosen)) {
  options_.images = images_of(options_);
}

void Engine::State::nudge() {
  if (!nudge_) {
    nudge_.emplace();
    loop.watch(nudge_->get(), loop::Interest::Read, loop.caller(), [this] { nudge_->acknowledge(); });
  }
  nudge_->set({});
}

groups::Groups& Engine::State::groups() {
  return groups_ ? *groups_ : groups_.emplace();
}

pool::CellPool& Engine::State::pool(std::size_t runs) {
  const bool is_worth_it = !is_for_one_session() || runs >= kWorthCells;
  return pool_ ? *pool_ : pool_.emplace(loop, groups(), host(), is_worth_it ? options_.prepared : 0, fork_server());
}

bool Engine::State::is_for_one_session() const noexcept {
  return options_.first_session == FirstSession::PreparedWhileCompiling;
}

warm::ForkServer* Engine::State::fork_server() noexcept {
  return is_for_one_session() ? nullptr : &fork_server_;
}

const host::HostFacts& Engine::State::host() {
  if (host_) return *host_;
  host::HostFacts facts = groups::counted_by(groups(), host::probe_host());
  if (options_.outside_uid) {
    const unsigned uid = *options_.outside_uid;
    if (uid == 0 || (!facts.is_root && uid != ::geteuid())) {
      throw Error("uid " + std::to_string(uid) + " cannot be that of runs: this process is not root, or that is root's",
                  {.kind = ErrorKind::Usage});
    }
    if (facts.is_root) facts.identities = {.first = uid, .count = 1};
  }
  return host_.emplace(std::move(facts));
}

CompiledPlan Engine::State::compile(const PlanSource& source, const std::vector<std::string>& overrides,
                                    const PlanInputs& inputs) {
  expect_maker();
  const Duration began = loop::now();
  const PlanText text = text_of(source);
  Task task;
  if (auto keys = keys_of(inputs); keys.empty()) {
    task = parse_task(text, overrides, options_.images);
  } else {
    ImageCache images(options_.images);
    task = PlanTemplate(text, overrides).make({MergeChange{std::move(keys)}}, text.folder, images);
  }
  const auto compiled = [&](auto what) {
    return CompiledPlan(std::make_shared<CompiledPlan::State>(std::move(what), loop::now() - began));
  };
  // What spawn() would refuse.
  groups::require_cgroup(task.plan, groups());
  if (task.is_graded()) {
    judge::check_runs(task, host());
    return compiled(CheckedTask{std::move(task), host()});
  }
  CompiledRun run;
  snapshot::Choice start = snapshot::choose(snapshots_, task.plan, host());
  if (is_for_one_session()) {
    const Limits held = sandbox::less_share(task.plan.kind.limits, start.snapshot.get());
    if (auto laid = supervise::lay_groundwork(groups(), held, host())) run.groundwork.emplace(std::move(*laid));
  }
  run.plan = sandbox::compile(
      std::move(task.plan), host(),
      {.carried = {}, .snapshot = std::move(start.snapshot), .why_no_snapshot = std::move(start.why_not)});
  sandbox::check_program(*run.plan);
  return compiled(std::move(run));
}

std::unique_ptr<Session::State> Engine::State::spawn(const CompiledPlan& plan, const SpawnOptions& options) {
  expect_maker();
  check_options(plan, options);
  auto session = std::make_unique<Session::State>(shared_from_this(), plan.shared_state(), options);
  sessions.emplace(session->id, session.get());
  std::visit([&](const auto& what) { session->start(what, options); }, plan.state().what);
  if (plan.is_graded()) {
    graded.insert(session->id);
    nudge();  // it may have finished already, with nothing behind the descriptor to say so
  }
  return session;
}

std::shared_ptr<PlanFamily::State> Engine::State::read_family(const PlanSource& source,
                                                              const std::vector<std::string>& overrides) {
  return std::make_shared<PlanFamily::State>(text_of(source), overrides, options_.images);
}

std::unique_ptr<Session::State> Engine::State::spawn(PlanFamily::State& family, const PlanInputs& inputs,
                                                     const SpawnOptions& options) {
  expect_maker();
  const Duration began = loop::now();
  Task task = family.plan.make({MergeChange{keys_of(inputs)}}, family.folder, family.images);
  const auto planned = [&](CompiledPlan::State::What what) {
    return CompiledPlan(std::make_shared<CompiledPlan::State>(std::move(what), loop::now() - began));
  };
  if (task.is_graded()) return spawn(planned(CheckedTask{std::move(task), host()}), options);
  return spawn(planned(PlannedRun{std::move(task.plan)}), options);
}

void Engine::State::dispatch(std::optional<std::chrono::milliseconds> timeout) {
  expect_maker();
  loop.run_once(events.empty() ? timeout : std::chrono::milliseconds(0));
  // Only these can have come to an end: the cost of a turn does not grow with the number of sessions.
  std::vector<std::uint64_t> to_look_at(graded.begin(), graded.end());
  to_look_at.insert(to_look_at.end(), ending.begin(), ending.end());
  for (const std::uint64_t id : to_look_at) {
    try {
      sessions.at(id)->advance();
    } catch (const std::exception&) {
      nudge();  // short of memory even to say so: this session is looked at again, and others now
    }
  }
  // One each turn: what has happened meanwhile comes first.
  if (pool_ && pool_->prepare(runs_to_come())) nudge();
}

// Of the session of an engine for one it is known; else there may always be more.
std::size_t Engine::State::runs_to_come() const {
  if (!is_for_one_session()) return std::numeric_limits<std::size_t>::max();
  std::size_t cases = 0;
  for (const std::uint64_t id : graded) {
    const Session::State& session = *sessions.at(id);
    if (!session.live) continue;
    if (const judge::Grading* grading = session.live->grading()) cases += grading->cases_to_prepare();
  }
  return cases;
}

void Engine::State::forget(std::uint64_t session) noexcept {
  sessions.erase(session);
  graded.erase(session);
  std::erase(ending, session);
  std::erase_if(events, [&](const Event& event) { return event.session == session; });
}

Engine::Engine(EngineOptions options) : state_(translated([&] { return State::make(std::move(options)); })) {}
Engine::Engine(Engine&& other) noexcept = default;
Engine& Engine::operator=(Engine&& other) noexcept = default;
Engine::~Engine() = default;

CompiledPlan Engine::compile(const PlanSource& source, const std::vector<std::string>& overrides,
                             const PlanInputs& inputs) {
  return translated([&] { return state_->compile(source, overrides, inputs); });
}

CompiledPlan Engine::compile_file(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                                  const PlanInputs& inputs) {
  return compile(read_plan_source(file), overrides, inputs);
}

PlanFamily Engine::read_family(const PlanSource& source, const std::vector<std::string>& overrides) {
  return translated([&] { return PlanFamily(state_->read_family(source, overrides)); });
}

Session Engine::spawn(const CompiledPlan& plan, const SpawnOptions& options) {
  return translated([&] { return Session(state_->spawn(plan, options)); });
}

Session Engine::spawn(const PlanFamily& family, const PlanInputs& inputs, const SpawnOptions& options) {
  return translated([&] { return Session(state_->spawn(family.state(), inputs, options)); });
}

int Engine::descriptor() const noexcept {
  return state_->loop.descriptor();
}

void Engine::dispatch(std::optional<std::chrono::milliseconds> timeout) {
  translated([&] { state_->dispatch(timeout); });
}

std::optional<Event> Engine::next_event() {
  if (state_->events.empty()) return std::nullopt;
  Event event = std::move(state_->events.front());
  state_->events.pop_front();
  return event;
}

std::string_view version() noexcept {
  return EVALRUN_VERSION;
}

}  // namespace evalrun
