// HTTP/1.1 over libmicrohttpd, inside an event loop that serves sandboxes too.
//
// Theory of operation. The library parses and frames; it has no thread and opens no socket. Its own epoll is one
// descriptor of the event loop, and a turn of it is made when that descriptor is ready or its time has come. Sockets
// are accepted here. A request is read whole, within its bounds, then handed to the handler; while the handler works
// the connection is suspended, and costs the loop nothing.
//
// Bounds. The request line and headers: 32 KiB. A body: `max_body`; all bodies that are held at a time, together: eight
// times that. Connections: `max_connections`; beyond them the one that has been silent for longest is closed. Silence:
// `idle`. A request must have arrived within `request_time`, however slowly it trickles, and an answer must have been
// taken within `answer_time`. A request that is refused is read to its end, so that its sender sees the answer, unless
// there is too much of it: then the connection is closed.
//
// A client that has closed its own direction still gets its answer. One that has reset the connection is gone, and what
// works for it is told.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/core/fd.h"
#include "runtime/core/units.h"
#include "runtime/loop/event_loop.h"
#include "runtime/serve/exchange.h"
#include "runtime/serve/listener.h"
#include "runtime/serve/serve_options.h"

struct MHD_Connection;
struct MHD_Daemon;

namespace evalrun::serve {

enum class Unread { TooLarge, NoMemory };  // why a body is not taken

class HttpHandler {
 public:
  // The headers are there. A response refuses the request.
  virtual std::optional<Response> admit(Exchange& exchange) = 0;
  // The body is not taken.
  virtual Response refuse(Exchange& exchange, Unread why) = 0;
  // The whole request is there. Answers it now or later. What it throws is answered with 500.
  virtual void take(const std::shared_ptr<Exchange>& exchange) = 0;
  // The answer has gone out, or nobody is there to take it (`status` 0).
  virtual void finished(const Exchange& exchange, int status, std::uint64_t bytes_out, Duration took) = 0;

 protected:
  ~HttpHandler() = default;
};

class HttpServer {
 public:
  // All that is borrowed outlives it. Throws SystemError.
  HttpServer(loop::EventLoop& loop, std::vector<Listener> listeners, const HttpLimits& limits, HttpHandler& handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Takes no more connections. Those that are open are closed with the answer that they wait for.
  void stop_listening();

  // Requests whose answer has not gone out.
  [[nodiscard]] std::size_t open_exchanges() const noexcept { return exchanges_; }
  [[nodiscard]] std::size_t connections() const noexcept { return connections_.size(); }
  [[nodiscard]] std::uint64_t held_bytes() const noexcept { return held_; }

 private:
  friend class Exchange;
  friend struct Callbacks;  // the library's

  struct Connection {
    MHD_Connection* handle = nullptr;
    int fd = -1;
    Duration reading_since{};    // zero: a request of it is at work
    Duration answering_since{};  // zero: no answer is on its way
    bool is_closing = false;
    bool is_watched = false;  // for its reset
    std::string peer;
    std::shared_ptr<Exchange> exchange;  // whose request is at work
  };

  void accept(const Listener& listener);
  void pause_listening();
  void listen_again();
  bool make_room();
  void turn();
  void plan_next_turn();
  void sweep();
  void look_for_resets();
  void watch_reset(Connection& connection);
  void forget_reset(Connection& connection);
  static void close_soon(Connection& connection);
  [[nodiscard]] Connection* connection_of(void* handle) const;

  void on_connection(MHD_Connection* handle, void** context);
  void on_connection_closed(void** context);
  int on_request(MHD_Connection* handle, const char* url, const char* method, const char* data, std::size_t* size,
                 void** context);
  void on_completed(void** context);
  std::shared_ptr<Exchange> begin(MHD_Connection* handle, const char* url, const char* method);
  int read_some(Exchange& exchange, const char* data, std::size_t* size);
  int reply(MHD_Connection* handle, Exchange& exchange);
  void refuse_now(Exchange& exchange, Response response);
  int upgrade(MHD_Connection* handle, Exchange& exchange, const Response& response);
  void close_upgraded(Exchange& exchange) noexcept;
  void resume(Exchange& exchange);
  void wake();
  std::ptrdiff_t give_piece(Exchange& exchange, char* to, std::size_t most);

  loop::EventLoop& loop_;
  const HttpLimits limits_;
  HttpHandler& handler_;
  std::vector<Listener> listeners_;
  bool listens_ = true;
  bool is_paused_ = false;  // while there is no room for a connection
  MHD_Daemon* daemon_ = nullptr;
  int daemon_fd_ = -1;
  loop::Timer timer_;  // of the library's time-outs, and of ours
  Fd resets_;          // an epoll of connections that wait: it tells only of resets
  std::list<Connection> connections_;
  std::size_t exchanges_ = 0;
  std::uint64_t held_ = 0;  // of bodies
  bool in_turn_ = false;
  loop::Timer wake_;  // for a turn that the library's descriptor does not ask for
  bool is_woken_ = false;
};

}  // namespace evalrun::serve
