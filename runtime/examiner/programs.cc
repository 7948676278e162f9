#include "runtime/examiner/programs.h"

#include <iterator>

namespace evalrun::examiner {
namespace {

constexpr std::string_view kStarter =
#include "runtime/examiner/start.inc"
    ;
// Each ends with a NUL byte that is no part of it.
constexpr unsigned char kCandidateText[] =
#include "runtime/examiner/candidate_text.inc"
    ;
constexpr unsigned char kExaminerText[] =
#include "runtime/examiner/examiner_text.inc"
    ;
constexpr unsigned char kInProcessText[] =
#include "runtime/examiner/in_process_text.inc"
    ;
constexpr unsigned char kCandidateCode[] =
#include "runtime/examiner/candidate_code.inc"
    ;
constexpr unsigned char kExaminerCode[] =
#include "runtime/examiner/examiner_code.inc"
    ;
constexpr unsigned char kInProcessCode[] =
#include "runtime/examiner/in_process_code.inc"
    ;

template <std::size_t N>
std::string_view bytes_of(const unsigned char (&bytes)[N]) {
  return {reinterpret_cast<const char*>(bytes), N - 1};
}

}  // namespace

std::string_view starter() {
  return kStarter;
}

Program candidate_program() {
  return {bytes_of(kCandidateText), bytes_of(kCandidateCode)};
}

Program examiner_program() {
  return {bytes_of(kExaminerText), bytes_of(kExaminerCode)};
}

Program in_process_program() {
  return {bytes_of(kInProcessText), bytes_of(kInProcessCode)};
}

}  // namespace evalrun::examiner
