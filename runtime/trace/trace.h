// `evalrun trace`: the plan's own run, watched (tracer.h), and every refusal by the layer that made it, with the plan's
// line that would allow it. The layers all stand; times are longer and mean nothing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/reader/addition.h"
#include "runtime/sandbox/compile.h"
#include "runtime/supervise/result.h"
#include "runtime/trace/tracer.h"

namespace evalrun::trace {

struct Refusal {
  std::string layer;  // "seccomp", "mounts", "landlock", "network", "rlimits", "capabilities", "permissions"
  std::string call;
  ObservedCall seen;
  Remedy remedy;
  std::string if_on_host{};  // a path: it is a refusal only where the host has it; "": it is one in any case
  std::uint64_t times = 1;
  // A name that is missing on a bind: it is a refusal only where a link on the way leads out of the sandbox.
  bool if_link_leads_out = false;
};

struct Trace {
  supervise::RunResult result;
  std::vector<Refusal> refusals;  // each once; at most kRefusalsKept
};
inline constexpr std::size_t kRefusalsKept = 256;

// `plan` was compiled to be observed. Throws SystemError where this user may not trace.
Trace trace(const std::shared_ptr<const sandbox::CompiledPlan>& plan);

}  // namespace evalrun::trace
