#include "runtime/usage/help.h"

#include <algorithm>
#include <sstream>

namespace evalrun::cli {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kColumn = 26;  // where the sentences of a list begin

// The text in lines that begin at `column`, the first of which continues a line.
std::string flowed(const std::string& text, std::size_t column) {
  std::string out;
  std::size_t at = column;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (at != column && at + 1 + word.size() > kWidth) {
      out += "\n" + std::string(column, ' ');
      at = column;
    }
    if (at != column) {
      out += ' ';
      ++at;
    }
    out += word;
    at += word.size();
  }
  return out + "\n";
}

// "  --set KEY=VALUE        Override one key …".
std::string entry(const std::string& label, const std::string& text) {
  std::string line = "  " + label;
  if (line.size() + 2 > kColumn) {
    line += "\n" + std::string(kColumn, ' ');
  } else {
    line += std::string(kColumn - line.size(), ' ');
  }
  return line + flowed(text, kColumn);
}

std::string paragraphs(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find("\n\n"), text.size());
    out += (out.empty() ? "" : "\n") + flowed(std::string(text.substr(0, end)), 0);
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return out;
}

std::string verbs_that(const std::string& word) {
  std::string out;
  for (const VerbRow& row : verb_rows()) {
    if (word.empty() || std::string_view(row.name).starts_with(word + " ")) out += entry(row.name, row.summary);
  }
  return out;
}

std::string options_of(const VerbRow& row) {
  std::string out;
  for (const FlagRow& flag : flag_rows()) {
    if (flag.verbs.has(row.verb)) out += entry(label_of(flag), sentences_of(flag));
  }
  return "\nOptions:\n" + out;
}

std::string statuses_of(const VerbRow& row) {
  std::string out;
  for (const StatusRow& status : status_rows()) {
    if (status.verbs.has(row.verb)) out += entry(status.status, status.what);
  }
  return out.empty() ? "" : "\nExit status:\n" + out;
}

}  // namespace

std::string label_of(const FlagRow& row) {
  std::string label = *row.short_name == '\0' ? "" : std::string(row.short_name) + ", ";
  label += row.name;
  return *row.operand == '\0' ? label : label + " " + row.operand;
}

std::string sentences_of(const FlagRow& row) {
  return *row.standard == '\0' ? row.what : std::string(row.what) + " Default: " + row.standard + ".";
}

std::vector<std::string> usages_of(const VerbRow& row) {
  const std::string rest = *row.usage == '\0' ? "" : std::string(" ") + row.usage;
  std::vector<std::string> usages = {std::string("evalrun ") + row.name + rest};
  if (row.verb == Verb::Run) usages.push_back("evalrun" + rest);
  return usages;
}

std::string help_of_all() {
  return "evalrun runs one untrusted program in a sandbox and says what happened.\n\n"
         "Usage: evalrun PLAN\n"
         "       evalrun VERB [OPTIONS] [ARGUMENTS]\n\n"
         "Verbs:\n" +
         verbs_that("") + "\nOptions:\n" + entry("-h, --help", "Print this help.") +
         entry("--version", "Print the version.") +
         "\n\"evalrun VERB --help\" tells more about a verb: its options, an example, its exit\nstatuses.\n\n"
         "Examples:\n"
         "  evalrun plan.toml\n"
         "  evalrun exec -- python3 main.py\n";
}

std::string help_of_group(const std::string& word) {
  return "Usage: evalrun " + word + " VERB [ARGUMENTS]\n\nVerbs:\n" + verbs_that(word) + "\nOptions:\n" +
         entry("-h, --help", "Print this help.");
}

std::string help_of(const VerbRow& row) {
  std::string out = std::string(row.summary) + "\n\n";
  bool first = true;
  for (const std::string& usage : usages_of(row)) {
    out += (first ? "Usage: " : "       ") + usage + "\n";
    first = false;
  }
  out += "\n" + paragraphs(row.details);
  if (row.argument) out += std::string("\nArguments:\n") + entry(row.argument->name, row.argument->what);
  if (row.verb == Verb::Exec) {
    out += std::string("\nArguments:\n") + entry("CMD [ARG...]", "The command, word by word. It is given to no shell.");
  }
  out += options_of(row);
  out += std::string("\nExample:\n  # ") + row.example.what + "\n  " + row.example.line + "\n";
  return out + statuses_of(row);
}

}  // namespace evalrun::cli
