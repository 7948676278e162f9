#include "runtime/fleet/plan_bundle.h"

#include <nlohmann/json.hpp>

namespace evalrun::fleet {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;

}  // namespace

std::string to_json(const PlanBundle& bundle) {
  const json whole = {{"version", kVersion},
                      {"text", bundle.plan.text},
                      {"file", bundle.plan.file},
                      {"name", bundle.plan.name},
                      {"folder", bundle.plan.folder.string()},
                      {"set", bundle.overrides},
                      {"jobs_name", bundle.jobs_name},
                      {"jobs_folder", bundle.jobs_folder.string()},
                      {"files", bundle.files}};
  // Bytes that are not UTF-8 are the plan reader's to refuse, where the plan is submitted.
  return whole.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<PlanBundle> plan_bundle_of(const std::string& text) {
  try {
    const json whole = json::parse(text);
    if (whole.at("version") != kVersion) return std::nullopt;
    PlanBundle bundle;
    bundle.plan.text = whole.at("text").get<std::string>();
    bundle.plan.file = whole.at("file").get<std::string>();
    bundle.plan.name = whole.at("name").get<std::string>();
    bundle.plan.folder = whole.at("folder").get<std::string>();
    bundle.overrides = whole.at("set").get<std::vector<std::string>>();
    bundle.jobs_name = whole.at("jobs_name").get<std::string>();
    bundle.jobs_folder = whole.at("jobs_folder").get<std::string>();
    bundle.files = whole.value("files", std::map<std::string, std::string>());
    if (!bundle.plan.folder.is_absolute() || !bundle.jobs_folder.is_absolute()) return std::nullopt;
    return bundle;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace evalrun::fleet
