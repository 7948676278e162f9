#include "runtime/serve/exchange.h"

#include <utility>

#include "runtime/serve/http_server.h"

namespace evalrun::serve {

std::string Exchange::take_body() noexcept {
  server_.held_ -= request_.body.size();
  return std::exchange(request_.body, {});
}

void Exchange::answer(Response response) {
  if (state_ != State::Waiting || response_ || connection_ == nullptr) return;
  response_ = std::move(response);
  server_.resume(*this);
}

void Exchange::begin_stream(int status, std::string type) {
  if (state_ != State::Waiting || response_ || connection_ == nullptr) return;
  state_ = State::Streaming;
  response_ = Response{status, "", std::move(type), {}};
  server_.resume(*this);
}

void Exchange::write(std::string_view piece) {
  if (connection_ == nullptr || has_ended_) return;
  pending_ += piece;
  server_.resume(*this);
}

void Exchange::end() {
  if (connection_ == nullptr) return;
  has_ended_ = true;
  server_.resume(*this);
}

void Exchange::upgrade(Headers headers, SocketTaker taker) {
  if (state_ != State::Waiting || response_ || connection_ == nullptr) return;
  state_ = State::Upgraded;
  taker_ = std::move(taker);
  response_ = Response{101, "", "", std::move(headers)};
  server_.resume(*this);
}

void Exchange::return_socket() noexcept {
  if (socket_handle_ != nullptr) server_.close_upgraded(*this);
}

bool Exchange::hold(std::size_t bytes) noexcept {
  if (connection_ == nullptr) return false;
  server_.held_ += bytes;
  server_.held_ -= std::exchange(holds_, bytes);
  return server_.held_ <= 8 * server_.limits_.max_body.count;
}

void Exchange::leave() noexcept {
  if (std::exchange(is_gone_, true)) return;
  if (on_gone_) std::exchange(on_gone_, {})();
  on_room_ = {};
}

}  // namespace evalrun::serve
