// The files of a control group, by which the kernel is told and asked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/core/fd.h"

namespace evalrun::groups {

// Writes `text` at once. `path` is relative to `folder`, or absolute. Returns 0 or errno.
int write_text(int folder, const std::string& path, const std::string& text);

// The number that `file` begins with; none where it cannot be read or holds no number.
std::optional<std::uint64_t> read_number(const Fd& group, const char* file);

// The number after `key` in a text of "key number" lines.
std::optional<std::uint64_t> keyed_number(std::string_view text, std::string_view key);

}  // namespace evalrun::groups
