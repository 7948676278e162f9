// The frames of WebSocket (RFC 6455), as a server reads and writes them. Pure: bytes in, messages out.
//
// What the RFC lets a server refuse is refused: frames of a client that are not masked, lengths that are not the
// shortest form, reserved bits (no extension is offered), text that is not UTF-8, and messages beyond a bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace evalrun::serve {

enum class SocketMessageKind : std::uint8_t { Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10 };

struct SocketMessage {
  SocketMessageKind kind = SocketMessageKind::Text;
  std::string payload;  // of a Close: two bytes of a code, then why; or nothing
};

// The codes of RFC 6455, 7.4.1, that this server ends a connection with.
enum class SocketClose : std::uint16_t {
  Normal = 1000,
  GoingAway = 1001,
  ProtocolError = 1002,
  WrongType = 1003,
  NotText = 1007,
  Policy = 1008,
  TooLarge = 1009,
};

// The other end broke the rules; the connection is to be closed with `code`.
class SocketError : public std::runtime_error {
 public:
  SocketError(SocketClose code, const char* why) : std::runtime_error(why), code_(code) {}
  [[nodiscard]] SocketClose code() const noexcept { return code_; }

 private:
  SocketClose code_;
};

class SocketReader {
 public:
  // `most`: bytes of one message.
  explicit SocketReader(std::size_t most) : most_(most) {}

  void add(std::string_view bytes) { received_ += bytes; }
  // Bytes that are here and no part of a message that was returned.
  [[nodiscard]] std::size_t held() const noexcept { return received_.size() + (begun_ ? begun_->payload.size() : 0); }
  // The next whole message, those that control the connection between the frames of another one; none: more bytes must
  // come. Throws SocketError, once.
  std::optional<SocketMessage> next();

 private:
  struct Head {
    bool is_last = false;
    std::uint8_t opcode = 0;
    std::uint64_t length = 0;
    std::size_t size = 0;  // of the head itself, with the mask
  };
  [[nodiscard]] std::optional<Head> read_head() const;
  void check(const Head& head) const;
  std::optional<SocketMessage> take(const Head& head);

  std::size_t most_;
  std::string received_;
  std::optional<SocketMessage> begun_;  // of which frames are to come
};

// One frame with all of a message.
std::string socket_frame(SocketMessageKind kind, std::string_view payload);
std::string socket_close_frame(SocketClose code, std::string_view why);

// What a server answers to Sec-WebSocket-Key; none: it is no such key.
std::optional<std::string> socket_accept_of(std::string_view key);

}  // namespace evalrun::serve
