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

// The language that a key names, by its code; "" if there is none.
std::string read_language(MapReader& yaml, const std::string& key);

// How DMOJ's key `type` has a program called. Nothing for a word that is not known, which `yaml` says then.
std::optional<problem::Convention> contrib_type(MapReader& yaml);

void read_program_limits(Reading& reading, MapReader& yaml, problem::ProgramIndex index);

// The key `generator`. The arguments that it says are for every case that has none of its own.
std::optional<problem::ProgramIndex> read_generator(Reading& reading, MapReader& yaml, const YamlPointer& node,
                                                    Words& default_args);

}  // namespace evalrun::packages::dmoj
