#include "runtime/batch/journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <limits>

#include "runtime/core/error.h"

namespace evalrun::batch {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunk = 256 << 10;

void write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SystemError("write", path);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::string read_at(int fd, std::uint64_t begin, std::uint64_t length, const std::string& path) {
  std::string text(length, '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::pread(fd, text.data() + done, text.size() - done, static_cast<off_t>(begin + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SystemError("read", path);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  text.resize(done);
  return text;
}

}  // namespace

Journal::Journal(const std::string& path, const std::string& plan_hash)
    : path_(path),
      file_(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644)),
      buffer_(std::numeric_limits<std::size_t>::max()) {
  struct stat status {};
  if (!file_ || ::fstat(file_.get(), &status) != 0) throw UsageError("--journal " + path_ + ": " + errno_text(errno));
  if (!S_ISREG(status.st_mode)) throw UsageError("--journal " + path_ + ": not a regular file");
  lock();
  read_header(journal_header(plan_hash));
}

// Of this process, not of the open file: a sandbox's init, which may outlive us by a moment, does not hold it.
void Journal::lock() const {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(file_.get(), F_SETLK, &lock) == 0) return;
  if (errno != EAGAIN && errno != EACCES) throw SystemError("lock", path_);
  throw UsageError("--journal " + path_ + ": another batch is using it");
}

void Journal::read_header(const std::string& header) {
  const std::string front = read_at(file_.get(), 0, header.size(), path_);
  if (front == header) return scan(header.size());
  const std::string any = journal_header("");
  if (header.starts_with(front)) {
    // New, or its maker was killed in the middle of the first line.
    begin(header);
  } else if (front.starts_with(any.substr(0, any.size() - 1))) {
    throw UsageError("--journal " + path_ + ": it is of a batch with another plan");
  } else {
    throw UsageError("--journal " + path_ + ": not a journal of evalrun batch");
  }
}

void Journal::begin(const std::string& header) {
  if (::ftruncate(file_.get(), 0) != 0) throw SystemError("ftruncate", path_);
  write_all(file_.get(), header, path_);
  end_ = read_ = at_ = header.size();
  dirty_ = true;
  // The file's name is its folder's to keep.
  const fs::path folder = fs::path(path_).parent_path();
  const Fd parent(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent && ::fsync(parent.get()) != 0 && errno != EINVAL) throw SystemError("fsync", folder.string());
}

std::optional<LineBuffer::Line> Journal::next_line() {
  while (true) {
    if (auto line = buffer_.take()) return line;
    if (read_ >= end_) return std::nullopt;
    const std::string chunk = read_at(file_.get(), read_, std::min<std::uint64_t>(kChunk, end_ - read_), path_);
    if (chunk.empty()) return std::nullopt;
    read_ += chunk.size();
    buffer_.add(chunk);
  }
}

// Once over everything: what is done, and where the good records end.
void Journal::scan(std::uint64_t begin) {
  read_ = at_ = begin;
  end_ = std::numeric_limits<std::uint64_t>::max();
  bool torn = false;
  while (const auto line = next_line()) {
    const auto record = parse_record(line->text);
    torn = !record || !done_.add(record->line, record->job);
    if (torn) break;
    at_ += line->text.size() + 1;
  }
  end_ = at_;
  if (torn) {
    warning_ = "--journal " + path_ + ": damaged at byte " + std::to_string(end_) +
               ", as by a crash of the machine; the jobs recorded from there on are run again";
  }
  if (::ftruncate(file_.get(), static_cast<off_t>(end_)) != 0) throw SystemError("ftruncate", path_);
  read_ = at_ = begin;
  buffer_ = LineBuffer(std::numeric_limits<std::size_t>::max());
}

JournalRecord Journal::read(const Place& place) const {
  auto record = parse_record(read_at(file_.get(), place.begin, place.length, path_));
  if (!record) throw SystemError("read", path_, EUCLEAN);
  return std::move(*record);
}

std::optional<JournalRecord> Journal::next() {
  const auto line = next_line();
  if (!line) return std::nullopt;
  at_ += line->text.size() + 1;
  auto record = parse_record(line->text);
  if (!record) throw SystemError("read", path_, EUCLEAN);
  return record;
}

JournalRecord Journal::find(std::uint64_t line) {
  if (const auto passed = passed_.find(line); passed != passed_.end()) {
    const Place place = passed->second;
    passed_.erase(passed);
    return read(place);
  }
  for (std::uint64_t begin = at_;; begin = at_) {
    auto record = next();
    if (!record) throw SystemError("read", path_, EUCLEAN);
    if (record->line == line) return std::move(*record);
    passed_.emplace(record->line, Place{begin, at_ - begin - 1});
  }
}

void Journal::append(const JournalRecord& record) {
  write_all(file_.get(), to_text(record), path_);
  dirty_ = true;
}

void Journal::sync() {
  if (!dirty_) return;
  if (::fdatasync(file_.get()) != 0) throw SystemError("fdatasync", path_);
  dirty_ = false;
}

}  // namespace evalrun::batch
