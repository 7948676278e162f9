#include "runtime/cli/message.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <iostream>

#include "runtime/core/text.h"

namespace evalrun::cli {

void say(std::string_view message) {
  std::cerr << "evalrun: " << one_line(message) << "\n";
}

void say_interrupted(int signal, const std::string& more) {
  constexpr int kPatience = 1000;  // ms
  pollfd standard_error{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&standard_error, 1, kPatience) != 1 || (standard_error.revents & POLLOUT) == 0) return;
  say(std::string("interrupted by SIG") + ::sigabbrev_np(signal) + more);
}

}  // namespace evalrun::cli
