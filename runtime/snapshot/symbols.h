// The functions that a running program and its libraries give to others, by their names.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace evalrun::snapshot {

// Where they are in the memory of `pid`, those that are there. `pid` is traced by this process. What cannot be read is
// not there.
std::map<std::string, std::uint64_t> find_functions(pid_t pid, std::span<const std::string_view> names);

}  // namespace evalrun::snapshot
