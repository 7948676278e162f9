#include "runtime/core/sha256.h"

#include <sha2.h>

#include <cstdint>

namespace evalrun {

struct Sha256::State {
  SHA2_CTX context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  SHA256Init(&state_->context);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
  SHA256Update(&state_->context, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

std::string Sha256::hex() const {
  SHA2_CTX copy = state_->context;  // SHA256End finishes its argument
  std::array<char, SHA256_DIGEST_STRING_LENGTH> text{};
  SHA256End(&copy, text.data());
  return text.data();
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.hex();
}

}  // namespace evalrun
