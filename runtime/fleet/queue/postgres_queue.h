// A queue in a PostgreSQL database (13 or newer). Each of its steps is a function there (../postgresql/steps.sql). The
// way to it is a program of its own, evalrun-postgresql, which stands beside this one (docs/decisions/135).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/fleet/queue/queue_address.h"
#include "runtime/fleet/queue/step_queue.h"

namespace evalrun::fleet {

class PostgresQueue final : public StepQueue {
 public:
  // Throws UsageError where the program is not installed.
  PostgresQueue(loop::EventLoop& loop, const PostgresAddress& address, QueueOptions options);

  void put_plan(const std::string& digest, const std::string& name, const std::string& bundle, Done done) override;
  void get_plan(const std::string& digest, Then<std::optional<std::string>> then) override;
  void read_results(const std::string& batch, const std::string& after, std::size_t most,
                    Then<std::vector<StoredResult>> then) override;
  void unfinished(const std::string& batch, Then<std::vector<std::string>> then) override;
  void dead(std::size_t most, Then<std::vector<DeadJob>> then) override;

 private:
  using Rows = std::vector<RedisReply>;

  void run(Step step, Words words, Again again, RedisConnection::Answered answered) override;
  // `name` is the function's; the words stand after the time. Each row is an array of texts.
  void call(std::string_view name, Words words, Again again, RedisConnection::Answered answered);
  void ask_for_rows(std::string_view name, Words words, std::function<void(const Rows&)> then);
};

}  // namespace evalrun::fleet
