// The program's streams, seen from outside: standard input fed, standard output and error drained, none of it ever
// blocking the loop. The program never holds a descriptor of a host file: everything goes through pipes, so it can
// neither seek, truncate nor chmod what lies behind.
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <string_view>

#include "runtime/core/fd.h"
#include "runtime/core/sha256.h"
#include "runtime/core/units.h"
#include "runtime/loop/event_loop.h"
#include "runtime/plan/plan.h"
#include "runtime/supervise/result.h"

namespace evalrun::supervise {

// Who feeds standard input: what the plan names, or the caller, by offer().
enum class InputFrom { Plan, Caller };

// Feeds standard input into a pipe until the source ends or the program closes its end.
class Feeder {
 public:
  // What became of bytes that were offered.
  struct Offer {
    std::size_t taken = 0;  // from the first on
    bool closed = false;    // nobody reads any more, or close() was called: nothing will ever be taken again
  };

  // `loop` and `owner` outlive it.
  Feeder(loop::EventLoop& loop, loop::LoopOwner& owner);
  ~Feeder();
  Feeder(const Feeder&) = delete;
  Feeder& operator=(const Feeder&) = delete;

  // The program's end.
  Fd take_reader();
  // From what. Throws PlanError through `plan` where the input file cannot be read.
  void open(const Plan& plan, InputFrom from = InputFrom::Plan);
  void start();

  // Only for InputFrom::Caller. Puts as much into the pipe as there is room for. Where that is not all, `on_room` is
  // called once, when it is worth trying again: there is room, or nobody to read.
  Offer offer(std::string_view bytes, std::function<void()> on_room);
  // The program reads to the end of what was taken, and then the end of file.
  void close() noexcept { stop(); }
  // What has been put into the pipe and nobody has read; zero once the pipe is closed on this side.
  [[nodiscard]] std::uint64_t unread() const noexcept;

 private:
  void on_writable();
  void on_source_readable();
  bool fill();  // false: nothing can be had now
  void stop() noexcept;

  loop::EventLoop& loop_;
  loop::LoopOwner& owner_;
  Pipe pipe_;
  Fd opened_;        // the input file
  int source_ = -1;  // borrowed: the input file or our own standard input; -1: text only
  std::string buffer_;
  std::size_t done_ = 0;
  bool source_ended_ = true;
  InputFrom from_ = InputFrom::Plan;
  bool waits_for_room_ = false;
  bool source_is_ours_ = false;  // no other feeder of the loop waits for it
};

// Called with every piece of a stream that the limits allow, as it arrives.
using OutputTap = std::function<void(std::string_view)>;

// Drains one stream: counts and hashes everything, keeps or passes on what the limits allow. Once the program has
// written more than that, the pipe is left alone until every process that could write is dead: what it holds then is
// all that can have been written past the limit.
class Drain {
 public:
  struct Budget {
    std::uint64_t left;
  };

  // `on_excess` is called once, when the program has written more than its budgets allow; never where
  // limits.output_action is "truncate": what is written then is counted and thrown away.
  Drain(loop::EventLoop& loop, loop::LoopOwner& owner, const Output& output, const Plan& plan, const char* key,
        std::vector<Budget*> budgets, std::function<void()> on_excess, OutputTap tap = {});
  ~Drain();
  Drain(const Drain&) = delete;
  Drain& operator=(const Drain&) = delete;

  Fd take_writer();
  void pass_to(OutputTap tap) { tap_ = std::move(tap); }
  // `on_end` is called once, when the stream has ended or is given up. Must not throw.
  void tell_end(std::function<void()> on_end) { on_end_ = std::move(on_end); }
  void start();
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  [[nodiscard]] bool holds_more() const;  // the pipe, now
  // The program has written more than its budgets allow.
  [[nodiscard]] bool exceeded() const noexcept { return exceeded_; }
  // Every process that should write has ended: what is in the pipe is all, even if somebody else holds its other end.
  void close_soon();
  // Passes nothing more on: whoever reads our own output has stopped, and the run must end all the same.
  void give_up_sink();
  // Ends as it is: what is still in the pipe is not read.
  void abandon() noexcept;
  Stream take_result();

 private:
  void on_readable();
  void on_sink_writable();
  void accept(std::string_view data);
  void keep(std::string_view bytes);
  [[nodiscard]] std::uint64_t allowance() const;
  [[nodiscard]] bool goes_on_at_limit();
  void go_on();
  bool flush();  // false: the sink takes no more now
  void end() noexcept;

  loop::EventLoop& loop_;
  loop::LoopOwner& owner_;
  Pipe pipe_;
  std::vector<Budget*> budgets_;
  std::function<void()> on_excess_;
  OutputTap tap_;
  std::function<void()> on_end_;
  Fd file_;
  int sink_ = -1;  // borrowed: where the stream is passed on; -1: nowhere
  bool capture_ = false;
  std::uint64_t most_kept_ = std::numeric_limits<std::uint64_t>::max();
  bool sink_failed_ = false;
  OutputAction at_limit_;
  bool exceeded_ = false;
  std::string pending_;
  Sha256 hash_;
  Stream result_;
  bool closing_ = false;
  std::uint64_t left_ = 0;  // while closing: what is still to be read
  bool ended_ = false;
};

}  // namespace evalrun::supervise
