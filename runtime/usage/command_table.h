// The one table of the command line: verbs, flags and exit statuses. The parser (options.h), the help (help.h), the
// manual page, the completion and the README's table of statuses (generate.h) are all made from it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/usage/options.h"

namespace evalrun::cli {

class VerbSet {
 public:
  constexpr VerbSet(std::initializer_list<Verb> verbs) {
    for (const Verb verb : verbs) bits_ |= bit(verb);
  }
  [[nodiscard]] constexpr bool has(Verb verb) const { return (bits_ & bit(verb)) != 0; }

 private:
  static constexpr std::uint32_t bit(Verb verb) { return std::uint32_t{1} << static_cast<unsigned>(verb); }
  std::uint32_t bits_ = 0;
};

// What a completion offers for a value or an argument.
enum class Completes { Nothing, Values, Files, Folders, Images, Verbs };

// How many values an argument takes.
enum class Count { One, Optional, Any };

struct ArgumentRow {
  const char* name;  // "PLAN"
  const char* what;
  Count count;
  Completes completes;
  void (*apply)(Options&, const std::string& value);
};

struct ExampleRow {
  const char* line;
  const char* what;
};

struct VerbRow {
  Verb verb;
  const char* name;        // "run", "image list"
  const char* summary;     // one sentence
  const char* usage = "";  // what follows the verb
  const char* details;     // paragraphs, with an empty line between them
  std::optional<ArgumentRow> argument = std::nullopt;
  ExampleRow example;
};

struct FlagRow {
  const char* name;             // "--format"
  const char* short_name = "";  // "-i"; "" where there is none
  const char* operand = "";     // what the help calls its value; "": it takes none
  const char* values = "";      // the words that it takes, with spaces between them; "": any
  const char* what;             // sentences
  const char* standard = "";    // the default, as a word or a clause; "": none to speak of
  VerbSet verbs;
  Completes completes = Completes::Nothing;
  bool repeats = false;
  // Throws UsageError where the value is wrong. `value` is empty for a flag that takes none.
  void (*apply)(Options&, const FlagRow& row, const std::string& value);
};

struct StatusRow {
  const char* status;  // "0", "128+n"
  const char* what;
  VerbSet verbs;
};

std::span<const VerbRow> verb_rows();
std::span<const FlagRow> flag_rows();
std::span<const StatusRow> status_rows();

const VerbRow& row_of(Verb verb);
// The flag of a verb by its long or short name; null where the verb has no such flag.
const FlagRow* find_flag(Verb verb, std::string_view name);

// "json" and "text" of "json text".
std::vector<std::string> words_of(std::string_view text);

// `exec`'s own ends. They stay clear of what programs use, and the last three are those of timeout(1) and of shells.
inline constexpr int kExecRefused = 120;
inline constexpr int kExecViolation = 121;
inline constexpr int kExecOutputLimit = 122;
inline constexpr int kExecMemoryLimit = 123;
inline constexpr int kExecTimeLimit = 124;
inline constexpr int kExecSandboxFailed = 125;
inline constexpr int kExecCannotStart = 126;
inline constexpr int kExecNotFound = 127;

}  // namespace evalrun::cli
