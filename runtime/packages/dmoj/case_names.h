// DMOJ finds cases by the names of files where none are listed: a regular expression names a batch and a case in them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/packages/reading/name_pattern.h"

namespace evalrun::packages::dmoj {

// A batch or a case. Words come before numbers.
struct DmojId {
  bool is_number = false;
  std::int64_t number = 0;
  std::string word;
  friend auto operator<=>(const DmojId&, const DmojId&) = default;
};

struct DmojName {
  std::optional<DmojId> batch;
  DmojId case_id;
};

extern const char* const kDmojInputNames;  // DMOJ's own expressions
extern const char* const kDmojOutputNames;

class DmojNamePattern {
 public:
  // Throws std::invalid_argument, which says what is wrong with the expression.
  explicit DmojNamePattern(const std::string& expression);

  // Nothing for a name that does not match. Throws std::invalid_argument if that takes too long to find out.
  [[nodiscard]] std::optional<DmojName> match(const std::string& name) const;

 private:
  NamePattern pattern_;
};

}  // namespace evalrun::packages::dmoj
