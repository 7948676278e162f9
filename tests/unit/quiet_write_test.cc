// Writes that fail are return values and no signals.

#include "runtime/core/quiet_write.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "runtime/core/error.h"
#include "runtime/core/fd.h"
#include "runtime/core/write_all.h"

namespace evalrun {
namespace {

bool is_pending(int signal) {
  sigset_t pending;
  ::sigpending(&pending);
  return ::sigismember(&pending, signal) == 1;
}

// In a process of its own, with the signals' default dispositions: each of them would end it. Its exit status.
template <typename Body>
int in_a_process(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    for (const int signal : {SIGPIPE, SIGXFSZ}) ::signal(signal, SIG_DFL);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(quiet_write, a_pipe_without_a_reader_is_epipe_and_no_signal) {
  const auto write_with = [](auto write) {
    return in_a_process([&] {
      Pipe pipe = make_pipe(Blocking::Yes, Blocking::Yes);
      pipe.read_end.reset();
      const ssize_t count = write(pipe.write_end.get());
      return count < 0 && errno == EPIPE && !is_pending(SIGPIPE) ? 0 : 1;
    });
  };
  EXPECT_EQ(write_with([](int fd) { return write_quietly(fd, "x"); }), 0);
  EXPECT_EQ(write_with([](int fd) { return ::write(fd, "x", 1); }), 128 + SIGPIPE);
}

TEST(quiet_write, a_file_past_its_limit_is_efbig_and_no_signal) {
  const auto write_with = [](auto write) {
    return in_a_process([&] {
      const Fd file(::open("/tmp", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
      const rlimit none{0, RLIM_INFINITY};
      if (!file || ::setrlimit(RLIMIT_FSIZE, &none) != 0) return 2;
      const ssize_t count = write(file.get());
      return count < 0 && errno == EFBIG && !is_pending(SIGXFSZ) ? 0 : 1;
    });
  };
  EXPECT_EQ(write_with([](int fd) { return write_quietly(fd, "x"); }), 0);
  EXPECT_EQ(write_with([](int fd) { return ::write(fd, "x", 1); }), 128 + SIGXFSZ);
}

TEST(quiet_write, a_signal_that_was_pending_before_stays) {
  EXPECT_EQ(in_a_process([] {
              sigset_t pipe_signal;
              sigemptyset(&pipe_signal);
              sigaddset(&pipe_signal, SIGPIPE);
              ::sigprocmask(SIG_BLOCK, &pipe_signal, nullptr);
              ::raise(SIGPIPE);
              Pipe pipe = make_pipe(Blocking::Yes, Blocking::Yes);
              pipe.read_end.reset();
              write_quietly(pipe.write_end.get(), "x");
              return is_pending(SIGPIPE) ? 0 : 1;
            }),
            0);
}

TEST(quiet_write, what_can_be_written_is_written_and_the_mask_is_as_before) {
  sigset_t before, after;
  ::sigprocmask(SIG_SETMASK, nullptr, &before);
  const Pipe pipe = make_pipe(Blocking::No, Blocking::Yes);
  EXPECT_EQ(write_quietly(pipe.write_end.get(), "four"), 4);
  char bytes[8];
  EXPECT_EQ(::read(pipe.read_end.get(), bytes, sizeof bytes), 4);
  ::sigprocmask(SIG_SETMASK, nullptr, &after);
  for (const int signal : {SIGPIPE, SIGXFSZ, SIGTERM}) {
    EXPECT_EQ(::sigismember(&before, signal), ::sigismember(&after, signal));
  }
}

TEST(write_all, gives_everything_and_says_what_the_kernel_refused) {
  const auto in_a_small_pipe = [](auto write) {
    return in_a_process([&] {
      Pipe pipe = make_pipe(Blocking::Yes, Blocking::Yes);
      const std::string text(std::size_t{1} << 20, 'x');  // more than a pipe holds
      const pid_t reader = ::fork();
      if (reader == 0) {
        pipe.write_end.reset();
        std::size_t all = 0;
        char piece[1000];
        for (ssize_t count = 0; (count = ::read(pipe.read_end.get(), piece, sizeof piece)) > 0;) {
          all += static_cast<std::size_t>(count);
        }
        ::_exit(all == text.size() ? 0 : 1);
      }
      write(pipe.write_end.get(), text);
      pipe.write_end.reset();
      int status = 0;
      ::waitpid(reader, &status, 0);
      return WEXITSTATUS(status);
    });
  };
  EXPECT_EQ(in_a_small_pipe([](int fd, const std::string& text) { write_all(fd, text, "the pipe"); }), 0);
  EXPECT_EQ(in_a_small_pipe([](int fd, const std::string& text) { write_all_quietly(fd, text); }), 0);
  const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(write_all_quietly(full.get(), "x"), ENOSPC);
  try {
    write_all(full.get(), "x", "/dev/full");
    ADD_FAILURE() << "nothing was thrown";
  } catch (const SystemError& error) {
    EXPECT_STREQ(error.what(), "write /dev/full: No space left on device (ENOSPC)");
  }
}

}  // namespace
}  // namespace evalrun
