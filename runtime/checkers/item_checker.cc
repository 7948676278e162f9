#include "runtime/checkers/item_checker.h"

#include <algorithm>
#include <utility>

#include "runtime/checkers/excerpt.h"
#include "runtime/core/text.h"

namespace evalrun::judge {
namespace {

// What is shown before the first difference.
constexpr std::size_t kBefore = 16;

constexpr std::string_view kMark = "\xef\xbb\xbf";
constexpr std::size_t kNoMark = kMark.size() + 1;

std::string text_of(const Item* item, std::size_t from) {
  if (item == nullptr) return "the end";
  if (item->kind == ItemKind::LineEnd) return "the end of the line";
  const std::string shown = excerpt(item->front.substr(from, kShown + 1));
  return (from > 0 ? "…" : "") + shown;
}

std::size_t first_difference(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

}  // namespace

ItemChecker::ItemChecker(CheckerKind kind, Expected expected, const ItemRules& rules, ByteOrderMark mark)
    : kind_(kind),
      rules_(rules),
      expected_(std::move(expected)),
      found_reader_(rules),
      expected_reader_(rules),
      mark_size_(mark == ByteOrderMark::IsText ? kNoMark : 0) {}

void ItemChecker::start() {
  if (has_started_) return;
  has_started_ = true;
  on_start();
}

void ItemChecker::feed(std::string_view piece) {
  start();
  if (mark_size_ != kNoMark) take_mark(piece);
  take(piece);
}

void ItemChecker::take_mark(std::string_view& piece) {
  for (; !piece.empty() && mark_size_ < kMark.size(); piece.remove_prefix(1)) {
    if (piece.front() != kMark[mark_size_]) return take(kMark.substr(0, std::exchange(mark_size_, kNoMark)));
    ++mark_size_;
  }
  if (mark_size_ != kMark.size()) return;
  found_reader_.pass_mark(kMark.size());
  mark_size_ = kNoMark;
}

void ItemChecker::take(std::string_view piece) {
  while (!piece.empty() && !has_decided_) {
    if (takes_blank_rest_) return take_rest(piece);
    if (found_reader_.take(piece)) on_item(found_reader_.item());
  }
}

Judgement ItemChecker::finish() {
  start();
  if (mark_size_ < kMark.size()) take(kMark.substr(0, mark_size_));
  while (!has_decided_ && !takes_blank_rest_ && found_reader_.take_end()) on_item(found_reader_.item());
  if (!has_decided_ && !takes_blank_rest_) on_end();
  if (!has_decided_) accept();
  return judgement_;
}

void ItemChecker::take_rest(std::string_view piece) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  const auto at = std::ranges::find_if_not(piece, is_blank);
  if (at == piece.end()) return;
  reject(Rejection::Presentation, "there is more after what was expected: " + excerpt({at, piece.end()}));
}

const Item* ItemChecker::expected() {
  while (!has_expected_ && !is_at_expected_end_) {
    std::string_view rest = expected_.rest();
    if (rest.empty()) {
      has_expected_ = expected_reader_.take_end();
      is_at_expected_end_ = !has_expected_;
      continue;
    }
    const std::size_t size = rest.size();
    has_expected_ = expected_reader_.take(rest);
    expected_.skip(size - rest.size());
  }
  return has_expected_ ? &expected_reader_.item() : nullptr;
}

void ItemChecker::pass_expected() {
  has_expected_ = false;
}

bool ItemChecker::is_last_expected() {
  return expected_.peek() == Expected::kEnd;
}

void ItemChecker::expect_blank_rest() {
  takes_blank_rest_ = true;
}

void ItemChecker::accept() {
  if (has_decided_) return;
  has_decided_ = true;
  judgement_.accepted = true;
}

void ItemChecker::reject(Rejection rejection, std::string_view what) {
  if (has_decided_) return;
  has_decided_ = true;
  judgement_.rejection = rejection;
  judgement_.feedback = (rejection == Rejection::Presentation ? "presentation error: " : "") + std::string(what);
}

std::string ItemChecker::at(const Item* found) const {
  const Place place = found != nullptr ? found->place : found_reader_.place();
  std::string text = "line " + std::to_string(place.line);
  if (rules_.cut != Cut::Lines) text += ", token " + std::to_string(place.item);
  return text + ", byte " + std::to_string(place.byte);
}

void ItemChecker::reject_difference(const Item* found, std::string_view why) {
  if (has_decided_) return;
  const Item* wanted = expected();
  Difference difference;
  difference.found = found != nullptr ? found->place : found_reader_.place();
  difference.expected = wanted != nullptr ? wanted->place : expected_reader_.place();
  std::size_t from = 0;
  std::string further(why);
  if (found != nullptr && wanted != nullptr && found->kind == wanted->kind) {
    const std::size_t same = first_difference(found->front, wanted->front);
    if (same == found->front.size() && same == wanted->front.size() && found->is_cut()) {
      further = "they differ after their first " + std::to_string(same) + " bytes";
    }
    // Long ones are shown from shortly before the difference; not in the middle of a character.
    if (same > kShown / 2) {
      from = same - kBefore;
      while (from < same && (static_cast<unsigned char>(found->front[from]) & 0xc0) == 0x80) ++from;
    }
    if (rules_.cut == Cut::Lines) {
      difference.found.byte += same;
      difference.expected.byte += same;
    }
  }
  difference.found_text = text_of(found, from);
  difference.expected_text = text_of(wanted, from);
  std::string text = "line " + std::to_string(difference.found.line);
  if (rules_.cut != Cut::Lines) text += ", token " + std::to_string(difference.found.item);
  text += ", byte " + std::to_string(difference.found.byte) + " (answer: line " +
          std::to_string(difference.expected.line) + ", byte " + std::to_string(difference.expected.byte) +
          "): expected " + difference.expected_text + ", found " + difference.found_text;
  if (!further.empty()) text += "; " + further;
  reject(Rejection::WrongAnswer, text);
  judgement_.difference = std::move(difference);
}

void ItemChecker::reject_format(const Item* found, std::string_view wanted) {
  reject(Rejection::Presentation, at(found) + ": expected " + std::string(wanted) + ", found " + text_of(found, 0));
}

void ItemChecker::refuse_answer(const Item* item, std::string_view wanted) {
  const Place place = item != nullptr ? item->place : expected_reader_.place();
  refuse_answer("expected " + std::string(wanted) + " in line " + std::to_string(place.line) + ", token " +
                std::to_string(place.item) + ", byte " + std::to_string(place.byte) + " of the answer, found " +
                text_of(item, 0));
}

void ItemChecker::refuse_answer(std::string_view what) {
  throw AnswerError(kind_, what);
}

}  // namespace evalrun::judge
