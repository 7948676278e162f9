// The parent's rail of errors: exceptions that carry operation, subject and errno, caught once, in main.
// what() is one line, whatever a subject holds; the parts are as they were given.
// The child's rail is step_result.h; what the program under test does is a value (supervise/result.h), never an error.
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>

namespace evalrun {

// "EINVAL" for 22; "errno 4242" where the C library knows no name.
std::string errno_name(int error);

// "Invalid argument" for 22.
std::string errno_text(int error);

// A system call that failed: "openat2 /srv/data: No such file or directory (ENOENT)".
class SystemError : public std::runtime_error {
 public:
  SystemError(std::string_view operation, std::string_view subject, int error = errno);

  [[nodiscard]] const std::string& operation() const noexcept { return operation_; }
  [[nodiscard]] const std::string& subject() const noexcept { return subject_; }
  [[nodiscard]] int error() const noexcept { return error_; }

 private:
  std::string operation_;
  std::string subject_;
  int error_;
};

// Where in a plan or image file something stands. Lines and columns count from 1; 0 means "no position".
struct SourcePosition {
  std::string file;
  unsigned line = 0;
  unsigned column = 0;
  friend bool operator==(const SourcePosition&, const SourcePosition&) = default;
};

// "plan.toml:17:3", "plan.toml" where there is no line.
std::string to_string(const SourcePosition& position);

// The plan asks for something that cannot be: "plan.toml:4:1: limits.cpu: expected a time with a unit, such as \"2s\"".
// Exit status 2: nothing was made.
class PlanError : public std::runtime_error {
 public:
  PlanError(SourcePosition position, std::string_view key, std::string_view message);

  [[nodiscard]] const SourcePosition& position() const noexcept { return position_; }
  [[nodiscard]] const std::string& key() const noexcept { return key_; }

 private:
  SourcePosition position_;
  std::string key_;
};

// The command line asks for something that cannot be. Exit status 2.
class UsageError : public std::runtime_error {
 public:
  explicit UsageError(const std::string& message);
};

// The host cannot give what the plan requires: a layer is missing, namespaces are refused. Exit status 3.
// `remedy` is a sentence that says what the operator can do; it may be empty.
class HostError : public std::runtime_error {
 public:
  HostError(std::string_view stage, std::string_view operation, std::string_view subject, int error,
            std::string_view remedy = "");

  [[nodiscard]] const std::string& stage() const noexcept { return stage_; }
  [[nodiscard]] const std::string& operation() const noexcept { return operation_; }
  [[nodiscard]] const std::string& subject() const noexcept { return subject_; }
  [[nodiscard]] int error() const noexcept { return error_; }

 private:
  std::string stage_;
  std::string operation_;
  std::string subject_;
  int error_;
};

}  // namespace evalrun
