// The newer groups: direct folders of secret, which inherit nothing and have a maximum.
#pragma once

#include "runtime/packages/kattis/group_settings.h"

namespace evalrun::packages::kattis {

// Adds data/sample and data/secret with the groups and cases in them, and the rules of the root group.
void read_newer_groups(DataReading& data, const Settings& root);

}  // namespace evalrun::packages::kattis
