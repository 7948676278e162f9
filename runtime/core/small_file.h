// Small files that the kernel makes up as they are read: /proc, /sys, control groups; and how such text is taken apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace evalrun {

// The whole of it; "" where it cannot be read: a process that has gone, a file that this kernel does not have.
std::string read_small_file(const std::string& path);
// The same, below an open folder.
std::string read_small_file(int folder, const char* name);

// The word that such a file begins with; "" where it cannot be read.
std::string first_word_of(const std::string& path);

// Cuts off what stands in front of the first `end`, and that: a word of a line, a line of a file. All of it where there
// is none.
std::string_view take_until(std::string_view& text, char end);

// The decimal number at the front of `text`, whatever follows; empty where there is none or it does not fit.
std::optional<std::uint64_t> leading_number(std::string_view text);

}  // namespace evalrun
