#include "runtime/reader/template.h"

#include <utility>

#include "runtime/reader/image_file.h"
#include "runtime/reader/key_table.h"
#include "runtime/reader/overrides.h"
#include "runtime/reader/plan_tree.h"
#include "runtime/reader/tree_reader.h"

namespace evalrun {
namespace {

namespace fs = std::filesystem;

// More than there are languages; paths can be written in any number of ways.
constexpr std::size_t kManyImages = 64;
// Checkers and interactors of a course's tasks.
constexpr std::size_t kManyJuryPrograms = 64;

// A table that says one thing in one of several ways cannot be joined with another one.
bool is_whole(const KeyNode& keys) {
  const TableForm* form = keys.table();
  return form != nullptr && (!form->one_of.empty() || !form->required.empty());
}

void merge(TomlTable& into, TomlTable from, const KeyNode* keys) {
  for (TomlMember& member : from) {
    const KeyNode* child = keys == nullptr ? nullptr : keys->member(member.name);
    TomlMember* old = find_member(into, member.name);
    auto* old_table = old == nullptr ? nullptr : std::get_if<TomlTable>(&old->node.value);
    auto* new_table = std::get_if<TomlTable>(&member.node.value);
    if (old == nullptr) {
      into.push_back(std::move(member));
    } else if (old_table != nullptr && new_table != nullptr && child != nullptr && !is_whole(*child)) {
      merge(*old_table, std::move(*new_table), child);
    } else {
      *old = std::move(member);
    }
  }
}

// Makes the relative paths of the changes absolute, where the plan's own are relative to its own folder.
void resolve_paths(std::vector<PlanChange>& changes, const fs::path& folder) {
  visit_host_paths(changes, [&](std::string& path, HostPathUse, std::string_view, const TomlPlace&) {
    // What is no path stays as it is, for the reader of the tree to refuse.
    if (text_rule::kHostPath.accepts(path)) path = (folder / path).string();
  });
}

// For plan.sha256: what a change says, without where it stands.
struct ChangeText {
  std::string operator()(const SetChange& change) const { return change.key + "=" + to_toml(change.value); }
  std::string operator()(const MergeChange& change) const {
    std::string text;
    for (const TomlMember& member : change.keys) text += toml_key(member.name) + "=" + to_toml(member.node) + "\n";
    return text;
  }
};

struct Apply {
  TomlNode& root;

  void operator()(SetChange&& change) const { set_key(root, change.key, std::move(change.value)); }
  void operator()(MergeChange&& change) const {
    merge(std::get<TomlTable>(root.value), std::move(change.keys), &plan_keys().root);
  }
};

}  // namespace

const ImageCache::Applied& ImageCache::apply(const std::string& reference, const SourcePosition& position,
                                             const fs::path& folder) {
  const std::string name = is_image_path(reference) ? (folder / reference).string() : reference;
  if (const auto found = applied_.find(name); found != applied_.end()) return found->second;
  if (applied_.size() >= kManyImages) applied_.clear();
  Applied applied;
  applied.image = apply_image({reference, position, folder}, search_path_, applied.plan);
  return applied_.emplace(name, std::move(applied)).first->second;
}

Image ImageCache::apply_over(const std::string& reference, const SourcePosition& position, Plan& plan) const {
  return apply_image({reference, position, plan.origin.folder}, search_path_, plan);
}

std::shared_ptr<const JuryProgram> ImageCache::jury_program_of(const std::string& keys) const {
  const auto found = jury_programs_.find(keys);
  return found == jury_programs_.end() ? nullptr : found->second;
}

void ImageCache::keep_jury_program(const std::string& keys, std::shared_ptr<const JuryProgram> program) {
  if (jury_programs_.size() >= kManyJuryPrograms) jury_programs_.clear();
  jury_programs_[keys] = std::move(program);
}

PlanTemplate::PlanTemplate(const PlanText& text, const std::vector<std::string>& overrides)
    : root_(read_plan_tree(text, overrides)), header_(plan_header(text, overrides)) {
  Plan scratch;
  Draft rehearsal(scratch, header_.origin.whole, header_.origin.folder);
  read_tree(root_, plan_keys(), rehearsal);
}

Task PlanTemplate::make(std::vector<PlanChange> changes, const fs::path& folder, ImageCache& images,
                        const VisitHostPath& visit) const {
  TomlNode root = root_;
  std::vector<std::string> texts;
  for (const PlanChange& change : changes) texts.push_back(std::visit(ChangeText{}, change));
  Plan header = header_;
  header.origin.sha256 = hash_with_changes(header_.origin.sha256, texts);
  resolve_paths(changes, folder);
  for (PlanChange& change : changes) std::visit(Apply{root}, std::move(change));
  if (visit) visit_host_paths(root, visit);
  return task_of_tree(root, std::move(header), images);
}

}  // namespace evalrun
