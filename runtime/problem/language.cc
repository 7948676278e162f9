#include "runtime/problem/language.h"

#include <algorithm>

namespace evalrun::problem {
namespace {

// The problem package format's table, with the priorities of problemtools.
constexpr Language kLanguages[] = {
    {"ada", ".adb .ads", 500, ""},
    {"algol68", ".a68", 500, ""},
    {"apl", ".apl", 500, ""},
    {"bash", ".sh .bash", 500, ""},
    {"c", ".c", 950, ""},
    {"cgmp", "", 0, ""},
    {"cobol", ".cob", 500, ""},
    {"cpp", ".cc .cpp .cxx .c++ .C", 1000, ""},
    {"cppgmp", "", 0, ""},
    {"crystal", ".cr", 500, ""},
    {"csharp", ".cs", 500, ""},
    {"d", ".d", 500, ""},
    {"dart", ".dart", 500, ""},
    {"elixir", ".ex", 500, ""},
    {"erlang", ".erl", 500, ""},
    {"forth", ".fth .4th .forth .frt", 500, ""},
    {"fortran", ".f90", 500, ""},
    {"fsharp", ".fs", 500, ""},
    {"gerbil", ".ss", 500, ""},
    {"go", ".go", 500, ""},
    {"haskell", ".hs", 500, ""},
    {"java", ".java", 800, "Main.java"},
    {"javaalgs4", "", 0, ""},
    {"javascript", ".js", 500, "main.js"},
    {"julia", ".jl", 500, ""},
    {"kotlin", ".kt", 500, ""},
    {"lisp", ".lisp .cl", 500, ""},
    {"lua", ".lua", 500, ""},
    {"modula2", ".mod .def", 500, ""},
    {"nim", ".nim", 500, ""},
    {"objectivec", ".m", 500, ""},
    {"ocaml", ".ml", 500, ""},
    {"octave", "", 0, ""},
    {"odin", ".odin", 500, ""},
    {"pascal", ".pas", 500, ""},
    {"perl", ".pm", 500, ""},
    {"php", ".php", 500, "main.php"},
    {"prolog", ".pl", 500, ""},
    {"python2", ".py2", 860, "__main__.py"},
    {"python3", ".py .py3", 850, "__main__.py"},
    {"python3numpy", "", 0, ""},
    {"racket", ".rkt", 500, ""},
    {"ruby", ".rb", 500, ""},
    {"rust", ".rs", 500, ""},
    {"scala", ".scala", 500, ""},
    {"simula", ".sim", 500, ""},
    {"smalltalk", ".st", 500, ""},
    {"snobol", ".sno", 500, ""},
    {"swift", ".swift", 500, ""},
    {"typescript", ".ts", 500, ""},
    {"visualbasic", ".vb", 500, ""},
    {"zig", ".zig", 500, ""},
};

std::string_view name_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string_view ending_of(std::string_view path) {
  const std::string_view name = name_of(path);
  const std::size_t dot = name.rfind('.');
  return dot == name.npos ? "" : name.substr(dot);
}

bool has_ending(const Language& language, std::string_view path) {
  const std::string_view ending = ending_of(path);
  if (ending.empty()) return false;
  return (" " + std::string(language.endings) + " ").find(" " + std::string(ending) + " ") != std::string::npos;
}

std::string lower(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

}  // namespace

std::span<const Language> languages() {
  return kLanguages;
}

const Language* find_language(std::string_view code) {
  const auto* found = std::ranges::find_if(kLanguages, [&](const Language& row) { return code == row.code; });
  return found == std::end(kLanguages) ? nullptr : found;
}

const Language* language_of(const std::vector<std::string>& files, std::string_view shebang_of_first) {
  const Language* best = nullptr;
  std::size_t most = 0;
  for (const Language& language : kLanguages) {
    const std::size_t count = sources_in(language, files).size();
    if (count == 0 || count < most || (count == most && best != nullptr && language.priority <= best->priority))
      continue;
    best = &language;
    most = count;
  }
  if (best == nullptr || !shebang_of_first.starts_with("#!")) return best;
  if (std::string_view(best->code) == "python3" && shebang_of_first.find("python2") != shebang_of_first.npos) {
    return find_language("python2");
  }
  if (std::string_view(best->code) == "prolog" && shebang_of_first.find("perl") != shebang_of_first.npos) {
    return find_language("perl");
  }
  return best;
}

std::vector<std::string> sources_in(const Language& language, const std::vector<std::string>& files) {
  std::vector<std::string> sources;
  for (const std::string& file : files) {
    if (has_ending(language, file)) sources.push_back(file);
  }
  return sources;
}

std::string entry_of(const Language& language, const std::vector<std::string>& files) {
  std::vector<std::string> sources = sources_in(language, files);
  if (sources.empty()) sources = files;
  if (sources.empty()) return "";
  std::ranges::sort(sources);
  if (sources.size() == 1) return sources.front();
  for (const std::string& source : sources) {
    if (*language.entry != '\0' && name_of(source) == language.entry) return source;
  }
  for (const std::string& source : sources) {
    if (lower(name_of(source)).starts_with("main.")) return source;
  }
  return sources.front();
}

}  // namespace evalrun::problem
