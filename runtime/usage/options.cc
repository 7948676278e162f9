#include "runtime/usage/options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <string_view>

#include "runtime/core/alternatives.h"
#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/usage/command_table.h"
#include "runtime/usage/generate.h"
#include "runtime/usage/help.h"
#include "runtime/usage/plan_argument.h"

namespace evalrun::cli {
namespace {

using Words = std::vector<std::string>;

std::string in_quotes(const std::string& text) {
  return "\"" + printable(text) + "\"";
}

bool asks_for_help(const std::string& word) {
  return word == "--help" || word == "-h";
}

// --- which verb ------------------------------------------------------------------------------------------------------

// "image" of "image list".
std::string first_word(const VerbRow& row) {
  const std::string_view name = row.name;
  return std::string(name.substr(0, name.find(' ')));
}

bool is_group(const std::string& word) {
  return std::ranges::any_of(verb_rows(), [&](const VerbRow& row) {
    return std::string_view(row.name).starts_with(word + " ") && !word.empty();
  });
}

bool begins_verb(const std::string& word) {
  return std::ranges::any_of(verb_rows(), [&](const VerbRow& row) { return first_word(row) == word; });
}

// Takes the words of the verb from `words`. Throws UsageError for a group without one of its verbs.
const VerbRow& take_verb(Words& words) {
  const std::string word = words.front();
  words.erase(words.begin());
  if (!is_group(word)) {
    return *std::ranges::find_if(verb_rows(), [&](const VerbRow& row) { return row.name == word; });
  }
  Words inner;
  for (const VerbRow& row : verb_rows()) {
    const std::string name = row.name;
    if (!name.starts_with(word + " ")) continue;
    inner.push_back(name.substr(word.size() + 1));
    if (words.empty() || words.front() != inner.back()) continue;
    words.erase(words.begin());
    return row;
  }
  if (words.empty()) throw UsageError(word + " needs a verb: " + alternatives(inner));
  const std::string near = nearest(words.front(), inner);
  throw UsageError(
      "unknown verb " + in_quotes(word + " " + words.front()) +
      (near.empty() ? "; use " + word + " " + alternatives(inner) : "; did you mean " + word + " " + near + "?"));
}

// --- what is wrong ---------------------------------------------------------------------------------------------------

std::string see_help(const VerbRow& verb) {
  return "; see evalrun " + std::string(verb.name) + " --help";
}

std::string unknown_option(const VerbRow& verb, const std::string& name) {
  Words names;
  for (const FlagRow& row : flag_rows()) {
    if (row.verbs.has(verb.verb)) names.emplace_back(row.name);
  }
  const std::string near = nearest(name, names);
  return "unknown option " + in_quotes(name) + (near.empty() ? see_help(verb) : "; did you mean " + near + "?");
}

std::string missing_value(const FlagRow& row) {
  const Words values = words_of(row.values);
  return std::string(row.name) +
         " needs a value: " + (values.empty() ? std::string(row.name) + " " + row.operand : alternatives(values));
}

std::string too_many(const VerbRow& verb, const std::string& word) {
  if (verb.verb == Verb::Exec) return "put \"--\" before the command: evalrun exec -- " + printable(word) + " ...";
  return "unexpected word " + in_quotes(word) + see_help(verb);
}

// Why CLI11 refuses the words, found without it: its own messages speak of its internals.
std::string why_refused(const VerbRow& verb, const Words& words) {
  std::size_t arguments = 0;
  bool only_arguments = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--" && !only_arguments) {
      only_arguments = true;
      continue;
    }
    if (!only_arguments && word.size() > 1 && word.front() == '-') {
      const std::size_t equals = word.find('=');
      const std::string name = word.substr(0, equals);
      const FlagRow* row = find_flag(verb.verb, name);
      if (row == nullptr) return unknown_option(verb, name);
      const bool takes_value = *row->operand != '\0';
      if (!takes_value && equals != word.npos) return std::string(row->name) + " takes no value";
      if (takes_value && equals == word.size() - 1) return missing_value(*row);
      if (!takes_value || equals != word.npos) continue;
      if (++i == words.size()) return missing_value(*row);
      continue;
    }
    ++arguments;
    if (!verb.argument || (arguments > 1 && verb.argument->count != Count::Any)) return too_many(verb, word);
  }
  if (verb.argument && verb.argument->count == Count::One && arguments == 0) {
    return std::string(verb.name) + " needs a " + verb.argument->name + see_help(verb);
  }
  return "the command line is wrong" + see_help(verb);
}

// --- CLI11 -----------------------------------------------------------------------------------------------------------

std::string names_of(const FlagRow& row) {
  return *row.short_name == '\0' ? row.name : std::string(row.short_name) + "," + row.name;
}

void add_flag(CLI::App& app, const FlagRow& row, Options& options) {
  if (*row.operand == '\0') {
    app.add_flag_callback(names_of(row), [&options, &row] { row.apply(options, row, ""); })->disable_flag_override();
    return;
  }
  app.add_option_function<Words>(names_of(row),
                                 [&options, &row](const Words& values) {
                                   if (values.size() > 1 && !row.repeats) {
                                     throw UsageError(std::string(row.name) + " is given twice; give it once");
                                   }
                                   for (const std::string& value : values) row.apply(options, row, value);
                                 })
      ->allow_extra_args(false);
}

void add_argument(CLI::App& app, const ArgumentRow& row, Options& options) {
  CLI::Option* option = app.add_option_function<Words>(row.name, [&options, &row](const Words& values) {
    for (const std::string& value : values) row.apply(options, value);
  });
  if (row.count != Count::Any) option->expected(1)->allow_extra_args(false);
  if (row.count == Count::One) option->required();
}

Options parse(const VerbRow& verb, Words words) {
  Options options;
  options.verb = verb.verb;
  CLI::App app("", "evalrun");
  app.set_help_flag();
  for (const FlagRow& row : flag_rows()) {
    if (row.verbs.has(verb.verb)) add_flag(app, row, options);
  }
  if (verb.argument) add_argument(app, *verb.argument, options);
  Words last_first(words.rbegin(), words.rend());
  try {
    app.parse(last_first);
  } catch (const CLI::ParseError&) {
    throw UsageError(why_refused(verb, words));
  }
  return options;
}

// What stands after "--" is the command's: CLI11 never sees it.
Options parse_exec(const VerbRow& verb, Words words) {
  const auto end = std::ranges::find(words, "--");
  const Words command(end == words.end() ? end : end + 1, words.end());
  const bool has_command = end != words.end();
  words.erase(end, words.end());
  Options options = parse(verb, std::move(words));
  options.command = command;
  if (!has_command || command.empty()) throw UsageError("exec needs a command: evalrun exec -- CMD [ARG...]");
  return options;
}

// A word of the verb's own that asks for help, not one of `exec`'s command.
bool wants_help(const Words& words) {
  for (const std::string& word : words) {
    if (word == "--") return false;
    if (asks_for_help(word)) return true;
  }
  return false;
}

// Looked at only after something else is wrong: a plan may have any name.
bool is_misspelt_verb(const std::string& word) {
  return ::access(word.c_str(), F_OK) != 0 && !nearest_verb(word).empty();
}

Answered print(const std::string& text) {
  std::cout << text;
  return {};
}

Answered print_help(Words words) {
  if (words.empty()) return print(help_of_all());
  if (!begins_verb(words.front())) throw UsageError(unknown_verb(words.front()));
  if (words.size() == 1 && is_group(words.front())) return print(help_of_group(words.front()));
  return print(help_of(take_verb(words)));
}

}  // namespace

std::variant<Options, Answered> parse_options(int argc, char** argv) {
  Words words(argv + 1, argv + argc);
  if (words.empty()) {
    std::cerr << help_of_all();
    return Answered{2};
  }
  if (asks_for_help(words.front())) return print(help_of_all());
  if (words.front() == "--version") return print("evalrun " EVALRUN_VERSION "\n");
  if (words.front() == "--generate") return print(generated(words.size() == 2 ? words[1] : ""));
  // `evalrun PLAN` and `evalrun --set … PLAN`.
  const bool is_verb = begins_verb(words.front());
  if (!is_verb) words.insert(words.begin(), "run");
  if (words.size() == 2 && is_group(words[0]) && asks_for_help(words[1])) return print(help_of_group(words[0]));
  const VerbRow& verb = take_verb(words);
  const std::string first = words.empty() ? "" : words.front();
  if (wants_help(words)) {
    if (!is_verb && is_misspelt_verb(first)) throw UsageError(unknown_verb(first));
    return print(help_of(verb));
  }
  if (verb.verb == Verb::Exec) return parse_exec(verb, std::move(words));
  try {
    Options options = parse(verb, std::move(words));
    if (options.verb == Verb::Help) return print_help(options.help_of);
    return options;
  } catch (const UsageError&) {
    // `evalrun dotor --json`: the verb is what is wrong, not its options.
    if (!is_verb && is_misspelt_verb(first)) throw UsageError(unknown_verb(first));
    throw;
  }
}

int status_of_usage_error(int argc, char** argv) {
  return argc > 1 && std::string_view(argv[1]) == row_of(Verb::Exec).name ? kExecRefused : 2;
}

}  // namespace evalrun::cli
