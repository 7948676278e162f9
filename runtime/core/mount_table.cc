#include "runtime/core/mount_table.h"

#include "runtime/core/small_file.h"

namespace evalrun {
namespace {

// The kernel writes a space, a tab, a newline and a backslash of a name as three octal digits ("\040").
std::string unescaped(std::string_view field) {
  std::string name;
  for (std::size_t i = 0; i < field.size(); ++i) {
    const auto digit = [&](std::size_t at) { return field[at] >= '0' && field[at] <= '7'; };
    if (field[i] == '\\' && i + 3 < field.size() && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      name += static_cast<char>((field[i + 1] - '0') * 64 + (field[i + 2] - '0') * 8 + (field[i + 3] - '0'));
      i += 3;
    } else {
      name += field[i];
    }
  }
  return name;
}

// A source can be empty (mount(2) with ""), and still counts.
std::string_view take_word(std::string_view& line) {
  return take_until(line, ' ');
}

}  // namespace

std::vector<MountRow> parse_mount_table(std::string_view text) {
  std::vector<MountRow> rows;
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    for (int skipped = 0; skipped < 3; ++skipped) take_word(line);  // its id, its parent's, the device
    const std::string_view root = take_word(line);
    const std::string_view at = take_word(line);
    // Options of the mount and any number of optional fields, up to a dash.
    for (std::string_view word = take_word(line); !word.empty() && word != "-";) word = take_word(line);
    const std::string_view type = take_word(line);
    take_word(line);  // the source
    const std::string_view options = take_word(line);
    if (type.empty() || options.empty()) continue;
    rows.push_back({unescaped(root), unescaped(at), std::string(type), std::string(options)});
  }
  return rows;
}

std::vector<MountRow> mount_table() {
  return parse_mount_table(read_small_file("/proc/self/mountinfo"));
}

}  // namespace evalrun
