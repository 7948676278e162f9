#include <pugixml.hpp>
#include <string>

#include "runtime/core/text.h"
#include "runtime/testreports/test_report.h"

namespace evalrun::testreports {
namespace {

constexpr int kDeepest = 16;               // of suites in suites
constexpr std::size_t kMostOfText = 4096;  // of a message

std::string bounded(std::string text) {
  if (text.size() > kMostOfText) text.resize(kMostOfText);
  return text;
}

// The attribute "message", or else the element's own text.
std::string message_of(const pugi::xml_node& node) {
  const std::string message = node.attribute("message").as_string();
  return bounded(message.empty() ? node.child_value() : message);
}

TestLine line_of(const pugi::xml_node& test) {
  const std::string group = test.attribute("classname").as_string();
  const std::string name = test.attribute("name").as_string();
  TestLine line{bounded(group.empty() ? name : group + "." + name), TestStatus::Passed, ""};
  if (const pugi::xml_node error = test.child("error")) {
    line.status = TestStatus::Error;
    line.message = message_of(error);
  } else if (const pugi::xml_node failure = test.child("failure")) {
    line.status = TestStatus::Failed;
    line.message = message_of(failure);
  } else if (const pugi::xml_node skipped = test.child("skipped")) {
    line.status = TestStatus::Skipped;
    line.message = message_of(skipped);
  }
  return line;
}

void add_suite(const pugi::xml_node& suite, int depth, Report& report) {
  for (const pugi::xml_node& node : suite.children()) {
    const std::string_view name = node.name();
    if (!report.fault.empty()) return;
    if (name == "testcase") {
      if (report.tests.size() == kMostTests) {
        report.fault = "more than " + std::to_string(kMostTests) + " tests";
        return;
      }
      report.tests.push_back(line_of(node));
    } else if (name == "testsuite" && depth == kDeepest) {
      report.fault = "suites more than " + std::to_string(kDeepest) + " deep";
    } else if (name == "testsuite") {
      add_suite(node, depth + 1, report);
    }
  }
}

}  // namespace

Report read_junit(std::string_view text) {
  pugi::xml_document document;
  // No document type is read, so no entity but XML's own is known.
  const pugi::xml_parse_result parsed = document.load_buffer(text.data(), text.size(), pugi::parse_default);
  if (!parsed) {
    return {{}, "no XML at byte " + std::to_string(parsed.offset) + ": " + parsed.description()};
  }
  const pugi::xml_node root = document.document_element();
  const std::string_view name = root.name();
  if (name != "testsuites" && name != "testsuite") {
    return {{}, "expected <testsuites> or <testsuite>, found <" + printable(root.name()) + ">"};
  }
  Report report;
  add_suite(root, 1, report);
  return report;
}

}  // namespace evalrun::testreports
