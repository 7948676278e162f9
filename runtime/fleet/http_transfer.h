// A file to or from a server, by the program evalrun-http, which stands beside this one. Any thread may.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "runtime/core/fd.h"

namespace evalrun::fleet {

// Throws UsageError where the program is not installed.
void need_http_program();

enum class HttpVerb { Get, Has, Put };

class HttpTransfer {
 public:
  // `size`: of a Get the most that is taken. `input` (-1: nothing) is read from where it stands. Throws SystemError.
  HttpTransfer(HttpVerb verb, const std::string& url, std::uint64_t size, int input);
  ~HttpTransfer();  // ends it
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  // What a Get gets.
  [[nodiscard]] int output() const { return output_.get(); }
  // After the end of the output. False: it is not there. Throws SharedFileError where it failed.
  bool finish();

 private:
  const std::string url_;
  pid_t pid_ = -1;
  Fd output_, errors_;
};

}  // namespace evalrun::fleet
