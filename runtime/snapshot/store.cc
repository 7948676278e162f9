#include "runtime/snapshot/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "runtime/core/error.h"

namespace evalrun::snapshot {
namespace {

namespace fs = std::filesystem;

// In memory first: pages of a file on disk are charged to whichever run reads them first.
constexpr const char* kPlaces[] = {"/dev/shm", "/run/lock", "/tmp", "/var/tmp"};
constexpr char kLock[] = "lock";

std::string prefix() {
  return "evalrun-snapshots-" + std::to_string(::geteuid()) + "-";
}

bool takes_programs(const char* place) {
  struct statvfs found {};
  return ::statvfs(place, &found) == 0 && (found.f_flag & (ST_NOEXEC | ST_RDONLY)) == 0 && ::access(place, W_OK) == 0;
}

Fd lock_of(const fs::path& folder, int flags) {
  return Fd(::openat(AT_FDCWD, (folder / kLock).c_str(), flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600));
}

bool is_own_folder(const fs::path& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode) && found.st_uid == ::geteuid();
}

// Of processes that were killed: nobody holds the lock any more. A process that is about to take it has made its folder
// just now, and there is no lock file yet.
void remove_abandoned(const fs::path& place) {
  std::error_code error;
  for (fs::directory_iterator entry(place, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path& path = entry->path();
    if (!path.filename().string().starts_with(prefix()) || !is_own_folder(path)) continue;
    const Fd lock = lock_of(path, 0);
    std::error_code ignored;
    if (lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) fs::remove_all(path, ignored);
  }
}

// The file is there as long as somebody may start from it: a sandbox whose file were gone could not be set up.
std::shared_ptr<const sandbox::SnapshotStart> with_file(sandbox::SnapshotStart start) {
  return {new sandbox::SnapshotStart(std::move(start)), [](const sandbox::SnapshotStart* owned) {
            ::unlink(owned->file.c_str());
            delete owned;
          }};
}

Duration now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

OwnFolder::OwnFolder() {
  for (const char* place : kPlaces) {
    if (!takes_programs(place)) continue;
    remove_abandoned(place);
    std::string name = std::string(place) + "/" + prefix() + "XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) continue;
    path_ = name;
    lock_ = lock_of(path_, O_CREAT);
    if (lock_ && ::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) return;
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  throw SystemError("mkdtemp", "a folder for snapshots in /dev/shm, /run/lock, /tmp and /var/tmp, not mounted noexec",
                    EACCES);
}

OwnFolder::OwnFolder(OwnFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}

OwnFolder::~OwnFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

const fs::path& Store::folder() {
  if (!folder_) folder_.emplace();
  return folder_->path();
}

std::shared_ptr<const sandbox::SnapshotStart> Store::find(const std::string& key) {
  const auto entry = entries_.find(key);
  if (entry == entries_.end()) return nullptr;
  const Duration at = now();
  if (at - entry->second.compared > kCompareEvery) {
    if (find_changed(entry->second.looked_at) != nullptr) {
      drop(entry);
      return nullptr;
    }
    entry->second.compared = at;
  }
  entry->second.used = ++uses_;
  return entry->second.start;
}

const std::string* Store::refused(const std::string& key) const {
  const auto found = refused_.find(key);
  return found == refused_.end() ? nullptr : &found->second;
}

Making Store::make(const Plan& plan, const host::HostFacts& host, const std::string& key) {
  // Names of their own: the one before may be in use still.
  return {plan, host, folder(), key.substr(0, 16) + "-" + std::to_string(++made_)};
}

std::shared_ptr<const sandbox::SnapshotStart> Store::take(const std::string& key, Outcome outcome) {
  if (auto* not_recorded = std::get_if<NotRecorded>(&outcome)) {
    if (not_recorded->was_ended && ++ended_[key] < kMostEnded) return nullptr;
    refused_.insert_or_assign(key, std::move(not_recorded->why));
    entries_.erase(key);
    return nullptr;
  }
  ended_.erase(key);
  auto& recorded = std::get<Recorded>(outcome);
  Entry entry;
  struct stat found {};
  if (::stat(recorded.start.file.c_str(), &found) == 0) entry.size = Bytes{static_cast<std::uint64_t>(found.st_size)};
  std::shared_ptr<const sandbox::SnapshotStart> start = with_file(std::move(recorded.start));
  entry.start = start;
  entry.looked_at = std::move(recorded.looked_at);
  entry.made = entry.compared = now();
  entry.used = ++uses_;
  entries_.insert_or_assign(key, std::move(entry));
  make_room();
  return start;
}

void Store::drop(std::map<std::string, Entry>::iterator entry) noexcept {
  entries_.erase(entry);
}

void Store::make_room() {
  const auto size = [&] {
    return std::accumulate(entries_.begin(), entries_.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const auto& entry) { return sum + entry.second.size.count; });
  };
  while (entries_.size() > 1 && size() > most_.count) {
    drop(std::ranges::min_element(entries_, {}, [](const auto& entry) { return entry.second.used; }));
  }
}

void Store::note_run(const sandbox::SnapshotStart& snapshot) noexcept {
  for (auto& [key, entry] : entries_) {
    if (entry.start.get() == &snapshot) ++entry.runs;
  }
}

bool Store::is_due(const std::string& key, const SnapshotUse& use) const {
  const auto entry = entries_.find(key);
  return entry != entries_.end() &&
         (entry->second.runs >= use.renew_runs || now() - entry->second.made >= use.renew_after);
}

bool Store::note_failure(const sandbox::SnapshotStart& snapshot, const std::string& why) {
  const auto entry =
      std::ranges::find_if(entries_, [&](const auto& one) { return one.second.start.get() == &snapshot; });
  if (entry == entries_.end() || ++entry->second.failures < kMostFailures) return false;
  refused_.insert_or_assign(entry->first, why);
  drop(entry);
  return true;
}

}  // namespace evalrun::snapshot
