// What a grading says where the jury's side is at fault.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/judge/program.h"
#include "runtime/plan/plan.h"

namespace evalrun::judge {

// Of what a program of the jury wrote to standard error, what is kept.
inline constexpr std::size_t kMostOfJurysErrors = 2048;

// Why a case could not be judged: a program of the jury did what no convention allows. It is never the submission's
// fault.
struct JuryFault {
  std::string program;  // "output_validators/check"
  std::vector<std::string> argv;
  std::string what;          // "exited with code 1, where 42 accepts and 43 rejects"
  std::string error_output;  // an excerpt
};

// "the output validator output_validators/check: exited with code 1 …; argv: …; stderr: …", on one line.
std::string describe(const JuryFault& fault);

// Of a program that does not compile.
JuryFault fault_of_compile_step(const JuryProgram& program, const CompileGrade& failure);

}  // namespace evalrun::judge
