#include "runtime/submissions/entry_file.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "runtime/submissions/java_source.h"

namespace evalrun::contest {
namespace {

using problem::Language;

const std::string& text_of(const WorkFile& file) {
  return std::get<std::string>(file.source);
}

std::string_view last_part(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

std::string below(std::string_view folder, const std::string& name) {
  return folder.empty() ? name : std::string(folder) + "/" + name;
}

std::string lower(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

std::vector<const WorkFile*> sources_of(const std::vector<WorkFile>& files, const std::vector<std::string>& paths) {
  std::vector<const WorkFile*> sources;
  for (const WorkFile& file : files) {
    if (std::ranges::find(paths, file.path) != paths.end()) sources.push_back(&file);
  }
  std::ranges::sort(sources, {}, [](const WorkFile* file) -> const std::string& { return file->path; });
  return sources;
}

// --- Java ------------------------------------------------------------------------------------------------------------

struct JavaFile {
  const WorkFile* file;
  JavaSource source;
};

// Only what javac would take as a package may become folders.
bool is_package(std::string_view name) {
  while (!name.empty()) {
    const std::string_view part = name.substr(0, name.find('.'));
    name.remove_prefix(std::min(part.size() + 1, name.size()));
    if (part.empty() || part.find('/') != part.npos || (part.front() >= '0' && part.front() <= '9')) return false;
  }
  return true;
}

std::string qualified(const std::string& package, const std::string& type) {
  return package.empty() ? type : package + "." + type;
}

std::string place_of(const JavaFile& java) {
  const std::string& path = java.file->path;
  const std::string name =
      java.source.public_type.empty() ? std::string(last_part(path)) : java.source.public_type + ".java";
  std::string folders = java.source.package;
  std::ranges::replace(folders, '.', '/');
  const std::string_view folder = folder_of(path);
  const bool is_there = folders.empty() || folder == folders || folder.ends_with("/" + folders);
  return below(is_there ? folder : folders, name);
}

std::string_view stem_of(std::string_view path) {
  const std::string_view name = last_part(path);
  return name.substr(0, name.rfind('.'));
}

bool is_wanted(const JavaFile& java, const std::string& wanted) {
  return java.file->path == wanted || last_part(java.file->path) == wanted ||
         (!java.source.main_type.empty() &&
          (qualified(java.source.package, java.source.main_type) == wanted || java.source.main_type == wanted)) ||
         stem_of(java.file->path) == wanted;
}

// Of several, a class that is called Main, then the one in a file that is.
const JavaFile* main_file(const std::vector<JavaFile>& all, const std::string& wanted) {
  if (!wanted.empty()) {
    const auto found = std::ranges::find_if(all, [&](const JavaFile& java) { return is_wanted(java, wanted); });
    return found == all.end() ? nullptr : &*found;
  }
  const auto first_with = [&](const auto& holds) -> const JavaFile* {
    const auto found = std::ranges::find_if(all, holds);
    return found == all.end() ? nullptr : &*found;
  };
  const auto has_main = [](const JavaFile& java) { return !java.source.main_type.empty(); };
  if (const auto* found = first_with([](const JavaFile& java) { return java.source.main_type == "Main"; }))
    return found;
  if (const auto* found =
          first_with([&](const JavaFile& java) { return has_main(java) && lower(stem_of(java.file->path)) == "main"; }))
    return found;
  if (const auto* found = first_with(has_main)) return found;
  if (const auto* found = first_with([](const JavaFile& java) { return lower(stem_of(java.file->path)) == "main"; }))
    return found;
  return all.empty() ? nullptr : &all.front();
}

// A file without `main` may inherit it, so its own class is run.
std::string class_of(const JavaFile& java) {
  const JavaSource& source = java.source;
  for (const std::string& type : {source.main_type, source.public_type, source.first_type}) {
    if (!type.empty()) return qualified(source.package, type);
  }
  return qualified(source.package, std::string(stem_of(java.file->path)));
}

Entry java_entry(const std::vector<const WorkFile*>& sources, const std::string& wanted) {
  std::vector<JavaFile> all;
  for (const WorkFile* file : sources) {
    all.push_back({file, read_java(text_of(*file))});
    if (!is_package(all.back().source.package)) all.back().source.package.clear();
  }
  Entry entry;
  const JavaFile* main = main_file(all, wanted);
  if (main == nullptr) return entry;
  entry.path = main->file->path;
  entry.main_class = class_of(*main);
  for (const JavaFile& java : all) {
    if (const std::string place = place_of(java); place != java.file->path) entry.places[java.file->path] = place;
  }
  return entry;
}

// --- the other languages ---------------------------------------------------------------------------------------------

bool has_word(std::string_view text, std::string_view word) {
  return text.find(word) != text.npos;
}

// Whether the file looks as a program's beginning does, in languages in which only one file does.
bool looks_like_main(std::string_view code, std::string_view text) {
  if (code == "python3" || code == "python2") return has_word(text, "__name__") && has_word(text, "__main__");
  if (code == "rust") return has_word(text, "fn main(");
  if (code == "go") return has_word(text, "func main(");
  if (code == "haskell") return has_word(text, "\nmain ") || text.starts_with("main ");
  if (code == "pascal") return has_word(lower(text.substr(0, 4096)), "program ");
  if (code == "kotlin") return has_word(text, "fun main(");
  return false;
}

bool is_named_main(const Language& language, std::string_view path) {
  const std::string_view name = last_part(path);
  return (*language.entry != '\0' && name == language.entry) || lower(name).starts_with("main.");
}

const WorkFile* named_file(const std::vector<WorkFile>& files, const std::string& wanted) {
  for (const WorkFile& file : files) {
    if (file.path == wanted) return &file;
  }
  for (const WorkFile& file : files) {
    if (last_part(file.path) == wanted || stem_of(file.path) == wanted) return &file;
  }
  return nullptr;
}

// --- languages by content --------------------------------------------------------------------------------------------

std::string_view first_line(std::string_view text) {
  return text.substr(0, std::min<std::size_t>(text.find('\n'), 256));
}

struct Shebang {
  std::string_view word;
  const char* language;
};
// Longer words first.
constexpr Shebang kShebangs[] = {
    {"python2", "python2"}, {"python", "python3"}, {"pypy", "python3"},    {"bash", "bash"}, {"perl", "perl"},
    {"ruby", "ruby"},       {"php", "php"},        {"node", "javascript"}, {"lua", "lua"},   {"/sh", "bash"}};

std::string language_of_shebang(std::string_view line) {
  if (!line.starts_with("#!")) return "";
  for (const Shebang& row : kShebangs) {
    if (has_word(line, row.word)) return row.language;
  }
  return "";
}

// .pl is Prolog's in packages and Perl's everywhere else.
bool is_perl(std::string_view text) {
  if (has_word(text, ":-")) return false;
  return has_word(text, "my $") || has_word(text, "my (") || has_word(text, "my @") || has_word(text, "use strict") ||
         has_word(text, "<STDIN>") || has_word(text, "$_") || has_word(text, "print \"");
}

}  // namespace

Entry find_entry(const Language& language, const std::vector<WorkFile>& files, const std::vector<std::string>& paths,
                 const std::string& wanted) {
  const std::vector<const WorkFile*> sources = sources_of(files, paths);
  if (std::string_view(language.code) == "java") return java_entry(sources, wanted);
  if (!wanted.empty()) {
    const WorkFile* file = named_file(files, wanted);
    return file == nullptr ? Entry{} : Entry{file->path, "", {}};
  }
  const std::string by_name = problem::entry_of(language, paths);
  if (by_name.empty()) return {};
  if (is_named_main(language, by_name)) return {by_name, "", {}};
  for (const WorkFile* file : sources) {
    if (looks_like_main(language.code, text_of(*file))) return {file->path, "", {}};
  }
  return {by_name, "", {}};
}

std::string language_by_endings(const std::vector<WorkFile>& files) {
  std::vector<std::string> paths;
  for (const WorkFile& file : files) paths.push_back(file.path);
  std::string_view shebang;
  for (const WorkFile& file : files) {
    if (!shebang.empty() || !(file.path.ends_with(".py") || file.path.ends_with(".pl"))) continue;
    shebang = first_line(text_of(file));
  }
  if (const Language* language = problem::language_of(paths, shebang)) {
    if (std::string_view(language->code) != "prolog") return language->code;
    const auto perl = [](const WorkFile& file) { return file.path.ends_with(".pl") && is_perl(text_of(file)); };
    return std::ranges::any_of(files, perl) ? "perl" : "prolog";
  }
  return "";
}

std::string language_by_first_line(const std::vector<WorkFile>& files) {
  return files.size() == 1 ? language_of_shebang(first_line(text_of(files.front()))) : "";
}

}  // namespace evalrun::contest
