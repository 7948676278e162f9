// Why an interpreter cannot be recorded, in one sentence that names what it does or has. The run starts by execve then.
#pragma once

#include <stdexcept>

namespace evalrun::snapshot {

class SnapshotError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace evalrun::snapshot
