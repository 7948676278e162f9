// A queue in a Redis server (7.0 or newer) or Valkey. Each of its steps is a script there (scripts.h).
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/fleet/queue/queue_address.h"
#include "runtime/fleet/queue/scripts.h"
#include "runtime/fleet/queue/step_queue.h"

namespace evalrun::fleet {

class RedisQueue final : public StepQueue {
 public:
  RedisQueue(loop::EventLoop& loop, const RedisAddress& address, QueueOptions options);

  void put_plan(const std::string& digest, const std::string& name, const std::string& bundle, Done done) override;
  void get_plan(const std::string& digest, Then<std::optional<std::string>> then) override;
  void read_results(const std::string& batch, const std::string& after, std::size_t most,
                    Then<std::vector<StoredResult>> then) override;
  void unfinished(const std::string& batch, Then<std::vector<std::string>> then) override;
  void dead(std::size_t most, Then<std::vector<DeadJob>> then) override;

 private:
  void greet(const RedisAddress& address);
  void check_server(const std::string& info);
  void run(Step step, Words words, Again again, RedisConnection::Answered answered) override;

  std::array<std::string, kScripts> names_;  // of the scripts, as the server calls them
};

}  // namespace evalrun::fleet
