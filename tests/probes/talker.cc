// Plays one side of a dialogue: what its words say, one after the other, then exits 0.
//
//   talker VERB [WORD] [VERB [WORD]]…
//
//   say TEXT      a line                         ask N        N times a line, and one read
//   write N       N bytes, without a line's end  answer N     N times one read, and a line
//   flood         bytes, for ever                read N       N lines; exits 9 at the end of file
//   drain         all to the end of file         expect TEXT  a line; any other, or none: exits 43
//   refuse TEXT   a line; aborts if it is TEXT   try-read N   N lines, as far as there are so many
//   close-out     standard output                close-in     standard input
//   sleep MS      without CPU time               work MS      MS of CPU time
//   spin          for ever                       hang         for ever, asleep
//   exit N                                       crash        by SIGSEGV
//   abort                                        leave N      exits with N; a child sleeps on with all descriptors
//   child         what follows is a child's; its exit code is that of both
//   fill MIB      memory, all of it touched

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

constexpr int kRejected = 43;
constexpr int kEndOfFile = 9;

long number(const char* word) {
  return std::strtol(word, nullptr, 10);
}

void write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (count < 0) ::_exit(8);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void say(std::string line) {
  write_all(line + "\n");
}

// Byte by byte: what follows is left for whoever reads next. False at the end of file.
bool read_line(std::string& line) {
  line.clear();
  for (char byte = 0;;) {
    const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
    if (count <= 0) return !line.empty();
    if (byte == '\n') return true;
    line += byte;
  }
}

std::string line_or_exit(int code) {
  std::string line;
  if (!read_line(line)) ::_exit(code);
  return line;
}

void sleep_for(long milliseconds) {
  timespec left{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
  while (::nanosleep(&left, &left) != 0) {
  }
}

void work_for(long milliseconds) {
  timespec used{};
  do {
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  } while (used.tv_sec * 1000 + used.tv_nsec / 1'000'000 < milliseconds);
}

void drain() {
  char bytes[65536];
  while (::read(STDIN_FILENO, bytes, sizeof bytes) > 0) {
  }
}

void write_bytes(long count) {
  const std::string piece(65536, 'x');
  for (; count > 0; count -= static_cast<long>(piece.size())) {
    write_all(std::string_view(piece).substr(0, static_cast<std::size_t>(count)));
  }
}

void play_in_child() {
  const pid_t child = ::fork();
  if (child == 0) return;
  int status = 0;
  while (::waitpid(child, &status, 0) != child) {
  }
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

void leave(int code) {
  if (::fork() == 0) {
    for (;;) ::pause();
  }
  ::_exit(code);
}

// A verb without a word.
bool play(std::string_view verb) {
  if (verb == "flood") {
    for (;;) write_bytes(65536);
  }
  if (verb == "drain") return drain(), true;
  if (verb == "close-out") return ::close(STDOUT_FILENO), true;
  if (verb == "close-in") return ::close(STDIN_FILENO), true;
  if (verb == "hang") {
    for (;;) ::pause();
  }
  if (verb == "spin") {
    for (volatile unsigned turns = 0;;) turns = turns + 1;
  }
  if (verb == "crash") return ::raise(SIGSEGV), true;
  if (verb == "abort") std::abort();
  if (verb == "child") return play_in_child(), true;
  return false;
}

bool play(std::string_view verb, const char* word) {
  if (verb == "say") return say(word), true;
  if (verb == "write") return write_bytes(number(word)), true;
  if (verb == "sleep") return sleep_for(number(word)), true;
  if (verb == "work") return work_for(number(word)), true;
  if (verb == "exit") ::_exit(static_cast<int>(number(word)));
  if (verb == "leave") leave(static_cast<int>(number(word)));
  if (verb == "expect") {
    if (line_or_exit(kRejected) != word) ::_exit(kRejected);
    return true;
  }
  if (verb == "refuse") {
    if (line_or_exit(kEndOfFile) == word) std::abort();
    return true;
  }
  if (verb == "fill") {
    const std::size_t size = static_cast<std::size_t>(number(word)) << 20;
    char* const memory = static_cast<char*>(std::malloc(size));
    if (memory == nullptr) ::_exit(7);
    for (std::size_t at = 0; at < size; at += 4096) static_cast<volatile char*>(memory)[at] = 1;
    return true;
  }
  std::string line;
  if (verb == "read") {
    for (long left = number(word); left > 0; --left) line_or_exit(kEndOfFile);
  } else if (verb == "try-read") {
    for (long left = number(word); left > 0 && read_line(line); --left) {
    }
  } else if (verb == "ask") {
    for (long left = number(word); left > 0; --left) {
      say("?");
      line_or_exit(kEndOfFile);
    }
  } else if (verb == "answer") {
    for (long left = number(word); left > 0; --left) {
      line_or_exit(kRejected);
      say("!");
    }
  } else {
    return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  for (int at = 1; at < argc;) {
    if (play(argv[at])) {
      ++at;
    } else if (at + 1 < argc && play(argv[at], argv[at + 1])) {
      at += 2;
    } else {
      return 2;
    }
  }
  return 0;
}
