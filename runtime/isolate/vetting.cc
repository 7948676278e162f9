#include "runtime/isolate/vetting.h"

#include <string>

#include "runtime/isolate/failure.h"

namespace evalrun::isolate {

namespace fs = std::filesystem;

Vetted vet_folder(const fs::path& folder, const std::string& outside, const std::string& inside) {
  std::error_code error;
  unsigned seen = 0;
  // Goes through no link, and past what it may not list: the program may not either.
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
    if (++seen > kMostNames) return Vetted::InPart;
    const fs::file_type type = entry->symlink_status(error).type();
    const char* what = type == fs::file_type::socket      ? "a socket"
                       : type == fs::file_type::character ? "a character device"
                       : type == fs::file_type::block     ? "a block device"
                                                          : nullptr;
    if (what != nullptr) {
      throw Fatal("Cannot mount " + outside + " on " + inside + ": it holds " + what + ", " + entry->path().string());
    }
  }
  return Vetted::Whole;
}

}  // namespace evalrun::isolate
