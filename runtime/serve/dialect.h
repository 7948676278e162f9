// A dialect: a set of paths, the requests that they take, and the words of their answers.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/core/units.h"
#include "runtime/loop/background.h"
#include "runtime/loop/event_loop.h"
#include "runtime/reader/template.h"
#include "runtime/serve/closed_plan.h"
#include "runtime/serve/exchange.h"
#include "runtime/serve/metrics.h"
#include "runtime/serve/work_queue.h"

namespace evalrun::serve {

// Why a request has no result. Each dialect says it in its own form.
enum class Failure {
  Unauthorized,
  Forbidden,
  NotFound,
  WrongMethod,
  WrongType,
  TooLarge,
  Malformed,
  NotOffered,  // a thing that the dialect has and this server does not give
  Busy,        // try again: nothing was accepted
  Lost,        // try again: the sandbox or the host failed
  Internal,
};

// The HTTP status that says it, in a dialect that has no word of its own.
int status_of(Failure why) noexcept;
// `response`, and, for a failure after which the same request may well succeed, when to try again.
Response with_retry(Failure why, Response response);

// What all dialects share. All of it outlives them.
struct Workshop {
  loop::EventLoop& loop;
  WorkQueue& queue;
  loop::Background& background;
  Metrics& metrics;
  ImageCache& images;
  Ceilings ceilings;
  std::vector<std::filesystem::path> image_path;
  std::filesystem::path plans;       // the operator's; empty: none
  std::filesystem::path host_files;  // a folder whose files go-judge's clients may name; empty: none
};

enum class Route { NotMine, WrongMethod, Mine };

class Dialect {
 public:
  Dialect() = default;
  virtual ~Dialect() = default;
  Dialect(const Dialect&) = delete;
  Dialect& operator=(const Dialect&) = delete;

  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual Route route(const Request& request) const = 0;
  // Whether such a request needs a sandbox: it is refused while the queue is full.
  [[nodiscard]] virtual bool needs_room(const Request& request) const = 0;
  virtual void take(const std::shared_ptr<Exchange>& exchange) = 0;
  [[nodiscard]] virtual Response failure(Failure why, const std::string& message) const = 0;
};

// "Retry-After": after so many seconds there may be room.
inline constexpr const char* kRetryAfter = "1";

// Submits the task for an exchange, counts what became of it, and answers with what `words` makes of it. `words` is
// called by another thread where the result is large, and must touch nothing but its argument.
void run_for(Workshop& shop, const std::shared_ptr<Exchange>& exchange, Task task,
             std::function<Response(WorkEnd&)> words);

// A result of more bytes than this is put into words in the background.
inline constexpr std::size_t kLargeOutput = 64U << 10;

// Counts it in the metrics and in the exchange's account.
void account_for(Workshop& shop, Exchange& exchange, const WorkEnd& end);

// Makes the answer here, or in the background where it is large.
void answer_with(Workshop& shop, const std::shared_ptr<Exchange>& exchange, std::size_t size,
                 std::function<Response()> words);

// --- what a task has come to -----------------------------------------------------------------------------------------

// The verdict's name; "IE" for what is lost, "" for what is not possible.
std::string verdict_of(const WorkEnd& end);

// The sandbox's own fault, wherever in the task it lies; null where there is none. A task that was cancelled is lost,
// too: `fault` of that says so.
struct Fault {
  std::string message;
  bool retryable = false;
};
std::optional<Fault> fault_of(const WorkEnd& end);

}  // namespace evalrun::serve
