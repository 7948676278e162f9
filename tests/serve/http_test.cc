// The server as such: what it takes, what it refuses, what it bounds, and how it ends.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>

#include <array>
#include <filesystem>
#include <set>
#include <thread>

#include "tests/serve/server.h"
#include "tests/support/paths.h"
#include "tests/support/processes.h"

namespace evalrun::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

json shell(const std::string& script) {
  return {{"image", "bash"}, {"argv", {"sh", "-c", script}}};
}

TEST(Serve, several_requests_follow_each_other_on_one_connection) {
  const Server server;
  Connection connection = server.connect();
  for (int i = 0; i < 3; ++i) {
    connection.send(request_text("POST", "/v1/run", shell("echo " + std::to_string(i)).dump()));
    const Reply reply = connection.read();
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.json()["stdout"]["text"], std::to_string(i) + "\n");
  }
}

TEST(Serve, an_answer_comes_as_soon_as_the_run_has_ended) {
  const Server server;
  static_cast<void>(server.post("/v1/run", shell("true")));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(server.post("/v1/run", shell("true")).status, 200);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 900ms);
}

TEST(Serve, pages_of_its_own_are_there_and_other_paths_are_not) {
  const Server server;
  EXPECT_EQ(server.get("/metrics").status, 200);
  EXPECT_EQ(server.get("/nowhere").status, 404);
  EXPECT_EQ(server.get("/v1/run").status, 405);
  EXPECT_EQ(server.request("DELETE", "/metrics").status, 405);
  for (int i = 0; i < 400 && server.get("/healthz").status != 200; ++i) std::this_thread::sleep_for(25ms);
  const Reply health = server.get("/healthz");
  EXPECT_EQ(health.status, 200) << health.body;
  EXPECT_TRUE(health.json()["state"] == "good" || health.json()["state"] == "degraded") << health.body;
}

TEST(Serve, every_request_has_a_line_in_the_log) {
  const Server server;
  static_cast<void>(server.post("/v1/run", shell("exit 3")));
  static_cast<void>(
      server.get("/no\x01"
                 "where"));
  std::string log;
  for (int i = 0; i < 200 && log.find("/v1/run") == log.npos; ++i) {
    std::this_thread::sleep_for(10ms);
    log = server.log();
  }
  const std::size_t at = log.find("{\"time\"", log.find("\n") + 1);
  const json line = json::parse(log.substr(at, log.find('\n', at) - at));
  EXPECT_EQ(line["event"], "request");
  EXPECT_EQ(line["status"], 200);
  EXPECT_EQ(line["verdict"], "RE");
  EXPECT_EQ(line["api"], "native");
}

TEST(Serve, a_larger_body_than_it_takes_is_refused_and_one_of_that_size_is_not) {
  const Server server({"--max-body", "64KiB"});
  json job = shell("wc -c");
  job["stdin"] = {{"text", ""}};
  const std::size_t room = (64 << 10) - job.dump().size();
  job["stdin"]["text"] = std::string(room, 'x');
  EXPECT_EQ(server.post("/v1/run", job).json()["stdin"], json());
  EXPECT_EQ(server.post("/v1/run", job).status, 200);
  job["stdin"]["text"] = std::string(room + 1, 'x');
  EXPECT_EQ(server.post("/v1/run", job).status, 413);
  // Without an announced length.
  Connection chunked = server.connect();
  chunked.send("POST /v1/run HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 5; ++i) chunked.send("4000\r\n" + std::string(0x4000, ' ') + "\r\n");
  chunked.send("0\r\n\r\n");
  EXPECT_EQ(chunked.read().status, 413);
}

TEST(Serve, a_full_queue_refuses_at_once_and_what_was_accepted_is_answered) {
  const Server server({"--jobs", "1", "--queue", "2"});
  std::vector<Connection> connections;
  for (int i = 0; i < 3; ++i) {
    connections.push_back(server.connect());
    connections.back().send(request_text("POST", "/v1/run", shell("sleep 1; echo done").dump()));
  }
  for (int i = 0; i < 400 && server.metric("evalrun_jobs_waiting") != 2; ++i) std::this_thread::sleep_for(5ms);
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) {
    const Reply refused = server.post("/v1/run", shell("echo never"));
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.header("Retry-After"), "1");
    EXPECT_EQ(refused.json()["error"]["kind"], "busy");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 900ms);
  for (Connection& connection : connections) {
    const Reply reply = connection.read();
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.json()["stdout"]["text"], "done\n");
  }
  EXPECT_EQ(server.metric("evalrun_refusals_total{why=\"queue\"}"), 10);
  EXPECT_EQ(server.metric("evalrun_runs_total{verdict=\"OK\"}"), 3);
}

TEST(Serve, waiting_counts_neither_as_cpu_time_nor_as_elapsed_time) {
  const Server server({"--jobs", "1"});
  json job = shell("sleep 0.4; echo done");
  job["limits"] = {{"wall", "1500ms"}};
  std::vector<Connection> connections;
  for (int i = 0; i < 5; ++i) {
    connections.push_back(server.connect());
    connections.back().send(request_text("POST", "/v1/run", job.dump()));
  }
  for (Connection& connection : connections) EXPECT_EQ(connection.read().json()["verdict"], "OK");
}

TEST(Serve, on_sigterm_it_refuses_what_is_new_ends_what_was_accepted_and_exits_with_0) {
  Server server;
  Connection running = server.connect();
  Connection open = server.connect();
  open.send(request_text("GET", "/metrics"));
  EXPECT_EQ(open.read().status, 200);
  running.send(request_text("POST", "/v1/run", shell("sleep 1; echo done").dump()));
  for (int i = 0; i < 400 && server.metric("evalrun_jobs_live") != 1; ++i) std::this_thread::sleep_for(5ms);
  server.signal(SIGTERM);
  for (int i = 0; i < 400 && server.log().find("draining") == std::string::npos; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_FALSE(std::filesystem::exists(server.socket()));
  open.send(request_text("POST", "/v1/run", shell("echo never").dump()));
  EXPECT_EQ(open.read().status, 503);
  EXPECT_EQ(running.read().json()["stdout"]["text"], "done\n");
  EXPECT_EQ(server.wait(), 0);
}

TEST(Serve, nothing_is_left_when_it_is_killed_and_the_next_one_starts_on_the_same_socket) {
  TemporaryFolder folder;
  const std::string socket = (folder.path() / "own").string();
  Server killed({"--listen", "unix:" + socket, "--jobs", "2"});
  Connection connection(socket);
  connection.send(request_text("POST", "/v1/run", shell("sleep 100").dump()));
  std::set<pid_t> inside;
  for (int i = 0; i < 400 && inside.empty(); ++i) {
    std::this_thread::sleep_for(10ms);
    for (const pid_t child : children_of(killed.pid())) {
      if (is_init(child)) inside.insert(child);
    }
  }
  ASSERT_FALSE(inside.empty());
  const std::set<pid_t> all = children_of(killed.pid());
  killed.signal(SIGKILL);
  EXPECT_EQ(killed.wait(), 128 + SIGKILL);
  for (const pid_t pid : all) {
    for (int i = 0; i < 1000 && !is_gone(pid); ++i) std::this_thread::sleep_for(5ms);
    EXPECT_TRUE(is_gone(pid)) << pid;
  }
  const Server next({"--listen", "unix:" + socket});
  Connection again(socket);
  again.send(request_text("POST", "/v1/run", shell("echo again").dump()));
  EXPECT_EQ(again.read().json()["stdout"]["text"], "again\n");
}

TEST(Serve, a_client_that_has_closed_its_own_direction_still_gets_its_answer) {
  const Server server;
  Connection connection = server.connect();
  connection.send(request_text("POST", "/v1/run", shell("sleep 0.3; echo done").dump()));
  connection.finish_sending();
  EXPECT_EQ(connection.read().json()["stdout"]["text"], "done\n");
}

TEST(Serve, the_job_of_a_client_that_is_gone_is_ended) {
  const Server server;
  Connection connection = server.connect();
  connection.send(request_text("POST", "/v1/run", shell("sleep 100").dump()));
  for (int i = 0; i < 400 && server.metric("evalrun_jobs_live") != 1; ++i) std::this_thread::sleep_for(5ms);
  connection.reset();
  for (int i = 0; i < 800 && server.metric("evalrun_jobs_live") != 0; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(server.metric("evalrun_jobs_live"), 0);
}

TEST(Serve, a_request_that_trickles_is_cut_off_and_others_are_served_meanwhile) {
  const Server server({"--request-time", "1s"});
  Connection slow = server.connect();
  slow.send("POST /v1/run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n");
  const auto until = std::chrono::steady_clock::now() + 6s;
  bool is_open = true;
  while (is_open && std::chrono::steady_clock::now() < until) {
    is_open = slow.send("x") && !slow.is_closed_within(100ms);
    EXPECT_EQ(server.get("/metrics").status, 200);
  }
  EXPECT_FALSE(is_open);
}

TEST(Serve, a_silent_connection_is_closed_and_a_waiting_one_is_not) {
  const Server server({"--idle", "1s"});
  Connection silent = server.connect();
  Connection waiting = server.connect();
  waiting.send(request_text("POST", "/v1/run", shell("sleep 3; echo done").dump()));
  EXPECT_TRUE(silent.is_closed_within(5s));
  EXPECT_EQ(waiting.read().json()["stdout"]["text"], "done\n");
}

TEST(Serve, beyond_its_connections_the_one_that_was_silent_for_longest_goes) {
  const Server server({"--max-connections", "4"});
  std::vector<Connection> silent;
  for (int i = 0; i < 4; ++i) silent.push_back(server.connect());
  std::this_thread::sleep_for(1200ms);
  EXPECT_EQ(server.get("/metrics").status, 200);
}

TEST(Serve, a_client_that_does_not_read_its_large_answer_stops_nobody) {
  const Server server;
  Connection lazy = server.connect();
  json job = shell("head -c 8000000 /dev/zero | tr '\\0' x");
  lazy.send(request_text("POST", "/v1/run", job.dump()));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(server.post("/v1/run", shell("echo 1")).status, 200);
  const Reply reply = lazy.read();
  EXPECT_EQ(reply.json()["stdout"]["text"].get<std::string>().size(), 8000000U);
}

TEST(Serve, without_a_token_it_listens_on_the_loopback_alone) {
  const auto status = [](const std::vector<std::string>& words) {
    std::vector<std::string> argv = {evalrun().string(), "serve"};
    argv.insert(argv.end(), words.begin(), words.end());
    return run_command(argv);
  };
  const Finished open = status({"--listen", "0.0.0.0:0"});
  EXPECT_EQ(open.exit_code, 2);
  EXPECT_NE(open.error_output.find("--token-file"), std::string::npos) << open.error_output;
  EXPECT_EQ(status({"--listen", "[::]:0"}).exit_code, 2);
  EXPECT_EQ(status({"--listen", "nowhere"}).exit_code, 2);
  EXPECT_EQ(status({"--listen", "127.0.0.1:70000"}).exit_code, 2);
  EXPECT_EQ(status({"--api", "soap"}).exit_code, 2);
  TemporaryFolder folder;
  EXPECT_EQ(status({"--token-file", folder.write("short", "abc\n").string()}).exit_code, 2);
}

TEST(Serve, with_a_token_only_its_holders_are_answered) {
  TemporaryFolder folder;
  const std::string token = "0123456789abcdef";
  const Server server({"--token-file", folder.write("token", token + "\n").string()});
  const auto with = [&](const std::string& header) {
    return server.request("POST", "/v1/run", shell("true").dump(), "application/json", {header}).status;
  };
  EXPECT_EQ(with("Authorization: Bearer " + token), 200);
  EXPECT_EQ(with("Authorization: Bearer " + token + "0"), 401);
  EXPECT_EQ(with("Authorization: Bearer 0123456789abcdeF"), 401);
  EXPECT_EQ(with("Authorization: Bearer "), 401);
  EXPECT_EQ(with("Authorization: " + token), 401);
  EXPECT_EQ(with("X: y"), 401);
  EXPECT_EQ(server.get("/metrics").status, 401);
  EXPECT_NE(server.get("/healthz").status, 401);
}

TEST(Serve, no_web_page_is_answered_without_a_token) {
  const Server server;
  const Reply reply =
      server.request("POST", "/v1/run", shell("true").dump(), "text/plain", {"Origin: http://example.org"});
  EXPECT_EQ(reply.status, 403);
}

TEST(Serve, a_socket_of_the_service_manager_is_used) {
  TemporaryFolder folder;
  const std::string script = R"(import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], [sys.argv[2], "serve"]))";
  if (!std::filesystem::exists("/usr/bin/python3")) EVALRUN_SKIP("python3");
  const std::string socket = (folder.path() / "given").string();
  std::thread manager([&] {
    static_cast<void>(run_command({"/usr/bin/python3", "-c", script, socket, evalrun().string()}));
  });
  for (int i = 0; i < 1000 && !std::filesystem::exists(socket); ++i) std::this_thread::sleep_for(5ms);
  std::this_thread::sleep_for(100ms);
  Connection connection(socket);
  connection.send(request_text("POST", "/v1/run", shell("echo here; ").dump()));
  EXPECT_EQ(connection.read().json()["stdout"]["text"], "here\n");
  // Who is at the other end of a Unix socket is known.
  ucred peer{};
  socklen_t length = sizeof peer;
  ASSERT_EQ(::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length), 0);
  ::kill(peer.pid, SIGTERM);
  manager.join();
}

}  // namespace
}  // namespace evalrun::test
