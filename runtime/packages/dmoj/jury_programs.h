// The programs of a DMOJ problem: files beside init.yml, with a language, limits and flags.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/packages/reading/map_reader.h"
#include "runtime/packages/reading/reading.h"

namespace evalrun::packages::dmoj {

constexpr const char* kInitFile = "init.yml";
using Words = std::vector<std::string>;

struct Native {
  std::vector<std::string> files;
  std::string language;  // "": what the ending of the first file says
};

// Adds a program of files beside init.yml. Nothing where that cannot be, which `yaml` says then, at its key `key`.
std::optional<problem::ProgramIndex> add_native(Reading& reading, MapReader& yaml, const std::string& key,
                                                problem::Role role, const Native& native,
                                                problem::Convention convention);

// The same of a program that `map` describes: its `files`, `lang`, and by `type` how it is called.
std::optional<problem::ProgramIndex> add_contrib(Reading& reading, MapReader& yaml, const std::string& key,
                                                 problem::Role role, MapReader& map);

void read_program_limits(Reading& reading, MapReader& yaml, problem::ProgramIndex index);

// The key `generator`. The arguments that it says are for every case that has none of its own.
std::optional<problem::ProgramIndex> read_generator(Reading& reading, MapReader& yaml, const YamlPointer& node,
                                                    Words& default_args);

}  // namespace evalrun::packages::dmoj
