#include "runtime/jobs/job.h"

#include <utility>

#include "runtime/jobs/json_tree.h"
#include "runtime/reader/text_rule.h"

namespace evalrun::jobs {
namespace {

// Takes a member out of the table: nothing where there is none.
std::optional<TomlNode> take(TomlTable& table, std::string_view name) {
  TomlMember* member = find_member(table, name);
  if (member == nullptr) return std::nullopt;
  TomlNode node = std::move(member->node);
  table.erase(table.begin() + (member - table.data()));
  return node;
}

std::string expected(const std::string& key, const std::string& what, const std::optional<TomlNode>& found) {
  return key + ": " + (found ? "" : "missing; ") + "expected " + what +
         (found ? ", found " + std::string(type_name(*found)) : "");
}

// "" or what is wrong.
std::string read_job(TomlTable& keys, Job& job) {
  if (auto plan = take(keys, "plan")) {
    const auto* path = std::get_if<std::string>(&plan->value);
    if (path == nullptr || !text_rule::kHostPath.accepts(*path)) return expected("plan", "the path of a plan", plan);
    job.plan = *path;
  }
  auto set = take(keys, "set");
  if (set && !std::holds_alternative<TomlTable>(set->value)) return expected("set", "a table of a plan's keys", set);
  if (!keys.empty()) job.changes.emplace_back(MergeChange{std::move(keys)});
  if (!set) return "";
  for (TomlMember& member : std::get<TomlTable>(set->value)) {
    job.changes.emplace_back(SetChange{std::move(member.name), std::move(member.node)});
  }
  return "";
}

}  // namespace

std::variant<Job, BadLine> parse_job(std::string_view line, const SourcePosition& position) {
  JsonTree tree = parse_json(line, position);
  const auto bad = [&](std::optional<std::string> id, const std::string& message) {
    return BadLine{std::move(id), to_string(position) + ": " + message};
  };
  auto* keys = std::get_if<TomlTable>(&tree.root.value);
  if (tree.error.empty() && keys == nullptr) {
    return bad(std::nullopt, "expected a JSON object, found " + std::string(type_name(tree.root)));
  }
  std::optional<TomlNode> id = keys == nullptr ? std::nullopt : take(*keys, "id");
  const auto* text = id ? std::get_if<std::string>(&id->value) : nullptr;
  if (!tree.error.empty()) return bad(text == nullptr ? std::nullopt : std::optional(*text), tree.error);
  if (text == nullptr) return bad(std::nullopt, expected("id", "a string", id));
  Job job{*text, "", {}, position};
  if (const std::string error = read_job(*keys, job); !error.empty()) return bad(job.id, error);
  return job;
}

}  // namespace evalrun::jobs
