// One connection to a Redis server, made anew where it breaks, in the event loop.
//
// Theory of operation. A call is a command and who is told its answer. Calls are sent in their order, and answered in
// it. When the connection is lost, or the server says that it cannot write now (its disk or memory is full, it loads
// its data, it is a replica), those without an answer are sent again on the next connection, in the same order, before
// all that were made meanwhile; a call that must not be made twice is answered with nothing instead.
//
// A server that does not answer for kSilence is as good as gone: a cable that is cut tells nobody.
//
// What speaks so may also be a program of ours that passes calls on to something else (postgres_queue.h).
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/core/fd.h"
#include "runtime/fleet/queue/queue_address.h"
#include "runtime/fleet/queue/redis_reply.h"
#include "runtime/fleet/queue/resolve.h"
#include "runtime/loop/background.h"
#include "runtime/loop/event_loop.h"

namespace evalrun::fleet {

// Whether a call is made again where its answer was lost.
enum class Again { Yes, No };

// A program of ours at the other end, in place of a server.
class Peer {
 public:
  virtual ~Peer() = default;
  // The socket to a new one. Throws SystemError.
  virtual Fd start() = 0;
  // Ends the one that was started.
  virtual void end() noexcept = 0;
};

class RedisConnection {
 public:
  // Nothing: the answer was lost, or the server away.
  using Answered = std::function<void(std::optional<RedisReply>)>;

  static constexpr Duration kSilence = std::chrono::seconds(10);

  // `loop` outlives the connection. Connects in the loop's next turns.
  RedisConnection(loop::EventLoop& loop, RedisAddress address);
  RedisConnection(loop::EventLoop& loop, std::unique_ptr<Peer> peer);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  void call(const std::vector<std::string_view>& words, Again again, Answered answered);

  // Sent first on every connection, before the connection is ready: what `answered` throws ends the loop's turn.
  void greet_with(const std::vector<std::string_view>& words, Answered answered);
  // Called when the connection is ready, before calls are made again.
  void on_return(std::function<void()> handler) { on_return_ = std::move(handler); }

  [[nodiscard]] bool is_ready() const noexcept { return state_ == State::Ready; }
  [[nodiscard]] const std::string& why_away() const noexcept { return why_away_; }
  [[nodiscard]] bool is_idle() const noexcept { return sent_.empty() && waiting_.empty(); }

 private:
  enum class State { Away, Resolving, Connecting, Greeting, Ready };
  struct Call {
    std::string command;
    Again again;
    Answered answered;
    Duration sent_at{};
  };

  RedisConnection(loop::EventLoop& loop, RedisAddress address, std::unique_ptr<Peer> peer);
  void connect();
  void connect_to_next();
  void take_socket(Fd socket);
  void on_connected();
  void greet();
  void on_greeted();
  void send(Call&& call);
  void write();
  void read();
  void take(RedisReply&& reply);
  void lose(const std::string& why);
  void on_timer();
  void set_timer(Duration at);

  loop::EventLoop& loop_;
  const RedisAddress address_;
  const std::unique_ptr<Peer> peer_;  // null: the address counts
  State state_ = State::Away;
  std::string why_away_;
  bool is_refused_ = false;  // it was not the connection that failed, and no call has been answered well since
  std::vector<SocketAddress> targets_;  // that were not tried yet
  Fd socket_, write_end_;               // the same socket: the loop watches a descriptor for one thing
  bool is_writing_ = false;             // write_end_ is watched
  std::optional<RedisReader> reader_;
  std::string out_;
  std::size_t written_ = 0;          // of out_
  std::deque<Call> sent_, waiting_;  // with and without a place on the connection
  std::vector<std::pair<std::string, Answered>> greeting_;
  std::size_t greetings_left_ = 0;
  std::function<void()> on_return_;
  Duration back_off_{};
  loop::Timer timer_;
  Duration timer_at_{};  // zero: not set
  loop::Background resolver_;
};

}  // namespace evalrun::fleet
