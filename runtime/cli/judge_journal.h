// The journal of `evalrun judge`: each submission's result as it ends, in a batch's journal (batch/journal.h), so that
// the same command goes on where an earlier one was ended, however it was ended.
//
// A submission is known by its name and its files. One that was handed in again is another one. The time limit that was
// found from the package's accepted submissions is kept too: all submissions of a journal are judged by the same.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "runtime/batch/journal.h"
#include "runtime/core/units.h"
#include "runtime/submissions/submission_files.h"

namespace evalrun::cli {

class JudgeJournal {
 public:
  // `task_hash` is of all that a verdict depends on but for the submission. Throws UsageError and SystemError.
  JudgeJournal(const std::string& path, const std::string& task_hash);

  [[nodiscard]] const std::string& warning() const noexcept { return journal_.warning(); }
  [[nodiscard]] std::optional<Duration> time_limit() const noexcept { return time_limit_; }
  void keep_time_limit(Duration limit);

  // What names a submission in the journal.
  static std::uint64_t id_of(const std::string& name, const contest::Sources& sources);
  // The result that is there already; null if there is none.
  [[nodiscard]] const std::string* find(std::uint64_t id) const;
  // Synchronised, when it returns.
  void keep(std::uint64_t id, int exit_status, const std::string& result);

 private:
  batch::Journal journal_;
  std::uint64_t next_line_ = 1;
  std::optional<Duration> time_limit_;
  std::map<std::uint64_t, std::string> results_;
};

}  // namespace evalrun::cli
