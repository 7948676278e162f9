// problem.xml as a document whose elements have places, for messages.
#pragma once

#include <memory>
#include <optional>
#include <pugixml.hpp>
#include <set>
#include <string>
#include <vector>

#include "runtime/packages/reading/reading.h"

namespace evalrun::packages::polygon {

constexpr const char* kProblemFile = "problem.xml";

class ProblemXml {
 public:
  // Null where it cannot be read or is no such document, which `reading` says then.
  static std::unique_ptr<ProblemXml> read(Reading& reading);

  [[nodiscard]] pugi::xml_node root() const { return document_.child("problem"); }
  [[nodiscard]] SourcePosition place(const pugi::xml_node& node) const { return place(node.offset_debug()); }

  // The message begins with the element's name.
  void error(const pugi::xml_node& node, const std::string& message);
  // Tells each child element or attribute that is not known, once: what is nearly a known name is an error.
  void check_children(const pugi::xml_node& node, const std::vector<std::string>& known);
  void check_attributes(const pugi::xml_node& node, const std::vector<std::string>& known);
  // An attribute as a number; nothing where it is not there, or is none in these bounds, which is told.
  std::optional<double> number(const pugi::xml_node& node, const char* name, double least, double most);

 private:
  ProblemXml(std::string text, problem::Findings& findings);

  [[nodiscard]] SourcePosition place(std::ptrdiff_t offset) const;
  void check_name(const pugi::xml_node& node, const std::string& name, const std::vector<std::string>& known);

  std::string text_;
  problem::Findings& findings_;
  std::vector<std::size_t> line_starts_ = {0};
  pugi::xml_document document_;
  std::set<std::string> told_;
};

}  // namespace evalrun::packages::polygon
