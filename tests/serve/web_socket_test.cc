// go-judge's /ws and /stream, over a WebSocket client of the test's own, well formed or not.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <thread>

#include "runtime/serve/web_socket_frames.h"
#include "tests/serve/server.h"

namespace evalrun::test {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr std::uint64_t kSecond = 1000000000;

// ---- The frames -----------------------------------------------------------------------------------------------------

// As a client sends one.
std::string masked(unsigned first, std::string_view payload, std::optional<std::uint64_t> claimed = {}) {
  const std::uint64_t length = claimed.value_or(payload.size());
  std::string frame(1, static_cast<char>(first));
  if (length < 126) {
    frame += static_cast<char>(0x80 | length);
  } else if (length < 65536) {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(length >> 8);
    frame += static_cast<char>(length & 0xff);
  } else {
    frame += static_cast<char>(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8) frame += static_cast<char>(length >> shift & 0xff);
  }
  const std::string mask = "\x12\x34\x56\x78";
  frame += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ mask[i % 4]);
  return frame;
}

constexpr unsigned kLast = 0x80;

// What a reader makes of these bytes: "1:text 9:ping", or "error 1002".
std::string read_all(std::string_view bytes, std::size_t at_a_time, std::size_t most = 1000) {
  serve::SocketReader reader(most);
  std::string told;
  try {
    for (std::size_t i = 0; i < bytes.size(); i += at_a_time) {
      reader.add(bytes.substr(i, at_a_time));
      while (const auto message = reader.next()) {
        told += std::to_string(static_cast<int>(message->kind)) + ":" + message->payload + " ";
      }
    }
  } catch (const serve::SocketError& error) {
    told += "error " + std::to_string(static_cast<int>(error.code()));
  }
  return told;
}

TEST(web_socket_frames, are_read_whole_in_pieces_and_around_each_other) {
  const std::string frames = masked(kLast | 1, "text") + masked(2, "in ") + masked(kLast | 9, "ping") +
                             masked(0, "three ") + masked(kLast, "parts") + masked(kLast | 10, "") +
                             masked(kLast | 8, std::string("\x03\xe8", 2) + "bye");
  const std::string told = "1:text 9:ping 2:in three parts 10: 8:" + std::string("\x03\xe8", 2) + "bye ";
  for (const std::size_t at_a_time : {1U, 3U, 1000U}) EXPECT_EQ(read_all(frames, at_a_time), told) << at_a_time;
}

TEST(web_socket_frames, that_break_a_rule_are_told_from_their_allowed_twins) {
  const struct {
    const char* what;
    std::string allowed, refused, error;
  } rows[] = {
      {"a mask", masked(kLast | 1, "a"),
       std::string("\x81\x01"
                   "a"),
       "error 1002"},
      {"a reserved bit", masked(kLast | 1, ""), masked(kLast | 0x40 | 1, ""), "error 1002"},
      {"an opcode", masked(kLast | 2, ""), masked(kLast | 3, ""), "error 1002"},
      {"an opcode of control", masked(kLast | 10, ""), masked(kLast | 11, ""), "error 1002"},
      {"a beginning", masked(1, "") + masked(kLast, ""), masked(kLast, ""), "error 1002"},
      {"one at a time", masked(1, "") + masked(kLast, ""), masked(1, "") + masked(kLast | 1, ""), "error 1002"},
      {"control in one part", masked(kLast | 9, ""), masked(9, ""), "error 1002"},
      {"control that is short", masked(kLast | 9, std::string(125, 'a')), masked(kLast | 9, std::string(126, 'a')),
       "error 1002"},
      {"a close with a code", masked(kLast | 8, ""), masked(kLast | 8, "a"), "error 1002"},
      {"a code that may be sent", masked(kLast | 8, "\x03\xe9"), masked(kLast | 8, "\x03\xed"), "error 1002"},
      {"UTF-8", masked(kLast | 1, "\xc3\xa4"), masked(kLast | 1, "\xc3"), "error 1007"},
      {"bytes are no text", masked(kLast | 2, "\xc3"), masked(kLast | 1, "\xc3"), "error 1007"},
      {"the bound", masked(kLast | 2, std::string(1000, 'a')), masked(kLast | 2, std::string(1001, 'a')), "error 1009"},
      {"the bound of all parts", masked(2, std::string(500, 'a')) + masked(kLast, std::string(500, 'a')),
       masked(2, std::string(500, 'a')) + masked(kLast, std::string(501, 'a')), "error 1009"},
      {"a length that is only claimed", masked(kLast | 2, ""), masked(kLast | 2, "", ~std::uint64_t{0}), "error 1009"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(read_all(row.allowed, 1000).find("error"), std::string::npos) << row.what;
    EXPECT_NE(read_all(row.refused, 1000).find(row.error), std::string::npos)
        << row.what << read_all(row.refused, 1000);
  }
  // The shortest form alone.
  EXPECT_EQ(read_all(std::string("\x82\xfe\x00\x01\x00\x00\x00\x00x", 9), 1000), "error 1002");
  EXPECT_EQ(read_all(std::string("\x82\xff\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00x", 15), 1000), "error 1002");
}

TEST(web_socket_frames, of_a_server_are_not_masked_and_have_the_shortest_length) {
  using serve::SocketMessageKind;
  EXPECT_EQ(serve::socket_frame(SocketMessageKind::Text, "ab"),
            "\x81\x02"
            "ab");
  EXPECT_EQ(serve::socket_frame(SocketMessageKind::Binary, std::string(126, 'a')).substr(0, 4),
            std::string("\x82\x7e\x00\x7e", 4));
  EXPECT_EQ(serve::socket_frame(SocketMessageKind::Binary, std::string(65536, 'a')).substr(0, 10),
            std::string("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10));
  EXPECT_EQ(serve::socket_close_frame(serve::SocketClose::Normal, "x"), std::string("\x88\x03\x03\xe8x", 5));
  // RFC 6455, 1.3.
  EXPECT_EQ(serve::socket_accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  for (const char* key : {"", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZ!==", "dGhlIHNhbXBsZSBub25jZQQQ"}) {
    EXPECT_FALSE(serve::socket_accept_of(key)) << key;
  }
}

// ---- A client -------------------------------------------------------------------------------------------------------

struct Received {
  unsigned opcode = 0;  // 0: the connection is closed
  std::string payload;
};

class Client {
 public:
  Client(const Server& server, const std::string& path) : connection_(server.connect()) {
    connection_.send("GET " + path +
                     " HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    std::string& head = received_;
    while (head.find("\r\n\r\n") == std::string::npos && more(30s)) {
    }
    const std::size_t end = head.find("\r\n\r\n");
    head_ = head.substr(0, end);
    head.erase(0, end == std::string::npos ? head.size() : end + 4);
  }

  [[nodiscard]] const std::string& head() const { return head_; }
  void send(unsigned opcode, std::string_view payload) { connection_.send(masked(kLast | opcode, payload)); }
  void send_raw(std::string_view bytes) { connection_.send(bytes); }
  void ask(const json& message) { send(1, message.dump()); }
  void reset() { connection_.reset(); }

  Received read(std::chrono::milliseconds timeout = 30s) {
    const auto until = std::chrono::steady_clock::now() + timeout;
    for (;;) {
      if (std::optional<Received> frame = take_frame()) return std::move(*frame);
      const auto left = until - std::chrono::steady_clock::now();
      if (left <= 0ms || !more(std::chrono::duration_cast<std::chrono::milliseconds>(left))) return {};
    }
  }
  json read_json() { return json::parse(read().payload, nullptr, false); }
  // The code of the close that comes next, which is answered; 0: none does.
  unsigned read_close() {
    const Received frame = read();
    if (frame.opcode != 8 || frame.payload.size() < 2) return 0;
    send(8, frame.payload);
    return static_cast<unsigned>(static_cast<unsigned char>(frame.payload[0]) << 8 |
                                 static_cast<unsigned char>(frame.payload[1]));
  }

 private:
  bool more(std::chrono::milliseconds timeout) {
    pollfd ready{connection_.get(), POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(timeout.count())) <= 0) return false;
    char piece[65536];
    const ssize_t count = ::recv(connection_.get(), piece, sizeof piece, 0);
    if (count <= 0) return false;
    received_.append(piece, static_cast<std::size_t>(count));
    return true;
  }

  std::optional<Received> take_frame() {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(received_[i]); };
    if (received_.size() < 2) return std::nullopt;
    std::uint64_t length = at(1);
    std::size_t size = 2;
    if (length >= 126) {
      const std::size_t bytes = length == 126 ? 2 : 8;
      if (received_.size() < 2 + bytes) return std::nullopt;
      length = 0;
      for (std::size_t i = 0; i < bytes; ++i) length = length << 8 | at(2 + i);
      size += bytes;
    }
    if (received_.size() < size + length) return std::nullopt;
    Received frame{at(0) & 0x0fU, received_.substr(size, length)};
    received_.erase(0, size + length);
    return frame;
  }

  Connection connection_;
  std::string received_, head_;
};

json command(const std::string& script, const json& changes = json::object()) {
  json made = {
      {"args", {"sh", "-c", script}},
      {"env", {"PATH=/usr/bin:/bin"}},
      {"files", {{{"content", ""}}, {{"name", "stdout"}, {"max", 1 << 20}}, {{"name", "stderr"}, {"max", 1024}}}},
      {"cpuLimit", 5 * kSecond},
      {"clockLimit", 10 * kSecond},
      {"memoryLimit", 128 << 20},
      {"procLimit", 50}};
  made.merge_patch(changes);
  return made;
}

json request(const std::string& id, const std::string& script, const json& changes = json::object()) {
  return {{"requestId", id}, {"cmd", {command(script, changes)}}};
}

double live(const Server& server) {
  return server.metric("evalrun_jobs_live");
}

bool becomes_idle(const Server& server) {
  for (int i = 0; i < 200; ++i) {
    if (live(server) == 0) return true;
    std::this_thread::sleep_for(50ms);
  }
  return false;
}

// ---- /ws ------------------------------------------------------------------------------------------------------------

TEST(web_socket, requests_are_answered_with_their_ids_as_they_end) {
  const Server server({"--jobs", "2"});
  Client client(server, "/ws");
  EXPECT_TRUE(client.head().starts_with("HTTP/1.1 101 ")) << client.head();
  EXPECT_NE(client.head().find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos) << client.head();
  client.ask(request("slow", "sleep 1; echo slow"));
  client.ask(request("fast", "echo fast"));
  const json first = client.read_json();
  const json second = client.read_json();
  EXPECT_EQ(first.at("requestId"), "fast");
  EXPECT_EQ(first.at("results").at(0).at("status"), "Accepted");
  EXPECT_EQ(first.at("results").at(0).at("files").at("stdout"), "fast\n");
  EXPECT_EQ(second.at("requestId"), "slow");
  EXPECT_FALSE(second.contains("error"));
  client.ask(request("large", "head -c 300000 /dev/zero | tr '\\0' a"));
  EXPECT_EQ(client.read_json().at("results").at(0).at("files").at("stdout").get<std::string>().size(), 300000U);
  // The id is free again.
  client.ask(request("fast", "exit 3"));
  EXPECT_EQ(client.read_json().at("results").at(0).at("exitStatus"), 3);
}

TEST(web_socket, what_cannot_be_run_is_told_under_its_id_and_the_rest_goes_on) {
  const Server server({"--jobs", "1"});
  Client client(server, "/ws");
  const auto error_of = [&](const json& message) {
    client.ask(message);
    const json answer = client.read_json();
    EXPECT_TRUE(answer.value("results", json(1)).is_null()) << answer;
    return answer.value("requestId", "") + ": " + answer.value("error", "");
  };
  json without_id = request("", "true");
  EXPECT_EQ(error_of(without_id), ": empty request id");
  EXPECT_EQ(error_of({{"requestId", "a"}}), "a: no cmd provided");
  EXPECT_EQ(error_of(request("b", "true", {{"tty", true}})), "b: cmd[0]: tty is not offered");
  EXPECT_EQ(error_of(request("c", "true", {{"copyIn", {{"x", {{"fileId", "none"}}}}}})),
            "c: file not exists with id none");
  EXPECT_EQ(error_of(request("d", "true", {{"files", {{{"streamIn", true}}}}})),
            "d: streams are offered on /stream alone");
  client.ask(request("one", "sleep 1"));
  EXPECT_EQ(error_of(request("one", "true")), "one: duplicated request id: \"one\"");
  EXPECT_EQ(client.read_json().at("requestId"), "one");
}

TEST(web_socket, a_request_is_cancelled_by_its_id) {
  const Server server({"--jobs", "1"});
  Client client(server, "/ws");
  client.ask(request("runs", "echo begun; sleep 8"));
  for (int i = 0; i < 100 && live(server) == 0; ++i) std::this_thread::sleep_for(20ms);
  client.ask(request("waits", "true"));
  client.ask({{"cancelRequestId", "waits"}});
  const json waited = client.read_json();
  EXPECT_EQ(waited.at("requestId"), "waits");
  EXPECT_EQ(waited.at("error"), "request cancelled before execute");
  EXPECT_TRUE(waited.at("results").is_null());
  client.ask({{"cancelRequestId", "nobody"}});
  client.ask({{"cancelRequestId", "runs"}});
  const json ran = client.read_json();
  EXPECT_EQ(ran.at("requestId"), "runs");
  EXPECT_EQ(ran.at("results").at(0).at("status"), "Signalled") << ran;
  EXPECT_EQ(ran.at("results").at(0).at("exitStatus"), 9);
  EXPECT_LT(ran.at("results").at(0).at("runTime"), 6 * kSecond);
  EXPECT_TRUE(becomes_idle(server));
}

TEST(web_socket, a_client_that_is_gone_leaves_nothing_at_work) {
  const Server server({"--jobs", "2"});
  {
    Client client(server, "/ws");
    client.ask(request("a", "sleep 9"));
    for (int i = 0; i < 100 && live(server) == 0; ++i) std::this_thread::sleep_for(20ms);
    EXPECT_EQ(live(server), 1);
    client.reset();
  }
  EXPECT_TRUE(becomes_idle(server));
  {
    Client client(server, "/ws");
    client.ask(request("b", "sleep 9"));
    for (int i = 0; i < 100 && live(server) == 0; ++i) std::this_thread::sleep_for(20ms);
    client.send(8, "\x03\xe8");
    EXPECT_EQ(client.read_close(), 1000U);
  }
  EXPECT_TRUE(becomes_idle(server));
}

TEST(web_socket, who_breaks_the_rules_is_told_and_left) {
  const Server server;
  const auto code_of = [&](const std::string& bytes) {
    Client client(server, "/ws");
    client.send_raw(bytes);
    return client.read_close();
  };
  EXPECT_EQ(code_of("\x81\x01"
                    "a"),
            1002U);
  EXPECT_EQ(code_of(masked(kLast | 1, "\xc3")), 1007U);
  EXPECT_EQ(code_of(masked(kLast | 1, "no JSON")), 1008U);
  EXPECT_EQ(code_of(masked(kLast | 2, "", ~std::uint64_t{0})), 1009U);
  Client client(server, "/ws");
  client.send(9, "are you there");
  const Received pong = client.read();
  EXPECT_EQ(pong.opcode, 10U);
  EXPECT_EQ(pong.payload, "are you there");
}

TEST(web_socket, a_request_that_is_no_handshake_is_refused_by_http) {
  const Server server;
  const auto status = [&](const std::vector<std::string>& headers, const std::string& method = "GET") {
    return server.request(method, "/ws", "", "", headers).status;
  };
  const std::string upgrade = "Connection: Upgrade", socket = "Upgrade: websocket",
                    version = "Sec-WebSocket-Version: 13";
  EXPECT_EQ(status({}), 426);
  EXPECT_EQ(status({upgrade, socket, "Sec-WebSocket-Version: 8", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}), 426);
  EXPECT_EQ(status({upgrade, socket, version, "Sec-WebSocket-Key: short"}), 400);
  EXPECT_EQ(status({upgrade, socket, version}, "POST"), 405);
  EXPECT_EQ(status({upgrade, socket, version, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Origin: http://evil"}),
            403);
}

TEST(web_socket, a_server_that_ends_answers_what_it_has_and_goes) {
  Server server({"--jobs", "1"});
  Client idle(server, "/ws");
  Client client(server, "/ws");
  client.ask(request("last", "sleep 1; echo last"));
  for (int i = 0; i < 100 && live(server) == 0; ++i) std::this_thread::sleep_for(20ms);
  server.signal(SIGTERM);
  EXPECT_EQ(idle.read_close(), 1001U);
  EXPECT_EQ(client.read_json().at("results").at(0).at("files").at("stdout"), "last\n");
  EXPECT_EQ(client.read_close(), 1001U);
  EXPECT_EQ(server.wait(5s), 0);
}

// ---- /stream --------------------------------------------------------------------------------------------------------

json streamed(const std::string& script, const json& changes = json::object()) {
  json made = command(script, {{"files", {{{"streamIn", true}}, {{"streamOut", true}}, {{"streamOut", true}}}}});
  made.merge_patch(changes);
  return {{"cmd", {made}}};
}

std::string typed(char type, const std::string& rest) {
  return std::string(1, type) + rest;
}

std::string input(const std::string& text, unsigned index = 0, unsigned fd = 0) {
  return typed(3, std::string(1, static_cast<char>(index << 4 | fd)) + text);
}

// All that comes until the connection is closed: what was written to each descriptor, and the result.
struct Streamed {
  std::map<unsigned, std::string> output;
  json result;
  unsigned closed = 0;
};

Streamed read_to_the_end(Client& client) {
  Streamed told;
  for (;;) {
    const Received frame = client.read();
    if (frame.opcode == 8) {
      told.closed = static_cast<unsigned>(static_cast<unsigned char>(frame.payload[0]) << 8 |
                                          static_cast<unsigned char>(frame.payload[1]));
      return told;
    }
    if (frame.opcode != 2 || frame.payload.empty()) return told;
    if (frame.payload[0] == 2) told.output[static_cast<unsigned char>(frame.payload[1])] += frame.payload.substr(2);
    if (frame.payload[0] == 1) told.result = json::parse(frame.payload.substr(1), nullptr, false);
  }
}

TEST(web_socket_stream, a_program_talks_with_its_client) {
  const Server server;
  Client client(server, "/stream");
  client.send(2,
              typed(1, streamed("while read line; do echo \"heard $line\"; [ $line = bye ] && exit 7; done").dump()));
  client.send(2, input("one\n"));
  const Received first = client.read();
  EXPECT_EQ(first.payload, std::string("\x02\x01", 2) + "heard one\n");
  client.send(2, input("by"));
  client.send(2, input("e\n"));
  const Streamed told = read_to_the_end(client);
  EXPECT_EQ(told.output.at(1), "heard bye\n");
  EXPECT_EQ(told.closed, 1000U);
  EXPECT_EQ(told.result.at("results").at(0).at("exitStatus"), 7) << told.result;
  EXPECT_EQ(told.result.at("results").at(0).at("status"), "Nonzero Exit Status");
  EXPECT_TRUE(told.result.at("requestId").get<std::string>().empty());
}

TEST(web_socket_stream, both_outputs_of_several_commands_are_told_apart) {
  const Server server;
  json both = streamed("read x; echo $x; echo \"not $x\" >&2");
  both["cmd"].push_back(both["cmd"][0]);
  Client client(server, "/stream");
  client.send(2, typed(1, both.dump()));
  client.send(2, input("first\n", 0));
  client.send(2, input("second\n", 1));
  const Streamed told = read_to_the_end(client);
  EXPECT_EQ(told.output, (std::map<unsigned, std::string>{
                             {0x01, "first\n"}, {0x02, "not first\n"}, {0x11, "second\n"}, {0x12, "not second\n"}}));
  EXPECT_EQ(told.result.at("results").size(), 2U);
}

TEST(web_socket_stream, a_limit_and_a_cancel_end_it_with_a_result) {
  const Server server;
  {
    Client client(server, "/stream");
    client.send(2, typed(1, streamed("while :; do :; done", {{"cpuLimit", kSecond / 5}}).dump()));
    EXPECT_EQ(read_to_the_end(client).result.at("results").at(0).at("status"), "Time Limit Exceeded");
  }
  Client client(server, "/stream");
  client.send(2, typed(1, streamed("echo begun; cat").dump()));
  EXPECT_EQ(client.read().payload.substr(2), "begun\n");
  client.send(2, typed(4, ""));
  const Streamed told = read_to_the_end(client);
  EXPECT_EQ(told.result.at("results").at(0).at("status"), "Signalled");
  EXPECT_EQ(told.closed, 1000U);
}

// More than anything on the way holds: the program's pipe, the server, the sockets.
TEST(web_socket_stream, much_input_and_much_output_arrive_whole) {
  const Server server;
  constexpr std::size_t kSize = 6 << 20;
  std::string bytes(kSize, '\0');
  for (std::size_t i = 0; i < kSize; ++i) bytes[i] = static_cast<char>(i * 7 % 251);
  Client client(server, "/stream");
  client.send(2, typed(1, streamed("sleep 0.3; head -c " + std::to_string(kSize)).dump()));
  std::thread sender([&] {
    for (std::size_t i = 0; i < kSize; i += 100000) client.send(2, input(bytes.substr(i, 100000)));
  });
  const Streamed told = read_to_the_end(client);
  sender.join();
  EXPECT_EQ(told.result.at("results").at(0).at("status"), "Accepted") << told.result;
  EXPECT_TRUE(told.output.at(1) == bytes) << told.output.at(1).size();
}

TEST(web_socket_stream, what_it_does_not_give_closes_it) {
  const Server server;
  const auto closed_by = [&](const std::vector<std::string>& messages) {
    Client client(server, "/stream");
    for (const std::string& message : messages) client.send(2, message);
    return read_to_the_end(client).closed;
  };
  const std::string waits = typed(1, streamed("sleep 9").dump());
  EXPECT_EQ(closed_by({input("early")}), 1008U);
  EXPECT_EQ(closed_by({waits, waits}), 1008U);
  EXPECT_EQ(closed_by({waits, typed(2, R"({"rows": 24})")}), 1008U);
  EXPECT_EQ(closed_by({waits, input("x", 1)}), 1008U);
  EXPECT_EQ(closed_by({waits, input("x", 0, 1)}), 1008U);
  EXPECT_EQ(closed_by({waits, typed(9, "")}), 1008U);
  EXPECT_EQ(closed_by({typed(1, "{}")}), 1008U);
  EXPECT_EQ(closed_by({typed(1, streamed("true", {{"files", {{{"streamOut", true}}}}}).dump())}), 1008U);
  EXPECT_EQ(closed_by({typed(1, streamed("exit 0").dump())}), 1000U);
  EXPECT_TRUE(becomes_idle(server));
}

}  // namespace
}  // namespace evalrun::test
