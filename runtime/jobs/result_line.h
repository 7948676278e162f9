// The lines of a batch's output. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace evalrun::jobs {

// What a job is called: in JSON a text or an integer, which is repeated as it was given.
using JobId = std::variant<std::string, std::int64_t>;

// The same as text: 7 and "7" are one id.
std::string text_of(const JobId& id);

// {"id":…,"line":n,"result":…}, without a newline. `result` is a JSON object.
std::string result_line(const JobId& id, std::uint64_t line, const std::string& result);

// {"id":…,"line":n, : what the lines of a job begin with, whatever comes of it.
std::string result_head(const JobId& id, std::uint64_t line);

// "error":… without braces.
std::string error_member(const std::string& message);

// {"id":…,"line":n,"error":…}; an id that could not be read is null.
std::string error_line(const std::optional<JobId>& id, std::uint64_t line, const std::string& message);

// The id, as text, in a line that result_line() made; empty where there is none.
std::optional<std::string> id_in_result_line(std::string_view line);

}  // namespace evalrun::jobs
