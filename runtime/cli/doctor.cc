#include "runtime/cli/doctor.h"

#include <nlohmann/json.hpp>

#include "runtime/core/text.h"
#include "runtime/doctor/doctor.h"
#include "runtime/report/figures.h"

namespace evalrun::cli {
namespace {

// "landlock_net=if-available" of "require" is what TOML calls [require] landlock_net = "if-available".
std::string in_plan(const std::string& word) {
  const auto equals = word.find('=');
  const std::string key = word.substr(0, equals);
  const std::string value = word.substr(equals + 1);
  const auto dot = key.find('.');
  const bool number = value.find_first_not_of("0123456789") == std::string::npos;
  return (dot == std::string::npos ? key : "[" + key.substr(0, dot) + "] " + key.substr(dot + 1)) + " = " +
         (number ? value : "\"" + value + "\"");
}

std::string to_text(const doctor::Check& check) {
  constexpr std::size_t kStateWidth = 10, kNameWidth = 17;
  const std::string indent(kStateWidth + kNameWidth, ' ');
  std::string text =
      padded(name_of(check.state), kStateWidth) + padded(check.name, kNameWidth) + one_line(check.finding) + "\n";
  if (!check.remedy.empty()) text += indent + "remedy: " + one_line(check.remedy) + "\n";
  if (check.name == "run") return text;
  for (const std::string& word : check.accept) text += indent + "or accept it in the plan: " + in_plan(word) + "\n";
  return text;
}

}  // namespace

std::string to_text(const std::vector<doctor::Check>& checks) {
  std::string text;
  for (const doctor::Check& check : checks) text += to_text(check);
  return text;
}

std::string to_json(const std::vector<doctor::Check>& checks) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const doctor::Check& check : checks) {
    rows.push_back({{"name", check.name},
                    {"state", name_of(check.state)},
                    {"finding", json_text(check.finding)},
                    {"remedy", json_text(check.remedy)},
                    {"accept", check.accept}});
  }
  const nlohmann::ordered_json json = {
      {"version", 1}, {"state", name_of(doctor::worst_of(checks))}, {"checks", std::move(rows)}};
  return report::written(json, report::Layout::Indented);
}

int exit_status_of(doctor::State state) {
  switch (state) {
    case doctor::State::Good: return 0;
    case doctor::State::Degraded: return 1;
    case doctor::State::Broken: return 2;
  }
  return 2;
}

}  // namespace evalrun::cli
