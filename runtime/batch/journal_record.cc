#include "runtime/batch/journal_record.h"

#include <array>
#include <charconv>
#include <cstdio>

#include "runtime/core/sha256.h"

namespace evalrun::batch {
namespace {

constexpr std::size_t kHashDigits = 16;
constexpr std::string_view kStarted = "+";
constexpr std::string_view kLeft = "-";

std::string digits_of(std::string_view text) {
  return sha256_hex(text).substr(0, kHashDigits);
}

// Takes a number and the space behind it off the front.
bool take_number(std::string_view& text, int base, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || length == text.size() || *end != ' ') return false;
  text.remove_prefix(length + 1);
  return true;
}

}  // namespace

std::uint64_t hash_of_job(std::string_view text) {
  std::uint64_t hash = 0;
  const std::string digits = digits_of(text);
  std::from_chars(digits.data(), digits.data() + digits.size(), hash, 16);
  return hash;
}

std::string journal_header(std::string_view plan_hash) {
  return "evalrun batch journal 2 " + std::string(plan_hash) + "\n";
}

std::string to_text(const JournalRecord& record) {
  std::array<char, 64> numbers;
  const int length =
      std::snprintf(numbers.data(), numbers.size(), " %llu %016llx ", static_cast<unsigned long long>(record.line),
                    static_cast<unsigned long long>(record.job));
  std::string rest(numbers.data(), static_cast<std::size_t>(length));
  switch (record.kind) {
    case RecordKind::Started: rest += kStarted; break;
    case RecordKind::Left: rest += kLeft; break;
    case RecordKind::Done: rest += std::to_string(static_cast<int>(record.status)) + " " + record.result; break;
  }
  return digits_of(rest) + rest + "\n";
}

std::optional<JournalRecord> parse_record(std::string_view text) {
  if (text.size() <= kHashDigits || digits_of(text.substr(kHashDigits)) != text.substr(0, kHashDigits)) {
    return std::nullopt;
  }
  text.remove_prefix(kHashDigits);
  JournalRecord record;
  std::uint64_t status = 0;
  if (!text.starts_with(' ')) return std::nullopt;
  text.remove_prefix(1);
  if (!take_number(text, 10, record.line) || !take_number(text, 16, record.job)) return std::nullopt;
  if (text == kStarted || text == kLeft) {
    record.kind = text == kStarted ? RecordKind::Started : RecordKind::Left;
    return record;
  }
  if (!take_number(text, 10, status)) return std::nullopt;
  if (status > static_cast<std::uint64_t>(jobs::Status::SandboxFailed)) return std::nullopt;
  record.status = static_cast<jobs::Status>(status);
  record.result = text;
  return record;
}

}  // namespace evalrun::batch
