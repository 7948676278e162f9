// The rows of the key tables. key_table.h says what a row means.
#pragma once

#include <vector>

#include "runtime/reader/key_table.h"

namespace evalrun {

std::vector<Key> plan_rows();

// The image file's own keys, and those that it shares with a plan.
std::vector<Key> image_rows();

}  // namespace evalrun
