// Copying files out of a sandbox that has ended. Both ends are hostile ground: the sandbox's folder may hold links,
// FIFOs, sparse terabytes; the folder that files are saved in may be one that the program could write through a mount
// of the plan.
#pragma once

#include <filesystem>
#include <vector>

#include "runtime/core/fd.h"
#include "runtime/plan/plan.h"
#include "runtime/supervise/result.h"

namespace evalrun::supervise {

// Where collected files are saved. Opened before the run, so that the program cannot put anything else under its name;
// everything below is made and opened without following links.
class SaveFolder {
 public:
  // Makes the folder, and its parents, where it does not exist. Throws SystemError.
  explicit SaveFolder(const std::filesystem::path& path);

  // The folder of the relative path `file`, made as needed. An Fd that holds nothing, with errno, where something else
  // is in the way.
  [[nodiscard]] Fd folder_of(const std::filesystem::path& file) const;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  Fd folder_;
};

// `work` is the sandbox's /work (borrowed, O_PATH is enough). Each file is opened beneath it without following any
// link, must be regular and no larger than its bound, and is copied to the same relative path in `into`. Failures are
// values.
std::vector<CollectedFile> collect_files(int work, const std::vector<CollectFile>& wanted, const SaveFolder& into);

}  // namespace evalrun::supervise
