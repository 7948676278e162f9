#include "runtime/reader/jury_program.h"

#include <algorithm>
#include <array>

#include "runtime/core/sha256.h"
#include "runtime/core/text.h"
#include "runtime/plan/jury_limits.h"
#include "runtime/reader/addition.h"
#include "runtime/reader/overrides.h"
#include "runtime/reader/plan_tree.h"

namespace evalrun {
namespace {

// Of what a program of a jury writes, what a result may show.
constexpr Bytes kExcerpt = 16_KiB;

// What a section has of a plan's keys.
constexpr std::array<std::string_view, 5> kPlanKeys = {"image", "argv", "source", "files", "limits"};

const TomlNode* find(const TomlTable& table, std::string_view name) {
  const auto found = std::ranges::find(table, name, &TomlMember::name);
  return found == table.end() ? nullptr : &found->node;
}

bool sets_limit(const TomlTable& keys, std::string_view name) {
  const TomlNode* limits = find(keys, "limits");
  const auto* table = limits == nullptr ? nullptr : std::get_if<TomlTable>(&limits->value);
  return table != nullptr && find(*table, name) != nullptr;
}

// What the section does not say of its limits.
void add_limits(TomlNode& root, const TomlTable& keys, Duration wall) {
  const Limits limits = jury_limits();
  const auto add = [&](const std::string& name, const std::string& value) {
    if (!sets_limit(keys, name)) apply_override(root, "limits." + name + "=" + value);
  };
  add("cpu", to_string(limits.cpu));
  add("wall", to_string(wall));
  add("memory", to_string(limits.memory));
  add("stack", "unlimited");
  add("processes", std::to_string(limits.processes));
  add("file_size", to_string(limits.file_size));
  add("workspace", to_string(limits.workspace));
  add("output", to_string(*limits.output.both));
  // Of a table of streams, the one that it does not name.
  TomlMember* own = find_member(std::get<TomlTable>(root.value), "limits");
  TomlMember* output = find_member(std::get<TomlTable>(own->node.value), "output");
  if (!std::holds_alternative<TomlTable>(output->node.value)) return;
  for (const char* stream : {"stdout", "stderr"}) {
    if (find_member(std::get<TomlTable>(output->node.value), stream) != nullptr) continue;
    apply_override(root, std::string("limits.output.") + stream + "=" + to_string(*limits.output.both));
  }
}

// A section's error stands where its plan's does; its key is the section's.
[[noreturn]] void rethrow(const PlanError& error, const std::string& section, const SourcePosition& whole) {
  const std::string before = to_string(error.position()) + ": " + error.key() + ": ";
  const std::string what = error.what();
  const bool is_of_section = what.starts_with(before) && !error.key().empty();
  const SourcePosition position = error.position().line == 0 ? whole : error.position();
  if (!is_of_section) throw error;
  throw PlanError(position, section + "." + error.key(), what.substr(before.size()));
}

Task task_of_section(const TomlTable& keys, const JurySection& section, const Origin& origin, ImageCache& images) {
  const SourcePosition whole = origin.where(section.name);
  TomlNode root{TomlTable{}, {std::make_shared<const std::string>(whole.file), whole.line, whole.column}};
  auto& members = std::get<TomlTable>(root.value);
  for (const TomlMember& member : keys) {
    if (std::ranges::find(kPlanKeys, member.name) != kPlanKeys.end()) members.push_back(member);
  }
  Plan header;
  header.origin.name = section.name;
  header.origin.folder = origin.folder;
  header.origin.whole = whole;
  const TomlNode* image = find(keys, "image");
  const auto* reference = image == nullptr ? nullptr : std::get_if<std::string>(&image->value);
  const bool takes_run_line = find(keys, "argv") == nullptr && find(keys, "source") != nullptr && reference != nullptr;
  add_limits(root, keys, section.wall > Duration{} ? section.wall : jury_limits().wall);
  // As a submission of that image is.
  if (takes_run_line &&
      !images.apply(*reference, image->place.position(), header.origin.folder).image.compile.empty()) {
    std::get<TomlTable>(root.value).push_back({"compile", image->place, {TomlTable{}, image->place}});
  }
  return task_of_tree(root, std::move(header), images);
}

}  // namespace

std::shared_ptr<const JuryProgram> jury_program(const TomlTable& keys, const JurySection& section, const Origin& origin,
                                                ImageCache& images) {
  std::string said = section.name + "\n" + origin.folder.string() + "\n" + to_string(section.wall) + "\n";
  for (const TomlMember& member : keys) said += toml_key(member.name) + "=" + to_toml(member.node) + "\n";
  const std::string key = sha256_hex(said);
  if (std::shared_ptr<const JuryProgram> known = images.jury_program_of(key)) return known;
  auto program = std::make_shared<JuryProgram>();
  try {
    Task task = task_of_section(keys, section, origin, images);
    program->plan = std::move(task.plan);
    program->compile = std::move(task.compile);
  } catch (const PlanError& error) {
    rethrow(error, section.name, origin.where(section.name));
  }
  program->name = section.name;
  program->convention = section.convention;
  program->flags = section.args;
  program->plan.kind.output = OutputCapture{kExcerpt};
  program->plan.kind.error_output = OutputCapture{kExcerpt};
  images.keep_jury_program(key, program);
  return program;
}

}  // namespace evalrun
