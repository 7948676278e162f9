#include "runtime/reader/addition.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "runtime/core/text.h"

namespace evalrun {
namespace {

constexpr const char* kFile = "--suggest";

TomlPlace place() {
  static const TomlPlace everywhere{std::make_shared<const std::string>(kFile), 0, 0};
  return everywhere;
}

TomlNode value_of(const std::string& toml) {
  auto node = parse_toml_value(toml, kFile);
  if (!node) throw PlanError({kFile, 0, 0}, toml, "expected a TOML value");
  return std::move(*node);
}

std::vector<std::string> parts_of(const std::string& key) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= key.size();) {
    const std::size_t dot = std::min(key.find('.', at), key.size());
    parts.push_back(key.substr(at, dot - at));
    at = dot + 1;
  }
  return parts;
}

TomlNode& member(TomlNode& table, const std::string& name, TomlNode otherwise) {
  if (!std::holds_alternative<TomlTable>(table.value)) table = {TomlTable{}, place()};
  auto& members = std::get<TomlTable>(table.value);
  TomlMember* found = find_member(members, name);
  if (found == nullptr) found = &members.emplace_back(TomlMember{name, place(), std::move(otherwise)});
  return found->node;
}

TomlNode& at_key(TomlNode& root, const std::string& key, TomlNode otherwise) {
  const std::vector<std::string> parts = parts_of(key);
  TomlNode* node = &root;
  for (const std::string& part : parts) {
    const bool is_last = &part == &parts.back();
    node = &member(*node, part, is_last ? std::move(otherwise) : TomlNode{TomlTable{}, place()});
  }
  return *node;
}

TomlArray& list_at(TomlNode& root, const std::string& key) {
  TomlNode& node = at_key(root, key, {TomlArray{}, place()});
  if (!std::holds_alternative<TomlArray>(node.value)) node = {TomlArray{}, place()};
  return std::get<TomlArray>(node.value);
}

void apply(TomlNode& root, const SetKey& set) {
  at_key(root, set.key, {TomlTable{}, place()}) = value_of(set.value);
}

void apply(TomlNode& root, const AddItem& more) {
  list_at(root, more.key).push_back(value_of(more.item));
}

void apply(TomlNode& root, const AddMount& mount) {
  TomlNode entry{TomlTable{}, place()};
  for (const auto& [name, value] : members_of(mount)) member(entry, name, value_of(value));
  list_at(root, "mount").push_back(std::move(entry));
}

void apply(TomlNode& root, const SetMountFlag& set) {
  for (TomlNode& mount : list_at(root, "mount")) {
    if (!std::holds_alternative<TomlTable>(mount.value)) continue;
    const TomlMember* at = find_member(std::get<TomlTable>(mount.value), "at");
    if (at == nullptr || !std::holds_alternative<std::string>(at->node.value)) continue;
    if (std::get<std::string>(at->node.value) != set.at) continue;
    member(mount, set.flag, {true, place()}) = {true, place()};
    return;
  }
  throw PlanError({kFile, 0, 0}, "mount", "expected a [[mount]] at " + in_quotes(set.at));
}

std::string describe_key(const std::string& key, const std::string& value) {
  const std::size_t dot = key.find('.');
  return "[" + key.substr(0, dot) + "] " + key.substr(dot + 1) + " = " + value;
}

std::string describe_one(const SetKey& set) {
  return describe_key(set.key, set.value);
}
std::string describe_one(const AddItem& more) {
  return describe_key(more.key, "[" + more.item + "]");
}
std::string describe_one(const AddMount& mount) {
  std::string text;
  for (const auto& [name, value] : members_of(mount)) {
    text += (text.empty() ? "[[mount]] " : ", ") + name + " = " + value;
  }
  return text;
}
std::string describe_one(const SetMountFlag& set) {
  return set.flag + " = true in the [[mount]] at " + toml_string(set.at);
}

std::string number_text(double number) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number);
  std::string written(text.data(), end.ptr);
  return written.find_first_of(".en") == written.npos ? written + ".0" : written;
}

struct Writer {
  std::string operator()(const TomlTable& table) const {
    std::string text;
    for (const TomlMember& each : table) {
      text += (text.empty() ? "{ " : ", ") + toml_key(each.name) + " = " + to_toml(each.node);
    }
    return text.empty() ? "{}" : text + " }";
  }
  std::string operator()(const TomlArray& array) const {
    std::string text = "[";
    for (const TomlNode& each : array) text += (text.size() > 1 ? ", " : "") + to_toml(each);
    return text + "]";
  }
  std::string operator()(const std::string& text) const { return toml_string(text); }
  std::string operator()(std::int64_t number) const { return std::to_string(number); }
  std::string operator()(double number) const { return number_text(number); }
  std::string operator()(bool flag) const { return flag ? "true" : "false"; }
  std::string operator()(TomlTime) const { return "1970-01-01"; }  // no key takes one; the plan will say so
};

}  // namespace

std::string describe(const PlanAddition& addition) {
  return std::visit([](const auto& one) { return describe_one(one); }, addition);
}

std::string describe(const Remedy& remedy) {
  const PlanAddition* addition = remedy.addition();
  return addition != nullptr ? describe(*addition) : std::get<std::string>(remedy.what);
}

void apply_addition(TomlNode& root, const PlanAddition& addition) {
  std::visit([&](const auto& one) { apply(root, one); }, addition);
}

std::vector<std::pair<std::string, std::string>> members_of(const AddMount& mount) {
  std::vector<std::pair<std::string, std::string>> members;
  if (mount.bind.empty()) {
    members.emplace_back("tmpfs", toml_string(mount.tmpfs));
  } else {
    members.emplace_back("bind", toml_string(mount.bind));
  }
  members.emplace_back("at", toml_string(mount.at));
  if (mount.exec) members.emplace_back("exec", "true");
  return members;
}

std::string to_toml(const TomlNode& node) {
  return std::visit(Writer{}, node.value);
}

std::string toml_key(const std::string& name) {
  constexpr std::string_view kBare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return name.empty() || name.find_first_not_of(kBare) != name.npos ? toml_string(name) : name;
}

const TomlNode* find_value(TomlNode& root, const std::string& key) {
  TomlNode* node = &root;
  for (const std::string& part : parts_of(key)) {
    if (!std::holds_alternative<TomlTable>(node->value)) return nullptr;
    TomlMember* found = find_member(std::get<TomlTable>(node->value), part);
    if (found == nullptr) return nullptr;
    node = &found->node;
  }
  return node;
}

}  // namespace evalrun
