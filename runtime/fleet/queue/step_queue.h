// A queue whose server takes each step by a script or a function of its own: the words of each call, and what its
// answer means. Both queues are one.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/fleet/queue/queue.h"
#include "runtime/fleet/queue/redis_connection.h"

namespace evalrun::fleet {

enum class Step { Beat, Cancel, Claim, Complete, Drain, Enqueue, Forget, GiveBack, Leave, Reclaim, Retry, Status };

struct QueueOptions {
  // Told once of a fault of the server that does not stop the work.
  std::function<void(const std::string&)> warn = {};
  // For tests: the time in milliseconds, in place of the server's; 0: the server's.
  const std::uint64_t* clock = nullptr;
};

class StepQueue : public Queue {
 public:
  void enqueue(const Lot& lot, const std::vector<NewJob>& jobs, Then<Enqueued> then) override;
  void claim(const Identity& who, unsigned free, std::size_t running, Duration lease, Then<Claimed> then) override;
  void beat(const Identity& who, Duration lease, Beat beat, const std::vector<Lease>& leases,
            Then<Beaten> then) override;
  void complete(const Identity& who, const Completion& completion, Then<Completed> then) override;
  void give_back(const Identity& who, const GivenBack& job, Done done) override;
  void reclaim(std::size_t most, Then<Reclaimed> then) override;
  void leave(const Identity& who, const std::string& why, Done done) override;
  void forget_results(const std::string& batch, const std::vector<StoredResult>& results, Done done) override;
  void cancel(const std::vector<std::string>& ids, Then<Cancelled> then) override;
  void retry(const std::vector<std::string>& ids, Then<std::uint64_t> then) override;
  void drain(const std::vector<std::string>& workers, Then<std::uint64_t> then) override;
  void status(Then<std::string> then) override;

  void on_return(Done handler) override { connection_.on_return(std::move(handler)); }
  [[nodiscard]] bool is_there() const override { return connection_.is_ready(); }
  [[nodiscard]] std::string why_away() const override { return connection_.why_away(); }
  [[nodiscard]] bool is_idle() const override { return connection_.is_idle(); }

 protected:
  using Words = std::vector<std::string_view>;

  StepQueue(loop::EventLoop& loop, const RedisAddress& address, QueueOptions options);
  StepQueue(loop::EventLoop& loop, std::unique_ptr<Peer> peer, QueueOptions options);

  // `words` are those after the time. The answers are those of scripts/*.lua.
  virtual void run(Step step, Words words, Again again, RedisConnection::Answered answered) = 0;
  RedisConnection& connection() { return connection_; }
  [[nodiscard]] std::string now() const;  // as the first word of each step says it
  void warn(const std::string& warning);  // the first one

 private:
  QueueOptions options_;
  bool has_warned_ = false;
  RedisConnection connection_;
};

// Of an answer. Each throws QueueError where it is of another kind.
[[noreturn]] void refuse_answer();
const std::string& text_of(const RedisReply& reply);
std::int64_t number_of(const RedisReply& reply);
const std::vector<RedisReply>& elements_of(const RedisReply& reply, std::size_t least);

}  // namespace evalrun::fleet
