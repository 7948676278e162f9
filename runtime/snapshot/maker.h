// Making a snapshot in a process of its own: a recording stops and starts what it traces, waits for it, and may fail in
// any way; the supervisor only learns what came of it.
#pragma once

#include <filesystem>
#include <string>
#include <variant>

#include "runtime/core/fd.h"
#include "runtime/snapshot/recording.h"

namespace evalrun::snapshot {

// Why there is none.
struct NotRecorded {
  std::string why;
  bool was_ended = false;  // the recorder, by somebody: that says nothing of the interpreter
};
using Outcome = std::variant<Recorded, NotRecorded>;

class Making {
 public:
  // Forks; what is passed is copied. Throws SystemError.
  Making(const Plan& plan, const host::HostFacts& host, const std::filesystem::path& folder, const std::string& name);
  // Kills it where it is not done, and waits for it.
  ~Making();
  Making(Making&& other) noexcept;
  Making& operator=(Making&&) = delete;

  // Readable: result() does not wait long.
  [[nodiscard]] int descriptor() const noexcept { return words_.get(); }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  // Once; waits for it.
  Outcome result();

 private:
  void end() noexcept;

  pid_t pid_ = -1;
  Fd words_;
  std::filesystem::path folder_;
  std::string name_;
};

}  // namespace evalrun::snapshot
