#include "runtime/snapshot/description.h"

#include <nlohmann/json.hpp>

#include "runtime/core/overloaded.h"
#include "runtime/core/text.h"

namespace evalrun::snapshot {
namespace {

using nlohmann::json;

json to_json(const LookedAt& one) {
  json row = {one.path};
  if (one.identity) {
    const FileIdentity& file = *one.identity;
    for (const std::uint64_t number : {file.device, file.inode, file.size}) row.push_back(number);
    for (const std::int64_t time : {file.modified_ns, file.changed_ns}) row.push_back(time);
  }
  return row;
}

LookedAt looked_at_of(const json& row) {
  LookedAt one{row.at(0), {}};
  if (row.size() > 1) one.identity = FileIdentity{row.at(1), row.at(2), row.at(3), row.at(4), row.at(5)};
  return one;
}

json to_json(const Recorded& recorded) {
  json rows = json::array();
  for (const LookedAt& one : recorded.looked_at) rows.push_back(to_json(one));
  return {
      {"path", recorded.start.path},         {"argv", recorded.start.argv},          {"env", recorded.start.env},
      {"share", recorded.start.share.count}, {"cpu_ns", recorded.start.cpu.count()}, {"looked_at", std::move(rows)}};
}

Recorded recorded_of(const json& object, const std::filesystem::path& file) {
  Recorded recorded;
  recorded.start.file = file;
  recorded.start.path = object.at("path");
  recorded.start.argv = object.at("argv").get<std::vector<std::string>>();
  recorded.start.env = object.at("env").get<std::map<std::string, std::string>>();
  recorded.start.share = Bytes{object.at("share").get<std::uint64_t>()};
  recorded.start.cpu = Duration(object.at("cpu_ns").get<std::int64_t>());
  for (const json& row : object.at("looked_at")) recorded.looked_at.push_back(looked_at_of(row));
  return recorded;
}

}  // namespace

std::string describe(const Outcome& outcome) {
  const json object = std::visit(Overloaded{[](const Recorded& recorded) { return to_json(recorded); },
                                            [](const NotRecorded& not_recorded) {
                                              return json{{"why", json_text(not_recorded.why)}};
                                            }},
                                 outcome);
  // Paths are bytes: what is no UTF-8 cannot be told, and then there is no snapshot.
  try {
    return object.dump();
  } catch (const json::exception&) {
    return R"({"why": "a word or a path is not UTF-8"})";
  }
}

Outcome read_description(const std::string& words, const std::filesystem::path& file) {
  try {
    const json object = json::parse(words);
    if (object.contains("why")) return NotRecorded{object.at("why").get<std::string>(), false};
    return recorded_of(object, file);
  } catch (const json::exception&) {
    return NotRecorded{"its recorder was ended", true};
  }
}

}  // namespace evalrun::snapshot
