// Where the result goes: standard output, or a file that is opened before the program runs, so that the program cannot
// put a link or a FIFO under its name.
#pragma once

#include <string>

#include "runtime/core/fd.h"

namespace evalrun::cli {

class ResultFile {
 public:
  // Empty: standard output. Throws UsageError where it cannot be opened or is neither a regular file nor a character
  // device
  // (/dev/null). A link is followed: nobody hostile has run yet.
  explicit ResultFile(const std::string& path);

  // Replaces the file's content. Throws SystemError.
  void write(const std::string& text) const;

 private:
  std::string path_;
  Fd file_;
  bool regular_ = false;
};

}  // namespace evalrun::cli
