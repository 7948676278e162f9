#include "runtime/examiner/programs.h"

namespace evalrun::examiner {

std::string_view candidate_program() {
  static constexpr std::string_view kText =
#include "runtime/examiner/candidate.inc"
      ;
  return kText;
}

std::string_view examiner_program() {
  static constexpr std::string_view kText =
#include "runtime/examiner/examiner.inc"
      ;
  return kText;
}

std::string_view in_process_program() {
  static constexpr std::string_view kText =
#include "runtime/examiner/in_process.inc"
      ;
  return kText;
}

}  // namespace evalrun::examiner
