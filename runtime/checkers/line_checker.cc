#include "runtime/checkers/line_checker.h"

#include <algorithm>
#include <cstring>

#include "runtime/checkers/excerpt.h"

namespace evalrun::judge {
namespace {

std::string shown(std::string_view text) {
  return text.empty()
             ? "the end"
             : excerpt(text.substr(0, text.find('\n')).empty() ? text.substr(0, 1) : text.substr(0, text.find('\n')));
}

}  // namespace

void LineChecker::feed(std::string_view piece) {
  while (!piece.empty()) {
    switch (state_) {
      case State::Same:
        take_same(piece);
        if (!piece.empty() && expected_.peek() != static_cast<unsigned char>(piece.front())) on_difference(piece);
        break;
      case State::BlankEnd: take_blank(piece); break;
      case State::Excess: take_excess(piece); break;
      case State::Differs:
        if (found_.size() <= kShown) found_.append(piece.substr(0, kShown + 1 - found_.size()));
        return;
    }
  }
}

void LineChecker::pass(std::string_view taken) {
  byte_ += taken.size();
  line_ += static_cast<std::uint64_t>(std::ranges::count(taken, '\n'));
  const std::size_t newline = taken.rfind('\n');
  column_ = newline == taken.npos ? column_ + taken.size() : taken.size() - newline;
}

void LineChecker::take_same(std::string_view& piece) {
  const std::string_view expected = expected_.rest();
  const std::size_t both = std::min(piece.size(), expected.size());
  std::size_t same = both;
  if (both > 0 && std::memcmp(piece.data(), expected.data(), both) != 0) {
    same = static_cast<std::size_t>(std::mismatch(piece.begin(), piece.end(), expected.begin(), expected.end()).first -
                                    piece.begin());
  }
  pass(piece.substr(0, same));
  expected_.skip(same);
  piece.remove_prefix(same);
}

void LineChecker::on_difference(std::string_view piece) {
  difference_.expected.byte = expected_.taken();
  if (white_space_ == WhiteSpace::Counts) return differ();
  if (expected_.peek() == Expected::kEnd) {
    state_ = State::Excess;
  } else if (is_space(piece.front()) && expected_line_ends()) {
    // Both lines are the same up to here and go on differently: they are the same line where both rests are blank.
    state_ = State::BlankEnd;
  } else {
    differ();
  }
}

// Takes the rest of the expected line, with its newline, as far as it is white space; false where more stands there.
bool LineChecker::expected_line_ends() {
  for (int next = expected_.peek(); next != Expected::kEnd; next = expected_.peek()) {
    if (!is_space(static_cast<char>(next))) return false;
    expected_.skip(1);
    if (next == '\n') break;
  }
  return true;
}

void LineChecker::take_blank(std::string_view& piece) {
  const auto end = std::ranges::find_if(piece, [](char c) { return !is_space(c) || c == '\n'; });
  std::size_t taken = static_cast<std::size_t>(end - piece.begin());
  const bool is_newline = taken < piece.size() && piece[taken] == '\n';
  if (is_newline) ++taken;
  pass(piece.substr(0, taken));
  piece.remove_prefix(taken);
  if (is_newline) {
    state_ = State::Same;
  } else if (!piece.empty()) {
    differ("the end of the line");
  }
}

void LineChecker::take_excess(std::string_view& piece) {
  const auto end = std::ranges::find_if_not(piece, is_space);
  const auto taken = static_cast<std::size_t>(end - piece.begin());
  pass(piece.substr(0, taken));
  piece.remove_prefix(taken);
  if (!piece.empty()) differ("the end");
}

void LineChecker::differ() {
  difference_.expected.byte = expected_.taken();
  std::string expected;
  for (int next = expected_.peek(); next != Expected::kEnd && expected.size() <= kShown; next = expected_.peek()) {
    expected.push_back(static_cast<char>(next));
    expected_.skip(1);
  }
  differ(shown(expected));
}

void LineChecker::differ(std::string expected) {
  state_ = State::Differs;
  difference_.found = {byte_, line_, line_};
  difference_.expected.line = difference_.expected.item = line_;
  difference_.expected_text = expected;
  feedback_ =
      "line " + std::to_string(line_) + ", byte " + std::to_string(column_) + ": expected " + std::move(expected);
}

Judgement LineChecker::finish() {
  if (state_ != State::Differs) {
    if (white_space_ == WhiteSpace::IgnoredAtEnds) {
      while (is_space(static_cast<char>(expected_.peek()))) expected_.skip(1);
    }
    if (expected_.peek() == Expected::kEnd) return {true, ""};
    differ();
  }
  difference_.found_text = shown(found_);
  return {.feedback = feedback_ + ", found " + difference_.found_text, .difference = difference_};
}

}  // namespace evalrun::judge
