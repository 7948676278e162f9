// What a program has written, kept for another one to read: in memory, outside every sandbox, without a name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/core/fd.h"

namespace evalrun::judge {

class Spool {
 public:
  // Throws SystemError.
  Spool();
  // Of a file that is there.
  explicit Spool(Fd file) : file_(std::move(file)) {}

  // Throws SystemError.
  void write(std::string_view bytes);

  // Read from its beginning by whoever opens it, as long as the spool lives.
  [[nodiscard]] std::string path() const { return path_of(file_); }
  // A descriptor of its own, at the beginning. Throws SystemError.
  [[nodiscard]] Fd open() const { return reopen(file_); }

  // The same of any file that is open.
  static std::string path_of(const Fd& file);
  static Fd reopen(const Fd& file);

 private:
  Fd file_;
};

}  // namespace evalrun::judge
