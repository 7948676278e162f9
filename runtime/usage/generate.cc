#include "runtime/usage/generate.h"

#include <algorithm>

#include "runtime/core/alternatives.h"
#include "runtime/core/error.h"
#include "runtime/usage/command_table.h"
#include "runtime/usage/help.h"

namespace evalrun::cli {
namespace {

// --- the manual page -------------------------------------------------------------------------------------------------

// Text for roff: no escape, no macro, and hyphens that can be copied.
std::string roff(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '\\') {
      out += "\\e";
    } else if (letter == '-') {
      out += "\\-";
    } else {
      out += letter;
    }
  }
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

std::string roff_paragraphs(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find("\n\n"), text.size());
    out += (out.empty() ? "" : ".IP\n") + roff(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return out;
}

std::string man_synopsis() {
  std::string out = ".SH SYNOPSIS\n";
  bool first = true;
  for (const VerbRow& row : verb_rows()) {
    for (const std::string& usage : usages_of(row)) {
      out += (first ? "" : ".br\n") + roff(usage) + "\n";
      first = false;
    }
  }
  return out;
}

std::string man_commands() {
  std::string out = ".SH COMMANDS\n";
  for (const VerbRow& row : verb_rows()) {
    const std::string rest = *row.usage == '\0' ? "" : std::string(" ") + row.usage;
    out += std::string(".TP\n.B evalrun ") + row.name + roff(rest) + "\n" + roff_paragraphs(row.details);
    if (row.argument) out += ".IP\n" + roff(std::string(row.argument->name) + ": " + row.argument->what) + "\n";
  }
  return out;
}

std::string verbs_of(const VerbSet& verbs) {
  std::string out;
  for (const VerbRow& row : verb_rows()) {
    if (verbs.has(row.verb)) out += (out.empty() ? "" : ", ") + std::string(row.name);
  }
  return out;
}

std::string man_options() {
  std::string out = ".SH OPTIONS\nEach entry begins with the verbs that take the option.\n";
  out += ".TP\n.B \\-\\-version\nPrint the version.\n";
  for (const FlagRow& row : flag_rows()) {
    const bool is_help = row.name == std::string_view("--help");
    out += ".TP\n.B " + roff(label_of(row)) + "\n" + (is_help ? "" : roff(verbs_of(row.verbs)) + ": ") +
           roff(sentences_of(row)) + "\n";
    if (*row.values != '\0') out += "Values: " + roff(alternatives(words_of(row.values))) + ".\n";
  }
  return out;
}

// Verbs that have the same rows are told together.
std::string man_statuses() {
  std::string out = ".SH EXIT STATUS\n";
  std::string last;
  for (const StatusRow& row : status_rows()) {
    const std::string verbs = verbs_of(row.verbs);
    if (verbs != last) out += ".SS " + verbs + "\n";
    last = verbs;
    out += ".TP\n.B " + roff(row.status) + "\n" + roff(row.what) + "\n";
  }
  return out;
}

// --- the completion --------------------------------------------------------------------------------------------------

// What to offer for a value: words, or one of the kinds that the script knows.
std::string offer_of(Completes completes, const char* values) {
  switch (completes) {
    case Completes::Nothing: return "@nothing";
    case Completes::Values: return values;
    case Completes::Files: return "@files";
    case Completes::Folders: return "@folders";
    case Completes::Images: return "@images";
    case Completes::Verbs: return "@verbs";
  }
  return "";
}

std::string quoted_for_bash(const std::string& text) {
  return "'" + text + "'";  // no name of the table holds a quote
}

std::string flags_of(Verb verb) {
  std::string out;
  for (const FlagRow& row : flag_rows()) {
    if (!row.verbs.has(verb)) continue;
    out += (out.empty() ? "" : " ") + std::string(row.name);
    if (*row.short_name != '\0') out += std::string(" ") + row.short_name;
  }
  return out;
}

constexpr const char* kCompletionHead =
    "# Bash completion of evalrun. Written by ./dev docs from the binary's own table; do not edit.\n"
    "# shellcheck shell=bash\n\n";

constexpr const char* kCompletionTail = R"bash(
# _evalrun_offer KIND: the words, or what a kind that begins with "@" stands for.
_evalrun_offer() {
    case $1 in
        @nothing) ;;
        @files) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
        @folders) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
        @images)
            mapfile -t COMPREPLY < <(compgen -W "$("$program" image list 2>/dev/null | sed -n 's/^\([A-Za-z0-9_-]*\): .*/\1/p')" -- "$word")
            ;;
        @verbs) mapfile -t COMPREPLY < <(compgen -W "$_evalrun_verbs" -- "$word") ;;
        *) mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word") ;;
    esac
}

_evalrun() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]} at=2 i
    local program=evalrun
    [[ $1 != */* ]] || program=$1
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        if [[ $word == -* ]]; then
            _evalrun_offer '-h --help --version'
        else
            _evalrun_offer @verbs
            mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word")
        fi
        return
    fi
    if [[ -n ${_evalrun_groups[$verb]-} ]]; then
        if ((COMP_CWORD == 2)); then
            _evalrun_offer "${_evalrun_groups[$verb]}"
            return
        fi
        verb+=" ${COMP_WORDS[2]}"
        at=3
    fi
    [[ -n ${_evalrun_flags[$verb]-} ]] || verb=run
    # After exec's "--" the words are the command's.
    for ((i = at; i < COMP_CWORD; ++i)); do
        if [[ $verb == exec && ${COMP_WORDS[i]} == -- ]]; then
            _evalrun_offer @files
            if ((i == COMP_CWORD - 1)); then
                mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "$word")
            fi
            return
        fi
    done
    if [[ -n ${_evalrun_values["$verb $before"]-} ]]; then
        _evalrun_offer "${_evalrun_values["$verb $before"]}"
    elif [[ $word == -* ]]; then
        _evalrun_offer "${_evalrun_flags[$verb]}"
    else
        _evalrun_offer "${_evalrun_arguments[$verb]}"
    fi
}

complete -o filenames -F _evalrun evalrun
)bash";

std::string completion() {
  std::string verbs, flags, values, arguments;
  std::vector<std::pair<std::string, std::string>> groups;  // with the verbs of each
  for (const VerbRow& row : verb_rows()) {
    const std::string name = row.name;
    const std::size_t space = name.find(' ');
    if (space == name.npos) {
      verbs += (verbs.empty() ? "" : " ") + name;
    } else {
      const std::string group = name.substr(0, space);
      // The verbs of a group stand together.
      if (groups.empty() || groups.back().first != group) {
        verbs += " " + group;
        groups.emplace_back(group, "");
      }
      std::string& inner = groups.back().second;
      inner += (inner.empty() ? "" : " ") + name.substr(space + 1);
    }
    flags += "    [" + quoted_for_bash(name) + "]=" + quoted_for_bash(flags_of(row.verb)) + "\n";
    const std::string argument = row.argument ? offer_of(row.argument->completes, "") : "@nothing";
    arguments += "    [" + quoted_for_bash(name) + "]=" + quoted_for_bash(argument) + "\n";
    for (const FlagRow& flag : flag_rows()) {
      if (!flag.verbs.has(row.verb) || *flag.operand == '\0') continue;
      const std::string offer = quoted_for_bash(offer_of(flag.completes, flag.values));
      values += "    [" + quoted_for_bash(name + " " + flag.name) + "]=" + offer + "\n";
      if (*flag.short_name == '\0') continue;
      values += "    [" + quoted_for_bash(name + " " + flag.short_name) + "]=" + offer + "\n";
    }
  }
  std::string groups_text;
  for (const auto& [group, inner] : groups) {
    groups_text += (groups_text.empty() ? "[" : " [") + group + "]=" + quoted_for_bash(inner);
  }
  return std::string(kCompletionHead) + "_evalrun_verbs=" + quoted_for_bash(verbs) + "\ndeclare -gA _evalrun_groups=(" +
         groups_text + ")\ndeclare -gA _evalrun_flags=(\n" + flags +
         ")\n# What each verb's argument is.\ndeclare -gA _evalrun_arguments=(\n" + arguments +
         ")\n# What each option's value is.\ndeclare -gA _evalrun_values=(\n" + values + ")\n" + kCompletionTail;
}

// --- the README ------------------------------------------------------------------------------------------------------

std::string status_table() {
  std::string out = "| Verb | Status | Meaning |\n|---|---|---|\n";
  std::string last;
  for (const StatusRow& row : status_rows()) {
    const std::string verbs = verbs_of(row.verbs);
    out += "| " + (verbs == last ? "" : verbs) + " | " + row.status + " | " + row.what + " |\n";
    last = verbs;
  }
  return out;
}

}  // namespace

std::string generated(const std::string& what) {
  if (what == "man") return man_synopsis() + man_commands() + man_options() + man_statuses();
  if (what == "complete-bash") return completion();
  if (what == "exit-statuses") return status_table();
  throw UsageError("--generate needs a value: man, complete-bash or exit-statuses");
}

}  // namespace evalrun::cli
