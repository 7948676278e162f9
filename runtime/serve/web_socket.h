// One WebSocket connection inside the event loop: messages in, messages out, pings, and its end.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/loop/event_loop.h"
#include "runtime/serve/exchange.h"
#include "runtime/serve/web_socket_frames.h"

namespace evalrun::serve {

// Why a request cannot become a WebSocket; none: it can.
std::optional<Response> socket_refusal(const Request& request);

class WebSocket : public std::enable_shared_from_this<WebSocket> {
 public:
  // What becomes of what arrives. The functions are called from the loop, and are dropped with the connection.
  struct Handlers {
    std::function<void(SocketMessage)> message;  // a Text or a Binary
    std::function<void()> room;                  // less than half of kMuch is still to be sent
    std::function<void()> drain;                 // the server is ending
    std::function<void()> gone;                  // once: nothing more is received or sent
  };

  // Answers `exchange` with 101, for which socket_refusal() has found nothing. `most`: bytes of one message.
  static std::shared_ptr<WebSocket> open(loop::EventLoop& loop, const std::shared_ptr<Exchange>& exchange,
                                         std::size_t most, Handlers handlers);
  WebSocket(loop::EventLoop& loop, std::shared_ptr<Exchange> exchange, std::size_t most, Handlers handlers);
  ~WebSocket();
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  void send(SocketMessageKind kind, std::string_view payload);
  // After all that was sent before. What still arrives is dropped.
  void close(SocketClose code, std::string_view why = "");

  // Of what was sent, still here.
  [[nodiscard]] std::size_t unsent() const noexcept { return pending_.size() - sent_; }
  [[nodiscard]] bool is_over() const noexcept { return phase_ == Phase::Over; }
  // Reads nothing more until it is called with Read again.
  enum class Reading { Read, Pause };
  void set_reading(Reading reading);

  // A sender should wait while more than this is unsent.
  static constexpr std::size_t kMuch = 1 << 20;

 private:
  enum class Phase { Opening, Open, Closing, Over };

  void take_socket(int socket, std::string_view first);
  void plan();
  void guarded(const std::function<void()>& act);
  void read_some();
  void look_at_messages();
  void on_message(SocketMessage message);
  void write_some();
  void on_timer();
  void end();

  loop::EventLoop& loop_;
  std::shared_ptr<Exchange> exchange_;
  SocketReader reader_;
  Handlers handlers_;
  Phase phase_ = Phase::Opening;
  int socket_ = -1;  // the library's; it closes it after end()
  Fd writer_;        // the same, to be watched for room
  std::string pending_;
  std::size_t sent_ = 0;  // of pending_
  Reading reading_ = Reading::Read;
  bool is_read_watched_ = false, is_write_watched_ = false;
  bool understands_ = true;  // what the other end sends; false once it has broken a rule
  bool was_asked_to_close_ = false;
  loop::Timer timer_;
  Duration heard_{}, pinged_{}, closing_since_{};
};

}  // namespace evalrun::serve
