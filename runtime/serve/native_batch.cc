// A batch over HTTP: the lines are in memory, as the body; their jobs are submitted as there is room, beside those of
// other requests; results go out as they come. While the reader does not read, nothing new is submitted.
#include <algorithm>
#include <map>
#include <utility>

#include "runtime/core/error.h"
#include "runtime/serve/native.h"

namespace evalrun::serve {
namespace {

// Results that wait for the reader, beyond which nothing new is submitted.
constexpr std::size_t kMostUnsent = 1U << 20;
// Lines that are wrong are answered without a sandbox: so many in a turn of the loop.
constexpr int kLinesPerTurn = 64;

class Batch : public std::enable_shared_from_this<Batch> {
 public:
  Batch(Workshop& shop, NativeDialect& dialect, std::shared_ptr<Exchange> exchange, std::string plan)
      : shop_(shop),
        dialect_(dialect),
        exchange_(std::move(exchange)),
        plan_(std::move(plan)),
        text_(exchange_->take_body()) {}

  void begin() {
    exchange_->begin_stream(200, "application/jsonl");
    exchange_->tell_gone([self = shared_from_this()] { self->leave(); });
    go_on();
  }

 private:
  void go_on() {
    for (int lines = 0; lines < kLinesPerTurn && !exchange_->is_gone(); ++lines) {
      if (next_ >= text_.size()) break;
      if (exchange_->unsent() > kMostUnsent) {
        return exchange_->tell_room([self = shared_from_this()] { self->later(); });
      }
      // One more than can be at work: the next one is ready when one ends.
      if (live_.size() > shop_.queue.jobs()) return;
      take_line();
    }
    if (next_ < text_.size() && live_.size() <= shop_.queue.jobs()) return later();
    if (next_ >= text_.size() && live_.empty()) exchange_->end();
  }

  // In a turn of its own.
  void later() {
    shop_.background.give([] {},
                          [self = shared_from_this()](std::exception_ptr) {
                            if (!self->exchange_->is_gone()) self->go_on();
                          });
  }

  void take_line() {
    const std::size_t end = std::min(text_.find('\n', next_), text_.size());
    const std::string_view text = std::string_view(text_).substr(next_, end - next_);
    next_ = end + 1;
    const std::uint64_t line = ++line_;
    if (text.find_first_not_of(" \t\r") == text.npos) return;
    std::optional<jobs::JobId> id;
    try {
      NativeJob job = dialect_.job_of_json(text, {"request", static_cast<unsigned>(line), 1}, plan_, id);
      // Where the queue is full, this one job waits at its end all the same: the batch was accepted.
      const WorkQueue::Id work = shop_.queue.submit(
          std::move(job.task),
          [self = shared_from_this(), line](WorkEnd result) { self->settle(line, std::move(result)); });
      live_.emplace(line, Live{work, id});
    } catch (const PlanError& error) {
      exchange_->write(jobs::error_line(id, line, error.what()) + "\n");
    }
  }

  void settle(std::uint64_t line, WorkEnd end) {
    account_for(shop_, *exchange_, end);
    const auto words = std::make_shared<std::pair<WorkEnd, std::string>>(std::move(end), "");
    const std::optional<jobs::JobId> id = live_.at(line).id;
    const auto* ended = std::get_if<Ended>(&words->first);
    if (ended == nullptr || (ended->end.size <= (64U << 10) && !ended->work)) {
      return write(line, native_line(id, line, words->first));
    }
    shop_.background.give([words, id, line] { words->second = native_line(id, line, words->first); },
                          [self = shared_from_this(), words, id, line](std::exception_ptr thrown) {
                            if (thrown) words->second = jobs::error_line(id, line, "the result cannot be written");
                            self->write(line, words->second);
                          });
  }

  void write(std::uint64_t line, const std::string& text) {
    live_.erase(line);
    exchange_->write(text + "\n");
    go_on();
  }

  void leave() {
    for (const auto& [line, live] : live_) shop_.queue.cancel(live.work);
    live_.clear();
    next_ = text_.size();
  }

  struct Live {
    WorkQueue::Id work;
    std::optional<jobs::JobId> id;
  };

  Workshop& shop_;
  NativeDialect& dialect_;
  const std::shared_ptr<Exchange> exchange_;
  const std::string plan_, text_;
  std::size_t next_ = 0;
  std::uint64_t line_ = 0;
  std::map<std::uint64_t, Live> live_;  // by line
};

}  // namespace

void run_native_batch(Workshop& shop, NativeDialect& dialect, const std::shared_ptr<Exchange>& exchange,
                      const std::string& plan) {
  std::make_shared<Batch>(shop, dialect, exchange, plan)->begin();
}

}  // namespace evalrun::serve
