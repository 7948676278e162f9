// DMOJ's names of languages.
#pragma once

#include <string>

namespace evalrun::packages::dmoj {

// The code of the language that DMOJ calls so: "cpp" for CPP17; "" if it is not known.
std::string language_named(const std::string& name);

}  // namespace evalrun::packages::dmoj
