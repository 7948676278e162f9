// One request and the answer that is still to come. Whoever works for it holds it; the connection may be gone
// meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "runtime/core/units.h"
#include "runtime/serve/http.h"

namespace evalrun::serve {

class HttpServer;
struct Callbacks;

// What the log tells of a request beside its line and its status.
struct Account {
  std::string api;      // "piston"; "" where no dialect has the path
  std::string verdict;  // of the run; of several, the last one's
  Duration waited{};    // for a sandbox
  std::uint64_t jobs = 0;
};

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(HttpServer& server, Request request) : server_(server), request_(std::move(request)) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  [[nodiscard]] const Request& request() const noexcept { return request_; }
  // That have come, kept or not.
  [[nodiscard]] std::uint64_t body_bytes() const noexcept { return received_; }
  // Once: the body is no longer counted as held.
  std::string take_body() noexcept;

  // Answers with all of it. What comes after the first answer is dropped, as is an answer to a connection that is gone.
  void answer(Response response);

  // Answers with pieces, as they come: write() and end() follow.
  void begin_stream(int status, std::string type);
  void write(std::string_view piece);
  void end();
  // Bytes that were written and not sent. `on_room` is called once, when it is less than half of what it was.
  [[nodiscard]] std::size_t unsent() const noexcept { return pending_.size() - sent_; }
  void tell_room(std::function<void()> on_room) { on_room_ = std::move(on_room); }

  // Answers with 101: from then on the connection is a socket of `taker`'s, who is given it once, from the loop, with
  // what has come after the request. The socket is the server's to close, when return_socket() is called; that must
  // come before the loop's end. A server that is ending tells so.
  using SocketTaker = std::function<void(int socket, std::string_view first)>;
  void upgrade(Headers headers, SocketTaker taker);
  void return_socket() noexcept;
  void tell_drain(std::function<void()> on_drain) { on_drain_ = std::move(on_drain); }
  // How much whoever has the socket holds of what has come. False: all together hold too much.
  [[nodiscard]] bool hold(std::size_t bytes) noexcept;

  // Nobody waits for the answer any more. `on_gone` is called once, when that is found out.
  [[nodiscard]] bool is_gone() const noexcept { return is_gone_; }
  void tell_gone(std::function<void()> on_gone) { on_gone_ = std::move(on_gone); }

  Account account;

 private:
  friend class HttpServer;
  friend struct Callbacks;  // the library's

  enum class State { Reading, Waiting, Answered, Streaming, Upgraded };

  void leave() noexcept;

  HttpServer& server_;
  Request request_;
  State state_ = State::Reading;
  std::optional<Response> response_;  // until it is given to the library
  // Of a request that is refused, while the rest of it is still read.
  bool is_refused_ = false;
  std::uint64_t received_ = 0;  // of the body, kept or not
  bool is_suspended_ = false;
  bool is_gone_ = false;
  // Of a stream.
  std::string pending_;
  std::size_t sent_ = 0;  // of pending_
  bool has_ended_ = false;
  std::function<void()> on_room_, on_gone_, on_drain_;
  // Of a connection that has become a socket.
  SocketTaker taker_;
  std::size_t holds_ = 0;
  void* socket_handle_ = nullptr;  // the library's
  int status_ = 0;
  std::uint64_t bytes_out_ = 0;
  Duration began_{};
  void* connection_ = nullptr;  // the library's; null once it is gone
};

}  // namespace evalrun::serve
