#include "runtime/checkers/item_reader.h"

#include <algorithm>
#include <cstring>

#include "runtime/checkers/excerpt.h"

namespace evalrun::judge {
namespace {

char folded(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool is_line_end(char c) {
  return c == '\n' || c == '\r';
}

}  // namespace

bool equal(const Item& a, const Item& b, LetterCase letters) {
  if (a.kind != b.kind || a.size != b.size || a.front.size() != b.front.size()) return false;
  if (a.is_cut() && a.hash != b.hash) return false;
  if (a.front.empty() || std::memcmp(a.front.data(), b.front.data(), a.front.size()) == 0) return true;
  const auto same = [](char x, char y) { return folded(x) == folded(y); };
  return letters == LetterCase::Ignored && std::equal(a.front.begin(), a.front.end(), b.front.begin(), same);
}

std::optional<Number> number_of(const Item& item, NumberSyntax syntax) {
  return item.is_cut() ? item.number : scan_number(item.front, syntax);
}

Hash128 hash_of(const Item& item) {
  if (item.is_cut()) return item.hash;
  Hasher128 hasher;
  hasher.update(item.front);
  return hasher.value();
}

bool ItemReader::is_white(char c) const {
  return rules_.white == WhiteSet::C ? is_space(c) : c == ' ' || c == '\t' || is_line_end(c);
}

bool ItemReader::take(std::string_view& bytes) {
  switch (rules_.cut) {
    case Cut::Words:
    case Cut::WordsAndGaps: return take_words(bytes);
    case Cut::WordsInLines:
    case Cut::Lines: return take_lines(bytes);
  }
  return false;
}

void ItemReader::step_over(std::string_view& bytes, std::size_t count) {
  place_.byte += count;
  bytes.remove_prefix(count);
}

bool ItemReader::take_words(std::string_view& bytes) {
  while (!bytes.empty()) {
    const bool white = is_white(bytes.front());
    if (is_open_ && white == (item_.kind == ItemKind::Word)) return complete();
    const auto end = std::ranges::find_if(bytes, [&](char c) { return is_white(c) != white; });
    const auto run = bytes.substr(0, static_cast<std::size_t>(end - bytes.begin()));
    if (!is_open_ && !(white && rules_.cut == Cut::Words)) begin(white ? ItemKind::Gap : ItemKind::Word);
    if (is_open_) append(run);
    if (white) {
      place_.line += static_cast<std::uint64_t>(std::ranges::count(run, '\n'));
      saw_line_end_ = saw_line_end_ || std::ranges::any_of(run, is_line_end);
    }
    step_over(bytes, run.size());
  }
  return false;
}

bool ItemReader::take_lines(std::string_view& bytes) {
  while (!bytes.empty()) {
    if (is_after_return_ && bytes.front() != '\n') {
      std::string_view one = bytes.substr(0, 1);
      const bool is_complete = take_content(one);
      // A word that white space ends is complete before that is taken.
      if (is_complete) return true;
      is_after_return_ = false;
      bytes.remove_prefix(1);
      continue;
    }
    const auto end = std::ranges::find_if(bytes, is_line_end);
    const auto size = static_cast<std::size_t>(end - bytes.begin());
    if (size > 0) {
      std::string_view content = bytes.substr(0, size);
      const bool is_complete = take_content(content);
      bytes.remove_prefix(size - content.size());
      if (is_complete) return true;
      continue;
    }
    if (bytes.front() == '\r' && rules_.line_ends == LineEnds::Testlib) {
      line_has_begun_ = is_after_return_ = true;
      step_over(bytes, 1);
      continue;
    }
    if (rules_.cut == Cut::WordsInLines && is_open_) return complete();
    const bool is_item = end_line();
    if (bytes.front() == '\n') ++place_.line;
    step_over(bytes, 1);
    if (is_item) return true;
  }
  return false;
}

// Bytes of a line; takes those up to the end of a word off the front.
bool ItemReader::take_content(std::string_view& bytes) {
  if (rules_.cut == Cut::Lines) {
    if (!is_open_) begin(ItemKind::Line);
    append_line(bytes);
    line_size_ += bytes.size();
    line_has_begun_ = true;
    step_over(bytes, bytes.size());
    return false;
  }
  while (!bytes.empty()) {
    // White space within a line is C's, for testlib reads the line's words by a stream.
    const bool white = is_space(bytes.front());
    if (is_open_ && white) return complete();
    const auto end = std::ranges::find_if(bytes, [&](char c) { return is_space(c) != white; });
    const auto run = bytes.substr(0, static_cast<std::size_t>(end - bytes.begin()));
    if (!white) {
      if (!is_open_) begin(ItemKind::Word);
      append(run);
    }
    line_size_ += run.size();
    line_has_begun_ = true;
    step_over(bytes, run.size());
  }
  return false;
}

// The line ends here; whether that makes an item.
bool ItemReader::end_line() {
  const bool is_item = rules_.line_ends == LineEnds::Testlib || line_size_ > 0 ||
                       (rules_.cut == Cut::Lines && rules_.empty_lines == EmptyLines::Kept);
  if (is_item) {
    if (!is_open_) begin(rules_.cut == Cut::Lines ? ItemKind::Line : ItemKind::LineEnd);
    complete();
    item_.line_size = line_size_;
  }
  line_size_ = 0;
  line_has_begun_ = is_after_return_ = false;
  return is_item;
}

bool ItemReader::take_end() {
  if (rules_.cut == Cut::Words || rules_.cut == Cut::WordsAndGaps) return is_open_ && complete();
  if (is_after_return_) {
    // testlib reads the mark of the end as a byte there.
    is_after_return_ = false;
    std::string_view mark = "\xff";
    if (take_content(mark)) return true;
  }
  if (rules_.cut == Cut::WordsInLines && is_open_) return complete();
  if (was_last_line_taken_) return false;
  was_last_line_taken_ = true;
  return (line_has_begun_ || rules_.line_ends == LineEnds::Dmoj) && end_line();
}

void ItemReader::begin(ItemKind kind) {
  is_open_ = true;
  is_after_nul_ = false;
  item_.kind = kind;
  item_.place = place_;
  item_.place.item = items_ + 1;
  item_.after_line_end = saw_line_end_;
  size_ = trimmed_size_ = 0;
  hasher_.reset();
  trimmed_hasher_.reset();
  scanner_.reset();
}

void ItemReader::append(std::string_view bytes) {
  if (rules_.nul == NulByte::EndsTheWord && item_.kind == ItemKind::Word) {
    if (is_after_nul_) return;
    const std::size_t nul = bytes.find('\0');
    is_after_nul_ = nul != bytes.npos;
    bytes = bytes.substr(0, nul);
  }
  if (size_ < kKept) {
    const auto kept = std::min<std::size_t>(kKept - size_, bytes.size());
    std::memcpy(front_.data() + size_, bytes.data(), kept);
    size_ += kept;
    bytes.remove_prefix(kept);
  }
  if (bytes.empty()) return;
  if (size_ == kKept) {
    const std::string_view front(front_.data(), kKept);
    hasher_.emplace();
    hash(front);
    if (rules_.numbers) scanner_.emplace(*rules_.numbers).feed(front);
  }
  hash(bytes);
  if (scanner_) scanner_->feed(bytes);
  size_ += bytes.size();
}

void ItemReader::hash(std::string_view bytes) {
  if (rules_.letters == LetterCase::Counts) return hasher_->update(bytes);
  std::array<char, 512> small{};
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, small.size());
    std::ranges::transform(part, small.begin(), folded);
    hasher_->update({small.data(), part.size()});
    bytes.remove_prefix(part.size());
  }
}

void ItemReader::append_line(std::string_view bytes) {
  if (rules_.trim == Trim::Nothing) return append(bytes);
  while (!bytes.empty()) {
    const bool white = is_space(bytes.front());
    const auto end = std::ranges::find_if(bytes, [&](char c) { return is_space(c) != white; });
    const auto run = bytes.substr(0, static_cast<std::size_t>(end - bytes.begin()));
    bytes.remove_prefix(run.size());
    if (white && size_ == 0 && rules_.trim == Trim::Both) continue;
    append(run);
    if (white) continue;
    trimmed_size_ = size_;
    trimmed_hasher_ = hasher_;
  }
}

bool ItemReader::complete() {
  const bool is_trimmed = item_.kind == ItemKind::Line && rules_.trim != Trim::Nothing;
  item_.size = is_trimmed ? trimmed_size_ : size_;
  item_.front = {front_.data(), std::min<std::size_t>(item_.size, kKept)};
  if (item_.is_cut()) {
    item_.hash = (is_trimmed ? trimmed_hasher_ : hasher_)->value();
    item_.number = scanner_ ? scanner_->finish() : std::nullopt;
  }
  is_open_ = false;
  saw_line_end_ = false;
  if (item_.kind == ItemKind::Word || item_.kind == ItemKind::Line) ++items_;
  return true;
}

}  // namespace evalrun::judge
