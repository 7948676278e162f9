// A program of ours that stands beside this one and passes calls on: a socket is its standard input, and it ends when
// that is closed.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "runtime/fleet/queue/redis_connection.h"

namespace evalrun::fleet {

// The path of a program in the folder of this one. Throws UsageError where there is none.
std::string program_beside_us(const std::string& name);

// Starts it in a session of its own, so that Ctrl-C is for us alone, with our environment. Whoever calls it reaps it.
// Throws SystemError.
pid_t start_apart(std::vector<std::string> words, int input, int output, int errors);

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
