#include "runtime/reader/host_paths.h"

#include <optional>

#include "runtime/core/overloaded.h"
#include "runtime/reader/key_table.h"
#include "runtime/reader/overrides.h"
#include "runtime/reader/template.h"

namespace evalrun {
namespace {

HostPathUse use_of_file(std::string_view key) {
  if (key.ends_with(".bind")) return HostPathUse::Bind;
  if (key.starts_with("stdout") || key.starts_with("stderr")) return HostPathUse::Write;
  return HostPathUse::Read;
}

std::optional<HostPathUse> use_of(const KeyNode& keys, const std::string& text) {
  if (keys.name == "image") return is_image_path(text) ? std::optional(HostPathUse::Image) : std::nullopt;
  for (const Key* key : keys.forms) {
    const auto* form = std::get_if<TextForm>(&key->form);
    if (form == nullptr) continue;
    const auto accepts = form->rule.accepts;
    if (accepts == text_rule::kHostPath.accepts || accepts == text_rule::kHostAbsolute.accepts)
      return use_of_file(keys.path);
  }
  return std::nullopt;
}

// `keys` is null where no key of a plan is. `Node` is const where nothing is written.
template <typename Node, typename Visit>
void visit_node(Node& node, const KeyNode* keys, const Visit& visit) {
  if (keys == nullptr) return;
  if (auto* table = std::get_if<TomlTable>(&node.value)) {
    for (auto& member : *table) visit_node(member.node, keys->member(member.name), visit);
  } else if (auto* array = std::get_if<TomlArray>(&node.value)) {
    for (auto& element : *array) visit_node(element, keys->exactly("[]"), visit);
  } else if (auto* text = std::get_if<std::string>(&node.value)) {
    if (const std::optional<HostPathUse> use = use_of(*keys, *text)) visit(*text, *use, keys->path, node.place);
  }
}

}  // namespace

void visit_host_paths(std::vector<PlanChange>& changes, const VisitHostPath& visit) {
  const KeyNode& root = plan_keys().root;
  for (PlanChange& change : changes) {
    std::visit(Overloaded{[&](SetChange& set) { visit_node(set.value, find_override_key(set.key), visit); },
                          [&](MergeChange& merge) {
                            for (TomlMember& member : merge.keys) {
                              visit_node(member.node, root.member(member.name), visit);
                            }
                          }},
               change);
  }
}

void visit_host_paths(TomlNode& root, const VisitHostPath& visit) {
  visit_node(root, &plan_keys().root, visit);
}

void see_host_paths(const TomlNode& root, const SeeHostPath& see) {
  visit_node(root, &plan_keys().root, see);
}

void see_host_paths(const TomlNode& value, const KeyNode& key, const SeeHostPath& see) {
  visit_node(value, &key, see);
}

}  // namespace evalrun
