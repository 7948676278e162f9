#include "runtime/packages/dmoj/case_names.h"

#include <stdexcept>

#include "runtime/packages/reading/map_reader.h"

namespace evalrun::packages::dmoj {
namespace {

std::optional<DmojId> id_of(const std::optional<std::string>& word) {
  if (!word) return std::nullopt;
  if (const auto number = whole_number(*word)) return DmojId{true, *number, ""};
  return DmojId{false, 0, *word};
}

}  // namespace

const char* const kDmojInputNames = R"(^(?=.*?\.in|in).*?(?:(?:^|\W)(?P<batch>\d+)[^\d\s]+)?(?P<case>\d+)[^\d\s]*$)";
const char* const kDmojOutputNames = R"(^(?=.*?\.out|out).*?(?:(?:^|\W)(?P<batch>\d+)[^\d\s]+)?(?P<case>\d+)[^\d\s]*$)";

DmojNamePattern::DmojNamePattern(const std::string& expression) : pattern_(expression, LetterCase::Ignored) {
  if (!pattern_.has_part("case")) {
    throw std::invalid_argument("names no part \"case\"; write (?P<case>\\d+)");
  }
}

std::optional<DmojName> DmojNamePattern::match(const std::string& name) const {
  if (!pattern_.match(name)) return std::nullopt;
  const auto id = id_of(pattern_.part("case"));
  if (!id) return std::nullopt;
  return DmojName{id_of(pattern_.part("batch")), *id};
}

}  // namespace evalrun::packages::dmoj
