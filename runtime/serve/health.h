// The doctor's word, kept fresh: `evalrun doctor` as a child process, so that nothing of what it tries is in the
// server.
#pragma once

#include <spawn.h>

#include <optional>
#include <string>

#include "runtime/core/fd.h"
#include "runtime/core/units.h"
#include "runtime/loop/event_loop.h"

namespace evalrun::serve {

class Health {
 public:
  // `command`: the evalrun to ask, as a path.
  Health(loop::EventLoop& loop, std::string command);
  ~Health();
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  // Asks again where the last word is old. Never waits.
  void refresh();

  // "good", "degraded" or "broken"; "unknown" until the doctor has spoken.
  [[nodiscard]] const std::string& state() const noexcept { return state_; }
  // What is not good, as a JSON array; and how old the word is.
  [[nodiscard]] const std::string& findings() const noexcept { return findings_; }
  [[nodiscard]] Duration age() const;

 private:
  void on_output();
  void on_end();

  loop::EventLoop& loop_;
  const std::string command_;
  Fd output_;
  pid_t child_ = -1;
  std::string text_;
  std::string state_ = "unknown", findings_ = "[]";
  std::optional<Duration> heard_;
};

}  // namespace evalrun::serve
