// Drain: one output stream, read from outside.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "runtime/supervise/streams.h"

namespace evalrun::supervise {
namespace {

// A program can give its end of the pipe to a process that outlives it (a socket in a mount that may be written).
TEST(drain, closing_reads_what_is_there_and_not_what_somebody_else_goes_on_writing) {
  ::signal(SIGPIPE, SIG_IGN);
  constexpr std::size_t kPipe = 64 << 10;
  loop::EventLoop loop;
  const Plan plan;
  Drain::Budget budget{1 << 30};
  Drain drain(loop, loop.caller(), OutputNull{}, plan, "stdout", {&budget}, [] {});
  const Fd writer = drain.take_writer();
  drain.start();
  const std::string full(kPipe, 'x');
  ASSERT_EQ(::write(writer.get(), full.data(), full.size()), static_cast<ssize_t>(kPipe));
  std::thread other([&] {
    while (::write(writer.get(), full.data(), full.size()) > 0) {
    }
  });
  drain.close_soon();
  other.join();  // it meets EPIPE
  EXPECT_TRUE(drain.ended());
  EXPECT_EQ(drain.take_result().bytes, kPipe);
}

TEST(drain, closing_an_empty_pipe_that_somebody_else_holds_ends_at_once) {
  loop::EventLoop loop;
  const Plan plan;
  Drain::Budget budget{1 << 30};
  Drain drain(loop, loop.caller(), OutputNull{}, plan, "stdout", {&budget}, [] {});
  const Fd writer = drain.take_writer();
  drain.start();
  drain.close_soon();
  EXPECT_TRUE(drain.ended());
  EXPECT_EQ(drain.take_result().bytes, 0U);
}

}  // namespace
}  // namespace evalrun::supervise
