#include <map>
#include <optional>
#include <string>

#include "runtime/core/small_file.h"
#include "runtime/testreports/pieces.h"
#include "runtime/testreports/test_report.h"

namespace evalrun::testreports {
namespace {

constexpr std::size_t kMostOfMessage = 512;

void skip_blanks(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
}

std::string count_of(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " example" : " examples");
}

class Reader {
 public:
  void line(std::string_view text) {
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (part_ != Part::None && text.starts_with("    ")) return part_of_example(text.substr(4));
    part_ = Part::None;
    if (text == "Failed example:") return begin(Part::Example);
    if (text == "Expected:") return begin(Part::Expected);
    if (text == "Got:") return begin(Part::Got);
    if (text == "Expected nothing") return add("; expected nothing");
    if (text == "Got nothing") return add("; got nothing");
    if (text.starts_with("Exception raised:")) return add("; raised an exception");
    if (text == "Test passed." || text.starts_with("***Test Failed***")) is_complete_ = true;
    if (place_of_failure(text) || title(text)) return;
    if (section_ == Section::None || !text.starts_with(' ')) {
      section_ = Section::None;
      return;
    }
    item(text);
  }

  Report take_report() {
    for (TestLine& test : report_.tests) {
      const auto why = failures_.find(test.name);
      if (test.status == TestStatus::Failed && why != failures_.end()) test.message += "; " + why->second;
    }
    if (report_.fault.empty() && !is_complete_)
      report_.fault = "its last line is missing; is it of python3 -m doctest -v?";
    return std::move(report_);
  }

 private:
  enum class Part { None, Example, Expected, Got };
  enum class Section { None, Passed, Failed };

  void begin(Part part) {
    part_ = part;
    add(part == Part::Example ? "" : part == Part::Expected ? "; expected" : "; got");
  }

  void add(std::string_view text) {
    if (failing_ == nullptr || failing_->size() + text.size() > kMostOfMessage) return;
    failing_->append(text);
  }

  void part_of_example(std::string_view text) {
    add(" ");
    add(text);
  }

  // File "m.py", line 6, in m.f
  bool place_of_failure(std::string_view text) {
    if (!text.starts_with("File \"")) return false;
    const std::size_t in = text.rfind(", in ");
    const std::size_t at = text.rfind(", line ", in);
    if (in == text.npos || at == text.npos) return false;
    const auto [place, is_new] = failures_.try_emplace(std::string(text.substr(in + 5)));
    // Of several failures the first is told.
    failing_ = is_new ? &place->second : nullptr;
    add(text.substr(at + 2, in - at - 2));
    add(":");
    return true;
  }

  bool title(std::string_view text) {
    if (!take_number(text) || !(take(text, " items ") || take(text, " item "))) return false;
    section_ = text == "passed all tests:" ? Section::Passed
               : text == "had failures:"   ? Section::Failed
                                           : Section::None;
    return true;
  }

  // "   2 tests in m.f", "   1 of   2 in m.g".
  void item(std::string_view text) {
    skip_blanks(text);
    const std::optional<std::uint64_t> first = take_number(text);
    if (!first) return;
    if (report_.tests.size() == kMostTests) {
      report_.fault = "more than " + std::to_string(kMostTests) + " tests";
      return;
    }
    if (section_ == Section::Passed) {
      if (take(text, " tests in ") || take(text, " test in ")) {
        report_.tests.push_back({std::string(text), TestStatus::Passed, count_of(*first)});
      }
      return;
    }
    if (!take(text, " of ")) return;
    skip_blanks(text);
    const std::optional<std::uint64_t> all = take_number(text);
    if (all && take(text, " in ")) {
      report_.tests.push_back(
          {std::string(text), TestStatus::Failed, std::to_string(*first) + " of " + count_of(*all) + " failed"});
    }
  }

  Report report_;
  std::map<std::string, std::string> failures_;  // by test, what its first failure says
  std::string* failing_ = nullptr;
  Part part_ = Part::None;
  Section section_ = Section::None;
  bool is_complete_ = false;
};

}  // namespace

Report read_doctest(std::string_view text) {
  Reader reader;
  while (!text.empty()) reader.line(take_until(text, '\n'));
  return reader.take_report();
}

}  // namespace evalrun::testreports
