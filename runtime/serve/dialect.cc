#include "runtime/serve/dialect.h"

#include <utility>

#include "runtime/core/overloaded.h"
#include "runtime/judge/verdict.h"

namespace evalrun::serve {
namespace {

void add_times(Metrics& metrics, const supervise::RunResult& run) {
  metrics.add(Stage::SetUp, run.setup);
  metrics.add(Stage::Run, run.wall);
  metrics.add(Stage::Teardown, run.teardown);
}

std::optional<Fault> fault_of_run(const supervise::RunResult& run) {
  if (const auto* fault = std::get_if<supervise::SandboxFault>(&run.outcome)) {
    return Fault{judge::message_of(run.outcome, Limits{}), fault->retryable};
  }
  if (std::holds_alternative<supervise::Cancelled>(run.outcome)) return Fault{"the server ended the run", true};
  return std::nullopt;
}

std::optional<Fault> fault_of_grade(const judge::Grade& grade) {
  if (grade.verdict != judge::Verdict::Ie && grade.verdict != judge::Verdict::Cancelled) return std::nullopt;
  std::optional<Fault> found;
  if (grade.compile) found = fault_of_run(grade.compile->run);
  if (!found && grade.run) found = fault_of_run(*grade.run);
  for (const judge::StepGrade& one : grade.steps) {
    if (!found && one.verdict) found = fault_of_run(one.run);
  }
  for (const judge::CaseGrade& one : grade.cases) {
    if (!found) found = fault_of_run(one.run);
  }
  if (!found) found = Fault{grade.message, grade.verdict == judge::Verdict::Cancelled};
  return found;
}

std::size_t size_of(const WorkEnd& end) {
  const auto* ended = std::get_if<Ended>(&end);
  return ended == nullptr ? 0 : ended->end.size + (ended->work ? kLargeOutput + 1 : 0);
}

}  // namespace

std::string verdict_of(const WorkEnd& end) {
  return std::visit(Overloaded{[](const Ended& ended) {
                                 const auto* run = std::get_if<supervise::RunResult>(&ended.end.value);
                                 const judge::Verdict verdict = run != nullptr
                                                                    ? judge::verdict_of(run->outcome)
                                                                    : std::get<judge::Grade>(ended.end.value).verdict;
                                 return std::string(name_of(verdict));
                               },
                               [](const NotPossible&) { return std::string(); },
                               [](const GroupEnded& group) {
                                 // The first that is not well stands for all.
                                 judge::Verdict verdict = judge::Verdict::Ok;
                                 for (const supervise::RunResult& run : group.end.runs) {
                                   if (verdict == judge::Verdict::Ok) verdict = judge::verdict_of(run.outcome);
                                 }
                                 return std::string(name_of(verdict));
                               },
                               [](const Lost&) { return std::string("IE"); }},
                    end);
}

std::optional<Fault> fault_of(const WorkEnd& end) {
  if (const auto* lost = std::get_if<Lost>(&end)) return Fault{lost->message, lost->fault.retryable};
  if (const auto* group = std::get_if<GroupEnded>(&end)) {
    for (const supervise::RunResult& run : group->end.runs) {
      if (std::optional<Fault> fault = fault_of_run(run)) return fault;
    }
    return std::nullopt;
  }
  const auto* ended = std::get_if<Ended>(&end);
  if (ended == nullptr) return std::nullopt;
  if (const auto* run = std::get_if<supervise::RunResult>(&ended->end.value)) return fault_of_run(*run);
  return fault_of_grade(std::get<judge::Grade>(ended->end.value));
}

void account_for(Workshop& shop, Exchange& exchange, const WorkEnd& end) {
  const std::string verdict = verdict_of(end);
  ++exchange.account.jobs;
  exchange.account.verdict = verdict;
  if (!verdict.empty()) shop.metrics.count_run(verdict);
  if (const auto* group = std::get_if<GroupEnded>(&end)) {
    exchange.account.waited = group->waited;
    shop.metrics.add(Stage::Wait, group->waited);
    for (const supervise::RunResult& run : group->end.runs) add_times(shop.metrics, run);
  }
  const auto* ended = std::get_if<Ended>(&end);
  if (ended == nullptr) return;
  exchange.account.waited = std::max(exchange.account.waited, ended->waited);
  shop.metrics.add(Stage::Wait, ended->waited);
  if (const auto* run = std::get_if<supervise::RunResult>(&ended->end.value)) return add_times(shop.metrics, *run);
  const auto& grade = std::get<judge::Grade>(ended->end.value);
  if (grade.compile) shop.metrics.add(Stage::Compile, grade.compile->run.wall);
  if (grade.run) add_times(shop.metrics, *grade.run);
  for (const judge::StepGrade& one : grade.steps) {
    if (one.verdict) add_times(shop.metrics, one.run);
  }
  for (const judge::CaseGrade& one : grade.cases) add_times(shop.metrics, one.run);
}

int status_of(Failure why) noexcept {
  switch (why) {
    case Failure::Unauthorized: return 401;
    case Failure::Forbidden: return 403;
    case Failure::NotFound: return 404;
    case Failure::WrongMethod: return 405;
    case Failure::WrongType: return 415;
    case Failure::TooLarge: return 413;
    case Failure::Malformed: return 400;
    case Failure::NotOffered: return 501;
    case Failure::Busy:
    case Failure::Lost: return 503;
    case Failure::Internal: return 500;
  }
  return 500;
}

Response with_retry(Failure why, Response response) {
  if (why == Failure::Busy || why == Failure::Lost) response.headers.emplace_back("Retry-After", kRetryAfter);
  return response;
}

void answer_with(Workshop& shop, const std::shared_ptr<Exchange>& exchange, std::size_t size,
                 std::function<Response()> words) {
  if (size <= kLargeOutput) return exchange->answer(words());
  const auto made = std::make_shared<Response>();
  shop.background.give([made, words = std::move(words)] { *made = words(); },
                       [made, exchange](std::exception_ptr thrown) {
                         if (thrown) *made = Response{500, "", "", {}};
                         exchange->answer(std::move(*made));
                       });
}

void run_for(Workshop& shop, const std::shared_ptr<Exchange>& exchange, Task task,
             std::function<Response(WorkEnd&)> words) {
  const WorkQueue::Id id = shop.queue.submit(std::move(task), [&shop, exchange, words](WorkEnd end) {
    exchange->tell_gone({});
    account_for(shop, *exchange, end);
    const std::size_t size = size_of(end);
    const auto kept = std::make_shared<WorkEnd>(std::move(end));
    answer_with(shop, exchange, size, [kept, words] { return words(*kept); });
  });
  exchange->tell_gone([&shop, id] { shop.queue.cancel(id); });
}

}  // namespace evalrun::serve
