#include "runtime/submissions/submission_files.h"

#include <utility>

#include "runtime/core/text.h"
#include "runtime/problem/language.h"
#include "runtime/reader/text_rule.h"
#include "runtime/submissions/find_sources.h"
#include "runtime/submissions/handed_in.h"
#include "runtime/submissions/refused.h"

namespace evalrun::contest {
namespace {

using Cause = Refusal::Cause;
using problem::Language;

// What a tree or the host cannot give is a refusal, too.
template <typename Find>
SourcesOrRefusal answer(Find find) {
  try {
    return find();
  } catch (Refused& refused) {
    return std::move(refused.refusal);
  } catch (const archive::TreeError& error) {
    return Refusal{Cause::Unreadable, one_line(error.what())};
  }
}

Sources sources_of_people(HandedIn read, const ImageTable& images, const SourceOptions& options) {
  return find_sources(std::move(read.files), HandedInBy::People, "", "", std::move(read.remarks), images, options);
}

// The language and entry that a package found by the names alone may be bettered by the files' text.
std::string entry_said(const std::string& language, const std::string& entry,
                       const std::vector<problem::PlacedFile>& files) {
  std::vector<std::string> names;
  for (const problem::PlacedFile& placed : files) names.push_back(placed.name);
  const Language* known = problem::find_language(language);
  const bool is_found = known != nullptr && problem::entry_of(*known, names) == entry;
  return is_found && language == "java" ? "" : entry;
}

SourcesOrRefusal sources_of_package(const archive::Tree& tree, const std::vector<problem::PlacedFile>& files,
                                    const std::string& language, const std::string& entry, const ImageTable& images,
                                    const SourceOptions& options) {
  return answer([&] {
    if (files.size() > options.most_files) {
      refuse(Cause::Unreadable, "there are more than " + std::to_string(options.most_files) + " files");
    }
    return find_sources(read_files(tree, files, options.most_bytes), HandedInBy::APackage, language,
                        entry_said(language, entry, files), {}, images, options);
  });
}

}  // namespace

std::vector<WorkFile> read_files(const archive::Tree& tree, const std::vector<problem::PlacedFile>& files,
                                 std::uint64_t most_bytes) {
  std::vector<WorkFile> read;
  std::uint64_t left = most_bytes;
  for (const problem::PlacedFile& placed : files) {
    std::string text = tree.read(placed.file.path, left);
    left -= text.size();
    read.push_back({placed.name, std::move(text), WorkFile{}.mode, {placed.file.path, 0, 0}});
  }
  return read;
}

SourcesOrRefusal sources_at(const std::string& path, const ImageTable& images, const SourceOptions& options) {
  return answer([&] { return sources_of_people(read_handed_in(path, options), images, options); });
}

std::variant<std::vector<WorkFile>, Refusal> files_at(const std::string& path, const SourceOptions& options) {
  Sources sources;
  auto found = answer([&] {
    sources.files = read_handed_in(path, options).files;
    return sources;
  });
  if (auto* refusal = std::get_if<Refusal>(&found)) return std::move(*refusal);
  for (const WorkFile& file : sources.files) {
    if (text_rule::kWorkPath.accepts(file.path)) continue;
    return Refusal{Cause::Unreadable, in_quotes(file.path) + " cannot be placed below /work; rename it"};
  }
  return std::move(sources.files);
}

SourcesOrRefusal sources_in_tree(const archive::Tree& tree, const std::string& path, const ImageTable& images,
                                 const SourceOptions& options) {
  return answer([&] { return sources_of_people(read_handed_in(tree, path, options), images, options); });
}

SourcesOrRefusal sources_of(const archive::Tree& tree, const problem::Submission& submission, const ImageTable& images,
                            const SourceOptions& options) {
  return sources_of_package(tree, submission.files, submission.language, submission.entry, images, options);
}

SourcesOrRefusal sources_of(const archive::Tree& tree, const problem::Program& program, const ImageTable& images,
                            const SourceOptions& options) {
  return sources_of_package(tree, program.files, program.language, program.entry, images, options);
}

SourcesOrRefusal sources_from(std::vector<WorkFile> files, const std::string& language, const std::string& entry,
                              const ImageTable& images, const SourceOptions& options) {
  return answer(
      [&] { return find_sources(std::move(files), HandedInBy::People, language, entry, {}, images, options); });
}

}  // namespace evalrun::contest
