#include "runtime/checkers/token_checker.h"

#include <algorithm>
#include <cstring>

#include "runtime/checkers/excerpt.h"

namespace evalrun::judge {

void TokenChecker::feed(std::string_view piece) {
  while (!piece.empty() && feedback_.empty()) {
    if (is_space(piece.front())) {
      if (found_size_ > 0) end_token();
      if (piece.front() == '\n') ++line_;
      piece.remove_prefix(1);
      ++byte_;
      continue;
    }
    const auto end = static_cast<std::size_t>(std::ranges::find_if(piece, is_space) - piece.begin());
    take_word(piece.substr(0, end));
    piece.remove_prefix(end);
    byte_ += end;
  }
}

// More bytes of the current token.
void TokenChecker::take_word(std::string_view word) {
  if (found_size_ == 0) {
    token_.byte = byte_;
    token_.line = line_;
  }
  const std::size_t kept = std::min<std::size_t>(found_size_, kKept);
  const std::string_view front = word.substr(0, kKept - kept);
  std::memcpy(found_.data() + kept, front.data(), front.size());
  const bool was_long = found_size_ > kKept;
  found_size_ += word.size();
  word.remove_prefix(front.size());
  if (word.empty()) return;
  if (!was_long) begin_long();
  if (feedback_.empty()) take_long(word);
}

// The token has outgrown what is kept: from here on it is compared as it comes.
void TokenChecker::begin_long() {
  const std::string_view wanted = expected_word();
  if (wanted != std::string_view(found_.data(), kKept)) differ(wanted);
}

void TokenChecker::take_long(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view next = expected_.rest();
    const std::size_t both = std::min(bytes.size(), next.size());
    // The output's bytes are no white space, so neither are equal ones.
    if (both == 0 || std::memcmp(bytes.data(), next.data(), both) != 0) return differ({wanted_.data(), kKept});
    expected_.skip(both);
    bytes.remove_prefix(both);
  }
}

void TokenChecker::end_token() {
  const std::size_t kept = std::min<std::size_t>(found_size_, kKept);
  const std::string_view found(found_.data(), kept);
  const std::string_view wanted = found_size_ > kKept ? found : expected_word();
  const bool is_whole = !expected_word_goes_on();
  const bool is_same = is_whole && found == wanted;
  const bool is_accepted =
      is_same || (is_whole && tolerance_ && !wanted.empty() && is_near(found, wanted, *tolerance_));
  if (!is_accepted) return differ(wanted);
  found_size_ = 0;
  ++token_.item;
}

bool TokenChecker::skip_expected_space() {
  int next = expected_.peek();
  for (; next != Expected::kEnd && is_space(static_cast<char>(next)); next = expected_.peek()) {
    if (next == '\n') ++wanted_line_;
    expected_.skip(1);
  }
  return next != Expected::kEnd;
}

// The front of the next expected token; empty where there is none.
std::string_view TokenChecker::expected_word() {
  std::size_t size = 0;
  const bool is_there = skip_expected_space();
  wanted_token_ = {expected_.taken(), wanted_line_, token_.item};
  for (bool more = is_there; more && size < kKept; more = expected_word_goes_on()) {
    const std::string_view rest = expected_.rest().substr(0, kKept - size);
    const auto end = static_cast<std::size_t>(std::ranges::find_if(rest, is_space) - rest.begin());
    std::memcpy(wanted_.data() + size, rest.data(), end);
    size += end;
    expected_.skip(end);
  }
  return {wanted_.data(), size};
}

bool TokenChecker::expected_word_goes_on() {
  const int next = expected_.peek();
  return next != Expected::kEnd && !is_space(static_cast<char>(next));
}

// What is shown does not depend on how the output was cut: a token is looked at when it is whole or longer than that.
void TokenChecker::differ(std::string_view expected) {
  const std::string_view found(found_.data(), std::min<std::size_t>(found_size_, kKept));
  difference_ = {token_, wanted_token_, found.empty() ? "the end" : excerpt(found),
                 expected.empty() ? "the end" : excerpt(expected)};
  feedback_ = "line " + std::to_string(token_.line) + ", token " + std::to_string(token_.item) + ": expected " +
              difference_->expected_text + ", found " + difference_->found_text;
}

Judgement TokenChecker::finish() {
  if (feedback_.empty() && found_size_ > 0) end_token();
  if (feedback_.empty() && skip_expected_space()) {
    token_.byte = byte_;
    token_.line = line_;
    differ(expected_word());
  }
  return {.accepted = feedback_.empty(), .feedback = feedback_, .difference = difference_};
}

}  // namespace evalrun::judge
