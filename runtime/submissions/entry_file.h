// Which file a program begins in, and which language files are in, where their names do not say it and their text does.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/plan/plan.h"
#include "runtime/problem/language.h"

namespace evalrun::contest {

struct Entry {
  std::string path;        // of one of the files; "" if there is none
  std::string main_class;  // Java's
  // Files that must be placed under another name: Java's are called after their public class, in the folder of their
  // package.
  std::map<std::string, std::string> places;
};

// All files have their text. `sources` are the paths of those in the language. `wanted` is a file's path, its last
// part, or for Java a class; "": it is found. A `wanted` that is not there makes no entry.
Entry find_entry(const problem::Language& language, const std::vector<WorkFile>& files,
                 const std::vector<std::string>& sources, const std::string& wanted);

// The code of the language of most files, by their endings, and by their text where several languages have an ending;
// "" if none is known.
std::string language_by_endings(const std::vector<WorkFile>& files);

// The same for the only file, by its first line: "#!/usr/bin/env python3".
std::string language_by_first_line(const std::vector<WorkFile>& files);

}  // namespace evalrun::contest
