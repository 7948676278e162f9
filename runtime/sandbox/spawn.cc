#include "runtime/sandbox/spawn.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "runtime/core/error.h"
#include "runtime/core/sys.h"
#include "runtime/sandbox/delivery.h"

namespace evalrun::sandbox {
namespace {

// Of what is read whole.
constexpr std::size_t kLargestFile = std::size_t{16} << 20;

std::string read_file(const WorkFile& file) {
  const rootfs::OpenedFile opened = rootfs::open_host_file(file);
  // It was small when it was looked at for being told.
  if (opened.size > kLargestFile) {
    throw PlanError(file.position, "files", "a file that is told to a prepared run has grown past 16 MiB");
  }
  std::string content(opened.size, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t count = ::read(opened.descriptor.get(), content.data() + size, content.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const std::string path = std::get<std::filesystem::path>(file.source).string();
      throw PlanError(file.position, "files", "read " + path + ": " + errno_text(errno));
    }
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  content.resize(size);
  return content;
}

void write_file(const char* stage, const std::string& path, const std::string& text) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) throw HostError(stage, "open", path, errno);
  ssize_t count = -1;
  do {
    count = ::write(file.get(), text.data(), text.size());
  } while (count < 0 && errno == EINTR);
  if (count != static_cast<ssize_t>(text.size())) {
    throw HostError(stage, "write", path, errno);
  }
}

}  // namespace

void write_id_map(pid_t pid, const host::Identity& identity) {
  const std::string folder = "/proc/" + std::to_string(pid);
  const auto line = [](unsigned outside) { return std::to_string(kInsideId) + " " + std::to_string(outside) + " 1\n"; };
  // The kernel's condition for a map without CAP_SETGID (user_namespaces(7)); with it the child drops its groups
  // instead.
  if (identity.is_own) write_file("id map", folder + "/setgroups", "deny");
  write_file("id map", folder + "/gid_map", line(identity.gid));
  write_file("id map", folder + "/uid_map", line(identity.uid));
}

void write_oom_score(pid_t pid, const Plan& plan) {
  if (!plan.kind.oom_score_adj) return;
  write_file("oom score", "/proc/" + std::to_string(pid) + "/oom_score_adj", std::to_string(*plan.kind.oom_score_adj));
}

EmptySandbox::EmptySandbox(const host::HostFacts& host, int clone_into, Cloner* cloner) {
  DirectCloner direct;
  Cloner& by = cloner == nullptr ? direct : *cloner;
  base_ = std::make_shared<SandboxBase>(host::lease_identity(host.is_root, host.identities), by.make_arena());
  const ChildEnds ends = make_ends(control_, report_);
  process_.emplace(
      by.clone({.walker = Walker::Init, .into = CLONE_NEWUSER | CLONE_NEWPID, .namespaces = namespaces_of(host)}, ends,
               clone_into, base_->arena));
  base_->arena.keep_from_further_children();
  write_id_map(process_->pid(), base_->identity);
}

EmptySandbox::EmptySandbox(std::shared_ptr<SandboxBase> base, Fd control, Fd report, PendingClone& pending) noexcept
    : base_(std::move(base)), report_(std::move(report)), control_(std::move(control)), pending_(&pending) {}

EmptySandbox::EmptySandbox(EmptySandbox&& other) noexcept
    : base_(std::move(other.base_)),
      report_(std::move(other.report_)),
      control_(std::move(other.control_)),
      pending_(std::exchange(other.pending_, nullptr)),
      process_(std::move(other.process_)) {}

EmptySandbox::~EmptySandbox() {
  try {
    await_clone();
  } catch (...) {
    // It never came to be, or it died with the exception.
  }
}

void EmptySandbox::await_clone() {
  if (PendingClone* const pending = std::exchange(pending_, nullptr)) process_.emplace(pending->take());
}

Sandbox::Sandbox(EmptySandbox empty, const CompiledPlan& plan, Streams streams, std::span<const int> task_files,
                 Start start)
    : empty_(std::move(empty)) {
  // One that waits takes no core from those that run, and says by its first message who it is.
  if (start == Start::AtOnce) {
    cores_ = host::lease_cores(plan.plan());
  } else {
    const int on = 1;
    if (::setsockopt(control().get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
      throw SystemError("setsockopt", "SO_PASSCRED");
    }
  }
  // /dev/stdout and its like open the pipes by name, with the run's own identity.
  if (!identity().is_own) {
    for (const Fd* stream : {&streams.input, &streams.output, &streams.error_output}) {
      if (*stream && ::fchown(stream->get(), identity().uid, identity().gid) != 0)
        throw SystemError("fchown", "stream");
    }
  }
  // One that is still being cloned has the score of its cell's keeper.
  if (empty_.process_) write_oom_score(init_pid(), plan.plan());
  SandboxBase& base = *empty_.base_;
  delivery_ = deliver(base.common_of == &plan ? *base.common : plan.child(),
                      {.streams = {streams.input.get(), streams.output.get(),
                                   streams.error_output ? streams.error_output.get() : streams.output.get()},
                       .task_files = task_files,
                       .cores = cores_.numbers,
                       .drop_groups = !identity().is_own,
                       .plan_is_there = base.common_of == &plan,
                       .waits_for_job = start == Start::WhenTold},
                      base.arena, control().get());
  // What whoever clones has done meanwhile.
  empty_.await_clone();
}

void Sandbox::take_job(const Plan& plan, StartsFrom from) {
  std::vector<std::string> contents;
  contents.reserve(plan.job.files.size());
  std::vector<JobParts::File> files;
  for (const WorkFile& file : plan.job.files) {
    const auto* text = std::get_if<std::string>(&file.source);
    if (text == nullptr) text = &contents.emplace_back(read_file(file));
    files.push_back({file.path, *text, file.mode});
  }
  const bool from_snapshot = from == StartsFrom::Snapshot;
  put_job({program_candidates(plan), plan.job.argv, environment_of(plan), files, from_snapshot}, empty_.base_->arena,
          *delivery_);
}

void Sandbox::start(const Plan& plan, pid_t target) {
  if (target > 0) {
    cores_ = host::lease_cores(plan);
    const std::vector<unsigned long> mask = affinity_mask(cores_.numbers);
    // A target that has gone is reported by its init.
    if (!mask.empty() && sys(SYS_sched_setaffinity, target, mask.size() * sizeof mask[0], mask.data()) == -EPERM) {
      throw HostError("process", "sched_setaffinity", std::to_string(target), EPERM);
    }
  }
  let_go(*delivery_);
}

void Sandbox::ask_to_end() noexcept {
  empty_.process_->signal(SIGTERM);
}

void Sandbox::kill() noexcept {
  empty_.process_->signal(SIGKILL);
}

void Sandbox::reap() noexcept {
  empty_.process_->reap();
}

}  // namespace evalrun::sandbox
