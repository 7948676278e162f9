#include "runtime/serve/web_socket_frames.h"

#include <sha1.h>

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/core/base64.h"
#include "runtime/core/text.h"

namespace evalrun::serve {
namespace {

constexpr std::uint8_t kContinuation = 0;
constexpr std::uint64_t kMostOfControl = 125;  // bytes of a frame that controls the connection
constexpr std::size_t kMask = 4;
constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, 1.3

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::uint64_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | byte_at(bytes, at + i);
  return value;
}

void append_big_endian(std::string& to, std::uint64_t value, std::size_t size) {
  for (std::size_t i = size; i-- > 0;) to += static_cast<char>(value >> (8 * i) & 0xff);
}

bool is_control(std::uint8_t opcode) {
  return opcode >= 8;
}

// RFC 6455, 7.4: those that an end may send.
bool is_close_code(std::uint64_t code) {
  const bool is_defined = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
  return is_defined || (code >= 3000 && code <= 4999);
}

void check_close(std::string_view payload) {
  if (payload.empty()) return;
  if (payload.size() == 1 || !is_close_code(big_endian(payload, 0, 2))) {
    throw SocketError(SocketClose::ProtocolError, "a close without a code");
  }
  if (!is_utf8(payload.substr(2))) throw SocketError(SocketClose::NotText, "the reason of a close is not UTF-8");
}

}  // namespace

std::optional<SocketReader::Head> SocketReader::read_head() const {
  if (received_.size() < 2) return std::nullopt;
  const std::uint8_t first = byte_at(received_, 0), second = byte_at(received_, 1);
  if ((first & 0x70) != 0) throw SocketError(SocketClose::ProtocolError, "a reserved bit is set");
  if ((second & 0x80) == 0) throw SocketError(SocketClose::ProtocolError, "a frame is not masked");
  Head head{.is_last = (first & 0x80) != 0,
            .opcode = static_cast<std::uint8_t>(first & 0x0f),
            .length = static_cast<std::uint64_t>(second & 0x7f),
            .size = 2 + kMask};
  const std::size_t more = head.length == 126 ? 2 : head.length == 127 ? 8 : 0;
  if (more != 0) {
    if (received_.size() < 2 + more) return std::nullopt;
    head.length = big_endian(received_, 2, more);
    head.size += more;
    if (head.length < (more == 2 ? 126U : 65536U)) {
      throw SocketError(SocketClose::ProtocolError, "a length is not in its shortest form");
    }
  }
  check(head);
  return head;
}

void SocketReader::check(const Head& head) const {
  if (is_control(head.opcode)) {
    if (head.opcode > 10) throw SocketError(SocketClose::ProtocolError, "an unknown opcode");
    if (!head.is_last || head.length > kMostOfControl) {
      throw SocketError(SocketClose::ProtocolError, "a control frame is in parts or too long");
    }
    return;
  }
  if (head.opcode > 2) throw SocketError(SocketClose::ProtocolError, "an unknown opcode");
  if ((head.opcode == kContinuation) != begun_.has_value()) {
    throw SocketError(SocketClose::ProtocolError, "a message begins inside another one, or goes on without one");
  }
  const std::size_t so_far = begun_ ? begun_->payload.size() : 0;
  if (head.length > most_ - std::min(most_, so_far)) {
    throw SocketError(SocketClose::TooLarge, "a message is larger than this server takes");
  }
}

// Of a frame that is there as a whole: the message that it ends.
std::optional<SocketMessage> SocketReader::take(const Head& head) {
  std::string payload = received_.substr(head.size, head.length);
  const std::string mask = received_.substr(head.size - kMask, kMask);
  received_.erase(0, head.size + head.length);
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % kMask]);
  if (is_control(head.opcode)) {
    SocketMessage message{static_cast<SocketMessageKind>(head.opcode), std::move(payload)};
    if (message.kind == SocketMessageKind::Close) check_close(message.payload);
    return message;
  }
  if (head.opcode != kContinuation) begun_ = SocketMessage{static_cast<SocketMessageKind>(head.opcode), ""};
  begun_->payload += payload;
  if (!head.is_last) return std::nullopt;
  if (begun_->kind == SocketMessageKind::Text && !is_utf8(begun_->payload)) {
    throw SocketError(SocketClose::NotText, "a text is not UTF-8");
  }
  return std::exchange(begun_, std::nullopt);
}

std::optional<SocketMessage> SocketReader::next() {
  for (;;) {
    const std::optional<Head> head = read_head();
    if (!head || received_.size() < head->size || received_.size() - head->size < head->length) return std::nullopt;
    if (std::optional<SocketMessage> message = take(*head)) return message;
  }
}

std::string socket_frame(SocketMessageKind kind, std::string_view payload) {
  std::string frame(1, static_cast<char>(0x80 | static_cast<unsigned>(kind)));
  if (payload.size() < 126) {
    frame += static_cast<char>(payload.size());
  } else if (payload.size() < 65536) {
    frame += static_cast<char>(126);
    append_big_endian(frame, payload.size(), 2);
  } else {
    frame += static_cast<char>(127);
    append_big_endian(frame, payload.size(), 8);
  }
  frame += payload;
  return frame;
}

std::string socket_close_frame(SocketClose code, std::string_view why) {
  std::string payload;
  append_big_endian(payload, static_cast<std::uint16_t>(code), 2);
  payload += why.substr(0, kMostOfControl - 2);
  return socket_frame(SocketMessageKind::Close, payload);
}

std::optional<std::string> socket_accept_of(std::string_view key) {
  // 16 bytes in base64.
  constexpr std::size_t kKeySize = 24;
  const auto is_digit = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  if (key.size() != kKeySize || !key.ends_with("==") || !std::ranges::all_of(key.substr(0, kKeySize - 2), is_digit)) {
    return std::nullopt;
  }
  SHA1_CTX hash;
  SHA1Init(&hash);
  for (const std::string_view part : {key, kGuid}) {
    SHA1Update(&hash, reinterpret_cast<const std::uint8_t*>(part.data()), part.size());
  }
  std::array<std::uint8_t, SHA1_DIGEST_LENGTH> digest{};
  SHA1Final(digest.data(), &hash);
  return base64(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

}  // namespace evalrun::serve
