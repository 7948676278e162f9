#include "runtime/fleet/doubt.h"

#include "runtime/core/overloaded.h"
#include "runtime/judge/verdict.h"

namespace evalrun::fleet {
namespace {

using supervise::RunResult;

bool is_doubtful(const RunResult& run) {
  if (run.noise.empty()) return false;
  const auto* hit = std::get_if<supervise::LimitHit>(&run.outcome);
  if (hit == nullptr) return true;  // it ended by itself, later than it should have
  const auto* allowed = std::get_if<Duration>(&hit->reach.allowed);
  const auto* reached = std::get_if<Duration>(&hit->reach.reached);
  return allowed == nullptr || reached == nullptr || *reached <= *allowed + *allowed / 10;
}

}  // namespace

const RunResult* doubtful_run(const judge::TaskEnd& end) {
  const auto of_run = [](const RunResult& run) -> const RunResult* {
    return judge::verdict_of(run.outcome) == judge::Verdict::Tle && is_doubtful(run) ? &run : nullptr;
  };
  return std::visit(Overloaded{of_run,
                               [&](const judge::Grade& grade) -> const RunResult* {
                                 if (grade.verdict != judge::Verdict::Tle) return nullptr;
                                 if (grade.run) return of_run(*grade.run);
                                 for (const judge::CaseGrade& one : grade.cases) {
                                   if (one.verdict == judge::Verdict::Tle)
                                     return is_doubtful(one.run) ? &one.run : nullptr;
                                 }
                                 return nullptr;
                               }},
                    end);
}

}  // namespace evalrun::fleet
