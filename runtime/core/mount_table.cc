#include "runtime/core/mount_table.h"

#include <sstream>

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

}  // namespace

std::vector<MountRow> parse_mount_table(std::string_view text) {
  std::vector<MountRow> rows;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string id, parent, device, root, at, word;
    fields >> id >> parent >> device >> root >> at;
    // Options of the mount and any number of optional fields, up to a dash.
    while (fields >> word && word != "-") {
    }
    std::string type, source, options;
    if (fields >> type >> source >> options) rows.push_back({unescaped(root), unescaped(at), type, options});
  }
  return rows;
}

std::vector<MountRow> mount_table() {
  return parse_mount_table(read_small_file("/proc/self/mountinfo"));
}

}  // namespace evalrun
