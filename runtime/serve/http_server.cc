#include "runtime/serve/http_server.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "runtime/core/error.h"
#include "runtime/serve/peer_name.h"

namespace evalrun::serve {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kHeaderMemory = 32 << 10;  // of a connection: the request line and the headers
// A refused request is read to its end, so that its sender sees the answer; a longer one is cut off.
constexpr std::uint64_t kMostDiscarded = 1 << 20;
// How often the clocks of the connections are looked at.
constexpr Duration kSweepEvery = 1s;
// Accepted in one turn of the loop.
constexpr int kAcceptsPerTurn = 64;
// A new connection is not given up for a newer one.
constexpr Duration kNewcomer = 1s;

Response refused(int status, const char* why) {
  return {status, std::string("{\"error\":\"") + why + "\"}", "application/json", {}};
}

// Whoever stands in front of the server could take the one, and this server the other: what follows the body would be
// another request for each of them.
bool has_two_lengths(const Headers& headers) {
  return std::ranges::count_if(headers, [](const auto& header) {
           return header.first == "content-length" || header.first == "transfer-encoding";
         }) > 1;
}

// Of all that the library decodes by itself: nothing. The handlers see what was sent.
std::size_t leave_escaped(void*, MHD_Connection*, char* text) {
  return std::char_traits<char>::length(text);
}

void log_nothing(void*, const char*, va_list) {}

}  // namespace

// The library's callbacks: no exception leaves them.
struct Callbacks {
  static HttpServer& server(void* cls) { return *static_cast<HttpServer*>(cls); }

  static MHD_Result request(void* cls, MHD_Connection* handle, const char* url, const char* method, const char*,
                            const char* data, std::size_t* size, void** context) {
    try {
      return static_cast<MHD_Result>(server(cls).on_request(handle, url, method, data, size, context));
    } catch (...) {
      return MHD_NO;  // out of memory: the connection is closed
    }
  }

  static void completed(void* cls, MHD_Connection*, void** context, MHD_RequestTerminationCode) {
    server(cls).on_completed(context);
  }

  static void connection(void* cls, MHD_Connection* handle, void** context, MHD_ConnectionNotificationCode code) {
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
      try {
        server(cls).on_connection(handle, context);
      } catch (...) {
        *context = nullptr;
      }
    } else {
      server(cls).on_connection_closed(context);
    }
  }

  static MHD_Result header(void* cls, MHD_ValueKind, const char* name, const char* value) {
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    static_cast<Headers*>(cls)->emplace_back(std::move(lower), value == nullptr ? "" : value);
    return MHD_YES;
  }

  static ssize_t piece(void* cls, std::uint64_t, char* to, std::size_t most) {
    Exchange& exchange = **static_cast<std::shared_ptr<Exchange>*>(cls);
    return exchange.server_.give_piece(exchange, to, most);
  }
  static void upgraded(void* cls, MHD_Connection*, void* context, const char* first, std::size_t size,
                       MHD_socket socket, MHD_UpgradeResponseHandle* handle) {
    auto& exchange = *static_cast<Exchange*>(context);
    exchange.socket_handle_ = handle;
    try {
      const Exchange::SocketTaker taker = std::exchange(exchange.taker_, {});
      taker(socket, {first, size});
    } catch (...) {
      server(cls).close_upgraded(exchange);  // out of memory
    }
  }
  static void free_exchange(void* cls) { delete static_cast<std::shared_ptr<Exchange>*>(cls); }
  static void free_text(void* cls) { delete static_cast<std::string*>(cls); }
};

HttpServer::HttpServer(loop::EventLoop& loop, std::vector<Listener> listeners, const HttpLimits& limits,
                       HttpHandler& handler)
    : loop_(loop),
      limits_(limits),
      handler_(handler),
      listeners_(std::move(listeners)),
      resets_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!resets_) throw SystemError("epoll_create1", "");
  const auto seconds = [](Duration time) {
    return static_cast<unsigned>(
        std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::seconds>(time).count()));
  };
  daemon_ = MHD_start_daemon(
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0,
      nullptr, nullptr, &Callbacks::request, this, MHD_OPTION_NOTIFY_COMPLETED, &Callbacks::completed, this,
      MHD_OPTION_NOTIFY_CONNECTION, &Callbacks::connection, this, MHD_OPTION_CONNECTION_MEMORY_LIMIT, kHeaderMemory,
      MHD_OPTION_CONNECTION_LIMIT,
      // One more than is let in here.
      limits_.max_connections + 1, MHD_OPTION_CONNECTION_TIMEOUT, seconds(limits_.idle), MHD_OPTION_UNESCAPE_CALLBACK,
      &leave_escaped, nullptr, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_EXTERNAL_LOGGER, &log_nothing, nullptr,
      MHD_OPTION_END);
  if (daemon_ == nullptr) throw SystemError("MHD_start_daemon", "");
  daemon_fd_ = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
  listen_again();
  loop_.watch(daemon_fd_, loop::Interest::Read, loop_.caller(), [this] { turn(); });
  loop_.watch(resets_.get(), loop::Interest::Read, loop_.caller(), [this] { look_for_resets(); });
  loop_.watch(wake_.get(), loop::Interest::Read, loop_.caller(), [this] {
    wake_.acknowledge();
    is_woken_ = false;
    turn();
  });
  loop_.watch(timer_.get(), loop::Interest::Read, loop_.caller(), [this] {
    timer_.acknowledge();
    sweep();
    turn();
  });
}

HttpServer::~HttpServer() {
  stop_listening();
  loop_.forget(timer_.get());
  loop_.forget(wake_.get());
  loop_.forget(resets_.get());
  loop_.forget(daemon_fd_);
  // The library takes no end of a daemon with a connection that is suspended.
  for (Connection& connection : connections_) {
    if (!connection.exchange) continue;
    const std::shared_ptr<Exchange> kept = connection.exchange;
    kept->leave();
    kept->return_socket();
    if (std::exchange(connection.exchange->is_suspended_, false)) MHD_resume_connection(connection.handle);
  }
  MHD_stop_daemon(daemon_);
}

void HttpServer::stop_listening() {
  if (!std::exchange(listens_, false)) return;
  for (Listener& listener : listeners_) {
    loop_.forget(listener.socket.get());
    listener.socket.reset();
    if (!listener.unlink.empty()) ::unlink(listener.unlink.c_str());
  }
  for (const Connection& connection : connections_) {
    const auto on_drain = connection.exchange ? connection.exchange->on_drain_ : nullptr;
    if (on_drain) on_drain();
  }
}

void HttpServer::accept(const Listener& listener) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    if (connections_.size() >= limits_.max_connections) {
      // Whether one more waits is only known of the first.
      if (i > 0) break;
      if (!make_room()) return pause_listening();
    }
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    Fd socket(
        ::accept4(listener.socket.get(), reinterpret_cast<sockaddr*>(&address), &length, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) break;
    const int on = 1;
    if (listener.is_tcp) ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // The library closes it, where it refuses it too.
    MHD_add_connection(daemon_, socket.release(), reinterpret_cast<const sockaddr*>(&address), length);
  }
  turn();
}

// They wait in the kernel's queue, which must not turn the loop meanwhile.
void HttpServer::pause_listening() {
  is_paused_ = true;
  for (const Listener& each : listeners_) loop_.forget(each.socket.get());
  timer_.set(loop::now() + kSweepEvery);
}

void HttpServer::listen_again() {
  is_paused_ = false;
  for (const Listener& listener : listeners_) {
    loop_.watch(listener.socket.get(), loop::Interest::Read, loop_.caller(), [this, &listener] { accept(listener); });
  }
}

// Of the connections on which nothing is at work, the one that has been silent for longest goes.
bool HttpServer::make_room() {
  Connection* oldest = nullptr;
  for (Connection& connection : connections_) {
    if (connection.is_closing) return true;
    if (connection.reading_since == Duration{} || connection.exchange) continue;
    if (oldest == nullptr || connection.reading_since < oldest->reading_since) oldest = &connection;
  }
  if (oldest == nullptr || loop::now() - oldest->reading_since < kNewcomer) return false;
  close_soon(*oldest);
  return true;
}

void HttpServer::close_soon(Connection& connection) {
  connection.is_closing = true;
  ::shutdown(connection.fd, SHUT_RDWR);
}

void HttpServer::turn() {
  if (std::exchange(in_turn_, true)) return;
  MHD_run(daemon_);
  in_turn_ = false;
  plan_next_turn();
}

void HttpServer::plan_next_turn() {
  MHD_UNSIGNED_LONG_LONG milliseconds = 0;
  Duration next = connections_.empty() ? Duration::max() : kSweepEvery;
  if (MHD_get_timeout(daemon_, &milliseconds) == MHD_YES) {
    next = std::min<Duration>(next, std::chrono::milliseconds(std::min<MHD_UNSIGNED_LONG_LONG>(milliseconds, 1000)));
  }
  if (next != Duration::max()) timer_.set(loop::now() + next);
}

void HttpServer::sweep() {
  const Duration now = loop::now();
  for (Connection& connection : connections_) {
    if (connection.is_closing) continue;
    const bool reads_too_long =
        connection.reading_since != Duration{} && now - connection.reading_since > limits_.request_time;
    const bool takes_too_long =
        connection.answering_since != Duration{} && now - connection.answering_since > limits_.answer_time;
    // Once nothing more is let in, a connection without a request has nothing to wait for.
    const bool is_idle_at_the_end = !listens_ && !connection.exchange;
    if (reads_too_long || takes_too_long || is_idle_at_the_end) close_soon(connection);
  }
  if (listens_ && is_paused_) listen_again();
}

// An epoll without any event asked for tells of errors and of a full end alone.
void HttpServer::watch_reset(Connection& connection) {
  epoll_event event{};
  event.data.ptr = &connection;
  connection.is_watched = ::epoll_ctl(resets_.get(), EPOLL_CTL_ADD, connection.fd, &event) == 0;
}

void HttpServer::forget_reset(Connection& connection) {
  if (std::exchange(connection.is_watched, false)) {
    ::epoll_ctl(resets_.get(), EPOLL_CTL_DEL, connection.fd, nullptr);
  }
}

void HttpServer::look_for_resets() {
  std::array<epoll_event, 64> events;
  const int count = ::epoll_wait(resets_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
    forget_reset(connection);
    const std::shared_ptr<Exchange> exchange = connection.exchange;
    if (!exchange) continue;
    exchange->leave();
    // The library finds out by itself, once it may look.
    if (exchange->state_ == Exchange::State::Waiting) exchange->answer(refused(503, "the client is gone"));
    if (exchange->state_ == Exchange::State::Streaming) exchange->end();
  }
}

// --- what the library calls ------------------------------------------------------------------------------------------

void HttpServer::on_connection(MHD_Connection* handle, void** context) {
  Connection& connection = connections_.emplace_back();
  *context = &connection;
  connection.handle = handle;
  connection.fd = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  connection.reading_since = loop::now();
  connection.peer = peer_name(connection.fd);
}

void HttpServer::on_connection_closed(void** context) {
  auto* connection = static_cast<Connection*>(*context);
  *context = nullptr;
  if (connection == nullptr) return;
  forget_reset(*connection);
  connections_.remove_if([&](const Connection& each) { return &each == connection; });
}

HttpServer::Connection* HttpServer::connection_of(void* handle) const {
  const auto* info = MHD_get_connection_info(static_cast<MHD_Connection*>(handle), MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info == nullptr ? nullptr : static_cast<Connection*>(info->socket_context);
}

std::shared_ptr<Exchange> HttpServer::begin(MHD_Connection* handle, const char* url, const char* method) {
  Connection* connection = connection_of(handle);
  if (connection == nullptr) return nullptr;
  Request request{method, url, connection->peer, {}, {}, {}};
  MHD_get_connection_values(handle, MHD_HEADER_KIND, &Callbacks::header, &request.headers);
  MHD_get_connection_values(handle, MHD_GET_ARGUMENT_KIND, &Callbacks::header, &request.query);
  auto exchange = std::make_shared<Exchange>(*this, std::move(request));
  exchange->connection_ = handle;
  exchange->began_ = loop::now();
  connection->exchange = exchange;
  ++exchanges_;
  return exchange;
}

int HttpServer::on_request(MHD_Connection* handle, const char* url, const char* method, const char* data,
                           std::size_t* size, void** context) {
  if (*context == nullptr) {
    const std::shared_ptr<Exchange> exchange = begin(handle, url, method);
    if (!exchange) return MHD_NO;
    *context = exchange.get();
    std::optional<Response> refusal = handler_.admit(*exchange);
    if (has_two_lengths(exchange->request().headers)) {
      refuse_now(*exchange, refused(400, "the length of the body is told twice"));
      return reply(handle, *exchange);
    }
    const std::optional<std::string_view> length = exchange->request().header("content-length");
    // The library has seen to it that it is a number.
    const std::uint64_t body = length ? std::strtoull(std::string(*length).c_str(), nullptr, 10) : 0;
    if (!refusal && body > limits_.max_body.count) refusal = handler_.refuse(*exchange, Unread::TooLarge);
    if (refusal) refuse_now(*exchange, std::move(*refusal));
    // Before the body has come: the library closes the connection afterwards.
    if (exchange->is_refused_ && body > kMostDiscarded) return reply(handle, *exchange);
    return MHD_YES;
  }
  auto& exchange = *static_cast<Exchange*>(*context);
  if (*size != 0) return read_some(exchange, data, size);
  if (exchange.state_ == Exchange::State::Reading) {
    exchange.state_ = Exchange::State::Waiting;
    Connection* connection = connection_of(handle);
    connection->reading_since = {};
    watch_reset(*connection);
    try {
      if (!exchange.is_refused_) handler_.take(connection->exchange);
    } catch (const std::exception&) {
      exchange.answer(refused(500, "the server failed"));
    }
  }
  return reply(handle, exchange);
}

int HttpServer::read_some(Exchange& exchange, const char* data, std::size_t* size) {
  exchange.received_ += *size;
  if (!exchange.is_refused_) {
    std::string& body = exchange.request_.body;
    if (exchange.received_ > limits_.max_body.count) {
      refuse_now(exchange, handler_.refuse(exchange, Unread::TooLarge));
    } else if (held_ + *size > 8 * limits_.max_body.count) {
      refuse_now(exchange, handler_.refuse(exchange, Unread::NoMemory));
    } else {
      body.append(data, *size);
      held_ += *size;
    }
  }
  *size = 0;
  // A body without an announced length that does not end.
  return exchange.is_refused_ && exchange.received_ > limits_.max_body.count + kMostDiscarded ? MHD_NO : MHD_YES;
}

void HttpServer::refuse_now(Exchange& exchange, Response response) {
  exchange.is_refused_ = true;
  held_ -= exchange.request_.body.size();
  exchange.request_.body = {};
  exchange.response_ = std::move(response);
}

// Gives the library what there is; suspends the connection where there is nothing yet.
int HttpServer::reply(MHD_Connection* handle, Exchange& exchange) {
  const bool streams = exchange.state_ == Exchange::State::Streaming;
  if (!exchange.response_) {
    MHD_suspend_connection(handle);
    exchange.is_suspended_ = true;
    return MHD_YES;
  }
  Response response = std::move(*exchange.response_);
  exchange.response_.reset();
  exchange.status_ = response.status;
  Connection* connection = connection_of(handle);
  connection->reading_since = {};
  if (exchange.state_ == Exchange::State::Upgraded) return upgrade(handle, exchange, response);
  // A stream's end is its job's.
  if (!streams) connection->answering_since = loop::now();
  MHD_Response* made = nullptr;
  if (streams) {
    made = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 64 << 10, &Callbacks::piece,
                                             new std::shared_ptr<Exchange>(connection->exchange),
                                             &Callbacks::free_exchange);
  } else {
    exchange.state_ = Exchange::State::Answered;
    exchange.bytes_out_ = response.body.size();
    auto* body = new std::string(std::move(response.body));
    made =
        MHD_create_response_from_buffer_with_free_callback_cls(body->size(), body->data(), &Callbacks::free_text, body);
  }
  if (made == nullptr) return MHD_NO;
  if (!response.type.empty()) MHD_add_response_header(made, MHD_HTTP_HEADER_CONTENT_TYPE, response.type.c_str());
  for (const auto& [name, value] : response.headers) MHD_add_response_header(made, name.c_str(), value.c_str());
  if (!listens_) MHD_add_response_header(made, MHD_HTTP_HEADER_CONNECTION, "close");
  const MHD_Result queued = MHD_queue_response(handle, static_cast<unsigned>(response.status), made);
  MHD_destroy_response(made);
  return queued;
}

// What is sent and received from then on is whoever's has the socket; so is finding out that the other end is gone.
int HttpServer::upgrade(MHD_Connection* handle, Exchange& exchange, const Response& response) {
  forget_reset(*connection_of(handle));
  MHD_Response* made = MHD_create_response_for_upgrade(&Callbacks::upgraded, this);
  if (made == nullptr) return MHD_NO;
  for (const auto& [name, value] : response.headers) MHD_add_response_header(made, name.c_str(), value.c_str());
  const MHD_Result queued = MHD_queue_response(handle, static_cast<unsigned>(response.status), made);
  MHD_destroy_response(made);
  if (queued != MHD_YES) exchange.leave();
  return queued;
}

void HttpServer::close_upgraded(Exchange& exchange) noexcept {
  void* const handle = std::exchange(exchange.socket_handle_, nullptr);
  if (handle == nullptr) return;
  MHD_upgrade_action(static_cast<MHD_UpgradeResponseHandle*>(handle), MHD_UPGRADE_ACTION_CLOSE);
  wake();
}

void HttpServer::on_completed(void** context) {
  auto* exchange = static_cast<Exchange*>(*context);
  *context = nullptr;
  if (exchange == nullptr) return;
  const std::shared_ptr<Exchange> kept = exchange->shared_from_this();
  if (Connection* connection = connection_of(exchange->connection_)) {
    forget_reset(*connection);
    connection->exchange.reset();
    connection->answering_since = {};
    connection->reading_since = loop::now();
  }
  --exchanges_;
  held_ -= exchange->request_.body.size();
  exchange->request_.body = {};
  held_ -= std::exchange(exchange->holds_, 0);
  const bool was_answered = exchange->state_ == Exchange::State::Answered ||
                            exchange->state_ == Exchange::State::Upgraded ||
                            (exchange->state_ == Exchange::State::Streaming && exchange->has_ended_);
  exchange->connection_ = nullptr;
  if (!was_answered) exchange->leave();
  exchange->on_gone_ = {};
  exchange->on_room_ = {};
  exchange->on_drain_ = {};
  handler_.finished(*kept, was_answered ? kept->status_ : 0, kept->bytes_out_, loop::now() - kept->began_);
}

std::ptrdiff_t HttpServer::give_piece(Exchange& exchange, char* to, std::size_t most) {
  const std::size_t count = std::min(most, exchange.unsent());
  if (count == 0 && exchange.has_ended_) return MHD_CONTENT_READER_END_OF_STREAM;
  if (count == 0) {
    MHD_suspend_connection(static_cast<MHD_Connection*>(exchange.connection_));
    exchange.is_suspended_ = true;
    return 0;
  }
  std::copy_n(exchange.pending_.data() + exchange.sent_, count, to);
  exchange.sent_ += count;
  exchange.bytes_out_ += count;
  if (exchange.sent_ >= exchange.pending_.size() / 2) {
    exchange.pending_.erase(0, std::exchange(exchange.sent_, 0));
    if (exchange.on_room_) std::exchange(exchange.on_room_, {})();
  }
  return static_cast<std::ptrdiff_t>(count);
}

void HttpServer::resume(Exchange& exchange) {
  if (!std::exchange(exchange.is_suspended_, false)) return;
  MHD_resume_connection(static_cast<MHD_Connection*>(exchange.connection_));
  wake();
}

// The library's epoll does not tell of what is resumed. Once for all of it in this turn of the loop.
void HttpServer::wake() {
  if (!std::exchange(is_woken_, true)) wake_.set({});
}

}  // namespace evalrun::serve
