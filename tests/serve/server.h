// `evalrun serve` as a process of a test's own, and HTTP over plain sockets, well formed or not.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/core/fd.h"
#include "tests/support/command.h"

namespace evalrun::test {

struct Reply {
  int status = 0;  // 0: the connection was closed without an answer
  std::string head, body;

  // A header's value by its name as it was sent; "" where there is none.
  [[nodiscard]] std::string header(const std::string& name) const;
  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
};

class Connection {
 public:
  explicit Connection(const std::string& path);

  // False where the other end is gone.
  bool send(std::string_view bytes);
  void finish_sending();
  // With a reset, as of a client that was killed.
  void reset();
  // The next answer, as far as it comes within the time.
  Reply read(std::chrono::milliseconds timeout = std::chrono::seconds(30));
  // Whether the other end closes within the time; what it sends until then is dropped.
  bool is_closed_within(std::chrono::milliseconds timeout);
  [[nodiscard]] int get() const { return socket_.get(); }

 private:
  bool read_more(std::chrono::steady_clock::time_point until);

  Fd socket_;
  std::string received_;
};

class Server {
 public:
  explicit Server(std::vector<std::string> options = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] Connection connect() const { return Connection(socket_); }
  [[nodiscard]] Reply get(const std::string& path) const { return request("GET", path); }
  [[nodiscard]] Reply post(const std::string& path, const nlohmann::json& body) const {
    return request("POST", path, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }
  // On a connection of its own.
  [[nodiscard]] Reply request(const std::string& method, const std::string& path, const std::string& body = "",
                              const std::string& type = "application/json",
                              const std::vector<std::string>& headers = {}) const;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  // The exit status; none where it has not ended within the time. 128 and more: by a signal.
  std::optional<int> wait(std::chrono::milliseconds timeout = std::chrono::seconds(30));
  [[nodiscard]] std::string log() const;
  [[nodiscard]] const std::string& socket() const { return socket_; }
  // The value of a row of /metrics, as "evalrun_jobs_live"; -1 where there is none.
  [[nodiscard]] double metric(const std::string& row) const;

 private:
  TemporaryFolder folder_;
  std::string socket_;
  pid_t pid_ = -1;
};

// A request as it goes over the wire.
std::string request_text(const std::string& method, const std::string& path, const std::string& body = "",
                         const std::string& type = "application/json", const std::vector<std::string>& headers = {});

}  // namespace evalrun::test
