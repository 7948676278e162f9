// The OpenAPI document of what the server takes. What a plan may say is the table of its keys.
#pragma once

#include <string>
#include <vector>

namespace evalrun::serve {

// With the paths of these dialects.
std::string openapi_document(const std::vector<std::string>& apis);

}  // namespace evalrun::serve
