#include "runtime/serve/web_socket.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <utility>

namespace evalrun::serve {
namespace {

using namespace std::chrono_literals;

// As go-judge does it.
constexpr Duration kPingEvery = 50s;
constexpr Duration kSilence = 60s;
// For the other end to take what was sent, and to close.
constexpr Duration kLeaveTime = 10s;
constexpr Duration kLookEvery = 5s;
// Read in one turn of the loop.
constexpr int kReadsPerTurn = 16;

bool has_token(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view token = list.substr(0, comma);
    list.remove_prefix(std::min(list.size(), comma + 1));
    while (!token.empty() && (token.front() == ' ' || token.front() == '\t')) token.remove_prefix(1);
    while (!token.empty() && (token.back() == ' ' || token.back() == '\t')) token.remove_suffix(1);
    const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    if (std::ranges::equal(token, wanted, same)) return true;
  }
  return false;
}

}  // namespace

std::optional<Response> socket_refusal(const Request& request) {
  const auto refuse = [](int status, const char* why) {
    return Response{status, std::string("\"") + why + "\"", "application/json", {{"Sec-WebSocket-Version", "13"}}};
  };
  if (request.method != "GET") return refuse(405, "a WebSocket begins with GET");
  const bool asks = has_token(request.header("connection").value_or(""), "upgrade") &&
                    has_token(request.header("upgrade").value_or(""), "websocket");
  if (!asks) return refuse(426, "expected the headers Connection: Upgrade and Upgrade: websocket");
  if (request.header("sec-websocket-version") != "13") return refuse(426, "expected version 13 of WebSocket");
  if (!socket_accept_of(request.header("sec-websocket-key").value_or(""))) {
    return refuse(400, "Sec-WebSocket-Key is not 16 bytes in base64");
  }
  return std::nullopt;
}

std::shared_ptr<WebSocket> WebSocket::open(loop::EventLoop& loop, const std::shared_ptr<Exchange>& exchange,
                                           std::size_t most, Handlers handlers) {
  auto made = std::make_shared<WebSocket>(loop, exchange, most, std::move(handlers));
  const std::string accept = *socket_accept_of(exchange->request().header("sec-websocket-key").value_or(""));
  exchange->tell_gone([weak = made->weak_from_this()] {
    if (const auto self = weak.lock()) self->end();
  });
  exchange->tell_drain([weak = made->weak_from_this()] {
    const auto self = weak.lock();
    const auto handler = self ? self->handlers_.drain : nullptr;
    if (handler) handler();
  });
  // The exchange keeps it until the connection has ended.
  exchange->upgrade({{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", accept}},
                    [made](int socket, std::string_view first) { made->take_socket(socket, first); });
  return made;
}

WebSocket::WebSocket(loop::EventLoop& loop, std::shared_ptr<Exchange> exchange, std::size_t most, Handlers handlers)
    : loop_(loop), exchange_(std::move(exchange)), reader_(most), handlers_(std::move(handlers)) {}

WebSocket::~WebSocket() {
  end();
}

void WebSocket::take_socket(int socket, std::string_view first) {
  if (phase_ == Phase::Over) return;
  socket_ = socket;
  ::fcntl(socket_, F_SETFL, ::fcntl(socket_, F_GETFL) | O_NONBLOCK);
  writer_ = Fd(::fcntl(socket_, F_DUPFD_CLOEXEC, 0));
  if (!writer_) return end();
  if (phase_ == Phase::Opening) phase_ = Phase::Open;
  heard_ = pinged_ = loop::now();
  loop_.watch(timer_.get(), loop::Interest::Read, loop_.caller(), [self = weak_from_this()] {
    if (const auto kept = self.lock()) kept->on_timer();
  });
  timer_.set(loop::now() + kLookEvery);
  reader_.add(first);
  guarded([this] {
    look_at_messages();
    write_some();
    plan();
  });
}

// One connection's failure is never the loop's.
void WebSocket::guarded(const std::function<void()>& act) {
  const std::shared_ptr<WebSocket> kept = shared_from_this();
  try {
    act();
  } catch (const SocketError& error) {
    understands_ = false;
    close(error.code(), error.what());
  } catch (const std::exception&) {
    end();
  }
}

// Watches for what can be done next.
void WebSocket::plan() {
  if (phase_ == Phase::Over || socket_ < 0) return;
  // While it closes, too: the other end's answer is its leave.
  const bool reads = reading_ == Reading::Read || phase_ == Phase::Closing;
  if (reads != is_read_watched_) {
    is_read_watched_ = reads;
    if (!reads) {
      loop_.forget(socket_);
    } else {
      loop_.watch(socket_, loop::Interest::Read, loop_.caller(), [self = weak_from_this()] {
        if (const auto kept = self.lock()) kept->guarded([&] { kept->read_some(); });
      });
    }
  }
  const bool writes = unsent() != 0;
  if (writes == is_write_watched_) return;
  is_write_watched_ = writes;
  if (!writes) return loop_.forget(writer_.get());
  loop_.watch(writer_.get(), loop::Interest::Write, loop_.caller(), [self = weak_from_this()] {
    if (const auto kept = self.lock()) {
      kept->guarded([&] {
        kept->write_some();
        kept->plan();
      });
    }
  });
}

void WebSocket::set_reading(Reading reading) {
  if (phase_ != Phase::Open || reading_ == reading) return;
  reading_ = reading;
  if (reading == Reading::Pause) return plan();
  guarded([this] {
    look_at_messages();
    plan();
  });
}

void WebSocket::read_some() {
  std::array<char, 64 << 10> piece;
  for (int i = 0; i < kReadsPerTurn && reading_ == Reading::Read && phase_ != Phase::Over; ++i) {
    const ssize_t count = ::recv(socket_, piece.data(), piece.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (count <= 0) return end();
    heard_ = loop::now();
    if (phase_ == Phase::Closing && !understands_) continue;  // until it has read why
    reader_.add({piece.data(), static_cast<std::size_t>(count)});
    look_at_messages();
    if (phase_ == Phase::Open && !exchange_->hold(reader_.held())) {
      return close(SocketClose::TooLarge, "too much is being read; try again");
    }
  }
}

void WebSocket::look_at_messages() {
  while (phase_ != Phase::Over && reading_ == Reading::Read) {
    std::optional<SocketMessage> message = reader_.next();
    if (!message) return;
    // While it closes, what still comes is dropped up to the other end's own close.
    if (phase_ == Phase::Open) {
      on_message(std::move(*message));
    } else if (message->kind == SocketMessageKind::Close) {
      return end();
    }
  }
}

void WebSocket::on_message(SocketMessage message) {
  switch (message.kind) {
    case SocketMessageKind::Text:
    case SocketMessageKind::Binary: {
      const auto handler = handlers_.message;  // outlives that it ends the connection
      return handler(std::move(message));
    }
    case SocketMessageKind::Ping:
      // Whoever does not read its pongs gets no more of them.
      if (unsent() < kMuch) send(SocketMessageKind::Pong, message.payload);
      return;
    case SocketMessageKind::Pong: return;
    case SocketMessageKind::Close: was_asked_to_close_ = true; return close(SocketClose::Normal);
  }
}

void WebSocket::send(SocketMessageKind kind, std::string_view payload) {
  if (phase_ == Phase::Closing || phase_ == Phase::Over) return;
  const std::shared_ptr<WebSocket> kept = shared_from_this();
  pending_ += socket_frame(kind, payload);
  if (socket_ < 0) return;
  write_some();
  plan();
}

void WebSocket::close(SocketClose code, std::string_view why) {
  if (phase_ == Phase::Closing || phase_ == Phase::Over) return;
  const std::shared_ptr<WebSocket> kept = shared_from_this();
  pending_ += socket_close_frame(code, why);
  phase_ = Phase::Closing;
  closing_since_ = loop::now();
  reading_ = Reading::Read;
  if (socket_ < 0) return;
  timer_.set(closing_since_ + kLeaveTime);
  write_some();
  plan();
}

void WebSocket::write_some() {
  const bool was_much = unsent() > kMuch;
  while (unsent() != 0 && phase_ != Phase::Over) {
    const ssize_t count = ::send(writer_.get(), pending_.data() + sent_, unsent(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (count < 0) return end();
    sent_ += static_cast<std::size_t>(count);
  }
  if (sent_ >= pending_.size() / 2) pending_.erase(0, std::exchange(sent_, 0));
  if (phase_ == Phase::Closing && unsent() == 0) {
    if (was_asked_to_close_) return end();
    ::shutdown(writer_.get(), SHUT_WR);
  }
  const auto handler = handlers_.room;
  if (was_much && unsent() <= kMuch / 2 && handler) handler();
}

void WebSocket::on_timer() {
  timer_.acknowledge();
  const std::shared_ptr<WebSocket> kept = shared_from_this();
  const Duration now = loop::now();
  if (phase_ == Phase::Closing && now - closing_since_ >= kLeaveTime) return end();
  if (phase_ == Phase::Open && reading_ == Reading::Read && now - heard_ > kSilence) return end();
  if (phase_ == Phase::Open && now - pinged_ >= kPingEvery) {
    pinged_ = now;
    guarded([this] { send(SocketMessageKind::Ping, ""); });
  }
  if (phase_ != Phase::Over) timer_.set(now + kLookEvery);
}

void WebSocket::end() {
  if (std::exchange(phase_, Phase::Over) == Phase::Over) return;
  if (is_read_watched_) loop_.forget(socket_);
  if (is_write_watched_) loop_.forget(writer_.get());
  loop_.forget(timer_.get());
  writer_.reset();
  pending_.clear();
  sent_ = 0;
  const Handlers handlers = std::exchange(handlers_, {});
  exchange_->tell_drain({});
  exchange_->return_socket();
  if (handlers.gone) handlers.gone();
}

}  // namespace evalrun::serve
