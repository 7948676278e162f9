#include "runtime/isolate/meta.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "runtime/core/text.h"
#include "runtime/isolate/failure.h"

namespace evalrun::isolate {
namespace {

std::string line(const char* name, std::uint64_t value) {
  return std::string(name) + ":" + std::to_string(value) + "\n";
}

std::string figures_text(const RunEnd& end, bool with_groups) {
  const Figures& figures = end.figures;
  std::string text = "time:" + in_seconds(figures.time) + "\ntime-wall:" + in_seconds(figures.wall) + "\n" +
                     line("max-rss", figures.memory) + line("csw-voluntary", figures.voluntary) +
                     line("csw-forced", figures.forced);
  if (with_groups) {
    text += line("cg-mem", figures.memory);
    if (end.ran_out_of_memory) text += "cg-oom-killed:1\n";
  }
  return text;
}

std::string status_text(const RunEnd& end) {
  return end.status.empty() ? "" : "status:" + end.status + "\nmessage:" + end.message + "\n";
}

std::string end_text(const RunEnd& end) {
  if (end.exit_code) return "exitcode:" + std::to_string(*end.exit_code) + "\n";
  return end.signal ? "exitsig:" + std::to_string(*end.signal) + "\n" : "";
}

}  // namespace

std::string in_seconds(std::uint64_t milliseconds) {
  std::string fraction = std::to_string(milliseconds % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return std::to_string(milliseconds / 1000) + "." + fraction;
}

void MetaFile::open(const std::string& name) {
  if (name.empty()) return;
  file_ = name == "-" ? Fd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3))
                      : Fd(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file_) throw Fatal("Failed to open metafile '" + name + "'");
}

void MetaFile::write(const RunEnd& end, bool with_groups) {
  const std::string figures = figures_text(end, with_groups);
  // What the sandbox ends is told before it is ended, and its figures come after.
  put(end.was_killed ? end_text(end) + status_text(end) + "killed:1\n" + figures
                     : figures + end_text(end) + status_text(end));
}

void MetaFile::write_failure(const std::string& message) {
  put("status:XX\nmessage:" + one_line(message) + "\n");
}

void MetaFile::put(const std::string& text) {
  if (!file_) return;
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t written = ::write(file_.get(), text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      std::fputs("Cannot write to the metafile\n", stderr);
      return;
    }
    done += static_cast<std::size_t>(written);
  }
}

}  // namespace evalrun::isolate
