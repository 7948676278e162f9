#include "runtime/plan/plan.h"

namespace evalrun {

SourcePosition Plan::where(const std::string& key) const {
  const auto found = positions.find(key);
  return found == positions.end() ? whole : found->second;
}

}  // namespace evalrun
