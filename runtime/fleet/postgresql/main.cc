// evalrun-postgresql: the way from evalrun to a queue in a PostgreSQL database. evalrun starts it with a socket as
// standard input and speaks to it as to a Redis server: a list of words, and one answer for each, in their order. It is
// a program of its own since libpq's libraries cannot be linked statically, and since neither they nor the database's
// password belong into the process that supervises strangers' programs (docs/decisions/135).
//
// The first call is CONNECT and the address. An answer that begins with AWAY says that the call is to be made again on
// another connection, and is the last one.
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>

#include "runtime/core/text.h"
#include "runtime/fleet/postgresql/database.h"
#include "runtime/fleet/queue/queue.h"
#include "runtime/fleet/queue/redis_reply.h"

namespace evalrun::fleet {
namespace {

std::string error_answer(std::string_view kind, const std::string& text) {
  return "-" + std::string(kind) + " " + one_line(text) + "\r\n";
}

std::string answer_of(const std::vector<Database::Row>& rows) {
  std::string answer = "*" + std::to_string(rows.size()) + "\r\n";
  for (const Database::Row& row : rows) {
    answer += "*" + std::to_string(row.size()) + "\r\n";
    for (const std::optional<std::string>& value : row) {
      if (!value) {
        answer += "$-1\r\n";
        continue;
      }
      answer += "$" + std::to_string(value->size()) + "\r\n" + *value + "\r\n";
    }
  }
  return answer;
}

class Relay {
 public:
  // Throws what the database throws.
  std::string answer(const RedisReply& call) {
    std::vector<std::string> words;
    for (const RedisReply& word : call.elements) words.push_back(word.text);
    if (words.size() >= 2 && words[0] == "CONNECT") {
      database_.emplace(words[1]);
      return answer_of({{database_->warning()}});
    }
    if (words.size() < 2 || !database_) throw QueueError("this is no call of a queue");
    const std::string step = words.front();
    words.erase(words.begin());
    return answer_of(database_->run(step, words));
  }

 private:
  std::optional<Database> database_;
};

bool send_all(const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = ::send(STDIN_FILENO, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

int serve() {
  Relay relay;
  RedisReader reader;
  std::array<char, 64U << 10> buffer;
  for (;;) {
    const ssize_t count = ::recv(STDIN_FILENO, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return 0;
    reader.feed({buffer.data(), static_cast<std::size_t>(count)});
    while (const std::optional<RedisReply> call = reader.next()) {
      try {
        if (!send_all(relay.answer(*call))) return 0;
      } catch (const DatabaseAway& error) {
        send_all(error_answer("AWAY", error.what()));
        return 0;
      } catch (const QueueError& error) {
        send_all(error_answer("REFUSED", error.what()));
        return 1;
      }
    }
  }
}

}  // namespace
}  // namespace evalrun::fleet

int main() {
  struct stat status {};
  if (::fstat(STDIN_FILENO, &status) != 0 || !S_ISSOCK(status.st_mode)) {
    std::fputs("evalrun-postgresql is started by evalrun, for --queue postgresql://...\n", stderr);
    return 2;
  }
  // It ends with the socket. A worker that is to end still has calls to make.
  for (const int end : {SIGINT, SIGTERM, SIGHUP}) ::signal(end, SIG_IGN);
  try {
    return evalrun::fleet::serve();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "evalrun-postgresql: %s\n", error.what());
    return 3;
  }
}
