#include "runtime/jobs/result_line.h"

#include <nlohmann/json.hpp>

#include "runtime/core/text.h"

namespace evalrun::jobs {
namespace {

std::string quoted(const std::string& text) {
  return json_escaped(nlohmann::json(json_text(text)).dump());
}

std::string front(const std::string& id, std::uint64_t line) {
  return "{\"id\":" + id + ",\"line\":" + std::to_string(line) + ",";
}

}  // namespace

std::string result_line(const std::string& id, std::uint64_t line, const std::string& result) {
  return front(quoted(id), line) + "\"result\":" + result + "}";
}

std::optional<std::string> id_in_result_line(std::string_view line) {
  constexpr std::string_view kFront = "{\"id\":";
  // No text in JSON holds a quotation mark without a backslash before it.
  const std::size_t end = line.find(",\"line\":");
  if (!line.starts_with(kFront) || end == line.npos) return std::nullopt;
  const auto id = nlohmann::json::parse(line.substr(kFront.size(), end - kFront.size()), nullptr, false);
  return id.is_string() ? std::optional(id.get<std::string>()) : std::nullopt;
}

std::string error_line(const std::optional<std::string>& id, std::uint64_t line, const std::string& message) {
  return front(id ? quoted(*id) : "null", line) + "\"error\":" + quoted(message) + "}";
}

}  // namespace evalrun::jobs
