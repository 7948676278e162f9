#include "runtime/checkers/white_diff_checker.h"

#include <algorithm>
#include <utility>

#include "runtime/checkers/excerpt.h"

namespace evalrun::judge {

void WhiteDiffChecker::feed(std::string_view piece) {
  for (const char c : piece) {
    if (differs_) {
      if (!wants_more_) return;
      wants_more_ = c != '\n' && found_text_.size() <= kShown;
      if (wants_more_) found_text_ += c;
      continue;
    }
    take(c);
  }
}

void WhiteDiffChecker::take(char c) {
  if (is_space(c)) {
    gap_.is_there = true;
    if (c == '\n') ++gap_.newlines;
    return;
  }
  const Gap gap = expected_gap();
  line_ += gap_.newlines;
  if (gap != gap_ || expected_.peek() != static_cast<unsigned char>(c)) return differ(c, gap);
  expected_.skip(1);
  gap_ = {};
}

// Takes it off what is expected.
WhiteDiffChecker::Gap WhiteDiffChecker::expected_gap() {
  Gap gap{0, std::exchange(at_beginning_, false)};
  for (int next = expected_.peek(); next != Expected::kEnd && is_space(static_cast<char>(next));
       next = expected_.peek()) {
    gap.is_there = true;
    if (next == '\n') ++gap.newlines;
    expected_.skip(1);
  }
  return gap;
}

void WhiteDiffChecker::differ(char found, const Gap& gap) {
  differs_ = wants_more_ = true;
  found_text_ = found;
  for (int next = expected_.peek(); next != Expected::kEnd && next != '\n' && expected_text_.size() <= kShown;
       next = expected_.peek()) {
    expected_text_ += static_cast<char>(next);
    expected_.skip(1);
  }
  if (gap.newlines != gap_.newlines && !expected_text_.empty()) {
    expected_text_.clear();
    line_ = line_ - gap_.newlines + std::min(gap.newlines, gap_.newlines);
    if (gap.newlines < gap_.newlines) {
      wants_more_ = false;
      found_text_.clear();
    }
  }
}

Judgement WhiteDiffChecker::finish() {
  if (!differs_) {
    const Gap gap = expected_gap();
    if (expected_.peek() == Expected::kEnd) return {true, ""};
    line_ += gap.newlines;
    gap_.newlines = gap.newlines;
    differ('\0', gap);
    found_text_.clear();
  }
  const auto shown = [](const std::string& text) {
    return text.empty() ? std::string("the end of the line") : excerpt(text);
  };
  return {false,
          "line " + std::to_string(line_) + ": expected " + shown(expected_text_) + ", found " + shown(found_text_)};
}

}  // namespace evalrun::judge
