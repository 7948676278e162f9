// Plans and images as files.
#pragma once

#include <cstddef>
#include <string>

namespace evalrun {

// Far above any real plan; it bounds what a mistaken path such as /dev/zero costs.
inline constexpr std::size_t kMaxTextFile = std::size_t{16} << 20;

// The whole of a regular file; `name` is what errors call it. Throws PlanError where it is none, cannot be read or is
// larger than kMaxTextFile.
std::string read_text_file(const std::string& path, const std::string& name);

// The same of a descriptor that is open already, whatever it is: standard input, a shell's <(command). It may wait.
std::string read_text_from(int descriptor, const std::string& name);

// Throws PlanError where the text is larger than kMaxTextFile.
void check_text_size(std::size_t size, const std::string& name);

}  // namespace evalrun
