#include "runtime/archive/tree.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>

#include "runtime/archive/store.h"
#include "runtime/core/error.h"
#include "runtime/core/host_file.h"
#include "runtime/core/sha256.h"
#include "runtime/core/text.h"

namespace evalrun::archive {
namespace {

std::string name_of(const std::string& path) {
  std::filesystem::path name = std::filesystem::path(path).lexically_normal();
  if (!name.has_filename()) name = name.parent_path();
  if (name.filename() == "." || name.filename() == "..") {
    std::error_code ignored;
    name = std::filesystem::canonical(path, ignored);
  }
  const std::string ending = name.extension().string();
  return (ending == ".zip" || ending == ".kpp" ? name.stem() : name.filename()).string();
}

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

// The way from `root` to `path`; "" if they are the same. Throws TreeError if it does not lie in it.
std::string path_inside(const std::string& path, const std::string& root) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::canonical(path, error);
  if (error) throw TreeError(path + ": " + error.message());
  const std::filesystem::path above = std::filesystem::canonical(root, error);
  if (error) throw TreeError(root + ": " + error.message());
  const std::string way = whole.lexically_relative(above).string();
  if (way.empty() || way == ".." || way.starts_with("../")) throw TreeError(path + " does not lie in " + root);
  return way == "." ? "" : way;
}

}  // namespace

TreeError::TreeError(std::string_view message) : std::runtime_error(one_line(message)) {}

std::string below(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

void add_entry(Listing& listing, const std::string& path, Entry entry) {
  for (std::size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    Entry folder;
    folder.kind = Kind::Folder;
    folder.store = entry.store;
    const auto [place, is_new] = listing.entries.try_emplace(path.substr(0, slash), std::move(folder));
    if (place->second.kind == Kind::File) {
      listing.refusals.push_back({Refusal::Fault::Name, path, "lies in something that is a file"});
      return;
    }
  }
  listing.entries.try_emplace(path, std::move(entry));
  if (listing.entries.size() > listing.bounds.entries) {
    throw TreeError("there are more than " + std::to_string(listing.bounds.entries) + " files and folders");
  }
}

Tree::Tree(const std::string& path, const Bounds& bounds, const std::string& links_root)
    : name_(name_of(path)), bounds_(bounds) {
  const std::string inside = links_root.empty() ? "" : path_inside(path, links_root);
  const std::string& root = links_root.empty() ? path : links_root;
  Fd folder(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder && is_folder(path)) {
    list_folder(std::move(folder), inside, {entries_, refusals_, bounds_});
    return;
  }
  HostFile file = open_host_file(path, FileUse::Read);
  if (!file.descriptor) throw TreeError(path + ": " + file.refusal);
  list_archive(file.descriptor, file.size, Formats::Zip, {entries_, refusals_, bounds_});
}

Tree::Tree(const Fd& archive, std::string name, Formats formats, const Bounds& bounds)
    : name_(std::move(name)), bounds_(bounds) {
  struct stat status {};
  if (::fstat(archive.get(), &status) != 0) throw TreeError(name_ + ": " + errno_text(errno));
  list_archive(archive, static_cast<std::uint64_t>(status.st_size), formats, {entries_, refusals_, bounds_});
}

Tree::Tree(Tree&&) noexcept = default;
Tree& Tree::operator=(Tree&&) noexcept = default;
Tree::~Tree() = default;

const Entry* Tree::find(const std::string& path) const {
  const auto found = entries_.find(path);
  return found == entries_.end() ? nullptr : &found->second;
}

bool Tree::has_file(const std::string& path) const {
  const Entry* entry = find(path);
  return entry != nullptr && entry->kind == Kind::File;
}

bool Tree::has_folder(const std::string& path) const {
  const Entry* entry = find(path);
  return entry != nullptr && entry->kind == Kind::Folder;
}

std::vector<std::string> Tree::names_in(const std::string& folder) const {
  const std::string prefix = folder.empty() ? "" : folder + "/";
  std::vector<std::string> names;
  for (auto entry = entries_.lower_bound(prefix); entry != entries_.end() && entry->first.starts_with(prefix);) {
    const std::string name = entry->first.substr(prefix.size(), entry->first.find('/', prefix.size()) - prefix.size());
    // A folder's own entry stands before what is in it, but "a.x" stands between "a" and "a/b".
    if (names.empty() || names.back() != name) {
      if (entry->first.size() == prefix.size() + name.size()) names.push_back(name);
    }
    if (entry->first.size() == prefix.size() + name.size()) {
      ++entry;
    } else {
      entry = entries_.lower_bound(prefix + name + "0");  // '0' follows '/'
    }
  }
  return names;
}

std::vector<std::string> Tree::files_below(const std::string& folder) const {
  const std::string prefix = folder.empty() ? "" : folder + "/";
  std::vector<std::string> paths;
  for (auto entry = entries_.lower_bound(prefix); entry != entries_.end() && entry->first.starts_with(prefix);
       ++entry) {
    if (entry->second.kind == Kind::File) paths.push_back(entry->first);
  }
  return paths;
}

const Entry& Tree::file(const std::string& path) const {
  const Entry* entry = find(path);
  if (entry == nullptr || entry->kind != Kind::File) throw TreeError(path + ": there is no such file in the package");
  return *entry;
}

Fd Tree::open(const std::string& path) const {
  const Entry& entry = file(path);
  return entry.store->open(entry, path);
}

std::string Tree::read(const std::string& path, std::size_t most) const {
  const Entry& entry = file(path);
  std::string text;
  entry.store->read(entry, path, [&](std::string_view bytes) {
    text.append(bytes);
    if (text.size() > most) throw TreeError(path + " is longer than " + std::to_string(most) + " bytes");
  });
  return text;
}

std::string Tree::sha256(const std::string& path) const {
  const Entry& entry = file(path);
  std::string identity = entry.store->identity(entry);
  if (!identity.empty()) identity += " of " + std::to_string(reinterpret_cast<std::uintptr_t>(entry.store.get()));
  if (const auto known = hashes_.find(identity); !identity.empty() && known != hashes_.end()) return known->second;
  Sha256 hash;
  entry.store->read(entry, path, [&](std::string_view bytes) { hash.update(bytes); });
  std::string hex = hash.hex();
  if (!identity.empty()) hashes_.emplace(identity, hex);
  return hex;
}

void Tree::enter(const std::string& folder) {
  const std::string prefix = folder + "/";
  std::map<std::string, Entry> inner;
  for (auto& [path, entry] : entries_) {
    if (path.starts_with(prefix)) inner.emplace(path.substr(prefix.size()), std::move(entry));
  }
  entries_ = std::move(inner);
  for (Refusal& refusal : refusals_) {
    if (refusal.path.starts_with(prefix)) refusal.path.erase(0, prefix.size());
  }
}

void Tree::add_archive(const std::string& path) {
  const Entry* entry = find(path);
  if (entry == nullptr) throw TreeError(path + ": there is no such file in the package");
  const std::uint64_t size = entry->size;
  const Fd file = open(path);
  std::map<std::string, Entry> inner;
  list_archive(file, size, Formats::Zip, {inner, refusals_, bounds_});
  for (auto& [name, file_of_zip] : inner) entries_.try_emplace(name, std::move(file_of_zip));
  if (entries_.size() > bounds_.entries) {
    throw TreeError("there are more than " + std::to_string(bounds_.entries) + " files and folders");
  }
}

}  // namespace evalrun::archive
