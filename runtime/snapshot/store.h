// Where snapshots are: a folder in memory of this supervisor's own, which is gone when it is; or one that is named, and
// kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runtime/core/fd.h"
#include "runtime/core/units.h"
#include "runtime/sandbox/snapshot_start.h"
#include "runtime/snapshot/maker.h"

namespace evalrun::snapshot {

// A folder whose files can be executed, for this process alone. Removed with all that is in it; those of processes that
// were killed are removed when the next one is made.
class OwnFolder {
 public:
  // Throws SystemError where no folder in memory or on disk takes programs.
  OwnFolder();
  ~OwnFolder();
  OwnFolder(OwnFolder&& other) noexcept;
  OwnFolder& operator=(OwnFolder&&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
  Fd lock_;
};

class Store {
 public:
  // All snapshots together; what was used longest ago goes first. A file stays until no compiled plan has it.
  static constexpr Bytes kMostBytes = 512_MiB;
  // So many recorders of one key are ended by somebody before it is given up.
  static constexpr unsigned kMostEnded = 3;
  // A snapshot from which so many runs could not be started is not used any more.
  static constexpr unsigned kMostFailures = 2;
  // How often the files that an interpreter has looked at are compared.
  static constexpr Duration kCompareEvery = std::chrono::seconds(1);

  explicit Store(Bytes most = kMostBytes) : most_(most) {}

  // Where there is one and all that it was made of is as it was; else null.
  std::shared_ptr<const sandbox::SnapshotStart> find(const std::string& key);

  // Whether it is worth making one: none was refused or dropped for this key before. Else why not, in a sentence.
  [[nodiscard]] const std::string* refused(const std::string& key) const;

  // Throw SystemError.
  [[nodiscard]] const std::filesystem::path& folder();
  Making make(const Plan& plan, const host::HostFacts& host, const std::string& key);
  // What came of it. The new snapshot, or null.
  std::shared_ptr<const sandbox::SnapshotStart> take(const std::string& key, Outcome outcome);

  // One more run starts from it.
  void note_run(const sandbox::SnapshotStart& snapshot) noexcept;
  // Whether the one that is there has served so many runs, or is so old, that it is to be made anew. It serves on until
  // then.
  [[nodiscard]] bool is_due(const std::string& key, const SnapshotUse& use) const;

  // A run could not be started from it. Whether it has been dropped for that.
  bool note_failure(const sandbox::SnapshotStart& snapshot, const std::string& why);

 private:
  struct Entry {
    std::shared_ptr<const sandbox::SnapshotStart> start;
    std::vector<LookedAt> looked_at;
    Bytes size;
    Duration compared{};  // CLOCK_MONOTONIC
    std::uint64_t used = 0;
    unsigned failures = 0;
    Duration made{};  // CLOCK_MONOTONIC
    unsigned runs = 0;
  };

  void drop(std::map<std::string, Entry>::iterator entry) noexcept;
  void make_room();

  Bytes most_;
  std::optional<OwnFolder> folder_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> refused_;  // why
  std::map<std::string, unsigned> ended_;       // recorders in a row
  std::uint64_t uses_ = 0, made_ = 0;
};

}  // namespace evalrun::snapshot
