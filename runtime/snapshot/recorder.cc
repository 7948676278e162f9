#include "runtime/snapshot/recorder.h"

#include <asm/prctl.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "lockdown/seccomp.h"
#include "runtime/core/error.h"
#include "runtime/core/small_file.h"
#include "runtime/core/sys.h"
#include "runtime/core/text.h"
#include "runtime/snapshot/registers.h"
#include "runtime/snapshot/restorer_image.h"
#include "runtime/snapshot/snapshot_error.h"

namespace evalrun::snapshot {
namespace {

constexpr char kWorkspace[] = "/work";
constexpr std::size_t kLongestPath = 4096;
constexpr unsigned long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL |
                                   PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
constexpr int kCallStop = SIGTRAP | 0x80;

constexpr int event_of(int status) noexcept {
  return status >> 16;
}

long traced(int request, pid_t pid, std::uint64_t address, void* data, const char* what) {
  const long result = ::ptrace(static_cast<__ptrace_request>(request), pid, address, data);
  if (result < 0) throw SystemError("ptrace", what);
  return result;
}

// The field after the command's name, counted from 3 as in proc(5).
std::uint64_t stat_field(pid_t pid, unsigned field) {
  const std::string text = read_small_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = text.rfind(") ");
  if (name_end == std::string::npos) throw SnapshotError("it has ended");
  std::string_view rest = std::string_view(text).substr(name_end + 2);
  for (unsigned i = 3; i < field; ++i) take_until(rest, ' ');
  return leading_number(rest).value_or(0);
}

constexpr unsigned kStartOfHeap = 47;
constexpr unsigned kArgumentsBegin = 48;
constexpr unsigned kEnvironmentEnd = 51;

}  // namespace

Recorder::Recorder(pid_t pid, std::string cwd) : pid_(pid), cwd_(std::move(cwd)) {
  traced(PTRACE_SEIZE, pid_, 0, in_their_memory(kOptions), "seize an interpreter");
}

Recorder::~Recorder() {
  if (has_ended_) return;
  ::kill(pid_, SIGKILL);
  await_end();
}

// Any stop on the way to its end is passed.
void Recorder::await_end() noexcept {
  for (;;) {
    int status = 0;
    const pid_t waited = ::waitpid(pid_, &status, __WALL);
    if (waited < 0 && errno == EINTR) continue;
    if (waited < 0 || WIFEXITED(status) || WIFSIGNALED(status)) break;
    ::ptrace(PTRACE_CONT, pid_, nullptr, nullptr);
  }
  has_ended_ = true;
}

int Recorder::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, __WALL) < 0) {
    if (errno != EINTR) throw SystemError("waitpid", "an interpreter");
  }
  has_ended_ = WIFEXITED(status) || WIFSIGNALED(status);
  is_stopped_ = !has_ended_;
  if (WIFEXITED(status)) throw SnapshotError("it exited with " + std::to_string(WEXITSTATUS(status)));
  if (WIFSIGNALED(status)) throw SnapshotError("it was ended by signal " + std::to_string(WTERMSIG(status)));
  return status;
}

void Recorder::resume(int request) {
  is_stopped_ = false;
  traced(request, pid_, 0, nullptr, "go on");
}

Recorder::Call Recorder::entered_call() const {
  __ptrace_syscall_info info{};
  traced(PTRACE_GET_SYSCALL_INFO, pid_, sizeof info, &info, "read a call");
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY) throw SnapshotError("its calls cannot be followed");
  Call call;
  call.number = info.entry.nr;
  std::copy(std::begin(info.entry.args), std::end(info.entry.args), call.arguments.begin());
  return call;
}

std::int64_t Recorder::result_of_call() const {
  __ptrace_syscall_info info{};
  traced(PTRACE_GET_SYSCALL_INFO, pid_, sizeof info, &info, "read a call's result");
  return info.op == PTRACE_SYSCALL_INFO_EXIT ? info.exit.rval : -EINVAL;
}

void Recorder::read(std::uint64_t address, void* to, std::size_t size) const {
  const iovec here{to, size};
  const iovec there{in_their_memory(address), size};
  if (::process_vm_readv(pid_, &here, 1, &there, 1, 0) != static_cast<ssize_t>(size)) {
    throw SystemError("process_vm_readv", "an interpreter");
  }
}

std::string Recorder::text_at(std::uint64_t address) const {
  std::string text;
  while (text.size() < kLongestPath) {
    // No further than the page: the next one need not be there.
    char part[256];
    const std::size_t size = std::min<std::size_t>(sizeof part, kPage - address % kPage);
    read(address, part, size);
    const std::size_t length = ::strnlen(part, size);
    text.append(part, length);
    if (length < size) return text;
    address += size;
  }
  throw SnapshotError("it looks at a path without end");
}

Duration Recorder::cpu() const {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void Recorder::begin(Standing& standing) {
  while (event_of(wait()) != PTRACE_EVENT_EXEC) resume(PTRACE_CONT);
  standing.words.stack_pointer = stack_pointer_of(pid_);
  standing.words.begin = stat_field(pid_, kArgumentsBegin);
  standing.words.size = stat_field(pid_, kEnvironmentEnd) - standing.words.begin;
  standing.word_bytes.resize(standing.words.size);
  read(standing.words.begin, standing.word_bytes.data(), standing.words.size);
  standing.cpu = cpu();
  resume(PTRACE_SYSCALL);
  wait();  // execve returns
}

bool Recorder::looks_at_workspace(const Call& call, Standing& standing) const {
  const PathPlace place = path_place_of(call.number);
  const std::string name = text_at(call.arguments[place.path]);
  if (name.empty()) return false;  // the descriptor itself
  const bool is_in_folder = place.folder && static_cast<int>(call.arguments[*place.folder]) != AT_FDCWD;
  if (!name.starts_with('/') && is_in_folder) {
    throw SnapshotError("it looks at " + printable(name) + " in a folder that it has opened");
  }
  const std::string path = (std::filesystem::path(cwd_) / name).lexically_normal().string();
  const bool is_workspace = path == kWorkspace || path == std::string(kWorkspace) + "/";
  if (is_workspace) return opens(call.number);  // what it is called is no secret; what is in it may be
  if (path.starts_with(std::string(kWorkspace) + "/")) return true;
  standing.looked_at.insert(path);
  return false;
}

void Recorder::note(const Call& call, Standing& standing) {
  const CallArguments& arguments = call.arguments;
  ThreadState& thread = standing.thread;
  switch (effect_of(call.number, arguments)) {
    case Effect::SetsPointer:
      (arguments[0] == ARCH_SET_FS ? thread.thread_pointer : thread.second_pointer) = arguments[1];
      break;
    case Effect::SetsTid: thread.tid_address = arguments[0]; break;
    case Effect::SetsRobust:
      thread.robust_list = arguments[0];
      thread.robust_list_size = arguments[1];
      break;
    case Effect::SetsRseq:
      thread.rseq = arguments[0];
      thread.rseq_size = arguments[1];
      thread.rseq_flags = arguments[2];
      thread.rseq_signature = arguments[3];
      break;
    case Effect::SetsAction:
      if (arguments[1] != 0) read(arguments[1], &actions_[arguments[0]], sizeof(KernelAction));
      break;
    case Effect::SetsAltStack:
      if (arguments[0] != 0) {
        read(arguments[0], alt_stack_, sizeof alt_stack_);
        has_alt_stack_ = true;
      }
      break;
    case Effect::Memory:
    case Effect::Descriptor:
    case Effect::Attempts:
    case Effect::Looks:
    case Effect::Strange: break;
  }
}

void Recorder::finish(const Call& call, Standing& standing) {
  for (const auto& [signal, action] : actions_) {
    if (action.handler != reinterpret_cast<std::uint64_t>(SIG_DFL)) standing.actions.push_back({signal, action});
  }
  standing.heap_begin = stat_field(pid_, kStartOfHeap);
  standing.stack_pointer = stack_pointer_of(pid_);
  standing.frame = frame_of(pid_, call.number, has_alt_stack_ ? alt_stack_ : nullptr);
  standing.cpu = cpu() - standing.cpu;
}

// What leaves nothing behind but what is noted.
void Recorder::pass(const Call& call, Standing& standing) {
  if (effect_of(call.number, call.arguments) == Effect::Strange)
    throw SnapshotError("it calls " + lockdown::name_of_call(static_cast<int>(call.number)));
  resume(PTRACE_SYSCALL);
  const int left = wait();
  if (WSTOPSIG(left) != kCallStop) throw SnapshotError("it is sent a signal");
  const std::int64_t result = result_of_call();
  const bool was_to_fail = effect_of(call.number, call.arguments) == Effect::Attempts;
  if (result >= 0 && was_to_fail)
    throw SnapshotError("it calls " + lockdown::name_of_call(static_cast<int>(call.number)));
  if (result >= 0 && opens_to_write(call.number, call.arguments)) throw SnapshotError("it opens a file to write to it");
  if (result >= 0) note(call, standing);
  if (call.number == SYS_brk) standing.heap_end = static_cast<std::uint64_t>(result);
}

Recorder::Call Recorder::go_on(Until until, Standing& standing) {
  for (;;) {
    resume(PTRACE_SYSCALL);
    const int status = wait();
    const bool is_return = event_of(status) == 0 && WSTOPSIG(status) == SIGSEGV && until == Until::Return &&
                           instruction_pointer_of(pid_) == hook_return_address();
    if (is_return) return {};
    if (WSTOPSIG(status) != kCallStop) throw SnapshotError("it starts threads or children, or is sent a signal");
    const Call call = entered_call();
    if (effect_of(call.number, call.arguments) == Effect::Looks && looks_at_workspace(call, standing)) {
      if (until == Until::Workspace) return call;
      throw SnapshotError("what it loads looks at the workspace");
    }
    const bool speaks = call.number == SYS_lseek && static_cast<int>(call.arguments[0]) == -1;
    const std::optional<Word> word = speaks ? word_of(call.arguments[2]) : std::nullopt;
    if (word && until == Until::Place) {
      if (*word == Word::Place) return call;
      hear(*word, call.arguments[1], standing);
    }
    pass(call, standing);
  }
}

Standing Recorder::follow(const SnapshotUse& use) {
  Standing standing;
  use_ = &use;
  begin(standing);
  Call call = go_on(Until::Workspace, standing);
  if (use.hook == InterpreterHook::Python) call = prepare(call, standing);
  finish(call, standing);
  return standing;
}

Bytes Recorder::let_it_end() {
  if (interrupted_) go_back_from_hook();
  if (is_stopped_) resume(PTRACE_CONT);
  for (;;) {
    const int status = wait();
    if (event_of(status) == PTRACE_EVENT_EXIT) break;
    const bool is_signal = event_of(status) == 0 && WSTOPSIG(status) != SIGTRAP;
    if (is_signal) throw SnapshotError("it is sent signal " + std::to_string(WSTOPSIG(status)));
    resume(PTRACE_CONT);
  }
  unsigned long code = 0;
  traced(PTRACE_GETEVENTMSG, pid_, 0, &code, "read how it ends");
  const std::string status = read_small_file("/proc/" + std::to_string(pid_) + "/status");
  const std::size_t at = status.find("RssAnon:");
  std::string_view held =
      at == std::string::npos ? std::string_view() : std::string_view(status).substr(at + sizeof "RssAnon:" - 1);
  held.remove_prefix(std::min(held.find_first_not_of(" \t"), held.size()));
  resume(PTRACE_CONT);
  await_end();
  if (code != 0) throw SnapshotError("without a program it ends with status " + std::to_string(code >> 8));
  return Bytes{leading_number(held).value_or(0) * 1024};
}

}  // namespace evalrun::snapshot
