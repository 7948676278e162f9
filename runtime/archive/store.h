// Where the bytes of a tree's files are: a folder of the host, or one file without a name that a zip was unpacked into.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "runtime/archive/tree.h"
#include "runtime/core/fd.h"

namespace evalrun::archive {

class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;
  // A descriptor for reading whose offset nobody shares. Throws TreeError.
  [[nodiscard]] virtual Fd open(const Entry& entry, const std::string& path) const = 0;
  // Hands all bytes of the file to `take`, piece by piece. Throws TreeError.
  using Take = std::function<void(std::string_view)>;
  virtual void read(const Entry& entry, const std::string& path, const Take& take) const = 0;
  // The same for equal files only; "" if nothing is known.
  [[nodiscard]] virtual std::string identity(const Entry& entry) const = 0;
};

// Opens a file for reading and writing that has no name and goes with its descriptor. Throws TreeError.
Fd nameless_file();

struct Listing {
  std::map<std::string, Entry>& entries;
  std::vector<Refusal>& refusals;
  const Bounds& bounds;
};
// The folder at `path` in `root`; links may lead to all of the root.
void list_folder(Fd root, const std::string& path, Listing listing);
// `size` is the length of the archive.
void list_archive(const Fd& file, std::uint64_t size, Formats formats, Listing listing);

// Adds the entry and its folders. Throws TreeError past the bound.
void add_entry(Listing& listing, const std::string& path, Entry entry);

}  // namespace evalrun::archive
