// The verdict: a pure function of what happened. Precedence and names: docs/reference.md.
#pragma once

#include <string>
#include <string_view>

#include "runtime/supervise/result.h"

namespace evalrun::judge {

enum class Verdict {
  Ok,         // a plain run that exited 0
  Ac,         // accepted
  Wa,         // wrong answer
  Pe,         // presentation error
  Re,         // run-time error: a nonzero exit, a signal, a file that is no program
  Tle,        // time limit: cpu, wall or idle
  Mle,        // memory limit
  Ole,        // output limit
  Sv,         // security violation
  Ce,         // compile error
  Ie,         // the sandbox's own fault
  Cancelled,  // ended by whoever started it
};

constexpr std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Ok: return "OK";
    case Verdict::Ac: return "AC";
    case Verdict::Wa: return "WA";
    case Verdict::Pe: return "PE";
    case Verdict::Re: return "RE";
    case Verdict::Tle: return "TLE";
    case Verdict::Mle: return "MLE";
    case Verdict::Ole: return "OLE";
    case Verdict::Sv: return "SV";
    case Verdict::Ce: return "CE";
    case Verdict::Ie: return "IE";
    case Verdict::Cancelled: return "CANCELLED";
  }
  return "?";
}

Verdict verdict_of(const supervise::Outcome& outcome);

// One sentence for people: "stopped at the CPU limit of 2s".
std::string message_of(const supervise::Outcome& outcome, const Limits& limits);
// The same with the limits that were met: "exited with code 1; met limits.processes (32) 3 times".
std::string message_of(const supervise::RunResult& result, const Limits& limits);

// "met limits.processes (32) 3 times", "probably met limits.open_files (256)".
std::string describe(const supervise::LimitMet& met);

// A checker that could not read what is expected: nothing that the program did. A later run may read it where the host
// was short of something, and not where the file itself is at fault.
supervise::SandboxFault checker_fault(const SystemError& error);

// The command's exit status: 0 OK or AC, 1 any other verdict of the program, 3 IE and CANCELLED. (2 is a plan or
// command line that is wrong.)
int exit_status_of(Verdict verdict);

}  // namespace evalrun::judge
