// The lines of a batch's output. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace evalrun::batch {

// {"id":…,"line":n,"result":…}, without a newline. `result` is a JSON object.
std::string result_line(const std::string& id, std::uint64_t line, const std::string& result);

// {"id":…,"line":n,"error":…}; an id that could not be read is null.
std::string error_line(const std::optional<std::string>& id, std::uint64_t line, const std::string& message);

}  // namespace evalrun::batch
