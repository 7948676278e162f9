#include "runtime/cli/report_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "runtime/core/error.h"
#include "runtime/junit/junit_report.h"
#include "runtime/report/csv_report.h"
#include "runtime/report/feedback.h"
#include "runtime/report/html_report.h"

namespace evalrun::cli {
namespace {

Fd open_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    throw UsageError("--feedback " + path + ": " + errno_text(errno));
  }
  Fd folder(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) throw UsageError("--feedback " + path + ": " + errno_text(errno));
  return folder;
}

}  // namespace

ReportFiles::ReportFiles(const Options& options) {
  if (!options.report.empty()) html_.emplace(options.report, "--report");
  if (!options.junit.empty()) junit_.emplace(options.junit, "--junit");
  if (!options.csv.empty()) csv_.emplace(options.csv, "--csv");
  if (!options.feedback.empty()) feedback_ = open_folder(options.feedback);
}

bool ReportFiles::are_wanted() const noexcept {
  return html_ || junit_ || csv_ || feedback_;
}

void ReportFiles::write(const report::Board& board) {
  if (html_) html_->write(report::html_report(board));
  if (junit_) junit_->write(report::junit_report(board));
  if (csv_) csv_->write(report::csv_report(board));
  if (feedback_) report::write_feedback(feedback_.get(), board);
}

}  // namespace evalrun::cli
