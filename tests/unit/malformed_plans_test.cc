// Plans that must be refused, each with its line, its key and what was expected, beside plans of the same family that
// must not. What can be said of every key is generated from the key table.
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "runtime/reader/key_table.h"
#include "runtime/reader/parse.h"
#include "tests/support/command.h"
#include "tests/support/paths.h"

namespace evalrun {
namespace {

Plan parse(const std::string& text) {
  return parse_plan({text, "plan.toml", "plan", "/plans"}, {}, {});
}

std::optional<PlanError> refusal(const std::string& text) {
  try {
    parse(text);
    return std::nullopt;
  } catch (const PlanError& error) {
    return error;
  }
}

struct Refused {
  std::string text;  // behind a first line that is a valid plan
  unsigned line;
  std::string says;  // a part of the message, with the key
};

struct Family {
  std::string name;
  std::vector<std::string> allowed;
  std::vector<Refused> refused;
};

void PrintTo(const Family& family, std::ostream* out) {
  *out << family.name;
}

constexpr const char* kFirstLine = "argv = [\"a\"]\n";
// What a text that brings its own first line begins with.
constexpr const char* kAlone = "#alone\n";

std::string whole(const std::string& text) {
  return (text.starts_with(kAlone) ? "" : kFirstLine) + text;
}

std::vector<Family> hand_written() {
  return {
      {"toml_syntax",
       {"", "# a comment: \u00e9", "env.A = \"\"\"a \\\n \u00e9 \\\n\u0449\"\"\"", "env = { \"\u00e9\" = '\u0449' }",
        "limits.cpu = \"1s\" # behind", "[limits]\r\ncpu = \"1s\"\r\n", "[limits]\n\n[network]\n", "\"hostname\" = 'x'",
        "env = { A = \"\"\"a\nb\"\"\" }"},
       {{"hostname", 2, "not TOML"},
        {"hostname =", 2, "not TOML"},
        {"hostname = \"x", 2, "not TOML"},
        {"hostname = \"x\ny\"", 2, "not TOML"},
        {"hostname = x", 2, "not TOML"},
        {"hostname = 'x' y", 2, "not TOML"},
        {"hostname = 'x' \u00e9", 2, "not TOML"},
        {"\u0449 = 1", 2, "not TOML"},
        {"\u00a0", 2, "not TOML"},
        {"hostname = \u201cx\u201d", 2, "not TOML"},
        {"= 1", 2, "not TOML"},
        {"[limits", 2, "not TOML"},
        {"[limits]]", 2, "not TOML"},
        {"[[mount]", 2, "not TOML"},
        {"[]", 2, "not TOML"},
        {"[limits]\n[limits]", 3, "not TOML"},
        {"hostname = 'x'\nhostname = 'y'", 3, "not TOML"},
        {"limits.cpu = '1s'\n[limits]\nwall = '1s'", 3, "not TOML"},
        {"collect = [1, 2", 2, "not TOML"},
        {"collect = [1 2]", 2, "not TOML"},
        {"env = { A = 'x', }", 2, "not TOML"},
        {"env = { A = 'x'\n}", 2, "not TOML"},
        {"limits.processes = 08", 2, "not TOML"},
        {"limits.processes = 0x", 2, "not TOML"},
        {"limits.processes = 99999999999999999999", 2, "not TOML"},
        {"hostname = \"\\q\"", 2, "not TOML"},
        {"hostname = \"\\ud800\"", 2, "not TOML"},
        {"hostname = \"\xff\"", 2, "expected UTF-8"},
        {"hostname = \"\xc0\x80\"", 2, "expected UTF-8"},
        {"\n\n  \x01", 4, "not TOML"},
        {"# \x7f", 2, "not TOML"},
        {"determinism.aslr = True", 2, "not TOML"},
        {"a.b.c", 2, "not TOML"},
        {"{}", 2, "not TOML"},
        {"\xfe\xff", 2, "expected UTF-8"},
        {std::string("hostname = \"a\0b\"", 16), 2, "a NUL byte"},
        {std::string("# a\n\0", 5), 3, "a NUL byte"}}},
      {"nesting",
       {"env = { A = '....................', B = \"..................\" } # ....................",
        "env = { A = '''\n[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[ a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a\n''' }",
        "env.A = \"\"\"x\\\"\"\"\"\"\nenv.B = '{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{'"},
       {{"x = " + std::string(1'000'000, '['), 2, "values nest too deeply"},
        {std::string(1'000'000, '['), 2, "values nest too deeply"},
        {"x = [\n" + std::string(40, '['), 3, "values nest too deeply"},
        {"x = " + std::string(33, '[') + std::string(33, ']'), 2, "values nest too deeply"},
        {"x = " + std::string(32, '[') + std::string(32, ']'), 2, "x: unknown key"},
        {"x = {a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a={a=1}", 2,
         "values nest too deeply"},
        {[] {
           std::string key;
           for (int i = 0; i < 100'000; ++i) key += "a.";
           return key + "a = 1";
         }(),
         2, "a dotted key is too long"},
        {[] {
           std::string header = "[";
           for (int i = 0; i < 100'000; ++i) header += "'a'.";
           return header + "a]";
         }(),
         2, "a dotted key is too long"},
        {"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = 1", 2, "a: unknown key"},
        {"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = 1", 2, "a dotted key is too long"},
        {"'a' . \"b\" . c . d.e.f.g.h.i.j.k.l.m.n.o.p.q = 1", 2, "a dotted key is too long"}}},
      {"unknown_keys",
       {"limits.cpu = '1s'"},
       {{"cpu = '1s'", 2, "cpu: unknown key; did you mean \"limits.cpu\"?"},
        {"memory = '1MiB'", 2, "memory: unknown key; did you mean \"limits.memory\"?"},
        {"limit.cpu = '1s'", 2, "limit: unknown key; did you mean \"limits\"?"},
        {"limits.cpux = '1s'", 2, "limits.cpux: unknown key; did you mean \"limits.cpu\"?"},
        {"[limits]\n\nmemroy = '1MiB'", 4, "limits.memroy: unknown key; did you mean \"limits.memory\"?"},
        {"Hostname = 'a'", 2, "Hostname: unknown key; did you mean \"hostname\"?"},
        {"xyzzy = 1", 2, "xyzzy: unknown key; known here: image, argv"},
        {"\"\" = 1", 2, "\"\": unknown key"},
        {"\"*\" = 1", 2, "\"*\": unknown key"},
        {"\"[]\" = 1", 2, "\"[]\": unknown key"},
        {"\"limits.cpu\" = '1s'", 2, "\"limits.cpu\": unknown key"},
        {"files.a.fro = 'x'", 2, "files.a.fro: unknown key; did you mean \"files.a.from\"?"},
        {"mount = [{ bnd = '/x' }]", 2, "mount[0].bnd: unknown key; did you mean \"mount[0].bind\"?"},
        {"link = [{ at = '/x', target = 'y' }]", 2, "link: unknown key"},
        {"run = ['a']", 2, "run: unknown key"},
        {std::string(100'000, 'k') + " = 1", 2, "unknown key"},
        {"[require]\nuser_ns = 'yes'", 3, "require.user_ns: unknown key"}}},
      {"times",
       {"limits.cpu = '1ms'", "limits.cpu = '1.5s'", "limits.cpu = '24h'", "limits.idle = '3m'",
        "limits.wall = '250000us'"},
       {{"limits.cpu = '0s'", 2, "limits.cpu: expected 1ms to 24h, found \"0s\""},
        {"limits.wall = '999us'", 2, "limits.wall: expected 1ms to 24h"},
        {"limits.idle = '86401s'", 2, "limits.idle: expected 1ms to 24h"},
        {"limits.cpu = '2'", 2, "limits.cpu: expected a time with a unit, such as \"2s\", found \"2\""},
        {"limits.cpu = ''", 2, "limits.cpu: expected a time with a unit"},
        {"limits.cpu = '2 s'", 2, "limits.cpu: expected a time with a unit"},
        {"limits.cpu = '-2s'", 2, "limits.cpu: expected a time with a unit"},
        {"limits.cpu = '2S'", 2, "limits.cpu: expected a time with a unit"},
        {"limits.cpu = '1.s'", 2, "limits.cpu: expected a time with a unit"},
        {"limits.cpu = '1e3s'", 2, "limits.cpu: expected a time with a unit"},
        {"limits.cpu = '2s\\n'", 2, "limits.cpu: expected a time with a unit"},
        {"limits.cpu = '99999999999999999999s'", 2, "limits.cpu: expected a time with a unit"},
        {"limits.cpu = '2sec'", 2, "limits.cpu: expected a time with a unit"},
        {"limits.cpu = '256MiB'", 2, "limits.cpu: expected a time with a unit"}}},
      {"sizes",
       {"limits.memory = '1MiB'", "limits.memory = '1TiB'", "limits.address_space = '1MiB'", "limits.file_size = '0B'",
        "limits.stack = '64KiB'"},
       {{"limits.memory = '1024KB'", 2, "limits.memory: expected a size with a unit, such as \"64MiB\""},
        {"limits.memory = '256'", 2, "limits.memory: expected a size with a unit"},
        {"limits.memory = '256M'", 2, "limits.memory: expected a size with a unit"},
        {"limits.memory = '1.5GiB'", 2, "limits.memory: expected a size with a unit"},
        {"limits.memory = '-1MiB'", 2, "limits.memory: expected a size with a unit"},
        {"limits.memory = '0B'", 2, "limits.memory: expected 1MiB to 1TiB, found \"0B\""},
        {"limits.address_space = '1023KiB'", 2, "limits.address_space: expected 1MiB to 1TiB"},
        {"limits.memory = '1023KiB'", 2, "limits.memory: expected 1MiB to 1TiB"},
        {"limits.memory = '2TiB'", 2, "limits.memory: expected 1MiB to 1TiB"},
        {"limits.stack = '1KiB'", 2, "limits.stack: expected 64KiB to 1TiB"},
        {"limits.workspace = '0B'", 2, "limits.workspace: expected 64KiB to 1TiB"},
        {"limits.memory = '9223372036854775807TiB'", 2, "limits.memory: expected a size with a unit"},
        {"limits.memory = 268435456", 2,
         "limits.memory: expected a size with a unit, such as \"64MiB\", found an integer"}}},
      {"counts",
       {"limits.processes = 1", "limits.processes = 32768", "limits.open_files = 3", "limits.inodes = 16"},
       {{"limits.processes = 0", 2, "limits.processes: expected a whole number from 1 to 32768, found 0"},
        {"limits.processes = -1", 2, "limits.processes: expected a whole number from 1 to 32768"},
        {"limits.processes = 32769", 2, "limits.processes: expected a whole number from 1 to 32768"},
        {"limits.processes = 9223372036854775807", 2, "limits.processes: expected a whole number from 1 to 32768"},
        {"limits.processes = 4294967297", 2, "limits.processes: expected a whole number from 1 to 32768"},
        {"limits.processes = '32'", 2, "limits.processes: expected a whole number from 1 to 32768, found a string"},
        {"limits.processes = 32.0", 2, "limits.processes: expected a whole number from 1 to 32768, found a float"},
        {"limits.open_files = 2", 2, "limits.open_files: expected a whole number from 3 to 1048576"},
        {"limits.open_files = 1048577", 2, "limits.open_files: expected a whole number from 3 to 1048576"},
        {"limits.inodes = 0", 2, "limits.inodes: expected a whole number from 16"}}},
      {"output_limit",
       {"limits.output = '1MiB'", "limits.output = { stdout = '1MiB' }",
        "limits.output = { stdout = '1MiB', stderr = '0B' }"},
       {{"limits.output = {}", 2, "limits.output: expected a table with stdout or stderr, found none"},
        {"limits.output = { both = '1MiB' }", 2, "limits.output.both: unknown key"},
        {"limits.output = 5", 2,
         "limits.output: expected a size with a unit, such as \"64MiB\" or a table with stdout or stderr, found an "
         "integer"},
        {"limits.output = '5'", 2, "limits.output: expected a size with a unit"},
        {"limits.output = ['1MiB']", 2, "limits.output: expected a size"},
        {"limits.output.stdout = true", 2, "limits.output.stdout: expected a size with a unit"}}},
      {"cpus",
       {"limits.cpus = 'auto'", "limits.cpus = 'any'", "limits.cpus = 1", "limits.cpus = [3, 0]"},
       {{"limits.cpus = 'all'", 2, "limits.cpus: expected \"auto\" or \"any\""},
        {"limits.cpus = 0", 2, "limits.cpus: expected a whole number from 1 to 1024, found 0"},
        {"limits.cpus = []", 2, "limits.cpus: expected a list, not empty"},
        {"limits.cpus = [-1]", 2, "limits.cpus[0]: expected a whole number from 0 to 1023, found -1"},
        {"limits.cpus = [0, 1024]", 2, "limits.cpus[1]: expected a whole number from 0 to 1023"},
        {"limits.cpus = [0, 1, 0]", 2, "limits.cpus: core 0 is listed twice"},
        {"limits.cpus = ['0']", 2, "limits.cpus[0]: expected a list, not empty, of whole numbers"},
        {"limits.cpus = true", 2, "limits.cpus: expected \"auto\" or \"any\""},
        {"limits.cpus = {}", 2, "limits.cpus: expected \"auto\" or \"any\""}}},
      {"argv",
       {"#alone\nargv = ['a', '']", "#alone\nargv = ['{source}']\nsource = 'x'\nfiles.x.text = ''"},
       {{"#alone\n", 1, "argv: missing"},
        {"#alone\nhostname = 'x'", 1, "argv: missing"},
        {"#alone\nargv = []", 2, "argv: expected a list, not empty"},
        {"#alone\nargv = ['']", 2, "argv: expected a program as the first word"},
        {"#alone\nargv = 'a'", 2,
         "argv: expected a list, not empty, each item text without a NUL byte, found a string"},
        {"#alone\nargv = ['a', 1]", 2, "argv[1]: expected a list"},
        {"#alone\nargv = [['a']]", 2, "argv[0]: expected a list"},
        {"#alone\nargv = [\n'a',\n\"b\\u0000\"]", 4, "argv[1]: expected text without a NUL byte, found \"b\\x00\""},
        {"#alone\nsource = 'x'", 2, "source: expected with an image whose run line has {source}"},
        {"source = ''", 2, "source: expected a file's path relative to /work"},
        {"source = '../x'", 2, "source: expected a file's path relative to /work"},
        {"source = '/x'", 2, "source: expected a file's path relative to /work"}}},
      {"env",
       {"env = {}", "env = { A = '', \"b c\" = '=' }", "[env]\nPATH = '/bin'"},
       {{"env = { \"\" = 'x' }", 2, "env.\"\": expected as name a name that is not empty"},
        {"env = { \"A=B\" = 'x' }", 2, "env.\"A=B\": expected as name"},
        {"env = { \"A\\u0000\" = 'x' }", 2, "env.\"A\\x00\": expected as name"},
        {"env = { A = \"\\u0000\" }", 2, "env.A: expected text without a NUL byte"},
        {"env = { A = 1 }", 2, "env.A: expected text without a NUL byte, found an integer"},
        {"env = { A = ['x'] }", 2, "env.A: expected text without a NUL byte, found an array"},
        {"[env.A]\nB = 'x'", 2, "env.A: expected text without a NUL byte, found a table"},
        {"env = ['A=1']", 2, "env: expected a table, found an array"},
        {"env = 'A=1'", 2, "env: expected a table, found a string"}}},
      {"cwd_and_hostname",
       {"cwd = '/'", "cwd = '/work/x'", "cwd = '/..x/x..'", "hostname = 'a'", "hostname = 'A-1.z'",
        "hostname = '" + std::string(64, 'h') + "'"},
       {{"cwd = ''", 2, "cwd: expected an absolute path"},
        {"cwd = 'work'", 2, "cwd: expected an absolute path"},
        {"cwd = '/work/..'", 2, "cwd: expected an absolute path"},
        {"cwd = '/../work'", 2, "cwd: expected an absolute path"},
        {"cwd = \"/a\\u0000\"", 2, "cwd: expected an absolute path"},
        {"cwd = '/" + std::string(4096, 'a') + "'", 2, "cwd: expected an absolute path"},
        {"cwd = '/" + std::string(256, 'a') + "'", 2, "cwd: expected an absolute path"},
        {"hostname = ''", 2, "hostname: expected 1 to 64 letters"},
        {"hostname = '" + std::string(65, 'h') + "'", 2, "hostname: expected 1 to 64 letters"},
        {"hostname = 'a_b'", 2, "hostname: expected 1 to 64 letters"},
        {"hostname = 'a b'", 2, "hostname: expected 1 to 64 letters"},
        {"hostname = \"a\\n\"", 2, "hostname: expected 1 to 64 letters"},
        {"hostname = 'ä'", 2, "hostname: expected 1 to 64 letters"}}},
      {"streams",
       {"stdin = 'null'", "stdin = 'inherit'", "stdin = { text = '' }", "stdin = { file = 'x' }",
        "stdout = { file = 'x' }", "stdout.file = 'x'\nstderr.file = 'y'", "stderr = 'stdout'",
        "stdout = 'null'\nstderr = 'null'"},
       {{"stdin = 'capture'", 2, "stdin: expected \"null\" or \"inherit\""},
        {"stdin = 'nul'", 2, "did you mean \"null\"?"},
        {"stdin = {}", 2, "stdin: expected a table with file, text or base64, found none of these keys"},
        {"stdin = { file = 'x', text = 'y' }", 2, "stdin: expected one of the keys file, text and base64, found 2"},
        {"stdin = { path = 'x' }", 2, "stdin.path: unknown key"},
        {"stdin = { file = '' }", 2, "stdin.file: expected a path of the host"},
        {"stdin = { file = \"a\\u0000b\" }", 2, "stdin.file: expected a path of the host"},
        {"stdin = { text = 1 }", 2, "stdin.text: expected text, found an integer"},
        {"stdin = ['x']", 2, "stdin: expected \"null\" or \"inherit\""},
        {"stdout = 'stdout'", 2, "stdout: expected \"capture\", \"inherit\" or \"null\""},
        {"stdout = 'stderr'", 2, "stdout: expected \"capture\", \"inherit\" or \"null\""},
        {"stdout = {}", 2, "stdout: expected a table with file or capture, found none"},
        {"stdout = { text = 'x' }", 2, "stdout.text: unknown key"},
        {"stderr = { file = 5 }", 2, "stderr.file: expected a path of the host, found an integer"},
        {"stdout.file = 'x'\nstderr.file = 'x'", 3, "stderr.file: expected a file other than stdout's"},
        {"stdout.file = '/plans/x'\n\nstderr.file = './y/../x'", 4, "stderr.file: expected a file other than stdout's"},
        {"stdin.file = 'x'\nstdout.file = 'x'", 3, "stdout.file: expected a file other than stdin's"},
        {"stdin.file = 'x'\nstderr.file = 'x'", 3, "stderr.file: expected a file other than stdin's"}}},
      {"files",
       {"files = {}", "files = { 'a/b' = { text = '' }, 'a/c' = { from = 'x' }, ab = { text = '', mode = '0000' } }",
        "files = { '..a' = { text = '' }, 'a..' = { text = '' } }", "[files.x]\nfrom = '../elsewhere'\nmode = '777'"},
       {{"files = { '/a' = { text = '' } }", 2, "files.\"/a\": expected as name a file's path relative to /work"},
        {"files = { '' = { text = '' } }", 2, "files.\"\": expected as name"},
        {"files = { '.' = { text = '' } }", 2, "files.\".\": expected as name"},
        {"files = { 'a/' = { text = '' } }", 2, "files.\"a/\": expected as name"},
        {"files = { 'a/.' = { text = '' } }", 2, "files.\"a/.\": expected as name"},
        {"files = { '..' = { text = '' } }", 2, "files.\"..\": expected as name"},
        {"files = { '../a' = { text = '' } }", 2, "files.\"../a\": expected as name"},
        {"files = { 'a/../b' = { text = '' } }", 2, "files.\"a/../b\": expected as name"},
        {"files = { 'a/..' = { text = '' } }", 2, "files.\"a/..\": expected as name"},
        {"files = { \"a\\u0000\" = { text = '' } }", 2, "files.\"a\\x00\": expected as name"},
        {"files = { '" + std::string(256, 'a') + "' = { text = '' } }", 2, "expected as name"},
        {"[files]\na = { text = '' }\n'a/b' = { text = '' }", 4, "files: \"a/b\" would lie in \"a\", which is a file"},
        {"[files]\n'x/y/z' = { text = '' }\n'x' = { text = '' }", 3, "files: \"x/y/z\" would lie in \"x\""},
        {"[files]\na = { text = '' }\n'./a' = { text = '' }", 4, "files: expected each file once, found \"a\" again"},
        {"[files]\n'a/b' = { text = '' }\n'a//b' = { text = '' }", 4, "files: expected each file once"},
        {"files.a = {}", 2, "files.a: expected a table with from, text, base64 or folder, found none"},
        {"files.a = { mode = '0644' }", 2, "files.a: expected a table with from, text, base64 or folder, found none"},
        {"files.a = { from = 'x', text = 'y' }", 2,
         "files.a: expected one of the keys from, text, base64 and folder, found 2"},
        {"files.a = 'text'", 2, "files.a: expected a table with from, text, base64 or folder, found a string"},
        {"files.a = { from = '' }", 2, "files.a.from: expected a path of the host"},
        {"files.a = { text = '', mode = '4755' }", 2, "files.a.mode: expected permission bits in octal"},
        {"files.a = { text = '', mode = '1777' }", 2, "files.a.mode: expected permission bits in octal"},
        {"files.a = { text = '', mode = '0888' }", 2, "files.a.mode: expected permission bits in octal"},
        {"files.a = { text = '', mode = '64' }", 2, "files.a.mode: expected permission bits in octal"},
        {"files.a = { text = '', mode = 'rwx' }", 2, "files.a.mode: expected permission bits in octal"},
        {"files.a = { text = '', mode = 0o644 }", 2, "files.a.mode: expected permission bits in octal"},
        {"files = ['a']", 2, "files: expected a table, found an array"}}},
      {"collect",
       {"collect = []", "collect = ['a', 'b/c']", "collect = [{ path = 'a', max = '1B' }]", "[[collect]]\npath = 'a'"},
       {{"collect = 'a'", 2, "collect: expected a list, each item a file's path"},
        {"collect = [1]", 2, "collect[0]: expected a file's path relative to /work"},
        {"collect = ['/a']", 2, "collect[0]: expected a file's path relative to /work"},
        {"collect = ['']", 2, "collect[0]: expected a file's path relative to /work"},
        {"collect = ['a', '../a']", 2, "collect[1]: expected a file's path relative to /work"},
        {"collect = [\"a\\u0000\"]", 2, "collect[0]: expected a file's path relative to /work"},
        {"collect = ['a', './a']", 2, "collect: expected each file once"},
        {"collect = [\n'a/b',\n'a'\n]", 3, "collect: \"a/b\" would lie in \"a\""},
        {"collect = [{}]", 2, "collect[0].path: missing"},
        {"collect = [{ max = '1MiB' }]", 2, "collect[0].path: missing"},
        {"collect = [{ path = 'a', max = '0B' }]", 2, "collect[0].max: expected 1B to 1TiB"},
        {"collect = [{ path = 'a', max = 5 }]", 2, "collect[0].max: expected a size with a unit"},
        {"collect = [{ path = 'a', optional = 'yes' }]", 2,
         "collect[0].optional: expected true or false, found a string"}}},
      {"mounts",
       {"mount = []", "mount = [{ bind = '/x', at = '/x', write = true, exec = false }]",
        "mount = [{ tmpfs = '1MiB', at = '/x', write = true, exec = true }]",
        "mount = [{ bind = 'x', at = '/process/x' }]",
        "[[mount]]\nbind = 'x'\nat = '/a'\n[[mount]]\nbind = 'x'\nat = '/a/b'"},
       {{"mount = [{ at = '/x' }]", 2, "mount[0]: expected a table with at and bind or tmpfs, found none"},
        {"mount = [{ at = '/x', bind = '/y', tmpfs = '1MiB' }]", 2,
         "mount[0]: expected one of the keys bind and tmpfs, found 2"},
        {"mount = [{ bind = '/x' }]", 2, "mount[0].at: missing"},
        {"[[mount]]\nbind = '/x'\nat = '/a'\n\n[[mount]]\nbind = '/x'\n", 6, "mount[1].at: missing"},
        {"mount = [{ tmpfs = '1MiB', at = '/x', write = false }]", 2, "mount[0].write: expected true or nothing"},
        {"mount = [{ write = false, tmpfs = '1MiB', at = '/x' }]", 2, "mount[0].write: expected true or nothing"},
        {"mount = [{ bind = '/x', at = 'x' }]", 2, "mount[0].at: expected an absolute path"},
        {"mount = [{ bind = '/x', at = '' }]", 2, "mount[0].at: expected an absolute path"},
        {"mount = [{ bind = '/x', at = '/' }]", 2, "mount[0].at: expected an absolute path"},
        {"mount = [{ bind = '/x', at = '//./' }]", 2, "mount[0].at: expected an absolute path"},
        {"mount = [{ bind = '/x', at = '/a/../b' }]", 2, "mount[0].at: expected an absolute path"},
        {"mount = [{ bind = '/x', at = '/proc' }]", 2, "mount[0].at: expected an absolute path"},
        {"mount = [{ bind = '/x', at = '/./proc/self' }]", 2, "mount[0].at: expected an absolute path"},
        {"mount = [{ bind = '/x', at = '//dev' }]", 2, "mount[0].at: expected an absolute path"},
        {"mount = [{ bind = '/x', at = '/dev/shm' }]", 2, "mount[0].at: expected an absolute path"},
        {"[[mount]]\nbind = '/x'\nat = '/a'\n[[mount]]\nbind = '/y'\nat = '/a/'", 5,
         "mount.at: expected a place of its own"},
        {"mount = [{ bind = '', at = '/x' }]", 2, "mount[0].bind: expected a path of the host"},
        {"mount = [{ tmpfs = '1KiB', at = '/x' }]", 2, "mount[0].tmpfs: expected 4KiB to 1TiB"},
        {"mount = [{ tmpfs = true, at = '/x' }]", 2, "mount[0].tmpfs: expected a size with a unit"},
        {"mount = { bind = '/x', at = '/x' }", 2,
         "mount: expected a list, each item a table with at and bind or tmpfs"},
        {"mount = ['/x']", 2, "mount[0]: expected a table with at and bind or tmpfs, found a string"},
        {[] {
           std::string text;
           for (int i = 0; i < 1025; ++i) text += "[[mount]]\nbind='x'\nat='/m" + std::to_string(i) + "'\n";
           return text;
         }(),
         3074, "mount: expected at most 1024 of them, found 1025"}}},
      {"network",
       {"network.mode = 'none'", "network = { mode = 'none', bind = [] }",
        "network = { mode = 'loopback', bind = [0, 65535, '8000-8010'] }",
        "network = { connect = [80], mode = 'loopback' }"},
       {{"network.bind = [80]", 2, "network.bind: expected no ports, since network.mode is not \"loopback\""},
        {"network.connect = [80]", 2, "network.connect: expected no ports"},
        {"[network]\nmode = 'none'\nbind = [80]", 4, "network.bind: expected no ports"},
        {"network = { mode = 'loopback', bind = [-1] }", 2, "network.bind[0]: expected a whole number from 0 to 65535"},
        {"network = { mode = 'loopback', connect = [80, 65536] }", 2,
         "network.connect[1]: expected a whole number from 0"},
        {"network = { mode = 'loopback', bind = 80 }", 2, "network.bind: expected a list of whole numbers"},
        {"network = { mode = 'loopback', bind = ['80'] }", 2,
         "network.bind[0]: expected a range, such as \"8000-8010\", found \"80\""},
        {"network.mode = 'host'", 2, "network.mode: expected \"none\" or \"loopback\""},
        {"network.mode = 'lookback'", 2, "did you mean \"loopback\"?"},
        {"network = 'none'", 2, "network: expected a table, found a string"},
        {"network.mode = false", 2, "network.mode: expected \"none\" or \"loopback\", found a boolean"}}},
      {"layers",
       {"landlock.read = []", "landlock = { read = ['/a'], write = ['/'], execute = ['/b'], delete = [] }",
        "seccomp = { profile = 'strict', allow = ['memfd_create'], deny = ['fork'] }", "proc.view = 'none'",
        "require = { cgroup = 'yes', landlock_net = 'if-available' }", "determinism.aslr = false"},
       {{"landlock.read = ['a']", 2, "landlock.read[0]: expected an absolute path"},
        {"landlock.write = ['/a/../b']", 2, "landlock.write[0]: expected an absolute path"},
        {"landlock.execute = '/a'", 2, "landlock.execute: expected a list"},
        {"landlock.delete = [1]", 2, "landlock.delete[0]: expected a list"},
        {"seccomp.profile = 'lax'", 2, "seccomp.profile: expected \"strict\" or \"compatible\""},
        {"seccomp.allow = 'fork'", 2, "seccomp.allow: expected a list"},
        {"seccomp.allow = ['']", 2, "seccomp.allow[0]: expected the name of a system call"},
        {"seccomp.deny = ['Fork']", 2, "seccomp.deny[0]: expected the name of a system call"},
        {"seccomp.deny = ['fork ']", 2, "seccomp.deny[0]: expected the name of a system call"},
        {"seccomp.deny = [57]", 2, "seccomp.deny[0]: expected a list"},
        {"[seccomp]\nallow = ['fork', 'vfork']\ndeny = ['clone', 'vfork']", 4,
         "seccomp.deny: expected calls that seccomp.allow does not name, found \"vfork\""},
        {"proc.view = 'pids'", 2, "proc.view: expected \"none\", \"pid\" or \"full\""},
        {"require.cgroup = 'no'", 2, "require.cgroup: expected \"yes\" or \"if-available\""},
        {"require.landlock = true", 2, "require.landlock: expected \"yes\" or \"if-available\", found a boolean"},
        {"require.seccomp = 'if_available'", 2, "did you mean \"if-available\"?"},
        {"determinism.aslr = 'off'", 2, "determinism.aslr: expected true or false, found a string"},
        {"determinism.aslr = 0", 2, "determinism.aslr: expected true or false, found an integer"}}},
      {"images",
       {},
       {{"image = ''", 2, "image: expected an image's name"},
        {"image = '.x'", 2, "image: expected an image's name"},
        {"image = 'a b'", 2, "image: expected an image's name"},
        {"image = ['python']", 2, "image: expected an image's name, such as \"python\", or a path"},
        {"image = 'python'", 2, "image: no image \"python\"; there is no folder to search"},
        {"image = '/nowhere/x.toml'", 2, "image: no image file /nowhere/x.toml"}}},
  };
}

class MalformedPlans : public ::testing::TestWithParam<Family> {};

TEST_P(MalformedPlans, are_refused_at_their_line) {
  for (const Refused& each : GetParam().refused) {
    const std::string shown = each.text.substr(0, 200);
    const auto error = refusal(whole(each.text));
    ASSERT_TRUE(error.has_value()) << "accepted: " << shown;
    EXPECT_EQ(error->position().file, "plan.toml") << shown;
    EXPECT_EQ(error->position().line, each.line) << shown << "\n" << error->what();
    EXPECT_GT(error->position().column, 0U) << shown;
    EXPECT_NE(std::string(error->what()).find(each.says), std::string::npos) << shown << "\n" << error->what();
    EXPECT_LT(std::string(error->what()).size(), 1000U) << shown;
  }
}

// Through the command, on a kernel that seems to refuse clone3: a plan that came so far as to need a process, the only
// place where anything is mounted, would end with status 3.
TEST_P(MalformedPlans, end_the_command_with_status_2_before_anything_is_made) {
  const test::TemporaryFolder folder;
  const std::string no_clone = std::to_string(SYS_clone3) + "=" + std::to_string(EPERM);
  for (const Refused& each : GetParam().refused) {
    // What only the parser's own folder and search path make wrong.
    if (each.text.find("/plans/") != std::string::npos || each.text == "image = 'python'") continue;
    const std::string plan = folder.write("plan.toml", whole(each.text)).string();
    const test::Finished run = test::run_command(
        {test::probe("without").string(), no_clone, test::evalrun().string(), "run", plan, "--format", "json"});
    const std::string shown = each.text.substr(0, 200);
    EXPECT_EQ(run.exit_code, 2) << shown << run.error_output;
    EXPECT_EQ(run.output, "") << shown;
    EXPECT_NE(run.error_output.find("plan.toml:" + std::to_string(each.line) + ":"), std::string::npos)
        << shown << run.error_output;
  }
  const std::string good = folder.write("plan.toml", "argv = ['/work/a']\n").string();
  const test::Finished twin = test::run_command(
      {test::probe("without").string(), no_clone, test::evalrun().string(), "run", good, "--format", "json"});
  EXPECT_EQ(twin.exit_code, 3) << twin.error_output;
}

TEST_P(MalformedPlans, have_twins_that_are_accepted) {
  for (const std::string& text : GetParam().allowed) {
    const auto error = refusal(whole(text));
    EXPECT_FALSE(error.has_value()) << text << "\n" << error->what();
  }
}

INSTANTIATE_TEST_SUITE_P(Family, MalformedPlans, ::testing::ValuesIn(hand_written()),
                         [](const auto& family) { return family.param.name; });

TEST(MalformedPlan, there_are_more_than_two_hundred_by_hand) {
  std::size_t count = 0;
  for (const Family& family : hand_written()) count += family.refused.size();
  EXPECT_GE(count, 200U);
}

// Generated from the table. A key is written as one inline value: "mount[].at" = 5 is "mount = [{ at = 5 }]".

std::string inline_plan(std::string_view path, const std::string& value) {
  std::vector<std::string> way;
  std::string rest(path);
  while (!rest.empty()) {
    const std::size_t end = rest.starts_with("[]") ? 2 : std::min(rest.find_first_of(".["), rest.size());
    way.push_back(rest.substr(0, end));
    rest.erase(0, end + (rest.substr(end).starts_with('.') ? 1 : 0));
  }
  std::string text = value;
  for (std::size_t i = way.size(); i-- > 1;) {
    if (way[i] == "[]") {
      text = "[" + text + "]";
    } else {
      text = "{ " + (way[i] == "*" ? "any" : way[i]) + " = " + text + " }";
    }
  }
  return way.front() + " = " + text + "\n" + (path == "argv" ? "" : kFirstLine);
}

// How an error names the key that inline_plan() sets.
std::string shown_key(std::string path) {
  for (std::size_t at = path.find('*'); at != path.npos; at = path.find('*')) path.replace(at, 1, "any");
  for (std::size_t at = path.find("[]"); at != path.npos; at = path.find("[]")) path.replace(at, 2, "[0]");
  return path;
}

struct TomlType {
  const char* name;
  const char* value;
};
constexpr TomlType kTypes[] = {{"a string", "'?'"},
                               {"an integer", "7"},
                               {"a float", "1.5"},
                               {"a boolean", "true"},
                               {"an array", "[]"},
                               {"a table", "{}"},
                               {"a date or time", "1979-05-27"}};

std::set<std::string> types_of(const KeyNode& node) {
  struct TypeOf {
    std::string operator()(const TimeForm&) const { return "a string"; }
    std::string operator()(const SizeForm&) const { return "a string"; }
    std::string operator()(const CountForm&) const { return "an integer"; }
    std::string operator()(const NumberForm&) const { return "a float"; }
    std::string operator()(const FlagForm&) const { return "a boolean"; }
    std::string operator()(const ChoiceForm&) const { return "a string"; }
    std::string operator()(const ChoicesForm&) const { return "an array"; }
    std::string operator()(const TextForm&) const { return "a string"; }
    std::string operator()(const TextsForm&) const { return "an array"; }
    std::string operator()(const CountsForm&) const { return "an array"; }
    std::string operator()(const TableForm&) const { return "a table"; }
  };
  std::set<std::string> types;
  for (const Key* key : node.forms) {
    types.insert(std::visit(TypeOf{}, key->form));
    if (std::holds_alternative<NumberForm>(key->form)) types.insert("an integer");
  }
  if (node.exactly("[]") != nullptr) types.insert("an array");
  if (node.exactly("[]") == nullptr && !node.children.empty()) types.insert("a table");
  return types;
}

// Calls `check` with every node of the table but the root.
template <typename Check>
void for_every_node(const KeyNode& node, const Check& check) {
  for (const auto& child : node.children) {
    check(*child);
    for_every_node(*child, check);
  }
}

TEST(MalformedPlan, every_key_refuses_every_other_type) {
  std::size_t count = 0;
  for_every_node(plan_keys().root, [&](const KeyNode& node) {
    const std::set<std::string> right = types_of(node);
    for (const TomlType& type : kTypes) {
      if (right.contains(type.name)) continue;
      ++count;
      const std::string text = inline_plan(node.path, type.value);
      const auto error = refusal(text);
      ASSERT_TRUE(error.has_value()) << text;
      EXPECT_EQ(error->position().line, 1U) << text;
      EXPECT_EQ(error->key(), shown_key(std::string(node.path))) << text;
      const std::string says = error->what();
      EXPECT_NE(says.find(": expected "), std::string::npos) << says;
      EXPECT_TRUE(says.ends_with(std::string(", found ") + type.name)) << says;
    }
  });
  EXPECT_GT(count, 300U);
}

TEST(MalformedPlan, every_key_misspelt_is_unknown_and_the_right_one_suggested) {
  std::size_t count = 0;
  for_every_node(plan_keys().root, [&](const KeyNode& node) {
    if (node.name == "*" || node.name == "[]") return;
    const std::string name(node.name);
    for (const std::string& wrong : {name + "x", "x" + name, name.substr(0, name.size() - 1)}) {
      const std::string parent(node.path.substr(0, node.path.size() - node.name.size()));
      const KeyNode* other = nullptr;  // another key that the misspelling happens to name
      for_every_node(plan_keys().root, [&](const KeyNode& each) {
        if (each.path == parent + wrong) other = &each;
      });
      if (wrong.size() < 2 || other != nullptr) continue;
      ++count;
      const std::string text = inline_plan(parent + wrong, "1");
      const auto error = refusal(text);
      ASSERT_TRUE(error.has_value()) << text;
      EXPECT_EQ(error->position().line, 1U) << text;
      EXPECT_EQ(error->key(), shown_key(parent + wrong)) << text;
      EXPECT_NE(std::string(error->what()).find("unknown key"), std::string::npos) << error->what();
      // Two keys may be equally near ("at" and "a"…): some key is suggested or all are listed.
      EXPECT_TRUE(std::string(error->what()).find("did you mean") != std::string::npos ||
                  std::string(error->what()).find(node.name) != std::string::npos)
          << error->what();
    }
  });
  EXPECT_GT(count, 150U);
}

TEST(MalformedPlan, every_range_ends_where_the_table_says) {
  const auto expect = [](const Key& key, const std::string& value, bool accepted) {
    const std::string text = inline_plan(key.path, value);
    const auto error = refusal(text);
    // A key of a table that needs others is only held against its own range.
    const bool of_range = error && error->key().starts_with(shown_key(std::string(key.path))) &&
                          std::string(error->what()).find("from ") != std::string::npos;
    const bool of_measure = error && error->key() == shown_key(std::string(key.path)) &&
                            std::string(error->what()).find(range_text(key.form)) != std::string::npos;
    EXPECT_EQ(of_range || of_measure, !accepted) << text << (error ? error->what() : "");
  };
  std::size_t count = 0;
  for (const Key& key : plan_keys().rows) {
    if (const auto* form = std::get_if<TimeForm>(&key.form)) {
      const auto in_ns = [](Duration time) { return "'" + std::to_string(time.count()) + "ns'"; };
      expect(key, in_ns(form->least), true);
      expect(key, in_ns(form->most), true);
      expect(key, in_ns(form->least - Duration(1)), false);
      expect(key, in_ns(form->most + Duration(1)), false);
      ++count;
    } else if (const auto* size = std::get_if<SizeForm>(&key.form)) {
      const auto in_bytes = [](std::uint64_t bytes) { return "'" + std::to_string(bytes) + "B'"; };
      expect(key, in_bytes(size->least.count), true);
      expect(key, in_bytes(size->most.count), true);
      if (size->least.count > 0) expect(key, in_bytes(size->least.count - 1), false);
      expect(key, in_bytes(size->most.count + 1), false);
      ++count;
    } else if (const auto* number = std::get_if<CountForm>(&key.form)) {
      expect(key, std::to_string(number->least), true);
      expect(key, std::to_string(number->most), true);
      expect(key, std::to_string(static_cast<std::int64_t>(number->least) - 1), false);
      expect(key, std::to_string(number->most + 1), false);
      ++count;
    } else if (const auto* numbers = std::get_if<CountsForm>(&key.form)) {
      expect(key, "[" + std::to_string(static_cast<std::int64_t>(numbers->least) - 1) + "]", false);
      expect(key, "[" + std::to_string(numbers->most + 1) + "]", false);
      ++count;
    }
  }
  EXPECT_GT(count, 15U);
}

constexpr const char* kLongPlan = R"(argv = ["python3", "main.py"]
cwd = "/work"
env = { PYTHONHASHSEED = "0" }
stdin = { text = "1\n2\n" }
stderr = "stdout"
collect = ["result.json", { path = "plot.png", max = "4MiB", optional = true }]
[files]
"main.py" = { from = "submission.py" }
"lib/x.txt" = { text = '''x''', mode = "0444" }
[limits]
cpu = "2s"
output = { stdout = "1MiB", stderr = "1KiB" }
cpus = [0, 1]
[[mount]]
bind = "/srv/dataset"
at = "/data"
[[mount]]
tmpfs = "32MiB"
at = "/scratch"
[network]
mode = "loopback"
bind = [8080]
[seccomp]
allow = ["memfd_create"]
[require]
landlock_net = "if-available"
)";

TEST(MalformedPlan, a_plan_cut_off_anywhere_is_a_plan_or_an_error_with_a_line) {
  const std::string text = kLongPlan;
  ASSERT_FALSE(refusal(text).has_value());
  std::size_t refused = 0;
  for (std::size_t length = 0; length < text.size(); ++length) {
    const auto error = refusal(text.substr(0, length));
    if (!error) continue;
    ++refused;
    EXPECT_GT(error->position().line, 0U) << text.substr(0, length);
    EXPECT_LE(error->position().line, static_cast<unsigned>(std::count(text.begin(), text.end(), '\n') + 1));
  }
  EXPECT_GT(refused, 300U);
}

TEST(MalformedPlan, a_plan_with_any_byte_replaced_is_a_plan_or_an_error_with_a_line) {
  const std::string text = kLongPlan;
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char byte : {'\0', '\n', '"', '\'', '[', '{', '=', '.', '\\', '\xff', '\x01'}) {
      std::string broken = text;
      broken[i] = byte;
      const auto error = refusal(broken);
      EXPECT_TRUE(!error || error->position().line > 0) << broken;
      const bool never_toml = byte == '\0' || byte == '\xff' || byte == '\x01';
      EXPECT_TRUE(error || !never_toml) << broken;
    }
  }
}

TEST(MalformedPlan, more_than_sixteen_mebibytes_are_refused_and_sixteen_are_read) {
  std::string text = std::string(kFirstLine) + "#";
  text.resize(std::size_t{16} << 20, '-');
  EXPECT_FALSE(refusal(text).has_value());
  text += '-';
  const auto error = refusal(text);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->position().line, 1U);
  EXPECT_NE(std::string(error->what()).find("expected at most 16 MiB"), std::string::npos);
}

TEST(MalformedPlan, control_characters_do_not_reach_the_message) {
  const auto error = refusal("argv = ['a']\nhostname = \"\\u001b[31m\\u009b\"\n");
  ASSERT_TRUE(error.has_value());
  const std::string says = error->what();
  EXPECT_EQ(says.find('\x1b'), std::string::npos);
  EXPECT_NE(says.find("\\x1b[31m"), std::string::npos) << says;
}

}  // namespace
}  // namespace evalrun
