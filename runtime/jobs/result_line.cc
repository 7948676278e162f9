#include "runtime/jobs/result_line.h"

#include <nlohmann/json.hpp>

#include "runtime/core/text.h"

namespace evalrun::jobs {
namespace {

std::string quoted(const std::string& text) {
  return json_escaped(nlohmann::json(json_text(text)).dump());
}

std::string written(const JobId& id) {
  const auto* text = std::get_if<std::string>(&id);
  return text != nullptr ? quoted(*text) : text_of(id);
}

std::string front(const std::string& id, std::uint64_t line) {
  return "{\"id\":" + id + ",\"line\":" + std::to_string(line) + ",";
}

}  // namespace

std::string text_of(const JobId& id) {
  const auto* text = std::get_if<std::string>(&id);
  return text != nullptr ? *text : std::to_string(std::get<std::int64_t>(id));
}

std::string result_head(const JobId& id, std::uint64_t line) {
  return front(written(id), line);
}

std::string error_member(const std::string& message) {
  return "\"error\":" + quoted(message);
}

std::string result_line(const JobId& id, std::uint64_t line, const std::string& result) {
  return result_head(id, line) + "\"result\":" + result + "}";
}

std::optional<std::string> id_in_result_line(std::string_view line) {
  constexpr std::string_view kFront = "{\"id\":";
  // No text in JSON holds a quotation mark without a backslash before it.
  const std::size_t end = line.find(",\"line\":");
  if (!line.starts_with(kFront) || end == line.npos) return std::nullopt;
  const auto id = nlohmann::json::parse(line.substr(kFront.size(), end - kFront.size()), nullptr, false);
  if (id.is_number_integer()) return std::to_string(id.get<std::int64_t>());
  return id.is_string() ? std::optional(id.get<std::string>()) : std::nullopt;
}

std::string error_line(const std::optional<JobId>& id, std::uint64_t line, const std::string& message) {
  return front(id ? written(*id) : "null", line) + error_member(message) + "}";
}

}  // namespace evalrun::jobs
