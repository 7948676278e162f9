// The programs of a Polygon package: sources with Polygon's names of languages, and what they include.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/packages/polygon/problem_xml.h"

namespace evalrun::packages::polygon {

// The element files of problem.xml.
struct SourceFiles {
  std::vector<std::string> resources;                 // what sources include: testlib.h and the like
  std::map<std::string, pugi::xml_node> executables;  // their elements source, by name without ending
};
SourceFiles source_files_of(Reading& reading, const ProblemXml& xml);

// The language of a source by its type, or by the ending of its name; "" where neither is known, which is told.
std::string language_of(ProblemXml& xml, const pugi::xml_node& source, const std::string& name);

// Adds the program of an element source. Nothing where there is no such file, which is told.
std::optional<problem::ProgramIndex> add_source(Reading& reading, ProblemXml& xml, const SourceFiles& files,
                                                const pugi::xml_node& source, problem::Role role);

}  // namespace evalrun::packages::polygon
