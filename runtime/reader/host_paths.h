// The paths of the host that a plan names: files that are read or written, what is bound, an image that is named by its
// path. By the table of keys, so that none is forgotten.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/reader/toml_tree.h"

namespace evalrun {

// What the program is shown, or evalrun does, of it.
enum class HostPathUse { Read, Write, Bind, Image };

// Told of each, with its key ("files.*.from"); may write another in its place, and may throw PlanError.
using VisitHostPath =
    std::function<void(std::string& path, HostPathUse use, std::string_view key, const TomlPlace& at)>;

// `root` is a plan's tree of values. What no key of a plan is, or has the wrong type, is left to the reader of the
// tree.
void visit_host_paths(TomlNode& root, const VisitHostPath& visit);

struct SetChange;
struct MergeChange;
// The same in the changes of a plan (template.h).
void visit_host_paths(std::vector<std::variant<SetChange, MergeChange>>& changes, const VisitHostPath& visit);

}  // namespace evalrun
