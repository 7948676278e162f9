// isolate's command line, of versions 1.10 and 2.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/isolate/rules.h"

namespace evalrun::isolate {

enum class Command { Init, Run, Cleanup, Version, PrintGroupRoot, CheckConfig, Help };

struct CommandLine {
  Command command = Command::Run;
  std::vector<std::string> argv;  // of --run

  unsigned box_id = 0;
  bool with_groups = false;  // --cg
  std::string meta;          // "": none, "-": standard output
  unsigned verbosity = 0;
  bool silent = false, waits = false;
  std::optional<unsigned> as_uid, as_gid;

  DirRules folders;
  EnvRules environment;
  std::string chdir;
  std::string stdin_file, stdout_file, stderr_file;
  bool stderr_to_stdout = false, keeps_special_files = false;

  // 0: no limit. Times in milliseconds, sizes in KiB.
  unsigned time = 0, wall_time = 0, extra_time = 0;
  unsigned address_space = 0, stack = 0, file_size = 0, group_memory = 0;
  unsigned open_files = 1024;                    // 0: the caller's
  unsigned processes = 1;                        // 0: any number
  std::pair<unsigned, unsigned> quota = {0, 0};  // blocks, inodes
};

// `open_meta` is called with the name of the meta file as soon as that is known: what is found wrong later is told
// there. Throws WrongUsage, and Fatal for what no sandbox of evalrun gives.
CommandLine parse_command_line(int argc, char** argv, const std::function<void(const std::string&)>& open_meta);

std::string help_text();

}  // namespace evalrun::isolate
