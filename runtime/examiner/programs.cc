#include "runtime/examiner/programs.h"

#include <iterator>

namespace evalrun::examiner {
namespace {

constexpr std::string_view kStarter =
#include "runtime/examiner/start.inc"
    ;
constexpr std::string_view kCandidate =
#include "runtime/examiner/candidate.inc"
    ;
constexpr std::string_view kExaminer =
#include "runtime/examiner/examiner.inc"
    ;
constexpr std::string_view kInProcess =
#include "runtime/examiner/in_process.inc"
    ;
constexpr unsigned char kCandidateCode[] = {
#include "runtime/examiner/candidate_code.inc"
};
constexpr unsigned char kExaminerCode[] = {
#include "runtime/examiner/examiner_code.inc"
};
constexpr unsigned char kInProcessCode[] = {
#include "runtime/examiner/in_process_code.inc"
};

template <std::size_t N>
std::string_view bytes_of(const unsigned char (&code)[N]) {
  return {reinterpret_cast<const char*>(code), N};
}

}  // namespace

std::string_view starter() {
  return kStarter;
}

Program candidate_program() {
  return {kCandidate, bytes_of(kCandidateCode)};
}

Program examiner_program() {
  return {kExaminer, bytes_of(kExaminerCode)};
}

Program in_process_program() {
  return {kInProcess, bytes_of(kInProcessCode)};
}

}  // namespace evalrun::examiner
