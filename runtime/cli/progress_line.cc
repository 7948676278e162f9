#include "runtime/cli/progress_line.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

namespace evalrun::cli {
namespace {

using namespace std::chrono_literals;

// Faster than anybody reads is work for the terminal alone.
constexpr Duration kPaintEvery = 200ms;
constexpr std::uint64_t kBarWidth = 20;

std::string bar(std::uint64_t done, std::uint64_t size) {
  const std::uint64_t filled = kBarWidth * done / size;
  return "[" + std::string(filled, '#') + std::string(kBarWidth - filled, ' ') + "] " +
         std::to_string(100 * done / size) + " %  ";
}

std::string counted(std::uint64_t count, const char* what) {
  return count == 0 ? "" : ", " + std::to_string(count) + " " + what;
}

}  // namespace

std::string progress_text(const batch::Progress& progress, std::uint64_t input_size, Duration took) {
  const auto seconds = std::chrono::duration<double>(took).count();
  const std::uint64_t run = progress.done - progress.from_journal;
  std::string text = input_size == 0 ? "" : bar(std::min(progress.input_bytes, input_size), input_size);
  text += std::to_string(progress.done) + " jobs";
  if (seconds > 0) text += ", " + std::to_string(static_cast<std::uint64_t>(static_cast<double>(run) / seconds)) + "/s";
  return text + counted(progress.live, "running") + counted(progress.other_verdicts, "with other verdicts") +
         counted(progress.malformed, "malformed") + counted(progress.sandbox_failed, "IE") +
         counted(progress.from_journal, "from the journal");
}

bool ProgressLine::is_wanted() {
  return ::isatty(STDERR_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 0;
}

ProgressLine::ProgressLine(loop::EventLoop& loop, const batch::Batch& batch, std::uint64_t input_size)
    : loop_(loop), batch_(batch), input_size_(input_size), began_(loop::now()) {
  timer_.set(began_ + kPaintEvery);
  loop_.watch(timer_.get(), loop::Interest::Read, loop_.caller(), [this] {
    timer_.acknowledge();
    paint("");
    timer_.set(loop::now() + kPaintEvery);
  });
}

ProgressLine::~ProgressLine() {
  loop_.forget(timer_.get());
  try {
    paint("\n");
  } catch (const std::exception&) {
    // The last line is then not the newest.
  }
}

void ProgressLine::paint(const char* end) {
  // A terminal that is held (Ctrl-S) must not hold the batch.
  pollfd terminal{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&terminal, 1, 0) <= 0 || (terminal.revents & POLLOUT) == 0) return;
  // To the line's beginning, and after the text to its end: what an earlier one leaves is erased (ECMA-48, EL).
  std::cerr << "\r" << progress_text(batch_.progress(), input_size_, loop::now() - began_) << "\x1b[K" << end
            << std::flush;
}

}  // namespace evalrun::cli
