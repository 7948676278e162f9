#include "runtime/contest/plan_tasks.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "runtime/contest/time_limit.h"
#include "runtime/core/sha256.h"
#include "runtime/core/text.h"
#include "runtime/reader/overrides.h"
#include "runtime/reader/plan_tree.h"

namespace evalrun::contest {
namespace {

namespace fs = std::filesystem;

TomlTable& table_of(TomlNode& node) {
  if (!std::holds_alternative<TomlTable>(node.value)) node.value = TomlTable{};
  return std::get<TomlTable>(node.value);
}

void remove(TomlTable& table, std::string_view name) {
  std::erase_if(table, [&](const TomlMember& member) { return member.name == name; });
}

void set(TomlTable& table, const std::string& name, TomlNode node) {
  remove(table, name);
  const TomlPlace place = node.place;
  table.push_back({name, place, std::move(node)});
}

// The member as a table, which is made if there is none.
TomlTable& section(TomlTable& table, const std::string& name, const TomlPlace& place) {
  if (find_member(table, name) == nullptr) set(table, name, {TomlTable{}, place});
  return table_of(find_member(table, name)->node);
}

std::string ending_of(const std::string& path) {
  return fs::path(path).extension().string();
}

problem::Problem problem_of(const Task& task) {
  problem::Problem problem;
  problem.short_name = problem.name = task.plan.origin.name;
  problem.limits.time = task.plan.kind.limits.cpu;
  problem.limits.memory = task.plan.kind.limits.memory;
  problem.passes = task.passes;
  problem.types.scoring = !task.groups.empty();
  problem.types.interactive = task.interaction.has_value();
  for (const Case& one : task.cases) {
    problem::Case made;
    made.name = one.name;
    made.full_feedback = one.disclosure == Disclosure::Shown;
    problem.cases.push_back(std::move(made));
  }
  return problem;
}

}  // namespace

bool is_plan_name(const std::string& path) {
  return path.ends_with(".toml");
}

PlanTasks::PlanTasks(PlanText text, const std::vector<std::string>& overrides, const ImageTable& images)
    : text_(std::move(text)), images_(images), root_(read_plan_tree(text_, overrides)) {
  ImageCache cache(images_.search_path());
  plan_ = task_of_tree(root_, plan_header(text_, overrides), cache);
  if (plan_.cases.empty()) {
    throw PlanError(plan_.plan.origin.whole, "case", "missing; submissions are judged by the cases of a plan");
  }
  const TomlMember* image = find_member(std::get<TomlTable>(root_.value), "image");
  const auto* name = image == nullptr ? nullptr : std::get_if<std::string>(&image->node.value);
  if (name == nullptr || images_.find(*name) == nullptr) {
    throw PlanError(plan_.plan.origin.where("image"), "image",
                    "expected the name of an installed image, whose languages submissions are in");
  }
  image_ = *name;
  source_ = plan_.plan.job.source;
  problem_ = problem_of(plan_);
}

SourceOptions PlanTasks::source_options() const {
  SourceOptions options;
  options.preferred_images.insert(options.preferred_images.begin(), image_);
  return options;
}

// The plan's keys, with the submission's files. No byte of a file or a name is parsed.
TomlNode PlanTasks::tree_for(const Sources& sources) const {
  TomlNode root = root_;
  TomlTable& keys = table_of(root);
  const TomlPlace place{std::make_shared<const std::string>("<submission>"), 0, 0};
  const auto text = [&](std::string value) { return TomlNode{std::move(value), place}; };
  const Image& image = *images_.find(sources.image);
  const bool is_plans_image = sources.image == image_;
  if (!is_plans_image) {
    remove(keys, "argv");
    if (find_member(keys, "compile") != nullptr) remove(section(keys, "compile", place), "argv");
    set(keys, "image", text(sources.image));
  }
  const bool has_line = find_member(keys, "argv") != nullptr;
  if (image.compile.empty()) {
    if (!is_plans_image) remove(keys, "compile");
  } else if (!has_line) {
    section(keys, "compile", place);  // a language without a compiler has a check of its syntax
  }
  // One file goes under the name that the plan's lines may know it by.
  std::string source = sources.source;
  const bool is_renamed = is_plans_image && sources.files.size() == 1 && sources.main_class.empty() &&
                          !source_.empty() && ending_of(source_) == ending_of(source);
  if (is_renamed) source = source_;
  TomlTable& files = section(keys, "files", place);
  if (!source_.empty()) remove(files, source_);
  for (const WorkFile& file : sources.files) {
    const std::string& path = file.path == sources.source ? source : file.path;
    if (find_member(files, path) != nullptr) continue;  // the plan's own
    TomlTable content;
    content.push_back({"text", place, text(std::get<std::string>(file.source))});
    set(files, path, {std::move(content), place});
  }
  set(keys, "source", text(source));
  if (!sources.main_class.empty() && !has_line && find_member(keys, "compile") != nullptr) {
    TomlArray argv;
    for (std::string word : image.compiled_run) {
      if (word == "{stem}") word = sources.main_class;
      argv.push_back(text(std::move(word)));
    }
    if (!argv.empty()) set(keys, "argv", {std::move(argv), place});
  }
  return root;
}

Task PlanTasks::task_for(const Sources& sources, Duration time_limit, std::optional<Bytes> memory_limit,
                         const std::vector<std::string>& overrides) const {
  static_cast<void>(memory_limit);  // plans set it themselves
  TomlNode root = tree_for(sources);
  for (const std::string& override : overrides) apply_override(root, override);
  std::vector<std::string> hashed = {sources.image, sources.source, sources.main_class};
  for (const WorkFile& file : sources.files) {
    hashed.push_back(sha256_hex(file.path) + sha256_hex(std::get<std::string>(file.source)));
  }
  Plan header = plan_header(text_, {});
  header.origin.sha256 = hash_with_changes(plan_.plan.origin.sha256, hashed);
  ImageCache cache(images_.search_path());
  Task task = task_of_tree(root, std::move(header), cache);
  const bool is_own = time_limit == *problem_.limits.time;
  for (Case& one : task.cases) {
    one.time_limit = is_own ? one.limits.cpu : time_limit;
    one.limits.cpu = stopped_at(*one.time_limit);
  }
  return task;
}

}  // namespace evalrun::contest
