// A program in a language, as several dialects send one: a source, files beside it, input, and limits for the compile
// step and the run. It becomes a task by way of a plan, so that everything in it is checked as in any plan.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runtime/reader/image.h"
#include "runtime/serve/dialect.h"

namespace evalrun::serve {

// How a language is run. What is not said here is its image's.
struct LanguageRow {
  const char* name;
  const char* image;
  const char* source;        // what the main file is called; "": as its sender does
  const char* compile = "";  // "image": the image's compile line; "": none; else words with spaces between them
  const char* run = "";      // "": the image's; else words
  const char* needs = "";    // a file of the host without which the language is not here
};

struct StageLimits {
  Duration wall{};
  Bytes memory{};
};

struct Program {
  std::vector<std::pair<std::string, std::string>> files;  // path, content; the first one is the main file
  std::string input;
  std::vector<std::string> args;  // after the run line; only where the row has a run line of its own, or `argv`
  std::vector<std::string> collect;
  StageLimits compile, run;
  std::optional<Duration> cpu, compile_cpu;  // none: as elapsed time
  Bytes kept_output{};                       // of each stream; what comes beyond it is discarded, or ends the run:
  enum class AtMost { Discard, Stop } at_most = AtMost::Discard;
};

class LanguageShop {
 public:
  explicit LanguageShop(Workshop& shop) : shop_(shop) {}

  // Whether all that it needs is installed.
  [[nodiscard]] bool has(const LanguageRow& row);
  // Throws PlanError where something of it cannot be in a plan.
  Task task_of(const LanguageRow& row, Program program);
  // The first ending of the image's sources, ".cpp"; "" where it names none.
  [[nodiscard]] std::string ending_of(const LanguageRow& row);

 private:
  const Image* image_of(const LanguageRow& row);

  Workshop& shop_;
  std::map<std::string, std::optional<Image>> images_;
  std::map<std::string, std::unique_ptr<const PlanTemplate>> templates_;  // by the row's name
};

// The version of an image's main package, as "3.11.2"; "1.0.0" where the host does not tell.
std::string version_of_image(const Image& image);

// --- values of a plan, for changes to one ----------------------------------------------------------------------------

TomlNode toml_text(std::string text);
TomlNode toml_texts(const std::vector<std::string>& texts);
SetChange set_text(std::string key, std::string text);

}  // namespace evalrun::serve
