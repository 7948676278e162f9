// evalrun's own dialect: its results are those of `evalrun run`, and a request gets nothing of the host.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "tests/serve/server.h"

namespace evalrun::test {
namespace {

using nlohmann::json;

json python(const std::string& text) {
  return {{"image", "python"}, {"source", "main.py"}, {"files", {{"main.py", {{"text", text}}}}}};
}

std::string verdict_of(const Reply& reply) {
  return reply.json().value("verdict", "") + " " + std::to_string(reply.status);
}

TEST(ServeNative, each_outcome_has_the_verdict_of_evalrun_run) {
  const Server server;
  EXPECT_EQ(verdict_of(server.post("/v1/run", python("print(1)"))), "OK 200");
  EXPECT_EQ(verdict_of(server.post("/v1/run", python("raise SystemExit(3)"))), "RE 200");
  json looping = python("while True: pass");
  looping["limits"] = {{"cpu", "300ms"}};
  EXPECT_EQ(verdict_of(server.post("/v1/run", looping)), "TLE 200");
  json hungry = python("x = bytearray(300 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1");
  hungry["limits"] = {{"memory", "64MiB"}};
  EXPECT_EQ(verdict_of(server.post("/v1/run", hungry)), "MLE 200");
  json loud = python("print('x' * 100000)");
  loud["limits"] = {{"output", "1KiB"}};
  EXPECT_EQ(verdict_of(server.post("/v1/run", loud)), "OLE 200");
}

TEST(ServeNative, output_is_cut_and_the_program_goes_on_where_only_less_is_kept) {
  const Server server;
  json job = python("print('x' * 1000000)\nopen('done', 'w').write('yes')");
  job["stdout"] = {{"capture", "1KiB"}};
  job["collect"] = {"done"};
  const json result = server.post("/v1/run", job).json();
  EXPECT_EQ(result["verdict"], "OK");
  EXPECT_EQ(result["stdout"]["text"], std::string(1024, 'x'));
  EXPECT_EQ(result["stdout"]["truncated"], true);
  EXPECT_EQ(result["stdout"]["bytes"], 1000001);
  EXPECT_EQ(result["contents"]["done"]["text"], "yes");
}

TEST(ServeNative, bytes_of_any_kind_go_in_and_out) {
  const Server server;
  json job = python("import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])");
  job["stdin"] = {{"base64", "AAEC/w=="}};
  EXPECT_EQ(server.post("/v1/run", job).json()["stdout"]["base64"], "/wIBAA==");
}

TEST(ServeNative, a_plan_may_be_toml) {
  const Server server;
  const Reply reply =
      server.request("POST", "/v1/run", "image = \"bash\"\nargv = [\"echo\", \"hi\"]\n", "application/toml");
  EXPECT_EQ(reply.json()["stdout"]["text"], "hi\n");
  const Reply wrong = server.request("POST", "/v1/run", "image = \"bash\"\nargv = 7\n", "application/toml");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_NE(wrong.body.find("request:2:8: argv"), std::string::npos) << wrong.body;
}

TEST(ServeNative, a_graded_plan_goes_to_its_own_path) {
  const Server server;
  json task = python("print(int(input()) * 2)");
  task["case"] = json::array({{{"stdin", {{"text", "2"}}}, {"expect", {{"text", "4"}}}},
                              {{"stdin", {{"text", "3"}}}, {"expect", {{"text", "7"}}}}});
  EXPECT_EQ(verdict_of(server.post("/v1/grade", task)), "WA 200");
  EXPECT_EQ(server.post("/v1/run", task).status, 400);
  EXPECT_EQ(server.post("/v1/grade", python("print(1)")).status, 400);
}

struct Refused {
  const char* name;
  json changes;
};

TEST(ServeNative, a_request_gets_nothing_of_the_host_and_takes_no_layer_away) {
  const Server server;
  const std::vector<Refused> all = {
      {"a file", {{"files", {{"a", {{"from", "/etc/passwd"}}}}}}},
      {"a folder", {{"files", {{"a", {{"folder", "/etc"}}}}}}},
      {"input", {{"stdin", {{"file", "/etc/passwd"}}}}},
      {"output", {{"stdout", {{"file", "/tmp/written-by-a-request"}}}}},
      {"error output", {{"stderr", {{"file", "/tmp/written-by-a-request"}}}}},
      {"the server's input", {{"stdin", "inherit"}}},
      {"the server's output", {{"stdout", "inherit"}}},
      {"a mount", {{"mount", json::array({{{"bind", "/etc"}, {"at", "/srv"}}})}}},
      {"an image by its path", {{"image", "/etc/passwd"}}},
      {"an image beside", {{"image", "../x.toml"}}},
      {"expected output", {{"case", json::array({{{"expect", {{"file", "/etc/passwd"}}}}})}}},
      {"tests", {{"tests", {{"language", "python"}, {"file", "/etc/passwd"}}}}},
      {"a checker's file", {{"checker", {{"image", "python"}, {"files", {{"a", {{"from", "/etc/passwd"}}}}}}}}},
      {"a system call", {{"seccomp", {{"allow", {"bpf"}}}}}},
      {"a layer", {{"require", {{"landlock", "if-available"}}}}},
      {"a file by set", {{"set", {{"files.a.from", "/etc/passwd"}}}}},
      {"a file by a quoted key", {{"set", {{"\"files\".a.from", "/etc/passwd"}}}}},
      {"a call by set", {{"set", {{"seccomp.allow", {"bpf"}}}}}},
      {"a call by a quoted key", {{"set", {{"\"seccomp\".allow", {"bpf"}}}}}},
      {"files by set", {{"set", {{"files", {{"a", {{"from", "/etc/passwd"}}}}}}}}},
      {"a plan of the server's", {{"plan", "../../etc/passwd"}}},
      {"too much memory", {{"limits", {{"memory", "8GiB"}}}}},
      {"too much time", {{"limits", {{"wall", "11m"}}}}},
      {"too much output", {{"limits", {{"output", "1GiB"}}}}},
      {"an archive", {{"collect", json::array({{{"path", "a"}, {"as", "tar"}}})}}},
      {"too many files", {{"collect", json::array({{{"path", "a"}, {"max", "1GiB"}}})}}},
  };
  for (const Refused& one : all) {
    json job = python("print(1)");
    job.merge_patch(one.changes);
    const std::string path =
        job.contains("case") || job.contains("tests") || job.contains("checker") ? "/v1/grade" : "/v1/run";
    const Reply reply = server.post(path, job);
    EXPECT_EQ(reply.status, 400) << one.name << ": " << reply.body;
  }
  EXPECT_EQ(server.metric("evalrun_runs_total{verdict=\"OK\"}"), -1);
  EXPECT_EQ(verdict_of(server.post("/v1/run", python("print(1)"))), "OK 200");
}

TEST(ServeNative, plans_of_the_operators_may_show_what_a_request_may_not) {
  TemporaryFolder folder;
  const auto secret = folder.write("secret", "of the host\n");
  folder.write("show.toml", "image = \"bash\"\nargv = [\"cat\", \"a\"]\nfiles.a.from = \"" + secret.string() + "\"\n");
  const Server server({"--plans", folder.path().string()});
  EXPECT_EQ(server.post("/v1/run", {{"plan", "show"}}).json()["stdout"]["text"], "of the host\n");
  EXPECT_EQ(server.post("/v1/run", {{"plan", "show"}, {"files", {{"b", {{"from", "/etc/passwd"}}}}}}).status, 400);
  EXPECT_EQ(server.post("/v1/run", {{"plan", "other"}}).status, 400);
  // A plan that was written anew is read anew.
  folder.write("show.toml", "image = \"bash\"\nargv = [\"echo\", \"new\"]\n");
  EXPECT_EQ(server.post("/v1/run", {{"plan", "show"}}).json()["stdout"]["text"], "new\n");
}

TEST(ServeNative, a_batch_answers_every_line_once) {
  const Server server({"--jobs", "2"});
  std::string lines;
  for (int i = 0; i < 40; ++i) {
    lines += json{{"id", i}, {"image", "bash"}, {"argv", {"echo", std::to_string(i)}}}.dump() + "\n";
  }
  lines += "nonsense\n\n";
  lines += json{{"id", "last"}, {"image", "bash"}, {"argv", {"false"}}}.dump();  // without a newline
  const Reply reply = server.request("POST", "/v1/batch", lines);
  EXPECT_EQ(reply.status, 200);
  std::map<std::string, std::string> seen;
  std::istringstream body(reply.body);
  for (std::string line; std::getline(body, line);) {
    const json row = json::parse(line);
    const std::string id = row["id"].dump();
    EXPECT_FALSE(seen.contains(id)) << line;
    seen[id] = row.contains("error") ? "error" : row["result"]["verdict"].get<std::string>();
    if (row["id"].is_number()) {
      EXPECT_EQ(row["result"]["stdout"]["text"], id + "\n");
    }
  }
  EXPECT_EQ(seen.size(), 42U);
  EXPECT_EQ(seen["null"], "error");
  EXPECT_EQ(seen["\"last\""], "RE");
}

TEST(ServeNative, a_batch_whose_reader_does_not_read_holds_nobody_up) {
  const Server server({"--jobs", "2"});
  std::string lines;
  for (int i = 0; i < 30; ++i) {
    lines += json{{"id", i}, {"image", "bash"}, {"argv", {"head", "-c", "400000", "/dev/zero"}}}.dump() + "\n";
  }
  Connection lazy = server.connect();
  lazy.send(request_text("POST", "/v1/batch", lines));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(verdict_of(server.post("/v1/run", python("print(1)"))), "OK 200");
  const Reply reply = lazy.read(std::chrono::seconds(60));
  EXPECT_EQ(std::ranges::count(reply.body, '\n'), 30);
}

TEST(ServeNative, the_openapi_document_has_every_key_of_a_plan_and_the_paths_that_are_served) {
  const Server server({"--api", "native,piston"});
  const json document = server.get("/openapi.json").json();
  EXPECT_EQ(document["openapi"], "3.1.0");
  EXPECT_TRUE(document["paths"].contains("/v1/run"));
  EXPECT_TRUE(document["paths"].contains("/api/v2/execute"));
  EXPECT_FALSE(document["paths"].contains("/run_code"));
  const json& job = document["components"]["schemas"]["Job"]["properties"];
  for (const char* key : {"image", "argv", "limits", "stdin", "files", "id", "toml"})
    EXPECT_TRUE(job.contains(key)) << key;
  // Every reference leads somewhere.
  const std::string text = document.dump();
  for (std::size_t at = 0; (at = text.find("#/components/schemas/", at)) != text.npos;) {
    at += 21;
    EXPECT_TRUE(document["components"]["schemas"].contains(text.substr(at, text.find('"', at) - at)));
  }
  // Every path is there: whatever it answers, it is not 404.
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      const std::string verb = method == "get" ? "GET" : "POST";
      EXPECT_NE(server.request(verb, path, verb == "GET" ? "" : "{}").status, 404) << path;
    }
  }
}

TEST(ServeNative, a_batch_whose_client_is_gone_is_ended_and_nothing_of_it_stays) {
  const Server server({"--jobs", "2"});
  std::string lines = json{{"id", 0}, {"image", "bash"}, {"argv", {"echo", "first"}}}.dump() + "\n";
  for (int i = 1; i < 20; ++i) {
    lines += json{{"id", i}, {"image", "bash"}, {"argv", {"sleep", "100"}}}.dump() + "\n";
  }
  Connection leaving = server.connect();
  leaving.send(request_text("POST", "/v1/batch", lines));
  for (int i = 0; i < 400 && server.metric("evalrun_runs_total{verdict=\"OK\"}") != 1; ++i) ::usleep(5000);
  leaving.reset();
  // The request for the metrics is one, too.
  for (int i = 0; i < 800 && server.metric("evalrun_requests_open") != 1; ++i) ::usleep(5000);
  EXPECT_EQ(server.metric("evalrun_requests_open"), 1);
  for (int i = 0; i < 800 && server.metric("evalrun_jobs_live") != 0; ++i) ::usleep(5000);
  EXPECT_EQ(server.metric("evalrun_jobs_live"), 0);
  EXPECT_EQ(server.metric("evalrun_jobs_waiting"), 0);
}

TEST(ServeNative, images_are_listed_with_what_is_here) {
  const Server server;
  const json images = server.get("/v1/images").json()["images"];
  const auto bash = std::ranges::find_if(images, [](const json& each) { return each["name"] == "bash"; });
  ASSERT_NE(bash, images.end());
  EXPECT_EQ((*bash)["installed"], true);
}

}  // namespace
}  // namespace evalrun::test
