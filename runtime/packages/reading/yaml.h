// YAML as a bounded tree of values with their places, by yaml-cpp's parser.
//
// yaml-cpp's own nodes are not used: they keep the first of two equal keys in silence, and whoever walks through them
// follows aliases without end. Here an alias is counted with all that it stands for.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/problem/finding.h"

namespace evalrun::packages {

struct YamlBounds {
  std::size_t bytes = std::size_t{8} << 20;
  std::size_t nodes = 4'000'000;  // with aliases followed
  std::size_t depth = 48;
};

class YamlNode;
using YamlPointer = std::shared_ptr<const YamlNode>;

class YamlNode {
 public:
  enum class Kind { Null, Scalar, List, Map };
  Kind kind = Kind::Null;
  std::string text;        // of a scalar, as it was written
  bool is_quoted = false;  // then it is text, whatever it looks like
  std::vector<YamlPointer> items;
  std::vector<std::pair<YamlPointer, YamlPointer>> pairs;
  SourcePosition where;
  std::size_t weight = 1;  // nodes, with aliases followed
};

// "a list", "a map", "text", "nothing".
std::string kind_of(const YamlNode& node);

// Null where it cannot be read, which `findings` says then. An empty document is a Null node.
YamlPointer parse_yaml(const std::string& text, const std::string& file, problem::Findings& findings,
                       const YamlBounds& bounds = {});

}  // namespace evalrun::packages
