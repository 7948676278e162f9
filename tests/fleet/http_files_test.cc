// Files of a fleet by HTTP, against a server of the test's own that can do wrong.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "runtime/core/fd.h"
#include "runtime/core/sha256.h"
#include "runtime/fleet/shared_files.h"
#include "tests/support/command.h"

namespace evalrun::test {
namespace {

using namespace fleet;

struct Request {
  std::string verb, path, head, body;
};

// One connection after the other; each is one request.
class HttpServer {
 public:
  using Answer = std::function<std::string(const Request&)>;

  explicit HttpServer(Answer answer)
      : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) throw std::runtime_error("bind");
    ::listen(listener_.get(), 16);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~HttpServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/store"; }
  // "GET /store/sha256/…" of each, in their order.
  std::vector<Request> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    for (;;) {
      const Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!peer) return;
      std::string text;
      char piece[4096];
      const auto read_more = [&] {
        const ssize_t count = ::recv(peer.get(), piece, sizeof piece, 0);
        if (count > 0) text.append(piece, static_cast<std::size_t>(count));
        return count > 0;
      };
      while (text.find("\r\n\r\n") == text.npos && read_more()) {
      }
      const std::size_t end = text.find("\r\n\r\n");
      if (end == text.npos) continue;
      Request request;
      request.head = text.substr(0, end + 2);
      request.verb = text.substr(0, text.find(' '));
      request.path =
          text.substr(request.verb.size() + 1, text.find(' ', request.verb.size() + 1) - request.verb.size() - 1);
      if (const std::size_t at = request.head.find("Content-Length: "); at != text.npos) {
        const std::size_t size = std::stoul(request.head.substr(at + 16));
        while (text.size() < end + 4 + size && read_more()) {
        }
      }
      request.body = text.substr(end + 4);
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      const std::string answer = answer_(request);
      ::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
      ::shutdown(peer.get(), SHUT_WR);
      // What it still sends is read, so that the answer arrives.
      while (::recv(peer.get(), piece, sizeof piece, 0) > 0) {
      }
    }
  }

  Answer answer_;
  Fd listener_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::vector<Request> requests_;
  std::thread thread_;
};

std::string answer_with(const std::string& status, const std::string& body, const std::string& more = "") {
  return "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         more + "\r\n" + body;
}

class Store {
 public:
  std::string operator()(const Request& request) {
    if (request.verb == "PUT") {
      files_[request.path] = request.body;
      return answer_with("201 Created", "");
    }
    const auto found = files_.find(request.path);
    if (found == files_.end()) return answer_with("404 Not Found", "there is no such file");
    std::string answer = answer_with("200 OK", found->second);
    if (request.verb == "HEAD") answer.resize(answer.size() - found->second.size());
    return answer;
  }

 private:
  std::map<std::string, std::string> files_;
};

class HttpFiles : public testing::Test {
 protected:
  FileDigest put(const HttpServer& server, const std::string& text) {
    return put_shared_file(SharedPlace::named(server.url()), own_.write("file", text).string());
  }
  // What is wrong with fetching it; "": it was had, and is what it should be.
  std::string fetched(const std::string& url, const std::string& text) {
    FileCache cache(SharedPlace::named(url), cache_.path(), 1_MiB);
    const FileDigest file{sha256_hex(text), text.size()};
    std::string wrong;
    try {
      cache.fetch(file);
      cache.add(file);
      EXPECT_EQ(read_file(*cache.hold(file)), text);
    } catch (const SharedFileError& error) {
      wrong = error.what();
      // Nothing of it is left, but for the lock.
      EXPECT_EQ(std::distance(std::filesystem::directory_iterator(cache_.path()), {}), 1);
    }
    return wrong;
  }
  static bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

  TemporaryFolder own_, cache_;
};

TEST_F(HttpFiles, go_to_the_server_once_and_come_back_as_they_were) {
  HttpServer server{Store()};
  std::string text(300000, 'x');
  text += std::string("\0\r\n\xff", 4);
  const FileDigest file = put(server, text);
  EXPECT_EQ(file, (FileDigest{sha256_hex(text), text.size()}));
  put(server, text);
  std::string verbs;
  for (const Request& request : server.requests()) {
    verbs += request.verb + " ";
    EXPECT_EQ(request.path, "/store/sha256/" + file.hex.substr(0, 2) + "/" + file.hex);
  }
  EXPECT_EQ(verbs, "HEAD PUT HEAD ");
  EXPECT_EQ(fetched(server.url(), text), "");
  EXPECT_EQ(fetched(server.url() + "/", text), "");
  put(server, "");
  EXPECT_EQ(fetched(server.url(), ""), "");
}

TEST_F(HttpFiles, that_the_server_has_not_or_cannot_give_are_no_files) {
  HttpServer none{Store()}, broken([](const Request&) { return answer_with("500 Oops", "hello"); });
  EXPECT_TRUE(has(fetched(none.url(), "hello"), ": it is not there"));
  EXPECT_TRUE(has(fetched(broken.url(), "hello"), "the server answers 500"));
  EXPECT_THROW(put(broken, "hello"), SharedFileError);
  std::string gone;
  {
    HttpServer server{Store()};
    gone = server.url();
  }
  // Neither a password nor a token is in a message.
  gone.insert(7, "ada:secret@");
  const std::string wrong = fetched(gone, "hello");
  EXPECT_TRUE(has(wrong, "Connection refused") || has(wrong, "Couldn't connect")) << wrong;
  EXPECT_FALSE(has(wrong, "secret")) << wrong;
}

TEST_F(HttpFiles, that_are_not_what_their_name_says_are_no_files) {
  for (const std::string body : {"evils", "hell", "hello-and-more", ""}) {
    HttpServer server([&](const Request&) { return answer_with("200 OK", body); });
    EXPECT_NE(fetched(server.url(), "hello"), "") << body;
  }
  // Without a length, as long as it likes.
  HttpServer endless(
      [](const Request&) { return "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + std::string(2 << 20, 'x'); });
  EXPECT_NE(fetched(endless.url(), "hello"), "");
  HttpServer cut([](const Request&) { return std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"); });
  EXPECT_NE(fetched(cut.url(), "hello"), "");
  HttpServer good([](const Request&) { return std::string("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"); });
  EXPECT_EQ(fetched(good.url(), "hello"), "");
}

TEST_F(HttpFiles, are_redirected_three_times_and_a_token_goes_to_no_other_host) {
  ::setenv("EVALRUN_FILES_TOKEN", "secret", 1);
  HttpServer other([](const Request&) { return answer_with("200 OK", "hello"); });
  int left = 3;
  HttpServer server([&](const Request&) {
    return answer_with("302 Found", "", left-- > 0 ? "Location: " + other.url() + "\r\n" : "Location: /round\r\n");
  });
  EXPECT_EQ(fetched(server.url(), "hello"), "");
  EXPECT_TRUE(has(server.requests().at(0).head, "Authorization: Bearer secret"));
  EXPECT_FALSE(has(other.requests().at(0).head, "secret"));
  left = 0;
  EXPECT_NE(fetched(server.url(), "hello"), "");
  EXPECT_EQ(server.requests().size(), 1U + 4U);
  // What is put is put here or nowhere.
  EXPECT_THROW(put(server, "hello"), SharedFileError);
  EXPECT_EQ(other.requests().size(), 1U);
  HttpServer to_a_file(
      [](const Request&) { return answer_with("302 Found", "", "Location: file:///etc/hostname\r\n"); });
  EXPECT_TRUE(has(fetched(to_a_file.url(), "hello"), "Protocol")) << fetched(to_a_file.url(), "hello");
  ::unsetenv("EVALRUN_FILES_TOKEN");
}

}  // namespace
}  // namespace evalrun::test
