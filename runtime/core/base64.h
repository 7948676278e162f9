// Bytes that a plan or a job writes as base64 (RFC 4648, section 4). text.h has the other direction.
#pragma once

#include <string>
#include <string_view>

namespace evalrun {

// Whether `text` is base64 with its padding. Line breaks may stand anywhere, as base64(1) makes them.
bool is_base64(std::string_view text) noexcept;

// The bytes of a text for which is_base64() holds.
std::string bytes_of_base64(std::string_view text);

}  // namespace evalrun
