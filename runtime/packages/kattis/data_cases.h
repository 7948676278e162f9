// The cases in data/: which files are one, and what it has of its folder.
#pragma once

#include <string>
#include <vector>

#include "runtime/packages/kattis/group_settings.h"

namespace evalrun::packages::kattis {

// The names of the cases and folders of a folder, sorted as their files are.
struct Contents {
  struct Item {
    problem::Child::Kind kind;
    std::string path;  // of a case without its ending
  };
  std::vector<Item> items;
};

Contents contents_of(const Reading& reading, const std::string& folder);

// The name of a case or of a group by its path: it begins below data/.
std::string case_name(const std::string& path);

// Adds the case of `path`, which is without its ending, to a group.
void add_case(DataReading& data, const std::string& path, problem::GroupIndex group, const Settings& of_group);

// The arguments for output validators of a case with these settings.
Words validator_args_of(const DataReading& data, const Settings& settings);

}  // namespace evalrun::packages::kattis
