// SipHash-2-4 with 128 bits of output, for what is too long to be kept: two words of many megabytes are equal if their
// lengths and hashes are. The key is random and stays in this process, so nobody can write an output for a collision:
// two different words agree with probability 2^-128 (docs/decisions/058-checkers-in-constant-memory.md).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace evalrun::judge {

struct Hash128 {
  friend bool operator==(const Hash128&, const Hash128&) = default;
  std::uint64_t low = 0, high = 0;
};

class Hasher128 {
 public:
  // With this process's key.
  Hasher128();
  explicit Hasher128(const std::array<std::uint64_t, 2>& key);

  void update(std::string_view bytes);
  // Of all bytes so far; more may follow.
  [[nodiscard]] Hash128 value() const;

 private:
  void compress(std::uint64_t word);
  void round();

  std::uint64_t v0_, v1_, v2_, v3_;
  std::uint64_t tail_ = 0;  // the bytes that do not fill a word yet, from the lowest up
  std::uint64_t size_ = 0;
};

// The hashes of many items, added up: equal for two multisets that are equal, whatever the order.
class MultisetHash {
 public:
  void add(const Hash128& item) {
    low_ += item.low;
    high_ += item.high;
    ++size_;
  }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  friend bool operator==(const MultisetHash&, const MultisetHash&) = default;

 private:
  std::uint64_t low_ = 0, high_ = 0, size_ = 0;
};

}  // namespace evalrun::judge
