// From the tree of a plan's keys to the Task: parse.h and template.h are its users.
#pragma once

#include "runtime/reader/parse.h"
#include "runtime/reader/template.h"
#include "runtime/reader/toml_tree.h"

namespace evalrun {

// The text as a tree, with the overrides of --set.
TomlNode read_plan_tree(const PlanText& text, const std::vector<std::string>& overrides);

// A plan without values: its name, hash, folder and position.
Plan plan_header(const PlanText& text, const std::vector<std::string>& overrides);

// plan.sha256 of what `sha256` is of, with `changes` written over it, each as text.
std::string hash_with_changes(const std::string& sha256, const std::vector<std::string>& changes);

// Reads the keys into `header` and checks them, each and together. Throws PlanError.
Task task_of_tree(const TomlNode& root, Plan header, ImageCache& images);

}  // namespace evalrun
