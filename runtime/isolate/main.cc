// evalrun-isolate: isolate's command line with evalrun's sandbox. docs/isolate.md says what differs.

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "runtime/core/fd.h"
#include "runtime/core/text.h"
#include "runtime/isolate/box.h"
#include "runtime/isolate/command_line.h"
#include "runtime/isolate/config.h"
#include "runtime/isolate/failure.h"
#include "runtime/isolate/meta.h"
#include "runtime/isolate/run.h"

namespace evalrun::isolate {
namespace {

constexpr int kFailed = 1;  // the program failed, or met a limit
constexpr int kWrong = 2;   // the command line is wrong, or the sandbox failed

// Descriptors 0, 1 and 2 must be taken, or the next one opened would be the program's standard stream.
void hold_standard_descriptors() {
  for (int fd = ::open("/dev/null", O_RDWR); fd >= 0; fd = ::open("/dev/null", O_RDWR)) {
    if (fd > STDERR_FILENO) {
      const Fd surplus(fd);
      return;
    }
  }
}

Owner caller_of(const CommandLine& line) {
  if (!line.as_uid && !line.as_gid) return {::getuid(), ::getgid()};
  if (::getuid() != 0) throw Fatal("You must be root to use --as-uid or --as-gid");
  if (!line.as_uid || !line.as_gid) throw Fatal("--as-uid and --as-gid must be used either both or none");
  return {*line.as_uid, *line.as_gid};
}

// Gives a box back to its caller, whatever happens.
class Lent {
 public:
  Lent(const Box& box, SpecialFiles special) : box_(box), special_(special) { box_.give_to_program(special_); }
  void give_back() {
    is_given_back_ = true;
    box_.give_back(special_);
  }
  ~Lent() {
    if (is_given_back_) return;
    try {
      box_.give_back(special_);
    } catch (const Fatal& error) {
      std::cerr << one_line(error.what()) << "\n";
    }
  }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;

 private:
  const Box& box_;
  SpecialFiles special_;
  bool is_given_back_ = false;
};

int run(const CommandLine& line, const Config& config, Box& box, MetaFile& meta) {
  box.enter();
  Lent lent(box, line.keeps_special_files ? SpecialFiles::Keep : SpecialFiles::Remove);
  const RunEnd end = run_in_box(line, config, box);
  meta.write(end, line.with_groups);
  if (!line.silent) {
    if (end.status.empty()) {
      std::cerr << "OK (" << in_seconds(end.figures.time) << " sec real, " << in_seconds(end.figures.wall)
                << " sec wall)\n";
    } else {
      std::cerr << end.message << "\n";
    }
  }
  lent.give_back();
  return end.status.empty() ? 0 : kFailed;
}

int act(const CommandLine& line, MetaFile& meta) {
  if (line.command == Command::Help) {
    std::cout << help_text();
    return kWrong;
  }
  if (line.command == Command::Version) {
    std::cout << "The process isolator 2.6\nevalrun-isolate " EVALRUN_VERSION "\n";
    return 0;
  }
  const bool is_root = ::geteuid() == 0;
  const Config config = read_config(is_root);
  if (line.command == Command::CheckConfig) return 0;
  if (line.command == Command::PrintGroupRoot) {
    std::cout << config.cg_root << "\n";
    return 0;
  }
  ::umask(022);
  Box box(config, line.box_id, caller_of(line), line.with_groups ? Groups::With : Groups::Without,
          line.waits ? WhenBusy::Wait : WhenBusy::Fail);
  switch (line.command) {
    case Command::Init:
      if (config.restricted_init && ::getuid() != 0) throw Fatal("New sandboxes can be created only by root");
      box.init(line.quota);
      std::cout << box.folder().string() << "\n";
      return 0;
    case Command::Cleanup:
      if (!box.cleanup() && line.verbosity > 0) std::cerr << "Nothing to do -- box did not exist\n";
      return 0;
    case Command::Run: return run(line, config, box, meta);
    case Command::Version:
    case Command::PrintGroupRoot:
    case Command::CheckConfig:
    case Command::Help: break;
  }
  return kWrong;
}

int main(int argc, char** argv) {
  hold_standard_descriptors();
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a caller's limit on files is an error of ours to report, not our end
  MetaFile meta;
  try {
    const CommandLine line = parse_command_line(argc, argv, [&](const std::string& name) { meta.open(name); });
    return act(line, meta);
  } catch (const WrongUsage& error) {
    std::cerr << one_line(error.what()) << "\nTry 'evalrun-isolate --help' for more information.\n";
  } catch (const std::exception& error) {
    meta.write_failure(error.what());
    std::cerr << one_line(error.what()) << "\n";
  }
  return kWrong;
}

}  // namespace
}  // namespace evalrun::isolate

int main(int argc, char** argv) {
  const int status = evalrun::isolate::main(argc, argv);
  std::cout.flush();
  std::cerr.flush();
  ::_exit(status);
}
