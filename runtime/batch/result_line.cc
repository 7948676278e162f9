#include "runtime/batch/result_line.h"

#include <nlohmann/json.hpp>

namespace evalrun::batch {
namespace {

// A path in a message may hold any byte a file name may; JSON may not.
std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
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
