// The files of --report, --junit, --csv and --feedback. Their places are taken before any program runs, as that of the
// result is.
#pragma once

#include <optional>

#include "runtime/cli/result_file.h"
#include "runtime/core/fd.h"
#include "runtime/report/board.h"
#include "runtime/usage/options.h"

namespace evalrun::cli {

class ReportFiles {
 public:
  // Those that the options name. Makes the folder of --feedback if it is not there. Throws UsageError.
  explicit ReportFiles(const Options& options);

  [[nodiscard]] bool are_wanted() const noexcept;
  // All of them. Once; throws SystemError.
  void write(const report::Board& board);

 private:
  std::optional<ResultFile> html_, junit_, csv_;
  Fd feedback_;
};

}  // namespace evalrun::cli
