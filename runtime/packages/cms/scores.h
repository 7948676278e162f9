// The points of a CMS task: subtasks of gen/GEN or of score_type_parameters, or one sum over all cases.
#pragma once

#include <optional>
#include <vector>

#include "runtime/packages/cms/gen_file.h"
#include "runtime/packages/reading/map_reader.h"
#include "runtime/packages/reading/reading.h"

namespace evalrun::packages::cms {

// Whether task.yaml says the scores. CMS looks at its keys only if all of them are there.
bool has_own_scores(MapReader& yaml);

// Adds the cases to the problem, in groups with their points. A case that is in no subtask is left out.
void read_scores(Reading& reading, MapReader& yaml, const std::optional<Gen>& gen, std::vector<problem::Case> cases);

}  // namespace evalrun::packages::cms
