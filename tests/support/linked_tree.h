// A tree of files and links for tests of what links lead out to. It lies in /var/tmp: every sandbox has a /tmp of its
// own, in which anything may be there.
#pragma once

#include <filesystem>
#include <string>

namespace evalrun::test {

class LinkedTree {
 public:
  LinkedTree();
  ~LinkedTree();
  LinkedTree(const LinkedTree&) = delete;
  LinkedTree& operator=(const LinkedTree&) = delete;

  // The whole path of a name below.
  [[nodiscard]] std::string at(const std::string& name) const { return (path_ / name).string(); }
  // Each makes the folders it needs. `link` takes its target as it stands.
  void file(const std::string& name, const std::string& text = "text\n") const;
  void program(const std::string& name, const std::filesystem::path& from) const;
  void link(const std::string& name, const std::string& target) const;

 private:
  std::filesystem::path path_;
};

}  // namespace evalrun::test
