// The older groups: they nest, inherit key by key, and are scored by grader flags, or as DOMjudge does it.
#pragma once

#include "runtime/packages/kattis/group_settings.h"

namespace evalrun::packages::kattis {

// Adds data/sample and data/secret with all groups and cases below them, and the rules of the root group.
void read_older_groups(DataReading& data, const Settings& root);

}  // namespace evalrun::packages::kattis
