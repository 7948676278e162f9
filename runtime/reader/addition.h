// What a plan could say besides what it says: the form in which a remedy for a refused call can be printed, applied to
// a plan, and taken back again.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/reader/toml_tree.h"

namespace evalrun {

// `key = value`, in place of what stands there: proc.view = "full".
struct SetKey {
  std::string key;    // "proc.view"
  std::string value;  // as in TOML
  bool operator==(const SetKey&) const = default;
};
// One more item of a list: "memfd_create" in seccomp.allow.
struct AddItem {
  std::string key;
  std::string item;  // as in TOML
  bool operator==(const AddItem&) const = default;
};
// One more [[mount]], read-only where it is a bind.
struct AddMount {
  std::string bind;   // the host's path; empty: a tmpfs
  std::string tmpfs;  // its size
  std::string at;
  bool exec = false;
  bool operator==(const AddMount&) const = default;
};
// `write = true` or `exec = true` in a [[mount]] of the plan's own.
struct SetMountFlag {
  std::string at;
  std::string flag;
  bool operator==(const SetMountFlag&) const = default;
};
using PlanAddition = std::variant<SetKey, AddItem, AddMount, SetMountFlag>;

// A remedy is an addition, or the reason why there is none.
struct Remedy {
  std::variant<PlanAddition, std::string> what;

  [[nodiscard]] const PlanAddition* addition() const { return std::get_if<PlanAddition>(&what); }
};

// In one line: `[seccomp] allow = ["memfd_create"]`, or why no plan allows it.
std::string describe(const PlanAddition& addition);
std::string describe(const Remedy& remedy);

// Throws PlanError, in the file "--suggest", where a SetMountFlag finds no [[mount]] of the plan's own.
void apply_addition(TomlNode& root, const PlanAddition& addition);

// The members of the [[mount]] that it adds, in order, as in TOML: {"bind", "\"/srv\""}.
std::vector<std::pair<std::string, std::string>> members_of(const AddMount& mount);

// A value as TOML writes it, tables inline.
std::string to_toml(const TomlNode& node);
// `name` as a TOML key: bare where it can be.
std::string toml_key(const std::string& name);

// The value at "seccomp.allow"; null where there is none.
const TomlNode* find_value(TomlNode& root, const std::string& key);

}  // namespace evalrun
