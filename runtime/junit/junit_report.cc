#include "runtime/junit/junit_report.h"

#include <pugixml.hpp>
#include <sstream>

#include "runtime/core/text.h"

namespace evalrun::report {
namespace {

struct Counts {
  std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
  Duration time{};

  void add(const Counts& more) {
    tests += more.tests;
    failures += more.failures;
    errors += more.errors;
    skipped += more.skipped;
    time += more.time;
  }
};

void set(pugi::xml_node node, const char* name, std::string_view value) {
  node.append_attribute(name).set_value(xml_text(value).c_str());
}

std::string seconds(Duration time) {
  return to_string(std::chrono::duration<double>(time).count());
}

void set_counts(pugi::xml_node node, const Counts& counts) {
  set(node, "tests", std::to_string(counts.tests));
  set(node, "failures", std::to_string(counts.failures));
  set(node, "errors", std::to_string(counts.errors));
  set(node, "skipped", std::to_string(counts.skipped));
  set(node, "time", seconds(counts.time));
}

void add_text(pugi::xml_node node, const char* name, std::string_view text) {
  if (text.empty()) return;
  node.append_child(name).append_child(pugi::node_pcdata).set_value(xml_text(text).c_str());
}

void add_property(pugi::xml_node properties, const std::string& name, std::string_view value) {
  pugi::xml_node property = properties.append_child("property");
  set(property, "name", name);
  set(property, "value", value);
}

class Suite {
 public:
  Suite(pugi::xml_node suites, const Board& board, const Row& row) : board_(board), row_(row) {
    node_ = suites.append_child("testsuite");
    set(node_, "name", row.name);
  }

  Counts write() {
    // Attributes first: they are counted while the testcases are made, and set at the end.
    add_properties();
    if (!row_.compile_message.empty() && row_.verdict == "CE") add_compile();
    if (row_.expectation) add_expectation();
    for (std::size_t i = 0; i < board_.columns.size(); ++i) add_case(i);
    if (counts_.tests == 0) add_whole();
    set_counts(node_, counts_);
    return counts_;
  }

 private:
  pugi::xml_node add_test(const std::string& name) {
    ++counts_.tests;
    pugi::xml_node test = node_.append_child("testcase");
    set(test, "classname", row_.name);
    set(test, "name", name);
    return test;
  }

  // What a verdict means to the test; none of a labelled submission's verdicts fails it.
  void judge(pugi::xml_node test, std::string_view verdict, const std::string& message, const std::string& text) {
    const char* element = nullptr;
    switch (standing_of(verdict)) {
      case Standing::Passed: return;
      case Standing::NotRun:
        ++counts_.skipped;
        set(test.append_child("skipped"), "message", message.empty() ? "not run" : message);
        return;
      case Standing::Faulty:
        ++counts_.errors;
        element = "error";
        break;
      case Standing::Failed:
        if (row_.expectation) {
          add_text(test, "system-out", std::string(verdict) + ": " + message);
          return;
        }
        ++counts_.failures;
        element = "failure";
        break;
    }
    pugi::xml_node node = test.append_child(element);
    set(node, "type", verdict);
    set(node, "message", message);
    if (!text.empty()) node.append_child(pugi::node_pcdata).set_value(xml_text(text).c_str());
  }

  void add_properties() {
    pugi::xml_node properties = node_.append_child("properties");
    add_property(properties, "verdict", row_.verdict);
    if (!row_.language.empty()) add_property(properties, "language", row_.language);
    if (row_.score) add_property(properties, "score", to_string(*row_.score));
    if (row_.score_max) add_property(properties, "score_max", to_string(*row_.score_max));
    if (!row_.message.empty()) add_property(properties, "message", row_.message);
  }

  void add_compile() {
    judge(add_test("compile"), row_.verdict, row_.compile_message, row_.compiler ? row_.compiler->bytes : "");
  }

  void add_expectation() {
    pugi::xml_node test = add_test("expected verdict");
    if (row_.expectation->met) return;
    if (row_.verdict.empty()) return judge(test, "", row_.skipped, "");
    ++counts_.failures;
    pugi::xml_node failure = test.append_child("failure");
    set(failure, "type", row_.verdict);
    set(failure, "message", "expected " + row_.expectation->expected + ", got " + row_.verdict);
    failure.append_child(pugi::node_pcdata).set_value(xml_text(row_.message).c_str());
  }

  void add_case(std::size_t index) {
    const Column& column = board_.columns[index];
    if (index >= row_.cells.size()) {
      if (row_.cells.empty()) judge(add_test(column.name), "", row_.skipped, "");
      return;
    }
    const Cell& cell = row_.cells[index];
    pugi::xml_node test = add_test(column.name);
    set(test, "time", seconds(cell.time));
    counts_.time += cell.time;
    const bool is_run = !cell.verdict.empty();
    judge(test, cell.verdict, is_run ? cell.message : cell.skipped, cell.feedback);
    if (is_run && standing_of(cell.verdict) != Standing::Passed && cell.error_output) {
      add_text(test, "system-err", cell.error_output->bytes);
    }
  }

  // A submission of which no case is known.
  void add_whole() {
    judge(add_test("submission"), row_.verdict, row_.message.empty() ? row_.skipped : row_.message, "");
  }

  const Board& board_;
  const Row& row_;
  pugi::xml_node node_;
  Counts counts_;
};

}  // namespace

std::string junit_report(const Board& board) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version").set_value("1.0");
  declaration.append_attribute("encoding").set_value("UTF-8");
  pugi::xml_node suites = document.append_child("testsuites");
  set(suites, "name", board.title);
  Counts all;
  for (const Row& row : board.rows) all.add(Suite(suites, board, row).write());
  set_counts(suites, all);
  for (const auto& [verdict, count] : board.rows_left_out) {
    const std::string text = " " + std::to_string(count) + " more: " + one_line(verdict.empty() ? "-" : verdict) + " ";
    // "--" ends a comment, and a verdict has none.
    suites.append_child(pugi::node_comment).set_value(xml_text(text).c_str());
  }
  std::ostringstream text;
  document.save(text, "  ", pugi::format_indent, pugi::encoding_utf8);
  return text.str();
}

}  // namespace evalrun::report
