#include "runtime/usage/plan_argument.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "runtime/core/text.h"
#include "runtime/usage/command_table.h"

namespace evalrun::cli {
namespace {

// A verb has neither; a path that is misspelt is no verb.
bool is_word(const std::string& text) {
  return text.find_first_of("/.") == std::string::npos;
}

// By which program people run such a file.
struct SourceEnding {
  const char* ending;
  const char* interpreter;
};
constexpr SourceEnding kSourceEndings[] = {
    {".py", "python3"}, {".js", "node"}, {".mjs", "node"}, {".sh", "bash"}, {".bash", "bash"}};

std::string why_not_opened(const std::string& plan, int error) {
  const std::string name = printable(plan);
  if (error != ENOENT && error != ENOTDIR) return "the plan " + name + " cannot be read: " + errno_text(error);
  if (!nearest_verb(plan).empty()) return unknown_verb(plan);
  return "there is no plan file " + name + (is_word(plan) ? ", and no verb of this name; see evalrun --help" : "");
}

std::string exec_line(const std::string& plan) {
  const std::string name = printable(plan);
  for (const SourceEnding& row : kSourceEndings) {
    if (plan.ends_with(row.ending)) {
      return std::string("evalrun exec -- ") + row.interpreter + " " + name + " (or -i IMAGE)";
    }
  }
  if (plan.ends_with(".toml") || ::access(plan.c_str(), X_OK) != 0) return "";
  return "evalrun exec -i IMAGE -- " + (name.find('/') == std::string::npos ? "./" : std::string()) + name;
}

}  // namespace

std::string nearest_verb(const std::string& word) {
  if (!is_word(word)) return "";
  std::vector<std::string> names;
  for (const VerbRow& row : verb_rows()) {
    const std::string name = row.name;
    names.push_back(name.substr(0, name.find(' ')));
  }
  return nearest(word, names);
}

std::string unknown_verb(const std::string& word) {
  const std::string near = nearest_verb(word);
  return "unknown verb \"" + printable(word) + "\"" +
         (near.empty() ? "; see evalrun --help" : "; did you mean " + near + "?");
}

std::string why_no_plan(const Options& options, const SourcePosition& position) {
  const std::string& plan = options.plan;
  if (plan.empty() || plan == "-" || position.file != plan) return "";
  struct stat status {};
  if (::stat(plan.c_str(), &status) != 0) return why_not_opened(plan, errno);
  if (S_ISDIR(status.st_mode)) return printable(plan) + " is a folder; a plan is a TOML file";
  if (position.line == 0) {
    return ::access(plan.c_str(), R_OK) != 0 ? why_not_opened(plan, errno) : "";
  }
  const std::string line = exec_line(plan);
  return line.empty() ? "" : printable(plan) + " is not a plan; did you mean: " + line + "?";
}

}  // namespace evalrun::cli
