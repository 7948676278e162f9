// What is known of a snapshot beside its file, in words: a recorder tells it to its supervisor, and a store that is
// kept finds it again.
#pragma once

#include <filesystem>
#include <string>

#include "runtime/snapshot/maker.h"

namespace evalrun::snapshot {

std::string describe(const Outcome& outcome);

// `file`: the snapshot's. What cannot be read is no snapshot: the recorder was ended.
Outcome read_description(const std::string& words, const std::filesystem::path& file);

}  // namespace evalrun::snapshot
