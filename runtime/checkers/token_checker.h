// "tokens" and "floats": the words between white space, one after the other; with a tolerance, numbers may differ.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "runtime/checkers/checker.h"
#include "runtime/checkers/number.h"

namespace evalrun::judge {

class TokenChecker final : public OutputChecker {
 public:
  TokenChecker(Expected expected, std::optional<Tolerance> tolerance)
      : expected_(std::move(expected)), tolerance_(tolerance) {}

  void feed(std::string_view piece) override;
  Judgement finish() override;

  // Of a token that is longer, the rest is compared byte by byte; such a token is no number.
  static constexpr std::size_t kKept = 512;

 private:
  void take_word(std::string_view word);
  void begin_long();
  void take_long(std::string_view bytes);
  void end_token();
  bool skip_expected_space();
  std::string_view expected_word();
  [[nodiscard]] bool expected_word_goes_on();
  void differ(std::string_view expected);

  using Kept = std::array<char, kKept>;
  Expected expected_;
  std::optional<Tolerance> tolerance_;
  Kept found_{}, wanted_{};            // the front of the token on either side
  std::uint64_t found_size_ = 0;       // of the whole token so far
  std::uint64_t line_ = 1, byte_ = 0;  // of the output's next byte
  Place token_, wanted_token_;         // where the token begins on either side
  std::uint64_t wanted_line_ = 1;
  std::string feedback_;
  std::optional<Difference> difference_;
};

}  // namespace evalrun::judge
