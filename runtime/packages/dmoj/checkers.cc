#include "runtime/packages/dmoj/checkers.h"

#include <algorithm>

#include "runtime/core/text.h"
#include "runtime/packages/dmoj/jury_programs.h"

namespace evalrun::packages::dmoj {
namespace {

using problem::Convention;
using problem::ProgramIndex;
using problem::Role;

struct CheckerRow {
  const char* name;
  const char* arguments;  // with spaces between them
};

constexpr CheckerRow kCheckers[] = {
    {"standard", ""},
    {"identical", "pe_allowed"},
    {"easy", ""},
    {"floats", "precision error_mode"},
    {"floatsabs", "precision"},
    {"floatsrel", "precision"},
    {"linecount", "feedback"},
    {"linematches", "point_distribution filler_lines_required"},
    {"rstripped", "filter_new_line"},
    {"sorted", "split_on"},
    {"unordered", ""},
};

std::size_t add_checker(Reading& reading, problem::Checker checker) {
  reading.problem.checkers.push_back(std::move(checker));
  return reading.problem.checkers.size() - 1;
}

std::size_t read_bridged(Reading& reading, MapReader& yaml, MapReader& arguments) {
  const std::optional<ProgramIndex> program = add_contrib(reading, yaml, "checker", Role::Checker, arguments);
  if (program) {
    read_program_limits(reading, arguments, *program);
  } else {
    arguments.ignore({"time_limit", "memory_limit", "flags", "args_format_string"});
  }
  arguments.ignore({"feedback", "cached", "compiler_time_limit", "name"});
  arguments.finish();
  return program ? add_checker(reading, problem::ProgramChecker{{*program}}) : 0;
}

std::size_t checker_named(Reading& reading, MapReader& yaml, const std::string& name, const YamlPointer& args) {
  MapReader arguments(args, kInitFile, reading.findings, "checker.args.");
  if (name == "bridged") return read_bridged(reading, yaml, arguments);
  if (name.ends_with(".py")) {
    const auto program =
        add_native(reading, yaml, "checker", Role::Checker, {{name}, "python3"}, Convention::DmojPython);
    return program ? add_checker(reading, problem::ProgramChecker{{*program}}) : 0;
  }
  const auto* row = std::ranges::find_if(kCheckers, [&](const CheckerRow& one) { return name == one.name; });
  if (row == std::end(kCheckers)) {
    std::vector<std::string> names = {"bridged"};
    for (const CheckerRow& one : kCheckers) names.emplace_back(one.name);
    const std::string near = nearest(name, names);
    yaml.error("checker",
               in_quotes(name) + " is no checker of DMOJ's" +
                   (near.empty() ? "; a checker of your own is a file NAME.py" : "; did you mean " + near + "?"));
    return 0;
  }
  problem::BuiltInChecker checker{"dmoj", name, {}};
  for (const std::string& argument : split_at_space(row->arguments)) {
    const YamlPointer value = arguments.take(argument);
    if (value == nullptr) continue;
    const auto words = scalars(value, "checker.args." + argument, reading.findings);
    if (!words) continue;
    std::string text;
    for (const std::string& word : *words) text += (text.empty() ? "" : " ") + word;
    checker.arguments[argument] = text;
  }
  arguments.finish();
  return add_checker(reading, std::move(checker));
}

}  // namespace

std::size_t read_checker(Reading& reading, MapReader& yaml, const YamlPointer& node) {
  if (node->kind == YamlNode::Kind::Scalar) return checker_named(reading, yaml, node->text, nullptr);
  if (node->kind == YamlNode::Kind::Map) {
    MapReader inner(node, kInitFile, reading.findings, "checker.");
    const std::string name = inner.text("name").value_or("");
    const YamlPointer args = inner.take("args");
    inner.finish();
    if (name.empty()) {
      yaml.error("checker", "has no name; add name");
      return 0;
    }
    return checker_named(reading, yaml, name, args);
  }
  yaml.error("checker", "expected a name, or a map of name and args, not " + kind_of(*node));
  return 0;
}

}  // namespace evalrun::packages::dmoj
