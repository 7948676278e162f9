// The programs of a CMS task: checkers, managers, generators and solutions, as sources or as what they were built to.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/packages/reading/bounds.h"
#include "runtime/packages/reading/reading.h"

namespace evalrun::packages::cms {

// Whether the folder has a program of this name, in a known language or without an ending.
bool has_program(const archive::Tree& tree, const std::string& folder, const std::string& name);

// The program of this name in the folder: its source, or what it was built to.
std::optional<problem::ProgramIndex> program_at(Reading& reading, const std::string& folder, const std::string& name,
                                                problem::Role role);

// The first that is there of the programs, each a folder and a name.
std::optional<problem::ProgramIndex> first_program(Reading& reading,
                                                   const std::vector<std::pair<std::string, std::string>>& places,
                                                   problem::Role role);

}  // namespace evalrun::packages::cms
