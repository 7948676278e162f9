// A program of ours that stands beside this one and passes calls on: a socket is its standard input, and it ends when
// that is closed.
#pragma once

#include <sys/types.h>

#include <string>

#include "runtime/fleet/queue/redis_connection.h"

namespace evalrun::fleet {

class RelayProcess final : public Peer {
 public:
  // Throws UsageError where there is no such program.
  explicit RelayProcess(const std::string& name);
  ~RelayProcess() override;
  RelayProcess(const RelayProcess&) = delete;
  RelayProcess& operator=(const RelayProcess&) = delete;

  Fd start() override;
  void end() noexcept override;

 private:
  const std::string program_;
  pid_t pid_ = -1;
};

}  // namespace evalrun::fleet
