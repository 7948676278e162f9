// What a Java source says of itself: its package, its public type, and the type that has `main`. Only its text is
// looked at, without comments and literals; whether it compiles is for the compiler to say.
#pragma once

#include <string>
#include <string_view>

namespace evalrun::contest {

struct JavaSource {
  std::string package;      // "a.b"; "" is the unnamed one
  std::string public_type;  // the file must be called after it; "" if there is none
  std::string main_type;    // the top-level type with `static void main(`; "" if there is none
  std::string first_type;   // "" if there is none
};

JavaSource read_java(std::string_view text);

}  // namespace evalrun::contest
