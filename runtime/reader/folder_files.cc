#include "runtime/reader/folder_files.h"

#include <algorithm>
#include <filesystem>
#include <string>

#include "runtime/core/text.h"

namespace evalrun {

namespace fs = std::filesystem;

std::vector<WorkFile> files_of_folder(const WorkFile& folder, std::optional<std::uint32_t> mode, std::size_t most) {
  const auto& source = std::get<fs::path>(folder.source);
  const std::string key = "files." + in_quotes(folder.path) + ".folder";
  const auto refuse = [&](const fs::path& path, const std::string& why) {
    throw PlanError(folder.position, key, printable(path.string()) + ": " + why);
  };
  std::error_code error;
  if (!fs::is_directory(source, error)) refuse(source, error ? error.message() : "expected a folder");
  std::vector<WorkFile> files;
  fs::recursive_directory_iterator entry(source, error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
    const fs::file_status status = entry->symlink_status(error);
    if (error) break;
    if (fs::is_directory(status)) continue;
    if (!fs::is_regular_file(status)) refuse(entry->path(), "expected regular files and folders alone");
    if (files.size() == most) refuse(source, "expected at most " + std::to_string(most) + " files");
    WorkFile file = folder;
    file.path = (fs::path(folder.path) / entry->path().lexically_relative(source)).string();
    file.source = entry->path();
    const bool is_executable = (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
    file.mode = mode.value_or(is_executable ? 0755 : WorkFile{}.mode);
    files.push_back(std::move(file));
  }
  if (error) refuse(source, error.message());
  std::ranges::sort(files, {}, &WorkFile::path);
  return files;
}

}  // namespace evalrun
