// --set key=value: one key of a plan, written over what the plan's text says.
#pragma once

#include <string>

#include "runtime/core/error.h"
#include "runtime/reader/key_table.h"
#include "runtime/reader/toml_tree.h"

namespace evalrun {

// Puts the value into the tree, in place of what stands there, making tables on the way. Whether the key exists and
// takes such a value is for the reader of the tree to say.
//
// A key that takes nothing but text (env.*, files.*.text, a time, a size, a choice) gets the value as it stands, byte
// for byte, unless it begins with a quotation mark: then it is a TOML string. For any other key the value is TOML, and
// text where it does not begin as TOML does (stdout=capture).
//
// Throws PlanError, in the file "--set", where `override` is no "key=value", its key is no TOML key, or the value
// begins as TOML and is not; then at the place in `override`.
void apply_override(TomlNode& root, const std::string& override);

// The same with a value that is read already. Throws PlanError at the value's place where `key` is no TOML key.
void set_key(TomlNode& root, const std::string& key, TomlNode value);

// Where `key` leads in the table of a plan's keys; null where nowhere.
const KeyNode* find_override_key(const std::string& key);

// Throws PlanError at `position` where `key`, as in "limits.cpu", is no key of a plan.
void check_override_key(const std::string& key, const SourcePosition& position);

}  // namespace evalrun
