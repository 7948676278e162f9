// The files of cases, by paths that runs can be given: those of a folder where they are, those of an archive copied
// into a folder of our own. Nothing of it is ever in a sandbox under its name.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "runtime/archive/tree.h"
#include "runtime/core/fd.h"
#include "runtime/problem/problem.h"

namespace evalrun::contest {

enum class Newlines { AsTheyAre, Normal };

class CaseFiles {
 public:
  // `tree` was made of `package` and is borrowed.
  CaseFiles(const archive::Tree& tree, std::string package) : tree_(tree), package_(std::move(package)) {}
  ~CaseFiles();
  CaseFiles(const CaseFiles&) = delete;
  CaseFiles& operator=(const CaseFiles&) = delete;

  // With Newlines::Normal a copy in which every line ends in "\n", the last one too. Throws SystemError and
  // archive::TreeError.
  std::filesystem::path path_of(const problem::File& file, Newlines newlines = Newlines::AsTheyAre);
  // A path for a file of our own that is not there yet. Throws SystemError.
  std::filesystem::path new_path(const std::string& name);
  // The path of a copy of a file of our own, in which every line ends in "\n". Throws SystemError.
  std::filesystem::path with_normal_newlines(const std::filesystem::path& own);
  // A new file with what can be read from `source`. Throws SystemError.
  void copy_to(const Fd& source, const std::filesystem::path& path, Newlines newlines = Newlines::AsTheyAre);

 private:
  const std::filesystem::path& folder();

  const archive::Tree& tree_;
  const std::string package_;
  std::filesystem::path folder_;  // made when it is needed; removed at the end
  std::map<std::string, std::filesystem::path> copies_;
};

}  // namespace evalrun::contest
