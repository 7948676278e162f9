#include "runtime/snapshot/recording.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "rootfs/view.h"
#include "runtime/core/error.h"
#include "runtime/core/small_file.h"
#include "runtime/core/text.h"
#include "runtime/core/write_all.h"
#include "runtime/sandbox/messages.h"
#include "runtime/sandbox/spawn.h"
#include "runtime/snapshot/call_answerer.h"
#include "runtime/snapshot/file_builder.h"
#include "runtime/snapshot/key.h"
#include "runtime/snapshot/recorder.h"
#include "runtime/snapshot/snapshot_error.h"

namespace evalrun::snapshot {
namespace {

namespace fs = std::filesystem;
using sandbox::ChildRecord;

constexpr char kMountFolder[] = "/.snapshot";
constexpr mode_t kMode = 0555;

// The kernel puts the path of what it executes on the stack, under all else: paths of one length, stacks of one shape.
// Slashes count for nothing.
struct Paths {
  std::string program, snapshot;
};

Paths paths_of(const std::string& program) {
  const std::size_t slash = program.rfind('/');
  std::string folder = program.substr(0, slash);
  std::string mount = kMountFolder;
  const std::size_t length = std::max(folder.size(), mount.size());
  folder.resize(length, '/');
  mount.resize(length, '/');
  return {folder + program.substr(slash), mount + program.substr(slash)};
}

// With an empty file where the script will be.
Plan plan_of_recording(const Plan& plan) {
  Plan recording = plan;
  recording.job.files = {{.path = script_of(plan), .source = std::string(), .mode = 0644, .position = {}}};
  recording.job.input = InputNull{};
  recording.kind.collect.clear();
  return recording;
}

// A file of the store, under a name that is given up again where it does not become a snapshot.
class NewSnapshotFile {
 public:
  NewSnapshotFile(const fs::path& folder, const std::string& name)
      : path_(folder / name), file_(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {
    if (!file_) throw SystemError("create", path_.string());
  }
  ~NewSnapshotFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  NewSnapshotFile(const NewSnapshotFile&) = delete;
  NewSnapshotFile& operator=(const NewSnapshotFile&) = delete;

  // It may be executed from here on, and by nobody be written to who does not own it.
  void write(const std::string& bytes) {
    write_all(file_.get(), bytes, path_.string());
    if (::fchmod(file_.get(), kMode) != 0) throw SystemError("fchmod", path_.string());
  }
  void patch(const Patch& patch) {
    const ssize_t count =
        ::pwrite(file_.get(), patch.bytes.data(), patch.bytes.size(), static_cast<off_t>(patch.offset));
    if (count != static_cast<ssize_t>(patch.bytes.size())) throw SystemError("write", path_.string());
  }
  // What is open for writing cannot be executed.
  void close() { file_.reset(); }
  void reopen() {
    ::chmod(path_.c_str(), 0755);
    file_ = Fd(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
    if (!file_) throw SystemError("open", path_.string());
  }
  void publish(const fs::path& as) {
    if (::fchmod(file_.get(), kMode) != 0) throw SystemError("chmod", path_.string());
    file_.reset();
    if (::rename(path_.c_str(), as.c_str()) != 0) throw SystemError("rename", path_.string());
    path_.clear();
  }
  [[nodiscard]] const fs::path& path() const noexcept { return path_; }

 private:
  fs::path path_;
  Fd file_;
};

// One sandbox with the interpreter in it, and the ends of its streams.
class SandboxedStart {
 public:
  SandboxedStart(const sandbox::CompiledPlan& plan, const host::HostFacts& host)
      : plan_(plan),
        input_(make_pipe(Blocking::Yes, Blocking::Yes)),
        output_(make_pipe(Blocking::No, Blocking::Yes)),
        sandbox_(sandbox::EmptySandbox(host), plan,
                 {.input = std::move(input_.read_end), .output = std::move(output_.write_end), .error_output = {}},
                 {}) {
    if (plan.child().has_listener) take_listener();
  }

  // Waits until the restorer has said `expected`, and nothing of the set-up is left to be heard of.
  void await(ChildRecord::Kind expected) {
    std::optional<ChildRecord> last;
    for (std::optional<ChildRecord> record = next_record(); record; record = next_record()) last = record;
    if (last && last->kind == expected) return;
    std::string why = "the sandbox was not set up";
    if (last && last->step.failed()) {
      why = std::string(name_of(last->step.operation)) + " " + plan_.describe_subject(last->step) + ": " +
            errno_text(last->step.error);
    }
    throw SnapshotError(last && last->kind == ChildRecord::Kind::NotRestored ? "it cannot be put back: " + why : why);
  }

  // The one process inside but init.
  [[nodiscard]] pid_t target() const {
    const std::string init = std::to_string(sandbox_.init_pid());
    const std::string children = read_small_file("/proc/" + init + "/task/" + init + "/children");
    const std::optional<std::uint64_t> pid = leading_number(children);
    if (!pid) throw SnapshotError("its process cannot be found");
    return static_cast<pid_t>(*pid);
  }

  // The one byte that the restorer waits for.
  void let_go() {
    if (::write(input_.write_end.get(), "\n", 1) != 1) throw SystemError("write", "the recorder's byte");
    input_.write_end.reset();
  }

 private:
  // It comes while the set-up goes on; a set-up that fails before says so by its report.
  void take_listener() {
    pollfd words{sandbox_.control().get(), POLLIN, 0};
    if (::poll(&words, 1, -1) < 0) throw SystemError("poll", "init's words");
    sandbox::InitRecord record{};
    int descriptor = -1;
    std::size_t count = 0;
    sandbox::receive_message(sandbox_.control().get(), &record, sizeof record, {&descriptor, 1}, &count);
    Fd listener(descriptor);
    if (record.kind == sandbox::InitRecord::Kind::Listener && listener) answerer_.emplace(std::move(listener));
  }

  std::optional<ChildRecord> next_record() {
    pollfd report{sandbox_.report().get(), POLLIN, 0};
    if (::poll(&report, 1, -1) < 0 && errno != EINTR) throw SystemError("poll", "the set-up's words");
    ChildRecord record{};
    const ssize_t count = ::read(sandbox_.report().get(), &record, sizeof record);
    return count == sizeof record ? std::optional(record) : std::nullopt;
  }

  const sandbox::CompiledPlan& plan_;
  Pipe input_, output_;
  std::optional<CallAnswerer> answerer_;  // ends after the sandbox
  sandbox::Sandbox sandbox_;
};

void expect_streams_alone(pid_t pid) {
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    const std::string name = entry.path().filename().string();
    if (name != "0" && name != "1" && name != "2") {
      std::error_code ignored;
      throw SnapshotError("it has opened " + printable(fs::read_symlink(entry.path(), ignored).string()));
    }
  }
}

std::vector<FileIdentity> identities_of(const MemoryImage& memory, const rootfs::View& view) {
  std::vector<FileIdentity> identities;
  for (std::size_t i = 0; i < memory.files.size(); ++i) {
    const std::string& name = memory.files[i];
    const rootfs::Look look = view.look(name);
    const std::optional<std::string> host = look.is_there() ? view.host_path(look.path) : std::nullopt;
    const std::optional<FileIdentity> identity = host ? look_at(*host) : std::nullopt;
    if (!identity || identity->inode != memory.inodes[i]) {
      throw SnapshotError("it has mapped " + printable(name) + ", which no mount of the plan shows");
    }
    identities.push_back(*identity);
  }
  return identities;
}

// What the recording finds out.
struct Findings {
  FileParts parts;
  Bytes at_end;  // memory that was its own
};

Findings follow(const sandbox::CompiledPlan& plan, const host::HostFacts& host, const Paths& paths) {
  SandboxedStart stage(plan, host);
  stage.await(ChildRecord::Kind::WaitsForRecorder);
  Recorder recorder(stage.target(), plan.plan().kind.cwd);
  stage.let_go();
  Findings found;
  found.parts.program = paths.program;
  found.parts.personality = plan.child().fixed_addresses ? 0x0040000 : 0;
  found.parts.standing = recorder.follow(plan.plan().kind.snapshot);
  expect_streams_alone(recorder.pid());
  const Standing& standing = found.parts.standing;
  found.parts.memory = read_memory(recorder.pid(), standing.stack_pointer, standing.heap_begin, standing.heap_end);
  found.parts.identities = identities_of(found.parts.memory, rootfs::View(plan.layout(), plan.plan().kind.cwd));
  found.at_end = recorder.let_it_end();
  return found;
}

// The same with the snapshot, once: what comes of it, no job pays for.
Bytes try_once(const sandbox::CompiledPlan& plan, const host::HostFacts& host) {
  SandboxedStart stage(plan, host);
  stage.await(ChildRecord::Kind::Restored);
  Recorder recorder(stage.target(), plan.plan().kind.cwd);
  stage.let_go();
  return recorder.let_it_end();
}

std::string find_program(const Plan& plan, const rootfs::View& view) {
  for (std::string& candidate : sandbox::program_candidates(plan)) {
    if (!view.look(candidate).is_there()) continue;
    if (!candidate.starts_with('/')) break;
    return std::move(candidate);
  }
  throw SnapshotError("its program " + printable(plan.job.argv.front()) + " has no absolute path");
}

}  // namespace

Recorded record(const Plan& plan, const host::HostFacts& host, const fs::path& folder, const std::string& name) {
  const Plan empty = plan_of_recording(plan);
  const Paths paths = paths_of(find_program(empty, rootfs::View(rootfs::make_layout(empty), empty.kind.cwd)));
  const auto compile_with = [&](const fs::path& file) {
    auto start = std::make_shared<sandbox::SnapshotStart>();
    start->file = file;
    start->path = paths.snapshot;
    return sandbox::compile(empty, host, {.carried = {}, .snapshot = std::move(start)});
  };

  NewSnapshotFile waiting(folder, name + ".waiting");
  waiting.write(build_waiting_file(paths.program));
  waiting.close();
  const auto compiled = compile_with(waiting.path());
  Findings found = follow(*compiled, host, paths);

  Recorded recorded;
  recorded.looked_at = seen_on_host(rootfs::View(compiled->layout(), empty.kind.cwd), found.parts.standing.looked_at);
  recorded.start.file = folder / name;
  recorded.start.path = paths.snapshot;
  recorded.start.argv = plan.job.argv;
  recorded.start.env = plan.job.env;
  recorded.start.cpu = found.parts.standing.cpu;

  NewSnapshotFile file(folder, name + ".part");
  file.write(build_file(std::move(found.parts), Pause::BeforeLeaving));
  file.close();
  const Bytes at_end = try_once(*compile_with(file.path()), host);
  recorded.start.share = Bytes{found.at_end.count - std::min(found.at_end.count, at_end.count)};
  file.reopen();
  file.patch(without_pause());
  file.publish(folder / name);
  return recorded;
}

}  // namespace evalrun::snapshot
