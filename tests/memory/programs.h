// The table of programs whose memory is judged and measured: in each language one that takes without end and one that
// stays near its limit, which is right.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace evalrun::test {

enum class Kind { Leaks, Fits };

struct Program {
  std::string name;
  std::vector<std::string> needs;  // without one of these files it is skipped
  std::vector<std::string> reads;  // what it runs from: put out of the page cache, with the libraries it is linked with
  Kind kind;
  unsigned limit_mib;
  // TOML without the limit. "{images}" stands for a folder of images, "{probes}" for that of probes, "{go}" for that of
  // Go's, "{folder}" for one that `prepare` is given.
  std::string plan;
  std::function<void(const std::filesystem::path& folder)> prepare = {};
};

const std::vector<Program>& programs();

// Where programs in Go are, compiled at the first call; "" where there is no compiler.
std::filesystem::path folder_of_go_programs();

// Images that evalrun does not have, as name and text.
const std::vector<std::pair<std::string, std::string>>& images_for_programs();

}  // namespace evalrun::test
