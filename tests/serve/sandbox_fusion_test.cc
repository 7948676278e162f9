// SandboxFusion's /run_code: each outcome as its clients read it.
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/serve/server.h"

namespace evalrun::test {
namespace {

using nlohmann::json;

class SandboxFusion : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<Server>(std::vector<std::string>{"--api", "sandbox-fusion"});
  }
  static void TearDownTestSuite() { server_.reset(); }

  static json run(const std::string& language, const std::string& code, const json& more = json::object()) {
    json body = {{"language", language}, {"code", code}, {"memory_limit_MB", 1024}};
    body.merge_patch(more);
    const Reply reply = server_->post("/run_code", body);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.json();
  }
  static int status_of(const json& body) { return server_->post("/run_code", body).status; }

  static std::unique_ptr<Server> server_;
};

std::unique_ptr<Server> SandboxFusion::server_;

TEST_F(SandboxFusion, accepted) {
  const json answer = run("python", "print(input() * 2)", {{"stdin", "ab\n"}});
  EXPECT_EQ(answer["status"], "Success");
  EXPECT_EQ(answer["message"], "");
  EXPECT_EQ(answer["compile_result"], json());
  EXPECT_EQ(answer["run_result"]["status"], "Finished");
  EXPECT_EQ(answer["run_result"]["return_code"], 0);
  EXPECT_EQ(answer["run_result"]["stdout"], "abab\n");
  EXPECT_EQ(answer["run_result"]["stderr"], "");
  EXPECT_TRUE(answer["run_result"]["execution_time"].is_number_float());
  EXPECT_EQ(answer["executor_pod_name"], json());
  EXPECT_EQ(answer["files"], json::object());
}

TEST_F(SandboxFusion, a_run_time_error) {
  const json answer = run("python", "raise ValueError('here')");
  EXPECT_EQ(answer["status"], "Failed");
  EXPECT_EQ(answer["run_result"]["status"], "Finished");
  EXPECT_EQ(answer["run_result"]["return_code"], 1);
  EXPECT_NE(answer["run_result"]["stderr"].get<std::string>().find("ValueError: here"), std::string::npos);
  EXPECT_EQ(run("python", "import os\nos.abort()")["run_result"]["return_code"], -6);
}

TEST_F(SandboxFusion, too_late_with_what_was_written_before) {
  const json answer = run("python", "print('early', flush=True)\nwhile True: pass", {{"run_timeout", 0.7}});
  EXPECT_EQ(answer["status"], "Failed");
  EXPECT_EQ(answer["run_result"]["status"], "TimeLimitExceeded");
  EXPECT_EQ(answer["run_result"]["return_code"], json());
  EXPECT_EQ(answer["run_result"]["stdout"], "early\n");
  EXPECT_EQ(run("bash", "sleep 100", {{"run_timeout", 0.3}})["run_result"]["status"], "TimeLimitExceeded");
}

TEST_F(SandboxFusion, too_much_memory_is_a_failure_of_the_program) {
  const json answer =
      run("python", "x = bytearray(300 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1", {{"memory_limit_MB", 64}});
  EXPECT_EQ(answer["status"], "Failed");
  EXPECT_EQ(answer["run_result"]["return_code"], -9);
  EXPECT_NE(answer["message"].get<std::string>().find("memory"), std::string::npos) << answer;
}

TEST_F(SandboxFusion, a_compiled_language_and_its_errors) {
  const json right =
      run("cpp", "#include <iostream>\nint main() { int a; std::cin >> a; std::cout << a + 1; }", {{"stdin", "41"}});
  EXPECT_EQ(right["status"], "Success");
  EXPECT_EQ(right["compile_result"]["return_code"], 0);
  EXPECT_EQ(right["run_result"]["stdout"], "42");
  const json wrong = run("cpp", "int main() { return x; }");
  EXPECT_EQ(wrong["status"], "Failed");
  EXPECT_EQ(wrong["compile_result"]["status"], "Finished");
  EXPECT_EQ(wrong["compile_result"]["return_code"], 1);
  EXPECT_NE(wrong["compile_result"]["stderr"].get<std::string>().find("not declared"), std::string::npos);
  EXPECT_EQ(wrong["run_result"], json());
  const json slow = run(
      "cpp",
      "template <int n> struct A { static constexpr int a = A<n - 1>::a + A<n - 2>::a; };\n"
      "template <int n, int m> struct B { static constexpr long a = B<n - 1, m>::a + B<n - 1, m + (1 << n)>::a; };\n"
      "template <int m> struct B<0, m> { static constexpr long a = m; };\nint main() { return B<20, 0>::a; }",
      {{"compile_timeout", 0.5}});
  EXPECT_EQ(slow["compile_result"]["status"], "TimeLimitExceeded");
  EXPECT_EQ(slow["status"], "Failed");
}

TEST_F(SandboxFusion, large_output_and_large_input_pass) {
  const json loud = run("python", "print('x' * 400000)");
  EXPECT_EQ(loud["status"], "Success");
  EXPECT_EQ(loud["run_result"]["stdout"].get<std::string>().size(), 400001U);
  const json much = run("python", "import sys\nprint(len(sys.stdin.read()))", {{"stdin", std::string(8 << 20, 'y')}});
  EXPECT_EQ(much["run_result"]["stdout"], std::to_string(8 << 20) + "\n");
}

TEST_F(SandboxFusion, output_beyond_what_is_kept_is_cut_and_the_program_goes_on) {
  const json answer = run("python", "import sys\nfor i in range(20): sys.stdout.write('x' * (1 << 20))\nsys.exit(7)");
  EXPECT_EQ(answer["run_result"]["return_code"], 7);
  EXPECT_EQ(answer["run_result"]["stdout"].get<std::string>().size(), 16U << 20);
}

TEST_F(SandboxFusion, bytes_that_are_no_text) {
  const json answer = run("python", "import sys\nsys.stdout.buffer.write(bytes([255, 0, 1]))");
  EXPECT_EQ(answer["status"], "Success");
  EXPECT_TRUE(answer["run_result"]["stdout"].get<std::string>().starts_with("[DecodeError]"));
}

TEST_F(SandboxFusion, files_go_in_and_out_as_base64) {
  const json answer =
      run("python", "data = open('d/in.bin', 'rb').read()\nopen('out.bin', 'wb').write(data[::-1])",
          {{"files", {{"d/in.bin", "AAEC/w=="}, {"skipped", nullptr}, {"IGNORE_THIS_FILE", "AA=="}}},
           {"fetch_files", {"out.bin", "missing", "../../etc/passwd", "/etc/passwd", "/work/d/in.bin"}}});
  EXPECT_EQ(answer["status"], "Success") << answer;
  EXPECT_EQ(answer["files"]["out.bin"], "/wIBAA==");
  EXPECT_EQ(answer["files"]["d/in.bin"], "AAEC/w==");
  EXPECT_EQ(answer["files"].size(), 2U) << answer["files"];
}

TEST_F(SandboxFusion, a_link_is_not_fetched) {
  const json answer = run("bash", "ln -s /etc/passwd out", {{"fetch_files", {"out"}}});
  EXPECT_EQ(answer["files"], json::object());
}

TEST_F(SandboxFusion, languages_that_are_tested_here) {
  EXPECT_EQ(run("bash", "echo $((6 * 7))")["run_result"]["stdout"], "42\n");
  EXPECT_EQ(run("nodejs", "console.log(6 * 7)")["run_result"]["stdout"], "42\n");
  const json java =
      run("java", "public class Main { public static void main(String[] a) { System.out.println(6 * 7); } }");
  EXPECT_EQ(java["run_result"]["stdout"], "42\n") << java;
}

TEST_F(SandboxFusion, what_is_wrong_with_a_request_is_said_as_there) {
  const Reply reply = server_->post("/run_code", {{"language", "python"}});
  EXPECT_EQ(reply.status, 422);
  EXPECT_EQ(reply.json()["detail"][0]["loc"], (json{"body", "code"}));
  EXPECT_EQ(reply.json()["detail"][0]["type"], "missing");
  const json good = {{"language", "python"}, {"code", "print(1)"}};
  const auto with = [&](const json& changes) {
    json body = good;
    body.merge_patch(changes);
    return status_of(body);
  };
  EXPECT_EQ(with(json::object()), 200);
  EXPECT_EQ(with({{"language", "cuda"}}), 422);
  EXPECT_EQ(with({{"language", 7}}), 422);
  EXPECT_EQ(with({{"code", 7}}), 422);
  EXPECT_EQ(with({{"stdin", 7}}), 422);
  EXPECT_EQ(with({{"run_timeout", "soon"}}), 422);
  EXPECT_EQ(with({{"run_timeout", 0}}), 422);
  EXPECT_EQ(with({{"run_timeout", -1}}), 422);
  EXPECT_EQ(with({{"run_timeout", 1e12}}), 422);
  EXPECT_EQ(with({{"memory_limit_MB", 1e12}}), 422);
  EXPECT_EQ(with({{"memory_limit_MB", -1}}), 200);
  EXPECT_EQ(with({{"files", {{"a", "no base64!"}}}}), 422);
  EXPECT_EQ(with({{"files", {{"../a", "AA=="}}}}), 422);
  EXPECT_EQ(with({{"files", {{"/etc/a", "AA=="}}}}), 422);
  EXPECT_EQ(with({{"files", {{std::string("a\0b", 3), "AA=="}}}}), 422);
  EXPECT_EQ(with({{"files", {{"main.py", "AA=="}}}}), 422);
  EXPECT_EQ(with({{"files", {"a"}}}), 422);
  EXPECT_EQ(with({{"fetch_files", "a"}}), 422);
  EXPECT_EQ(server_->request("POST", "/run_code", "nonsense").status, 422);
  EXPECT_EQ(server_->get("/run_code").status, 405);
  EXPECT_EQ(server_->post("/run_jupyter", good).status, 501);
  EXPECT_EQ(server_->get("/v1/ping").body, "\"pong\"");
}

TEST(SandboxFusionOverload, a_full_queue_is_what_its_clients_take_for_try_again) {
  const Server server({"--api", "sandbox-fusion", "--jobs", "1", "--queue", "1"});
  const json sleeping = {{"language", "bash"}, {"code", "sleep 1"}};
  std::vector<Connection> connections;
  for (int i = 0; i < 2; ++i) {
    connections.push_back(server.connect());
    connections.back().send(request_text("POST", "/run_code", sleeping.dump()));
  }
  for (int i = 0; i < 400 && server.metric("evalrun_jobs_waiting") != 1; ++i) ::usleep(5000);
  const Reply reply = server.post("/run_code", sleeping);
  EXPECT_EQ(reply.status, 504);
  EXPECT_EQ(reply.header("Retry-After"), "1");
  EXPECT_TRUE(reply.json()["detail"].is_string());
  for (Connection& connection : connections) EXPECT_EQ(connection.read().json()["status"], "Success");
}

}  // namespace
}  // namespace evalrun::test
