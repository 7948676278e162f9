// Jury programs of a package: from their sources to the plans that they are run by.
#pragma once

#include <memory>
#include <variant>

#include "runtime/contest/package_context.h"

namespace evalrun::contest {

// The refusal's message begins with the program's name. Throws PlanError, SystemError and archive::TreeError.
std::variant<std::shared_ptr<const JuryProgram>, Refusal> make_jury_program(const PackageContext& context,
                                                                            const problem::Program& program);

}  // namespace evalrun::contest
