// What is handed in, as files in memory: a file, a folder or an archive, bounded. Hidden files, __MACOSX and
// __pycache__ are left out, and one folder that holds all the rest is gone into.
#pragma once

#include <string>
#include <vector>

#include "runtime/archive/tree.h"
#include "runtime/submissions/submission_files.h"

namespace evalrun::contest {

struct HandedIn {
  std::vector<WorkFile> files;
  std::vector<std::string> remarks;  // one line each: what is left out
};

// What lies at a path of this host. Throws Refused and archive::TreeError.
HandedIn read_handed_in(const std::string& path, const SourceOptions& options);

// A file, folder or archive of a tree; "" is all of it. Throws Refused and archive::TreeError.
HandedIn read_handed_in(const archive::Tree& tree, const std::string& path, const SourceOptions& options);

}  // namespace evalrun::contest
