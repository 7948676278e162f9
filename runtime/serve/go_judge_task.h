// From a command of go-judge's to a task, and from what it has come to, to its result.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/serve/dialect.h"
#include "runtime/serve/file_store.h"
#include "runtime/serve/go_judge_request.h"

namespace evalrun::serve {

// The plan that every command completes.
PlanText go_judge_plan();

// A file that stands in the way of a command, in go-judge's words: its result is a File Error.
class GoFileError : public std::runtime_error {
 public:
  GoFileError(std::string name, std::string type, const std::string& message)
      : std::runtime_error(message), name_(std::move(name)), type_(std::move(type)) {}
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& type() const noexcept { return type_; }

 private:
  std::string name_, type_;
};

// Throws PlanError where it cannot be a plan, BadField where it asks for more than there is or names no file of the
// store, and GoFileError.
Task task_of_command(const GoCommand& command, const PlanTemplate& plan, Workshop& shop, FileStore& store);

// What the answer says of one command.
struct GoResult {
  std::string status;
  int exit_status = 0;
  std::string error;
  std::uint64_t time = 0, memory = 0, run_time = 0, processes = 0;
  std::vector<std::pair<std::string, std::string>> files;   // name, content
  std::vector<std::pair<std::string, std::string>> cached;  // for the store
  std::vector<std::pair<std::string, std::string>> ids;     // name, id
  struct FileError {
    std::string name, type, message;
  };
  std::vector<FileError> file_errors;
};

GoResult failed_result(const std::string& status, const std::string& error);
// What a run is that was cancelled: the server's fault, or ended as its client wanted.
enum class OnCancel { Fault, Signaled };
// Reads the files that are copied out. `command` is what the task was made of. Any thread may call it.
GoResult result_of_command(const GoCommand& command, WorkEnd& end, Bytes most, OnCancel on_cancel);
// The same of each of a group.
std::vector<GoResult> results_of_group(const GoRequest& request, WorkEnd& end, Bytes most, OnCancel on_cancel);

std::string to_json(const std::vector<GoResult>& results);
// The same as a WebSocket has it, under the request's id.
std::string response_text(const std::string& id, const std::vector<GoResult>& results);
std::string error_text(const std::string& id, const std::string& why);

}  // namespace evalrun::serve
