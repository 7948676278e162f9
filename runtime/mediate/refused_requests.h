// Whether a request for memory was refused and nothing as large has been given since: what ends badly then, ends for
// it.
#pragma once

#include <algorithm>

#include "runtime/core/units.h"

namespace evalrun::mediate {

class RefusedRequests {
 public:
  void add_refused(Bytes asked) noexcept { smallest_ = any() ? std::min(smallest_, asked) : asked; }
  void add_given(Bytes asked) noexcept {
    if (asked >= smallest_) smallest_ = {};
  }
  [[nodiscard]] bool any() const noexcept { return smallest_.count > 0; }

 private:
  // The smallest: malloc answers a refusal with requests of other sizes, larger ones too.
  Bytes smallest_{};
};

}  // namespace evalrun::mediate
