#include "runtime/contest/case_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <system_error>
#include <vector>

#include "runtime/core/error.h"
#include "runtime/core/write_all.h"

namespace evalrun::contest {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = std::size_t{256} << 10;

Fd create(const fs::path& path) {
  Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) throw SystemError("open", path.string());
  return file;
}

// "\r\n" and "\r" as "\n", piece by piece.
class NewlineFilter {
 public:
  std::string take(std::string_view piece) {
    std::string text;
    text.reserve(piece.size());
    for (const char c : piece) {
      if (c == '\n' && was_return_) {
        was_return_ = false;
        continue;
      }
      was_return_ = c == '\r';
      text += was_return_ ? '\n' : c;
      last_ = text.back();
    }
    return text;
  }
  [[nodiscard]] bool lacks_newline() const { return last_ != '\n'; }

 private:
  bool was_return_ = false;
  char last_ = '\n';
};

}  // namespace

CaseFiles::~CaseFiles() {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

const fs::path& CaseFiles::folder() {
  if (folder_.empty()) {
    std::string name = (fs::temp_directory_path() / "evalrun-judge-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw SystemError("mkdtemp", name);
    folder_ = name;
  }
  return folder_;
}

fs::path CaseFiles::path_of(const problem::File& file, Newlines newlines) {
  const bool is_normal = newlines == Newlines::Normal;
  const fs::path in_package = fs::absolute(package_) / file.path;
  std::error_code ignored;
  if (!is_normal && fs::is_regular_file(in_package, ignored)) return in_package;
  const std::string name = file.sha256 + (is_normal ? ".normal" : "");
  if (const auto found = copies_.find(name); found != copies_.end()) return found->second;
  const fs::path copy = folder() / name;
  copy_to(tree_.open(file.path), copy, newlines);
  return copies_[name] = copy;
}

fs::path CaseFiles::new_path(const std::string& name) {
  return folder() / name;
}

fs::path CaseFiles::with_normal_newlines(const fs::path& own) {
  const std::string name = own.filename().string() + ".normal";
  if (const auto found = copies_.find(name); found != copies_.end()) return found->second;
  const Fd source(::open(own.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!source) throw SystemError("open", own.string());
  const fs::path copy = folder() / name;
  copy_to(source, copy, Newlines::Normal);
  return copies_[name] = copy;
}

void CaseFiles::copy_to(const Fd& source, const fs::path& path, Newlines newlines) {
  const bool is_normal = newlines == Newlines::Normal;
  const Fd target = create(path);
  NewlineFilter filter;
  std::vector<char> piece(kPiece);
  for (;;) {
    const ssize_t count = ::read(source.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SystemError("read", "what becomes " + path.string());
    if (count == 0) break;
    const std::string_view bytes(piece.data(), static_cast<std::size_t>(count));
    write_all(target.get(), is_normal ? filter.take(bytes) : std::string(bytes), path.string());
  }
  if (is_normal && filter.lacks_newline()) write_all(target.get(), "\n", path.string());
}

}  // namespace evalrun::contest
