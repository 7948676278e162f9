// Where the result goes: standard output, or a file whose place is taken before the program runs.
//
// A file that is not there yet appears when the result is complete, and not at all where this process is killed. One
// that is there is opened at once, so that the program cannot put a link or a FIFO under its name, and is overwritten
// in place: it may be a device, or somebody's open file.
#pragma once

#include <optional>
#include <string>

#include "runtime/core/fd.h"
#include "runtime/core/new_file.h"

namespace evalrun::cli {

class ResultFile {
 public:
  // Empty: standard output. Throws UsageError where it cannot be opened or is neither a regular file nor a character
  // device (/dev/null). A link is followed: nobody hostile has run yet. `flag` is what named the file, for messages.
  explicit ResultFile(const std::string& path, const std::string& flag = "--output");
  // A descriptor that is open already: a file, a pipe or a terminal. `name` is what messages call it.
  ResultFile(Fd open, const std::string& name);

  // The file's whole content; once. Throws SystemError.
  void write(const std::string& text);

 private:
  void make_new();

  std::string path_;
  std::string flag_;
  Fd existing_;
  bool regular_ = false;
  Fd folder_;  // outlives new_
  std::optional<NewFile> new_;
};

}  // namespace evalrun::cli
