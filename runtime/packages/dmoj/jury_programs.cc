#include "runtime/packages/dmoj/jury_programs.h"

#include "runtime/core/path_parts.h"
#include "runtime/core/text.h"
#include "runtime/packages/dmoj/languages.h"
#include "runtime/packages/reading/bounds.h"
#include "runtime/problem/language.h"

namespace evalrun::packages::dmoj {

using problem::Convention;
using problem::ProgramIndex;
using problem::Role;

namespace {

// The language that a key names, by its code; "" if there is none.
std::string read_language(MapReader& yaml, const std::string& key) {
  const auto name = yaml.text(key);
  if (!name) return "";
  const std::string code = language_named(*name);
  if (code.empty()) yaml.error(key, in_quotes(*name) + " is no language that is known here, such as CPP17 or PY3");
  return code;
}

// How the key `type` has a program called. Nothing for a word that is not known, which `yaml` says then.
std::optional<Convention> contrib_type(MapReader& yaml) {
  const auto word = yaml.choice("type", {"default", "testlib", "coci", "peg"});
  if (!word) return yaml.has("type") ? std::nullopt : std::optional(Convention::DmojDefault);
  if (*word == "testlib") return Convention::DmojTestlib;
  if (*word == "coci") return Convention::DmojCoci;
  if (*word == "peg") return Convention::DmojPeg;
  return *word == "default" ? std::optional(Convention::DmojDefault) : std::nullopt;
}

}  // namespace

std::optional<ProgramIndex> add_native(Reading& reading, MapReader& yaml, const std::string& key, Role role,
                                       const Native& native, Convention convention) {
  if (native.files.empty()) {
    yaml.error(key, "names no file; add files");
    return std::nullopt;
  }
  problem::Program program;
  program.role = role;
  program.name = native.files.front();
  program.path = native.files.front();
  program.convention = convention;
  for (const std::string& name : native.files) {
    if (!reading.tree.has_file(name)) {
      yaml.error(key, "there is no file " + in_quotes(name) + " in the package; add it");
      return std::nullopt;
    }
    if (auto file = reading.file_of(name)) program.files.push_back({last_part(name), std::move(*file)});
  }
  program.entry = last_part(native.files.front());
  program.language = native.language;
  if (program.language.empty()) {
    const problem::Language* language = problem::language_of({program.entry});
    if (language == nullptr) {
      yaml.error(key, "the ending of " + in_quotes(program.entry) + " is that of no known language; add lang");
      return std::nullopt;
    }
    program.language = language->code;
  }
  reading.problem.programs.push_back(std::move(program));
  return reading.problem.programs.size() - 1;
}

void read_program_limits(Reading& reading, MapReader& yaml, ProgramIndex index) {
  problem::Program& program = reading.problem.programs[index];
  if (const auto time = yaml.number("time_limit", 0.001, kMostSeconds)) program.time_limit = seconds(*time);
  if (const auto memory = yaml.whole("memory_limit", 1, std::int64_t{1} << 30))
    program.memory_limit = kibibytes(*memory);
  if (auto flags = yaml.words("flags")) program.compile_flags = std::move(*flags);
  if (auto format = yaml.text("args_format_string")) program.arguments_format = std::move(*format);
}

std::optional<ProgramIndex> read_generator(Reading& reading, MapReader& yaml, const YamlPointer& node,
                                           Words& default_args) {
  std::optional<ProgramIndex> program;
  if (node->kind != YamlNode::Kind::Map) {
    const auto files = scalars(node, "generator", reading.findings);
    if (files) program = add_native(reading, yaml, "generator", Role::Generator, {*files, ""}, Convention::DmojDefault);
  } else {
    MapReader inner(node, kInitFile, reading.findings, "generator.");
    const auto files = scalars(inner.take("source"), "generator.source", reading.findings);
    const std::string language = read_language(inner, "language");
    if (files)
      program = add_native(reading, yaml, "generator", Role::Generator, {*files, language}, Convention::DmojDefault);
    if (auto args = inner.words("args")) default_args = std::move(*args);
    if (program) {
      read_program_limits(reading, inner, *program);
    } else {
      inner.ignore({"time_limit", "memory_limit", "flags"});
    }
    inner.ignore({"compiler_time_limit"});
    inner.finish();
  }
  if (program && !reading.problem.programs[*program].time_limit) {
    reading.problem.programs[*program].time_limit = std::chrono::seconds(20);
  }
  if (program && !reading.problem.programs[*program].memory_limit)
    reading.problem.programs[*program].memory_limit = 512_MiB;
  return program;
}

std::optional<problem::ProgramIndex> add_contrib(Reading& reading, MapReader& yaml, const std::string& key,
                                                 problem::Role role, MapReader& map) {
  const auto files = scalars(map.take("files"), map.prefix() + "files", reading.findings);
  const std::string language = read_language(map, "lang");
  const auto convention = contrib_type(map);
  if (!files || !convention) return std::nullopt;
  return add_native(reading, yaml, key, role, {*files, language}, *convention);
}

}  // namespace evalrun::packages::dmoj
