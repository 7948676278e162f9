// One line is one line: strings from outside in every place of every output. A table of outputs, times hostile strings.

#include <gtest/gtest.h>

#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "runtime/cli/doctor.h"
#include "runtime/cli/message.h"
#include "runtime/cli/suggestion_report.h"
#include "runtime/cli/trace_report.h"
#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/jobs/result_line.h"
#include "runtime/report/grade_report.h"
#include "runtime/report/html_report.h"
#include "runtime/report/report.h"
#include "tests/report/boards.h"

namespace evalrun {
namespace {

using namespace std::string_literals;

const std::vector<std::string>& hostile_strings() {
  static const std::vector<std::string> all = {
      "line\nfeed",
      "carriage\rreturn",
      "two\r\n\nlines",
      "vertical\vtab and form\ffeed",
      "tab\tulator",
      "escape\x1b[2J\x1b]0;title\x07",
      "eight-bit CSI \xc2\x9b"
      "31m",
      "next line \xc2\x85",
      "delete\x7f\x7f",
      "nul\0byte"s,
      "override \xe2\x80\xae"
      "txt.exe",
      "embedding \xe2\x80\xaa\xe2\x80\xac",
      "isolate \xe2\x81\xa6x\xe2\x81\xa9",
      "line separator \xe2\x80\xa8",
      "paragraph separator \xe2\x80\xa9",
      "zero-width \xe2\x80\x8b\xe2\x80\x8d",
      "byte order mark \xef\xbb\xbf",
      "tag \xf3\xa0\x81\x81",
      "not UTF-8 \xff\xfe",
      "cut short \xe2\x80",
      "overlong \xc0\x8a",
      "lone byte \x9b",
      "quotes \"\"\" ''' and \\ and \\u000a",
      "\n[[mount]]\nbind = \"/\"\nat = \"/host\"\n",
      "# comment",
      "\nevalrun: all is well\n",
  };
  return all;
}

// Written apart from the code under test: the code point at the front, and its bytes; 0 bytes where it is not UTF-8.
std::pair<char32_t, std::size_t> front(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  if (byte(0) < 0x80) return {byte(0), 1};
  const std::size_t size = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : byte(0) >= 0xc0 ? 2 : 0;
  if (size == 0 || text.size() < size) return {0, 0};
  char32_t code = byte(0) & (0xffU >> (size + 1));
  for (std::size_t at = 1; at < size; ++at) code = code << 6 | (byte(at) & 0x3fU);
  return {code, size};
}

bool is_unfit(char32_t code) {
  const std::pair<char32_t, char32_t> unfit[] = {{0, 0x1f},         {0x7f, 0x9f},     {0x200b, 0x200f},
                                                 {0x2028, 0x202e},  {0x2066, 0x2069}, {0xfeff, 0xfeff},
                                                 {0xe0000, 0xe007f}};
  return std::any_of(std::begin(unfit), std::end(unfit),
                     [&](const auto& range) { return range.first <= code && code <= range.second; });
}

void expect_fit(std::string_view text, std::string_view what) {
  while (!text.empty()) {
    const auto [code, size] = front(text);
    ASSERT_NE(size, 0U) << what << ": not UTF-8: " << text.substr(0, 20);
    ASSERT_TRUE(code == '\n' || !is_unfit(code)) << what << ": U+" << std::hex << static_cast<unsigned>(code);
    text.remove_prefix(size);
  }
}

std::ptrdiff_t lines_of(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

// ---- Results with the string in every place that comes from outside -------------------------------------------------

Plan plan_named(const std::string& text) {
  Plan plan;
  plan.origin.name = text;
  plan.origin.whole.file = text;
  return plan;
}

supervise::RunResult result_of(const std::string& text) {
  supervise::RunResult result;
  result.outcome = supervise::NotStarted{"execve", text, ENOENT};
  result.files = {{text, 1, "00", text, ""}, {text, 0, "", "", text}};
  result.violations = {{"seccomp", "ptrace", 101, {1}, "ptrace(" + text + ")", 1, text, "stopped", text}};
  result.layers.cgroup = {host::LayerState::Kind::Degraded, text};
  result.kernel = "6.1";
  result.warnings = {text};
  result.noise = {{host::Noise::Kind::Governor, text}, {host::Noise::Kind::Steal, text}};
  return result;
}

judge::Grade grade_of(const std::string& text) {
  judge::Grade grade;
  grade.verdict = judge::Verdict::Wa;
  grade.message = text;
  grade.compile = judge::CompileGrade{judge::Verdict::Ok, text, result_of(text)};
  grade.cases.resize(3);
  for (judge::CaseGrade& one : grade.cases) {
    one.verdict = judge::Verdict::Wa;
    one.message = text;
    one.run = result_of(text);
  }
  grade.cases[1].feedback = text;
  grade.cases[2].verdict.reset();
  return grade;
}

Task graded_task(const std::string& text) {
  Task task;
  task.plan = plan_named(text);
  task.cases.resize(3);
  for (Case& one : task.cases) one.name = one.group = text;
  return task;
}

trace::Trace trace_of(const std::string& text) {
  trace::Trace trace;
  trace.result = result_of(text);
  trace::Refusal refusal{.layer = "mounts", .call = "openat", .seen = {}, .remedy = {}};
  refusal.seen.process = refusal.seen.path = refusal.seen.decoded = text;
  refusal.seen.error = ENOENT;
  refusal.remedy = {text};
  trace.refusals.push_back(refusal);
  refusal.remedy = {AddMount{.bind = text, .tmpfs = "", .at = text}};
  trace.refusals.push_back(refusal);
  return trace;
}

trace::Suggestion suggestion_of(const std::string& text, bool runs) {
  trace::Suggestion suggestion;
  suggestion.runs = runs;
  suggestion.outcome = supervise::Exited{1};
  suggestion.additions = {{AddMount{.bind = text, .tmpfs = "", .at = "/" + text}, text},
                          {AddItem{"seccomp.allow", toml_string(text)}, text},
                          {SetKey{"limits.processes", "64"}, text}};
  suggestion.left = {text};
  suggestion.not_tried = {
      {{AddMount{.bind = text, .tmpfs = "", .at = text}, text}, {text, "--grant " + shell_word(text)}}};
  return suggestion;
}

PlanText plan_text(const std::string& text) {
  return {"argv = [\"/x\"]\n[limits]\ncpu = \"1s\"\n", text, text, "/"};
}

std::string said(const std::string& text) {
  std::ostringstream heard;
  std::streambuf* before = std::cerr.rdbuf(heard.rdbuf());
  cli::say(text);
  std::cerr.rdbuf(before);
  return heard.str();
}

template <typename Exception>
std::string line_of(const Exception& error) {
  return error.what() + "\n"s;
}

enum class Kind { Text, Json };

struct Output {
  const char* name;
  Kind kind;
  std::function<std::string(const std::string&)> make;
};

std::vector<doctor::Check> checks_of(const std::string& text) {
  return {{.name = "kernel", .finding = text, .remedy = text},
          {.name = "run", .state = doctor::State::Broken, .finding = text}};
}

const std::vector<Output>& outputs() {
  using S = const std::string&;
  static const std::vector<Output> all = {
      {"report_text", Kind::Text,
       [](S s) {
         return report::to_text(report::Report{plan_named(s), result_of(s), {}});
       }},
      {"report_json", Kind::Json,
       [](S s) {
         return report::to_json(report::Report{plan_named(s), result_of(s), {}});
       }},
      {"report_json_in_one_line", Kind::Json,
       [](S s) {
         return report::to_json(report::Report{plan_named(s), result_of(s), {}}, report::Layout::OneLine);
       }},
      {"fault_json", Kind::Json,
       [](S s) {
         return report::fault_to_json(s, {"mounts", "open_tree", s, 2, false, s}, s);
       }},
      {"grade_text", Kind::Text,
       [](S s) {
         return report::to_text(report::GradeReport{graded_task(s), grade_of(s), {}});
       }},
      {"grade_json", Kind::Json,
       [](S s) {
         return report::to_json(report::GradeReport{graded_task(s), grade_of(s), {}});
       }},
      {"trace_text", Kind::Text,
       [](S s) {
         return cli::trace_to_text({s, plan_named(s)}, trace_of(s));
       }},
      {"trace_json", Kind::Json,
       [](S s) {
         return cli::trace_to_json({s, plan_named(s)}, trace_of(s));
       }},
      {"suggestion_text", Kind::Text,
       [](S s) { return cli::suggestion_to_text(plan_text(s), suggestion_of(s, true)); }},
      {"suggestion_text_unproved", Kind::Text,
       [](S s) { return cli::suggestion_to_text(plan_text(s), suggestion_of(s, false)); }},
      {"suggestion_json", Kind::Json,
       [](S s) { return cli::suggestion_to_json(plan_text(s), suggestion_of(s, false)); }},
      {"doctor_text", Kind::Text, [](S s) { return cli::to_text(checks_of(s)); }},
      {"doctor_json", Kind::Json, [](S s) { return cli::to_json(checks_of(s)); }},
      {"batch_result", Kind::Json, [](S s) { return jobs::result_line(s, 1, "{}"); }},
      {"batch_error", Kind::Json, [](S s) { return jobs::error_line(s, 1, s); }},
      {"html_report", Kind::Text, [](S s) { return report::html_report(test::board_with(s)); }},
      {"html_text", Kind::Text, [](S s) { return html_text(s) + "\n"; }},
      {"script_json", Kind::Json, [](S s) { return script_json(nlohmann::json(json_text(s)).dump()); }},
      {"csv_field", Kind::Text, [](S s) { return csv_field(s) + "\n"; }},
      {"message", Kind::Text, said},
      {"system_error", Kind::Text, [](S s) { return line_of(SystemError("openat", s, ENOENT)); }},
      {"plan_error", Kind::Text,
       [](S s) {
         return line_of(PlanError({s, 1, 2}, s, s));
       }},
      {"host_error", Kind::Text, [](S s) { return line_of(HostError("mounts", "open_tree", s, EPERM, s)); }},
      {"usage_error", Kind::Text, [](S s) { return line_of(UsageError(s)); }},
      {"addition", Kind::Text,
       [](S s) { return describe(PlanAddition(AddMount{.bind = s, .tmpfs = "", .at = s})) + "\n"; }},
  };
  return all;
}

class Outputs : public testing::TestWithParam<Output> {};

TEST_P(Outputs, have_as_many_lines_as_with_a_harmless_string_and_nothing_that_controls_a_terminal) {
  const std::ptrdiff_t expected = lines_of(GetParam().make("harmless"));
  for (const std::string& hostile : hostile_strings()) {
    const std::string text = GetParam().make(hostile);
    EXPECT_EQ(lines_of(text), expected) << text;
    expect_fit(text, GetParam().name);
  }
}

std::size_t count_of(const nlohmann::json& json, const std::string& text) {
  if (json.is_string()) return json.get<std::string>() == text ? 1 : 0;
  std::size_t count = 0;
  if (json.is_structured()) {
    for (const nlohmann::json& each : json) count += count_of(each, text);
  }
  return count;
}

// Where the string is UTF-8 it is read back as it was, in every place; else as json_text() has it.
TEST_P(Outputs, as_json_read_back_what_was_written) {
  if (GetParam().kind != Kind::Json) return;
  const std::size_t expected = count_of(nlohmann::json::parse(GetParam().make("harmless")), "harmless");
  EXPECT_GT(expected, 0U);
  for (const std::string& hostile : hostile_strings()) {
    const nlohmann::json json = nlohmann::json::parse(GetParam().make(hostile), nullptr, false);
    ASSERT_FALSE(json.is_discarded()) << GetParam().make(hostile);
    EXPECT_EQ(count_of(json, json_text(hostile)), expected) << json.dump(2, ' ', true);
  }
}

INSTANTIATE_TEST_SUITE_P(text, Outputs, testing::ValuesIn(outputs()), [](const auto& test) { return test.param.name; });

// Every line of a suggestion that is not proved is a comment; of one that is, the lines are evalrun's own.
TEST(Suggestion, holds_no_line_that_a_name_wrote) {
  for (const std::string& hostile : hostile_strings()) {
    std::istringstream text(cli::suggestion_to_text(plan_text(hostile), suggestion_of(hostile, false)));
    for (std::string line; std::getline(text, line);) EXPECT_TRUE(line.empty() || line.starts_with("# ")) << line;
    // Proved: the sections stand at the beginnings of lines as often as with a harmless name, and the TOML says the
    // name.
    const std::string proved = cli::suggestion_to_text(plan_text(hostile), suggestion_of(hostile, true));
    const TomlNode root = parse_toml(proved, "suggestion");
    std::vector<std::string> keys;
    for (const TomlMember& member : std::get<TomlTable>(root.value)) keys.push_back(member.name);
    EXPECT_EQ(keys, (std::vector<std::string>{"mount", "seccomp"})) << proved;
    if (!is_utf8(hostile)) continue;
    TomlNode copy = root;
    TomlNode mount = std::get<TomlArray>(find_value(copy, "mount")->value).at(0);
    EXPECT_EQ(std::get<std::string>(find_value(mount, "bind")->value), hostile);
  }
}

// ---- The functions themselves ---------------------------------------------------------------------------------------

std::string utf8(char32_t code) {
  constexpr unsigned kLead[] = {0, 0xc0, 0xe0, 0xf0};
  const unsigned more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  std::string text{static_cast<char>(kLead[more] | code >> (6 * more))};
  for (unsigned at = more; at-- > 0;) text += static_cast<char>(0x80 | (code >> (6 * at) & 0x3f));
  return text;
}

TEST(Text, every_character_is_read_back_from_toml_and_json_and_fits_one_line) {
  for (char32_t code = 0; code < 0xe0100; code = code == 0x33ff    ? 0xe000
                                                 : code == 0xffff  ? 0x1f5ff
                                                 : code == 0x1f6ff ? 0xe0000
                                                                   : code + 1) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const std::string text = "a" + utf8(code) + "b";
    ASSERT_TRUE(is_utf8(text)) << static_cast<unsigned>(code);
    const std::string toml = toml_string(text);
    const auto node = parse_toml_value(toml, "");
    ASSERT_TRUE(node) << toml;
    ASSERT_EQ(std::get<std::string>(node->value), text) << toml;
    const std::string json = json_escaped(nlohmann::json(json_text(text)).dump());
    ASSERT_EQ(nlohmann::json::parse(json).get<std::string>(), text) << json;
    for (const std::string& line : {one_line(text), toml, json}) {
      expect_fit(line, "one line");
      ASSERT_EQ(lines_of(line), 0) << line;
    }
    if (!is_unfit(code) && code > 0x20 && code < 0x7f) {
      ASSERT_EQ(one_line(text), text) << "ordinary text stays";
    }
  }
  EXPECT_EQ(one_line("Grüße, 世界 😀"), "Grüße, 世界 😀");
}

TEST(Text, bytes_that_are_no_text_become_letters) {
  EXPECT_EQ(one_line("a\nb\tc\xff"), "a\\x0ab\\x09c\\xff");
  EXPECT_EQ(one_line("\xe2\x80\xae"), "\\xe2\\x80\\xae");
  EXPECT_EQ(printable("a\nb\tc\xff\xe2\x80\xae\xe2\x80\x8d"), "a\nb\tc\\xff\\xe2\\x80\\xae\xe2\x80\x8d");
  EXPECT_EQ(toml_string("a\"\\\n\xff"), "\"a\\\"\\\\\\u000a\\\\xff\"");
  EXPECT_EQ(json_text("\xff\n"), "\\xff\n");
  EXPECT_EQ(json_escaped("{\"a\":\"\xc2\x9b\xf3\xa0\x81\x81\x7f\"}"), "{\"a\":\"\\u009b\\udb40\\udc41\\u007f\"}");
  EXPECT_EQ(json_escaped("{\n  \"a\": \"é\"\n}\n"), "{\n  \"a\": \"é\"\n}\n");
  EXPECT_EQ(in_quotes("a\n"), "\"a\\x0a\"");
  EXPECT_EQ(padded("ab", 4), "ab  ");
  EXPECT_EQ(padded("abcd", 4), "abcd ");
}

TEST(Text, a_word_for_a_shell_is_one_word) {
  EXPECT_EQ(shell_word("/srv/data-1.csv"), "/srv/data-1.csv");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("a b$(c)"), "'a b$(c)'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("a'\n\\\xff"), "$'a\\'\\x0a\\\\\\xff'");
}

}  // namespace
}  // namespace evalrun
