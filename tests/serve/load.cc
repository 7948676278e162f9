// serve_load REQUESTS CONNECTIONS [native]: the same jobs through `evalrun batch` and, in four dialects, through
// `evalrun serve`. Prints both throughputs, the latencies, the server's memory before and after, and how long a refusal
// takes where ten times as many come at once as fit. Exits with 1 where an answer is wrong or one that was accepted is
// missing.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <mutex>
#include <thread>

#include "tests/serve/server.h"
#include "tests/support/paths.h"

namespace evalrun::test {

extern bool native_alone;

namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

constexpr const char* kScript = "read a; echo $((a + 1))\n";

json native_job(int i) {
  return {{"image", "bash"},
          // As the dialect of this number runs it.
          {"argv", {!native_alone && (i % 4 == 1 || i % 4 == 2) ? "bash" : "sh", "./main.sh"}},
          {"files", {{"main.sh", {{"text", kScript}}}}},
          {"stdin", {{"text", std::to_string(i) + "\n"}}}};
}

struct Sent {
  std::string path;
  json body;
  std::function<std::string(const json&)> output;  // of an answer
};

Sent request_of(int i) {
  const std::string input = std::to_string(i) + "\n";
  switch (native_alone ? 0 : i % 4) {
    case 0:
      return {"/v1/run", native_job(i), [](const json& answer) { return answer["stdout"]["text"].get<std::string>(); }};
    case 1:
      return {"/run_code", {{"language", "bash"}, {"code", kScript}, {"stdin", input}}, [](const json& answer) {
                return answer["run_result"]["stdout"].get<std::string>();
              }};
    case 2:
      return {"/api/v2/execute",
              {{"language", "bash"}, {"version", "*"}, {"files", {{{"content", kScript}}}}, {"stdin", input}},
              [](const json& answer) { return answer["run"]["stdout"].get<std::string>(); }};
    default:
      return {"/run",
              {{"cmd",
                {{{"args", {"sh", "main.sh"}},
                  {"env", {"PATH=/usr/bin:/bin"}},
                  {"files", {{{"content", input}}, {{"name", "stdout"}, {"max", 1024}}}},
                  {"cpuLimit", 2000000000},
                  {"memoryLimit", 256 << 20},
                  {"copyIn", {{"main.sh", {{"content", kScript}}}}}}}}},
              [](const json& answer) { return answer[0]["files"]["stdout"].get<std::string>(); }};
  }
}

double batch_throughput(int requests) {
  TemporaryFolder folder;
  const auto path = folder.path() / "jobs.jsonl";
  std::ofstream file(path);
  for (int i = 0; i < requests; ++i) {
    json job = native_job(i);
    job["id"] = i;
    file << job.dump() << "\n";
  }
  file.close();
  const auto plan = folder.write("plan.toml", "image = \"bash\"\nargv = [\"true\"]\n");
  const auto began = Clock::now();
  const Finished batch = run_command({evalrun().string(), "batch", "--plan", plan.string(), path.string()});
  const double took = seconds_since(began);
  if (batch.exit_code != 0) std::printf("batch: exit status %d\n", batch.exit_code);
  return requests / took;
}

struct Tally {
  std::mutex mutex;
  std::vector<double> latencies;
  int wrong = 0;
};

void work(const Server& server, std::atomic<int>& next, int requests, Tally& tally) {
  Connection connection = server.connect();
  for (int i = next++; i < requests; i = next++) {
    const Sent sent = request_of(i);
    const auto began = Clock::now();
    connection.send(request_text("POST", sent.path, sent.body.dump()));
    const Reply reply = connection.read(std::chrono::minutes(2));
    const double took = seconds_since(began);
    std::string output;
    try {
      if (reply.status == 200) output = sent.output(reply.json());
    } catch (const json::exception&) {
      // It is wrong.
    }
    const std::lock_guard lock(tally.mutex);
    tally.latencies.push_back(took);
    if (output == std::to_string(i + 1) + "\n") continue;
    if (++tally.wrong <= 5)
      std::printf("wrong: %s %d %s\n", sent.path.c_str(), reply.status, reply.body.substr(0, 300).c_str());
  }
}

double percentile(std::vector<double>& values, double part) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[std::min(values.size() - 1, static_cast<std::size_t>(part * static_cast<double>(values.size())))];
}

int overload() {
  const Server server({"--jobs", "1", "--queue", "8"});
  std::vector<Connection> connections;
  for (int i = 0; i < 90; ++i) connections.push_back(server.connect());
  const std::string text = request_text("POST", "/v1/run", json{{"image", "bash"}, {"argv", {"sleep", "0.2"}}}.dump());
  std::vector<double> refusals;
  std::vector<bool> is_refused(connections.size());
  // The first ones fill the sandbox and the queue.
  for (std::size_t i = 0; i < 9; ++i) connections[i].send(text);
  while (server.metric("evalrun_jobs_waiting") < 8) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  for (std::size_t i = 9; i < connections.size(); ++i) {
    const auto began = Clock::now();
    connections[i].send(text);
    // An accepted one takes its turn: it is read below.
    if (const Reply reply = connections[i].read(std::chrono::milliseconds(20)); reply.status == 503) {
      refusals.push_back(seconds_since(began));
      is_refused[i] = true;
    }
  }
  int missing = 0;
  for (std::size_t i = 0; i < connections.size(); ++i) {
    if (!is_refused[i] && connections[i].read().status != 200) ++missing;
  }
  std::printf("overload: %zu refused, p50 %.2f ms, p99 %.2f ms; %d accepted without an answer\n", refusals.size(),
              percentile(refusals, 0.5) * 1e3, percentile(refusals, 0.99) * 1e3, missing);
  return missing;
}

int main_of(int requests, int connections) {
  std::printf("%d requests, %d connections\n", requests, connections);
  const double batch = batch_throughput(requests);
  std::printf("batch: %.1f/s\n", batch);
  const Server server;
  std::atomic<int> next = 0;
  Tally tally;
  {
    // The kinds of plans, once.
    std::atomic<int> first = 0;
    Tally ignored;
    work(server, first, 16, ignored);
  }
  const double before = server.metric("evalrun_resident_bytes");
  const auto began = Clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < connections; ++i) {
    threads.emplace_back([&] { work(server, next, requests, tally); });
  }
  for (std::thread& thread : threads) thread.join();
  const double served = requests / seconds_since(began);
  std::printf("serve: %.1f/s, %.2f of batch; latency p50 %.1f ms, p99 %.1f ms; %d wrong\n", served, served / batch,
              percentile(tally.latencies, 0.5) * 1e3, percentile(tally.latencies, 0.99) * 1e3, tally.wrong);
  for (const char* stage : {"set_up", "run", "teardown"}) {
    const auto row = [&](const char* of) {
      return std::string("evalrun_stage_seconds_") + of + "{stage=\"" + stage + "\"}";
    };
    std::printf("%s: %.2f ms on average\n", stage, server.metric(row("sum")) / server.metric(row("count")) * 1e3);
  }
  std::printf("memory of the server: %.1f MiB before, %.1f MiB after\n", before / (1 << 20),
              server.metric("evalrun_resident_bytes") / (1 << 20));
  return tally.wrong + overload() == 0 ? 0 : 1;
}

}  // namespace

bool native_alone = false;  // a word of the command line

}  // namespace evalrun::test

int main(int argc, char** argv) {
  const int requests = argc > 1 ? std::atoi(argv[1]) : 20000;
  const int connections = argc > 2 ? std::atoi(argv[2]) : 64;
  evalrun::test::native_alone = argc > 3;
  return evalrun::test::main_of(requests, connections);
}
