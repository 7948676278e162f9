#include "runtime/packages/dmoj/case_settings.h"

#include "runtime/packages/dmoj/checkers.h"
#include "runtime/packages/reading/bounds.h"

namespace evalrun::packages::dmoj {
namespace {

void read_generator_args(Reading& reading, const YamlNode& node, Settings& settings) {
  std::vector<std::string> words;
  if (node.kind != YamlNode::Kind::List) {
    reading.findings.error(node.where, "generator_args: expected a list, not " + kind_of(node));
    return;
  }
  for (const YamlPointer& item : node.items) {
    if (item->kind == YamlNode::Kind::List || item->kind == YamlNode::Kind::Map) {
      reading.findings.error(item->where, "generator_args: expected a word, not " + kind_of(*item));
      return;
    }
    // Python's str() of the value.
    const auto is = item->is_quoted ? std::nullopt : truth(item->text);
    words.push_back(item->kind == YamlNode::Kind::Null ? "None" : is ? (*is ? "True" : "False") : item->text);
  }
  settings.generator_args = std::move(words);
}

}  // namespace

void read_common(Reading& reading, MapReader& yaml, Settings& settings, Words& default_args) {
  if (auto name = yaml.text("in")) settings.in = std::move(name);
  if (auto name = yaml.text("out")) settings.out = std::move(name);
  if (auto name = yaml.text("generator_in")) settings.generator_in = std::move(name);
  if (const YamlPointer node = yaml.take("generator_args")) read_generator_args(reading, *node, settings);
  if (const YamlPointer node = yaml.take("generator"))
    settings.generator = read_generator(reading, yaml, node, default_args);
  if (const auto points = yaml.number("points", 0, kMostPoints)) settings.points = *points;
  if (const YamlPointer node = yaml.take("checker")) settings.checker = read_checker(reading, yaml, node);
  if (const auto binary = yaml.boolean("binary_data")) settings.binary = *binary;
  yaml.ignore({"output_prefix_length"});
}

}  // namespace evalrun::packages::dmoj
