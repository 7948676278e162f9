// The files of a package as one tree, whether they lie in a folder or in a zip.
//
// Whoever made the package may be hostile. So a tree is bounded in all that it has, no name leads out of it, links are
// followed inside it alone, and what is no regular file is not part of it. A zip is unpacked into one file without a
// name: none of its names ever reaches the file system, and nothing is left however evalrun ends.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/core/fd.h"

namespace evalrun::archive {

struct Bounds {
  std::size_t entries = std::size_t{1} << 18;         // files and folders
  std::size_t depth = 32;                             // folders in folders
  std::size_t path = 1024;                            // bytes of one path
  std::uint64_t file = std::uint64_t{1} << 30;        // bytes of one file
  std::uint64_t total = std::uint64_t{8} << 30;       // bytes of all files of a zip
  std::uint64_t unratioed = std::uint64_t{64} << 20;  // below this many bytes the ratio is not looked at
  std::uint64_t ratio = 256;                          // bytes of all files for each byte of the zip
};

// The whole of it cannot be read: it is missing, no zip, or past a bound. what() is one line.
class TreeError : public std::runtime_error {
 public:
  explicit TreeError(std::string_view message);
};

// One entry that is not part of the tree, and why.
struct Refusal {
  enum class Fault {
    Name,    // it leads out of the package, or is there twice: no honest package has it
    Content  // it is there and cannot be used: a link to elsewhere, a FIFO
  } fault;
  std::string path;
  std::string why;  // "is a FIFO", "is a link that leads out of the package"
};

// Archives that are taken: a package is a zip; a submission may also be a tar, as it is or compressed by gzip, bzip2,
// xz or zstd.
enum class Formats { Zip, ZipOrTar };

enum class Kind { File, Folder };

// Where the bytes of files are. Made by the functions below.
class Store;

struct Entry {
  Kind kind = Kind::File;
  std::uint64_t size = 0;  // of a file
  std::shared_ptr<Store> store;
  std::string path_in_store;  // of a folder's store
  std::uint64_t offset = 0;   // of a zip's store
};

class Tree {
 public:
  // A folder, or a .zip or .kpp. Links of a folder may lead to what lies below `links_root`, a folder around it; "" is
  // the folder itself. Whoever gives it shows all that is in it to the package's programs. Throws TreeError.
  explicit Tree(const std::string& path, const Bounds& bounds = {}, const std::string& links_root = "");
  // An archive that is open already, borrowed. Throws TreeError.
  Tree(const Fd& archive, std::string name, Formats formats, const Bounds& bounds = {});
  Tree(Tree&&) noexcept;
  Tree& operator=(Tree&&) noexcept;
  ~Tree();

  // The base name of what was opened, without ".zip" and ".kpp".
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<Refusal>& refusals() const { return refusals_; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  // By the path from the root, such as "data/secret/1.in"; null if there is none.
  [[nodiscard]] const Entry* find(const std::string& path) const;
  [[nodiscard]] bool has_file(const std::string& path) const;
  [[nodiscard]] bool has_folder(const std::string& path) const;
  // The names in a folder ("" is the root), sorted by their bytes.
  [[nodiscard]] std::vector<std::string> names_in(const std::string& folder) const;
  // The paths of all files below a folder, sorted.
  [[nodiscard]] std::vector<std::string> files_below(const std::string& folder) const;

  // A descriptor of its own, at the file's beginning. A file of a zip is copied for it. Throws TreeError.
  [[nodiscard]] Fd open(const std::string& path) const;
  // The whole file. Throws TreeError if it is longer than `most`.
  [[nodiscard]] std::string read(const std::string& path, std::size_t most) const;
  // SHA-256 of the file, in hexadecimal. A file with several names is read once.
  [[nodiscard]] std::string sha256(const std::string& path) const;

  // Leaves only what is below `folder`, whose path becomes the root.
  void enter(const std::string& folder);
  // Adds the files of a zip that is a file of this tree. A file that the tree has already stays. Throws TreeError.
  void add_archive(const std::string& path);

 private:
  [[nodiscard]] const Entry& file(const std::string& path) const;
  std::string name_;
  Bounds bounds_;
  std::map<std::string, Entry> entries_;
  std::vector<Refusal> refusals_;
  mutable std::map<std::string, std::string> hashes_;  // by what identifies the bytes
};

// "a/b" of "a" and "b"; "b" of "" and "b".
std::string below(const std::string& folder, const std::string& name);

}  // namespace evalrun::archive
