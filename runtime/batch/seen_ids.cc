#include "runtime/batch/seen_ids.h"

#include <charconv>
#include <utility>

#include "runtime/core/sha256.h"

namespace evalrun::batch {
namespace {

constexpr std::size_t kFirstSize = 64;
constexpr std::size_t kDigits = 16;

}  // namespace

SeenIds::Key SeenIds::key_of(std::string_view id) {
  const std::string digits = sha256_hex(id);
  Key key{};
  for (std::size_t i = 0; i < key.size(); ++i) {
    std::from_chars(digits.data() + i * kDigits, digits.data() + (i + 1) * kDigits, key[i], 16);
  }
  return key;
}

bool SeenIds::contains(std::string_view id) const {
  if (table_.empty()) return false;
  const Key key = key_of(id);
  for (std::size_t place = key[0] % table_.size(); table_[place] != Key{}; place = (place + 1) % table_.size()) {
    if (table_[place] == key) return true;
  }
  return false;
}

bool SeenIds::add(std::string_view id) {
  const Key key = key_of(id);
  // Three quarters full at most.
  if (4 * (count_ + 1) > 3 * table_.size()) grow();
  return insert(key);
}

bool SeenIds::insert(const Key& key) {
  std::size_t place = key[0] % table_.size();
  while (table_[place] != Key{}) {
    if (table_[place] == key) return false;
    place = (place + 1) % table_.size();
  }
  table_[place] = key;
  ++count_;
  return true;
}

void SeenIds::grow() {
  std::vector<Key> old(table_.empty() ? kFirstSize : 2 * table_.size());
  old.swap(table_);
  count_ = 0;
  for (const Key& key : old) {
    if (key != Key{}) insert(key);
  }
}

}  // namespace evalrun::batch
