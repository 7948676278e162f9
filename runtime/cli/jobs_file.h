// The file of jobs that a command line names.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "runtime/core/fd.h"

namespace evalrun::cli {

struct JobsFile {
  Fd file;  // none: standard input
  std::string name;
  std::filesystem::path folder;
  std::uint64_t size = 0;  // 0: not known

  [[nodiscard]] int get() const { return file ? file.get() : STDIN_FILENO; }
};

// Throws UsageError.
JobsFile open_jobs(const std::string& path);

}  // namespace evalrun::cli
