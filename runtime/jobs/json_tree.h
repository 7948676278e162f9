// JSON as the tree of values that a plan is read from. Bounded as TOML is: values nest at most 32 deep.
#pragma once

#include <string>
#include <string_view>

#include "runtime/reader/toml_tree.h"

namespace evalrun::jobs {

struct JsonTree {
  TomlNode root;      // of a text that is not JSON, what was read of it
  std::string error;  // "" where the whole text was read
};

// Every node stands at `position`. No value of a plan is null, and no key may stand twice in an object.
JsonTree parse_json(std::string_view text, const SourcePosition& position);

}  // namespace evalrun::jobs
