// The languages of submissions and jury programs, by the endings and names that packages use.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace evalrun::problem {

struct Language {
  const char* code;     // "cpp", as packages name it
  const char* endings;  // ".cc .cpp", with spaces between them; "": by its code only
  int priority;         // of two with as many files the greater
  const char* entry;    // the file's name that it begins with, "main.py"; "": "main" with any ending
};

std::span<const Language> languages();

// By its code; null if there is none.
const Language* find_language(std::string_view code);

// The language of most files, null if none is known. `shebang_of_first` is the first line of the first file that ends
// in .py or .pl.
const Language* language_of(const std::vector<std::string>& files, std::string_view shebang_of_first = "");

// The files that are sources in this language.
std::vector<std::string> sources_in(const Language& language, const std::vector<std::string>& files);

// The file that the program begins in: the only source, else the one with the language's own name, else "main.*", else
// the first by name. "" for no file.
std::string entry_of(const Language& language, const std::vector<std::string>& files);

}  // namespace evalrun::problem
