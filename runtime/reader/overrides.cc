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

// The parts of a dotted TOML key at the front of `text`, which then holds what follows the key; empty where there is no
// key. A basic string's escapes are not read: no key needs them.
std::vector<std::string> take_key(std::string_view& text) {
  constexpr std::string_view kBare = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  std::vector<std::string> parts;
  while (true) {
    const bool quoted = text.starts_with('"') || text.starts_with('\'');
    const std::size_t end = quoted ? text.find(text.front(), 1) : std::min(text.find_first_not_of(kBare), text.size());
    if (end == text.npos || end == 0) return {};
    parts.emplace_back(quoted ? text.substr(1, end - 1) : text.substr(0, end));
    text.remove_prefix(end + (quoted ? 1 : 0));
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

// Whether a key takes text in one form or another and nothing else, so that a bare 0 must be meant as text.
bool takes_only_text(const KeyNode* node) {
  if (node == nullptr || !node->children.empty()) return false;
  return std::ranges::all_of(node->forms, [](const Key* key) {
    return std::holds_alternative<TextForm>(key->form) || std::holds_alternative<ChoiceForm>(key->form);
  });
}

TomlNode read_value(std::string_view text, const KeyNode* key) {
  auto value = parse_toml_value(text, kFile);
  const bool is_text = value && std::holds_alternative<std::string>(value->value);
  if (!value || (!is_text && takes_only_text(key))) {
    return {std::string(text), {std::make_shared<const std::string>(kFile), 0, 0}};
  }
  return std::move(*value);
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
  put(root, parts, read_value(rest, find_key(parts)), {std::make_shared<const std::string>(kFile), 0, 0});
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
