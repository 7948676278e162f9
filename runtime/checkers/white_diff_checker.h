// "cms/white-diff": line by line the same words. White space between words and at the ends of a line counts as one
// space or none; lines without a word count, but for those at the end.
#pragma once

#include <cstdint>

#include "runtime/checkers/checker.h"

namespace evalrun::judge {

class WhiteDiffChecker final : public OutputChecker {
 public:
  explicit WhiteDiffChecker(Expected expected) : expected_(std::move(expected)) {}

  void feed(std::string_view piece) override;
  Judgement finish() override;

 private:
  // The white space before a word; none inside one.
  struct Gap {
    friend bool operator==(const Gap&, const Gap&) = default;
    std::uint64_t newlines = 0;
    bool is_there = false;
  };

  void take(char c);
  Gap expected_gap();
  void differ(char found, const Gap& gap);

  Expected expected_;
  Gap gap_{0, true};  // of the output, before its next word; the beginning is one
  bool at_beginning_ = true;
  std::uint64_t line_ = 1;
  bool differs_ = false;
  std::string expected_text_, found_text_;
  bool wants_more_ = false;  // of what was found, for the message
};

}  // namespace evalrun::judge
