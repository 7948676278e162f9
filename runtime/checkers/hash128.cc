#include "runtime/checkers/hash128.h"

#include <sys/random.h>

#include <bit>
#include <cstring>

#include "runtime/core/error.h"

namespace evalrun::judge {
namespace {

// Drawn when the first hash is needed; most checks need none.
const std::array<std::uint64_t, 2>& key_of_process() {
  static const std::array<std::uint64_t, 2> key = [] {
    std::array<std::uint64_t, 2> drawn{};
    // Up to 256 bytes come whole (getrandom(2)).
    if (::getrandom(drawn.data(), sizeof drawn, 0) != sizeof drawn) throw SystemError("getrandom", "a key");
    return drawn;
  }();
  return key;
}

std::uint64_t word_at(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

}  // namespace

Hasher128::Hasher128() : Hasher128(key_of_process()) {}

Hasher128::Hasher128(const std::array<std::uint64_t, 2>& key)
    : v0_(key[0] ^ 0x736f6d6570736575),
      v1_(key[1] ^ 0x646f72616e646f6d ^ 0xee),
      v2_(key[0] ^ 0x6c7967656e657261),
      v3_(key[1] ^ 0x7465646279746573) {}

void Hasher128::round() {
  v0_ += v1_;
  v1_ = std::rotl(v1_, 13) ^ v0_;
  v0_ = std::rotl(v0_, 32);
  v2_ += v3_;
  v3_ = std::rotl(v3_, 16) ^ v2_;
  v0_ += v3_;
  v3_ = std::rotl(v3_, 21) ^ v0_;
  v2_ += v1_;
  v1_ = std::rotl(v1_, 17) ^ v2_;
  v2_ = std::rotl(v2_, 32);
}

void Hasher128::compress(std::uint64_t word) {
  v3_ ^= word;
  round();
  round();
  v0_ ^= word;
}

void Hasher128::update(std::string_view bytes) {
  while (!bytes.empty()) {
    const unsigned held = size_ % 8;
    if (held == 0 && bytes.size() >= 8) {
      compress(word_at(bytes.data()));
      bytes.remove_prefix(8);
      size_ += 8;
      continue;
    }
    tail_ |= std::uint64_t{static_cast<unsigned char>(bytes.front())} << (8 * held);
    bytes.remove_prefix(1);
    ++size_;
    if (held == 7) {
      compress(tail_);
      tail_ = 0;
    }
  }
}

Hash128 Hasher128::value() const {
  Hasher128 end = *this;
  end.compress(tail_ | (size_ << 56));
  end.v2_ ^= 0xee;
  for (int i = 0; i < 4; ++i) end.round();
  Hash128 hash;
  hash.low = end.v0_ ^ end.v1_ ^ end.v2_ ^ end.v3_;
  end.v1_ ^= 0xdd;
  for (int i = 0; i < 4; ++i) end.round();
  hash.high = end.v0_ ^ end.v1_ ^ end.v2_ ^ end.v3_;
  return hash;
}

}  // namespace evalrun::judge
