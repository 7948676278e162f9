#include "runtime/serve/go_judge_sessions.h"

#include <map>
#include <utility>

#include "runtime/core/text.h"
#include "runtime/serve/bounded_json.h"

namespace evalrun::serve {
namespace {

using nlohmann::ordered_json;

// Text of a result: in the background where it is large.
void put_into_words(Workshop& shop, std::vector<GoResult> results, std::string id,
                    std::function<void(std::string)> then) {
  if (size_of(results) <= kLargeOutput) return then(response_text(id, results));
  const auto text = std::make_shared<std::string>();
  shop.background.give([text, results = std::move(results), id] { *text = response_text(id, results); },
                       [text, id, then = std::move(then)](std::exception_ptr thrown) {
                         then(thrown ? error_text(id, "the server failed at this result") : std::move(*text));
                       });
}

// ---- /ws ------------------------------------------------------------------------------------------------------------

class GoSocket : public std::enable_shared_from_this<GoSocket> {
 public:
  GoSocket(const GoContext& context, std::shared_ptr<Exchange> exchange)
      : context_(context), exchange_(std::move(exchange)) {}

  void open(std::size_t most_bytes) {
    const auto self = shared_from_this();
    socket_ = WebSocket::open(context_.shop.loop, exchange_, most_bytes,
                              {.message = [self](const SocketMessage& message) { self->take(message.payload); },
                               .room =
                                   [self] {
                                     if (self->socket_) self->socket_->set_reading(WebSocket::Reading::Read);
                                   },
                               .drain =
                                   [self] {
                                     self->is_draining_ = true;
                                     self->close_if_done();
                                   },
                               .gone = [self] { self->leave(); }});
  }

 private:
  void take(const std::string& text) {
    GoMessage message;
    try {
      message = read_go_message(text);
    } catch (const BadField& failed) {
      return socket_->close(SocketClose::Policy, failed.what());
    }
    if (!message.cancelled.empty()) {
      const auto found = live_.find(message.cancelled);
      if (found == live_.end()) return;
      const std::shared_ptr<GoGroup> group = found->second;
      return group->stop();
    }
    const std::string why = why_not(message);
    if (!why.empty()) return answer(error_text(message.id, why));
    const std::string id = message.id;
    const auto group =
        std::make_shared<GoGroup>(context_, exchange_, std::move(*message.request),
                                  [self = weak_from_this(), id](std::optional<std::vector<GoResult>> results) {
                                    if (const auto kept = self.lock()) kept->settle(id, std::move(results));
                                  });
    live_[id] = group;
    try {
      group->begin();
    } catch (const BadField& failed) {
      live_.erase(id);
      answer(error_text(id, failed.what()));
    }
  }

  // Why a request is not taken; "" where it is.
  [[nodiscard]] std::string why_not(const GoMessage& message) const {
    if (message.id.empty()) return "empty request id";
    if (live_.contains(message.id)) return "duplicated request id: " + in_quotes(message.id);
    if (!message.request) return message.error;
    if (message.request->has_streams) return "streams are offered on /stream alone";
    if (is_draining_) return "the server is ending; try another one";
    return context_.shop.queue.has_room(message.request->commands.size()) ? "" : "worker queue is full";
  }

  void settle(const std::string& id, std::optional<std::vector<GoResult>> results) {
    live_.erase(id);
    if (!results) return answer(error_text(id, "request cancelled before execute"));
    ++in_words_;
    put_into_words(context_.shop, std::move(*results), id, [self = weak_from_this()](const std::string& text) {
      const auto kept = self.lock();
      if (!kept) return;
      --kept->in_words_;
      kept->answer(text);
    });
  }

  void answer(const std::string& text) {
    if (!socket_) return;
    socket_->send(SocketMessageKind::Text, text);
    if (!socket_) return;
    // Whoever does not read what was answered asks for nothing more.
    if (socket_->unsent() > WebSocket::kMuch) socket_->set_reading(WebSocket::Reading::Pause);
    close_if_done();
  }

  void close_if_done() {
    if (is_draining_ && live_.empty() && in_words_ == 0 && socket_) socket_->close(SocketClose::GoingAway);
  }

  void leave() {
    socket_.reset();
    for (const auto& [id, group] : std::exchange(live_, {})) group->abandon();
  }

  const GoContext context_;
  const std::shared_ptr<Exchange> exchange_;
  std::shared_ptr<WebSocket> socket_;  // null once it is gone
  std::map<std::string, std::shared_ptr<GoGroup>> live_;
  std::size_t in_words_ = 0;
  bool is_draining_ = false;
};

// ---- /stream --------------------------------------------------------------------------------------------------------

constexpr char kRequest = 1, kResize = 2, kInput = 3, kCancel = 4;  // from the client
constexpr char kResult = 1, kOutput = 2;                            // from the server

class GoStreamSession : public std::enable_shared_from_this<GoStreamSession> {
 public:
  GoStreamSession(const GoContext& context, std::shared_ptr<Exchange> exchange)
      : context_(context), exchange_(std::move(exchange)) {}

  void open(std::size_t most_bytes) {
    const auto self = shared_from_this();
    socket_ = WebSocket::open(context_.shop.loop, exchange_, most_bytes,
                              {.message = [self](const SocketMessage& message) { self->take(message.payload); },
                               .room = {},
                               .drain =
                                   [self] {
                                     if (!self->group_ && self->socket_) self->socket_->close(SocketClose::GoingAway);
                                   },
                               .gone = [self] { self->leave(); }});
  }

 private:
  void take(const std::string& bytes) {
    const char type = bytes.empty() ? '\0' : bytes.front();
    if (!group_ && type != kRequest) return refuse("the first stream request must be exec request");
    switch (type) {
      case kRequest: return group_ ? refuse("there is a request already") : begin(std::string_view(bytes).substr(1));
      case kResize: return refuse("stream is not a tty");
      case kInput: return feed(bytes);
      case kCancel: return group_->stop();
      default: return refuse("invalid type code");
    }
  }

  // go-judge closes the connection, too.
  void refuse(const std::string& why) { socket_->close(SocketClose::Policy, why); }

  void begin(std::string_view text) {
    try {
      GoRequest request = read_go_request(text, GoStreams::Offered);
      if (!context_.shop.queue.has_room()) return refuse("worker queue is full");
      const std::weak_ptr<GoStreamSession> weak = weak_from_this();
      OutsideStreams outside = outside_of(request);
      inputs_ = outside.inputs;
      group_ = std::make_shared<GoGroup>(context_, exchange_, std::move(request),
                                         [weak](std::optional<std::vector<GoResult>> results) {
                                           if (const auto kept = weak.lock()) kept->settle(std::move(results));
                                         });
      group_->set_outside(std::move(outside));
      group_->begin();
    } catch (const BadField& failed) {
      refuse(failed.what());
    }
  }

  OutsideStreams outside_of(const GoRequest& request) {
    OutsideStreams outside;
    for (std::size_t i = 0; i < request.commands.size(); ++i) {
      const std::vector<GoFile>& files = request.commands[i].files;
      for (std::size_t fd = 0; fd < files.size(); ++fd) {
        if (!std::holds_alternative<GoStream>(files[fd])) continue;
        if (fd == 0) {
          outside.inputs.push_back(i);
        } else {
          outside.outputs.emplace_back(i, static_cast<int>(fd));
        }
      }
    }
    const std::weak_ptr<GoStreamSession> weak = weak_from_this();
    outside.on_output = [weak](std::size_t index, int fd, std::string_view piece) {
      if (const auto kept = weak.lock()) kept->tell_output(index, fd, piece);
    };
    outside.on_room = [weak] {
      if (const auto kept = weak.lock()) kept->look_at_input();
    };
    outside.on_start = [weak](PipedRuns* runs) {
      if (const auto kept = weak.lock()) kept->set_runs(runs);
    };
    return outside;
  }

  void tell_output(std::size_t index, int fd, std::string_view piece) {
    if (!socket_) return;
    std::string message = {kOutput, static_cast<char>(index << 4 | static_cast<unsigned>(fd))};
    message += piece;
    socket_->send(SocketMessageKind::Binary, message);
  }

  void feed(const std::string& bytes) {
    const auto ends = bytes.size() < 2 ? 0U : static_cast<unsigned char>(bytes[1]);
    const std::size_t index = ends >> 4;
    if (bytes.size() < 2 || (ends & 0xfU) != 0 || std::ranges::find(inputs_, index) == inputs_.end()) {
      return refuse("input does not exist");
    }
    if (runs_ != nullptr) {
      runs_->write_input(index, std::string_view(bytes).substr(2));
    } else if (!has_ended_) {
      early_[index] += bytes.substr(2);
    }
    look_at_input();
  }

  // They have started; null: they are over.
  void set_runs(PipedRuns* runs) {
    runs_ = runs;
    has_ended_ = has_ended_ || runs == nullptr;
    for (const auto& [index, bytes] : std::exchange(early_, {})) {
      if (runs_ != nullptr) runs_->write_input(index, bytes);
    }
    look_at_input();
  }

  // What no program has read yet is bounded: the client waits.
  void look_at_input() {
    if (!socket_) return;
    std::size_t waiting = runs_ == nullptr ? 0 : runs_->waiting_input();
    for (const auto& [index, bytes] : early_) waiting += bytes.size();
    socket_->set_reading(waiting > WebSocket::kMuch ? WebSocket::Reading::Pause : WebSocket::Reading::Read);
  }

  void settle(std::optional<std::vector<GoResult>> results) {
    if (!results) results.emplace(1, failed_result("Internal Error", "request cancelled before execute"));
    put_into_words(context_.shop, std::move(*results), "", [self = weak_from_this()](const std::string& text) {
      const auto kept = self.lock();
      if (!kept || !kept->socket_) return;
      kept->socket_->send(SocketMessageKind::Binary, std::string(1, kResult) + text);
      if (kept->socket_) kept->socket_->close(SocketClose::Normal);
    });
  }

  void leave() {
    socket_.reset();
    if (group_) group_->abandon();
  }

  const GoContext context_;
  const std::shared_ptr<Exchange> exchange_;
  std::shared_ptr<WebSocket> socket_;         // null once it is gone
  std::shared_ptr<GoGroup> group_;            // null: its request has not come
  std::vector<std::size_t> inputs_;           // commands whose standard input comes from here
  std::map<std::size_t, std::string> early_;  // input that came before they have started
  PipedRuns* runs_ = nullptr;
  bool has_ended_ = false;
};

}  // namespace

void begin_go_socket(const GoContext& context, const std::shared_ptr<Exchange>& exchange, std::size_t most_bytes) {
  std::make_shared<GoSocket>(context, exchange)->open(most_bytes);
}

void begin_go_stream(const GoContext& context, const std::shared_ptr<Exchange>& exchange, std::size_t most_bytes) {
  std::make_shared<GoStreamSession>(context, exchange)->open(most_bytes);
}

}  // namespace evalrun::serve
