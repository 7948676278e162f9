// A TOML text as a tree of values that know where they stand. It stands between toml++ and the rest of evalrun: toml++
// is slow to compile and is used in toml_tree.cc alone.
//
// Bounds, checked before toml++ sees the text, since it and the destructors of its trees recurse: values nest at most
// 32 deep, a dotted key has at most 16 parts. No key of a plan comes near either.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/core/error.h"

namespace evalrun {

// A position without a copy of the file's name: a large plan has millions of nodes. The name is shared by the whole
// tree.
struct TomlPlace {
  std::shared_ptr<const std::string> file;
  unsigned line = 0;  // 0: no position, as for --set
  unsigned column = 0;

  [[nodiscard]] SourcePosition position() const { return {*file, line, column}; }
};

struct TomlMember;
struct TomlNode;
using TomlTable = std::vector<TomlMember>;  // in the order of the text
using TomlArray = std::vector<TomlNode>;

// A date, a time or both: no key of a plan takes one. Its copy is not trivial for the sake of TomlNode's variant.
// libstdc++ takes a variant of strings, vectors and trivial types for one that always has a value. Where its copy
// constructor throws, it has none yet, and its destructor jumps through a table at the index -1.
struct TomlTime {
  TomlTime() = default;
  TomlTime(const TomlTime&) noexcept;
  TomlTime& operator=(const TomlTime&) = default;
  ~TomlTime() = default;
};
inline TomlTime::TomlTime(const TomlTime&) noexcept = default;

struct TomlNode {
  std::variant<TomlTable, TomlArray, std::string, std::int64_t, double, bool, TomlTime> value;
  TomlPlace place;
};

struct TomlMember {
  std::string name;
  TomlPlace place;  // of the name
  TomlNode node;
};

// "an integer", "a table": for messages.
std::string_view type_name(const TomlNode& node);

// The member called `name`; null where there is none.
TomlMember* find_member(TomlTable& table, std::string_view name);
// The same, taken out of the table; none where there is none.
std::optional<TomlNode> take_member(TomlTable& table, std::string_view name);

// The root is a table. Throws PlanError, with the parser's position, where `text` is not TOML, holds a NUL byte or
// nests too deeply.
TomlNode parse_toml(std::string_view text, const std::string& file);

// One value without a key, such as "[1, 2]"; its nodes have no line. Throws PlanError, with the place within `text`,
// where `text` is not one TOML value. Nothing may follow a string, not even a comment.
TomlNode read_toml_value(std::string_view text, const std::string& file);

// The same; empty where it would throw.
std::optional<TomlNode> parse_toml_value(std::string_view text, const std::string& file);

}  // namespace evalrun
