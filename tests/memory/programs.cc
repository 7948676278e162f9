#include "tests/memory/programs.h"

#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun::test {
namespace {

using nlohmann::json;

// Time is no matter here.
constexpr char kTime[] = "limits.cpu = \"20s\"\nlimits.wall = \"60s\"\n";

std::string source(const std::string& image, const std::string& file, const std::string& text) {
  return "image = \"" + image + "\"\nsource = \"" + file + "\"\nfiles.\"" + file +
         "\" = { text = " + json(text).dump() + " }\n" + kTime;
}

// The probe as a program of the host: bound, not copied, so that its pages are those of a file on disk.
std::string probe_words(const std::string& image, const std::string& probe, const std::string& words) {
  return (image.empty() ? "" : "image = \"" + image + "\"\n") + "argv = [\"/box/" + probe + "\", " + words + "]\n" +
         kTime + "[[mount]]\nbind = \"{probes}\"\nat = \"/box\"\nexec = true\n";
}

Program c(Kind kind, unsigned limit_mib, const std::string& words) {
  return {.name = "c",
          .needs = {},
          .reads = {probe("verdict")},
          .kind = kind,
          .limit_mib = limit_mib,
          .plan = probe_words("", "verdict", words)};
}

Program cpp(Kind kind, unsigned limit_mib, const std::string& words) {
  return {.name = "cpp",
          .needs = {"/usr/bin/g++"},
          .reads = {probe("verdict_dynamic")},
          .kind = kind,
          .limit_mib = limit_mib,
          .plan = probe_words("cpp", "verdict_dynamic", words)};
}

Program python(Kind kind, unsigned limit_mib, const std::string& text) {
  return {.name = "python",
          .needs = {"/usr/bin/python3"},
          .reads = {"/usr/bin/python3", "/usr/lib/python3.11", "/usr/lib/python3.12", "/usr/lib/python3.13"},
          .kind = kind,
          .limit_mib = limit_mib,
          .plan = source("python", "a.py", text)};
}

Program node(Kind kind, unsigned limit_mib, const std::string& text) {
  return {.name = "node",
          .needs = {"/usr/bin/node"},
          .reads = {"/usr/bin/node"},
          .kind = kind,
          .limit_mib = limit_mib,
          .plan = source("node", "a.js", text)};
}

Program java(Kind kind, unsigned limit_mib, const std::string& text) {
  return {.name = "java",
          .needs = {"/usr/bin/java"},
          .reads = {"/usr/bin/java", "/usr/lib/jvm"},
          .kind = kind,
          .limit_mib = limit_mib,
          .plan = source("java", "Main.java", text)};
}

Program php(Kind kind, unsigned limit_mib, const std::string& text) {
  return {.name = "php",
          .needs = {"/usr/bin/php8.2"},
          .reads = {"/usr/bin/php8.2"},
          .kind = kind,
          .limit_mib = limit_mib,
          .plan = source("{images}/php.toml", "a.php", text)};
}

// Compiled once for all runs.
const std::filesystem::path& go_programs() {
  static const TemporaryFolder folder;
  static const std::filesystem::path made = [] {
    const std::filesystem::path path = folder.path();
    std::ofstream(path / "hoard.go")
        << "package main\nimport (\"os\"; \"strconv\"; \"time\")\nvar kept [][]byte\nfunc main() {\n"
           "n, _ := strconv.Atoi(os.Args[1])\nfor i := 0; i < n; i++ {\nb := make([]byte, 1<<20)\n"
           "for j := range b { b[j] = byte(i + j) }\nkept = append(kept, b)\n}\n"
           "time.Sleep(100 * time.Millisecond)\nos.Exit(len(kept) - n)\n}\n";
    run_command({"env", "CGO_ENABLED=0", "GO111MODULE=off", "GOFLAGS=", "HOME=" + path.string(),
                 "GOCACHE=" + (path / "cache").string(), "/usr/bin/go", "build", "-o", (path / "hoard").string(),
                 (path / "hoard.go").string()});
    // Root's programs run as somebody else.
    ::chmod(path.c_str(), 0755);
    return path;
  }();
  return made;
}

Program go(Kind kind, unsigned limit_mib, const std::string& mebibytes) {
  Program program{.name = "go",
                  .needs = {"/usr/bin/go"},
                  .reads = {},
                  .kind = kind,
                  .limit_mib = limit_mib,
                  .plan = "argv = [\"/box/hoard\", \"" + mebibytes +
                          "\"]\nlimits.processes = 64\nenv.GOGC = \"off\"\n" + kTime +
                          "[[mount]]\nbind = \"{go}\"\nat = \"/box\"\nexec = true\n"};
  return program;
}

Program named(const std::string& more, Program program) {
  program.name += "_" + more;
  return program;
}

Program numpy(const std::string& more, Program program) {
  program.needs.emplace_back("/usr/lib/python3/dist-packages/numpy");
  program.reads.emplace_back("/usr/lib/python3/dist-packages/numpy");
  // Debian's links to the libraries that compute lead through there.
  program.plan += "[[mount]]\nbind = \"/etc/alternatives\"\nat = \"/etc/alternatives\"\n";
  return named(more, std::move(program));
}

}  // namespace

const std::vector<Program>& programs() {
  static const std::vector<Program> all = {
      named("leaks", c(Kind::Leaks, 128, R"("hoard", "4000")")),
      named("near_its_limit", c(Kind::Fits, 128, R"("hoard", "120", "then", "sleep", "0.1")")),
      named("leaks", cpp(Kind::Leaks, 128, R"("hoard", "4000")")),
      named("near_its_limit", cpp(Kind::Fits, 128, R"("hoard", "120", "then", "sleep", "0.1")")),
      named("leaks", python(Kind::Leaks, 128, "k = []\nwhile True: k.append(bytearray(b'x' * (1 << 16)))\n")),
      named("near_its_limit",
            python(Kind::Fits, 128,
                   "import time\nk = [bytearray(b'x' * (1 << 20)) for i in range(115)]\ntime.sleep(.1)\n")),
      // Its peak comes before the pages of most of its files.
      named("frees_and_imports",
            python(Kind::Fits, 160,
                   "import time\nk = [bytearray(b'x' * (1 << 20)) for i in range(140)]\ntime.sleep(.1)\nk = None\n"
                   "import json, decimal, email.message, http.client, unittest, asyncio, xml.dom.minidom, sqlite3\n")),
      // Files and heap together are known from looks alone where no group counts: long enough for one on a busy
      // machine.
      named("writes_and_holds",
            python(Kind::Fits, 128,
                   "import time\nb = bytearray(b'x' * (1 << 20))\nwith open('f', 'wb') as f:\n"
                   "  for i in range(60): f.write(b)\nk = [bytearray(b) for i in range(50)]\ntime.sleep(.5)\n")),
      numpy("numpy_leaks",
            python(Kind::Leaks, 160, "import numpy as n\nk = []\nwhile True: k.append(n.ones(10**5))\n")),
      numpy("numpy_near_its_limit",
            python(Kind::Fits, 160,
                   "import numpy as n, time\nk = [n.ones(10**5) for i in range(150)]\ntime.sleep(.1)\n")),
      named("leaks", node(Kind::Leaks, 160, "const k = []; for (;;) k.push(Buffer.alloc(1 << 20, 1));\n")),
      named("near_its_limit", node(Kind::Fits, 160,
                                   "const k = []; for (let i = 0; i < 140; ++i) k.push(Buffer.alloc(1 << 20, 1));\n"
                                   "setTimeout(() => {}, 100);\n")),
      named("leaks", java(Kind::Leaks, 256,
                          "import java.util.*;\npublic class Main { public static void main(String[] a) {\n"
                          "List<byte[]> l = new ArrayList<>(); for (;;) l.add(new byte[1 << 20]); } }\n")),
      named("near_its_limit",
            java(Kind::Fits, 176,
                 "import java.nio.*;\npublic class Main { public static void main(String[] a) throws Exception {\n"
                 "ByteBuffer b = ByteBuffer.allocateDirect(120 << 20);\n"
                 "for (int i = 0; i < 120 << 20; i += 4096) b.put(i, (byte) 1); Thread.sleep(100); } }\n")),
      named("leaks", php(Kind::Leaks, 128, "<?php $k = []; for (;;) $k[] = str_repeat('x', 1 << 16) . count($k);\n")),
      named("near_its_limit",
            php(Kind::Fits, 128,
                "<?php $k = []; for ($i = 0; $i < 115; ++$i) $k[] = str_repeat(chr($i), 1 << 20); usleep(100000);\n")),
      named("leaks", go(Kind::Leaks, 128, "4000")),
      named("near_its_limit", go(Kind::Fits, 128, "112")),
  };
  return all;
}

std::filesystem::path folder_of_go_programs() {
  return std::filesystem::exists("/usr/bin/go") ? go_programs() : std::filesystem::path();
}

const std::vector<std::pair<std::string, std::string>>& images_for_programs() {
  static const std::vector<std::pair<std::string, std::string>> all = {
      {"php.toml",
       "name = \"php\"\ndescription = \"PHP\"\nprograms = [\"/usr/bin/php8.2\"]\n"
       "run = [\"php8.2\", \"-n\", \"-d\", \"memory_limit=-1\", \"{source}\"]\ninclude = [\"base\"]\n"}};
  return all;
}

}  // namespace evalrun::test
