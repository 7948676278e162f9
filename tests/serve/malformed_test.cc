// HTTP that is none: whatever comes over the socket, the server answers it or closes the connection, and goes on.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/serve/server.h"

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const std::string kJob = R"({"image":"bash","argv":["true"]})";

std::string with_headers(const std::string& headers, const std::string& body = kJob) {
  return "POST /v1/run HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n" + body;
}

struct Malformed {
  const char* name;
  std::string text;
  std::vector<int> statuses;  // any of these; 0: closed without an answer
};

std::vector<Malformed> corpus() {
  const std::string length = "Content-Length: " + std::to_string(kJob.size()) + "\r\n";
  return {
      {"nothing", "", {0}},
      {"an empty line", "\r\n\r\n", {0}},
      {"bytes", std::string("\0\1\2\3\xff\xfe\r\n\r\n", 10), {0, 400, 404, 405, 505}},
      {"a TLS hello", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15), {0, 400, 404, 505}},
      {"no version", "GET /metrics\r\n\r\n", {0, 400, 505}},
      {"another version", "GET /metrics HTTP/3.7\r\nHost: localhost\r\n\r\n", {0, 400, 505}},
      {"an unknown method", "BREW /v1/run HTTP/1.1\r\nHost: localhost\r\n\r\n", {405}},
      {"no host", "GET /metrics HTTP/1.1\r\n\r\n", {200, 400}},
      {"a path up", "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 404}},
      {"a path with NUL",
       std::string("GET /metrics\0x HTTP/1.1\r\nHost: localhost\r\n\r\n", 46),
       {0, 200, 400, 404, 505}},
      {"an escaped NUL", "GET /metrics%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 404}},
      {"half an escape", "GET /metrics% HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 404}},
      {"a very long path", "GET /" + std::string(100000, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n", {0, 414, 431}},
      {"a very long header",
       "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(100000, 'a') + "\r\n\r\n",
       {0, 413, 431}},
      {"very many headers",
       [] {
         std::string text = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n";
         for (int i = 0; i < 5000; ++i) text += "X-" + std::to_string(i) + ": y\r\n";
         return text + "\r\n";
       }(),
       {0, 413, 431}},
      {"a header without a colon", with_headers("Nonsense\r\n" + length), {0, 400}},
      {"a header with a space before the colon", with_headers("Content-Length : 5\r\n" + length), {0, 200, 400}},
      {"a length that is no number", with_headers("Content-Length: many\r\n"), {0, 400}},
      {"a negative length", with_headers("Content-Length: -1\r\n"), {0, 400}},
      {"a length past 64 bits", with_headers("Content-Length: 99999999999999999999999\r\n"), {0, 400, 413}},
      {"a length of all memory", with_headers("Content-Length: 18446744073709551615\r\n"), {0, 400, 413}},
      {"a length of 1 TiB", with_headers("Content-Length: 1099511627776\r\n"), {413}},
      {"chunks without a size", with_headers("Transfer-Encoding: chunked\r\n", "\r\n\r\n"), {0, 400}},
      {"chunks of no hexadecimal size",
       with_headers("Transfer-Encoding: chunked\r\n", "zz\r\nabc\r\n0\r\n\r\n"),
       {0, 400}},
      {"a chunk past 64 bits",
       with_headers("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nabc\r\n"),
       {0, 400, 413}},
      {"an empty body", with_headers("Content-Length: 0\r\n", ""), {400}},
      {"JSON that is cut", with_headers("Content-Length: 5\r\n", kJob.substr(0, 5)), {400}},
      {"JSON that nests",
       [] {
         const std::string body(200000, '[');
         return with_headers("Content-Length: " + std::to_string(body.size()) + "\r\n", body);
       }(),
       {400}},
      {"JSON that is not UTF-8", with_headers("Content-Length: 9\r\n", "{\"a\":\"\xff\"}"), {400}},
      {"a number past all bounds", with_headers("Content-Length: 11\r\n", "{\"a\":1e999}"), {400}},
      {"a body that nobody waits for",
       "GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc",
       {200}},
  };
}

TEST(ServeMalformed, what_is_no_request_is_answered_or_cut_off_and_the_server_goes_on) {
  const Server server({"--idle", "2s", "--request-time", "3s"});
  for (const Malformed& one : corpus()) {
    Connection connection = server.connect();
    connection.send(one.text);
    connection.finish_sending();
    const Reply reply = connection.read(10s);
    EXPECT_TRUE(std::ranges::find(one.statuses, reply.status) != one.statuses.end())
        << one.name << ": " << reply.status << " " << reply.body;
  }
  EXPECT_EQ(server.request("POST", "/v1/run", kJob).status, 200);
  EXPECT_EQ(server.metric("evalrun_jobs_live"), 0);
}

TEST(ServeMalformed, a_second_request_cannot_hide_in_the_body_of_the_first) {
  const Server server;
  // The same request by two lengths: whoever stands in front could read it otherwise.
  for (const std::string& both : {std::string("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
                                  std::string("Content-Length: 5\r\nContent-Length: 60\r\n")}) {
    Connection connection = server.connect();
    connection.send(with_headers(both, "0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    const Reply first = connection.read(5s);
    EXPECT_NE(first.status, 200) << both;
    const Reply second = connection.read(2s);
    EXPECT_NE(second.status, 200) << both;
  }
}

TEST(ServeMalformed, bytes_by_chance_end_no_server) {
  const Server server({"--idle", "1s", "--request-time", "2s"});
  std::mt19937 random(20261128);
  const std::string valid = request_text("POST", "/v1/run", kJob);
  for (int i = 0; i < 150; ++i) {
    std::string text = valid;
    const std::size_t changes = 1 + random() % 6;
    for (std::size_t change = 0; change < changes; ++change) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0: text[at] = static_cast<char>(random()); break;
        case 1: text.erase(at, 1 + random() % 8); break;
        case 2: text.insert(at, std::string(1 + random() % 40, static_cast<char>(random()))); break;
        default: text.insert(at, text.substr(random() % text.size(), random() % 30)); break;
      }
      if (text.empty()) text = "x";
    }
    Connection connection = server.connect();
    connection.send(text);
    connection.finish_sending();
    static_cast<void>(connection.read(5s));
  }
  EXPECT_EQ(server.request("POST", "/v1/run", kJob).json()["verdict"], "OK");
}

}  // namespace
}  // namespace evalrun::test
