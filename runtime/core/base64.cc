#include "runtime/core/base64.h"

#include <cstddef>
#include <cstdint>

namespace evalrun {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool is_line_break(char c) noexcept {
  return c == '\n' || c == '\r';
}

// 0 to 63, or npos.
std::size_t value_of(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return static_cast<std::size_t>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<std::size_t>(c - 'a') + 26;
  if (c >= '0' && c <= '9') return static_cast<std::size_t>(c - '0') + 52;
  return kAlphabet.find(c, 62);
}

}  // namespace

bool is_base64(std::string_view text) noexcept {
  std::size_t digits = 0;
  std::size_t padding = 0;
  std::size_t last = 0;
  for (const char c : text) {
    if (is_line_break(c)) continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    if (padding > 0 || value_of(c) == kAlphabet.npos) return false;
    last = value_of(c);
    ++digits;
  }
  if (padding > 2 || (digits + padding) % 4 != 0 || digits % 4 == 1) return false;
  // The bits of the last digit that belong to no byte are 0, so that bytes have one text.
  return (padding == 1 && (last & 3) == 0) || (padding == 2 && (last & 15) == 0) || padding == 0;
}

std::string bytes_of_base64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    if (is_line_break(c) || c == '=') continue;
    bits = bits << 6 | static_cast<std::uint32_t>(value_of(c));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> count & 0xFF));
  }
  return bytes;
}

}  // namespace evalrun
