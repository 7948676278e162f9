#include "runtime/isolate/run.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "runtime/core/text.h"
#include "runtime/isolate/failure.h"
#include "runtime/isolate/vetting.h"
#include "runtime/library/evalrun.hh"

namespace evalrun::isolate {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// What a plan takes where isolate has no limit.
constexpr const char* kNoTime = "24h";
constexpr const char* kNoSize = "1TiB";
constexpr unsigned kNoProcesses = 32'768;
constexpr unsigned kMostFiles = 1'048'576;

constexpr int kNotFound = 127;

std::string in_milliseconds(unsigned time) {
  return time == 0 ? kNoTime : std::to_string(time) + "ms";
}

std::string in_kib(unsigned size) {
  return size == 0 ? kNoSize : std::to_string(size) + "KiB";
}

// isolate passes the word to execve, which looks for a name without a slash where the program starts, not in PATH.
std::string program_of(const std::string& word) {
  return word.find('/') == std::string::npos ? "./" + word : word;
}

unsigned open_files_of(const CommandLine& line) {
  if (line.open_files != 0) return std::max(line.open_files, 3U);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<unsigned>(std::clamp<rlim_t>(limit.rlim_cur, 3, kMostFiles));
}

std::string cpus_of(const Config& config, unsigned box) {
  const auto found = config.cpus.find(box);
  return found == config.cpus.end() ? "\"any\"" : json(found->second).dump();
}

fs::path outside_path(const DirRule& rule, const Box& box) {
  return rule.outside.starts_with("/") ? fs::path(rule.outside) : (box.folder() / rule.outside).lexically_normal();
}

// The default folders that Debian's packages fill.
bool is_of_the_system(const DirRule& rule) {
  return rule.is_default && rule.kind == DirKind::Bind && rule.outside.starts_with("/");
}

// Every sandbox has this one anew.
bool is_memory_of_run(const DirRule& rule) {
  return rule.inside == "dev/shm";
}

// Where the program starts: --chdir is relative to /box.
std::string start_of(const CommandLine& line) {
  return line.chdir.empty() ? "/box" : (fs::path("/box") / line.chdir).lexically_normal().string();
}

bool shows_proc(const CommandLine& line) {
  return std::ranges::any_of(line.folders.rules(), [](const DirRule& rule) { return rule.kind == DirKind::Proc; });
}

// ---- The program's streams ------------------------------------------------------------------------------------------

// Acts on files as the box's own user while it lives; root alone can.
class FileUser {
 public:
  explicit FileUser(Owner owner) {
    if (::geteuid() != 0) return;
    ::setfsgid(owner.gid);
    ::setfsuid(owner.uid);
  }
  ~FileUser() {
    if (::geteuid() != 0) return;
    ::setfsuid(0);
    ::setfsgid(0);
  }
  FileUser(const FileUser&) = delete;
  FileUser& operator=(const FileUser&) = delete;
};

bool is_harmless_device(const std::string& name) {
  return name == "null" || name == "zero" || name == "full" || name == "random" || name == "urandom";
}

// Opens what the sandbox will show as `path`, as its user would, and by no link that leads out of the folder it is in.
Fd open_inside(const CommandLine& line, const Box& box, const std::string& path, int flags) {
  const std::string inside = (fs::path("/box") / path).lexically_normal().string();
  const DirRule* within = nullptr;
  const std::vector<DirRule> rules = line.folders.rules();
  for (const DirRule& rule : rules) {
    if (!inside.starts_with("/" + rule.inside + "/")) continue;
    if (within == nullptr || rule.inside.size() > within->inside.size()) within = &rule;
  }
  const auto fail = [&](int error) { throw Fatal("open(\"" + path + "\")", error); };
  if (within == nullptr) fail(ENOENT);
  const std::string below = inside.substr(within->inside.size() + 2);
  fs::path folder;
  switch (within->kind) {
    case DirKind::Bind:
    case DirKind::Tmp: folder = outside_path(*within, box); break;
    case DirKind::Devices:
      if (!is_harmless_device(below)) fail(ENOENT);
      folder = "/dev";
      break;
    case DirKind::Proc:
    case DirKind::Tmpfs:
    case DirKind::Nothing: fail(EACCES);
  }
  if (!within->may_write && within->kind != DirKind::Devices && (flags & O_ACCMODE) != O_RDONLY) fail(EROFS);
  const Fd at(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!at) fail(errno);
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC | O_NOCTTY);
  how.mode = (flags & O_CREAT) != 0 ? 0666 : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  Fd file;
  int error = 0;
  {
    const FileUser user(box.inside_owner());
    file = Fd(static_cast<int>(::syscall(SYS_openat2, at.get(), below.c_str(), &how, sizeof how)));
    error = errno;
  }
  if (!file) fail(error);
  return file;
}

// Files of the sandbox in the places of this process's own streams, from where the plan's "inherit" takes them.
class Streams {
 public:
  Streams(const CommandLine& line, const Box& box) : told_(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)) {
    constexpr int kWrite = O_WRONLY | O_CREAT | O_TRUNC;
    if (!line.stdin_file.empty()) place(open_inside(line, box, line.stdin_file, O_RDONLY), STDIN_FILENO);
    if (!line.stdout_file.empty()) place(open_inside(line, box, line.stdout_file, kWrite), STDOUT_FILENO);
    if (!line.stderr_file.empty()) place(open_inside(line, box, line.stderr_file, kWrite), STDERR_FILENO);
  }
  ~Streams() {
    if (told_) ::dup2(told_.get(), STDERR_FILENO);
  }
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

 private:
  static void place(const Fd& file, int at) {
    if (::dup2(file.get(), at) < 0) throw Fatal("dup2", errno);
  }

  Fd told_;  // where this command's own messages go
};

// Signals that end the run are read from a descriptor.
class EndSignals {
 public:
  EndSignals() {
    sigset_t ending;
    ::sigemptyset(&ending);
    for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2}) ::sigaddset(&ending, signal);
    ::sigprocmask(SIG_BLOCK, &ending, &before_);
    descriptor_ = Fd(::signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!descriptor_) throw Fatal("signalfd", errno);
  }
  ~EndSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;

  [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }
  // 0: none.
  [[nodiscard]] int take() const noexcept {
    signalfd_siginfo info{};
    return ::read(descriptor_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
  }

 private:
  sigset_t before_{};
  Fd descriptor_;
};

// ---- What it came to ------------------------------------------------------------------------------------------------

RunEnd failed_with_code(int code) {
  RunEnd end;
  end.exit_code = code;
  if (code != 0) {
    end.status = "RE";
    end.message = "Exited with error status " + std::to_string(code);
  }
  return end;
}

RunEnd ended_by_signal(int signal) {
  RunEnd end;
  end.signal = signal;
  end.status = "SG";
  end.message = "Caught fatal signal " + std::to_string(signal);
  return end;
}

RunEnd out_of_time(const char* which) {
  RunEnd end;
  end.status = "TO";
  end.message = std::string("Time limit exceeded") + which;
  return end;
}

RunEnd ended_by_limit(const Result& result, const json& outcome) {
  switch (result.limit().value_or(Limit::Wall)) {
    case Limit::Cpu: {
      RunEnd end = out_of_time("");
      end.was_killed = true;
      return end;
    }
    case Limit::Wall: {
      RunEnd end = out_of_time(" (wall clock)");
      end.was_killed = true;
      return end;
    }
    case Limit::Memory: {  // as the kernel's out-of-memory killer does it
      RunEnd end = ended_by_signal(SIGKILL);
      end.ran_out_of_memory = true;
      return end;
    }
    case Limit::FileSize:
    case Limit::OutputSize: return ended_by_signal(SIGXFSZ);
    case Limit::AddressSpace:
    case Limit::Idle:
    case Limit::Processes:
    case Limit::OpenFiles:
    case Limit::Stack:
    case Limit::Workspace:
    case Limit::Inodes: break;
  }
  // A limit that the program met and then ended by itself.
  if (outcome.contains("signal")) return ended_by_signal(outcome.at("signal").get<int>());
  return failed_with_code(outcome.value("exit_code", 1));
}

// Told where the program would have told it.
RunEnd not_executed(const std::string& program, int error) {
  const std::string text = "execve(\"" + program + "\"): " + std::strerror(error) + "\n";
  static_cast<void>(::write(STDERR_FILENO, text.data(), text.size()) == 0);
  return failed_with_code(kNotFound);
}

int error_of(const json& outcome) {
  const auto named = outcome.find("errno");
  const std::string name = named != outcome.end() && named->is_string() ? named->get<std::string>() : "";
  for (int error = 1; error < 134; ++error) {
    const char* known = ::strerrorname_np(error);
    if (known != nullptr && name == known) return error;
  }
  return ENOEXEC;
}

RunEnd end_of(const CommandLine& line, const Result& result, const json& report, int interrupted_by) {
  const json& outcome = report.at("outcome");
  switch (result.outcome()) {
    case OutcomeKind::Exited: return failed_with_code(result.exit_code().value_or(0));
    case OutcomeKind::Signaled: return ended_by_signal(result.signal().value_or(0));
    case OutcomeKind::Limit: return ended_by_limit(result, outcome);
    case OutcomeKind::Violation: return ended_by_signal(SIGSYS);
    case OutcomeKind::NotStarted: return not_executed(line.argv[0], error_of(outcome));
    case OutcomeKind::SandboxError:
    case OutcomeKind::Cancelled: break;
  }
  if (interrupted_by != 0) {
    RunEnd end = ended_by_signal(interrupted_by);
    end.message = "Interrupted";
    end.was_killed = true;
    return end;
  }
  if (outcome.value("stage", "") == "exec") return not_executed(line.argv[0], error_of(outcome));
  if (outcome.value("operation", "") == "chdir") throw Fatal("chdir", error_of(outcome));
  throw Fatal(result.message());
}

Figures figures_of(const Result& result, const json& report) {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  Figures figures;
  figures.time = static_cast<std::uint64_t>(duration_cast<milliseconds>(result.cpu()).count());
  figures.wall = static_cast<std::uint64_t>(duration_cast<milliseconds>(result.wall()).count());
  figures.memory = result.memory_peak() / 1024;
  if (const auto switches = report.find("context_switches"); switches != report.end()) {
    figures.voluntary = switches->value("voluntary", std::uint64_t{0});
    figures.forced = switches->value("involuntary", std::uint64_t{0});
  }
  return figures;
}

// A program that ended by itself has used more than it might all the same.
void judge_times(const CommandLine& line, RunEnd& end) {
  if (end.was_killed) return;
  const Figures figures = end.figures;
  const bool is_cpu = line.time != 0 && figures.time > line.time;
  const bool is_wall = line.wall_time != 0 && figures.wall > line.wall_time;
  if (!is_cpu && !is_wall) return;
  const bool ran_out_of_memory = end.ran_out_of_memory;
  end = out_of_time(is_cpu ? "" : " (wall clock)");
  end.figures = figures;
  end.ran_out_of_memory = ran_out_of_memory;
}

}  // namespace

std::string image_of(const CommandLine& line, const Box& box) {
  std::string text = "name = \"image\"\ndescription = \"What a box shows\"\n";
  const auto mount = [&](const DirRule& rule, const std::string& source) {
    text += "[[mount]]\n" + source + "\nat = " + toml_string("/" + rule.inside) +
            "\nexec = " + (rule.may_execute ? "true" : "false") + "\n";
  };
  for (const DirRule& rule : line.folders.rules()) {
    switch (rule.kind) {
      case DirKind::Bind:
      case DirKind::Tmp: {
        const fs::path source = outside_path(rule, box);
        if (rule.may_be_missing && !fs::is_directory(source)) break;
        if (rule.kind == DirKind::Tmp) {
          if (is_memory_of_run(rule)) break;
          box.make_temporary(rule.outside);
        } else if (!fs::exists(source)) {
          throw Fatal("Cannot mount " + rule.outside + " on " + rule.inside, ENOENT);
        }
        if (!is_of_the_system(rule) && vet_folder(source, rule.outside, rule.inside) == Vetted::InPart &&
            !line.silent) {
          std::fprintf(stderr, "%s: only the first %u names were looked at for sockets and devices\n",
                       one_line(rule.outside).c_str(), kMostNames);
        }
        if (rule.inside.starts_with("dev/") || rule.inside.starts_with("proc/")) {
          throw Fatal("Cannot mount " + rule.outside + " on " + rule.inside + ": evalrun makes that folder itself");
        }
        mount(rule, "bind = " + toml_string(source.string()) + "\nwrite = " + (rule.may_write ? "true" : "false"));
        break;
      }
      case DirKind::Tmpfs:
        if (!is_memory_of_run(rule)) mount(rule, "tmpfs = \"64MiB\"");
        break;
      case DirKind::Proc:
        if (rule.inside != "proc") throw Fatal("Cannot mount proc on " + rule.inside + ": it is shown in /proc alone");
        break;
      case DirKind::Devices:
      case DirKind::Nothing: break;
    }
  }
  return text;
}

std::string plan_of(const CommandLine& line, const Config& config, const fs::path& image) {
  std::vector<std::string> argv = line.argv;
  argv[0] = program_of(argv[0]);
  std::string words;
  for (const std::string& word : argv) words += (words.empty() ? "" : ", ") + toml_string(word);
  std::string text = "image = " + toml_string(image.string()) + "\nargv = [" + words +
                     "]\ncwd = " + toml_string(start_of(line)) +
                     "\nstdin = \"inherit\"\nstdout = \"inherit\"\nstderr = " +
                     (line.stderr_to_stdout ? "\"stdout\"" : "\"inherit\"") + "\n[env]\n";
  for (const auto& [name, value] : line.environment.apply(environ)) {
    text += toml_string(name) + " = " + toml_string(value) + "\n";
  }
  text += "[limits]\ncpu = \"" + in_milliseconds(line.time == 0 ? 0 : std::max(line.time, line.extra_time)) +
          "\"\nwall = \"" + in_milliseconds(line.wall_time) + "\"\nmemory = \"" + in_kib(line.group_memory) +
          "\"\nfile_size = \"" + in_kib(line.file_size) + "\"\noutput = { stdout = \"" +
          in_kib(line.stdout_file.empty() ? 0 : line.file_size) + "\", stderr = \"" +
          in_kib(line.stderr_file.empty() ? 0 : line.file_size) + "\" }\nstack = \"" +
          (line.stack == 0 ? "unlimited" : in_kib(line.stack)) +
          "\"\nprocesses = " + std::to_string(line.processes == 0 ? kNoProcesses : line.processes) +
          "\nopen_files = " + std::to_string(open_files_of(line)) + "\ncpus = " + cpus_of(config, line.box_id) + "\n";
  if (line.address_space != 0) text += "address_space = \"" + in_kib(line.address_space) + "\"\n";
  text += "[seccomp]\nprofile = \"compatible\"\n[proc]\nview = \"" + std::string(shows_proc(line) ? "full" : "none") +
          "\"\n[require]\n";
  for (const std::string& layer : config.accept_missing) text += layer + " = \"if-available\"\n";
  return text;
}

RunEnd run_in_box(const CommandLine& line, const Config& config, const Box& box) {
  const std::vector<DirRule> rules = line.folders.rules();
  if (std::ranges::find(rules, "box", &DirRule::inside) == rules.end()) {
    throw Fatal("Cannot change current directory", ENOENT);
  }
  const std::string image = image_of(line, box);
  const std::string plan = plan_of(line, config, box.write_image(image));
  if (line.verbosity > 1) std::fputs((image + plan).c_str(), stderr);
  const EndSignals signals;
  const Streams streams(line, box);
  EngineOptions options;
  options.haste = Haste::NearLimits;
  options.first_session = FirstSession::PreparedWhileCompiling;
  if (::geteuid() == 0) options.outside_uid = box.inside_owner().uid;
  int interrupted_by = 0;
  try {
    Engine engine(std::move(options));
    Session session = [&] {
      const CompiledPlan compiled = engine.compile({.text = plan, .name = "box", .file = "the box"});
      return engine.spawn(compiled, {.output_events = OutputEvents::None, .host_streams = HostStreams::Shared});
    }();
    while (!session.finished()) {
      pollfd ready[] = {{engine.descriptor(), POLLIN, 0}, {signals.descriptor(), POLLIN, 0}};
      ::poll(ready, 2, -1);
      if (const int signal = signals.take(); signal != 0) {
        interrupted_by = signal;
        session.interrupt(signal);
      }
      engine.dispatch(std::chrono::milliseconds(0));
      while (engine.next_event()) {
      }
    }
    const json report = json::parse(session.result().json());
    RunEnd end = end_of(line, session.result(), report, interrupted_by);
    end.figures = figures_of(session.result(), report);
    judge_times(line, end);
    return end;
  } catch (const Error& error) {
    // The look for the program in the mounts, before anything runs.
    if (error.kind() == ErrorKind::Plan && error.details().key == "argv") return not_executed(line.argv[0], ENOENT);
    throw Fatal(error.what());
  }
}

}  // namespace evalrun::isolate
