// A tree from an archive, by libarchive. Only the formats that are asked for are offered to it, so that no other parser
// of it sees these bytes.

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>

#include "runtime/archive/store.h"
#include "runtime/core/error.h"
#include "runtime/core/host_file.h"
#include "runtime/core/write_all.h"

namespace evalrun::archive {
namespace {

constexpr std::size_t kBlock = std::size_t{64} << 10;
constexpr int kMostLinks = 32;  // links to links
constexpr std::string_view kUnpacked = "what a zip unpacks to";

class ZipStore final : public Store {
 public:
  ZipStore() : file_(nameless_file()) {}

  [[nodiscard]] int file() const { return file_.get(); }

  [[nodiscard]] Fd open(const Entry& entry, const std::string& path) const override {
    Fd copy = nameless_file();
    read(entry, path, [&](std::string_view bytes) { write_all(copy.get(), bytes, kUnpacked); });
    if (::lseek(copy.get(), 0, SEEK_SET) != 0) throw TreeError(path + ": " + errno_text(errno));
    return copy;
  }

  void read(const Entry& entry, const std::string& path, const Take& take) const override {
    std::array<char, kBlock> block;  // not zeroed: most files are short
    for (std::uint64_t done = 0; done < entry.size;) {
      const std::size_t most = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), entry.size - done));
      const ssize_t count = ::pread(file_.get(), block.data(), most, static_cast<off_t>(entry.offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) throw TreeError(path + ": " + errno_text(count < 0 ? errno : EIO));
      take({block.data(), static_cast<std::size_t>(count)});
      done += static_cast<std::uint64_t>(count);
    }
  }

  // An empty file has the offset of what follows it.
  [[nodiscard]] std::string identity(const Entry& entry) const override {
    return "@" + std::to_string(entry.offset) + ":" + std::to_string(entry.size);
  }

 private:
  Fd file_;
};

// Names in a zip are UTF-8, and libarchive reads them by the thread's locale.
class Utf8Names {
 public:
  Utf8Names() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_ != nullptr) before_ = ::uselocale(locale_);
  }
  ~Utf8Names() {
    if (locale_ == nullptr) return;
    ::uselocale(before_);
    ::freelocale(locale_);
  }
  Utf8Names(const Utf8Names&) = delete;
  Utf8Names& operator=(const Utf8Names&) = delete;

 private:
  locale_t locale_;
  locale_t before_ = nullptr;
};

struct Reader {
  struct archive* handle = ::archive_read_new();
  Reader() {
    if (handle == nullptr) throw std::bad_alloc();
  }
  ~Reader() { ::archive_read_free(handle); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
};

std::string why(const Reader& reader) {
  const char* text = ::archive_error_string(reader.handle);
  return text == nullptr ? "it is damaged" : text;
}

// "a/b" of "a//./b/"; nothing where it would lead out of the root or is the root itself. `from` is the folder that the
// path begins in.
std::optional<std::string> normal_path(std::string_view path, const std::string& from) {
  if (path.starts_with('/') || path.find('\0') != path.npos) return std::nullopt;
  std::vector<std::string> parts;
  const auto take = [&](std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('/'), text.size());
      const std::string_view part = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (part.empty() || part == ".") continue;
      if (part == "..") {
        if (parts.empty()) return false;
        parts.pop_back();
      } else {
        parts.emplace_back(part);
      }
    }
    return true;
  };
  if (!take(from) || !take(path)) return std::nullopt;
  std::string joined;
  for (const std::string& part : parts) joined = below(joined, part);
  return joined;
}

bool has_dots(std::string_view path) {
  return path == ".." || path.starts_with("../") || path.ends_with("/..") || path.find("/../") != path.npos;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

class Unpacking {
 public:
  // `word` is what messages call the archive.
  Unpacking(std::uint64_t size, std::string word, Listing listing)
      : store_(std::make_shared<ZipStore>()), zip_size_(size), word_(std::move(word)), listing_(listing) {}

  void unpack(const Reader& reader) {
    struct archive_entry* entry = nullptr;
    std::size_t headers = 0;
    for (;;) {
      const int status = ::archive_read_next_header(reader.handle, &entry);
      if (status == ARCHIVE_EOF) break;
      if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
        throw TreeError("the " + word_ + " cannot be read: " + why(reader));
      if (++headers > listing_.bounds.entries) {
        throw TreeError("the " + word_ + " has more than " + std::to_string(listing_.bounds.entries) + " entries");
      }
      take(reader, entry);
    }
    for (const std::string& path : link_order_) follow(path, links_.at(path));
  }

 private:
  void refuse(const std::string& path, const std::string& reason) {
    listing_.refusals.push_back({Refusal::Fault::Name, path, reason});
  }
  void refuse_content(const std::string& path, const std::string& reason) {
    listing_.refusals.push_back({Refusal::Fault::Content, path, reason});
  }

  void take(const Reader& reader, struct archive_entry* entry) {
    const char* text = ::archive_entry_pathname(entry);
    if (text == nullptr || *text == '\0') return refuse("", "has an entry whose name is no UTF-8; rename it");
    const std::string raw = text;
    if (raw.size() > listing_.bounds.path) {
      throw TreeError("a path is longer than " + std::to_string(listing_.bounds.path) + " bytes");
    }
    const std::optional<std::string> path = normal_path(raw, "");
    if (!path || has_dots(raw)) return refuse(raw, "is a name that leads out of the package; rename it");
    if (path->empty()) return;  // "./"
    if (static_cast<std::size_t>(std::ranges::count(*path, '/')) > listing_.bounds.depth) {
      throw TreeError("folders are more than " + std::to_string(listing_.bounds.depth) + " deep at " + *path);
    }
    const unsigned type = ::archive_entry_filetype(entry);
    if (::archive_entry_is_encrypted(entry) != 0)
      return refuse_content(*path, "is encrypted; pack it without a password");
    if (::archive_entry_hardlink(entry) != nullptr)
      return refuse_content(*path, "is a hard link; put the file itself there");
    if (type == AE_IFDIR) return add_folder(*path);
    if (type == AE_IFLNK) {
      const char* text_of_link = ::archive_entry_symlink(entry);
      const std::string target = text_of_link == nullptr ? "" : text_of_link;
      if (target.size() > listing_.bounds.path) return refuse_content(*path, "is a link to a path that is too long");
      if (!links_.emplace(*path, target).second) return refuse(*path, "is in the zip twice; remove one of them");
      link_order_.push_back(*path);
      return;
    }
    if (type != AE_IFREG && type != 0)
      return refuse_content(*path, "is " + kind_of_file(type) + ", not a regular file");
    if (listing_.entries.contains(*path)) return refuse(*path, "is in the " + word_ + " twice; remove one of them");
    Entry file;
    file.store = store_;
    file.offset = written_;
    file.size = copy(reader, *path);
    add_entry(listing_, *path, std::move(file));
  }

  void add_folder(const std::string& path) {
    Entry folder;
    folder.kind = Kind::Folder;
    folder.store = store_;
    add_entry(listing_, path, std::move(folder));
  }

  // What the zip says of a size is not asked: what comes is counted.
  std::uint64_t copy(const Reader& reader, const std::string& path) {
    std::array<char, kBlock> block;
    std::uint64_t size = 0;
    for (;;) {
      const la_ssize_t count = ::archive_read_data(reader.handle, block.data(), block.size());
      if (count == 0) return size;
      if (count < 0) throw TreeError(path + " cannot be unpacked: " + why(reader));
      size += static_cast<std::uint64_t>(count);
      written_ += static_cast<std::uint64_t>(count);
      check_bounds(path, size);
      write_all(store_->file(), {block.data(), static_cast<std::size_t>(count)}, kUnpacked);
    }
  }

  void check_bounds(const std::string& path, std::uint64_t size) const {
    const Bounds& bounds = listing_.bounds;
    if (size > bounds.file) throw TreeError(path + " is longer than " + std::to_string(bounds.file) + " bytes");
    if (written_ > bounds.total) {
      throw TreeError("the " + word_ + " has more than " + std::to_string(bounds.total) + " bytes when it is unpacked");
    }
    if (written_ > bounds.unratioed && written_ / bounds.ratio > zip_size_) {
      throw TreeError("the " + word_ + " grows to more than " + std::to_string(bounds.ratio) + " times its size at " +
                      path + "; give the package as a folder");
    }
  }

  void follow(const std::string& path, const std::string& first_target) {
    std::string target = first_target;
    std::string from = folder_of(path);
    for (int hop = 0; hop < kMostLinks; ++hop) {
      const std::optional<std::string> place = normal_path(target, from);
      if (!place) return refuse_content(path, "is a link that leads out of the package; put the file itself there");
      if (const auto next = links_.find(*place); next != links_.end()) {
        target = next->second;
        from = folder_of(*place);
        continue;
      }
      if (listing_.entries.contains(path)) return refuse(path, "is in the " + word_ + " twice; remove one of them");
      const auto found = listing_.entries.find(*place);
      if (found == listing_.entries.end()) return refuse_content(path, "is a link to nothing");
      if (found->second.kind == Kind::File) return add_entry(listing_, path, found->second);
      return copy_folder(path, *place);
    }
    refuse_content(path, "is a link that leads to itself");
  }

  // The name of a folder stands for what is in it.
  void copy_folder(const std::string& path, const std::string& folder) {
    if ((path + "/").starts_with(folder + "/")) return refuse_content(path, "is a link to a folder that it lies in");
    std::vector<std::pair<std::string, Entry>> copies;
    for (auto entry = listing_.entries.lower_bound(folder + "/");
         entry != listing_.entries.end() && entry->first.starts_with(folder + "/"); ++entry) {
      copies.emplace_back(path + entry->first.substr(folder.size()), entry->second);
    }
    add_folder(path);
    for (auto& [name, entry] : copies) {
      if (name.size() > listing_.bounds.path) {
        throw TreeError("a path is longer than " + std::to_string(listing_.bounds.path) + " bytes");
      }
      add_entry(listing_, name, std::move(entry));
    }
  }

  std::shared_ptr<ZipStore> store_;
  std::uint64_t zip_size_;
  std::string word_;
  Listing listing_;
  std::map<std::string, std::string> links_;  // path to target
  std::vector<std::string> link_order_;
  std::uint64_t written_ = 0;
};

}  // namespace

Fd nameless_file() {
  std::error_code ignored;
  std::string folder = std::filesystem::temp_directory_path(ignored).string();
  if (folder.empty()) folder = "/tmp";
  Fd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600));
  if (!file) {  // a file system without files that have no name
    std::string name = folder + "/evalrun-XXXXXX";
    file = Fd(::mkostemp(name.data(), O_CLOEXEC));
    if (!file) throw SystemError("mkostemp", name);
    ::unlink(name.c_str());
  }
  return file;
}

void list_archive(const Fd& file, std::uint64_t size, Formats formats, Listing listing) {
  const Utf8Names names;
  const Reader reader;
  const bool is_zip_only = formats == Formats::Zip;
  ::archive_read_support_format_zip_seekable(reader.handle);
  if (is_zip_only) {
    ::archive_read_support_filter_none(reader.handle);
  } else {
    ::archive_read_support_format_tar(reader.handle);
    ::archive_read_support_filter_gzip(reader.handle);
    ::archive_read_support_filter_bzip2(reader.handle);
    ::archive_read_support_filter_xz(reader.handle);
    ::archive_read_support_filter_zstd(reader.handle);
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0 ||
      ::archive_read_open_fd(reader.handle, file.get(), kBlock) != ARCHIVE_OK) {
    throw TreeError((is_zip_only ? "it is no zip: " : "it is neither a zip nor a tar: ") + why(reader));
  }
  Unpacking(size, is_zip_only ? "zip" : "archive", listing).unpack(reader);
}

}  // namespace evalrun::archive
