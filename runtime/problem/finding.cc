#include "runtime/problem/finding.h"

#include "runtime/core/text.h"

namespace evalrun::problem {
namespace {

constexpr std::size_t kMostMessage = 1000;  // bytes: a package's own words may stand in it

std::string shortened(std::string message) {
  if (message.size() <= kMostMessage) return message;
  message.resize(kMostMessage);
  return message + "...";
}

}  // namespace

std::string to_string(const Finding& finding) {
  const std::string place = evalrun::to_string(finding.where);
  return one_line((place.empty() ? "" : place + ": ") + finding.message);
}

void Findings::error(SourcePosition where, std::string message) {
  if (++errors_ <= kMost) list_.push_back({Severity::Error, std::move(where), shortened(std::move(message))});
}

void Findings::note(SourcePosition where, std::string message) {
  if (++notes_ <= kMost) list_.push_back({Severity::Note, std::move(where), shortened(std::move(message))});
}

}  // namespace evalrun::problem
