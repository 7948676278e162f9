// What the filters say to one call under one plan, in words: for whoever explains a refusal afterwards. Nothing is
// decided by it; the filters decide, and both come from the same resolved policy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lockdown/call_policy.h"
#include "lockdown/call_signature.h"
#include "runtime/reader/addition.h"

namespace evalrun::lockdown {

struct CallDenial {
  CallVerdict verdict;
  std::string reason;  // the table's
  Remedy remedy;
};

// Of a call that the filter handed to the supervisor: whether it is one to be noted and let go on, by its registers
// alone. A foreign call's number is another table's, so ask is_foreign() first.
bool is_noted(int number, const CallArguments& arguments);
bool is_foreign(std::uint32_t architecture, int number) noexcept;

class CallJudge {
 public:
  // `plan` outlives it.
  explicit CallJudge(const Plan& plan);

  // None where the filters let the call through, or hand it to the supervisor to be mediated.
  [[nodiscard]] std::optional<CallDenial> judge(int number, const CallArguments& arguments) const;

 private:
  [[nodiscard]] Remedy remedy_of(const std::string& call, const ArgumentRow* row) const;

  const Plan& plan_;
  CallPolicy whitelist_, seal_;
};

}  // namespace evalrun::lockdown
