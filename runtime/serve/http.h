// A request and its answer, as values.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace evalrun::serve {

// Names of headers in lower case.
using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;
  std::string path;  // as it was sent, still with its %XX; without the query
  std::string peer;  // for the log
  Headers headers;
  Headers query;  // of "?plan=sum"; as it was sent
  std::string body;

  // The first of that name; none where there is none.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const {
    const auto found = std::ranges::find(headers, name, &Headers::value_type::first);
    return found == headers.end() ? std::nullopt : std::optional<std::string_view>(found->second);
  }
};

struct Response {
  int status = 200;
  std::string body;
  std::string type = "application/json";
  Headers headers = {};
};

}  // namespace evalrun::serve
