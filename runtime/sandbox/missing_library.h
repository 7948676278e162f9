// Why a program that was started found a library missing though its name is there: a link on the way leads out of the
// sandbox. For the words of a result alone; nothing is decided by it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rootfs/layout.h"
#include "runtime/plan/plan.h"

namespace evalrun::sandbox {

// `standard_error` is what the program wrote, which may be anything. In it the loader's own sentence is looked for:
// "libblas.so.3: cannot open shared object file". One sentence for each such library, at most kMostExplained.
std::vector<std::string> explain_missing_libraries(const Plan& plan, const rootfs::Layout& layout,
                                                   std::string_view standard_error);
inline constexpr std::size_t kMostExplained = 4;

// The same for a program that could not be started: its interpreter, or the program itself. "" where no link leads out.
std::string explain_missing_program(const Plan& plan, const rootfs::Layout& layout, const std::string& program);

}  // namespace evalrun::sandbox
