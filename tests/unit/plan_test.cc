// What a plan means when it is right: every key takes effect, defaults, images, --set, positions, the schema.
// malformed_plans_test.cc has what is refused.
#include "runtime/plan/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/core/sha256.h"
#include "runtime/core/text.h"
#include "runtime/reader/image.h"
#include "runtime/reader/key_table.h"
#include "runtime/reader/keys.h"
#include "runtime/reader/parse.h"
#include "tests/support/command.h"
#include "tests/unit/plan_dump.h"

namespace evalrun {
namespace {

namespace fs = std::filesystem;

Task parse_whole(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return parse_task({text, "plan.toml", "plan", "/plans"}, overrides, {});
}

Plan parse(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return parse_whole(text, overrides).plan;
}

// The lines by which a plan differs from the least plan there is, or from `least`.
std::string effect_of(const std::string& text, const std::string& least = "argv = [\"a\"]\n") {
  return test::added_lines(test::dump(parse_whole(least)), test::dump(parse_whole(text)));
}

// One form of one key: a plan in which "@" stands for the value, a value other than the default, and the effect. Where
// the plan is more than argv and the key, "<" and ">" enclose the key.
struct Sample {
  std::string path;
  std::string plan;
  std::string value;
  std::string effect;
};

// Under `argv`, at the end of the top.
std::string at_top(const std::string& rest) {
  return "argv = [\"a\"]\n" + rest;
}

// An image with a run line, which samples name by its path.
std::string jury_image() {
  static const test::TemporaryFolder folder;
  static const std::string path =
      folder.write("jury.toml", "name = \"jury\"\nrun = [\"run\", \"{source}\"]\n").string();
  return path;
}

// A folder with a file, and one that can be executed.
std::string sample_folder() {
  static const test::TemporaryFolder folder;
  if (!fs::exists(folder.path() / "b/run")) {
    folder.write("a.py", "");
    folder.write("b/run", "");
    fs::permissions(folder.path() / "b/run", fs::perms::owner_all);
  }
  return folder.path().string();
}

std::vector<Sample> samples() {
  std::vector<Sample> samples = {
      {"argv", "argv = @", R"(["b", "c"])", "argv = [b][c]\n"},
      {"source", "argv = [\"run\", \"{source}\"]\nsource = @\nfiles.\"x/y.py\".text = \"\"", R"("./x//y.py")",
       "argv = [run][x/y.py]\nsource = x/y.py\nfiles.x/y.py = text  644\n"},
      {"cwd", at_top("cwd = @"), R"("/data/./x/")", "cwd = /data/x\n"},
      {"workspace.path", at_top("workspace.path = @"), R"("/box/.")", "cwd = /box\nworkspace.path = /box\n"},
      {"hostname", at_top("hostname = @"), R"("Host-1.x")", "hostname = Host-1.x\n"},
      {"env.*", at_top("env = { A = @ }"), R"("1=2")", "env.A = 1=2\n"},
      {"stdin", at_top("stdin = @"), R"("inherit")", "stdin = inherit\n"},
      {"stdin.file", at_top("stdin = { file = @ }"), R"("1.in")", "stdin = file /plans/1.in\n"},
      {"stdin.text", at_top("stdin = { text = @ }"), R"("a\u0000b")", std::string("stdin = text a\0b\n", 17)},
      {"stdout", at_top("stdout = @"), R"("null")", "stdout = null\n"},
      {"stdout.capture", at_top("stdout = { capture = @ }"), R"("64KiB")", "stdout = capture 64KiB\n"},
      {"stderr.capture", at_top("stderr = { capture = @ }"), R"("0B")", "stderr = capture 0B\n"},
      {"stdout.file", at_top("stdout = { file = @ }"), R"("/tmp/1.out")", "stdout = file /tmp/1.out\n"},
      {"stderr", at_top("stderr = @"), R"("stdout")", "stderr = stdout\n"},
      {"stderr.file", at_top("stderr = { file = @ }"), R"("x/1.err")", "stderr = file /plans/x/1.err\n"},
      {"files.*.from", at_top("[files]\n\"./a//b.py\" = { from = @ }"), R"("s.py")",
       "files.a/b.py = from /plans/s.py 644\n"},
      {"stdin.base64", at_top("stdin = { base64 = @ }"), R"("YQBi/w==")", std::string("stdin = text a\0b\xff\n", 18)},
      {"files.*.base64", at_top("[files]\nx = { base64 = @ }"), R"("aGVsbG8=")", "files.x = text hello 644\n"},
      {"files.*.folder", at_top("[files]\nx = { folder = @ }"), in_quotes(sample_folder()),
       "files.x/a.py = from " + sample_folder() + "/a.py 644\nfiles.x/b/run = from " + sample_folder() +
           "/b/run 755\n"},
      {"files.*.text", at_top("[files]\nx = { text = @ }"), R"("hello")", "files.x = text hello 644\n"},
      {"files.*.mode", at_top("[files]\nx = { text = \"\"<, mode = @> }"), R"("755")", "files.x = text  755\n"},
      {"collect[]", at_top("collect = [@]"), R"("a/./b")", "collect = a/b 16MiB needed\n"},
      {"collect[].path", at_top("collect = [{ path = @ }]"), R"("a")", "collect = a 16MiB needed\n"},
      {"collect[].max", at_top("collect = [{ path = \"a\"<, max = @> }]"), R"("4MiB")", "collect = a 4MiB needed\n"},
      {"collect[].as", at_top("collect = [{ path = \"a\"<, as = @> }]"), R"("tar")", "collect = a 16MiB needed tar\n"},
      {"collect[].optional", at_top("collect = [{ path = \"a\"<, optional = @> }]"), "true",
       "collect = a 16MiB optional\n"},
      {"mount[].bind", at_top("mount = [{ at = \"/x\", bind = @ }]"), R"("data")",
       "mount = bind /plans/data at /x ro noexec\n"},
      {"mount[].tmpfs", at_top("mount = [{ at = \"/x\", tmpfs = @ }]"), R"("1MiB")",
       "mount = tmpfs 1MiB at /x rw noexec\n"},
      {"mount[].at", at_top("mount = [{ bind = \"/y\", at = @ }]"), R"("/x//z/.")",
       "mount = bind /y at /x/z ro noexec\n"},
      {"mount[].write", at_top("mount = [{ bind = \"/y\", at = \"/x\"<, write = @> }]"), "true",
       "mount = bind /y at /x rw noexec\n"},
      {"mount[].exec", at_top("mount = [{ bind = \"/y\", at = \"/x\"<, exec = @> }]"), "true",
       "mount = bind /y at /x ro exec\n"},
      {"profile", at_top("profile = @"), R"("pure")",
       "profile = pure\ncapability.fs.read = taken\ncapability.fs.write = taken\ncapability.fs.delete = taken\n"
       "capability.fs.lock = taken\ncapability.exec = taken\ncapability.process.spawn = taken\n"
       "capability.net.unix = taken\ncapability.net.loopback = taken\ncapability.proc.machine = taken\n"
       "capability.calls.more = taken\n"},
      {"profile", at_top("profile = @"), R"(["judge", "build"])", "profile = build\n"},
      {"capabilities", at_top("capabilities = @"),
       R"(["fs.read", "fs.write", "fs.delete", "exec", "process.spawn", "net.loopback", "proc.machine", "calls.more"])",
       "capability.fs.lock = taken\ncapability.process.threads = taken\ncapability.net.unix = taken\n"},
      {"mount[].optional", at_top("mount = [{ bind = \"/y\", at = \"/x\"<, optional = @> }]"), "true",
       "mount = bind /y at /x ro noexec optional\n"},
      {"hide", at_top("hide = @"), R"(["/usr//share", "/opt/x"])", "hide = /usr/share\nhide = /opt/x\n"},
      {"oom_score_adj", at_top("oom_score_adj = @"), "1000", "oom_score_adj = 1000\n"},
      {"network.mode", at_top("network.mode = @"), R"("loopback")", "network.mode = 1\n"},
      {"network.bind", at_top("network = { mode = \"loopback\"<, bind = @> }"), "[1, 65535]",
       "network.mode = 1\nnetwork.bind = [1][65535]\n"},
      {"network.connect", at_top("network = { mode = \"loopback\"<, connect = @> }"), "[0, 80, \"8000-8002\"]",
       "network.mode = 1\nnetwork.connect = [0][80][8000][8001][8002]\n"},
      {"seccomp.profile", at_top("seccomp.profile = @"), R"("compatible")", "seccomp.profile = 1\n"},
      {"seccomp.allow", at_top("seccomp.allow = @"), R"(["memfd_create"])", "seccomp.allow = [memfd_create]\n"},
      {"seccomp.deny", at_top("seccomp.deny = @"), R"(["fork"])", "seccomp.deny = [fork]\n"},
      {"seccomp.deny.calls", at_top("seccomp.deny = { calls = @ }"), R"(["fork"])", "seccomp.deny = [fork]\n"},
      {"seccomp.deny.action", at_top("seccomp.deny = { calls = []<, action = @> }"), R"("violation")",
       "seccomp.deny_action = 1\n"},
      {"proc.view", at_top("proc.view = @"), R"("full")", "proc.view = 2\n"},
      {"compile.argv", at_top("compile.argv = @"), R"(["cc", "-O2"])", "compile.argv = [cc][-O2]\n"},
      {"case[].name", at_top("case = [{ expect.text = \"\"<, name = @> }]"), R"("large")", "case.name = large\n"},
      {"case[].stdin", at_top("case = [{ expect.text = \"\"<, stdin = @> }]"), R"("null")", ""},
      {"case[].stdin.file", at_top("case = [{ expect.text = \"\"<, stdin.file = @> }]"), R"("1.in")",
       "case.stdin = file /plans/1.in\n"},
      {"case[].stdin.text", at_top("case = [{ expect.text = \"\"<, stdin.text = @> }]"), R"("a")",
       "case.stdin = text a\n"},
      {"case[].expect.file", at_top("case = [{ expect = { file = @ } }]"), R"("1.out")",
       "case.expect = file /plans/1.out\n"},
      {"case[].stdin.base64", at_top("case = [{ expect.text = \"\"<, stdin.base64 = @> }]"), R"("YQ==")",
       "case.stdin = text a\n"},
      {"case[].expect.base64", at_top("case = [{ expect = { base64 = @ } }]"), R"("YQ==")", "case.expect = text a\n"},
      {"case[].expect.text", at_top("case = [{ expect = { text = @ } }]"), R"("a")", "case.expect = text a\n"},
      {"case[].points", at_top("case = [{ expect.text = \"\"<, points = @> }]"), "7", "case.points = 7\n"},
      {"case[].group", at_top("case = [{ expect.text = \"\"<, group = @> }]"), R"("g")", "case.group = g\n"},
      {"case[].output_file", at_top("case = [{ expect.text = \"\"<, output_file = @> }]"), R"("a//b")",
       "case.output_file = a/b\n"},
      {"output_file", at_top("case = [{ expect.text = \"\" }]\n<output_file = @>"), R"("b")", "case.output_file = b\n"},
      {"case[].secret", at_top("case = [{ expect.text = \"\"<, secret = @> }]"), "true", "case.secret = yes\n"},
      {"case[].files.*.from", at_top("case = [{ expect.text = \"\"<, files = { x = { from = @ } }> }]"), R"("s.py")",
       "files.x = from /plans/s.py 644\n"},
      {"case[].files.*.text", at_top("case = [{ expect.text = \"\"<, files = { x = { text = @ } }> }]"), R"("hello")",
       "files.x = text hello 644\n"},
      {"case[].files.*.folder", at_top("case = [{ expect.text = \"\"<, files = { x = { folder = @ } }> }]"),
       in_quotes(sample_folder()),
       "files.x/a.py = from " + sample_folder() + "/a.py 644\nfiles.x/b/run = from " + sample_folder() +
           "/b/run 755\n"},
      {"case[].files.*.base64", at_top("case = [{ expect.text = \"\"<, files = { x = { base64 = @ } }> }]"),
       R"("aGVsbG8=")", "files.x = text hello 644\n"},
      {"case[].files.*.mode", at_top("case = [{ expect.text = \"\", files = { x = { text = \"\"<, mode = @> } } }]"),
       R"("755")", "files.x = text  755\n"},
      {"step[].name", at_top("step = [{<name = @>}]"), R"("build")", "step.name = build\n"},
      {"step[].argv", at_top("step = [{<argv = @>}]"), R"(["b", "c"])", "step.argv = [b][c]\n"},
      {"step[].stdin", at_top("stdin.text = \"a\"\nstep = [{<stdin = @>}]"), R"("null")", "step.stdin = null\n"},
      {"step[].stdin.file", at_top("step = [{<stdin.file = @>}]"), R"("1.in")", "step.stdin = file /plans/1.in\n"},
      {"step[].stdin.text", at_top("step = [{<stdin.text = @>}]"), R"("a")", "step.stdin = text a\n"},
      {"step[].stdin.base64", at_top("step = [{<stdin.base64 = @>}]"), R"("YQ==")", "step.stdin = text a\n"},
      {"step[].on_failure", at_top("step = [{<on_failure = @>}]"), R"("go-on")", "step.on_failure = go-on\n"},
      {"step[].files.*.from", at_top("step = [{<files = { x = { from = @ } }>}]"), R"("s.py")",
       "files.x = from /plans/s.py 644\n"},
      {"step[].files.*.text", at_top("step = [{<files = { x = { text = @ } }>}]"), R"("hello")",
       "files.x = text hello 644\n"},
      {"step[].files.*.folder", at_top("step = [{<files = { x = { folder = @ } }>}]"), in_quotes(sample_folder()),
       "files.x/a.py = from " + sample_folder() + "/a.py 644\nfiles.x/b/run = from " + sample_folder() +
           "/b/run 755\n"},
      {"step[].files.*.base64", at_top("step = [{<files = { x = { base64 = @ } }>}]"), R"("aGVsbG8=")",
       "files.x = text hello 644\n"},
      {"step[].files.*.mode", at_top("step = [{ files = { x = { text = \"\"<, mode = @> } } }]"), R"("755")",
       "files.x = text  755\n"},
      {"checker.kind", at_top("case = [{ expect.text = \"\" }]\n<checker.kind = @>"), R"("lines")",
       "checker.kind = 1\n"},
      {"checker.tolerance", at_top("case = [{ expect.text = \"\" }]\nchecker = { kind = \"floats\"<, tolerance = @> }"),
       "0.5", "checker.absolute = 0.5\nchecker.relative = 0.5\n"},
      {"checker.absolute", at_top("case = [{ expect.text = \"\" }]\nchecker = { kind = \"floats\"<, absolute = @> }"),
       "0.5", "checker.absolute = 0.5\nchecker.relative = 0\n"},
      {"checker.relative", at_top("case = [{ expect.text = \"\" }]\nchecker = { kind = \"floats\"<, relative = @> }"),
       "0.5", "checker.absolute = 0\nchecker.relative = 0.5\n"},
      {"checker.case_sensitive",
       at_top("case = [{ expect.text = \"\" }]\nchecker = { kind = \"kattis\"<, case_sensitive = @> }"), "true",
       "checker.case_sensitive = 1\n"},
      {"checker.space_change_sensitive",
       at_top("case = [{ expect.text = \"\" }]\nchecker = { kind = \"kattis\"<, space_change_sensitive = @> }"), "true",
       "checker.space_change_sensitive = 1\n"},
      {"checker.float_tolerance",
       at_top("case = [{ expect.text = \"\" }]\nchecker = { kind = \"kattis\"<, float_tolerance = @> }"), "2",
       "checker.float_absolute_tolerance = 2\nchecker.float_relative_tolerance = 2\n"},
      {"checker.float_absolute_tolerance",
       at_top("case = [{ expect.text = \"\" }]\nchecker = { kind = \"kattis\"<, float_absolute_tolerance = @> }"),
       "0.5", "checker.float_absolute_tolerance = 0.5\n"},
      {"checker.float_relative_tolerance",
       at_top("case = [{ expect.text = \"\" }]\nchecker = { kind = \"kattis\"<, float_relative_tolerance = @> }"), "0",
       "checker.float_relative_tolerance = 0\n"},
      {"checker.compat", at_top("case = [{ expect.text = \"\" }]\nchecker = { kind = \"kattis\"<, compat = @> }"),
       R"("domjudge")", "checker.compat = 2\n"},
      {"checker.precision",
       at_top("case = [{ expect.text = \"\" }]\nchecker = { kind = \"dmoj/floatsabs\"<, precision = @> }"), "9",
       "checker.precision = 9\n"},
      {"checker.error_mode",
       at_top("case = [{ expect.text = \"\" }]\nchecker = { kind = \"dmoj/floats\"<, error_mode = @> }"),
       R"("relative")", "checker.error_mode = 2\n"},
      {"checker.pe_allowed",
       at_top("case = [{ expect.text = \"\" }]\nchecker = { kind = \"dmoj/identical\"<, pe_allowed = @> }"), "false",
       "checker.pe_allowed = 0\n"},
      {"checker.filter_new_line",
       at_top("case = [{ expect.text = \"\" }]\nchecker = { kind = \"dmoj/rstripped\"<, filter_new_line = @> }"),
       "true", "checker.filter_new_line = 1\n"},
      {"checker.split_on",
       at_top("case = [{ expect.text = \"\" }]\nchecker = { kind = \"dmoj/sorted\"<, split_on = @> }"),
       R"("whitespace")", "checker.split_on = 1\n"},
      {"checker.binary_data",
       at_top("case = [{ expect.text = \"\" }]\nchecker = { kind = \"dmoj/easy\"<, binary_data = @> }"), "true",
       "checker.binary_data = 1\n"},
      {"case[].args", at_top("case = [{ expect.text = \"\"<, args = @> }]"), R"(["x", "-y"])", "case.args = [x][-y]\n"},
      {"case[].checker_args",
       at_top("checker = { kind = \"program\", argv = [\"c\"] }\ncase = [{ expect.text = \"\"<, checker_args = @> }]"),
       R"(["x"])", "case.checker_args = [x]\n"},
      {"checker.argv", at_top("case = [{}]\nchecker = { kind = \"program\", argv = @ }"), R"(["c", "d"])",
       "checker.argv = [c][d]\n"},
      {"interactor.then_check",
       at_top("case = [{ expect.text = \"\" }]\ninteractor = { argv = [\"c\"]<, then_check = @> }"), "true",
       "then_check = 1\n"},
      {"interactor.argv", at_top("case = [{}]\ninteractor = { argv = @ }"), R"(["c", "d"])",
       "interactor.argv = [c][d]\n"},
      {"passes", at_top("case = [{}]\nchecker = { kind = \"program\", argv = [\"c\"] }\n<passes = @>"), "3",
       "passes = 3\n"},
      {"scoring.aggregate",
       at_top("case = [{ expect.text = \"\" }, { expect.text = \"\" }]\nscoring = {<aggregate = @> }"), R"("min")",
       "group.score = 1\ngroup.most = 1\n"},
      {"scoring.group[].name", at_top("case = [{ expect.text = \"\", group = \"g\" }]\nscoring.group = [{ name = @ }]"),
       R"("g")", "group.name = g\n"},
      {"scoring.group[].aggregate",
       at_top("case = [{ expect.text = \"\", group = \"g\" }]\nscoring.group = [{ name = \"g\"<, aggregate = @> }]"),
       R"("all")", "group.score = 4\n"},
      {"scoring.group[].points",
       at_top("case = [{ expect.text = \"\", group = \"g\" }]\nscoring.group = [{ name = \"g\"<, points = @> }]"), "5",
       "group.most = 5\ngroup.factor = 5\ngroup.most = 5\n"},
      {"scoring.group[].requires",
       at_top("case = [{ expect.text = \"\", group = \"g\" }, { expect.text = \"\", group = \"h\" }]\n"
              "scoring.group = [{ name = \"g\" }, { name = \"h\"<, requires = @> }]"),
       R"(["g"])", "group.requires = [1]\n"},
      {"scoring.group[].stop",
       at_top("case = [{ expect.text = \"\", group = \"g\" }]\nscoring.group = [{ name = \"g\"<, stop = @> }]"), "true",
       "group.stop = 0\n"},
      {"determinism.aslr", at_top("determinism.aslr = @"), "false", "determinism.aslr = 0\n"},
      {"snapshot.mode", at_top("snapshot.mode = @"), R"("yes")", "snapshot.mode = 2\n"},
      {"snapshot.preload", at_top("snapshot.preload = @"), R"(["numpy", "json"])",
       "snapshot.preload = [numpy][json]\n"},
      {"snapshot.renew_runs", at_top("snapshot.renew_runs = @"), "7", "snapshot.renew_runs = 7\n"},
      {"snapshot.renew_after", at_top("snapshot.renew_after = @"), R"("90s")", "snapshot.renew_after = 90000000000\n"},
  };
  const std::string tested = at_top("source = \"s.py\"\nfiles.\"s.py\".text = \"\"\ntests = { ");
  samples.push_back({"tests.language", tested + "text = \"\", language = @ }", R"("python")", "tests.mode = 0\n"});
  samples.push_back({"tests.file", tested + "language = \"python\", file = @ }", R"("t.py")",
                     "files.tests.py = from /plans/t.py 444\n"});
  samples.push_back(
      {"tests.text", tested + "language = \"python\", text = @ }", R"("x")", "files.tests.py = text x 444\n"});
  const std::string nul(1, '\0');
  const std::string words = "files..evalrun/words = text /work/tests.py" + nul + "s" + nul;
  samples.push_back({"tests.entry", tested + "language = \"python\", text = \"\"<, entry = @> }", R"(["g"])",
                     "tests.entry = [g]\n" + words + "g" + nul + "-- 444\n"});
  samples.push_back({"tests.trust", tested + "language = \"python\", text = \"\"<, trust = @> }", R"(["G"])",
                     "tests.trust = [G]\n" + words + "--" + nul + "G 444\n"});
  samples.push_back({"tests.mode", tested + "language = \"python\", text = \"\"<, mode = @> }", R"("in-process")",
                     "argv = [a][/work/.evalrun/in_process.py]\n"
                     "files..evalrun/in_process.py = a program 444\nfiles..evalrun/in_process.py.code = a program "
                     "444\nfiles..evalrun/in_process.py.text = a program "
                     "444\nfiles..evalrun/words = text /work/.evalrun/tests.py" +
                         nul + "/work/s.py 444\nfiles..evalrun/tests.py = text  444\ntests.mode = 1\n"});
  samples.push_back({"tests.report", "argv = [\"a\"]\ntests = { report = @ }", R"("tap")",
                     "tests.report = 1\ntests.report_from =  stdout\n"});
  samples.push_back({"tests.report_file", "argv = [\"a\"]\ntests = { report = \"tap\"<, report_file = @> }",
                     R"("r/./t")", "case.output_file = r/t\ntests.report_from = r/t stdout\n"});
  samples.push_back({"tests.report_stream", "argv = [\"a\"]\ntests = { report = \"tap\"<, report_stream = @> }",
                     R"("stderr")", "tests.report_from =  stderr\n"});
  // A jury's program has the keys of a plan, in two places.
  for (const auto& [section, keys] : {std::pair<std::string, std::string>{"checker", "kind = \"program\", "},
                                      std::pair<std::string, std::string>{"interactor", ""}}) {
    const std::string begin = "case = [{}]\n" + section + " = { " + keys;
    samples.push_back({section + ".image", at_top(begin + "argv = [\"c\"], image = @ }"), in_quotes(jury_image()),
                       section + ".image = jury\n"});
    samples.push_back({section + ".source",
                       at_top(begin + "image = " + in_quotes(jury_image()) + ", files.c.text = \"\", source = @ }"),
                       R"("c")", section + ".source = c\n"});
    samples.push_back({section + ".convention", at_top(begin + "argv = [\"c\"]<, convention = @> }"), R"("testlib")",
                       section + ".convention = 1\n"});
    samples.push_back(
        {section + ".args", at_top(begin + "argv = [\"c\"]<, args = @> }"), R"(["x"])", section + ".args = [x]\n"});
    samples.push_back({section + ".files.*.from", at_top(begin + "argv = [\"c\"]<, files = { x = { from = @ } }> }"),
                       R"("s")", "files.x = from /plans/s 644\n"});
    samples.push_back({section + ".files.*.text", at_top(begin + "argv = [\"c\"]<, files = { x = { text = @ } }> }"),
                       R"("s")", "files.x = text s 644\n"});
    samples.push_back({section + ".files.*.folder",
                       at_top(begin + "argv = [\"c\"]<, files = { x = { folder = @ } }> }"), in_quotes(sample_folder()),
                       "files.x/a.py = from " + sample_folder() + "/a.py 644\nfiles.x/b/run = from " + sample_folder() +
                           "/b/run 755\n"});
    samples.push_back({section + ".files.*.base64",
                       at_top(begin + "argv = [\"c\"]<, files = { x = { base64 = @ } }> }"), R"("YQ==")",
                       "files.x = text a 644\n"});
    samples.push_back({section + ".files.*.mode",
                       at_top(begin + "argv = [\"c\"], files = { x = { text = \"\"<, mode = @> } } }"), R"("755")",
                       "files.x = text  755\n"});
  }
  // The same limits stand in six places; a case's and a compile step's need some company.
  const struct {
    std::string path, dumped, before, after;
  } places[] = {
      {"limits.", "limits.", "limits.", ""},
      {"compile.limits.", "compile.limits.", "compile = { argv = [\"c\"]<, limits.", "> }"},
      {"case[].limits.", "case.limits.", "case = [{ expect = { text = \"\" }<, limits.", "> }]"},
      {"step[].limits.", "step.limits.", "step = [{<limits.", ">}]"},
      {"checker.limits.", "checker.limits.", "case = [{}]\nchecker = { kind = \"program\", argv = [\"c\"]<, limits.",
       "> }"},
      {"interactor.limits.", "interactor.limits.", "case = [{}]\ninteractor = { argv = [\"c\"]<, limits.", "> }"},
  };
  for (const auto& place : places) {
    const auto limit = [&](const std::string& name, const std::string& value, const std::string& effect,
                           const std::string& line = "") {
      samples.push_back({place.path + name, at_top(place.before + name + " = @" + place.after), value,
                         place.dumped + (line.empty() ? name : line) + " = " + effect + "\n"});
    };
    // What is not said of one stream stays as it was for both.
    const bool is_jurys = place.path == "checker.limits." || place.path == "interactor.limits.";
    const std::string both = is_jurys ? "64MiB" : place.path == "compile.limits." ? "1MiB" : "16MiB";
    limit("output", R"("3MiB")", "3MiB none none");
    limit("output.stdout", R"("3MiB")", "none 3MiB " + both, "output");
    limit("output.stderr", R"("2MiB")", "none " + both + " 2MiB", "output");
    limit("cpus", R"("any")", "any");
    limit("cpus", "3", "3 cores");
    limit("cpus", "[5, 0]", "cores [0][5]");
    limit("cpu", R"("1.5s")", "1500ms");
    limit("wall", R"("24h")", "86400s");
    limit("cpu_hard", R"("100m")", "6000s");
    limit("cpu_rate", "0.5", "0.5");
    limit("output_action", R"("truncate")", "truncate");
    if (place.path != "interactor.limits.") limit("idle", R"("1ms")", "1ms");
    limit("memory", R"("1MiB")", "1MiB");
    limit("address_space", R"("512MiB")", "512MiB");
    limit("stack", R"("8MiB")", "8MiB");
    if (!is_jurys) {
      limit("stack", R"("unlimited")", to_string(kUnlimited));
    } else {
      samples.push_back({place.path + "stack", at_top(place.before + "stack = @" + place.after), R"("unlimited")", ""});
    }
    limit("processes", "1", "1");
    limit("open_files", "3", "3");
    limit("file_size", R"("0B")", "0B");
    limit("workspace", R"("1GiB")", "1GiB");
    limit("inodes", "99", "99");
  }
  for (const std::string right : {"read", "write", "execute", "delete"}) {
    samples.push_back({"landlock." + right, at_top("landlock." + right + " = @"), R"(["/data/", "/"])",
                       "landlock." + right + " = [/data][/]\n"});
  }
  for (const std::string layer :
       {"net_ns", "ipc_ns", "uts_ns", "cgroup_ns", "landlock", "landlock_net", "landlock_scopes", "seccomp"}) {
    samples.push_back(
        {"require." + layer, at_top("require." + layer + " = @"), R"("if-available")", "require." + layer + " = 1\n"});
  }
  samples.push_back({"require.cgroup", at_top("require.cgroup = @"), R"("yes")", "require.cgroup = 0\n"});
  return samples;
}

std::string with_value(const Sample& sample, const std::string& value) {
  std::string text = sample.plan;
  text.replace(text.find('@'), 1, value);
  std::erase_if(text, [](char c) { return c == '<' || c == '>'; });
  return text;
}

std::string without_key(const Sample& sample) {
  const std::size_t start = sample.plan.find('<');
  if (start == std::string::npos) return at_top("");
  std::string text = sample.plan;
  return text.erase(start, text.find('>') + 1 - start);
}

TEST(Plan, every_key_takes_effect) {
  for (const Sample& sample : samples()) {
    // A case and a compile step bring all their values at once: what the key itself does is seen beside the same plan
    // without it, or is one of many lines.
    const bool has_company = sample.path.starts_with("case") || sample.path.starts_with("compile") ||
                             sample.path.starts_with("checker") || sample.path.starts_with("interactor") ||
                             sample.path.starts_with("scoring") || sample.path.starts_with("step") ||
                             sample.path.starts_with("tests") || sample.path == "passes" ||
                             sample.path == "output_file";
    const std::string effect =
        effect_of(with_value(sample, sample.value), has_company ? without_key(sample) : at_top(""));
    const bool is_one_of_many = has_company && sample.plan.find('<') == std::string::npos;
    EXPECT_TRUE(effect == sample.effect ||
                (is_one_of_many && ("\n" + effect).find("\n" + sample.effect) != effect.npos))
        << sample.path << ": expected " << sample.effect << "found " << effect;
  }
}

TEST(Plan, every_row_of_the_table_has_a_sample) {
  std::multiset<std::string> sampled;
  for (const Sample& sample : samples()) sampled.insert(sample.path);
  for (const Key& key : plan_keys().rows) {
    if (std::holds_alternative<TableForm>(key.form) || key.path == "image") continue;  // images have tests of their own
    const auto rows = std::ranges::count_if(plan_keys().rows, [&](const Key& other) {
      return other.path == key.path && !std::holds_alternative<TableForm>(other.form);
    });
    EXPECT_EQ(sampled.count(std::string(key.path)), static_cast<std::size_t>(rows)) << key.path;
  }
}

TEST(Plan, a_default_that_is_written_out_changes_nothing) {
  std::size_t checked = 0;
  for (const Sample& sample : samples()) {
    for (const Key& key : plan_keys().rows) {
      if (key.path != sample.path || key.default_text.empty()) continue;
      ++checked;
      EXPECT_EQ(test::dump(parse_whole(with_value(sample, key.default_text))),
                test::dump(parse_whole(without_key(sample))))
          << key.path;
    }
  }
  EXPECT_GT(checked, 30U);
}

TEST(Plan, the_smallest_plan_is_an_argv) {
  const Plan plan = parse("argv = [\"/bin/true\"]\n");
  EXPECT_EQ(plan.job.argv, std::vector<std::string>{"/bin/true"});
  EXPECT_EQ(plan.origin.name, "plan");
  EXPECT_EQ(plan.origin.folder, "/plans");
  EXPECT_EQ(plan.origin.sha256, sha256_hex("argv = [\"/bin/true\"]\n"));
  EXPECT_EQ(plan.origin.whole, (SourcePosition{"plan.toml", 1, 1}));
}

TEST(Plan, positions_tell_where_a_key_was_set) {
  const Plan plan = parse(
      "argv = [\"a\"]\n"
      "collect = [\"x\", { path = \"y\" }]\n"
      "[limits]\n"
      "  cpu = \"1s\"\n"
      "[files]\n"
      "f = { text = \"\" }\n"
      "[[mount]]\n"
      "tmpfs = \"1MiB\"\n"
      "at = \"/x\"\n");
  EXPECT_EQ(plan.origin.where("argv"), (SourcePosition{"plan.toml", 1, 1}));
  EXPECT_EQ(plan.origin.where("limits.cpu"), (SourcePosition{"plan.toml", 4, 3}));
  EXPECT_EQ(plan.origin.where("limits.wall"), plan.origin.whole);
  EXPECT_FALSE(plan.origin.positions.contains("limits.wall"));
  ASSERT_EQ(plan.kind.collect.size(), 2U);
  EXPECT_EQ(plan.kind.collect[0].position, (SourcePosition{"plan.toml", 2, 12}));
  EXPECT_EQ(plan.kind.collect[1].position, (SourcePosition{"plan.toml", 2, 17}));
  EXPECT_EQ(plan.job.files.at(0).position, (SourcePosition{"plan.toml", 6, 1}));
  EXPECT_EQ(plan.kind.mounts.at(0).position, (SourcePosition{"plan.toml", 7, 1}));
}

TEST(Plan, a_byte_order_mark_is_skipped) {
  EXPECT_EQ(parse("\xEF\xBB\xBF"
                  "argv = [\"a\"]\n")
                .job.argv,
            std::vector<std::string>{"a"});
}

TEST(Plan, source_fills_argv_too) {
  EXPECT_EQ(
      parse("argv = [\"cc\", \"-o{source}.o\", \"{source}{source}\"]\nsource = \"m.c\"\nfiles.\"m.c\".text = \"\"\n")
          .job.argv,
      (std::vector<std::string>{"cc", "-om.c.o", "m.cm.c"}));
  EXPECT_EQ(parse("argv = [\"cc\"]\nsource = \"m.c\"\n").job.argv, std::vector<std::string>{"cc"});
}

TEST(Plan, a_source_that_holds_the_placeholder_is_filled_in_once) {
  EXPECT_EQ(parse("argv = [\"{source}\"]\nsource = \"{source}\"\nfiles.\"{source}\".text = \"\"\n").job.argv,
            std::vector<std::string>{"{source}"});
}

TEST(Plan, a_source_that_nothing_places_is_refused_where_it_stands) {
  const std::string plan = "argv = [\"x\", \"{source}\"]\nsource = \"main.py\"\n";
  const auto expect_refused = [](const std::string& text, const std::string& says) {
    try {
      parse(text);
      ADD_FAILURE() << "accepted: " << text;
    } catch (const PlanError& error) {
      EXPECT_EQ(error.position(), (SourcePosition{"plan.toml", 2, 1})) << text;
      EXPECT_EQ(error.key(), "source");
      EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
    }
  };
  expect_refused(plan, "expected a file that [files] places, found \"main.py\"; [files] places none");
  expect_refused(plan + "files.\"mian.py\".text = \"\"\n", "did you mean \"mian.py\"?");
  expect_refused(plan + "files.a.text = \"\"\nfiles.b.text = \"\"\n", "[files] has \"a\" and others");
  expect_refused(plan + "[[mount]]\ntmpfs = \"1MiB\"\nat = \"/works\"\n", "[files] places none");
  expect_refused(plan + "[compile]\nargv = [\"cc\", \"{source}\"]\n", "[files] places none");

  for (const char* more : {"files.\"./main.py\".text = \"\"\n", "files.\"main.py/__main__.py\".text = \"\"\n",
                           "[compile]\nargv = [\"make\"]\n", "[[mount]]\nbind = \"/srv\"\nat = \"/work\"\n",
                           "[[mount]]\nbind = \"/srv\"\nat = \"/work/main.py\"\n",
                           "cwd = \"/data\"\n[[mount]]\nbind = \"/srv\"\nat = \"/data\"\n"}) {
    EXPECT_EQ(parse(plan + more).job.argv.at(1), "main.py") << more;
  }
}

TEST(Plan, a_source_that_begins_with_a_dash_is_no_option) {
  const std::string files = "source = \"-v.py\"\nfiles.\"-v.py\".text = \"\"\n";
  EXPECT_EQ(parse("argv = [\"x\", \"{source}\", \"-o{source}\", \"{stem}\"]\n" + files).job.argv,
            (std::vector<std::string>{"x", "./-v.py", "-o-v.py", "-v"}));
}

TEST(Plan, a_runtimes_heap_follows_the_memory_limit_of_each_step_and_case) {
  const auto heap = [](const std::string& more) {
    return parse("argv = [\"java\", \"-Xmx{memory_mib}m\", \"{memory_mib}\"]\n" + more).job.argv;
  };
  EXPECT_EQ(heap(""), (std::vector<std::string>{"java", "-Xmx256m", "256"}));
  EXPECT_EQ(heap("limits.memory = \"1GiB\"\n").at(1), "-Xmx1024m");
  EXPECT_EQ(heap("limits.memory = \"1535KiB\"\n").at(1), "-Xmx1m") << "no more than there is";

  const Task graded = parse_whole(
      "argv = [\"x\", \"{memory_mib}\", \"{source}\"]\nsource = \"{memory_mib}\"\nfiles.\"{memory_mib}\".text = \"\"\n"
      "[compile]\nargv = [\"cc\", \"{memory_mib}\"]\nlimits.memory = \"512MiB\"\n"
      "[[case]]\nexpect.text = \"\"\n[[case]]\nexpect.text = \"\"\nlimits.memory = \"64MiB\"\n");
  EXPECT_EQ(graded.plan.job.argv, (std::vector<std::string>{"x", "256", "{memory_mib}"}))
      << "a name that looks so stays";
  EXPECT_EQ(graded.compile->argv, (std::vector<std::string>{"cc", "512"}));
  EXPECT_TRUE(graded.cases.at(0).argv.empty()) << "the plan's";
  EXPECT_EQ(graded.cases.at(1).argv, (std::vector<std::string>{"x", "64", "{memory_mib}"}));
}

TEST(Plan, what_was_meant_is_said) {
  const std::pair<const char*, const char*> rows[] = {
      {"limits.memory = \"1G\"", "did you mean \"1GiB\"?"},
      {"limits.memory = \"512 MB\"", "did you mean \"512MiB\"?"},
      {"limits.memory = \"64kb\"", "did you mean \"64KiB\"?"},
      {"limits.cpu = \"2 sec\"", "did you mean \"2s\"?"},
      {"limits.wall = \"1.5S\"", "did you mean \"1.5s\"?"},
      {"limits.output = \"1M\"", "did you mean \"1MiB\"?"},
      {"case = [{ output.text = \"\" }]", "case[0].output: unknown key; did you mean \"case[0].expect\"?"},
      {"case = [{ input.text = \"\" }]", "did you mean \"case[0].stdin\"?"},
      {"limits.time = \"1s\"", "did you mean \"limits.cpu\"?"},
  };
  for (const auto& [line, says] : rows) {
    try {
      parse(at_top(line));
      ADD_FAILURE() << "accepted: " << line;
    } catch (const PlanError& error) {
      EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << line << ": " << error.what();
    }
  }
  for (const char* line :
       {"limits.memory = \"1X\"", "limits.memory = \"G\"", "limits.memory = \"1.5G\"", "limits.cpu = \"2\""}) {
    try {
      parse(at_top(line));
      ADD_FAILURE() << "accepted: " << line;
    } catch (const PlanError& error) {
      EXPECT_EQ(std::string(error.what()).find("did you mean"), std::string::npos) << error.what();
    }
  }
}

TEST(Plan, both_output_limits_can_be_set_apart) {
  EXPECT_EQ(effect_of(at_top("limits.output = { stderr = \"1KiB\", stdout = \"2KiB\" }")),
            "limits.output = none 2KiB 1KiB\n");
}

// --set

// A column of 0 is any.
void expect_override_error(const std::string& override, unsigned line, unsigned column, const std::string& key,
                           const std::string& says) {
  try {
    parse(at_top(""), {override});
    ADD_FAILURE() << "accepted: " << override;
  } catch (const PlanError& error) {
    EXPECT_EQ(error.position().file, "--set") << override;
    EXPECT_EQ(error.position().line, line) << override << ": " << error.what();
    if (column != 0) {
      EXPECT_EQ(error.position().column, column) << override << ": " << error.what();
    }
    EXPECT_GT(error.position().column, 0U) << override;
    EXPECT_EQ(error.key(), key) << override;
    EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
  }
}

TEST(Override, replaces_what_the_plan_says) {
  const std::string text =
      at_top("stdin = \"null\"\n[limits]\ncpu = \"1s\"\nwall = \"5s\"\n[[mount]]\nat = \"/x\"\nbind = \"/y\"\n");
  const Plan plan = parse(text, {"limits.cpu=3s", "stdin={ text = 'hi' }", "mount=[]", "argv=['b', \"c\"]"});
  EXPECT_EQ(plan.kind.limits.cpu, std::chrono::seconds(3));
  EXPECT_EQ(plan.kind.limits.wall, std::chrono::seconds(5));
  EXPECT_EQ(std::get<InputText>(plan.job.input).text, "hi");
  EXPECT_TRUE(plan.kind.mounts.empty());
  EXPECT_EQ(plan.job.argv, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(plan.origin.where("limits.cpu"), (SourcePosition{"--set", 0, 0}));
  EXPECT_EQ(plan.origin.where("limits.wall"), (SourcePosition{"plan.toml", 5, 1}));
}

TEST(Override, mends_a_value_that_would_be_refused) {
  EXPECT_EQ(parse(at_top("limits.cpu = 5\n"), {"limits.cpu=\"5s\""}).kind.limits.cpu, std::chrono::seconds(5));
}

TEST(Override, makes_tables_on_its_way) {
  const Plan plan = parse(at_top(""), {"limits.output.stdout=1MiB", "env.PATH=/bin", "files.'a/b.txt'.text=x y"});
  EXPECT_EQ(plan.kind.limits.output.standard_output, 1_MiB);
  EXPECT_EQ(plan.job.env.at("PATH"), "/bin");
  EXPECT_EQ(plan.job.files.at(0).path, "a/b.txt");
  EXPECT_EQ(std::get<std::string>(plan.job.files.at(0).source), "x y");
}

TEST(Override, takes_a_bare_word_as_text_where_only_text_can_be_meant) {
  EXPECT_EQ(parse(at_top(""), {"env.SEED=0"}).job.env.at("SEED"), "0");
  EXPECT_EQ(parse(at_top(""), {"env.EMPTY="}).job.env.at("EMPTY"), "");
  EXPECT_EQ(std::get<CpusCount>(parse(at_top(""), {"limits.cpus=2"}).kind.limits.cpus).count, 2U);
  EXPECT_TRUE(std::holds_alternative<CpusAny>(parse(at_top(""), {"limits.cpus=any"}).kind.limits.cpus));
}

TEST(Override, cannot_bring_in_a_second_key) {
  expect_override_error("env.A=\"1\"\nhostname = \"other\"", 1, 10, "env.A", "expected nothing after the string");
  expect_override_error("mount=[]\nhostname = \"other\"", 2, 1, "mount", "expected one value, found a second key");
}

TEST(Override, a_value_that_begins_as_toml_and_is_not_is_an_error_at_its_place) {
  // As json.dumps() writes a character that is not of the Basic Multilingual Plane.
  expect_override_error(R"x(files."main.py".text="print('\ud83d\ude00')")x", 1, 0, "files.\"main.py\".text",
                        "not TOML");
  expect_override_error("files.'main.py'.text=\"print(1)", 1, 31, "files.'main.py'.text", "not TOML");
  expect_override_error("files.f.text='a' # and this", 1, 17, "files.f.text", "expected nothing after the string");
  expect_override_error("files.f.text='a'\n# and this", 1, 17, "files.f.text", "expected nothing after the string");
  expect_override_error("files.f.text=\"\"\"a\"\"\"\nprint(1)", 2, 0, "files.f.text", "not TOML");
  expect_override_error("env.A=\"a\\q\"", 1, 0, "env.A", "not TOML");
  expect_override_error("env.\"\u00e9\".x=\"\"\"", 1, 0, "env.\"\u00e9\".x", "not TOML");
  expect_override_error("argv=[\"a\", ", 1, 0, "argv", "not TOML");
  expect_override_error("argv=[a]", 1, 0, "argv", "not TOML");
  expect_override_error("stdin={ text = }", 1, 0, "stdin", "not TOML");
  expect_override_error("stdin=\"null", 1, 0, "stdin", "not TOML");
  expect_override_error("limits.processes=12 of them", 1, 0, "limits.processes", "not TOML");
  expect_override_error("limits.output={ stdout = 1MiB }", 1, 0, "limits.output", "not TOML");
}

TEST(Override, a_key_of_text_takes_what_does_not_begin_with_a_quotation_mark_as_it_stands) {
  for (const char* text : {"", " ", "[1, 2", "{", "0", "true", "1979-05-27", "# no comment", "a # b", " \"a\"",
                           "\n\"a\"", "print('x') # \"y\"", "\xEF\xBB\xBFx\r\n", "a\\n\r\n\tb\x7f"}) {
    const Plan plan = parse(at_top(""), {std::string("files.f.text=") + text, std::string("env.A=") + text});
    EXPECT_EQ(std::get<std::string>(plan.job.files.at(0).source), text);
    EXPECT_EQ(plan.job.env.at("A"), text);
  }
  EXPECT_EQ(parse(at_top(""), {"env.A=\"a\\u00e9\""}).job.env.at("A"), "a\u00e9");
  EXPECT_EQ(parse(at_top(""), {"env.A=\"\"\"\na\"b\"\"\""}).job.env.at("A"), "a\"b");
  EXPECT_TRUE(std::holds_alternative<OutputNull>(parse(at_top(""), {"stdout=null"}).kind.output));
  EXPECT_EQ(*parse(at_top(""), {"limits.output=1MiB"}).kind.limits.output.both, 1_MiB);
}

TEST(Override, a_key_may_be_quoted_as_toml_quotes_it) {
  const Plan plan = parse(at_top(""), {R"(files."a\"b\u00e9=.py".text=1)"});
  EXPECT_EQ(plan.job.files.at(0).path, "a\"b\u00e9=.py");
}

TEST(Override, the_last_one_of_a_key_counts) {
  EXPECT_EQ(parse(at_top(""), {"hostname=a", "hostname=b"}).kind.hostname, "b");
}

TEST(Override, the_hash_covers_each_override_and_is_that_of_the_text_where_there_is_none) {
  const std::string text = at_top("");
  EXPECT_EQ(parse(text).origin.sha256, sha256_hex(text));
  EXPECT_EQ(parse(text, {"hostname=a"}).origin.sha256, sha256_hex(sha256_hex(text) + "\n" + sha256_hex("hostname=a")));
  EXPECT_EQ(parse(text, {"hostname=a"}).origin.sha256, parse(text, {"hostname=a"}).origin.sha256);
  EXPECT_NE(parse(text, {"hostname=a"}).origin.sha256, parse(text, {"hostname=b"}).origin.sha256);
  EXPECT_NE(parse(text, {"env.A=1", "env.B=2"}).origin.sha256, parse(text, {"env.A=1\nenv.B=2"}).origin.sha256);
}

TEST(Override, what_cannot_be_is_refused) {
  const std::vector<std::pair<std::string, std::string>> refused = {
      {"limits.cpu", "expected key=value"},
      {"=1", "expected key=value"},
      {"", "expected key=value"},
      {"limits..cpu=1s", "expected key=value"},
      {"limits.=1s", "expected key=value"},
      {"mount[0].at=/x", "expected key=value"},
      {"env.\"A=1", "expected key=value"},
      {"limits.cpuu=1s", "did you mean \"limits.cpu\"?"},
      {"limits.cpu=1", "limits.cpu: expected a time with a unit"},
      {"limits.cpu.x=1", "limits.cpu: expected a time with a unit"},
      {"limits=5", "limits: expected a table, found an integer"},
      {"argv=a", "argv: expected a list"},
      {"env.A=\xff", "expected UTF-8"},
      {"files.'../x'.text=1", "expected as name a file's path relative to /work"},
      {"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a=1", "a: unknown key"},
  };
  for (const auto& [override, message] : refused) {
    try {
      parse(at_top(""), {override});
      ADD_FAILURE() << override << " was accepted";
    } catch (const PlanError& error) {
      EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << override << ": " << error.what();
      EXPECT_EQ(error.position().file, "--set") << override;
      EXPECT_EQ(error.position().line, 0U) << override;
    }
  }
}

// Files and images, in a folder of their own.

class Images : public ::testing::Test {
 protected:
  Images() {
    std::string pattern = (fs::temp_directory_path() / "evalrun-plan-test-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~Images() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }

  [[nodiscard]] Plan parse_here(const std::string& text) const {
    return parse_plan({text, "plan.toml", "plan", folder_}, {}, {folder_ / "a", folder_ / "b"});
  }

  void expect_refusal(const std::string& text, const std::string& message) const {
    try {
      static_cast<void>(parse_here(text));
      ADD_FAILURE() << "accepted: " << text;
    } catch (const PlanError& error) {
      EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
      EXPECT_GT(error.position().line, 0U) << error.what();
    }
  }

  fs::path folder_;
};

constexpr const char* kBase =
    "name = \"base\"\nabstract = true\n[env]\nLANG = \"C\"\nPATH = \"/bin\"\n[limits]\nprocesses = 8\nopen_files = 64\n"
    "[[mount]]\nbind = \"/usr\"\nat = \"/usr\"\nexec = true\n[[mount]]\nbind = \"etc\"\nat = \"/etc/x\"\noptional = "
    "true\n"
    "[[link]]\nat = \"/bin\"\ntarget = \"usr/bin\"\n[seccomp]\nallow = [\"flock\"]\ndeny = [\"fork\"]\n";
constexpr const char* kPython =
    "name = \"python\"\ndescription = \"CPython\"\npackages = [\"python3\"]\nprograms = [\"/usr/bin/python3\"]\n"
    "run = [\"python3\", \"{source}\"]\ninclude = [\"base\"]\nenv.PATH = \"/usr/bin\"\nlimits.processes = 16\n"
    "proc.view = \"full\"\nlink = [{ at = \"/lib\", target = \"usr/lib\" }]\n[seccomp]\nallow = [\"fork\"]\n"
    "[[smoke]]\nname = \"hello\"\nsource = \"hello.py\"\nfiles = [\"x\"]\ninput = \"in\"\nexpect = \"out\"\n"
    "set = { \"limits.cpu\" = \"5s\" }\n";

TEST_F(Images, an_image_comes_first_and_the_plan_over_it) {
  write("a/base.toml", kBase);
  write("a/python.toml", kPython);
  const Plan plan = parse_here(
      "image = \"python\"\nsource = \"main.py\"\nfiles.\"main.py\".text = \"\"\nenv.LANG = \"de\"\nlimits.open_files = "
      "99\n"
      "seccomp.deny = [\"flock\"]\nmount = [{ bind = \"/opt\", at = \"/usr\" }, { tmpfs = \"1MiB\", at = \"/t\" }]\n");
  EXPECT_EQ(plan.kind.image, "python");
  EXPECT_EQ(plan.job.argv, (std::vector<std::string>{"python3", "main.py"}));
  EXPECT_EQ(plan.job.env, (std::map<std::string, std::string>{{"LANG", "de"}, {"PATH", "/usr/bin"}}));
  EXPECT_EQ(plan.kind.limits.processes, 16U);
  EXPECT_EQ(plan.kind.limits.open_files, 99U);
  EXPECT_EQ(plan.kind.proc, ProcView::Full);
  EXPECT_EQ(plan.kind.seccomp.allow, std::vector<std::string>{"fork"});
  EXPECT_EQ(plan.kind.seccomp.deny, std::vector<std::string>{"flock"});
  ASSERT_EQ(plan.kind.mounts.size(), 3U);
  EXPECT_EQ(std::get<Mount::Bind>(plan.kind.mounts[0].what).source, "/opt");
  EXPECT_EQ(plan.kind.mounts[0].execution, Execution::Denied);
  EXPECT_EQ(std::get<Mount::Bind>(plan.kind.mounts[1].what).source, folder_ / "a/etc");
  EXPECT_TRUE(plan.kind.mounts[1].optional);
  EXPECT_EQ(plan.kind.mounts[1].position, (SourcePosition{(folder_ / "a/base.toml").string(), 13, 1}));
  EXPECT_EQ(plan.kind.mounts[2].at, "/t");
  ASSERT_EQ(plan.kind.links.size(), 2U);
  EXPECT_EQ(plan.kind.links[0].at, "/bin");
  EXPECT_EQ(plan.kind.links[1].target, "usr/lib");
  EXPECT_EQ(plan.origin.where("limits.processes").file, (folder_ / "a/python.toml").string());
  EXPECT_EQ(plan.origin.where("limits.open_files"), (SourcePosition{"plan.toml", 5, 8}));
  EXPECT_FALSE(plan.origin.positions.contains("name"));
}

TEST_F(Images, an_image_is_read_whole) {
  write("a/base.toml", kBase);
  write("a/python.toml", kPython);
  const Image image = load_image("python", {folder_ / "a"});
  EXPECT_EQ(image.name, "python");
  EXPECT_EQ(image.description, "CPython");
  EXPECT_EQ(image.path, folder_ / "a/python.toml");
  EXPECT_EQ(image.packages, std::vector<std::string>{"python3"});
  EXPECT_EQ(image.programs, std::vector<std::string>{"/usr/bin/python3"});
  EXPECT_EQ(image.run, (std::vector<std::string>{"python3", "{source}"}));
  ASSERT_EQ(image.smoke.size(), 1U);
  const SmokeProgram& smoke = image.smoke[0];
  EXPECT_EQ(smoke.name, "hello");
  EXPECT_EQ(smoke.source, "hello.py");
  EXPECT_EQ(smoke.files, std::vector<std::string>{"x"});
  EXPECT_EQ(smoke.input, "in");
  EXPECT_EQ(smoke.expect, "out");
  EXPECT_EQ(smoke.set, (std::map<std::string, std::string>{{"limits.cpu", "5s"}}));
  EXPECT_EQ(smoke.position.line, 13U);
}

TEST_F(Images, an_argv_of_the_plan_takes_the_place_of_the_run_line) {
  write("a/base.toml", kBase);
  write("a/python.toml", kPython);
  EXPECT_EQ(parse_here("image = \"python\"\nargv = [\"python3\", \"-c\", \"1\"]\n").job.argv,
            (std::vector<std::string>{"python3", "-c", "1"}));
}

TEST_F(Images, the_first_folder_of_the_search_path_wins) {
  write("a/x.toml", "name = \"x\"\nrun = [\"first\"]\n");
  write("b/x.toml", "name = \"x\"\nrun = [\"second\"]\n");
  write("b/y.toml", "name = \"y\"\nrun = [\"y\"]\n");
  write("b/base.toml", kBase);
  write("b/not-an-image.txt", "");
  EXPECT_EQ(parse_here("image = \"x\"\n").job.argv, std::vector<std::string>{"first"});
  const std::vector<Image> images = list_images({folder_ / "a", folder_ / "b"});
  ASSERT_EQ(images.size(), 2U);
  EXPECT_EQ(images[0].run, std::vector<std::string>{"first"});
  EXPECT_EQ(images[1].name, "y");
}

TEST_F(Images, an_image_may_be_named_by_its_path) {
  write("own/mine.toml",
        "name = \"mine\"\nrun = [\"m\"]\ninclude = [\"part\"]\nmount = [{ bind = \"d\", at = \"/d\" }]\n");
  write("own/part.toml", "name = \"part\"\nabstract = true\nenv.A = \"1\"\n");
  const Plan plan = parse_here("image = \"own/mine.toml\"\n");
  EXPECT_EQ(plan.kind.image, "mine");
  EXPECT_EQ(plan.job.env.at("A"), "1");
  EXPECT_EQ(std::get<Mount::Bind>(plan.kind.mounts.at(0).what).source, folder_ / "own/d");
}

TEST_F(Images, a_base_that_two_images_include_is_read_once) {
  write("a/base.toml", kBase);
  write("a/left.toml", "name = \"left\"\nabstract = true\ninclude = [\"base\"]\nenv.LANG = \"left\"\n");
  write("a/right.toml", "name = \"right\"\nabstract = true\ninclude = [\"base\"]\n");
  write("a/top.toml", "name = \"top\"\nrun = [\"t\"]\ninclude = [\"left\", \"right\"]\n");
  const Plan plan = parse_here("image = \"top\"\n");
  EXPECT_EQ(plan.job.env.at("LANG"), "left");
  EXPECT_EQ(plan.kind.mounts.size(), 2U);
}

TEST_F(Images, includes_may_be_eight_deep_and_no_deeper) {
  write("a/i0.toml", "name = \"i0\"\nrun = [\"r\"]\n");
  for (int i = 1; i <= 9; ++i) {
    const std::string name = "i" + std::to_string(i);
    write("a/" + name + ".toml",
          "name = \"" + name + "\"\nrun = [\"r\"]\ninclude = [\"i" + std::to_string(i - 1) + "\"]\n");
  }
  EXPECT_EQ(parse_here("image = \"i8\"\n").kind.image, "i8");
  expect_refusal("image = \"i9\"\n", "include: images nest too deeply: at most 8");
}

TEST_F(Images, an_image_that_cannot_be_used_is_refused) {
  write("a/base.toml", kBase);
  write("a/python.toml", kPython);
  write("a/norun.toml", "name = \"norun\"\n");
  write("a/fixed.toml", "name = \"fixed\"\nrun = [\"r\"]\n");
  write("a/loop.toml", "name = \"loop\"\ninclude = [\"pool\"]\n");
  write("a/pool.toml", "name = \"pool\"\ninclude = [\"loop\"]\n");
  write("a/selfish.toml", "name = \"selfish\"\ninclude = [\"./selfish.toml\"]\n");
  write("a/orphan.toml", "name = \"orphan\"\n\ninclude = [\"gone\"]\n");
  write("a/other.toml", "\nname = \"another\"\n");
  write("a/nameless.toml", "description = \"x\"\n");
  write("a/broken.toml", "name = \n");
  const std::string file = (folder_ / "a").string();
  const std::string smoke = "image = \"python\"\n";
  EXPECT_EQ(parse_here(smoke + "source = \"x\"\nfiles.x.text = \"\"\n").job.source, "x");
  expect_refusal(smoke, "plan.toml:1:1: source: missing; the run line of image \"python\" needs it");
  expect_refusal("\nimage = \"pythn\"\nargv = [\"a\"]\n", "plan.toml:2:1: image: no image \"pythn\" in " + file +
                                                              " and " + (folder_ / "b").string() +
                                                              "; did you mean \"python\"?");
  expect_refusal("image = \"./none.toml\"\nargv = [\"a\"]\n", "plan.toml:1:1: image: no image file");
  expect_refusal("image = \"base\"\nargv = [\"a\"]\n", "image: \"base\" is only there to be included");
  expect_refusal("image = \"norun\"\n", "argv: missing");
  expect_refusal("image = \"fixed\"\nsource = \"x\"\n", "plan.toml:2:1: source: expected with an image whose run line");
  expect_refusal("image = \"loop\"\nargv = [\"a\"]\n", file + "/pool.toml:2:11: include: \"loop\" includes itself");
  expect_refusal("image = \"selfish\"\nargv = [\"a\"]\n",
                 "selfish.toml:2:11: include: \"./selfish.toml\" includes itself");
  expect_refusal("image = \"orphan\"\nargv = [\"a\"]\n", file + "/orphan.toml:3:11: image: no image \"gone\"");
  expect_refusal("image = \"other\"\nargv = [\"a\"]\n",
                 "other.toml:2:1: name: expected the file's own name, \"other\"");
  expect_refusal("image = \"nameless\"\nargv = [\"a\"]\n", "nameless.toml:1:1: name: missing");
  expect_refusal("image = \"broken\"\nargv = [\"a\"]\n", "broken.toml:1:8: not TOML");
}

TEST_F(Images, a_malformed_image_file_is_refused_at_its_line) {
  struct Case {
    const char* line;
    const char* message;
  };
  const std::vector<Case> refused = {
      {"argv = [\"a\"]", "argv: unknown key"},
      {"hostname = \"a\"", "hostname: unknown key"},
      {"descripton = \"a\"", "did you mean \"description\"?"},
      {"run = \"python3\"", "run: expected a list"},
      {"packages = [\"Python\"]", "packages[0]: expected the name of a Debian package"},
      {"languages = [\"C++\"]", "languages[0]: expected the code of a language, such as \"cpp\""},
      {"endings = [\"cpp\"]", "endings[0]: expected the ending of a file's name, such as \".cpp\""},
      {"endings = [\".\"]", "endings[0]: expected the ending of a file's name, such as \".cpp\""},
      {"programs = [\"python3\"]", "programs[0]: expected an absolute path of the host"},
      {"abstract = 1", "abstract: expected true or false, found an integer"},
      {"include = [\".hidden\"]", "include[0]: expected an image's name"},
      {"link = [{ at = \"/bin\" }]", "link[0].target: missing"},
      {"link = [{ at = \"bin\", target = \"x\" }]", "link[0].at: expected an absolute path"},
      {"link = [{ at = \"/a\", target = \"x\" }, { at = \"/a/\", target = \"y\" }]",
       "link.at: expected a place of its own"},
      {"mount = [{ at = \"/a\", tmpfs = \"1MiB\", optional = true }]", "mount.optional: expected with bind only"},
      {"smoke = [{ source = \"a\" }]", "smoke[0].name: missing"},
      {"smoke = [{ name = \"a\" }]", "smoke[0]: expected a table with name and source or argv"},
      {"smoke = [{ name = \"a\", source = \"a\" }]", "smoke.argv: missing; the image has no run line"},
      {"smoke = [{ name = \"a\", argv = [\"a\"] }, { name = \"a\", argv = [\"a\"] }]",
       "smoke.name: expected a name of its own"},
      {"smoke = [{ name = \"a\", argv = [\"a\"], set = { \"limits.x\" = \"5s\" } }]",
       "limits.x: expected a key of a plan"},
      {"smoke = [{ name = \"a\", argv = [\"a\"], set = { limits = { cpu = \"5s\" } } }]",
       "smoke[0].set.limits: expected text"},
      {"limits.cpu = 5", "limits.cpu: expected a time with a unit"},
      {"proc.view = \"all\"", "proc.view: expected \"none\", \"pid\" or \"full\""},
  };
  for (const Case& each : refused) {
    write("a/x.toml", std::string("name = \"x\"\n") + each.line + "\n");
    expect_refusal("image = \"x\"\nargv = [\"a\"]\n", std::string("x.toml:2:"));
    expect_refusal("image = \"x\"\nargv = [\"a\"]\n", each.message);
  }
}

TEST_F(Images, a_plan_is_read_from_its_file) {
  write("p/my.plan.toml", "argv = [\"a\"]\n");
  const PlanText text = read_plan((folder_ / "p/my.plan.toml").string());
  EXPECT_EQ(text.text, "argv = [\"a\"]\n");
  EXPECT_EQ(text.name, "my.plan");
  EXPECT_EQ(text.folder, folder_ / "p");
  EXPECT_EQ(text.file, (folder_ / "p/my.plan.toml").string());
}

TEST_F(Images, a_plan_that_cannot_be_read_is_an_error_of_the_plan) {
  for (const auto& [path, message] : std::vector<std::pair<std::string, std::string>>{
           {(folder_ / "gone.toml").string(), "open: No such file or directory"},
           {folder_.string(), "open: is a folder, not a regular file"},
           {"/dev/zero", "open: is a character device, not a regular file"}}) {
    try {
      read_plan(path);
      ADD_FAILURE() << path;
    } catch (const PlanError& error) {
      EXPECT_EQ(error.position().file, path);
      EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
    }
  }
}

TEST_F(Images, the_search_path_is_the_environments_folders_that_exist) {
  write("a/x.toml", "");
  write("b/x.toml", "");
  const std::string listed =
      (folder_ / "b").string() + ":" + (folder_ / "gone").string() + "::" + (folder_ / "a").string();
  ASSERT_EQ(::setenv("EVALRUN_IMAGES", listed.c_str(), 1), 0);
  const std::vector<fs::path> found = image_search_path();
  ::unsetenv("EVALRUN_IMAGES");
  ASSERT_GE(found.size(), 2U);
  EXPECT_EQ(found[0], folder_ / "b");
  EXPECT_EQ(found[1], folder_ / "a");
}

// The schema is printed from the same table.

TEST(Kinds, plans_that_differ_only_in_their_jobs_are_of_one_kind) {
  const Plan plan = parse("argv = [\"a\"]\nprofile = \"judge\"\n");
  const Plan other = parse(
      "argv = [\"b\", \"c\"]\nenv.A = \"1\"\nstdin.text = \"in\"\nfiles.f.text = \"x\"\n"
      "# The same profile, named elsewhere.\nprofile = \"judge\"\n");
  EXPECT_TRUE(plan.kind == other.kind);
  EXPECT_FALSE(plan.job == other.job);
  EXPECT_FALSE(plan.origin == other.origin);
  for (const char* more : {"limits.cpu = \"3s\"", "cwd = \"/tmp\"", "stdout = \"null\"", "hostname = \"h\"",
                           "collect = [\"f\"]", "mount = [{ tmpfs = \"1MiB\", at = \"/m\" }]", "profile = \"pure\"",
                           "seccomp.deny = [\"kill\"]", "require.cgroup = \"yes\"", "determinism.aslr = false"}) {
    EXPECT_FALSE(parse("argv = [\"a\"]\n").kind == parse("argv = [\"a\"]\n" + std::string(more) + "\n").kind) << more;
  }
}

TEST(Kinds, a_plan_without_its_job_keeps_its_kind_its_origin_and_its_argv) {
  const Plan plan =
      parse("argv = [\"a\", \"b\"]\nenv.A = \"1\"\nstdin.text = \"in\"\nfiles.f.text = \"x\"\nlimits.cpu = \"3s\"\n");
  const Plan bare = without_job(plan);
  EXPECT_TRUE(bare.kind == plan.kind);
  EXPECT_TRUE(bare.origin == plan.origin);
  Job expected;
  expected.argv = plan.job.argv;
  EXPECT_TRUE(bare.job == expected);
}

TEST(Schema, every_key_stands_in_every_form_of_it) {
  const std::string text = schema_text();
  const std::string markdown = schema_markdown();
  for (const KeyTable* table : {&plan_keys(), &image_keys()}) {
    for (const Key& key : table->rows) {
      const std::string path(key.path);
      EXPECT_NE(text.find("\n" + path + "\n"), std::string::npos) << path;
      EXPECT_NE(markdown.find("| `" + path + "` |"), std::string::npos) << path;
      EXPECT_TRUE(key.description.ends_with('.')) << key.path;
    }
  }
}

TEST(Schema, json_schema_closes_every_object) {
  const auto schema = nlohmann::json::parse(schema_json());
  EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
  const auto check = [](const auto& self, const nlohmann::json& node) -> void {
    if (node.is_object() && node.value("type", nlohmann::json()) == "object") {
      ASSERT_TRUE(node.contains("additionalProperties")) << node.dump();
      EXPECT_NE(node["additionalProperties"], true) << node.dump();
    }
    for (const auto& child : node) {
      if (child.is_structured()) self(self, child);
    }
  };
  check(check, schema);
}

TEST(Schema, json_schema_carries_defaults_and_ranges) {
  const auto schema = nlohmann::json::parse(schema_json());
  const auto& limits = schema["properties"]["limits"]["properties"];
  EXPECT_EQ(limits["cpu"]["default"], to_string(Limits{}.cpu));
  EXPECT_EQ(limits["processes"]["default"], Limits{}.processes);
  EXPECT_EQ(limits["processes"]["maximum"], 32768);
  EXPECT_EQ(schema["properties"]["hostname"]["default"], Plan{}.kind.hostname);
  EXPECT_EQ(schema["properties"]["determinism"]["properties"]["aslr"]["default"], true);
  EXPECT_EQ(schema["$defs"]["image"]["required"], nlohmann::json({"name"}));
}

}  // namespace
}  // namespace evalrun
