// What a case's output is held against, read in pieces: a file of the host of any size, or a text.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/core/fd.h"
#include "runtime/plan/plan.h"

namespace evalrun::judge {

// A file's or a text's bytes, one after the other. Holds at most one piece of a file in memory.
class Expected {
 public:
  // The text is borrowed.
  explicit Expected(std::string_view text) : text_(text), unread_text_(text) {}
  explicit Expected(Fd file, std::string name);

  // Opens what the case expects. Throws SystemError where the file cannot be opened or is no regular file.
  static Expected of(const Case& one);

  // Of one that nothing has been taken of: whether it begins with a byte order mark, which editors put before a text
  // and programs do not write.
  bool has_byte_order_mark() { return rest().starts_with("\xEF\xBB\xBF"); }
  // A second reader of the same bytes, from their beginning. Throws SystemError where the descriptor cannot be copied.
  [[nodiscard]] Expected again() const;

  // From here on "\r\n" and "\r" read as "\n", and the last line has one, as DMOJ reads its data. Before the first
  // byte.
  void unify_line_ends() { unifies_line_ends_ = true; }

  // What comes next, at least one byte; empty at the end. Throws SystemError where the file cannot be read.
  std::string_view rest() {
    if (rest_.empty()) refill();
    return rest_;
  }
  // Takes that many bytes off the front of rest().
  void skip(std::size_t count) {
    rest_.remove_prefix(count);
    taken_ += count;
  }
  // All that was taken.
  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }

  // One byte of rest(), or kEnd.
  static constexpr int kEnd = -1;
  int peek() {
    const std::string_view next = rest();
    return next.empty() ? kEnd : static_cast<unsigned char>(next.front());
  }

 private:
  void refill();
  std::string_view next_chunk();
  void unify(std::string_view chunk);

  Fd file_;
  std::string name_;
  std::vector<char> buffer_;
  std::uint64_t offset_ = 0;
  std::uint64_t taken_ = 0;
  std::string_view text_, unread_text_;
  std::string_view rest_;
  bool unifies_line_ends_ = false;
  bool was_return_ = false;  // the last byte was a "\r"
  char last_ = '\n';         // what was handed out last
  std::string unified_;
};

}  // namespace evalrun::judge
