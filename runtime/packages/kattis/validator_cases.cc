#include "runtime/packages/kattis/validator_cases.h"

#include <map>

#include "runtime/core/path_parts.h"
#include "runtime/packages/kattis/data_cases.h"

namespace evalrun::packages::kattis {

void read_validator_cases(const DataReading& data, const Settings& root) {
  using ValidatorCase = problem::Problem::ValidatorCase;
  const std::pair<const char*, ValidatorCase::Expect> parts[] = {
      {"data/invalid_input", ValidatorCase::Expect::InvalidInput},
      {"data/invalid_output", ValidatorCase::Expect::InvalidOutput},
      {"data/valid_output", ValidatorCase::Expect::ValidOutput},
  };
  for (const auto& [folder, expect] : parts) {
    std::map<std::string, Settings> settings_of_folder;
    for (const std::string& path : data.reading.tree.files_below(folder)) {
      const auto base = without_ending(path, ".in");
      if (!base || !is_usable_name(last_part(path))) continue;
      const std::string parent = parent_of(path);
      if (!settings_of_folder.contains(parent)) {
        Settings of_folder = arguments_of(root);
        for (const std::string& above : {std::string(folder), parent}) {
          if (!config_of(data.reading, above).empty()) read_settings(data, above, of_folder);
          if (above == parent) break;
        }
        settings_of_folder.emplace(parent, std::move(of_folder));
      }
      Settings settings = settings_of_folder.at(parent);
      read_case_yaml(data, *base, settings);
      auto input = data.reading.file_of(path);
      if (!input) continue;
      ValidatorCase one;
      one.name = case_name(*base);
      one.expect = expect;
      one.input = std::move(*input);
      if (const auto args = settings.input_validator_args.find(""); args != settings.input_validator_args.end()) {
        one.input_validator_args = args->second;
      }
      one.validator_args = validator_args_of(data, settings);
      if (!data.reading.spend_words(one.input_validator_args, settings.where) ||
          !data.reading.spend_words(one.validator_args, settings.where)) {
        return;
      }
      if (expect != ValidatorCase::Expect::InvalidInput) {
        for (const char* ending : {".ans", ".out"}) {
          if (!data.reading.tree.has_file(*base + ending)) {
            data.reading.error(path, std::string("this case has no ") + last_part(*base) + ending + "; add it");
          }
        }
        if (data.reading.tree.has_file(*base + ".ans")) one.answer = data.reading.file_of(*base + ".ans");
        if (data.reading.tree.has_file(*base + ".out")) one.output = data.reading.file_of(*base + ".out");
      }
      data.reading.problem.validator_cases.push_back(std::move(one));
    }
  }
}

}  // namespace evalrun::packages::kattis
