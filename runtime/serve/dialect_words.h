// How a run ends, and what each dialect calls it: the one table. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/supervise/result.h"

namespace evalrun::serve {

enum class EndKind {
  Well,    // exited with 0
  Exited,  // with another code
  Signaled,
  TimeLimit,  // of CPU, elapsed or idle time
  MemoryLimit,
  OutputLimit,  // of standard output, or of both streams
  ErrorOutputLimit,
  FileSizeLimit,
  Violation,   // a call that only exploits need
  NotStarted,  // execve refused the program
  Lost,        // the sandbox's own fault, or ended by the server
};

struct EndWords {
  EndKind end;
  const char* sandbox_fusion;  // status of a stage
  const char* piston;          // status of a stage; null: none
  const char* go_judge;        // status of a command
  int signal;                  // that a dialect without a better word tells; 0: none
};

const EndWords& words_of(EndKind end);

EndKind kind_of(const supervise::Outcome& outcome);

// The program's own exit code; none where it has none.
std::optional<int> exit_code_of(const supervise::Outcome& outcome);
// The signal that ended it, its own or the table's; 0: none.
int signal_of(const supervise::Outcome& outcome);
// "SIGKILL".
std::string name_of_signal(int signal);

}  // namespace evalrun::serve
