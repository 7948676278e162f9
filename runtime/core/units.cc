#include "runtime/core/units.h"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace evalrun {
namespace {

struct SizeUnit {
  std::string_view name;
  unsigned shift;
};
// Largest first: to_string takes the first that divides.
constexpr std::array kSizeUnits = {SizeUnit{"TiB", 40}, SizeUnit{"GiB", 30}, SizeUnit{"MiB", 20}, SizeUnit{"KiB", 10},
                                   SizeUnit{"B", 0}};

struct TimeUnit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr std::array kTimeUnits = {
    TimeUnit{"h", 3'600'000'000'000}, TimeUnit{"m", 60'000'000'000}, TimeUnit{"s", 1'000'000'000},
    TimeUnit{"ms", 1'000'000},        TimeUnit{"us", 1'000},         TimeUnit{"ns", 1}};

// Splits "1500ms" into 1500 and "ms"; empty where the text does not begin with a digit or the number overflows.
std::optional<std::pair<std::uint64_t, std::string_view>> split_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc()) return std::nullopt;
  return std::pair{number, std::string_view(rest, static_cast<std::size_t>(end - rest))};
}

constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();

}  // namespace

std::optional<Bytes> parse_bytes(std::string_view text) {
  const auto split = split_number(text);
  if (!split) return std::nullopt;
  const auto [number, name] = *split;
  for (const SizeUnit& unit : kSizeUnits) {
    if (name != unit.name) continue;
    if (number > (kMax >> unit.shift)) return std::nullopt;
    return Bytes{number << unit.shift};
  }
  return std::nullopt;
}

std::optional<Duration> parse_duration(std::string_view text) {
  const auto split = split_number(text);
  if (!split) return std::nullopt;
  auto [number, rest] = *split;
  // The decimal fraction, digit by digit, as so many parts of `scale`.
  std::uint64_t fraction = 0;
  std::uint64_t scale = 1;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
      if (scale > 100'000'000) return std::nullopt;  // finer than a nanosecond
      fraction = fraction * 10 + static_cast<std::uint64_t>(rest.front() - '0');
      scale *= 10;
      rest.remove_prefix(1);
    }
    if (scale == 1) return std::nullopt;  // "1.s"
  }
  for (const TimeUnit& unit : kTimeUnits) {
    if (rest != unit.name) continue;
    const auto nanoseconds = static_cast<std::uint64_t>(unit.nanoseconds);
    if (number > (kMax - nanoseconds) / nanoseconds) return std::nullopt;
    // fraction < scale <= 10^9 and nanoseconds <= 3.6 * 10^12: the product needs 128 bits.
    const auto part = static_cast<std::uint64_t>(static_cast<unsigned __int128>(fraction) * nanoseconds / scale);
    return Duration(static_cast<std::int64_t>(number * nanoseconds + part));
  }
  return std::nullopt;
}

std::string to_string(Bytes size) {
  for (const SizeUnit& unit : kSizeUnits) {
    const std::uint64_t one = std::uint64_t{1} << unit.shift;
    if (size.count != 0 && size.count % one == 0) return std::to_string(size.count >> unit.shift).append(unit.name);
  }
  return "0B";
}

std::string to_string(Duration time) {
  for (const TimeUnit& unit : kTimeUnits) {
    if (unit.name == "h" || unit.name == "m") continue;  // "90s" reads better than a mixture
    if (time.count() != 0 && time.count() % unit.nanoseconds == 0) {
      return std::to_string(time.count() / unit.nanoseconds).append(unit.name);
    }
  }
  return "0s";
}

}  // namespace evalrun
