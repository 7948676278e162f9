#include "runtime/isolate/command_line.h"

#include <getopt.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

#include "runtime/isolate/failure.h"

namespace evalrun::isolate {
namespace {

enum Code {
  kInit = 256,
  kRun,
  kCleanup,
  kVersion,
  kPrintGroupRoot,
  kCheckConfig,
  kGroups,
  kGroupMemory,
  kGroupTiming,
  kShareNet,
  kInheritFds,
  kStderrToStdout,
  kTtyHack,
  kCore,
  kSpecialFiles,
  kWait,
  kAsUid,
  kAsGid,
  kSyscalls,
  kHelp,
};

constexpr const char* kShort = "b:c:d:DeE:f:i:k:m:M:n:o:p::q:r:st:vw:x:";

const option kLong[] = {{"as-gid", required_argument, nullptr, kAsGid},
                        {"as-uid", required_argument, nullptr, kAsUid},
                        {"box-id", required_argument, nullptr, 'b'},
                        {"cg", no_argument, nullptr, kGroups},
                        {"cg-mem", required_argument, nullptr, kGroupMemory},
                        {"cg-timing", no_argument, nullptr, kGroupTiming},
                        {"chdir", required_argument, nullptr, 'c'},
                        {"check-config", no_argument, nullptr, kCheckConfig},
                        {"cleanup", no_argument, nullptr, kCleanup},
                        {"core", required_argument, nullptr, kCore},
                        {"dir", required_argument, nullptr, 'd'},
                        {"env", required_argument, nullptr, 'E'},
                        {"extra-time", required_argument, nullptr, 'x'},
                        {"fsize", required_argument, nullptr, 'f'},
                        {"full-env", no_argument, nullptr, 'e'},
                        {"help", no_argument, nullptr, kHelp},
                        {"inherit-fds", no_argument, nullptr, kInheritFds},
                        {"init", no_argument, nullptr, kInit},
                        {"mem", required_argument, nullptr, 'm'},
                        {"meta", required_argument, nullptr, 'M'},
                        {"no-cg-timing", no_argument, nullptr, kGroupTiming},
                        {"no-default-dirs", no_argument, nullptr, 'D'},
                        {"open-files", required_argument, nullptr, 'n'},
                        {"print-cg-root", no_argument, nullptr, kPrintGroupRoot},
                        {"processes", optional_argument, nullptr, 'p'},
                        {"quota", required_argument, nullptr, 'q'},
                        {"run", no_argument, nullptr, kRun},
                        {"share-net", no_argument, nullptr, kShareNet},
                        {"silent", no_argument, nullptr, 's'},
                        {"special-files", no_argument, nullptr, kSpecialFiles},
                        {"stack", required_argument, nullptr, 'k'},
                        {"stderr", required_argument, nullptr, 'r'},
                        {"stderr-to-stdout", no_argument, nullptr, kStderrToStdout},
                        {"stdin", required_argument, nullptr, 'i'},
                        {"stdout", required_argument, nullptr, 'o'},
                        {"syscalls", required_argument, nullptr, kSyscalls},
                        {"time", required_argument, nullptr, 't'},
                        {"tty-hack", no_argument, nullptr, kTtyHack},
                        {"verbose", no_argument, nullptr, 'v'},
                        {"version", no_argument, nullptr, kVersion},
                        {"wait", no_argument, nullptr, kWait},
                        {"wall-time", required_argument, nullptr, 'w'},
                        {nullptr, 0, nullptr, 0}};

unsigned number_of(const char* text) {
  char* end = nullptr;
  errno = 0;
  const unsigned long number = std::strtoul(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0') throw WrongUsage(std::string("Invalid numeric parameter: ") + text);
  if (number > INT_MAX) throw WrongUsage(std::string("Numeric parameter out of range: ") + text);
  return static_cast<unsigned>(number);
}

// Seconds with a fraction, as milliseconds; isolate reads what is no number as 0.
unsigned milliseconds_of(const char* text) {
  const double milliseconds = 1000 * std::strtod(text, nullptr);
  return milliseconds >= 1 && milliseconds < INT_MAX ? static_cast<unsigned>(milliseconds) : 0;
}

std::pair<unsigned, unsigned> quota_of(const std::string& text) {
  const std::size_t comma = text.find(',');
  if (comma == std::string::npos) throw WrongUsage("Invalid quota specified: " + text);
  return {number_of(text.substr(0, comma).c_str()), number_of(text.substr(comma + 1).c_str())};
}

// What restrictions are lifted by a bit that is missing: keyctl, AF_VSOCK, locks and leases, io_uring, other ABIs.
void check_syscalls(unsigned flags) {
  if ((flags & 31U) != 31U) {
    throw Fatal("Cannot lift restrictions of system calls (--syscalls): no sandbox of evalrun does");
  }
}

void check_core(unsigned size) {
  if (size != 0) throw Fatal("Cannot write core files (--core): no sandbox of evalrun does");
}

class Parser {
 public:
  Parser(int argc, char** argv) : argc_(argc), argv_(argv) {}

  // Takes the next option; false at the end.
  bool step(CommandLine& into);
  void finish(CommandLine& into) const;

 private:
  void set_command(CommandLine& into, Command command);

  int argc_;
  char** argv_;
  bool has_command_ = false, needs_groups_ = false;
};

void Parser::set_command(CommandLine& into, Command command) {
  if (has_command_ && into.command != command) throw WrongUsage("Only one command is allowed.");
  has_command_ = true;
  into.command = command;
}

bool Parser::step(CommandLine& into) {
  opterr = 1;  // getopt itself tells of unknown options
  const int code = ::getopt_long(argc_, argv_, kShort, kLong, nullptr);
  switch (code) {
    case -1: return false;
    case 'b': into.box_id = number_of(optarg); break;
    case 'c': into.chdir = optarg; break;
    case 'd': into.folders.add(optarg); break;
    case 'D': into.folders.leave_defaults_out(); break;
    case 'e': into.environment.inherit_all(); break;
    case 'E': into.environment.add(optarg); break;
    case 'f': into.file_size = number_of(optarg); break;
    case 'i': into.stdin_file = optarg; break;
    case 'k': into.stack = number_of(optarg); break;
    case 'm': into.address_space = number_of(optarg); break;
    case 'M': into.meta = optarg; break;
    case 'n': into.open_files = number_of(optarg); break;
    case 'o': into.stdout_file = optarg; break;
    case 'p': into.processes = optarg == nullptr ? 0 : number_of(optarg); break;
    case 'q': into.quota = quota_of(optarg); break;
    case 'r':
      into.stderr_file = optarg;
      into.stderr_to_stdout = false;
      break;
    case 's': into.silent = true; break;
    case 't': into.time = milliseconds_of(optarg); break;
    case 'v': ++into.verbosity; break;
    case 'w': into.wall_time = milliseconds_of(optarg); break;
    case 'x': into.extra_time = milliseconds_of(optarg); break;
    case kInit: set_command(into, Command::Init); break;
    case kRun: set_command(into, Command::Run); break;
    case kCleanup: set_command(into, Command::Cleanup); break;
    case kVersion: set_command(into, Command::Version); break;
    case kPrintGroupRoot: set_command(into, Command::PrintGroupRoot); break;
    case kCheckConfig: set_command(into, Command::CheckConfig); break;
    case kHelp: set_command(into, Command::Help); break;
    case kGroups: into.with_groups = true; break;
    case kGroupMemory:
      into.group_memory = number_of(optarg);
      needs_groups_ = true;
      break;
    case kGroupTiming: break;  // of isolate 1: CPU time is that of all processes with and without groups
    case kShareNet: throw Fatal("Cannot share the network (--share-net): no sandbox of evalrun does");
    case kInheritFds:
      throw Fatal("Cannot inherit descriptors (--inherit-fds): a program holds its three streams alone");
    case kTtyHack: throw Fatal("Cannot give a terminal (--tty-hack): no sandbox of evalrun does");
    case kStderrToStdout:
      into.stderr_file.clear();
      into.stderr_to_stdout = true;
      break;
    case kCore: check_core(number_of(optarg)); break;
    case kSpecialFiles: into.keeps_special_files = true; break;
    case kWait: into.waits = true; break;
    case kAsUid: into.as_uid = number_of(optarg); break;
    case kAsGid: into.as_gid = number_of(optarg); break;
    case kSyscalls: check_syscalls(number_of(optarg)); break;
    default:
      has_command_ = true;
      into.command = Command::Help;
      return false;
  }
  return true;
}

void Parser::finish(CommandLine& into) const {
  if (!has_command_) throw WrongUsage("Please specify an isolate command (e.g. --init, --run).");
  if (into.command == Command::Help || into.command == Command::Version || into.command == Command::CheckConfig) return;
  if (needs_groups_ && !into.with_groups && into.command != Command::PrintGroupRoot) {
    throw WrongUsage("Options related to control groups require --cg to be set.");
  }
  into.argv.assign(argv_ + optind, argv_ + argc_);
  switch (into.command) {
    case Command::Init:
      if (!into.argv.empty()) throw WrongUsage("--init mode takes no parameters");
      break;
    case Command::Run:
      if (into.argv.empty()) throw WrongUsage("--run mode requires a command to run");
      break;
    case Command::Cleanup:
      if (!into.argv.empty()) throw WrongUsage("--cleanup mode takes no parameters");
      break;
    case Command::Version:
    case Command::PrintGroupRoot:
    case Command::CheckConfig:
    case Command::Help: break;
  }
}

}  // namespace

CommandLine parse_command_line(int argc, char** argv, const std::function<void(const std::string&)>& open_meta) {
  CommandLine line;
  Parser parser(argc, argv);
  for (std::string meta; parser.step(line);) {
    if (line.meta != meta) open_meta(meta = line.meta);
  }
  parser.finish(line);
  return line;
}

std::string help_text() {
  return R"(Usage: evalrun-isolate [OPTIONS] COMMAND

isolate's command line, with evalrun's sandbox (docs/isolate.md says what differs).

Commands:
    --init                Make a box, or empty the one that is there; prints its folder
    --run -- CMD [ARG...] Run a program in the box
    --cleanup             Remove the box
    --check-config        Read the configuration file and exit
    --print-cg-root       Print cg_root of the configuration
    --version             Print the version

Options:
-b, --box-id=ID           Which box (0)
-M, --meta=FILE           Write what happened to FILE as name:value lines
-i, --stdin=FILE          Files of the sandbox that the program's streams
-o, --stdout=FILE         are; without them, the caller's streams
-r, --stderr=FILE
    --stderr-to-stdout    Standard error goes where standard output goes
-c, --chdir=FOLDER        Where the program starts (/box)
-t, --time=S              CPU time in seconds, with fractions
-x, --extra-time=S        The program is not ended before it has used this CPU time
-w, --wall-time=S         Elapsed time
-m, --mem=KIB             Address space of each process
-k, --stack=KIB           Stack
-f, --fsize=KIB           Size of a file that is written
-n, --open-files=N        Descriptors (1024; 0: as many as the caller may have)
-p, --processes[=N]       Processes and threads (1; without N: any number)
-q, --quota=BLOCKS,INODES Disk quota of the box, at --init
-E, --env=NAME[=VALUE]    Inherit, set or, with an empty VALUE, remove a variable
-e, --full-env            Inherit all variables
-d, --dir=IN[=OUT][:OPT]  Show OUT as IN; rw, noexec, maybe, tmp, fs, norec
-D, --no-default-dirs     Without the default folders
    --cg                  With a control group, at --init, --run and --cleanup
    --cg-mem=KIB          Memory of all processes together
    --special-files       Keep links and other special files that the program leaves
-s, --silent              Print no status
-v, --verbose             Tell what is done
    --wait                Wait for a box that is in use
    --as-uid=UID, --as-gid=GID  For whom root makes the box
)";
}

}  // namespace evalrun::isolate
