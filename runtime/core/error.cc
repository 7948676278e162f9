#include "runtime/core/error.h"

#include <cstring>

#include "runtime/core/text.h"

namespace evalrun {
namespace {

std::string describe(std::string_view operation, std::string_view subject, int error) {
  std::string text(operation);
  if (!subject.empty()) text.append(" ").append(subject);
  if (error != 0) text.append(": ").append(errno_text(error)).append(" (").append(errno_name(error)).append(")");
  return text;
}

std::string locate(const SourcePosition& position, std::string_view key, std::string_view message) {
  std::string text = to_string(position);
  if (!text.empty()) text.append(": ");
  if (!key.empty()) text.append(key).append(": ");
  return text.append(message);
}

std::string with_remedy(std::string text, std::string_view stage, std::string_view remedy) {
  if (!stage.empty()) text.insert(0, std::string(stage) + ": ");
  if (!remedy.empty()) text.append("; ").append(remedy);
  return text;
}

}  // namespace

std::string errno_name(int error) {
  const char* name = ::strerrorname_np(error);
  return name != nullptr ? name : "errno " + std::to_string(error);
}

std::string errno_text(int error) {
  const char* text = ::strerrordesc_np(error);
  return text != nullptr ? text : "unknown error";
}

std::string to_string(const SourcePosition& position) {
  std::string text = position.file;
  if (position.line != 0) {
    text.append(":").append(std::to_string(position.line)).append(":").append(std::to_string(position.column));
  }
  return text;
}

SystemError::SystemError(std::string_view operation, std::string_view subject, int error)
    : std::runtime_error(one_line(describe(operation, subject, error))),
      operation_(operation),
      subject_(subject),
      error_(error) {}

PlanError::PlanError(SourcePosition position, std::string_view key, std::string_view message)
    : std::runtime_error(one_line(locate(position, key, message))), position_(std::move(position)), key_(key) {}

UsageError::UsageError(const std::string& message) : std::runtime_error(one_line(message)) {}

HostError::HostError(std::string_view stage, std::string_view operation, std::string_view subject, int error,
                     std::string_view remedy)
    : std::runtime_error(one_line(with_remedy(describe(operation, subject, error), stage, remedy))),
      stage_(stage),
      operation_(operation),
      subject_(subject),
      error_(error) {}

}  // namespace evalrun
