// Reads a problem package, in whichever format it is.
#pragma once

#include <optional>
#include <string>

#include "runtime/archive/tree.h"
#include "runtime/problem/finding.h"
#include "runtime/problem/problem.h"

namespace evalrun::packages {

struct Package {
  archive::Tree tree;  // what the problem's paths are in
  problem::Findings findings;
  // Whole where there are no errors; with errors it holds what could be read.
  problem::Problem problem;
};

// `path` is a folder, a .zip or a .kpp. Everything is read, and everything that is wrong is told: nothing is thrown for
// what the package holds, unless its files cannot be listed at all (archive::TreeError). `links_root` is as in
// archive::Tree.
Package read_package(const std::string& path, const archive::Bounds& bounds = {}, const std::string& links_root = "");

// What the package holds, in lines for people.
std::string summary(const Package& package);

}  // namespace evalrun::packages
