#include "runtime/serve/multipart.h"

#include <algorithm>
#include <cctype>

namespace evalrun::serve {
namespace {

// The value of `name="…"` or name=… in a header; none where it is not there.
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
  std::string lower(header);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::size_t at = 0;
  while ((at = lower.find(name, at)) != lower.npos) {
    const bool begins = at > 0 && (header[at - 1] == ' ' || header[at - 1] == ';');
    at += name.size();
    if (!begins || at >= header.size() || header[at] != '=') continue;
    std::string_view rest = header.substr(at + 1);
    if (!rest.starts_with('"')) return std::string(rest.substr(0, rest.find_first_of("; \t\r\n")));
    std::string value;
    for (std::size_t i = 1; i < rest.size() && rest[i] != '"'; ++i) {
      if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
      value += rest[i];
    }
    return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<FormFile> form_file(std::string_view type, std::string_view body, std::string_view part) {
  const std::optional<std::string> boundary = parameter(type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > 200) return std::nullopt;
  const std::string first = "--" + *boundary, next = "\r\n--" + *boundary;
  std::size_t at = body.find(first);
  while (at != body.npos) {
    at += first.size();
    if (body.substr(at).starts_with("--")) return std::nullopt;
    const std::size_t head = body.find("\r\n", at);
    const std::size_t begin = head == body.npos ? body.npos : body.find("\r\n\r\n", head);
    if (begin == body.npos) return std::nullopt;
    const std::size_t end = body.find(next, begin + 2);
    if (end == body.npos) return std::nullopt;
    const std::string_view headers = body.substr(head, begin - head);
    if (parameter(headers, "name") == part) {
      const std::size_t content = std::min(begin + 4, end);
      return FormFile{parameter(headers, "filename").value_or(""), body.substr(content, end - content)};
    }
    at = end + 2;
  }
  return std::nullopt;
}

}  // namespace evalrun::serve
