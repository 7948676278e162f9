#include "runtime/packages/polygon/problem_xml.h"

#include <algorithm>

#include "runtime/core/text.h"
#include "runtime/problem/comparison.h"

namespace evalrun::packages::polygon {

using pugi::xml_node;

ProblemXml::ProblemXml(std::string text, problem::Findings& findings) : text_(std::move(text)), findings_(findings) {
  for (std::size_t at = text_.find('\n'); at != text_.npos; at = text_.find('\n', at + 1))
    line_starts_.push_back(at + 1);
}

std::unique_ptr<ProblemXml> ProblemXml::read(Reading& reading) {
  auto text = reading.text_of(kProblemFile);
  if (!text) return nullptr;
  if (!is_utf8(*text)) {
    reading.error(kProblemFile, "is not UTF-8; save it as UTF-8");
    return nullptr;
  }
  std::unique_ptr<ProblemXml> xml(new ProblemXml(std::move(*text), reading.findings));
  // Without document types: no entity of the package's own is ever expanded.
  const pugi::xml_parse_result parsed =
      xml->document_.load_buffer(xml->text_.data(), xml->text_.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!parsed) {
    reading.findings.error(xml->place(parsed.offset), std::string("this is no XML: ") + parsed.description());
    return nullptr;
  }
  if (!xml->root()) {
    reading.error(kProblemFile, "has no element problem");
    return nullptr;
  }
  return xml;
}

SourcePosition ProblemXml::place(std::ptrdiff_t offset) const {
  const std::size_t end = std::min(static_cast<std::size_t>(std::max<std::ptrdiff_t>(offset, 0)), text_.size());
  const auto after = std::ranges::upper_bound(line_starts_, end);
  const std::size_t line = static_cast<std::size_t>(after - line_starts_.begin());
  return {kProblemFile, static_cast<unsigned>(line), static_cast<unsigned>(end - line_starts_[line - 1] + 1)};
}

void ProblemXml::error(const xml_node& node, const std::string& message) {
  findings_.error(place(node), std::string(node.name()) + ": " + message);
}

void ProblemXml::check_children(const xml_node& node, const std::vector<std::string>& known) {
  for (const xml_node child : node.children()) {
    if (child.type() == pugi::node_element) check_name(child, child.name(), known);
  }
}

void ProblemXml::check_attributes(const xml_node& node, const std::vector<std::string>& known) {
  for (const pugi::xml_attribute attribute : node.attributes()) check_name(node, attribute.name(), known);
}

void ProblemXml::check_name(const xml_node& node, const std::string& name, const std::vector<std::string>& known) {
  if (std::ranges::find(known, name) != known.end() || !told_.insert(name).second) return;
  const std::string near = nearest(name, known);
  if (near.empty()) {
    findings_.note(place(node), in_quotes(name) + " is not known here and is not looked at");
  } else {
    findings_.error(place(node), in_quotes(name) + " is not known; did you mean " + near + "?");
  }
}

std::optional<double> ProblemXml::number(const xml_node& node, const char* name, double least, double most) {
  const pugi::xml_attribute attribute = node.attribute(name);
  if (!attribute || *attribute.value() == '\0') return std::nullopt;
  const auto value = problem::decimal_number(attribute.value());
  if (value && *value >= least && *value <= most) return value;
  error(node, std::string(name) + ": expected a number, not " + in_quotes(attribute.value()));
  return std::nullopt;
}

}  // namespace evalrun::packages::polygon
