// How far a batch is, on the last line of a terminal.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/batch/batch.h"
#include "runtime/loop/event_loop.h"

namespace evalrun::cli {

// "[#####               ] 27 %  1234 jobs, 98/s, 8 running; 12 other verdicts". `input_size` 0: not known, no bar.
std::string progress_text(const batch::Progress& progress, std::uint64_t input_size, Duration took);

class ProgressLine {
 public:
  // Standard error is a terminal, and the results go elsewhere.
  static bool is_wanted();

  // Painted while this lives, and once more, to stay, when it goes.
  ProgressLine(loop::EventLoop& loop, const batch::Batch& batch, std::uint64_t input_size);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

 private:
  void paint(const char* end);

  loop::EventLoop& loop_;
  const batch::Batch& batch_;
  std::uint64_t input_size_;
  Duration began_;
  loop::Timer timer_;
};

}  // namespace evalrun::cli
