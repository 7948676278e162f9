// go-judge's semantics as a table: what is sent, and what of the answer must be so.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>

#include "tests/serve/server.h"

namespace evalrun::test {
namespace {

using nlohmann::json;

constexpr std::uint64_t kSecond = 1000000000;

json content(const std::string& text) {
  return {{"content", text}};
}

json collector(const std::string& name, std::uint64_t max = 10240) {
  return {{"name", name}, {"max", max}};
}

// A command with the usual descriptors, changed by a merge patch.
json command(std::vector<std::string> args, const json& changes = json::object()) {
  json made = {{"args", std::move(args)},
               {"env", {"PATH=/usr/bin:/bin"}},
               {"files", {content(""), collector("stdout"), collector("stderr")}},
               {"cpuLimit", 5 * kSecond},
               {"clockLimit", 10 * kSecond},
               {"memoryLimit", 128 << 20},
               {"procLimit", 50}};
  made.merge_patch(changes);
  return made;
}

json shell(const std::string& script, const json& changes = json::object()) {
  return command({"sh", "-c", script}, changes);
}

json python(const std::string& code, const json& changes = json::object()) {
  return command({"python3", "-c", code}, changes);
}

json input(const std::string& text) {
  return {{"files", {content(text), collector("stdout"), collector("stderr")}}};
}

// A pipe from one command's descriptor to another one's standard input.
json pipe(int from, int fd, int to, const json& changes = json::object()) {
  json made = {{"in", {{"index", from}, {"fd", fd}}}, {"out", {{"index", to}, {"fd", 0}}}};
  made.merge_patch(changes);
  return made;
}

// Reads a pipe, writes into another one, and has its own stderr.
json piped(const std::string& script, const json& changes = json::object()) {
  return shell(script, [&] {
    json all = {{"files", json::array({nullptr, nullptr, collector("stderr")})}};
    all.merge_patch(changes);
    return all;
  }());
}

struct Row {
  const char* name;
  json body;  // the whole request, or one command
  int status = 200;
  // What the first result, or the answer itself, must hold: paths of JSON Pointer and their values. A value that is
  // null must not be there.
  std::map<std::string, json> holds = {};
};

using Holds = std::map<std::string, json>;

Holds ends(const std::string& status) {
  return {{"/0/status", status}};
}
Holds ends(const std::string& status, int exit_status) {
  return {{"/0/status", status}, {"/0/exitStatus", exit_status}};
}
Holds prints(const std::string& text) {
  return {{"/0/status", "Accepted"}, {"/0/exitStatus", 0}, {"/0/files/stdout", text}};
}
Holds says(const std::string& text) {
  return {{"", text}};
}

json copies(const json& in, const json& out = json::array(), const json& cached = json::array()) {
  return {{"copyIn", in}, {"copyOut", out}, {"copyOutCached", cached}};
}

json request(std::vector<json> commands, std::vector<json> pipes) {
  return {{"cmd", std::move(commands)}, {"pipeMapping", std::move(pipes)}};
}

std::vector<Row> endings() {
  std::vector<Row> rows = {
      {"exits with 0", shell("true"), 200, ends("Accepted", 0)},
      {"exits with 1", shell("exit 1"), 200, ends("Nonzero Exit Status", 1)},
      {"exits with 42", shell("exit 42"), 200, ends("Nonzero Exit Status", 42)},
      {"exits with 127 by itself", shell("exit 127"), 200, ends("Nonzero Exit Status", 127)},
      {"exits with 255", shell("exit 255"), 200, ends("Nonzero Exit Status", 255)},
      {"a program that is not there", command({"no-such-program"}), 200, ends("Internal Error")},
      {"a path that is not there", command({"/usr/bin/no-such"}), 200, ends("Internal Error")},
      {"a program that is no program",
       command({"/w/a"}, copies({{"a", content("")}})),
       200,
       {{"/0/status", "Internal Error"}, {"/0/exitStatus", 126}}},
      {"endless", shell("while :; do :; done", {{"cpuLimit", kSecond / 5}}), 200, ends("Time Limit Exceeded", 9)},
      {"asleep", shell("sleep 100", {{"clockLimit", kSecond / 3}}), 200, ends("Time Limit Exceeded", 9)},
      {"asleep, by the old name", shell("sleep 100", {{"realCpuLimit", kSecond / 3}}), 200,
       ends("Time Limit Exceeded", 9)},
      {"asleep, with no clock but the CPU's", shell("sleep 100", {{"clockLimit", 0}, {"cpuLimit", kSecond / 3}}), 200,
       ends("Time Limit Exceeded", 9)},
      {"no time at all", shell("while :; do :; done", {{"cpuLimit", 0}, {"clockLimit", 0}}), 200,
       ends("Time Limit Exceeded", 9)},
      {"too much memory", python("x = bytearray(256 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1"), 200,
       ends("Memory Limit Exceeded")},
      {"enough memory", python("x = bytearray(64 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1"), 200,
       ends("Accepted")},
      {"no memory at all", python("print(1)", {{"memoryLimit", 0}}), 200, ends("Memory Limit Exceeded")},
      {"address space",
       python("import mmap\nmmap.mmap(-1, 1 << 30, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)",
              {{"addressSpaceLimit", true}}),
       200, ends("Memory Limit Exceeded")},
      {"the same without that limit",
       python("import mmap\nmmap.mmap(-1, 1 << 30, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)"), 200, ends("Accepted")},
      {"strict memory", python("print(1)", {{"strictMemoryLimit", true}}), 200, prints("1\n")},
      {"data segment", python("print(1)", {{"dataSegmentLimit", true}}), 200, prints("1\n")},
      {"too much output", shell("head -c 20000 /dev/zero", {{"cpuLimit", kSecond}}), 200,
       ends("Output Limit Exceeded")},
      {"output of just the limit", shell("head -c 10240 /dev/zero | tr '\\0' x"), 200, prints(std::string(10240, 'x'))},
      {"output of one more", shell("head -c 10241 /dev/zero"), 200, ends("Output Limit Exceeded")},
      {"endless output", shell("yes"), 200, ends("Output Limit Exceeded")},
      {"too much error output", shell("head -c 20000 /dev/zero >&2"), 200, ends("Output Limit Exceeded")},
      {"no output allowed, none written", shell("true", {{"files", {content(""), collector("stdout", 0)}}}), 200,
       ends("Accepted")},
      {"no output allowed, some written", shell("echo x", {{"files", {content(""), collector("stdout", 0)}}}), 200,
       ends("Output Limit Exceeded")},
      {"a forbidden call", python("import ctypes\nctypes.CDLL(None).syscall(321, 0, 0, 0)"), 200,
       ends("Dangerous Syscall", 31)},
      {"too many processes", shell("for i in $(seq 100); do sleep 1 & done; wait", {{"procLimit", 8}}), 200,
       ends("Nonzero Exit Status", 2)},
      {"one process", shell("true", {{"procLimit", 1}}), 200, ends("Accepted")},
      {"children left running", shell("sleep 100 & sleep 100 & echo gone"), 200, prints("gone\n")},
      {"deep recursion with the stack that it needs",
       python("import sys\nsys.setrecursionlimit(10**6)\n"
              "def f(n): return n and 1 + f(n - 1)\nprint(f(20000))"),
       200, prints("20000\n")},
      {"a small stack", shell("ulimit -s", {{"stackLimit", 8 << 20}}), 200, prints("8192\n")},
      {"no stack limit", shell("ulimit -s"), 200, prints("unlimited\n")},
  };
  for (const auto& [signal, number] : std::map<std::string, int>{
           {"SEGV", 11}, {"ABRT", 6}, {"FPE", 8}, {"KILL", 9}, {"TERM", 15}, {"ILL", 4}, {"BUS", 7}}) {
    static std::vector<std::string> names;
    names.reserve(16);
    names.push_back("killed by SIG" + signal);
    // The shell is the first process: what it kills itself with is its end.
    rows.push_back({names.back().c_str(), python("import os, signal\nos.kill(os.getpid(), signal.SIG" + signal + ")"),
                    200, ends("Signalled", number)});
  }
  return rows;
}

std::vector<Row> streams() {
  return {
      {"prints", command({"echo", "hello"}), 200, prints("hello\n")},
      {"reads content", command({"cat"}, input("from above\n")), 200, prints("from above\n")},
      {"reads much content", command({"wc", "-c"}, input(std::string(3000000, 'x'))), 200, prints("3000000\n")},
      {"reads nothing", command({"wc", "-c"}), 200, prints("0\n")},
      {"no descriptors", shell("true", {{"files", json()}}), 200, {{"/0/status", "Accepted"}, {"/0/files", json()}}},
      {"standard input alone", command({"cat"}, {{"files", {content("x")}}}), 200, {{"/0/files", json()}}},
      {"both streams apart",
       shell("echo out; echo err >&2"),
       200,
       {{"/0/files/stdout", "out\n"}, {"/0/files/stderr", "err\n"}}},
      {"both streams in one",
       shell("echo out; echo err >&2", {{"files", {content(""), collector("all"), collector("all")}}}),
       200,
       {{"/0/files/all", "out\nerr\n"}}},
      {"another name",
       shell("echo x", {{"files", {content(""), collector("answer")}}}),
       200,
       {{"/0/files/answer", "x\n"}, {"/0/files/stdout", json()}}},
      {"a collector as a pipe",
       shell("echo x", {{"files", {content(""), {{"name", "stdout"}, {"max", 10}, {"pipe", true}}}}}), 200,
       prints("x\n")},
      {"output that is no UTF-8", shell("printf 'a\\377b'"), 200,
       prints("a\xEF\xBF\xBD"
              "b")},
      {"output with NUL", shell("printf 'a\\000b'"), 200, prints(std::string("a\0b", 3))},
      {"output in another script", command({"echo", "żółć 中"}), 200, prints("żółć 中\n")},
      {"output beside a failure",
       shell("echo partly; exit 3"),
       200,
       {{"/0/status", "Nonzero Exit Status"}, {"/0/files/stdout", "partly\n"}}},
      {"output before the time is over",
       shell("echo partly; sleep 100", {{"clockLimit", kSecond / 2}}),
       200,
       {{"/0/status", "Time Limit Exceeded"}, {"/0/files/stdout", "partly\n"}}},
      {"output up to its limit",
       shell("yes"),
       200,
       {{"/0/files/stdout",
         [] {
           std::string text;
           while (text.size() < 10240) text += "y\n";
           return text;
         }()}}},
  };
}

std::vector<Row> surroundings() {
  return {
      {"the environment and no other", command({"/usr/bin/env"}, {{"env", {"A=1", "B="}}}), 200, prints("A=1\nB=\n")},
      {"an empty environment", command({"/usr/bin/env"}, {{"env", json::array()}}), 200, prints("")},
      {"the last one of a name", command({"/usr/bin/env"}, {{"env", {"A=1", "A=2"}}}), 200, prints("A=2\n")},
      {"a value with an equals sign", command({"/usr/bin/env"}, {{"env", {"A=b=c"}}}), 200, prints("A=b=c\n")},
      {"arguments as they are", command({"printf", "%s|", "a b", "", "$HOME", "*"}), 200, prints("a b||$HOME|*|")},
      {"the folder", command({"sh", "-c", "cd /w && test -w . && echo yes"}), 200, prints("yes\n")},
      {"a folder for temporary files", shell("echo x >/tmp/a && cat /tmp/a"), 200, prints("x\n")},
      {"no network",
       python("import socket\ntry: socket.create_connection(('127.0.0.1', 9), 1)\nexcept OSError: print('no')"), 200,
       prints("no\n")},
      {"the user", command({"id", "-u"}), 200, prints("1000\n")},
      {"few processes in sight", shell("ls /proc | grep -c '^[0-9]*$'"), 200, ends("Accepted")},
      {"nothing of the host's accounts", shell("test ! -e /etc/shadow && echo hidden"), 200, prints("hidden\n")},
      {"the system is read-only", shell("touch /usr/bin/x 2>/dev/null || echo no"), 200, prints("no\n")},
  };
}

std::vector<Row> files() {
  const json a = {{"a", content("text")}};
  return {
      {"a file in", command({"cat", "a"}, copies(a)), 200, prints("text")},
      {"a file in a folder", command({"cat", "d/e/a"}, copies({{"d/e/a", content("deep")}})), 200, prints("deep")},
      {"a file by the folder's path", command({"cat", "/w/a"}, copies({{"/w/a", content("abs")}})), 200, prints("abs")},
      {"a file that is executed", command({"./a"}, copies({{"a", content("#!/bin/sh\necho ran\n")}})), 200,
       prints("ran\n")},
      {"a file's mode", command({"stat", "-c", "%a", "a"}, copies(a)), 200, prints("777\n")},
      {"a file with a strange name", command({"cat", "a b$\n"}, copies({{"a b$\n", content("odd")}})), 200,
       prints("odd")},
      {"an empty file", command({"wc", "-c", "a"}, copies({{"a", content("")}})), 200, prints("0 a\n")},
      {"many files", shell("ls | wc -l", copies([] {
                             json many;
                             for (int i = 0; i < 300; ++i) many["f" + std::to_string(i)] = content("x");
                             return many;
                           }())),
       200, prints("300\n")},
      {"a file up and out",
       command({"true"}, copies({{"../a", content("")}})),
       200,
       {{"/0/status", "File Error"}, {"/0/fileError/0/type", "CopyInCreateFile"}, {"/0/fileError/0/name", "../a"}}},
      {"a file up in the middle", command({"true"}, copies({{"d/../../a", content("")}})), 200, ends("File Error")},
      {"a file elsewhere", command({"true"}, copies({{"/etc/passwd", content("")}})), 200, ends("File Error")},
      {"a file without a name", command({"true"}, copies({{"", content("")}})), 200, ends("File Error")},
      {"a file with NUL", command({"true"}, copies({{std::string("a\0b", 3), content("")}})), 200, ends("File Error")},
      {"the folder itself", command({"true"}, copies({{"/w/", content("")}})), 200, ends("File Error")},
      {"one file by two names", command({"true"}, copies({{"a", content("1")}, {"/w/a", content("2")}})), 200,
       ends("File Error")},
      {"a file out", shell("echo made >a", copies(json::object(), {"a"})), 200, {{"/0/files/a", "made\n"}}},
      {"a file out of a folder",
       shell("mkdir d; echo made >d/a", copies(json::object(), {"d/a"})),
       200,
       {{"/0/files/d~1a", "made\n"}}},
      {"a file out by the folder's path",
       shell("echo made >a", copies(json::object(), {"/w/a"})),
       200,
       {{"/0/files/~1w~1a", "made\n"}}},
      {"a file that is not there",
       shell("true", copies(json::object(), {"a"})),
       200,
       {{"/0/status", "File Error"}, {"/0/fileError/0/name", "a"}, {"/0/fileError/0/type", "CopyOutOpen"}}},
      {"a file that need not be there",
       shell("true", copies(json::object(), {"a?"})),
       200,
       {{"/0/status", "Accepted"}, {"/0/fileError", json()}}},
      {"a file that need not be there and is",
       shell("echo x >a", copies(json::object(), {"a?"})),
       200,
       {{"/0/files/a", "x\n"}}},
      {"a file that is not there beside a failure",
       shell("exit 1", copies(json::object(), {"a"})),
       200,
       {{"/0/status", "Nonzero Exit Status"}, {"/0/fileError/0/type", "CopyOutOpen"}}},
      {"a file outside", shell("true", copies(json::object(), {"/etc/passwd"})), 200, ends("File Error")},
      {"a file up and out of it", shell("true", copies(json::object(), {"../../etc/passwd"})), 200, ends("File Error")},
      {"a link to a file of the system", shell("ln -s /etc/passwd a", copies(json::object(), {"a"})), 200,
       ends("File Error")},
      {"a link to a file beside", shell("echo x >b; ln -s b a", copies(json::object(), {"a"})), 200,
       ends("File Error")},
      {"a folder",
       shell("mkdir a", copies(json::object(), {"a"})),
       200,
       {{"/0/status", "File Error"}, {"/0/fileError/0/type", "CopyOutNotRegularFile"}}},
      {"a FIFO",
       shell("mkfifo a", copies(json::object(), {"a"})),
       200,
       {{"/0/status", "File Error"}, {"/0/fileError/0/type", "CopyOutNotRegularFile"}}},
      {"a file without rights",
       shell("echo x >a; chmod 0 a", copies(json::object(), {"a"})),
       200,
       {{"/0/exitStatus", 0}}},
      {"a file of just its bound",
       shell("printf 12345 >a", {{"copyOut", {"a"}}, {"copyOutMax", 5}}),
       200,
       {{"/0/files/a", "12345"}}},
      {"a file beyond its bound",
       shell("printf 123456 >a", {{"copyOut", {"a"}}, {"copyOutMax", 5}}),
       200,
       {{"/0/status", "File Error"}, {"/0/fileError/0/type", "CopyOutSizeExceeded"}, {"/0/files/a", json()}}},
      {"a file that is cut",
       shell("printf 123456 >a", {{"copyOut", {"a"}}, {"copyOutMax", 5}, {"copyOutTruncate", true}}),
       200,
       {{"/0/status", "File Error"}, {"/0/files/a", "12345"}, {"/0/fileError/0/type", "CopyOutSizeExceeded"}}},
      {"a sparse file",
       shell("truncate -s 1T a 2>/dev/null; true", copies(json::object(), {"a"})),
       200,
       {{"/0/exitStatus", 0}}},
      {"a collected stream that is copied out, too", shell("echo x", copies(json::object(), {"stdout"})), 200,
       prints("x\n")},
      {"an unknown id", command({"cat", "a"}, copies({{"a", {{"fileId", "NOSUCH"}}}})), 400, {}},
      {"input by an unknown id", command({"cat"}, {{"files", {{{"fileId", "NOSUCH"}}}}}), 400, {}},
      {"too large for the workspace",
       shell("head -c 300000000 /dev/zero >a && echo done"),
       200,
       {{"/0/files/stdout", ""}}},
  };
}

std::vector<Row> refused() {
  return {
      {"no JSON", json("text"), 400, {}},
      {"no command", json{{"cmd", json::array()}}, 400, says("no cmd provided")},
      {"no commands at all", json{{"x", 1}}, 400, says("no cmd provided")},
      {"commands that are none", json{{"cmd", "ls"}}, 400, {}},
      {"a command that is none", json{{"cmd", {1}}}, 400, {}},
      {"no arguments", json{{"cmd", {json::object()}}}, 400, {}},
      {"arguments that are no texts", command({}, {{"args", {1}}}), 400, {}},
      {"an argument with NUL", command({"echo", std::string("a\0b", 3)}), 200, ends("Internal Error")},
      {"a variable without a name", command({"true"}, {{"env", {"=x"}}}), 400, {}},
      {"a variable with NUL", command({"true"}, {{"env", {std::string("A=\0", 3)}}}), 400, {}},
      {"a negative limit", command({"true"}, {{"cpuLimit", -1}}), 400, {}},
      {"a limit that is a text", command({"true"}, {{"cpuLimit", "1s"}}), 400, {}},
      {"a limit past all bounds", command({"true"}, {{"cpuLimit", 18446744073709551615U}}), 200,
       ends("Internal Error")},
      {"more memory than there is", command({"true"}, {{"memoryLimit", 1ULL << 50}}), 200, ends("Internal Error")},
      {"a terminal", command({"true"}, {{"tty", true}}), 400, {}},
      {"a share of the CPU", command({"true"}, {{"cpuRateLimit", 500}}), 400, {}},
      {"a set of cores", command({"true"}, {{"cpuSetLimit", "0"}}), 400, {}},
      {"a file of the host", command({"cat"}, {{"files", {{{"src", "/etc/passwd"}}}}}), 400, {}},
      {"a file of the host, copied in", command({"cat", "a"}, copies({{"a", {{"src", "/etc/passwd"}}}})), 400, {}},
      {"a symbolic link, copied in", command({"cat", "a"}, copies({{"a", {{"symlink", "/etc/passwd"}}}})), 400, {}},
      {"a collector, copied in", command({"cat", "a"}, copies({{"a", collector("x")}})), 400, {}},
      {"a file of no kind", command({"cat"}, {{"files", {json::object()}}}), 400, {}},
      {"a stream", command({"cat"}, {{"files", {{{"streamIn", true}}}}}), 400, {}},
      {"a fourth descriptor",
       command({"cat"}, {{"files", {content(""), content(""), content(""), content("")}}}),
       400,
       {}},
      {"null without a pipe", command({"cat"}, {{"files", json::array({nullptr})}}), 400, {}},
      {"a pipe to nowhere", request({command({"cat"})}, {pipe(0, 1, 7)}), 400, {}},
      {"a pipe from standard input", request({piped("cat"), piped("cat")}, {pipe(0, 0, 1)}), 400, {}},
      {"two pipes from one descriptor", request({piped("cat"), piped("cat")}, {pipe(0, 1, 1), pipe(0, 1, 0)}), 400, {}},
  };
}

std::vector<Row> pipes() {
  const json ask = piped("echo 1; read a; echo got $a >&2");
  const json answer = piped("read a; echo $a$a");
  const json both = {pipe(0, 1, 1), pipe(1, 1, 0)};
  const std::vector<json> two = {both[0], both[1]};
  const json last = shell("cat", {{"files", json::array({nullptr, collector("stdout"), collector("stderr")})}});
  const json first = shell("echo one; echo two", {{"files", json::array({content(""), nullptr, collector("stderr")})}});
  return {
      {"one way",
       request({first, last}, {pipe(0, 1, 1)}),
       200,
       {{"/0/status", "Accepted"}, {"/1/status", "Accepted"}, {"/1/files/stdout", "one\ntwo\n"}}},
      {"there and back",
       request({ask, answer}, two),
       200,
       {{"/0/status", "Accepted"}, {"/1/status", "Accepted"}, {"/0/files/stderr", "got 11\n"}}},
      {"a copy of what went through",
       request({first, last}, {pipe(0, 1, 1, {{"proxy", true}, {"name", "log"}, {"max", 100}})}),
       200,
       {{"/0/files/log", "one\ntwo\n"}, {"/1/files/stdout", "one\ntwo\n"}}},
      {"a copy that is cut",
       request({first, last}, {pipe(0, 1, 1, {{"proxy", true}, {"name", "log"}, {"max", 3}})}),
       200,
       {{"/0/files/log", "one"}, {"/1/files/stdout", "one\ntwo\n"}}},
      {"a reader that leaves",
       request({shell("seq 100000", {{"files", json::array({content(""), nullptr})}}),
                shell("head -n 1", {{"files", json::array({nullptr, collector("stdout")})}})},
               {pipe(0, 1, 1)}),
       200,
       {{"/1/status", "Accepted"}, {"/1/files/stdout", "1\n"}}},
      {"a writer that fails",
       request({shell("exit 3", {{"files", json::array({content(""), nullptr})}}), last}, {pipe(0, 1, 1)}),
       200,
       {{"/0/status", "Nonzero Exit Status"}, {"/1/status", "Accepted"}, {"/1/files/stdout", ""}}},
      {"both wait",
       request({piped("read a", {{"clockLimit", kSecond}}), piped("read a", {{"clockLimit", kSecond}})}, two),
       200,
       {{"/0/status", "Time Limit Exceeded"}}},
      {"much through a pipe",
       request({shell("head -c 5000000 /dev/zero", {{"files", json::array({content(""), nullptr})}}),
                shell("wc -c", {{"files", json::array({nullptr, collector("stdout")})}})},
               {pipe(0, 1, 1)}),
       200,
       {{"/1/files/stdout", "5000000\n"}}},
      {"error output through a pipe",
       request({shell("echo err >&2", {{"files", json::array({content(""), collector("stdout"), nullptr})}}), last},
               {pipe(0, 2, 1)}),
       200,
       {{"/1/files/stdout", "err\n"}}},
      {"three in a row",
       request({first, shell("tr a-z A-Z", {{"files", json::array({nullptr, nullptr})}}), last},
               {pipe(0, 1, 1), pipe(1, 1, 2)}),
       200,
       {{"/2/files/stdout", "ONE\nTWO\n"}}},
      {"two without pipes",
       json{{"cmd", {shell("echo 1"), shell("exit 2")}}},
       200,
       {{"/0/files/stdout", "1\n"}, {"/1/status", "Nonzero Exit Status"}}},
      {"one of two that cannot be",
       json{{"cmd", {shell("echo 1"), command({"no-such"})}}},
       200,
       {{"/0/status", "Accepted"}, {"/1/status", "Internal Error"}}},
  };
}

class GoJudge : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<Server>(std::vector<std::string>{"--api", "go-judge"}); }
  static void TearDownTestSuite() { server_.reset(); }

  static void check(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      const bool is_whole = !row.body.is_object() || !row.body.contains("args");
      const Reply reply = server_->post("/run", is_whole ? row.body : json{{"cmd", {row.body}}});
      EXPECT_EQ(reply.status, row.status) << row.name << ": " << reply.body;
      const json answer = reply.json();
      if (row.status != 200) {
        EXPECT_TRUE(answer.is_string()) << row.name << ": an error is a bare string: " << reply.body;
      }
      for (const auto& [place, value] : row.holds) {
        const json::json_pointer pointer(place);
        const json found = answer.contains(pointer) ? answer[pointer] : json();
        EXPECT_EQ(found, value) << row.name << " " << place << ": " << reply.body.substr(0, 2000);
      }
      rows_ += 1;
    }
  }

  static std::unique_ptr<Server> server_;
  static int rows_;
};

std::unique_ptr<Server> GoJudge::server_;
int GoJudge::rows_ = 0;

TEST_F(GoJudge, ends_are_called_as_there) {
  check(endings());
}
TEST_F(GoJudge, streams_are_fed_and_collected) {
  check(streams());
}
TEST_F(GoJudge, programs_find_what_they_are_used_to) {
  check(surroundings());
}
TEST_F(GoJudge, files_go_in_and_out) {
  check(files());
}
TEST_F(GoJudge, what_is_not_offered_is_refused_in_its_own_form) {
  check(refused());
}
TEST_F(GoJudge, programs_talk_through_pipes) {
  check(pipes());
}

TEST_F(GoJudge, the_table_has_its_rows) {
  EXPECT_GE(
      endings().size() + streams().size() + surroundings().size() + files().size() + refused().size() + pipes().size(),
      120U);
}

TEST_F(GoJudge, a_compiled_file_is_cached_and_run_by_its_id) {
  const json built = server_
                         ->post("/run", {{"cmd",
                                          {shell("printf '#!/bin/sh\\nread a; echo $a$a\\n' >main",
                                                 copies(json::object(), {"stdout"}, {"main"}))}}})
                         .json();
  ASSERT_EQ(built[0]["status"], "Accepted") << built;
  const std::string id = built[0]["fileIds"]["main"];
  EXPECT_FALSE(built[0]["files"].contains("main"));
  json run = command({"./main"}, input("7\n"));
  run["copyIn"] = {{"main", {{"fileId", id}}}};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(server_->post("/run", {{"cmd", {run}}}).json()[0]["files"]["stdout"], "77\n");
  EXPECT_EQ(server_->request("DELETE", "/file/" + id).status, 200);
  EXPECT_EQ(server_->request("DELETE", "/file/" + id).status, 404);
  EXPECT_EQ(server_->post("/run", {{"cmd", {run}}}).status, 400);
}

TEST_F(GoJudge, a_collected_stream_can_be_cached) {
  const json result =
      server_->post("/run", {{"cmd", {shell("echo kept", copies(json::object(), json::array(), {"stdout"}))}}}).json();
  const std::string id = result[0]["fileIds"]["stdout"];
  EXPECT_EQ(server_->get("/file/" + id).body, "kept\n");
}

TEST_F(GoJudge, files_are_stored_listed_and_removed) {
  const std::string body = "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\\\"\r\n.txt\"\r\n\r\n" +
                           std::string("by\0tes\r\n--x\r\n", 13) + "\r\n--xx--\r\n";
  const Reply added = server_->request("POST", "/file", body, "multipart/form-data; boundary=xx");
  ASSERT_EQ(added.status, 200) << added.body;
  const std::string id = added.json();
  EXPECT_TRUE(server_->get("/file").json().contains(id));
  const Reply got = server_->get("/file/" + id);
  EXPECT_EQ(got.body, std::string("by\0tes\r\n--x\r\n", 13));
  EXPECT_NE(got.header("Content-Disposition").find("attachment"), std::string::npos);
  EXPECT_EQ(server_->request("DELETE", "/file/" + id).status, 200);
  EXPECT_EQ(server_->get("/file/" + id).status, 404);
  for (const char* wrong :
       {"", "--xx", "--xx\r\n\r\n", "--xx\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--xx--"}) {
    EXPECT_EQ(server_->request("POST", "/file", wrong, "multipart/form-data; boundary=xx").status, 400) << wrong;
  }
  EXPECT_EQ(server_->request("POST", "/file", "x", "text/plain").status, 400);
}

TEST(GoJudgeFiles, files_of_the_host_are_named_below_one_folder_alone) {
  TemporaryFolder folder;
  const std::string data = folder.write("data/1.in", "of the host\n").string();
  const std::string outside = folder.write("secret", "not this\n").string();
  const Server server({"--api", "go-judge", "--src-prefix", (folder.path() / "data").string()});
  const auto run = [&](const std::string& path) {
    json both = command({"sh", "-c", "cat a -"}, copies({{"a", {{"src", path}}}}));
    both["files"][0] = {{"src", path}};
    return server.post("/run", {{"cmd", {both}}});
  };
  EXPECT_EQ(run(data).json()[0]["files"]["stdout"], "of the host\nof the host\n");
  EXPECT_EQ(run(outside).status, 400);
  EXPECT_EQ(run((folder.path() / "data/../secret").string()).status, 400);
  EXPECT_EQ(run("data/1.in").status, 400);
  EXPECT_EQ(run((folder.path() / "data").string()).status, 400);
  EXPECT_EQ(run((folder.path() / "data-other").string()).status, 400);
  EXPECT_EQ(run("").status, 400);
  EXPECT_EQ(run((folder.path() / "data/missing").string()).json()[0]["status"], "Internal Error");
}

TEST(GoJudgeStore, a_full_store_says_so_and_takes_files_again_when_some_are_removed) {
  const Server server({"--api", "go-judge", "--store-quota", "4KiB"});
  const auto add = [&](std::size_t size) {
    const std::string body = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n" +
                             std::string(size, 'a') + "\r\n--x--\r\n";
    return server.request("POST", "/file", body, "multipart/form-data; boundary=x");
  };
  const Reply first = add(2000);
  ASSERT_EQ(first.status, 200);
  EXPECT_EQ(add(3000).status, 507);
  const json result =
      server.post("/run", {{"cmd", {shell("head -c 3000 /dev/zero >a", copies(json::object(), json::array(), {"a"}))}}})
          .json();
  EXPECT_EQ(result[0]["status"], "File Error") << result;
  EXPECT_EQ(server.request("DELETE", "/file/" + first.json().get<std::string>()).status, 200);
  EXPECT_EQ(add(3000).status, 200);
  EXPECT_EQ(server.metric("evalrun_stored_files"), 1);
}

TEST(GoJudgeStore, a_file_that_nobody_uses_goes) {
  const Server server({"--api", "go-judge", "--store-age", "1s"});
  const std::string body = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n--x--\r\n";
  const std::string id = server.request("POST", "/file", body, "multipart/form-data; boundary=x").json();
  EXPECT_EQ(server.get("/file/" + id).status, 200);
  ::sleep(2);
  EXPECT_EQ(server.get("/file/" + id).status, 404);
}

TEST_F(GoJudge, clients_are_told_what_there_is) {
  const json version = server_->get("/version").json();
  EXPECT_TRUE(version["buildVersion"].get<std::string>().starts_with("v1."));
  for (const char* feature : {"copyOutOptional", "pipeProxy", "copyOutTruncate", "procPeak", "fixSymlinkEscape"}) {
    EXPECT_EQ(version[feature], true) << feature;
  }
  EXPECT_EQ(version["stream"], true);
  EXPECT_EQ(server_->get("/config").json()["runnerConfig"]["workDir"], "/w");
  EXPECT_EQ(server_->get("/ws").status, 426);
  EXPECT_EQ(server_->get("/run").status, 405);
}

TEST(GoJudgeOverload, a_full_queue_is_no_answer_about_a_program) {
  const Server server({"--api", "go-judge", "--jobs", "1", "--queue", "1"});
  std::vector<Connection> connections;
  for (int i = 0; i < 2; ++i) {
    connections.push_back(server.connect());
    connections.back().send(request_text("POST", "/run", json{{"cmd", {shell("sleep 1")}}}.dump()));
  }
  for (int i = 0; i < 400 && server.metric("evalrun_jobs_waiting") != 1; ++i) ::usleep(5000);
  const Reply reply = server.post("/run", {{"cmd", {shell("true")}}});
  EXPECT_EQ(reply.status, 503);
  EXPECT_TRUE(reply.json().is_string()) << reply.body;
  EXPECT_EQ(reply.header("Retry-After"), "1");
  for (Connection& connection : connections) EXPECT_EQ(connection.read().json()[0]["status"], "Accepted");
}

}  // namespace
}  // namespace evalrun::test
