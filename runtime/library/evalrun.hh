// libevalrun: runs programs that nobody has reason to trust, many at a time, from one event loop, which may be the
// caller's own. docs/library.md is its manual; `evalrun schema` lists what a plan can say.
//
// Theory of operation. An Engine has one epoll descriptor behind which all of its sessions are: their pipes, timers and
// processes. dispatch() does what is due and never waits longer than it is told; what the sessions have to tell is then
// taken with next_event(). Events are pulled, not called back: no code of the caller's runs inside dispatch(), so it
// may do anything with a session when it hears of it, destroy it too, and no exception of its passes through here. What
// waits to be pulled is no more than one turn has read, where the caller takes all of it after each dispatch().
//
// Needs: nothing of the process. It installs no signal handler, ignores no signal, changes no working directory, umask
// or limit, and all of its descriptors are close-on-exec. Its processes raise no SIGCHLD and do not answer wait(2).
//
// Threads: an Engine and its sessions belong to one thread at a time; different engines are independent of each other,
// and a CompiledPlan may be used by all. The thread that spawned a session must live as long as the session does: the
// kernel kills a sandbox when its parent thread ends (prctl(2), PR_SET_PDEATHSIG).
//
// Errors are thrown, as Error. What a program does is never an error, but a Result.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evalrun {

// ---- Errors ---------------------------------------------------------------------------------------------------------

enum class ErrorKind {
  Plan,    // the plan asks for something that cannot be: file, line, column and key say where
  Host,    // this host cannot give what the plan requires, or is short of something: stage and operation say what
  System,  // a system call of ours failed
  Usage,   // a function was called that must not be, as result() before the end
};

struct ErrorDetails {
  ErrorKind kind = ErrorKind::System;
  // Of Plan. Lines and columns count from 1; 0: none.
  std::string file = {};
  unsigned line = 0;
  unsigned column = 0;
  std::string key = {};  // "limits.cpu"
  // Of Host and System.
  std::string stage = {};
  std::string operation = {};
  std::string subject = {};
  int error = 0;           // errno, or 0
  bool retryable = false;  // the same may well succeed later
};

// what() is one sentence, as the command prints it: "plan.toml:4:1: limits.cpu: expected a time with a unit, …".
class Error : public std::runtime_error {
 public:
  Error(const std::string& message, ErrorDetails details);
  [[nodiscard]] const ErrorDetails& details() const noexcept { return *details_; }
  [[nodiscard]] ErrorKind kind() const noexcept { return details_->kind; }

 private:
  std::shared_ptr<const ErrorDetails> details_;  // so that copying an exception cannot throw
};

// ---- Plans ----------------------------------------------------------------------------------------------------------

struct PlanSource {
  std::string text;                   // TOML
  std::string name = "plan";          // plan.name of the result
  std::string file = "<plan>";        // what errors call it
  std::filesystem::path folder = {};  // what its relative paths are relative to; empty: the working directory
};

// Throws Error (Plan) where it cannot be read or is larger than 16 MiB.
PlanSource read_plan_source(const std::filesystem::path& file);

// What differs from one submission to the next, as bytes: nothing is quoted, and nothing is read as TOML.
struct PlanInputs {
  struct File {
    std::string name;       // below /work
    std::string content;    // any bytes
    std::string mode = {};  // "0755"; empty: "0644"
  };
  std::vector<File> files = {};                               // over those of the same names
  std::optional<std::vector<std::string>> argv = {};          // in place of the plan's
  std::vector<std::pair<std::string, std::string>> env = {};  // over those of the same names
  std::optional<std::string> standard_input = {};             // in place of the plan's
};

// Immutable, cheap to copy, spawned as often as one likes, by any engine of the process.
class CompiledPlan {
 public:
  class State;
  explicit CompiledPlan(std::shared_ptr<const State> state) noexcept : state_(std::move(state)) {}

  [[nodiscard]] const std::string& name() const noexcept;
  // It has a [compile] step or cases: more than one sandbox, judged.
  [[nodiscard]] bool is_graded() const noexcept;
  [[nodiscard]] const State& state() const noexcept { return *state_; }
  [[nodiscard]] const std::shared_ptr<const State>& shared_state() const noexcept { return state_; }

 private:
  std::shared_ptr<const State> state_;
};

// A plan's text and its images, read once, for many sessions that differ in PlanInputs alone, as the jobs of a batch
// do. Making a session of it costs a small part of compile(), and a session that waits, prepared ahead, takes it as it
// is. It may lack what the inputs bring, such as argv. It belongs to one thread at a time, as an Engine does, and
// images that change meanwhile are not read again.
class PlanFamily {
 public:
  class State;
  explicit PlanFamily(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
  [[nodiscard]] State& state() const noexcept { return *state_; }

 private:
  std::shared_ptr<State> state_;
};

// ---- Results --------------------------------------------------------------------------------------------------------

// docs/reference.md, "Verdicts".
enum class Verdict { Ok, Ac, Wa, Pe, Re, Tle, Mle, Ole, Sv, Ce, Ie, Cancelled };

enum class OutcomeKind {
  Exited,        // exit_code()
  Signaled,      // signal()
  Limit,         // limit()
  Violation,     // a call that only exploits need
  NotStarted,    // the submission is no program
  SandboxError,  // our own fault or the host's
  Cancelled,     // Session::interrupt() or kill()
};

enum class Limit {
  Cpu,
  Wall,
  Idle,
  Memory,
  AddressSpace,
  OutputSize,
  FileSize,
  Processes,
  OpenFiles,
  Stack,
  Workspace,
  Inodes
};

// "TLE", "limit", "cpu": the words of the JSON.
std::string_view name_of(Verdict verdict) noexcept;
std::string_view name_of(OutcomeKind kind) noexcept;
std::string_view name_of(Limit limit) noexcept;

// What happened and what it cost. Cheap to copy. Of a graded plan, outcome and measures are those of the run that
// decided: its one run, the first case with the verdict, or the compile step; json() has all.
class Result {
 public:
  class State;
  explicit Result(std::shared_ptr<const State> state) noexcept : state_(std::move(state)) {}

  [[nodiscard]] Verdict verdict() const noexcept;
  [[nodiscard]] const std::string& message() const noexcept;  // one sentence for people
  [[nodiscard]] OutcomeKind outcome() const;
  [[nodiscard]] std::optional<int> exit_code() const noexcept;
  [[nodiscard]] std::optional<int> signal() const noexcept;
  [[nodiscard]] std::optional<Limit> limit() const noexcept;

  [[nodiscard]] std::chrono::microseconds cpu() const noexcept;  // user and system together
  [[nodiscard]] std::chrono::microseconds wall() const noexcept;
  [[nodiscard]] std::uint64_t memory_peak() const noexcept;  // bytes

  // What the plan had captured, and how much was written in all.
  [[nodiscard]] std::string_view standard_output() const noexcept;
  [[nodiscard]] std::string_view standard_error() const noexcept;
  [[nodiscard]] std::uint64_t standard_output_bytes() const noexcept;
  [[nodiscard]] std::uint64_t standard_error_bytes() const noexcept;

  // Of a plan with cases; else 0.
  [[nodiscard]] double score() const noexcept;
  [[nodiscard]] double score_max() const noexcept;

  // What `evalrun run` prints, as JSON and as text, and its exit status.
  [[nodiscard]] std::string json() const;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] int exit_status() const noexcept;

 private:
  std::shared_ptr<const State> state_;
};

// ---- Sessions -------------------------------------------------------------------------------------------------------

enum class StdinFrom {
  Plan,    // what the plan says
  Caller,  // write_stdin(), whatever the plan says; not for graded plans
};

enum class OutputEvents { All, None };

// Whether "inherit" in a plan may give this process's own standard streams to the program. No two sessions can share
// one of them at a time.
enum class HostStreams { Refused, Shared };

enum class AfterFailure { GoOn, Stop };

struct SpawnOptions {
  StdinFrom stdin_from = StdinFrom::Plan;
  OutputEvents output_events = OutputEvents::All;
  HostStreams host_streams = HostStreams::Refused;
  // The folder for the files that the plan collects, made where it is missing; empty: none are collected.
  std::filesystem::path save_to = {};
  // Of graded plans: cases that run at a time (0: one for each core that they can be pinned to), and what follows the
  // first that fails.
  unsigned jobs = 0;
  AfterFailure after_failure = AfterFailure::GoOn;
};

enum class StdinState {
  Open,    // all was taken
  Full,    // not all was taken; a StdinRoom event follows when it is worth trying again
  Closed,  // nobody reads any more, or close_stdin() was called: nothing will be taken again
};

struct Written {
  std::size_t taken = 0;
  StdinState state = StdinState::Open;
};

// One program from spawn to result; of a graded plan, all of them. Whoever holds it owns it: the destructor kills
// everything inside and waits for it.
class Session {
 public:
  class State;
  explicit Session(std::unique_ptr<State> state) noexcept;
  Session(Session&& other) noexcept;
  Session& operator=(Session&& other) noexcept;
  ~Session();

  // What its events say. No other session of the process ever has it.
  [[nodiscard]] std::uint64_t id() const noexcept;

  // Never waits. Throws Error (Usage) where the session was not spawned with StdinFrom::Caller.
  Written write_stdin(std::string_view bytes);
  // The program reads to the end of what was taken, then the end of file.
  void close_stdin();

  // Ends the run early: everything inside is killed. Completed follows; verdict and outcome are Cancelled, and
  // the figures say what is known. Harmless when it has ended.
  void interrupt(int signal);
  void kill();  // interrupt(SIGKILL)

  [[nodiscard]] bool finished() const noexcept;
  // Throws Error (Usage) before finished().
  [[nodiscard]] const Result& result() const;

 private:
  std::unique_ptr<State> state_;
};

enum class EventKind {
  Started,    // the program runs; not of graded plans
  Stdout,     // bytes that it wrote, within its limits; not of graded plans
  Stderr,     // the same, unless the plan sends standard error to standard output
  StdinRoom,  // after StdinState::Full: write_stdin() again
  Completed,  // the last of its session: result() is there
};

struct Event {
  EventKind kind{};
  std::uint64_t session = 0;
  std::string bytes;  // of Stdout and Stderr
};

// ---- The engine -----------------------------------------------------------------------------------------------------

// NearLimits makes the thread that calls dispatch() a real-time one (SCHED_RR) in the last milliseconds before a time
// limit, where the kernel permits it, and an ordinary one again afterwards: a busy machine then lets no program far
// past its limit. For threads that do nothing else.
enum class Haste { Never, NearLimits };

// PreparedWhileCompiling makes the namespaces of a plan's first session while the plan is compiled, in a process of
// their own: sooner for who compiles a plan and spawns it at once; for who never spawns it, a process that waits in
// vain. Such an engine is for one session: it makes no fork server, and prepares nothing more (EngineOptions::prepared)
// unless its first session is a graded plan of eight cases or more.
enum class FirstSession { WhenSpawned, PreparedWhileCompiling };

struct EngineOptions {
  // Folders of images, in order. Empty: those of $EVALRUN_IMAGES, then the installed ones.
  std::vector<std::filesystem::path> images = {};
  Haste haste = Haste::Never;
  FirstSession first_session = FirstSession::WhenSpawned;
  // How many sessions of the kind of plan that was spawned last wait, prepared ahead up to execve: spawning one then
  // takes as long as starting its program. Plans are of a kind where they differ in argv, env, source, files and
  // standard input alone; the cases of a graded plan are such sessions, too. `evalrun explain` says what sessions that
  // follow each other in a cell share, and which plans never do. 0: none.
  unsigned prepared = 0;
  // For root: the uid, and the gid of the same number, that every run has outside; no two runs of it at a time.
  // Programs can then write to a bind of the host's that belongs to it. None: one that no other run has, and no file.
  // It must not be root's, nor an account's that anything else runs under. Where this process is not root, runs have
  // its own uid, and any other one here is an Error (Usage).
  std::optional<unsigned> outside_uid = {};
};

class Engine {
 public:
  class State;
  // Throws Error.
  explicit Engine(EngineOptions options = {});
  Engine(Engine&& other) noexcept;
  Engine& operator=(Engine&& other) noexcept;
  // Its sessions may outlive it, but nothing happens in them any more.
  ~Engine();

  // Everything that can be found out before a program is spawned is found out here. `overrides` are "key=value", as for
  // the command's --set; `inputs` come after them. Throws Error (Plan) and Error (Host).
  CompiledPlan compile(const PlanSource& source, const std::vector<std::string>& overrides = {},
                       const PlanInputs& inputs = {});
  CompiledPlan compile_file(const std::filesystem::path& file, const std::vector<std::string>& overrides = {},
                            const PlanInputs& inputs = {});

  // Throws Error (Plan) for what is wrong with the text by itself.
  PlanFamily read_family(const PlanSource& source, const std::vector<std::string>& overrides = {});

  // Throws Error; nothing is left behind then.
  Session spawn(const CompiledPlan& plan, const SpawnOptions& options = {});
  // The plan that `family` is with `inputs`. Unlike compile(), this does not look for a program that PATH does not
  // hold: the session fails then, as a job of a batch does (verdict IE).
  Session spawn(const PlanFamily& family, const PlanInputs& inputs, const SpawnOptions& options = {});

  // Readable (POLLIN) when dispatch() has something to do; stays the same. For a loop of the caller's own, which must
  // take all events after each dispatch() before it polls again. Borrowed.
  [[nodiscard]] int descriptor() const noexcept;

  // Does what is due, after waiting for it no longer than `timeout` (none: as long as it takes). Does not wait where
  // there are events to be taken. An Error out of here is the engine's end, not a session's.
  void dispatch(std::optional<std::chrono::milliseconds> timeout = std::nullopt);

  // The oldest event that has not been taken; none where there is none. Never waits.
  std::optional<Event> next_event();

 private:
  std::shared_ptr<State> state_;
};

// The library's, as "0.1.0".
std::string_view version() noexcept;

}  // namespace evalrun
