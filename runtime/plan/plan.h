// Plan: everything a run is, as values with their defaults: its kind, its job, and where both come from. Task: what a
// plan file asks for, which may be several runs. Nothing here touches the host; reader/parse.h makes a Task from TOML,
// reader/keys.h is the one table of its keys, sandbox/compile.h turns a Plan into something that can be spawned.
//
// A Task out of parse_task() is valid in itself: types, units, ranges and combinations have been checked. What only the
// host can tell (a bind source that does not exist, a layer the kernel lacks) is found by compile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/core/error.h"
#include "runtime/core/units.h"
#include "runtime/plan/capability.h"
#include "runtime/plan/checker.h"
#include "runtime/plan/snapshot.h"
#include "runtime/plan/tests.h"
#include "runtime/problem/convention.h"
#include "runtime/problem/scoring.h"

namespace evalrun {

// Where standard input comes from.
struct InputNull {
  friend bool operator==(const InputNull&, const InputNull&) = default;
};
struct InputInherit {
  friend bool operator==(const InputInherit&, const InputInherit&) = default;
};
struct InputFile {
  friend bool operator==(const InputFile&, const InputFile&) = default;
  std::filesystem::path path;  // absolute
};
struct InputText {
  friend bool operator==(const InputText&, const InputText&) = default;
  std::string text;
};
using Input = std::variant<InputNull, InputInherit, InputFile, InputText>;

// Where a stream of the program goes. All are counted and limited alike.
struct OutputCapture {
  friend bool operator==(const OutputCapture&, const OutputCapture&) = default;
  std::optional<Bytes> most = {};  // what is kept; none: all that the limits allow
};
struct OutputNull {
  friend bool operator==(const OutputNull&, const OutputNull&) = default;
};
struct OutputInherit {
  friend bool operator==(const OutputInherit&, const OutputInherit&) = default;
};
struct OutputFile {
  friend bool operator==(const OutputFile&, const OutputFile&) = default;
  std::filesystem::path path;  // absolute; created or truncated, on the host, by evalrun
};
struct OutputToStdout {
  friend bool operator==(const OutputToStdout&, const OutputToStdout&) = default;
};  // standard error only
using Output = std::variant<OutputCapture, OutputNull, OutputInherit, OutputFile, OutputToStdout>;

// One file placed in /work before the run.
struct WorkFile {
  friend bool operator==(const WorkFile&, const WorkFile&) = default;
  std::string path;                                         // relative to /work, normalised, no ".."
  std::variant<std::filesystem::path, std::string> source;  // a file of the host (absolute) | text
  std::uint32_t mode = 0644;                                // permission bits only
  SourcePosition position;
};

// What is copied out of /work after the run: one regular file as it is, or all that a pattern matches as a tar.
enum class CollectAs { File, Tar };
struct CollectFile {
  friend bool operator==(const CollectFile&, const CollectFile&) = default;
  std::string path;  // relative to /work, normalised, no ".."; of a tar also a pattern, or "."
  CollectAs as = CollectAs::File;
  Bytes max = Bytes{16ULL << 20};  // a larger file is an error of this file, not of the run
  bool optional = false;
  SourcePosition position;
};

// The relative path that it is saved under: of a tar PATH.tar, "work.tar" for all.
std::string saved_name(const CollectFile& file);

// "auto": one core that no other run holds. "any": not pinned. Count: that many free cores. List: exactly these.
struct CpusAuto {
  friend bool operator==(const CpusAuto&, const CpusAuto&) = default;
};
struct CpusAny {
  friend bool operator==(const CpusAny&, const CpusAny&) = default;
};
struct CpusCount {
  friend bool operator==(const CpusCount&, const CpusCount&) = default;
  unsigned count;
};
struct CpusList {
  friend bool operator==(const CpusList&, const CpusList&) = default;
  std::vector<unsigned> cores;  // sorted, no duplicates
};
using Cpus = std::variant<CpusAuto, CpusAny, CpusCount, CpusList>;

struct OutputLimit {
  friend bool operator==(const OutputLimit&, const OutputLimit&) = default;
  std::optional<Bytes> both = Bytes{16ULL << 20};  // standard output and standard error together
  std::optional<Bytes> standard_output;
  std::optional<Bytes> standard_error;
};

// What happens to a run that writes more than limits.output: it is stopped (OLE), or goes on while the rest is thrown
// away.
enum class OutputAction { Stop, Truncate };

// As RLIM_INFINITY.
inline constexpr Bytes kUnlimited{~std::uint64_t{0}};

struct Limits {
  friend bool operator==(const Limits&, const Limits&) = default;
  Duration cpu = std::chrono::seconds(2);
  std::optional<Duration> cpu_hard;  // above `cpu`: a run that has passed `cpu` is stopped only here
  std::optional<double> cpu_rate;    // CPU seconds a second, of all processes together
  Duration wall = std::chrono::seconds(10);
  std::optional<Duration> idle;
  Bytes memory = 256_MiB;
  std::optional<Bytes> address_space;
  Bytes stack = 64_MiB;     // kUnlimited: as large as `memory` lets it be
  unsigned processes = 32;  // processes and threads of the program
  unsigned open_files = 256;
  Bytes file_size = 64_MiB;
  OutputLimit output;
  OutputAction output_action = OutputAction::Stop;
  Bytes workspace = 64_MiB;  // /work, /tmp and /dev/shm together
  unsigned inodes = 16384;   // the same
  Cpus cpus = CpusAuto{};
};

// The first step of a submission that must be compiled: a program of its own, in a sandbox of its own. What it leaves
// in /work is what the run finds there.
struct CompileStep {
  friend bool operator==(const CompileStep&, const CompileStep&) = default;
  std::vector<std::string> argv;  // never empty in a plan out of parse_task(); the image's line already filled in
  Limits limits = compile_limits();

  // A compiler's, which are wider than a small program's.
  static Limits compile_limits();
};

// The programs of the jury that judge a case, by their places in Task::jury. All must accept.
struct JudgedByPrograms {
  friend bool operator==(const JudgedByPrograms&, const JudgedByPrograms&) = default;
  std::vector<std::size_t> programs;
};
using Judging = std::variant<Checker, JudgedByPrograms>;

// What the programs that judge a case look at. For the source nothing is run.
enum class JudgedPart { ItsOutput, ItsSource };

// A submission's files, for programs of the jury that look at its source.
struct HandedIn {
  friend bool operator==(const HandedIn&, const HandedIn&) = default;
  std::string language;     // its code, "python3"
  std::string entry_point;  // the file that it begins in, or its main class
  std::vector<WorkFile> files;
};

// Whether what a case's run wrote, and where it differs from what is expected, may stand in a result.
enum class Disclosure { Shown, Secret };

// One run of the graded program, and what it must write on standard output or into a file.
struct Case {
  friend bool operator==(const Case&, const Case&) = default;
  std::string name;  // unique; its number, from 1 on, where the plan gives none
  Input input = InputNull{};
  std::variant<std::filesystem::path, std::string> expected;  // a file of the host (absolute) | text
  std::string output_file;      // relative to /work: what is judged in place of standard output; "": that
  std::vector<WorkFile> files;  // beside the plan's, or in place of those of the same path
  Disclosure disclosure = Disclosure::Shown;
  unsigned points = 1;
  std::string group;  // the points of a group count only where all its cases are accepted; "": each case by itself
  Limits limits;      // the plan's, with the case's own over them
  // Of CPU time, where limits.cpu lies above it, so that it is known by how much it was passed.
  std::optional<Duration> time_limit;
  std::vector<std::string> argv;   // where its limits make another one of the run line than the plan has; else empty
  std::vector<std::string> args;   // the program's, after its argv
  std::optional<Judging> judging;  // in place of the task's `checker` or `judged_by`
  JudgedPart judged_part = JudgedPart::ItsOutput;
  std::vector<std::string> judging_args;  // of the programs that judge it
  double own_points = 0;                  // what problem::OwnPoints gives; plans say `points`
  std::string key;                        // cases of equal keys need one run; "": it has its own
  SourcePosition position;
};

// What becomes of the steps that follow one which fails.
enum class OnFailure { Stop, GoOn };

// One of several runs in one workspace, one after another. What it does not say itself is the plan's.
struct PlanStep {
  friend bool operator==(const PlanStep&, const PlanStep&) = default;
  std::string name;               // unique; its number, from 1 on, where the plan gives none
  std::vector<std::string> argv;  // never empty in a plan out of parse_task()
  Input input = InputNull{};
  std::vector<WorkFile> files;  // placed before it, beside what /work holds or in place of files of the same path
  Limits limits;                // the plan's, with the step's own over them
  OnFailure on_failure = OnFailure::Stop;
  SourcePosition position;
};

enum class Access { ReadOnly, ReadWrite };
enum class Execution { Denied, Allowed };

struct Mount {
  friend bool operator==(const Mount&, const Mount&) = default;
  struct Bind {
    friend bool operator==(const Bind&, const Bind&) = default;
    std::filesystem::path source;  // absolute, of the host
  };
  struct Tmpfs {
    friend bool operator==(const Tmpfs&, const Tmpfs&) = default;
    Bytes size;
  };
  std::variant<Bind, Tmpfs> what;
  std::string at;                    // absolute, normalised, in the sandbox
  Access access = Access::ReadOnly;  // always ReadWrite for a tmpfs
  Execution execution = Execution::Denied;
  bool optional = false;  // images only: skipped where the host has no such source
  SourcePosition position;
};

// A symbolic link of the image, such as /bin -> usr/bin.
struct Link {
  friend bool operator==(const Link&, const Link&) = default;
  std::string at;  // absolute, normalised, in the sandbox
  std::string target;
  SourcePosition position;
};

// A file or folder that an image shows at its own place, read-only, where the host has it and nothing else stands
// there.
struct Shown {
  friend bool operator==(const Shown&, const Shown&) = default;
  std::string path;  // absolute, normalised, on the host and in the sandbox
  SourcePosition position;
};

// A path of the sandbox in whose place the program finds an empty folder or file.
struct Hidden {
  friend bool operator==(const Hidden&, const Hidden&) = default;
  std::string path;  // absolute, normalised
  SourcePosition position;
};

enum class NetworkMode { None, Loopback };

struct Network {
  friend bool operator==(const Network&, const Network&) = default;
  NetworkMode mode = NetworkMode::None;
  std::vector<std::uint16_t> bind;     // TCP and UDP ports; only with Loopback
  std::vector<std::uint16_t> connect;  // the same
};

// Absolute paths in the sandbox. A path listed narrows the mount that holds it: of that mount, only the listed paths
// keep the right. An empty list narrows nothing. The paths must exist when the program starts; those of [files] do.
struct LandlockPaths {
  friend bool operator==(const LandlockPaths&, const LandlockPaths&) = default;
  std::vector<std::string> read, write, execute, remove;  // `remove`: the key is "delete", a word of C++
};

enum class SeccompProfile { Strict, Compatible };
// What a call of seccomp.deny does: it fails, or it ends the run as a call does that only exploits need.
enum class DenyAction { Fail, Violation };

struct Seccomp {
  friend bool operator==(const Seccomp&, const Seccomp&) = default;
  SeccompProfile profile = SeccompProfile::Strict;
  std::vector<std::string> allow;  // names of system calls, all known
  std::vector<std::string> deny;
  DenyAction deny_action = DenyAction::Fail;
};

enum class ProcView { None, Pid, Full };

// "yes": without the layer nothing runs. "if-available": the result says "degraded: why".
enum class Need { Yes, IfAvailable };

struct Require {
  friend bool operator==(const Require&, const Require&) = default;
  Need net_ns = Need::Yes;
  Need ipc_ns = Need::Yes;
  Need uts_ns = Need::Yes;
  Need cgroup_ns = Need::Yes;
  Need landlock = Need::Yes;
  Need landlock_net = Need::Yes;
  Need landlock_scopes = Need::Yes;
  Need seccomp = Need::Yes;
  Need cgroup = Need::IfAvailable;
};

struct Profile;  // plan/profile.h

// A profile, and where the plan or its image names it. The position is for messages: the same profile named elsewhere
// is equal.
struct NamedProfile {
  friend bool operator==(const NamedProfile& a, const NamedProfile& b) noexcept { return a.profile == b.profile; }
  const Profile* profile;
  SourcePosition position;
};

// One list of `capabilities`: every word that is not in it is taken away.
struct Narrowing {
  friend bool operator==(const Narrowing&, const Narrowing&) = default;
  struct Word {
    friend bool operator==(const Word&, const Word&) = default;
    Capability word;
    SourcePosition position;
  };
  std::vector<Word> words;
  SourcePosition position;
};

struct Determinism {
  friend bool operator==(const Determinism&, const Determinism&) = default;
  bool aslr = true;
};

// What the runs of one kind have in common. Plans of equal kinds differ only in their jobs, so a run can be prepared
// before its job is known: everything that its sandbox is made of stands here.
struct Kind {
  friend bool operator==(const Kind&, const Kind&) = default;
  std::string image;                // the image's name; empty: none
  std::string workspace = "/work";  // where the program finds the workspace; it stands at /work in any case
  std::string cwd = "/work";
  Output output = OutputCapture{};
  Output error_output = OutputCapture{};
  std::string hostname = "sandbox";
  std::vector<CollectFile> collect;
  Limits limits;
  std::vector<Mount> mounts;  // the image's, then the plan's
  std::vector<Link> links;    // the image's
  std::vector<Shown> shown;   // the image's
  std::vector<Hidden> hidden;
  std::vector<std::string> libraries;  // the image's: paths in the sandbox that stay readable without fs.read
  std::vector<NamedProfile> profiles;  // the image's, then the plan's; never empty in a plan out of parse_task()
  std::vector<Narrowing> narrowings;   // the same
  CapabilitySet capabilities;          // what all of these leave
  Network network;
  LandlockPaths landlock;
  Seccomp seccomp;
  ProcView proc = ProcView::Pid;
  Require require;
  Determinism determinism;
  std::optional<int> oom_score_adj;  // of the run's processes; none: as this process's
  SnapshotUse snapshot;
};

// What differs from run to run of one kind.
struct Job {
  friend bool operator==(const Job&, const Job&) = default;
  std::vector<std::string> argv;  // never empty; the image's run line already filled in
  std::string source;             // what fills "{source}" in the image's run line; relative to /work; may be empty
  std::map<std::string, std::string> env;  // the image's, then the plan's over it
  Input input = InputNull{};
  std::vector<WorkFile> files;
};

// Where a plan comes from: for messages and results. Two plans that differ only here make the same runs.
struct Origin {
  friend bool operator==(const Origin&, const Origin&) = default;
  std::string name;              // the plan file's name without its ending; "stdin" for standard input
  std::string sha256;            // of the plan's text, with --set and a job's keys; lower-case hexadecimal
  std::filesystem::path folder;  // absolute: what relative paths are relative to

  // Where a key was set ("limits.cpu", "argv"); only keys that the plan or its image sets are here.
  std::map<std::string, SourcePosition> positions;
  SourcePosition whole;  // the plan file

  // The position of `key`, or of the plan file as a whole where the key was not set.
  [[nodiscard]] SourcePosition where(const std::string& key) const;
};

// One run of one program.
struct Plan {
  friend bool operator==(const Plan&, const Plan&) = default;
  Kind kind;
  Job job;
  Origin origin;
};

// A program of the jury: a checker, an interactor, a grader of groups. It runs in a sandbox of its own. The case's
// input, the answer and the feedback are in that sandbox alone, never in the submission's.
struct JuryProgram {
  std::string name;  // "output_validators/check"
  problem::Convention convention = problem::Convention::Kattis;
  Plan plan;  // job.argv is the program; the arguments of its convention follow
  std::optional<CompileStep> compile;
  std::vector<std::string> flags;  // after those arguments, before a case's own
  std::string arguments_format;    // DMOJ's, in place of the convention's arguments: "{input_file} {answer_file}"
};

// The program at the other end of the submission's pipes.
struct Interaction {
  friend bool operator==(const Interaction&, const Interaction&) = default;
  std::size_t program = 0;  // in Task::jury
  // Whether the case's judging follows, on what the interactor wrote into its output file; else the interactor decides.
  bool judged_afterwards = false;
};

// What the programs of a jury may write beside accepting or not.
enum class JuryScores { None, MayBeWritten, MustBeWritten };

// What a plan file or a problem package asks for: a run of the plan or several in one workspace, or a submission that
// is compiled first, or run over cases, or both.
struct Task {
  friend bool operator==(const Task&, const Task&) = default;
  Plan plan;  // of the program; a case has its own input and limits
  std::optional<CompileStep> compile;
  std::vector<Case> cases;
  std::vector<PlanStep> steps;  // in place of the plan's one run; never beside cases
  std::string output_file;      // what cases that name none of their own are judged by; "": standard output
  Checker checker;
  std::optional<JudgedByPrograms> judged_by;             // in place of `checker`
  std::vector<std::shared_ptr<const JuryProgram>> jury;  // null: none of the cases needs it
  std::optional<Interaction> interaction;
  std::optional<HandedIn> handed_in;  // where a case is judged by the source
  // Its one case is judged by tests; where they have a sandbox of their own, the examiner is the interactor.
  std::optional<Tests> tests;
  unsigned passes = 1;  // the most that a case has; what asks for the next one is the judging program's nextpass.in
  JuryScores scores = JuryScores::None;
  // [0] is the root; their children's places are those in `cases`. Empty: each case counts by itself, but for the
  // cases of one Case::group.
  std::vector<problem::Group> groups;

  // Whether it is more than one run; then it is graded as a whole.
  [[nodiscard]] bool is_graded() const noexcept { return compile.has_value() || !cases.empty() || !steps.empty(); }
};

// The files of one case: `common`, and `own` beside them or in place of those of the same path.
std::vector<WorkFile> with_files(std::vector<WorkFile> common, const std::vector<WorkFile>& own);

// The plan with an empty job, but for argv: a run must have one.
Plan without_job(const Plan& plan);

}  // namespace evalrun
