// What the driver is at, on standard error: one line that is written over where that is a terminal.
#pragma once

#include <string>

namespace evalrun::bench {

class Progress {
 public:
  Progress();
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void say(const std::string& part, unsigned done, unsigned of);

 private:
  bool terminal_;
  std::string part_;
  unsigned tenths_ = 0;
};

}  // namespace evalrun::bench
