// A file in a form (RFC 7578). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace evalrun::serve {

struct FormFile {
  std::string name;  // of the file, as its sender calls it
  std::string_view content;
};

// The part called `part` in `body`, whose Content-Type is `type`; none where there is none.
std::optional<FormFile> form_file(std::string_view type, std::string_view body, std::string_view part);

}  // namespace evalrun::serve
