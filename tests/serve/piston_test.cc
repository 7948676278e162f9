// Piston's /api/v2: each outcome as its clients read it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "tests/serve/server.h"

namespace evalrun::test {
namespace {

using nlohmann::json;

class Piston : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<Server>(std::vector<std::string>{"--api", "piston"}); }
  static void TearDownTestSuite() { server_.reset(); }

  static json body(const std::string& language, const std::string& code, const json& more = json::object()) {
    json made = {{"language", language}, {"version", "*"}, {"files", {{{"content", code}}}}};
    made.merge_patch(more);
    return made;
  }
  static json run(const std::string& language, const std::string& code, const json& more = json::object()) {
    const Reply reply = server_->post("/api/v2/execute", body(language, code, more));
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.json();
  }
  // The message of a refusal.
  static std::string refused(const json& request) {
    const Reply reply = server_->post("/api/v2/execute", request);
    EXPECT_EQ(reply.status, 400) << reply.body;
    return reply.json().value("message", "");
  }

  static std::unique_ptr<Server> server_;
};

std::unique_ptr<Server> Piston::server_;

TEST_F(Piston, accepted) {
  const json answer = run("py", "import sys\nprint(input(), sys.argv[1:])", {{"stdin", "in"}, {"args", {"a", "b c"}}});
  EXPECT_EQ(answer["language"], "python");
  EXPECT_FALSE(answer.contains("compile"));
  const json& stage = answer["run"];
  EXPECT_EQ(stage["stdout"], "in ['a', 'b c']\n");
  EXPECT_EQ(stage["stderr"], "");
  EXPECT_EQ(stage["output"], stage["stdout"]);
  EXPECT_EQ(stage["code"], 0);
  EXPECT_EQ(stage["signal"], json());
  EXPECT_EQ(stage["message"], json());
  EXPECT_EQ(stage["status"], json());
  for (const char* key : {"cpu_time", "wall_time", "memory"}) EXPECT_TRUE(stage[key].is_number_unsigned()) << key;
}

TEST_F(Piston, a_run_time_error) {
  const json stage = run("python", "import sys\nsys.exit(3)")["run"];
  EXPECT_EQ(stage["code"], 3);
  EXPECT_EQ(stage["status"], "RE");
  EXPECT_EQ(stage["message"], "Exited with error status 3");
  const json killed = run("python", "import os\nos.abort()")["run"];
  EXPECT_EQ(killed["code"], json());
  EXPECT_EQ(killed["signal"], "SIGABRT");
  EXPECT_EQ(killed["status"], "SG");
}

TEST_F(Piston, too_late) {
  const json stage = run("bash", "echo early; sleep 100", {{"run_timeout", 500}})["run"];
  EXPECT_EQ(stage["status"], "TO");
  EXPECT_EQ(stage["signal"], "SIGKILL");
  EXPECT_EQ(stage["code"], json());
  EXPECT_EQ(stage["stdout"], "early\n");
  EXPECT_EQ(stage["message"], "Time limit exceeded (wall clock)");
  const json busy = run("bash", "while :; do :; done", {{"run_cpu_time", 300}})["run"];
  EXPECT_EQ(busy["status"], "TO");
  EXPECT_EQ(busy["message"], "Time limit exceeded");
}

TEST_F(Piston, too_much_memory) {
  const json stage = run("python", "x = bytearray(300 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1",
                         {{"run_memory_limit", 64 << 20}})["run"];
  EXPECT_EQ(stage["signal"], "SIGKILL");
  EXPECT_EQ(stage["message"], "Memory limit exceeded");
}

TEST_F(Piston, a_compiled_language_and_its_errors) {
  const json right = run("c++", "#include <iostream>\nint main() { std::cout << 42; }");
  EXPECT_EQ(right["compile"]["code"], 0);
  EXPECT_EQ(right["run"]["stdout"], "42");
  const json wrong = run("c", "int main() { return x; }");
  EXPECT_NE(wrong["compile"]["code"], 0);
  EXPECT_NE(wrong["compile"]["stderr"].get<std::string>().find("undeclared"), std::string::npos);
  EXPECT_EQ(wrong["run"], wrong["compile"]);
}

TEST_F(Piston, large_output_is_cut_flagged_and_the_program_goes_on) {
  const json small = run("python", "print('x' * 2000)")["run"];
  EXPECT_EQ(small["code"], 0);
  EXPECT_EQ(small["stdout"].get<std::string>().size(), 2001U);
  const json stage = run(
      "python", "import sys\nfor i in range(20): sys.stdout.write('x' * (1 << 20))\nprint(1, file=sys.stderr)")["run"];
  EXPECT_EQ(stage["code"], 0);
  EXPECT_EQ(stage["stdout"].get<std::string>().size(), 16U << 20);
  EXPECT_EQ(stage["message"], "stdout length exceeded");
  EXPECT_EQ(stage["stderr"], "1\n");
}

TEST_F(Piston, bytes_that_are_no_text) {
  EXPECT_EQ(run("python", "import sys\nsys.stdout.buffer.write(bytes([97, 255, 98]))")["run"]["stdout"],
            "a\xEF\xBF\xBD"
            "b");
}

TEST_F(Piston, large_input) {
  const json stage =
      run("python", "import sys\nprint(len(sys.stdin.read()))", {{"stdin", std::string(4 << 20, 'y')}})["run"];
  EXPECT_EQ(stage["stdout"], std::to_string((4 << 20) + 1) + "\n");
}

TEST_F(Piston, several_files_in_several_encodings) {
  const json files = {{{"name", "data.bin"}, {"content", "AAEC"}, {"encoding", "base64"}},
                      {{"name", "d/hex.bin"}, {"content", "00ff"}, {"encoding", "hex"}},
                      {{"name", "main.py"},
                       {"content",
                        "import helper\nprint(helper.x, open('data.bin', 'rb').read(), "
                        "open('d/hex.bin', 'rb').read())"}},
                      {{"name", "helper.py"}, {"content", "x = 7"}}};
  EXPECT_EQ(run("python", "", {{"files", files}})["run"]["stdout"], "7 b'\\x00\\x01\\x02' b'\\x00\\xff'\n");
}

TEST_F(Piston, what_is_wrong_is_said_as_there) {
  EXPECT_EQ(refused({{"version", "*"}, {"files", json::array()}}), "language is required as a string");
  EXPECT_EQ(refused({{"language", "py"}, {"files", json::array()}}), "version is required as a string");
  EXPECT_EQ(refused({{"language", "py"}, {"version", "*"}}), "files is required as an array");
  EXPECT_EQ(refused(body("py", "", {{"files", {json::object()}}})), "files[0].content is required as a string");
  EXPECT_EQ(refused(body("py", "", {{"files", {1}}})), "files[0].content is required as a string");
  EXPECT_EQ(refused(body("klingon", "x")), "klingon-* runtime is unknown");
  EXPECT_EQ(refused(body("py", "x", {{"version", "2"}})), "py-2 runtime is unknown");
  EXPECT_EQ(refused(body("py", "", {{"files", {{{"content", "AA=="}, {"encoding", "base64"}}}}})),
            "files must include at least one utf8 encoded file");
  EXPECT_EQ(refused(body("py", "x", {{"run_timeout", "1"}})), "If specified, run_timeout must be a number");
  EXPECT_EQ(refused(body("py", "x", {{"run_timeout", 1e9}})),
            "run_timeout cannot exceed the configured limit of 600000");
  EXPECT_EQ(refused(body("py", "x", {{"run_timeout", -1}})), "run_timeout must be non-negative");
  EXPECT_NE(refused(body("py", "x", {{"run_timeout", 0}})), "");
  EXPECT_NE(refused(body("py", "x", {{"run_memory_limit", 1e15}})), "");
  for (const std::string& name : {std::string("../a"), std::string("/etc/a"), std::string("a\0b", 3),
                                  std::string("a/../../b"), std::string(5000, 'a')}) {
    EXPECT_NE(refused(body("py", "", {{"files", {{{"content", "x"}}, {{"name", name}, {"content", "x"}}}}})), "")
        << name;
  }
  EXPECT_NE(refused(body("py", "", {{"files", {{{"content", "x"}}, {{"content", "xyz"}, {"encoding", "hex"}}}}})), "");
  EXPECT_EQ(server_->request("POST", "/api/v2/execute", "nonsense").status, 400);
  const auto status_of_type = [&](const std::string& type, const std::vector<std::string>& headers = {}) {
    return server_->request("POST", "/api/v2/execute", body("py", "x").dump(), type, headers).status;
  };
  EXPECT_EQ(status_of_type("application/x-www-form-urlencoded"), 415);
  EXPECT_EQ(status_of_type("text/plain;charset=UTF-8"), status_of_type("application/json"));
  EXPECT_EQ(status_of_type("text/plain", {"Origin: http://page"}), 403);
  EXPECT_EQ(server_->post("/api/v2/packages", {{"language", "python"}, {"version", "3"}}).status, 501);
  EXPECT_EQ(server_->get("/api/v2/connect").status, 501);
  EXPECT_EQ(server_->get("/api/v2/nothing").json()["message"], "Not Found");
}

TEST_F(Piston, runtimes_and_packages_are_what_is_installed) {
  const json runtimes = server_->get("/api/v2/runtimes").json();
  const auto python = std::ranges::find_if(runtimes, [](const json& each) { return each["language"] == "python"; });
  ASSERT_NE(python, runtimes.end());
  const std::string version = (*python)["version"];
  EXPECT_EQ(std::ranges::count(version, '.'), 2) << version;
  EXPECT_EQ(run("python", "print(1)", {{"version", version}})["version"], version);
  EXPECT_EQ(run("python3", "print(1)", {{"version", "3.x"}})["run"]["code"], 0);
  const json packages = server_->get("/api/v2/packages").json();
  EXPECT_EQ(packages.size(), runtimes.size());
  EXPECT_EQ(packages[0]["installed"], true);
}

TEST(PistonOverload, a_full_queue_is_no_answer_about_a_program) {
  const Server server({"--api", "piston", "--jobs", "1", "--queue", "1"});
  const json sleeping = {{"language", "bash"}, {"version", "*"}, {"files", {{{"content", "sleep 1"}}}}};
  std::vector<Connection> connections;
  for (int i = 0; i < 2; ++i) {
    connections.push_back(server.connect());
    connections.back().send(request_text("POST", "/api/v2/execute", sleeping.dump()));
  }
  for (int i = 0; i < 400 && server.metric("evalrun_jobs_waiting") != 1; ++i) ::usleep(5000);
  const Reply reply = server.post("/api/v2/execute", sleeping);
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(reply.header("Retry-After"), "1");
  EXPECT_TRUE(reply.json()["message"].is_string());
  for (Connection& connection : connections) EXPECT_EQ(connection.read().json()["run"]["code"], 0);
}

}  // namespace
}  // namespace evalrun::test
