// What ends the command without a result of the program: exit status 2.
#pragma once

#include <cstring>
#include <stdexcept>
#include <string>

namespace evalrun::isolate {

// The sandbox's own failure: told on standard error and in the meta file, status XX.
class Fatal : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  Fatal(const std::string& what, int error) : std::runtime_error(what + ": " + std::strerror(error)) {}
};

// The command line is wrong: told on standard error alone.
class WrongUsage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace evalrun::isolate
