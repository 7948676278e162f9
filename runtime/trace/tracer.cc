#include "runtime/trace/tracer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <vector>

#include "lockdown/seccomp.h"
#include "runtime/core/error.h"
#include "runtime/core/sys.h"
#include "runtime/mediate/violations.h"
#include "runtime/trace/call_paths.h"

namespace evalrun::trace {
namespace {

constexpr long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                          PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;

long ask(int request, pid_t pid, std::uint64_t address, std::uint64_t data) {
  return ::ptrace(static_cast<__ptrace_request>(request), pid, address, data);
}

std::string link_text(pid_t pid, const std::string& name) {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/" + name, error).string();
}

// The file that is mapped; "" where it is none.
std::string file_mapped(pid_t pid, const lockdown::CallArguments& arguments) {
  if ((arguments[3] & MAP_ANONYMOUS) != 0) return "";
  return link_text(pid, "fd/" + std::to_string(static_cast<int>(arguments[4])));
}

// A socket's address, where the call has one.
std::vector<std::byte> address_of(pid_t pid, const std::string& call, const lockdown::CallArguments& arguments) {
  if (call != "bind" && call != "connect") return {};
  std::vector<std::byte> bytes(std::min<std::uint64_t>(arguments[2], sizeof(sockaddr_storage)));
  iovec ours{bytes.data(), bytes.size()};
  iovec theirs{in_their_memory(arguments[1]), bytes.size()};
  const ssize_t size = ::process_vm_readv(pid, &ours, 1, &theirs, 1, 0);
  bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return bytes;
}

// The path of a Unix socket's address; "" of any other.
std::string path_in(const std::vector<std::byte>& address) {
  sockaddr_un unix_address{};
  std::memcpy(&unix_address, address.data(), std::min(address.size(), sizeof unix_address));
  if (address.size() <= offsetof(sockaddr_un, sun_path) || unix_address.sun_family != AF_UNIX) return "";
  const std::string_view path(unix_address.sun_path, address.size() - offsetof(sockaddr_un, sun_path));
  return std::string(path.substr(0, path.find('\0')));
}

// As seen in the sandbox: the kernel shows the folders of another root by their place below it.
std::string path_of(pid_t pid, const std::string& call, const lockdown::CallArguments& arguments) {
  if (const std::string path = path_in(address_of(pid, call, arguments)); !path.empty()) {
    return (std::filesystem::path(link_text(pid, "cwd")) / path).lexically_normal().string();
  }
  if (call == "mmap") return file_mapped(pid, arguments);
  const std::optional<PathArgument> where = path_argument(call);
  if (!where) return "";
  const auto text = mediate::read_text(pid, arguments.at(static_cast<std::size_t>(where->path)));
  if (!text || text->empty()) return "";
  if (text->front() == '/') return std::filesystem::path(*text).lexically_normal().string();
  const int folder =
      where->folder < 0 ? AT_FDCWD : static_cast<int>(arguments.at(static_cast<std::size_t>(where->folder)));
  const std::string base = link_text(pid, folder == AT_FDCWD ? "cwd" : "fd/" + std::to_string(folder));
  return (std::filesystem::path(base) / *text).lexically_normal().string();
}

}  // namespace

Tracer::Tracer(loop::EventLoop& loop, Handler on_call) : loop_(loop), on_call_(std::move(on_call)) {
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &children, &before_);
  signals_ = Fd(::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) throw SystemError("signalfd", "SIGCHLD");
  loop_.watch(signals_.get(), loop::Interest::Read, loop_.caller(), [this] { on_signal(); });
}

Tracer::~Tracer() {
  loop_.forget(signals_.get());
  for (const auto& [pid, call] : tracees_) {
    ::kill(pid, SIGKILL);
    for (int status = 0; ::waitpid(pid, &status, __WALL) == pid && !WIFEXITED(status) && !WIFSIGNALED(status);) {
    }
  }
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

void Tracer::follow(const seccomp_notif& notification) {
  const auto pid = static_cast<pid_t>(notification.pid);
  if (tracees_.contains(pid)) return;
  if (ask(PTRACE_SEIZE, pid, 0, kOptions) != 0 || ask(PTRACE_INTERRUPT, pid, 0, 0) != 0) {
    if (errno == ESRCH) return;
    throw SystemError("ptrace(PTRACE_SEIZE)", "process " + std::to_string(pid));
  }
  tracees_[pid] = {};
}

void Tracer::on_signal() {
  signalfd_siginfo info[8];
  while (::read(signals_.get(), info, sizeof info) > 0) {
  }
  // Until a whole round finds nothing: a stop may have made new tracees known.
  for (bool found = true; found;) {
    found = false;
    std::vector<pid_t> pids;
    for (const auto& [pid, call] : tracees_) pids.push_back(pid);
    for (const pid_t pid : pids) found = look_at(pid) || found;
  }
}

bool Tracer::look_at(pid_t pid) {
  int status = 0;
  const pid_t changed = ::waitpid(pid, &status, WNOHANG | __WALL);
  if (changed == 0) return false;
  if (changed < 0 || WIFEXITED(status) || WIFSIGNALED(status)) {
    tracees_.erase(pid);
    return true;
  }
  on_stop(pid, status);
  return true;
}

void Tracer::on_stop(pid_t pid, int status) {
  const int signal = WSTOPSIG(status);
  const int event = status >> 16;
  if (event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK) {
    unsigned long child = 0;
    if (ask(PTRACE_GETEVENTMSG, pid, 0, reinterpret_cast<std::uint64_t>(&child)) == 0) {
      tracees_.try_emplace(static_cast<pid_t>(child));
    }
  }
  if (signal == (SIGTRAP | 0x80)) on_call_stop(pid);
  const bool group_stop = event == PTRACE_EVENT_STOP && signal != SIGTRAP;
  if (group_stop) {
    ask(PTRACE_LISTEN, pid, 0, 0);
    return;
  }
  const bool is_signal = event == 0 && signal != (SIGTRAP | 0x80);
  ask(PTRACE_SYSCALL, pid, 0, is_signal ? static_cast<std::uint64_t>(signal) : 0);
}

void Tracer::on_call_stop(pid_t pid) {
  __ptrace_syscall_info info{};
  if (ask(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, reinterpret_cast<std::uint64_t>(&info)) <= 0) return;
  ObservedCall& call = tracees_[pid];
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
    seccomp_notif as_notified{};
    as_notified.pid = static_cast<std::uint32_t>(pid);
    as_notified.data.nr = static_cast<int>(info.entry.nr);
    std::copy(std::begin(info.entry.args), std::end(info.entry.args), as_notified.data.args);
    const mediate::RecordedViolation told = mediate::describe_violation(as_notified);
    call = {.pid = pid, .process = told.process, .number = as_notified.data.nr};
    std::copy(std::begin(info.entry.args), std::end(info.entry.args), call.arguments.begin());
    call.decoded = told.decoded;
    call.path = path_of(pid, told.call, call.arguments);
    call.address = address_of(pid, told.call, call.arguments);
    return;
  }
  if (info.op != PTRACE_SYSCALL_INFO_EXIT || call.number < 0) return;
  // Above the errnos that programs see: the kernel's own way to restart a call.
  call.error = info.exit.is_error != 0 && info.exit.rval > -512 ? static_cast<int>(-info.exit.rval) : 0;
  on_call_(call);
  call = {};
}

}  // namespace evalrun::trace
