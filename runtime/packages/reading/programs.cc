// Files, programs and submissions of a package, in any format.

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/core/error.h"
#include "runtime/core/path_parts.h"
#include "runtime/core/text.h"
#include "runtime/packages/reading/reading.h"
#include "runtime/problem/language.h"

namespace evalrun::packages {
namespace {

constexpr std::size_t kMostText = std::size_t{16} << 20;
constexpr std::size_t kMostProgramFiles = 10'000;

std::vector<std::string> names_of(const std::vector<problem::PlacedFile>& files) {
  std::vector<std::string> names;
  for (const problem::PlacedFile& placed : files) names.push_back(placed.name);
  return names;
}

// The first line of the program's first Python or Prolog source: it tells Python 2, and Perl, by their shebangs.
std::string shebang_of(Reading& reading, const std::vector<problem::PlacedFile>& files) {
  for (const problem::PlacedFile& placed : files) {
    if (!placed.name.ends_with(".py") && !placed.name.ends_with(".pl")) continue;
    if (placed.file.size > kMostText) return "";
    const std::optional<std::string> text = reading.text_of(placed.file.path);
    return text ? text->substr(0, std::min<std::size_t>(text->find('\n'), 256)) : "";
  }
  return "";
}

struct Kind {
  std::string language;
  std::string entry;
};

std::optional<Kind> kind_of_files(Reading& reading, const std::vector<problem::PlacedFile>& files) {
  const std::vector<std::string> names = names_of(files);
  const problem::Language* language = problem::language_of(names);
  if (language == nullptr) return std::nullopt;
  const std::string code = language->code;
  if (code == "python3" || code == "prolog") language = problem::language_of(names, shebang_of(reading, files));
  return Kind{language->code, problem::entry_of(*language, names)};
}

}  // namespace

std::optional<std::string> without_ending(const std::string& name, std::string_view ending) {
  if (!name.ends_with(ending) || name.size() == ending.size()) return std::nullopt;
  return name.substr(0, name.size() - ending.size());
}

bool is_usable_name(const std::string& name) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (name.empty() || name.size() > 255 || !is_word(name.front())) return false;
  return std::ranges::all_of(name, [&](char c) { return is_word(c) || c == '.' || c == '-'; });
}

std::optional<std::string> Reading::text_of(const std::string& path) {
  try {
    return tree.read(path, kMostText);
  } catch (const archive::TreeError& error) {
    findings.error({}, error.what());  // it begins with the path
    return std::nullopt;
  }
}

std::string Reading::beginning_of(const std::string& path, std::size_t most) {
  try {
    const Fd file = tree.open(path);
    std::string bytes(most, '\0');
    const ssize_t count = ::pread(file.get(), bytes.data(), bytes.size(), 0);
    if (count < 0) throw archive::TreeError(path + ": " + errno_text(errno));
    bytes.resize(static_cast<std::size_t>(count));
    return bytes;
  } catch (const archive::TreeError& error) {
    findings.error({}, error.what());  // it begins with the path
    return "";
  }
}

YamlPointer Reading::yaml_of(const std::string& path) {
  if (!tree.has_file(path)) return nullptr;
  const std::optional<std::string> text = text_of(path);
  if (!text) return nullptr;
  if (!spend(yaml_bytes, text->size(), {path, 0, 0}, "the package has more YAML than is read")) return nullptr;
  return parse_yaml(*text, path, findings);
}

bool Reading::spend(Budget& budget, std::size_t count, const SourcePosition& where, const char* what) {
  if (!budget.is_spent && count <= budget.left) {
    budget.left -= count;
    return true;
  }
  if (!budget.is_spent) findings.error(where, what);
  budget.is_spent = true;
  return false;
}

bool Reading::spend_words(const std::vector<std::string>& list, const SourcePosition& where) {
  std::size_t bytes = 0;
  for (const std::string& word : list) bytes += word.size();
  return spend(words, list.size(), where, "the arguments and flags of all cases together are too many") &&
         spend(word_bytes, bytes, where, "the arguments and flags of all cases together are too long");
}

bool Reading::spend_matches(std::size_t count, const SourcePosition& where) {
  return spend(matches, count, where, "the patterns, each with all names, are too many");
}

std::optional<problem::File> Reading::file_of(const std::string& path) {
  const archive::Entry* entry = tree.find(path);
  if (entry == nullptr || entry->kind != archive::Kind::File) {
    error(path, "there is no such file in the package");
    return std::nullopt;
  }
  try {
    return problem::File{path, entry->size, tree.sha256(path)};
  } catch (const archive::TreeError& wrong) {
    findings.error({}, wrong.what());  // it begins with the path
    return std::nullopt;
  }
}

std::vector<problem::PlacedFile> Reading::files_of(const std::string& path) {
  std::vector<problem::PlacedFile> files;
  if (tree.has_file(path)) {
    if (auto file = file_of(path)) files.push_back({last_part(path), std::move(*file)});
    return files;
  }
  for (const std::string& inner : tree.files_below(path)) {
    if (files.size() == kMostProgramFiles) {
      error(path, "has more than " + std::to_string(kMostProgramFiles) + " files");
      break;
    }
    const std::string name = inner.substr(path.size() + 1);
    bool usable = true;
    for (std::size_t begin = 0; begin < name.size() && usable;) {
      const std::size_t end = std::min(name.find('/', begin), name.size());
      usable = is_usable_name(name.substr(begin, end - begin));
      begin = end + 1;
    }
    if (!usable) continue;  // the format takes such a name as absent
    if (auto file = file_of(inner)) files.push_back({name, std::move(*file)});
  }
  return files;
}

std::optional<problem::ProgramIndex> add_program(Reading& reading, problem::Role role, const std::string& path,
                                                 problem::Convention convention) {
  problem::Program program;
  program.role = role;
  program.name = path;
  program.path = path;
  program.convention = convention;
  program.files = reading.files_of(path);
  const bool has_scripts = std::ranges::any_of(
      program.files, [](const problem::PlacedFile& placed) { return placed.name == "build" || placed.name == "run"; });
  if (reading.tree.has_folder(path) && has_scripts) {
    program.build = problem::Build::ByScripts;
    program.entry = "run";
  } else if (auto kind = kind_of_files(reading, program.files)) {
    program.language = kind->language;
    program.entry = kind->entry;
  } else {
    reading.error(path, std::string("this ") + problem::name_of(role) +
                            " has no source in a known language; add one, or the scripts build and run");
    return std::nullopt;
  }
  reading.problem.programs.push_back(std::move(program));
  return reading.problem.programs.size() - 1;
}

problem::Submission& add_submission(Reading& reading, const std::string& name, const std::string& path) {
  problem::Submission submission;
  submission.name = name;
  submission.path = path;
  submission.files = reading.files_of(path);
  if (auto kind = kind_of_files(reading, submission.files)) {
    submission.language = kind->language;
    submission.entry = kind->entry;
  } else if (!reading.problem.types.submit_answer) {
    reading.note(path,
                 "no file of this submission has the ending of a known language; it is not judged without --language");
  }
  reading.problem.submissions.push_back(std::move(submission));
  return reading.problem.submissions.back();
}

}  // namespace evalrun::packages
