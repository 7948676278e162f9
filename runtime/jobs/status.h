// How a job ended, as far as the command's exit status goes: that of a batch is the largest of its jobs'.
#pragma once

namespace evalrun::jobs {

enum class Status {
  Good = 0,           // OK or AC
  OtherVerdict = 1,   // what the program did
  Malformed = 2,      // the line or its plan is wrong
  SandboxFailed = 3,  // IE
};

}  // namespace evalrun::jobs
