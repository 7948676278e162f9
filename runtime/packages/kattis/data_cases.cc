#include "runtime/packages/kattis/data_cases.h"

#include <set>
#include <variant>

#include "runtime/problem/comparison.h"

namespace evalrun::packages::kattis {
namespace {

using problem::Child;
using problem::GroupIndex;

// What is said for a folder is copied into each of its cases.
bool spend_words_of(Reading& reading, const problem::Case& one, const Settings& settings) {
  const SourcePosition& where = settings.where;
  bool fits = reading.spend_words(one.args, where) && reading.spend_words(one.validator_args, where);
  for (const auto& [validator, words] : one.input_validator_args) {
    fits = fits && reading.spend_words(words, where) && reading.spend_words({validator}, where);
  }
  return fits;
}

// Each list of words once.
void check_comparison(DataReading& data, const Words& words, const SourcePosition& where) {
  if (data.reading.problem.checkers.empty() ||
      !std::holds_alternative<problem::DefaultChecker>(data.reading.problem.checkers[0]))
    return;
  if (!data.checked.insert(words).second) return;
  const auto meaning = problem::comparison_of(words);
  if (const auto* wrong = std::get_if<std::string>(&meaning)) {
    data.reading.findings.error(where.file.empty() ? SourcePosition{"problem.yaml", 0, 0} : where, *wrong);
  }
}

}  // namespace

std::string case_name(const std::string& path) {
  return path.substr(std::string("data/").size());
}

Contents contents_of(const Reading& reading, const std::string& folder) {
  Contents contents;
  std::set<std::string> cases;
  for (const std::string& name : reading.tree.names_in(folder)) {
    if (!is_usable_name(name)) continue;
    const std::string path = folder + "/" + name;
    if (reading.tree.has_folder(path)) {
      if (!name.ends_with(".files")) contents.items.push_back({Child::Kind::Group, path});
      continue;
    }
    for (const char* ending : {".ans", ".in"}) {
      const auto base = without_ending(name, ending);
      if (base && cases.insert(*base).second) contents.items.push_back({Child::Kind::Case, folder + "/" + *base});
    }
  }
  return contents;
}

Words validator_args_of(const DataReading& data, const Settings& settings) {
  Words args = data.validator_flags;
  args.insert(args.end(), settings.output_validator_args.words.begin(), settings.output_validator_args.words.end());
  return args;
}

void add_case(DataReading& data, const std::string& path, GroupIndex group, const Settings& of_group) {
  Settings settings = of_group;
  read_case_yaml(data, path, settings);
  problem::Case one;
  one.name = case_name(path);
  one.is_sample = one.name.starts_with("sample/");
  if (!data.reading.tree.has_file(path + ".ans")) {
    data.reading.error(path + ".in", "this case has no answer; add " + path + ".ans");
  } else {
    one.answer = data.reading.file_of(path + ".ans");
  }
  if (!data.reading.tree.has_file(path + ".in")) {
    data.reading.error(path + ".ans", "this answer has no input; add " + path + ".in");
  } else {
    one.input = data.reading.file_of(path + ".in");
  }
  if (data.reading.tree.has_folder(path + ".files")) {
    for (const std::string& file : data.reading.tree.files_below(path + ".files")) {
      if (auto placed = data.reading.file_of(file)) {
        one.files.push_back({file.substr(path.size() + std::string(".files/").size()), std::move(*placed)});
      }
    }
  }
  one.args = settings.args;
  one.input_validator_args = settings.input_validator_args;
  one.validator_args = validator_args_of(data, settings);
  one.full_feedback = settings.full_feedback.value_or(one.is_sample);
  if (!spend_words_of(data.reading, one, settings)) return;
  check_comparison(data, one.validator_args, settings.output_validator_args.where);
  data.reading.problem.groups[group].children.push_back({Child::Kind::Case, data.reading.problem.cases.size()});
  data.reading.problem.cases.push_back(std::move(one));
}

}  // namespace evalrun::packages::kattis
