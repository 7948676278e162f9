// NewFile: a file that appears under its name whole or not at all.
//
// It is written without a name (O_TMPFILE) and linked when it is complete, so that a writer that is killed leaves
// nothing behind. What stands under the name by then is replaced, never followed or written into. On a file system
// without O_TMPFILE it is written beside its place and renamed; a kill can then leave ".NAME.part-PID".
#pragma once

#include <string>

#include "runtime/core/fd.h"

namespace evalrun {

class NewFile {
 public:
  // In `folder`, borrowed, which must be open for as long as this is. Mode 0600. Never throws for what
  // the file system refuses: see error().
  NewFile(int folder, const std::string& name);
  ~NewFile();
  NewFile(NewFile&& other) noexcept = default;
  NewFile& operator=(NewFile&&) = delete;

  // errno where it could not be made, else 0.
  [[nodiscard]] int error() const noexcept { return error_; }
  // To be written to.
  [[nodiscard]] int get() const noexcept { return file_.get(); }

  // Gives it its name, once. 0 or errno: a folder that stands there is not replaced.
  [[nodiscard]] int publish() noexcept;

 private:
  int folder_;
  std::string name_;
  std::string part_;  // "": without a name
  Fd file_;
  int error_ = 0;
};

}  // namespace evalrun
