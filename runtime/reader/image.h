// Image: what a language needs to run, as values. An image is a TOML file, images/<name>.toml on the search path: the
// packages it comes from, the binds and links it shows, its environment, run line, default limits and smoke programs.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "runtime/plan/plan.h"

namespace evalrun {

// A small program that shows that the image works. Its files stand in images/<name>/ beside the image's TOML.
struct SmokeProgram {
  std::string name;
  std::vector<std::string> argv;           // empty: the image's run line with `source`
  std::string source;                      // relative to images/<name>/; also what is placed in /work
  std::vector<std::string> files;          // further files to place, relative to images/<name>/
  std::string input;                       // standard input
  std::string expect;                      // the exact standard output
  std::map<std::string, std::string> set;  // plan keys to override, as for --set
  SourcePosition position;
};

struct Image {
  std::string name;
  std::string description;
  std::filesystem::path path;          // of the TOML file
  std::vector<std::string> packages;   // Debian's names
  std::vector<std::string> programs;   // absolute host paths that must exist for the image to work
  std::vector<std::string> languages;  // codes of problem packages that it serves: "cpp"
  std::vector<std::string> endings;    // of sources, ".cpp": what "{sources}" stands for beside the plan's source
  std::vector<std::string> run;        // run line; "{source}" stands for the plan's source, "{stem}" for its bare name
  std::vector<std::string> compile;    // compile line, the same; empty: the language needs none
  std::vector<std::string> compiled_run;                  // run line of what the compile line made; empty: the run line
  Limits compile_limits = CompileStep::compile_limits();  // of a [compile] that sets none
  std::vector<SmokeProgram> smoke;
};

// The folders of $EVALRUN_IMAGES (colon-separated) that exist.
std::vector<std::filesystem::path> images_of_environment();

// Folders in which images are looked for, in order: $EVALRUN_IMAGES (colon-separated) if it is set; the checkout's
// images/ when the program runs from its build tree; <prefix>/share/evalrun/images beside an installed binary.
std::vector<std::filesystem::path> image_search_path();

// Every image on the search path, the first of each name, sorted by name. Throws PlanError where one does not parse.
std::vector<Image> list_images(const std::vector<std::filesystem::path>& search_path);

// The image's own part. Throws PlanError where it does not exist (the message names the folders searched) or does not
// parse.
Image load_image(const std::string& name_or_path, const std::vector<std::filesystem::path>& search_path);

}  // namespace evalrun
