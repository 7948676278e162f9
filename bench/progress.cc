#include "bench/progress.h"

#include <unistd.h>

#include <cstdio>

namespace evalrun::bench {

Progress::Progress() : terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (!part_.empty()) std::fputc('\n', stderr);
}

void Progress::say(const std::string& part, unsigned done, unsigned of) {
  const unsigned tenths = of == 0 ? 10 : done * 10 / of;
  if (part != part_) {
    std::fprintf(stderr, "%s%s ", part_.empty() ? "" : "\n", part.c_str());
    part_ = part;
    tenths_ = 0;
  }
  if (terminal_) std::fprintf(stderr, "\r%s %u/%u ", part.c_str(), done, of);
  if (!terminal_) {
    for (; tenths_ < tenths; ++tenths_) std::fputc('.', stderr);
  }
  std::fflush(stderr);
}

}  // namespace evalrun::bench
