#include "runtime/submissions/class_folder.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

#include "runtime/problem/language.h"

namespace evalrun::contest {
namespace {

using problem::Language;

constexpr std::size_t kMostOfSource = std::size_t{1} << 20;

constexpr std::array<std::string_view, 9> kArchives = {".zip", ".kpp", ".tar", ".tgz", ".gz",
                                                       ".bz2", ".xz",  ".zst", ".txz"};

// What only a file has that a program begins in, in languages that say it; none: any file may be a program.
std::optional<std::vector<std::string_view>> marks_of_main(std::string_view language) {
  if (language == "c" || language == "cpp" || language == "java" || language == "csharp" || language == "objectivec" ||
      language == "scala" || language == "dart") {
    return {{"main(", "main (", "Main(", "Main ("}};
  }
  if (language == "rust") return {{"fn main("}};
  if (language == "go") return {{"func main("}};
  if (language == "kotlin") return {{"fun main("}};
  return {};
}

bool is_archive_name(std::string_view name) {
  return std::ranges::any_of(kArchives, [&](std::string_view ending) { return name.ends_with(ending); });
}

bool is_left_out(std::string_view name) {
  return name.starts_with('.') || name == "__MACOSX" || name == "__pycache__";
}

std::string stem_of(const std::string& name) {
  return name.substr(0, name.rfind('.'));
}

bool is_word_at(std::string_view text, std::size_t at, std::string_view word) {
  const auto is_part = [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; };
  const std::size_t end = at + word.size();
  return (at == 0 || !is_part(text[at - 1])) && (end >= text.size() || !is_part(text[end]));
}

// Whether a line that brings in other files names this one.
bool imports(std::string_view text, std::string_view stem) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    const bool brings = line.find("import") != line.npos || line.find("from ") != line.npos ||
                        line.find("require") != line.npos || line.find("source ") != line.npos ||
                        line.find("use ") != line.npos || line.find("uses ") != line.npos;
    if (!brings) continue;
    for (std::size_t at = line.find(stem); at != line.npos; at = line.find(stem, at + 1)) {
      if (is_word_at(line, at, stem)) return true;
    }
  }
  return false;
}

bool is_named_main(const Language& language, const std::string& name) {
  std::string lower = name;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower.starts_with("main.") || lower.starts_with("__main__.") ||
         (*language.entry != '\0' && name == language.entry);
}

bool has_sources(const archive::Tree& tree, const std::string& folder) {
  return problem::language_of(tree.files_below(folder)) != nullptr;
}

struct Source {
  std::string name;
  const Language* language;
  std::string text;
};

// How many programs the sources are at least.
std::size_t programs_in(const std::vector<Source>& sources) {
  std::set<std::string_view> languages;
  for (const Source& source : sources) languages.insert(source.language->code);
  languages.erase("c");  // headers, and parts of programs in C++
  if (languages.size() > 1) return languages.size();
  if (std::ranges::any_of(sources, [](const Source& one) { return is_named_main(*one.language, one.name); })) return 1;
  std::size_t programs = 0;
  for (const Source& source : sources) {
    const auto marks = marks_of_main(source.language->code);
    const auto is_in_text = [&](std::string_view mark) { return source.text.find(mark) != source.text.npos; };
    const auto is_imported = [&](const Source& other) {
      return &other != &source && imports(other.text, stem_of(source.name));
    };
    const bool begins = marks ? std::ranges::any_of(*marks, is_in_text) : std::ranges::none_of(sources, is_imported);
    programs += begins ? 1 : 0;
  }
  return programs;
}

}  // namespace

std::vector<std::string> submissions_in(const archive::Tree& tree) {
  std::vector<std::string> names = tree.names_in("");
  std::erase_if(names, is_left_out);
  return names;
}

bool is_class(const archive::Tree& tree) {
  std::vector<Source> sources;
  std::size_t apart = 0;  // archives, and folders with sources
  bool has_archive = false;
  for (const std::string& name : submissions_in(tree)) {
    if (tree.has_folder(name)) {
      apart += has_sources(tree, name) ? 1 : 0;
    } else if (is_archive_name(name)) {
      has_archive = true;
      ++apart;
    } else if (const Language* language = problem::language_of({name})) {
      const archive::Entry* entry = tree.find(name);
      sources.push_back({name, language, entry->size <= kMostOfSource ? tree.read(name, kMostOfSource) : ""});
    }
  }
  if (programs_in(sources) >= 2) return true;
  // Beside its sources, one program has folders of its own, but no archives.
  return sources.empty() ? apart >= 2 : has_archive && sources.size() + apart >= 2;
}

}  // namespace evalrun::contest
