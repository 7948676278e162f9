// The hostile mix: what programs do to a host, each with the verdict that is right for it. One table for the bombs that
// are thrown one by one and for the load of many at once.
#pragma once

#include <string>
#include <vector>

#include "runtime/core/units.h"

namespace evalrun::test {

struct Act {
  std::string name;
  std::vector<std::string> words;  // of tests/probes/hostile.cc
  std::string limits;              // lines of TOML
  std::string verdict;
  std::string limit;   // that was hit; "" for none
  std::string output;  // how standard output begins
  Duration due{};      // the limit on time that must end it; 0: it ends by itself
};

// Every act, in a fixed order.
const std::vector<Act>& acts();

// A plan that runs it. `program` is the name that the program has in the sandbox: all its processes can be told by it.
std::string plan_of(const Act& act, const std::string& program);

}  // namespace evalrun::test
