#include "runtime/packages/kattis/domjudge_files.h"

#include <algorithm>

#include "runtime/core/path_parts.h"
#include "runtime/core/text.h"
#include "runtime/packages/reading/bounds.h"
#include "runtime/packages/reading/map_reader.h"
#include "runtime/problem/comparison.h"

namespace evalrun::packages::kattis {
namespace {

void take_time_limit(Reading& reading, const SourcePosition& where, double limit) {
  const Duration time = seconds(limit);
  if (!reading.problem.limits.time) reading.problem.limits.time = time;
  if (*reading.problem.limits.time == time) return;
  reading.findings.error(where, "says a time limit of " + evalrun::to_string(time) + ", and another file says " +
                                    evalrun::to_string(*reading.problem.limits.time) + "; remove one of them");
}

void take_ini(Reading& reading, const SourcePosition& where, const std::string& key, const std::string& value,
              const std::vector<std::string>& known) {
  if (std::ranges::find(known, key) == known.end()) {
    const std::string near = nearest(key, known);
    reading.findings.error(
        where, key + ": is no key of this file" + (near.empty() ? "; remove it" : "; did you mean " + near + "?"));
  } else if (key == "timelimit") {
    const auto limit = problem::decimal_number(value);
    if (!limit || *limit <= 0 || *limit > kMostSeconds) {
      reading.findings.error(where, "timelimit: expected a number of seconds, not " + in_quotes(value));
    } else {
      take_time_limit(reading, where, *limit);
    }
  } else if (key == "name") {
    if (!reading.tree.has_file("problem.yaml")) reading.problem.name = value;
  } else if ((key == "special_run" || key == "special_compare") && !value.empty()) {
    reading.findings.error(where, key +
                                      ": names an executable of DOMjudge's own, which is not in the package; "
                                      "put the validator into output_validators");
  }
}

void read_ini(Reading& reading, const std::string& text) {
  const std::vector<std::string> known = {"name",        "allow_submit",    "allow_judge", "timelimit",
                                          "special_run", "special_compare", "points",      "color",
                                          "externalid",  "short-name",      "probid",      "special_compare_args"};
  unsigned number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = std::min(text.find('\n', begin), text.size());
    const SourcePosition where{"domjudge-problem.ini", ++number, 1};
    std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.pop_back();
    const std::size_t first = line.find_first_not_of(" \t");
    if (first == line.npos || line[first] == ';' || line[first] == '#' || line[first] == '[') continue;
    const std::size_t equals = line.find('=');
    if (equals == line.npos) {
      reading.findings.error(where, "expected KEY = VALUE");
      continue;
    }
    const std::vector<std::string> key = split_at_space(line.substr(0, equals));
    std::string value = line.substr(equals + 1);
    value.erase(0, std::min(value.find_first_not_of(" \t"), value.size()));
    if (!value.empty() && (value[0] == '"' || value[0] == '\'')) {
      // A quoted value goes on to its closing quote, over lines.
      const char quote = value[0];
      std::size_t close = value.find(quote, 1);
      while (close == value.npos && begin < text.size()) {
        end = std::min(text.find('\n', begin), text.size());
        value += "\n" + text.substr(begin, end - begin);
        begin = end + 1;
        ++number;
        close = value.find(quote, 1);
      }
      if (close == value.npos) reading.findings.error(where, "the quote that begins here does not end");
      value = value.substr(1, std::min(close, value.size()) - 1);
    }
    take_ini(reading, where, key.size() == 1 ? key[0] : line.substr(0, equals), value, known);
  }
}

}  // namespace

void read_domjudge_files(Reading& reading) {
  if (reading.tree.has_file(".timelimit")) {
    if (const auto text = reading.text_of(".timelimit")) {
      const std::vector<std::string> words = split_at_space(*text);
      const auto limit = words.size() == 1 ? problem::decimal_number(words[0]) : std::nullopt;
      if (!limit || *limit <= 0 || *limit > kMostSeconds) {
        reading.error(".timelimit", "expected a number of seconds, as in \"2\" or \"1.5\"");
      } else {
        take_time_limit(reading, {".timelimit", 1, 1}, *limit);
      }
    }
  }
  if (!reading.tree.has_file("domjudge-problem.ini")) return;
  if (const auto text = reading.text_of("domjudge-problem.ini")) read_ini(reading, *text);
}

OlderGroups older_groups_of(Reading& reading, const ProblemYaml& said) {
  const archive::Tree& tree = reading.tree;
  if (!is_legacy(reading) || !reading.problem.types.scoring || said.validation.scores ||
      !tree.has_file("data/testdata.yaml"))
    return OlderGroups::Kattis;
  for (const std::string& path : tree.files_below("data")) {
    if (last_part(path) != "testdata.yaml") continue;
    const std::string text = reading.beginning_of(path, std::size_t{64} << 10);
    for (const char* word : {"first_error", "accept_if_any_accepted", "always_accept", "custom"}) {
      if (text.find(word) != text.npos) return OlderGroups::Kattis;
    }
  }
  const bool is_domjudges = tree.has_file("domjudge-problem.ini") || has_expected_scores(reading);
  return is_domjudges ? OlderGroups::Domjudge : OlderGroups::Kattis;
}

}  // namespace evalrun::packages::kattis
