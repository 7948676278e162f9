// Copying files out of a sandbox that has ended. Both ends are hostile ground: the sandbox's folder may hold links,
// FIFOs, sparse terabytes; the folder that files are saved in may be one that the program could write through a mount
// of the plan.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/core/fd.h"
#include "runtime/core/new_file.h"
#include "runtime/core/sha256.h"
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

// A file of the sandbox's /work (O_PATH is enough), open for reading, or why it cannot be read.
struct WorkFileOpened {
  Fd descriptor;
  std::uint64_t size = 0;
  std::string refusal;  // "" where there is a descriptor
  int error = 0;        // errno, where the kernel refused
};
// Without following any link; it must be a regular file.
WorkFileOpened open_in_work(int work, const std::string& path);
// Its bytes, no more than `most` of them. 0, or the errno that cut them short.
int read_bytes(const WorkFileOpened& file, std::uint64_t most, std::string& into);

// Copies files, and archives of files and folders, piece by piece, so that whoever turns a loop is never long at it.
// Each file is opened beneath /work without following any link, must be regular and no larger than its bound, and is
// copied to the same relative path. An archive has what its pattern matches, by name, folders with all below them;
// links, FIFOs and the like are left out. It is no larger than its bound as a whole. Failures are values.
class Collection {
 public:
  // `work` is the sandbox's /work (O_PATH is enough). All is borrowed until the end.
  Collection(int work, const std::vector<CollectFile>& wanted, const SaveFolder& into)
      : work_(work), wanted_(wanted), into_(into) {}

  [[nodiscard]] bool ended() const noexcept { return next_ == wanted_.size() && !open_; }
  // One piece; not after the end.
  void advance();
  // Ends it. What was not copied yet stays uncopied.
  void abandon() noexcept;
  // Once, after the end.
  std::vector<CollectedFile> take() { return std::move(files_); }

 private:
  // What of an archive is still to be written, by names: a folder's are listed when its turn comes.
  struct Archive {
    std::vector<std::string> pattern;  // its parts; none: all
    std::vector<std::string> to_come;  // paths, the next one last
    std::uint64_t left = 0;            // of the file that is being copied
    std::size_t entries = 0;
    bool is_optional = false;
  };
  struct Open {
    CollectedFile file;
    std::string save_as;  // relative to the folder to save in
    std::uint64_t most;
    Fd source;
    Fd folder;  // outlives sink
    NewFile sink;
    Sha256 hash;
    std::optional<Archive> archive;
  };

  void begin(const CollectFile& wanted);
  bool put(std::string_view bytes);
  void advance_archive();
  void add_to_archive(const std::string& path);
  void list_folder(const std::string& path, int folder);
  void end();

  int work_;
  const std::vector<CollectFile>& wanted_;
  const SaveFolder& into_;
  std::size_t next_ = 0;
  std::optional<Open> open_;
  std::vector<CollectedFile> files_;
};

}  // namespace evalrun::supervise
