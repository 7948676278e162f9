// A queue in a Redis server (7.0 or newer) or Valkey. Each of its steps is a script there (scripts.h).
#pragma once

#include <array>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/fleet/queue/queue.h"
#include "runtime/fleet/queue/redis_connection.h"
#include "runtime/fleet/queue/scripts.h"

namespace evalrun::fleet {

class RedisQueue final : public Queue {
 public:
  struct Options {
    // Told once of what is wrong with the server and yet no reason to stop.
    std::function<void(const std::string&)> warn = {};
    // For tests: the time in milliseconds, in place of the server's; 0: the server's.
    const std::uint64_t* clock = nullptr;
  };

  RedisQueue(loop::EventLoop& loop, const QueueAddress& address, Options options);

  void put_plan(const std::string& digest, const std::string& name, const std::string& bundle, Done done) override;
  void get_plan(const std::string& digest, Then<std::optional<std::string>> then) override;
  void enqueue(const Lot& lot, const std::vector<NewJob>& jobs, Then<Enqueued> then) override;
  void claim(const Identity& who, unsigned free, std::size_t running, Duration lease, Then<Claimed> then) override;
  void beat(const Identity& who, Duration lease, Beat beat, const std::vector<Lease>& leases,
            Then<Beaten> then) override;
  void complete(const Identity& who, const Completion& completion, Then<Completed> then) override;
  void give_back(const Identity& who, const GivenBack& job, Done done) override;
  void reclaim(std::size_t most, Then<Reclaimed> then) override;
  void leave(const Identity& who, const std::string& why, Done done) override;
  void read_results(const std::string& batch, const std::string& after, std::size_t most,
                    Then<std::vector<StoredResult>> then) override;
  void forget_results(const std::string& batch, const std::vector<StoredResult>& results, Done done) override;
  void unfinished(const std::string& batch, Then<std::vector<std::string>> then) override;
  void cancel(const std::vector<std::string>& ids, Then<Cancelled> then) override;
  void dead(std::size_t most, Then<std::vector<DeadJob>> then) override;
  void retry(const std::vector<std::string>& ids, Then<std::uint64_t> then) override;
  void drain(const std::vector<std::string>& workers, Then<std::uint64_t> then) override;
  void status(Then<std::string> then) override;

  void on_return(Done handler) override { connection_.on_return(std::move(handler)); }
  [[nodiscard]] bool is_there() const override { return connection_.is_ready(); }
  [[nodiscard]] std::string why_away() const override { return connection_.why_away(); }
  [[nodiscard]] bool is_idle() const override { return connection_.is_idle(); }

 private:
  using Words = std::vector<std::string_view>;

  void greet(const QueueAddress& address);
  void check_server(const std::string& info);
  // The script's words stand after the time.
  void run(Script script, Words words, Again again, RedisConnection::Answered answered);

  Options options_;
  bool has_warned_ = false;
  std::array<std::string, kScripts> names_;  // of the scripts, as the server calls them
  RedisConnection connection_;
};

}  // namespace evalrun::fleet
