#include "runtime/fleet/queue/redis_connection.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/fleet/queue/queue.h"

namespace evalrun::fleet {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstBackOff = 50ms;
constexpr Duration kMostBackOff = 1s;
constexpr Duration kConnectTime = 5s;
constexpr std::size_t kReadAtOnce = 64U << 10;
constexpr std::size_t kReadInATurn = 4U << 20;
// Written bytes are dropped from the buffer's front beyond this.
constexpr std::size_t kKeptWritten = 1U << 20;

// A program of ours says why what stands after it is away.
constexpr std::string_view kAway = "AWAY ";

// Not the call's fault, and over some time: the server's memory or disk is full, it loads its data, it has a master
// that it waits for, or another script takes long.
bool is_passing(const std::string& error) {
  constexpr std::array<std::string_view, 11> kPassing = {"LOADING",     "MISCONF",    "OOM ",       "READONLY",
                                                         "BUSY ",       "NOREPLICAS", "MASTERDOWN", "TRYAGAIN",
                                                         "CLUSTERDOWN", "NOSCRIPT",   kAway};
  return std::ranges::any_of(kPassing, [&](std::string_view word) { return error.starts_with(word); });
}

SocketAddress unix_address(const std::string& path) {
  SocketAddress address;
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  ::memcpy(un.sun_path, path.data(), path.size());
  ::memcpy(&address.storage, &un, sizeof un);
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

void set_option(int socket, int level, int name, int value) {
  // It is quicker with it and right without.
  static_cast<void>(::setsockopt(socket, level, name, &value, sizeof value));
}

}  // namespace

RedisConnection::RedisConnection(loop::EventLoop& loop, RedisAddress address)
    : RedisConnection(loop, std::move(address), nullptr) {}

RedisConnection::RedisConnection(loop::EventLoop& loop, std::unique_ptr<Peer> peer)
    : RedisConnection(loop, {}, std::move(peer)) {}

RedisConnection::RedisConnection(loop::EventLoop& loop, RedisAddress address, std::unique_ptr<Peer> peer)
    : loop_(loop), address_(std::move(address)), peer_(std::move(peer)), resolver_(loop) {
  loop_.watch(timer_.get(), loop::Interest::Read, loop_.caller(), [this] { on_timer(); });
  set_timer(loop::now());
}

RedisConnection::~RedisConnection() {
  loop_.forget(timer_.get());
  if (is_writing_) loop_.forget(write_end_.get());
  if (socket_) loop_.forget(socket_.get());
  if (peer_) peer_->end();
}

void RedisConnection::set_timer(Duration at) {
  timer_at_ = at;
  timer_.set(at);
}

void RedisConnection::greet_with(const std::vector<std::string_view>& words, Answered answered) {
  greeting_.emplace_back(redis_command(words), std::move(answered));
}

void RedisConnection::call(const std::vector<std::string_view>& words, Again again, Answered answered) {
  Call call{redis_command(words), again, std::move(answered)};
  if (is_ready()) return send(std::move(call));
  if (again == Again::No) return call.answered(std::nullopt);
  waiting_.push_back(std::move(call));
}

// --- making a connection ---------------------------------------------------------------------------------------------

void RedisConnection::connect() {
  targets_.clear();
  if (peer_) {
    take_socket(peer_->start());
    return on_connected();
  }
  if (!address_.path.empty()) {
    targets_.push_back(unix_address(address_.path));
  } else {
    targets_ = addresses_by_itself(address_.host, address_.port);
  }
  if (!targets_.empty()) return connect_to_next();
  state_ = State::Resolving;
  const auto found = std::make_shared<std::vector<SocketAddress>>();
  resolver_.give([this, found] { *found = look_up(address_.host, address_.port); },
                 [this, found](std::exception_ptr thrown) {
                   if (thrown) std::rethrow_exception(thrown);
                   targets_ = std::move(*found);
                   if (targets_.empty()) return lose("no address is known of " + one_line(address_.host));
                   connect_to_next();
                 });
}

void RedisConnection::connect_to_next() {
  state_ = State::Connecting;
  const SocketAddress target = targets_.front();
  targets_.erase(targets_.begin());
  Fd socket(::socket(target.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) throw SystemError("socket", to_string(address_));
  take_socket(std::move(socket));
  if (target.storage.ss_family != AF_UNIX) {
    set_option(socket_.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(socket_.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
  }
  set_timer(loop::now() + kConnectTime);
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&target.storage), target.size) == 0) {
    return on_connected();
  }
  // EAGAIN: the backlog of a Unix socket is full.
  if (errno != EINPROGRESS) return lose(errno_text(errno));
  is_writing_ = loop_.watch(write_end_.get(), loop::Interest::Write, loop_.caller(), [this] {
    loop_.forget(write_end_.get());
    is_writing_ = false;
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) return lose(errno_text(error));
    on_connected();
  });
}

void RedisConnection::take_socket(Fd socket) {
  socket_ = std::move(socket);
  write_end_ = Fd(::fcntl(socket_.get(), F_DUPFD_CLOEXEC, 0));
  if (!write_end_) throw SystemError("fcntl(F_DUPFD_CLOEXEC)", to_string(address_));
}

void RedisConnection::on_connected() {
  reader_.emplace();
  loop_.watch(socket_.get(), loop::Interest::Read, loop_.caller(), [this] { read(); });
  greet();
}

void RedisConnection::greet() {
  state_ = State::Greeting;
  greetings_left_ = greeting_.size();
  if (greetings_left_ == 0) return on_greeted();
  for (const auto& [command, answered] : greeting_) {
    send({command, Again::No, [this, &answered](std::optional<RedisReply> reply) {
            if (!reply) return;
            answered(std::move(reply));
            if (--greetings_left_ == 0 && state_ == State::Greeting) on_greeted();
          }});
  }
}

void RedisConnection::on_greeted() {
  state_ = State::Ready;
  if (!is_refused_) why_away_.clear();
  std::deque<Call> again = std::exchange(waiting_, {});
  if (on_return_) on_return_();
  for (Call& call : again) {
    if (is_ready()) {
      send(std::move(call));
    } else {
      waiting_.push_back(std::move(call));
    }
  }
}

void RedisConnection::lose(const std::string& why) {
  if (is_writing_) loop_.forget(write_end_.get());
  if (socket_) loop_.forget(socket_.get());
  is_writing_ = false;
  socket_.reset();
  write_end_.reset();
  reader_.reset();
  out_.clear();
  written_ = 0;
  if (peer_) peer_->end();
  if (state_ == State::Connecting && !targets_.empty()) return connect_to_next();
  state_ = State::Away;
  why_away_ = why;
  back_off_ = std::clamp(back_off_ * 2, kFirstBackOff, kMostBackOff);
  // Some of it by chance: workers that lost their server together do not come back together.
  set_timer(loop::now() + back_off_ / 2 + back_off_ / 2 * (::getpid() % 16) / 16);
  std::deque<Call> lost = std::exchange(sent_, {});
  std::deque<Call> again;
  std::vector<Answered> given_up;
  for (Call& call : lost) {
    if (call.again == Again::Yes) {
      again.push_back(std::move(call));
    } else {
      given_up.push_back(std::move(call.answered));
    }
  }
  waiting_.insert(waiting_.begin(), std::make_move_iterator(again.begin()), std::make_move_iterator(again.end()));
  for (const Answered& answered : given_up) answered(std::nullopt);
}

void RedisConnection::on_timer() {
  timer_.acknowledge();
  const Duration now = loop::now();
  if (timer_at_ == Duration{} || now < timer_at_) return;
  timer_at_ = {};
  switch (state_) {
    case State::Away: return connect();
    case State::Resolving: return;
    case State::Connecting: return lose("no connection within " + evalrun::to_string(kConnectTime));
    case State::Greeting:
    case State::Ready: break;
  }
  if (sent_.empty()) return;
  if (now - sent_.front().sent_at >= kSilence) return lose("no answer within " + evalrun::to_string(kSilence));
  set_timer(sent_.front().sent_at + kSilence);
}

// --- calls and answers -----------------------------------------------------------------------------------------------

void RedisConnection::send(Call&& call) {
  call.sent_at = loop::now();
  out_ += call.command;
  // What is never sent again need not be kept.
  if (call.again == Again::No) call.command.clear();
  sent_.push_back(std::move(call));
  if (timer_at_ == Duration{}) set_timer(loop::now() + kSilence);
  if (!is_writing_) write();
}

void RedisConnection::write() {
  while (written_ < out_.size()) {
    const ssize_t count = ::send(write_end_.get(), out_.data() + written_, out_.size() - written_, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      if (written_ > kKeptWritten) {
        out_.erase(0, written_);
        written_ = 0;
      }
      if (is_writing_) return;
      is_writing_ = loop_.watch(write_end_.get(), loop::Interest::Write, loop_.caller(), [this] { write(); });
      return;
    }
    // The end of the connection is read, too, and dealt with there: here a caller is in the middle of something.
    if (count < 0) break;
    written_ += static_cast<std::size_t>(count);
  }
  out_.clear();
  written_ = 0;
  if (is_writing_) loop_.forget(write_end_.get());
  is_writing_ = false;
}

void RedisConnection::read() {
  std::array<char, kReadAtOnce> buffer;
  for (std::size_t total = 0; total < kReadInATurn && socket_;) {
    const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) return lose(errno_text(errno));
    if (count == 0) return lose("the queue has closed the connection");
    total += static_cast<std::size_t>(count);
    reader_->feed({buffer.data(), static_cast<std::size_t>(count)});
    while (reader_) {
      std::optional<RedisReply> reply = reader_->next();
      if (!reply) break;
      take(std::move(*reply));
    }
  }
}

void RedisConnection::take(RedisReply&& reply) {
  if (sent_.empty()) throw QueueError("the queue answers what nobody asked");
  if (reply.kind == RedisReply::Kind::Error) {
    if (is_passing(reply.text)) {
      is_refused_ = true;
      return lose(one_line(reply.text.starts_with(kAway) ? reply.text.substr(kAway.size()) : reply.text));
    }
    throw QueueError("the queue refuses: " + one_line(reply.text));
  }
  const Call call = std::move(sent_.front());
  sent_.pop_front();
  // A server that has just answered is not silent, however long the next call has waited for its turn.
  if (!sent_.empty()) sent_.front().sent_at = loop::now();
  if (is_ready()) {
    is_refused_ = false;
    why_away_.clear();
    back_off_ = {};
  }
  call.answered(std::move(reply));
}

}  // namespace evalrun::fleet
