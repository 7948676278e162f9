#include "runtime/packages/polygon/sources.h"

#include "runtime/core/path_parts.h"
#include "runtime/core/text.h"
#include "runtime/problem/language.h"

namespace evalrun::packages::polygon {
namespace {

using problem::Convention;
using problem::ProgramIndex;
using problem::Role;
using pugi::xml_node;

struct TypeRow {
  const char* beginning;  // of Polygon's name for it, before the dot
  const char* code;
};

constexpr TypeRow kTypes[] = {
    {"cpp", "cpp"},         {"c", "c"},           {"java", "java"}, {"kotlin", "kotlin"}, {"pas", "pascal"},
    {"delphi", "pascal"},   {"csharp", "csharp"}, {"go", "go"},     {"rust", "rust"},     {"d", "d"},
    {"haskell", "haskell"}, {"js", "javascript"}, {"ruby", "ruby"}, {"perl", "perl"},     {"php", "php"},
    {"ocaml", "ocaml"},     {"scala", "scala"},
};

std::string language_of_type(const std::string& type) {
  const std::string beginning = type.substr(0, type.find('.'));
  if (beginning == "python") {
    return type.starts_with("python.2") || type == "python.pypy2" ? "python2" : "python3";
  }
  for (const TypeRow& row : kTypes) {
    if (beginning == row.beginning) return row.code;
  }
  return "";
}

}  // namespace

SourceFiles source_files_of(Reading& reading, const ProblemXml& xml) {
  const xml_node root = xml.root();
  SourceFiles files;
  for (const xml_node file : root.child("files").child("resources").children("file")) {
    const std::string path = file.attribute("path").value();
    const bool is_source = path.ends_with(".h") || path.ends_with(".hpp") || path.ends_with(".py");
    if (is_source && reading.tree.has_file(path)) files.resources.push_back(path);
  }
  for (const xml_node executable : root.child("files").child("executables").children("executable")) {
    const std::string path = executable.child("source").attribute("path").value();
    const std::string name = last_part(path);
    files.executables[name.substr(0, name.rfind('.'))] = executable.child("source");
  }
  return files;
}

std::string language_of(ProblemXml& xml, const xml_node& source, const std::string& name) {
  std::string language = language_of_type(source.attribute("type").value());
  if (!language.empty()) return language;
  if (const problem::Language* found = problem::language_of({name})) return found->code;
  xml.error(source, "type: " + in_quotes(source.attribute("type").value()) + " is no language that is known here");
  return "";
}

std::optional<ProgramIndex> add_source(Reading& reading, ProblemXml& xml, const SourceFiles& files,
                                       const xml_node& source, Role role) {
  const std::string path = source.attribute("path").value();
  if (!reading.tree.has_file(path)) {
    xml.error(source, path.empty() ? "has no path; name the file"
                                   : "there is no file " + in_quotes(path) + " in the package; add it");
    return std::nullopt;
  }
  problem::Program program;
  program.role = role;
  program.name = path;
  program.path = path;
  program.convention = Convention::Testlib;
  program.files = reading.files_of(path);
  program.entry = last_part(path);
  program.language = language_of(xml, source, program.entry);
  if (program.language.empty()) return std::nullopt;
  for (const std::string& resource : files.resources) {
    if (resource == path) continue;
    if (auto file = reading.file_of(resource)) program.files.push_back({last_part(resource), std::move(*file)});
  }
  reading.problem.programs.push_back(std::move(program));
  return reading.problem.programs.size() - 1;
}

}  // namespace evalrun::packages::polygon
