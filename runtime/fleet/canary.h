// A program that can only end well: whether it does says whether this host runs anything.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "runtime/jobs/live_job.h"

namespace evalrun::fleet {

class Canary {
 public:
  // Starts it: this very command, asked for its version, in a sandbox of its own.
  explicit Canary(const jobs::Workplace& place);

  // After every turn of the loop.
  void advance();
  [[nodiscard]] bool finished() const noexcept { return !job_; }
  // "" where it ended well, else what happened.
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

 private:
  std::unique_ptr<jobs::LiveJob> job_;
  std::string fault_;
};

}  // namespace evalrun::fleet
