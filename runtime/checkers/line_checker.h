// "exact" and "lines": byte by byte, or but for white space at the ends of lines and empty lines at the end.
#pragma once

#include <cstdint>

#include "runtime/checkers/checker.h"

namespace evalrun::judge {

enum class WhiteSpace { Counts, IgnoredAtEnds };

class LineChecker final : public OutputChecker {
 public:
  LineChecker(Expected expected, WhiteSpace white_space) : expected_(std::move(expected)), white_space_(white_space) {}

  void feed(std::string_view piece) override;
  Judgement finish() override;

 private:
  enum class State {
    Same,      // both are the same up to here
    BlankEnd,  // the lines differ in white space so far: only white space may follow in the output's line
    Excess,    // all that was expected has been seen: only white space may follow
    Differs,   // the message still wants some of what was found
  };

  // Each takes what it has dealt with off the front of `piece`.
  void take_same(std::string_view& piece);
  void on_difference(std::string_view piece);
  void take_blank(std::string_view& piece);
  void take_excess(std::string_view& piece);
  void pass(std::string_view taken);
  bool expected_line_ends();
  void differ();
  void differ(std::string expected);

  Expected expected_;
  WhiteSpace white_space_;
  State state_ = State::Same;
  std::uint64_t line_ = 1, column_ = 1;  // of the next byte; columns in bytes
  std::uint64_t byte_ = 0;
  Difference difference_;
  std::string feedback_;  // but for what was found
  std::string found_;
};

}  // namespace evalrun::judge
