#include "runtime/fleet/job_text.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/core/overloaded.h"
#include "runtime/fleet/shared_files.h"
#include "runtime/reader/plan_tree.h"

namespace evalrun::fleet {
namespace {

using nlohmann::ordered_json;

ordered_json json_of(const TomlNode& node) {
  return std::visit(Overloaded{[](const TomlTable& table) {
                                 ordered_json object = ordered_json::object();
                                 for (const TomlMember& member : table) object[member.name] = json_of(member.node);
                                 return object;
                               },
                               [](const TomlArray& array) {
                                 ordered_json list = ordered_json::array();
                                 for (const TomlNode& element : array) list.push_back(json_of(element));
                                 return list;
                               },
                               [](const TomlTime&) { return ordered_json(); },  // JSON has none
                               [](const auto& value) { return ordered_json(value); }},
                    node.value);
}

std::string shared_name(const SharedPlace& shared, const std::filesystem::path& folder, const std::string& path,
                        HostPathUse use, std::string_view key, const TomlPlace& at) {
  if (use != HostPathUse::Read) {
    throw PlanError(at.position(), key, "only files that are read can be given to other hosts, by --files");
  }
  return to_string(put_shared_file(shared, (folder / path).string()));
}

}  // namespace

std::optional<std::string> with_shared_files(jobs::JobLine job, const SharedPlace& shared,
                                             const std::filesystem::path& folder) {
  bool names_any = false;
  const VisitHostPath visit = [&](std::string& path, HostPathUse use, std::string_view key, const TomlPlace& at) {
    names_any = true;
    path = shared_name(shared, folder, path, use, key, at);
  };
  visit_host_paths(job.changes, visit);
  if (!names_any) return std::nullopt;
  ordered_json line;
  std::visit([&](const auto& id) { line["id"] = id; }, job.id);
  ordered_json set = ordered_json::object();
  for (const PlanChange& change : job.changes) {
    std::visit(Overloaded{[&](const MergeChange& merge) {
                            for (const TomlMember& member : merge.keys) line[member.name] = json_of(member.node);
                          },
                          [&](const SetChange& one) { set[one.key] = json_of(one.value); }},
               change);
  }
  if (!set.empty()) line["set"] = std::move(set);
  return line.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::map<std::string, std::string> shared_files_of(const PlanText& plan, const std::vector<std::string>& overrides,
                                                   const SharedPlace& shared) {
  std::map<std::string, std::string> files;
  TomlNode root = read_plan_tree(plan, overrides);
  visit_host_paths(root, [&](std::string& path, HostPathUse use, std::string_view key, const TomlPlace& at) {
    files[path] = shared_name(shared, plan.folder, path, use, key, at);
  });
  return files;
}

}  // namespace evalrun::fleet
