// The keys that init.yml has at every level: of the whole file, of a batch and of a case.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/packages/dmoj/jury_programs.h"

namespace evalrun::packages::dmoj {

// What a case has, with what it inherits.
struct Settings {
  std::optional<std::string> in, out, generator_in;
  std::optional<std::vector<std::string>> generator_args;
  std::optional<problem::ProgramIndex> generator;
  double points = 1;
  std::size_t checker = 0;
  bool binary = false;
};

// Reads them over what is inherited. `default_args` are the arguments of a generator for cases without their own.
void read_common(Reading& reading, MapReader& yaml, Settings& settings, Words& default_args);

}  // namespace evalrun::packages::dmoj
