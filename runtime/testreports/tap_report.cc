#include <algorithm>
#include <cctype>
#include <optional>

#include "runtime/core/small_file.h"
#include "runtime/testreports/pieces.h"
#include "runtime/testreports/test_report.h"

namespace evalrun::testreports {
namespace {

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

// "skip" in "SKIPPED: why": directives are found by how they begin, in any case.
bool begins_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() && std::ranges::equal(text.substr(0, word.size()), word, [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) == b;
         });
}

// Where the directive begins: a '#' with a blank before it that no backslash escapes.
std::size_t directive_in(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '#' && (at == 0 || text[at - 1] == ' ')) {
      return at;
    }
  }
  return text.npos;
}

class Reader {
 public:
  void line(std::string_view text) {
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (in_details_) return detail(text);
    // Subtests are indented. Details of the last test begin with "---".
    if (text.starts_with(' ') || text.starts_with('\t')) {
      if (without_blanks(text) == "---" && !report_.tests.empty()) in_details_ = true;
      return;
    }
    if (take(text, "Bail out!")) {
      const std::string why(without_blanks(text));
      return fail("it bailed out" + (why.empty() ? why : ": " + why));
    }
    if (take(text, "1..")) return plan(text);
    const bool failed = take(text, "not ok");
    if (!failed && !take(text, "ok")) return;  // a version, a comment, or what the program has printed
    if (!text.empty() && text.front() != ' ' && text.front() != '\t') return;
    test(without_blanks(text), failed);
  }

  Report take_report() {
    if (!report_.fault.empty()) return std::move(report_);
    if (!planned_) {
      report_.fault = report_.tests.empty() ? "no line of TAP" : "no plan (1..N): it has ended early";
    } else if (*planned_ != report_.tests.size()) {
      report_.fault = "the plan says 1.." + std::to_string(*planned_) + ", and " +
                      std::to_string(report_.tests.size()) + " tests are told";
    }
    return std::move(report_);
  }

 private:
  void fail(std::string why) {
    if (report_.fault.empty()) report_.fault = std::move(why);
  }

  void plan(std::string_view text) {
    const std::optional<std::uint64_t> count = take_number(text);
    if (!count || planned_) return fail(planned_ ? "two plans" : "a plan without a number");
    planned_ = *count;
  }

  void test(std::string_view text, bool failed) {
    if (report_.tests.size() == kMostTests) return fail("more than " + std::to_string(kMostTests) + " tests");
    std::string_view rest = text;
    const std::optional<std::uint64_t> number = take_number(rest);
    const bool is_number = number && (rest.empty() || rest.front() == ' ' || rest.front() == '\t');
    if (is_number) text = without_blanks(rest);
    const std::uint64_t own = report_.tests.size() + 1;
    if (is_number && *number != own) {
      return fail("test " + std::to_string(*number) + " where " + std::to_string(own) + " was next");
    }
    if (take(text, "- ")) text = without_blanks(text);
    const std::size_t hash = directive_in(text);
    const std::string_view directive = hash == text.npos ? "" : without_blanks(text.substr(hash + 1));
    TestLine line{std::string(without_blanks(text.substr(0, hash))), failed ? TestStatus::Failed : TestStatus::Passed,
                  ""};
    if (line.name.empty()) line.name = "test " + std::to_string(own);
    if (begins_with_word(directive, "skip")) {
      line.status = TestStatus::Skipped;
      line.message = std::string(directive);
    } else if (begins_with_word(directive, "todo")) {
      // Neither outcome of it counts.
      line.status = TestStatus::Skipped;
      line.message = std::string(directive);
    } else if (failed) {
      line.message = "not ok";
    }
    report_.tests.push_back(std::move(line));
  }

  // The first line of YAML that says what was wrong.
  void detail(std::string_view text) {
    std::string_view words = without_blanks(text);
    if (words == "...") {
      in_details_ = false;
      return;
    }
    TestLine& last = report_.tests.back();
    if (last.status == TestStatus::Failed && last.message == "not ok" && take(words, "message:")) {
      last.message = std::string(without_blanks(words));
    }
  }

  Report report_;
  std::optional<std::uint64_t> planned_;
  bool in_details_ = false;
};

}  // namespace

Report read_tap(std::string_view text) {
  Reader reader;
  while (!text.empty()) reader.line(take_until(text, '\n'));
  return reader.take_report();
}

}  // namespace evalrun::testreports
