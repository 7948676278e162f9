// Files that clients leave with the server between requests: in memory, within a quota, for a while.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runtime/serve/serve_options.h"

namespace evalrun::serve {

class FileStore {
 public:
  struct File {
    std::string name;
    std::shared_ptr<const std::string> content;
    Duration used{};
  };

  explicit FileStore(const StoreLimits& limits) : limits_(limits) {}

  // Its id; none where there is no room for it, even without what is too old.
  std::optional<std::string> add(const std::string& name, std::string content);
  // Null where there is none of that id. It is used again.
  [[nodiscard]] const File* find(const std::string& id);
  bool remove(const std::string& id);

  [[nodiscard]] const std::map<std::string, File>& files() const noexcept { return files_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  void remove_old();

  const StoreLimits limits_;
  std::map<std::string, File> files_;
  std::uint64_t bytes_ = 0;
};

}  // namespace evalrun::serve
