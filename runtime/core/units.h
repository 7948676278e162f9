// Units are types: a size is Bytes, a time is std::chrono. No bare integer is ever a limit.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace evalrun {

using Duration = std::chrono::nanoseconds;

struct Bytes {
  std::uint64_t count = 0;
  friend auto operator<=>(const Bytes&, const Bytes&) = default;
};

constexpr Bytes operator""_B(unsigned long long n) {
  return {n};
}
constexpr Bytes operator""_KiB(unsigned long long n) {
  return {n << 10};
}
constexpr Bytes operator""_MiB(unsigned long long n) {
  return {n << 20};
}
constexpr Bytes operator""_GiB(unsigned long long n) {
  return {n << 30};
}
// As the kernel counts in getrusage(2).
constexpr Bytes kibibytes(std::int64_t count) {
  return {static_cast<std::uint64_t>(count) << 10};
}

// "256MiB", "64KiB", "1GiB", "512B": digits, then one of B, KiB, MiB, GiB, TiB; nothing else. Empty where it does not
// parse or does not fit 63 bits.
std::optional<Bytes> parse_bytes(std::string_view text);

// "2s", "1500ms", "250us", "3m", "1h": digits with an optional decimal fraction, then the unit; nothing else. Empty
// where it does not parse or does not fit.
std::optional<Duration> parse_duration(std::string_view text);

// The shortest exact spelling that parses back: "256MiB", "1500ms".
std::string to_string(Bytes size);
std::string to_string(Duration time);

inline std::int64_t to_microseconds(Duration time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

}  // namespace evalrun
