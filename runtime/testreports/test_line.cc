#include "runtime/testreports/test_line.h"

#include <algorithm>
#include <array>

namespace evalrun::testreports {
namespace {

struct StatusRow {
  TestStatus status;
  std::string_view name;
};

constexpr std::array kStatuses{
    StatusRow{TestStatus::Passed, "passed"}, StatusRow{TestStatus::Failed, "failed"},
    StatusRow{TestStatus::Error, "error"},   StatusRow{TestStatus::Skipped, "skipped"},
    StatusRow{TestStatus::NotRun, "notrun"}, StatusRow{TestStatus::Protocol, "protocol"},
    StatusRow{TestStatus::Load, "load"},
};

}  // namespace

std::string_view name_of(TestStatus status) noexcept {
  return std::ranges::find(kStatuses, status, &StatusRow::status)->name;
}

const TestStatus* status_named(std::string_view name) noexcept {
  const auto* row = std::ranges::find(kStatuses, name, &StatusRow::name);
  return row == kStatuses.end() ? nullptr : &row->status;
}

}  // namespace evalrun::testreports
