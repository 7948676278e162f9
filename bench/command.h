// A command that is started by posix_spawn and waited for, over and over.
#pragma once

#include <spawn.h>

#include <string>
#include <vector>

#include "runtime/core/fd.h"

namespace evalrun::bench {

class Command {
 public:
  // `handed_on`: a descriptor that the command finds as number kHandedOn, read from its start each time; -1: none.
  // Borrowed.
  explicit Command(std::vector<std::string> argv, int handed_on = -1);
  ~Command();
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  static constexpr int kHandedOn = 9;

  // Input and output are /dev/null. Throws std::runtime_error, with what it said on standard error, where it does not
  // end with 0.
  void run();

 private:
  [[nodiscard]] std::string what_it_said();

  std::vector<std::string> words_;
  std::vector<char*> argv_;
  Fd null_, said_, handed_on_;
  posix_spawn_file_actions_t actions_;
};

// The whole path of a program that is found on PATH or in sbin; "" where there is none.
std::string find_program(const std::string& name);

}  // namespace evalrun::bench
