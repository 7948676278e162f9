// What the filters say to one call under one plan, in words: for whoever explains a refusal afterwards. Nothing is
// decided by it; the filters decide, and both come from the same resolved policy.
#pragma once

#include <optional>
#include <string>

#include "lockdown/call_policy.h"
#include "lockdown/call_signature.h"
#include "runtime/plan/addition.h"

namespace evalrun::lockdown {

struct CallDenial {
  CallVerdict verdict;
  std::string reason;  // the table's
  Remedy remedy;
};

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
