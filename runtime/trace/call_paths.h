// Which argument of a call is a path, and of which folder.
#pragma once

#include <optional>
#include <string>

namespace evalrun::trace {

struct PathArgument {
  int folder;  // the argument that is the folder's descriptor; -1: the working directory
  int path;
};

std::optional<PathArgument> path_argument(const std::string& call);

}  // namespace evalrun::trace
