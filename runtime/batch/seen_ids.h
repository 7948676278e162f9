// Which ids a batch has had, in little memory: 16 bytes of each id's SHA-256, so that two ids never pass for one. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace evalrun::batch {

class SeenIds {
 public:
  // False where it was there already.
  bool add(std::string_view id);
  [[nodiscard]] bool contains(std::string_view id) const;

 private:
  using Key = std::array<std::uint64_t, 2>;
  static Key key_of(std::string_view id);
  bool insert(const Key& key);
  void grow();

  std::vector<Key> table_;  // open addressing; a free place is all zeros
  std::size_t count_ = 0;
};

}  // namespace evalrun::batch
