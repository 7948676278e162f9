#include "runtime/batch/result_line.h"

#include <nlohmann/json.hpp>

#include "runtime/core/text.h"

namespace evalrun::batch {
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

std::string error_line(const std::optional<std::string>& id, std::uint64_t line, const std::string& message) {
  return front(id ? quoted(*id) : "null", line) + "\"error\":" + quoted(message) + "}";
}

}  // namespace evalrun::batch
