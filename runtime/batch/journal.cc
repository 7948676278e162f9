#include "runtime/batch/journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <limits>

#include "runtime/core/error.h"
#include "runtime/core/host_file.h"
#include "runtime/core/write_all.h"
#include "runtime/jobs/result_line.h"

namespace evalrun::batch {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunk = 256 << 10;

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
    : path_(path), buffer_(std::numeric_limits<std::size_t>::max()) {
  open();
  read_header(journal_header(plan_hash));
}

void Journal::open() {
  HostFile opened = open_host_file(path_, FileUse::Append);
  if (!opened.descriptor) throw UsageError(usage(opened.refusal));
  file_ = std::move(opened.descriptor);
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) throw SystemError("fstat", path_);
  if (status.st_uid != ::geteuid()) throw UsageError(usage("it belongs to another user, who could change it"));
  const bool is_open_to_others = (status.st_mode & (S_IRWXG | S_IRWXO)) != 0;
  if (!lock(file_) && (!is_open_to_others || is_held_by_one_of_ours())) {
    throw UsageError(usage("another batch is using it"));
  }
  if (is_open_to_others) move_to_own_file(opened.size);
}

// Of this process, not of the open file: a sandbox's init, which may outlive us by a moment, does not hold it.
bool Journal::lock(const Fd& file) const {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(file.get(), F_SETLK, &lock) == 0) return true;
  if (errno != EAGAIN && errno != EACCES) throw SystemError("lock", path_);
  return false;
}

// A file that others may open, they may lock. Their lock is no batch of ours.
bool Journal::is_held_by_one_of_ours() const {
  struct flock holder {};
  holder.l_type = F_WRLCK;
  holder.l_whence = SEEK_SET;
  if (::fcntl(file_.get(), F_GETLK, &holder) != 0 || holder.l_type == F_UNLCK || holder.l_pid <= 0) return false;
  struct stat process {};
  const std::string folder = "/proc/" + std::to_string(holder.l_pid);
  return ::stat(folder.c_str(), &process) == 0 && process.st_uid == ::geteuid();
}

// Whoever has a file open keeps it, whatever its mode becomes. So a journal that others could open, as an empty file
// made by hand or one of an older evalrun, goes on as a new file under its name. The old one stays locked meanwhile:
// another batch that has opened it already must not take it up.
void Journal::move_to_own_file(std::uint64_t size) {
  const fs::path path = fs::canonical(path_);
  const std::string part = path.string() + ".part-" + std::to_string(::getpid());
  Fd own(::open(part.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
  if (!own) throw SystemError("open", part);
  try {
    for (std::uint64_t done = 0; done < size;) {
      const std::string chunk = read_at(file_.get(), done, std::min<std::uint64_t>(kChunk, size - done), path_);
      if (chunk.empty()) break;
      write_all(own.get(), chunk, part);
      done += chunk.size();
    }
    if (::fsync(own.get()) != 0) throw SystemError("fsync", part);
    if (!lock(own)) throw SystemError("lock", part, EAGAIN);
    if (::rename(part.c_str(), path.c_str()) != 0) throw SystemError("rename", part);
  } catch (...) {
    ::unlink(part.c_str());
    throw;
  }
  former_ = std::exchange(file_, std::move(own));
}

void Journal::read_header(const std::string& header) {
  const std::string front = read_at(file_.get(), 0, header.size(), path_);
  if (front == header) return scan(header.size());
  const std::string any = journal_header("");
  if (header.starts_with(front)) {
    // New, or its maker was killed in the middle of the first line.
    begin(header);
  } else if (front.starts_with(any.substr(0, any.size() - 1))) {
    throw UsageError("--journal " + path_ + ": it is of a batch with another plan, package or options");
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
    torn = !record || (record->kind == RecordKind::Done && !done_.add(record->line, record->job));
    if (torn) break;
    take_up(*record);
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

void Journal::take_up(const JournalRecord& record) {
  switch (record.kind) {
    case RecordKind::Started: ++unended_[record.line]; return;
    case RecordKind::Left:
      if (const auto found = unended_.find(record.line); found != unended_.end() && --found->second == 0) {
        unended_.erase(found);
      }
      return;
    case RecordKind::Done:
      unended_.erase(record.line);
      if (const std::optional<std::string> id = jobs::id_in_result_line(record.result)) ids_.add(*id);
      return;
  }
}

unsigned Journal::starts_without_end(std::uint64_t line) const {
  const auto found = unended_.find(line);
  return found == unended_.end() ? 0 : found->second;
}

JournalRecord Journal::read(const Place& place) const {
  auto record = parse_record(read_at(file_.get(), place.begin, place.length, path_));
  if (!record) throw SystemError("read", path_, EUCLEAN);
  return std::move(*record);
}

std::optional<std::pair<Journal::Place, JournalRecord>> Journal::next_done() {
  while (const auto line = next_line()) {
    const Place place{at_, line->text.size()};
    at_ += line->text.size() + 1;
    auto record = parse_record(line->text);
    if (!record) throw SystemError("read", path_, EUCLEAN);
    if (record->kind == RecordKind::Done) return std::pair(place, std::move(*record));
  }
  return std::nullopt;
}

std::optional<JournalRecord> Journal::next() {
  auto found = next_done();
  return found ? std::optional(std::move(found->second)) : std::nullopt;
}

JournalRecord Journal::find(std::uint64_t line) {
  if (const auto passed = passed_.find(line); passed != passed_.end()) {
    const Place place = passed->second;
    passed_.erase(passed);
    return read(place);
  }
  while (true) {
    auto found = next_done();
    if (!found) throw SystemError("read", path_, EUCLEAN);
    if (found->second.line == line) return std::move(found->second);
    passed_.emplace(found->second.line, found->first);
  }
}

// What the process has written outlives it. A crash of the machine is no job's doing: nothing is to be synchronised.
void Journal::append_text(const std::string& text) {
  const std::lock_guard lock(appending_);
  write_all(file_.get(), text, path_);
}

void Journal::append_started(std::uint64_t line, std::uint64_t job) {
  append_text(to_text({line, job, {}, {}, RecordKind::Started}));
}

void Journal::append_left(std::uint64_t line, std::uint64_t job) {
  append_text(to_text({line, job, {}, {}, RecordKind::Left}));
}

void Journal::append(const JournalRecord& record) {
  append_text(to_text(record));
  dirty_ = true;
}

void Journal::sync() {
  if (!dirty_) return;
  if (::fdatasync(file_.get()) != 0) throw SystemError("fdatasync", path_);
  dirty_ = false;
}

}  // namespace evalrun::batch
