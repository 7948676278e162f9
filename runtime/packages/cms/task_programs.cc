#include "runtime/packages/cms/task_programs.h"

#include <algorithm>

#include "runtime/core/path_parts.h"
#include "runtime/problem/language.h"

namespace evalrun::packages::cms {
namespace {

using problem::Convention;
using problem::ProgramIndex;
using problem::Role;

// An executable file without an ending.
std::optional<ProgramIndex> add_built(Reading& reading, const std::string& path, Role role) {
  auto file = reading.file_of(path);
  if (!file) return std::nullopt;
  const std::string beginning = reading.beginning_of(path, 256);
  problem::Program program;
  program.role = role;
  program.name = path;
  program.path = path;
  program.convention = Convention::Cms;
  program.entry = last_part(path);
  program.files = {{program.entry, std::move(*file)}};
  const std::string first_line = beginning.substr(0, beginning.find('\n'));
  if (beginning.starts_with("#!") && first_line.find("python3") != first_line.npos) {
    program.language = "python3";
  } else if (beginning.starts_with("#!") || beginning.starts_with("\x7f"
                                                                  "ELF")) {
    program.build = problem::Build::IsBuilt;
  } else {
    reading.error(path, std::string("this ") + problem::name_of(role) +
                            " is no program: it is no ELF file and does not begin with \"#!\"; add its source as " +
                            program.entry + ".cpp");
    return std::nullopt;
  }
  reading.problem.programs.push_back(std::move(program));
  return reading.problem.programs.size() - 1;
}

// What a program may include or import: the headers beside it; for scripts, all that lies there.
void add_neighbours(Reading& reading, const std::string& folder, problem::Program& program) {
  const bool is_compiled = program.language == "c" || program.language == "cpp";
  if (!is_compiled && program.language != "python3" && program.language != "bash") return;
  for (const std::string& name : reading.tree.names_in(folder)) {
    const std::string path = archive::below(folder, name);
    const bool is_header = name.ends_with(".h") || name.ends_with(".hpp");
    if (name == program.entry || (is_compiled && !is_header)) continue;
    if (!is_usable_name(name) || !reading.tree.has_file(path)) continue;
    if (program.files.size() > kMostHeaders) return;
    if (auto file = reading.file_of(path)) program.files.push_back({name, std::move(*file)});
  }
}

}  // namespace

using problem::ProgramIndex;

bool has_program(const archive::Tree& tree, const std::string& folder, const std::string& name) {
  return std::ranges::any_of(tree.names_in(folder), [&](const std::string& file) {
    return tree.has_file(archive::below(folder, file)) && file.substr(0, file.rfind('.')) == name &&
           (file == name || problem::language_of({file}) != nullptr);
  });
}

std::optional<ProgramIndex> program_at(Reading& reading, const std::string& folder, const std::string& name,
                                       Role role) {
  for (const std::string& file : reading.tree.names_in(folder)) {
    const std::string path = archive::below(folder, file);
    const std::size_t dot = file.rfind('.');
    if (dot == file.npos || file.substr(0, dot) != name || !reading.tree.has_file(path)) continue;
    if (problem::language_of({file}) == nullptr) continue;
    const auto program = add_program(reading, role, path, Convention::Cms);
    if (program) add_neighbours(reading, folder, reading.problem.programs[*program]);
    return program;
  }
  const std::string path = archive::below(folder, name);
  if (!reading.tree.has_file(path)) return std::nullopt;
  return add_built(reading, path, role);
}

std::optional<ProgramIndex> first_program(Reading& reading,
                                          const std::vector<std::pair<std::string, std::string>>& places, Role role) {
  for (const auto& [folder, name] : places) {
    const std::size_t errors = reading.findings.errors();
    const auto program = program_at(reading, folder, name, role);
    if (program || reading.findings.errors() != errors) return program;
  }
  return std::nullopt;
}

}  // namespace evalrun::packages::cms
