// A folder of submissions, one for each student: its entries are files, folders and archives.
//
// A folder may as well be one submission of several files. By itself it is taken for a class if it holds several
// programs: two archives or folders with sources, or sources that cannot be one program. Those are sources in two
// languages, several that have a main function, or several scripts of which none is called main or imported by another.
#pragma once

#include <string>
#include <vector>

#include "runtime/archive/tree.h"

namespace evalrun::contest {

// Whether the tree's root holds several submissions, by the rule above.
bool is_class(const archive::Tree& tree);

// The entries of the root, sorted: each is a submission. Hidden ones and __MACOSX are left out.
std::vector<std::string> submissions_in(const archive::Tree& tree);

}  // namespace evalrun::contest
