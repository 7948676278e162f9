#include "runtime/contest/signature_grader.h"

#include <algorithm>

#include "runtime/contest/package_context.h"
#include "runtime/core/path_parts.h"
#include "runtime/core/sha256.h"

namespace evalrun::contest {

SourcesOrRefusal with_signature_grader(const packages::Package& package, Sources sources) {
  const problem::SignatureGrader& grader = *package.problem.signature_grader;
  if (!is_c(sources.language)) {
    return Refusal{Refusal::Cause::NoImage,
                   "signature_grader takes submissions in C and C++ alone, not in " + sources.language};
  }
  const std::string ending = sources.language == "c" ? ".c" : ".cpp";
  const std::string header = last_part(grader.header.path);
  const std::string name = last_part(grader.entry.path);
  const std::string entry = "entry_" + name.substr(0, name.rfind('.')) + ending;
  std::vector<WorkFile> files =
      read_files(package.tree, {{entry, grader.entry}, {header, grader.header}}, kMostOfCaseFiles);
  for (WorkFile& file : sources.files) {
    std::string& text = std::get<std::string>(file.source);
    const bool is_source = file.path == sources.source;
    if (is_source) {
      std::string before = "#include \"" + header + "\"\n";
      if (!grader.allows_main) before += "#define main main_" + sha256_hex(text).substr(0, 32) + "\n";
      text = before + "#line 1 \"" + file.path + "\"\n" + text;
      file.path = "submission" + ending;
    }
    const bool is_taken = std::ranges::any_of(files, [&](const WorkFile& other) { return other.path == file.path; });
    if (!is_taken) files.push_back(std::move(file));
  }
  sources.files = std::move(files);
  std::ranges::sort(sources.files, {}, &WorkFile::path);
  sources.source = entry;
  return sources;
}

}  // namespace evalrun::contest
