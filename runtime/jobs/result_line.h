// The lines of a batch's output. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace evalrun::jobs {

// {"id":…,"line":n,"result":…}, without a newline. `result` is a JSON object.
std::string result_line(const std::string& id, std::uint64_t line, const std::string& result);

// {"id":…,"line":n,"error":…}; an id that could not be read is null.
std::string error_line(const std::optional<std::string>& id, std::uint64_t line, const std::string& message);

// The id in a line that result_line() made; empty where there is none.
std::optional<std::string> id_in_result_line(std::string_view line);

}  // namespace evalrun::jobs
