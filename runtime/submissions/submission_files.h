// Submission files: from what somebody hands in to the task that compiles and runs it.
//
// Theory of operation. A submission is one file, a folder, an archive, or part of a package. Its files are read into
// memory, bounded. Their endings, and for some languages their text, tell the language (problem/language.h has the
// endings); the images on the search path say which languages they serve (`languages` in an image) and what must be
// installed for it. The file that the program begins in is found as each language has it. Nothing is compiled or run
// here, and the content of no file is changed; a file may be placed under another name, where its language asks for it.
//
// Whoever handed it in may be hostile: names and contents are bytes, and no name leads out of /work.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "runtime/archive/tree.h"
#include "runtime/plan/plan.h"
#include "runtime/problem/problem.h"
#include "runtime/reader/image.h"

namespace evalrun::contest {

// Why a submission cannot be judged. It is never the program's verdict.
struct Refusal {
  enum class Cause {
    Unreadable,       // a file or archive is missing, past a bound, or has a name that leads out
    NoSource,         // there is nothing that a program could begin in
    UnknownLanguage,  // no known ending, or --language names nothing
    NoImage,          // the language is known, and no image serves it
    TooLarge,         // its source is larger than its problem allows
    NotInstalled      // an image serves it, and this host lacks its programs: a self-test skips and counts it
  };
  Cause cause = Cause::Unreadable;
  std::string message;  // one line: what is wrong, then what to do
};

// A submission that can be run.
struct Sources {
  std::vector<WorkFile> files;   // all with their text; sorted by path
  std::string language;          // "cpp", see problem/language.h
  std::string image;             // the image's name
  std::string source;            // the file that it begins in, relative to /work
  std::string main_class;        // Java: what is run, "shapes.Main"; "" for any other language
  std::uint64_t code_bytes = 0;  // of what was handed in, without what a package includes
  std::vector<std::string>
      remarks;  // one line each: a file under another name or left out, an image in place of another
};

using SourcesOrRefusal = std::variant<Sources, Refusal>;

// The images on a search path, read once. Throws PlanError if one does not parse.
class ImageTable {
 public:
  explicit ImageTable(std::vector<std::filesystem::path> search_path);

  [[nodiscard]] const std::vector<std::filesystem::path>& search_path() const { return search_path_; }
  [[nodiscard]] const Image* find(const std::string& name) const;
  // Those that serve a language, by its code; sorted by name.
  [[nodiscard]] std::vector<const Image*> serving(const std::string& language) const;
  [[nodiscard]] const std::vector<Image>& images() const { return images_; }

 private:
  std::vector<std::filesystem::path> search_path_;
  std::vector<Image> images_;
};

// The programs of an image that this host lacks; empty if it is installed.
std::vector<std::string> missing_programs(const Image& image);

struct ImageChoice {
  std::string image;
  std::string passed_over;  // why none of the preferred images was taken that serve the language; "" if one was
};

// The image for a language. `preferred` are names of images: of several that serve the language, the first of these
// that is installed is taken, else the first by name that is.
std::variant<ImageChoice, Refusal> image_for(const std::string& language, const ImageTable& images,
                                             const std::vector<std::string>& preferred = {"python"});

struct SourceOptions {
  // --language: the code of a language, or the name of an image, which is taken then. "": found by the files.
  std::string language = {};
  // Of several that serve a language: {"pypy"} or {"python"}.
  std::vector<std::string> preferred_images = {"python"};
  // Copied over the submission, "default" first, then those of its language. A main file among them is what the
  // program begins in.
  std::map<std::string, std::vector<WorkFile>> include = {};
  // The base name of the included file that the program begins in, "grader"; "": one that is called main.
  std::string included_entry = {};
  // The base name that the only file of a submission gets; "": it keeps its own.
  std::string only_file_name = {};
  std::size_t most_files = 1000;
  std::uint64_t most_bytes = std::uint64_t{64} << 20;  // of all files together
};

// What the command line names: a file, a folder or an archive (.zip, .kpp, .tar and compressed .tar). One folder that
// holds all the rest is gone into; hidden files, __MACOSX and __pycache__ are left out.
SourcesOrRefusal sources_at(const std::string& path, const ImageTable& images, const SourceOptions& options = {});

// The files alone, for what is no program: outputs that were handed in.
std::variant<std::vector<WorkFile>, Refusal> files_at(const std::string& path, const SourceOptions& options = {});

// A file, folder or archive of a tree, by the same rules; "" is all of it. For folders of many submissions.
SourcesOrRefusal sources_in_tree(const archive::Tree& tree, const std::string& path, const ImageTable& images,
                                 const SourceOptions& options = {});

// A submission or jury program of a package: its files, and the language and entry that the package says.
SourcesOrRefusal sources_of(const archive::Tree& tree, const problem::Submission& submission, const ImageTable& images,
                            const SourceOptions& options = {});
SourcesOrRefusal sources_of(const archive::Tree& tree, const problem::Program& program, const ImageTable& images,
                            const SourceOptions& options = {});

// The same for files in memory; each has its text. `language` and `entry` are what a package says, "" if nothing does.
SourcesOrRefusal sources_from(std::vector<WorkFile> files, const std::string& language, const std::string& entry,
                              const ImageTable& images, const SourceOptions& options = {});

// Files of a package with their text, at most `most_bytes` of them together. Throws archive::TreeError.
std::vector<WorkFile> read_files(const archive::Tree& tree, const std::vector<problem::PlacedFile>& files,
                                 std::uint64_t most_bytes);

// The task: the image, the files, the source, and a compile step if the image has a compile line. Without cases; those
// and the checker are the caller's to add. `overrides` are those of --set. Throws PlanError.
Task task_for(const Sources& sources, const ImageTable& images, const std::vector<std::string>& overrides = {});

}  // namespace evalrun::contest
