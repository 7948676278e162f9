// The parts of a path, as text: nothing is looked up.
#pragma once

#include <string>

namespace evalrun {

// "a" of "x/a" and of "a".
inline std::string last_part(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// "x" of "x/a"; "" of "a".
inline std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

}  // namespace evalrun
