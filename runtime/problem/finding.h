// What is wrong with a package: every fault of it, each with its place and what would mend it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/core/error.h"

namespace evalrun::problem {

enum class Severity {
  Error,  // the package cannot be judged
  Note    // it can, and something of it is not looked at
};

struct Finding {
  Severity severity = Severity::Error;
  SourcePosition where;  // the file is a path in the package; line 0 is the file as a whole
  std::string message;
};

// "problem.yaml:3:1: validation: ...", one line whatever the package holds.
std::string to_string(const Finding& finding);

// Bounded: a hostile package has a million faults.
class Findings {
 public:
  static constexpr std::size_t kMost = 200;

  void error(SourcePosition where, std::string message);
  void note(SourcePosition where, std::string message);

  [[nodiscard]] bool has_errors() const { return errors_ != 0; }
  // The first kMost errors and the first kMost notes, as they were found.
  [[nodiscard]] const std::vector<Finding>& list() const { return list_; }
  [[nodiscard]] std::size_t errors() const { return errors_; }
  [[nodiscard]] std::size_t notes() const { return notes_; }

 private:
  std::vector<Finding> list_;
  std::size_t errors_ = 0;
  std::size_t notes_ = 0;
};

}  // namespace evalrun::problem
