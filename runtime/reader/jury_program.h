// The programs of a jury that a plan names, in [checker] and [interactor]: each is a plan of its own, with the keys of
// one, read by the same table.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "runtime/plan/plan.h"
#include "runtime/reader/template.h"
#include "runtime/reader/toml_tree.h"

namespace evalrun {

struct JurySection {
  std::string name;  // "checker": the section, and what its program is called
  problem::Convention convention = problem::Convention::Kattis;
  std::vector<std::string> args;
  // Of a section without limits.wall; zero: what goes with its CPU time.
  Duration wall{};
};

// The program of the section `keys`, whose values have been read once by the plan's table. Sections that say the same
// give the same program, so that it is built once for all tasks that share `images`. Throws PlanError.
std::shared_ptr<const JuryProgram> jury_program(const TomlTable& keys, const JurySection& section, const Origin& origin,
                                                ImageCache& images);

}  // namespace evalrun
