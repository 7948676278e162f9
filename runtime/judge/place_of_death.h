// Where a program died, by what its runtime wrote on standard error: a traceback of Python's, a stack trace of Java's,
// a panic of Rust's or Go's, an assertion of C's, a report of a sanitizer's. A guess for people: no verdict depends on
// it, for a program can write what it likes.
#pragma once

#include <string>
#include <string_view>

namespace evalrun::judge {

// "main.py:3, in solve (ZeroDivisionError: division by zero)"; "" where nothing of that kind is there. One line, and no
// longer than kMostOfPlace bytes. Only the end of a long text is looked at.
std::string place_of_death(std::string_view error_output);

inline constexpr std::size_t kMostOfPlace = 200;

}  // namespace evalrun::judge
