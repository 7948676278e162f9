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

// Told of each, with its key ("files.*.from"); may throw PlanError.
using SeeHostPath =
    std::function<void(const std::string& path, HostPathUse use, std::string_view key, const TomlPlace& at)>;
// The same; may write another path in its place.
using VisitHostPath =
    std::function<void(std::string& path, HostPathUse use, std::string_view key, const TomlPlace& at)>;

// `root` is a plan's tree of values. What no key of a plan is, or has the wrong type, is left to the reader of the
// tree.
void visit_host_paths(TomlNode& root, const VisitHostPath& visit);
void see_host_paths(const TomlNode& root, const SeeHostPath& see);

struct KeyNode;
// Of the value of one key, which `key` is in the table.
void see_host_paths(const TomlNode& value, const KeyNode& key, const SeeHostPath& see);

struct SetChange;
struct MergeChange;
// The same in the changes of a plan (template.h).
void visit_host_paths(std::vector<std::variant<SetChange, MergeChange>>& changes, const VisitHostPath& visit);

}  // namespace evalrun
