#include "runtime/jobs/job.h"

#include <algorithm>
#include <utility>

#include "runtime/core/text.h"
#include "runtime/jobs/json_tree.h"
#include "runtime/reader/key_table.h"
#include "runtime/reader/text_rule.h"

namespace evalrun::jobs {
namespace {

// Of a name that is looked for among others: the distance to a long one takes long, and means nothing.
constexpr std::size_t kLongestName = 60;

std::string expected(const std::string& key, const std::string& what, const std::optional<TomlNode>& found) {
  return key + ": " + (found ? "" : "missing; ") + "expected " + what +
         (found ? ", found " + std::string(type_name(*found)) : "");
}

std::optional<JobId> id_of(const TomlNode& node) {
  if (const auto* text = std::get_if<std::string>(&node.value)) return JobId(*text);
  if (const auto* number = std::get_if<std::int64_t>(&node.value)) return JobId(*number);
  return std::nullopt;
}

// A key that neither a job nor a plan has: "" or what is wrong. What the plan's own reader has a better word for, as
// "cpu" for "limits.cpu", is left to it.
std::string unknown_key(const TomlTable& keys) {
  const KeyTable& table = plan_keys();
  for (const TomlMember& member : keys) {
    if (table.root.member(member.name) != nullptr) continue;
    const auto ends_so = [&](const Key& key) { return key.path.ends_with("." + member.name); };
    if (std::ranges::any_of(table.rows, ends_so)) continue;
    std::vector<std::string> known = {"id", "plan", "set"};
    const std::vector<std::string> of_plans = table.root.names();
    known.insert(known.end(), of_plans.begin(), of_plans.end());
    const std::string meant = member.name.size() > kLongestName ? "" : nearest(member.name, known);
    return one_line(member.name.substr(0, kLongestName)) + ": unknown key; " +
           (meant.empty() ? "known here: " + join_words(known) : "did you mean " + in_quotes(meant) + "?");
  }
  return "";
}

// "" or what is wrong.
std::string read_job(TomlTable& keys, JobLine& job) {
  if (auto plan = take_member(keys, "plan")) {
    const auto* path = std::get_if<std::string>(&plan->value);
    if (path == nullptr || !text_rule::kHostPath.accepts(*path)) return expected("plan", "the path of a plan", plan);
    job.plan = *path;
  }
  auto set = take_member(keys, "set");
  if (set && !std::holds_alternative<TomlTable>(set->value)) return expected("set", "a table of a plan's keys", set);
  if (std::string error = unknown_key(keys); !error.empty()) return error;
  if (!keys.empty()) job.changes.emplace_back(MergeChange{std::move(keys)});
  if (!set) return "";
  for (TomlMember& member : std::get<TomlTable>(set->value)) {
    job.changes.emplace_back(SetChange{std::move(member.name), std::move(member.node)});
  }
  return "";
}

}  // namespace

std::variant<JobLine, BadLine> parse_job(std::string_view line, const SourcePosition& position) {
  JsonTree tree = parse_json(line, position);
  const auto bad = [&](std::optional<JobId> id, const std::string& message) {
    return BadLine{std::move(id), to_string(position) + ": " + message};
  };
  auto* keys = std::get_if<TomlTable>(&tree.root.value);
  if (tree.error.empty() && keys == nullptr) {
    return bad(std::nullopt, "expected a JSON object, found " + std::string(type_name(tree.root)));
  }
  std::optional<TomlNode> id = keys == nullptr ? std::nullopt : take_member(*keys, "id");
  const std::optional<JobId> name = id ? id_of(*id) : std::nullopt;
  if (!tree.error.empty()) return bad(name, tree.error);
  if (!name) return bad(std::nullopt, expected("id", "a string or an integer", id));
  JobLine job{*name, "", {}, position};
  if (const std::string error = read_job(*keys, job); !error.empty()) return bad(job.id, error);
  return job;
}

}  // namespace evalrun::jobs
