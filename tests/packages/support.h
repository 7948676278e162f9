// Problem packages of the tests' own making.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/packages/read_package.h"
#include "tests/support/command.h"

namespace evalrun::test {

using Files = std::map<std::string, std::string>;  // by path

// What they have and `more` does; an empty text of `more` stands for "no such file" if `base` has it.
Files with(Files base, const Files& more);
Files without(Files base, const std::string& path);

void write_files(const TemporaryFolder& folder, const Files& files);

struct ZipEntry {
  std::string path;
  std::string text;
  std::string link;  // a link to this; "": a file
};
// A zip with exactly these names.
void write_zip(const std::filesystem::path& path, const std::vector<ZipEntry>& entries);

// Reads the files as a folder.
packages::Package read_files(const Files& files);

std::vector<std::string> errors_of(const packages::Package& package);
std::vector<std::string> notes_of(const packages::Package& package);

// Of a wrong package: what differs from a right one, and what is said.
struct BrokenRow {
  const char* what;
  Files changes;
  std::vector<std::string> removed;
  std::vector<std::string> errors;
};
void expect_errors(const Files& right, const std::vector<BrokenRow>& rows);

// A legacy package without faults.
Files kattis_legacy();
// A 2025-09 package with groups and scores.
Files kattis_2025();

}  // namespace evalrun::test
