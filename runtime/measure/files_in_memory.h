// What a run's files in memory hold: /work, /tmp and /dev/shm, which are one file system, and the plan's own.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "runtime/core/fd.h"
#include "runtime/core/units.h"

namespace evalrun::measure {

class FilesInMemory {
 public:
  // `init`: the run's. `folders`: where such file systems are, each once, as the program sees them.
  FilesInMemory(pid_t init, std::vector<std::string> folders) noexcept : init_(init), folders_(std::move(folders)) {}

  // Zero while the program's root cannot be entered. What has once been seen can be asked for also when every process
  // has gone: until this goes, too.
  [[nodiscard]] Bytes look();
  [[nodiscard]] bool is_open() const noexcept { return !opened_.empty(); }

 private:
  void open_beside(pid_t process);

  pid_t init_;
  std::vector<std::string> folders_;
  std::vector<Fd> opened_;
};

}  // namespace evalrun::measure
