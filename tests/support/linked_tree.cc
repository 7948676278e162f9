#include "tests/support/linked_tree.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace evalrun::test {

namespace fs = std::filesystem;

LinkedTree::LinkedTree() {
  std::string name = "/var/tmp/evalrun-test-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
  ::chmod(name.c_str(), 0755);  // the run of root has another identity
  path_ = fs::canonical(name);
}

LinkedTree::~LinkedTree() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void LinkedTree::file(const std::string& name, const std::string& text) const {
  fs::create_directories(fs::path(at(name)).parent_path());
  std::ofstream(at(name)) << text;
}

void LinkedTree::program(const std::string& name, const fs::path& from) const {
  fs::create_directories(fs::path(at(name)).parent_path());
  fs::copy_file(from, at(name), fs::copy_options::overwrite_existing);
  fs::permissions(at(name), fs::perms(0755));
}

void LinkedTree::link(const std::string& name, const std::string& target) const {
  fs::create_directories(fs::path(at(name)).parent_path());
  fs::create_symlink(target, at(name));
}

}  // namespace evalrun::test
