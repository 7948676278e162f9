// Says in words how the filters answer one call under one plan, to explain a refusal afterwards. It decides nothing:
// the filters decide, and both come from the same resolved policy.
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

// Whether a call that the filter handed to the supervisor is only noted and then goes on, by its registers alone. The
// number of a foreign call belongs to another table, so ask is_foreign() first.
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
