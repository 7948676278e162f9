// What the tasks of a package are made from.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/packages/read_package.h"
#include "runtime/plan/plan.h"
#include "runtime/problem/constants.h"
#include "runtime/submissions/submission_files.h"

namespace evalrun::contest {

struct TaskOptions {
  std::optional<Bytes> memory;                           // in place of the package's limit
  Compat compat = Compat::Spec;                          // of the default comparison
  std::vector<std::string> python = {"pypy", "python"};  // the images for Python, the preferred first
  std::vector<std::string> overrides;                    // of --set, for the jury's programs; they keep their limits
};

// All borrowed.
struct PackageContext {
  const packages::Package& package;
  const ImageTable& images;
  const TaskOptions& options;
};

// What the files of one case, or of one program, may have together.
constexpr std::uint64_t kMostOfCaseFiles = std::uint64_t{64} << 20;

// Puts a package's constants in place of their names.
inline void replace_constants(std::vector<WorkFile>& files, const std::map<std::string, std::string>& constants) {
  for (WorkFile& file : files) {
    if (auto* text = std::get_if<std::string>(&file.source)) {
      *text = problem::with_constants(std::move(*text), constants);
    }
  }
}

inline bool is_c(const std::string& language) {
  return language == "c" || language == "cpp";
}

}  // namespace evalrun::contest
