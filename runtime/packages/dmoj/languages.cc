#include "runtime/packages/dmoj/languages.h"

#include <string_view>

namespace evalrun::packages::dmoj {
namespace {

struct LanguageRow {
  const char* dmoj;  // the beginning of its name
  const char* code;
};

// The longer beginnings first.
constexpr LanguageRow kLanguages[] = {
    {"CPP", "cpp"},      {"CLANGX", "cpp"},  {"CLANG", "c"},         {"CSHARP", "csharp"},     {"COBOL", "cobol"},
    {"CBL", "cobol"},    {"C", "c"},         {"PYPY2", "python2"},   {"PYPY", "python3"},      {"PY2", "python2"},
    {"PY", "python3"},   {"JAVA", "java"},   {"KOTLIN", "kotlin"},   {"RUST", "rust"},         {"GO", "go"},
    {"RUBY", "ruby"},    {"PAS", "pascal"},  {"PHP", "php"},         {"PERL", "perl"},         {"PRO", "prolog"},
    {"HASK", "haskell"}, {"LUA", "lua"},     {"OCAML", "ocaml"},     {"MONOCS", "csharp"},     {"ADA", "ada"},
    {"SWIFT", "swift"},  {"SCALA", "scala"}, {"V8JS", "javascript"}, {"NODEJS", "javascript"}, {"D", "d"},
};

}  // namespace

std::string language_named(const std::string& name) {
  std::string capitals = name;
  for (char& c : capitals) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  for (const LanguageRow& row : kLanguages) {
    const std::string_view beginning = row.dmoj;
    if (!capitals.starts_with(beginning)) continue;
    const std::string rest = capitals.substr(beginning.size());
    if (rest.find_first_not_of("0123456789") == std::string::npos) return row.code;
  }
  return "";
}

}  // namespace evalrun::packages::dmoj
