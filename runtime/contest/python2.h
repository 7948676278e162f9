// Jury programs of old packages are written in Python 2, which no current system has. What most of them need of it is
// its print statement.
#pragma once

#include <string>

namespace evalrun::contest {

// The source with each print statement of one line as a call of Python 3's function: `print "a", b` becomes
// `print("a", b)`. Other lines stay as they are, `print("a")` among them.
std::string with_print_calls(const std::string& source);

}  // namespace evalrun::contest
