#include "runtime/reader/overrides.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "runtime/core/text.h"
#include "runtime/reader/key_table.h"

namespace evalrun {
namespace {

constexpr const char* kFile = "--set";

[[noreturn]] void fail(const std::string& override, const std::string& message) {
  throw PlanError({kFile, 0, 0}, override, message);
}

// The length of the quoted part at the front of `text`, with its quotes; npos where it does not end. A key has no line
// break.
std::size_t quoted_length(std::string_view text) {
  const char quote = text.front();
  for (std::size_t i = 1; i < text.size() && text[i] != '\n'; ++i) {
    if (text[i] == quote) return i + 1;
    if (quote == '"' && text[i] == '\\') ++i;
  }
  return text.npos;
}

std::optional<std::string> unquoted(std::string_view text) {
  auto node = parse_toml_value(text, kFile);
  auto* name = node ? std::get_if<std::string>(&node->value) : nullptr;
  return name == nullptr ? std::nullopt : std::optional(std::move(*name));
}

// The parts of a dotted TOML key at the front of `text`, which then holds what follows the key; empty where there is no
// key.
std::vector<std::string> take_key(std::string_view& text) {
  constexpr std::string_view kBare = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  std::vector<std::string> parts;
  while (true) {
    const bool quoted = text.starts_with('"') || text.starts_with('\'');
    const std::size_t length = quoted ? quoted_length(text) : std::min(text.find_first_not_of(kBare), text.size());
    if (length == text.npos || length == 0) return {};
    const auto part = quoted ? unquoted(text.substr(0, length)) : std::optional(std::string(text.substr(0, length)));
    if (!part) return {};
    parts.push_back(*part);
    text.remove_prefix(length);
    if (!text.starts_with('.')) return parts;
    text.remove_prefix(1);
  }
}

// Where the parts of a key lead in the plan's table; null where nowhere.
const KeyNode* find_key(const std::vector<std::string>& parts) {
  const KeyNode* node = &plan_keys().root;
  for (const std::string& part : parts) {
    node = node->member(part);
    if (node == nullptr) return nullptr;
  }
  return node;
}

bool is_text(const Key* key) {
  return std::holds_alternative<TextForm>(key->form) || std::holds_alternative<ChoiceForm>(key->form) ||
         std::holds_alternative<TimeForm>(key->form) || std::holds_alternative<SizeForm>(key->form);
}

bool takes_text(const KeyNode* node) {
  return node != nullptr && std::ranges::any_of(node->forms, is_text);
}

// Text in one form or another and nothing else.
bool takes_only_text(const KeyNode* node) {
  return takes_text(node) && node->children.empty() && std::ranges::all_of(node->forms, is_text);
}

const char* beginning(char first) {
  return first == '"' || first == '\'' ? "a quotation mark" : first == '[' || first == '{' ? "a bracket" : "a number";
}

// `value` stands at the end of `override`. Its problem is told at its place in the override.
TomlNode read_toml(const std::string& override, std::string_view value) {
  try {
    return read_toml_value(value, kFile);
  } catch (const PlanError& error) {
    const std::string message = std::string(error.what()).substr((to_string(error.position()) + ": ").size());
    const std::string_view front = std::string_view(override).substr(0, override.size() - value.size());
    SourcePosition position = error.position();
    if (position.line == 1) {
      const auto starts_character = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
      position.column += static_cast<unsigned>(std::ranges::count_if(front, starts_character));
    }
    throw PlanError(
        position, front.substr(0, front.size() - 1),
        std::string("a value that begins with ") + beginning(value.front()) + " is read as TOML; " + message);
  }
}

// docs/decisions/038-what-an-override-says.md
TomlNode read_value(const std::string& override, std::string_view value, const KeyNode* key) {
  const TomlNode text{std::string(value), {std::make_shared<const std::string>(kFile), 0, 0}};
  const char first = value.empty() ? '\0' : value.front();
  const bool is_quoted = first == '"' || first == '\'';
  if (takes_only_text(key)) return is_quoted ? read_toml(override, value) : text;
  const bool is_number = (first >= '0' && first <= '9') || first == '+' || first == '-';
  if (is_quoted || first == '[' || first == '{' || (is_number && key != nullptr && !takes_text(key))) {
    return read_toml(override, value);
  }
  auto toml = parse_toml_value(value, kFile);
  return toml ? std::move(*toml) : text;
}

// Tables are made on the way; what stands there and is none gives way.
void put(TomlNode& root, const std::vector<std::string>& parts, TomlNode value, const TomlPlace& place) {
  TomlNode* node = &root;
  for (const std::string& part : parts) {
    if (!std::holds_alternative<TomlTable>(node->value)) *node = {TomlTable{}, place};
    auto& table = std::get<TomlTable>(node->value);
    TomlMember* member = find_member(table, part);
    if (member == nullptr) member = &table.emplace_back(TomlMember{part, place, {TomlTable{}, place}});
    node = &member->node;
    if (&part == &parts.back()) member->place = place;
  }
  *node = std::move(value);
}

}  // namespace

void apply_override(TomlNode& root, const std::string& override) {
  std::string_view rest = override;
  const std::vector<std::string> parts = take_key(rest);
  if (parts.empty() || !rest.starts_with('=')) {
    fail(override, "expected key=value, such as limits.cpu=2s");
  }
  rest.remove_prefix(1);
  if (!is_utf8(override)) fail(override, "expected UTF-8");
  put(root, parts, read_value(override, rest, find_key(parts)), {std::make_shared<const std::string>(kFile), 0, 0});
}

void set_key(TomlNode& root, const std::string& key, TomlNode value) {
  std::string_view rest = key;
  const std::vector<std::string> parts = take_key(rest);
  if (parts.empty() || !rest.empty()) {
    throw PlanError(value.place.position(), key, "expected a key of a plan, such as \"limits.cpu\"");
  }
  const TomlPlace place = value.place;
  put(root, parts, std::move(value), place);
}

const KeyNode* find_override_key(const std::string& key) {
  std::string_view rest = key;
  const std::vector<std::string> parts = take_key(rest);
  return parts.empty() || !rest.empty() ? nullptr : find_key(parts);
}

void check_override_key(const std::string& key, const SourcePosition& position) {
  if (find_override_key(key) == nullptr) {
    throw PlanError(position, key, "expected a key of a plan, such as \"limits.cpu\"");
  }
}

}  // namespace evalrun
