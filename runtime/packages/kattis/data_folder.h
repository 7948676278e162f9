// The problem package format: data/ with its cases and groups, by testdata.yaml and by test_group.yaml.
//
// The older groups nest, inherit key by key, and score what is in them by grader flags. The newer ones are direct
// folders of secret, inherit nothing, and have a maximum. Both become problem::Group. Which of the two a package means
// is decided by the files that it has.
#pragma once

#include "runtime/packages/kattis/data_reading.h"

namespace evalrun::packages::kattis {

void read_data_folder(Reading& reading, const Words& validator_flags, const OldGrading& grading,
                      OlderGroups older_groups);

}  // namespace evalrun::packages::kattis
