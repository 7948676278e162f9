// From files in memory to a submission that can be run: its language, its image, and the file that it begins in.
#pragma once

#include <string>
#include <vector>

#include "runtime/submissions/submission_files.h"

namespace evalrun::contest {

// A package says of files without a known ending that they are none of its submissions; of people's the text is looked
// at.
enum class HandedInBy { People, APackage };

// `language` and `entry` are what a package says, "" if nothing does: it goes before what the files look like, and
// --language before both. Throws Refused.
Sources find_sources(std::vector<WorkFile> files, HandedInBy by, const std::string& language, const std::string& entry,
                     std::vector<std::string> remarks, const ImageTable& images, const SourceOptions& options);

}  // namespace evalrun::contest
