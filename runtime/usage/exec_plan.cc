#include "runtime/usage/exec_plan.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>

#include "runtime/core/alternatives.h"
#include "runtime/core/error.h"
#include "runtime/core/fd.h"
#include "runtime/core/path_parts.h"
#include "runtime/core/text.h"
#include "runtime/reader/addition.h"
#include "runtime/reader/image.h"
#include "runtime/reader/plan_tree.h"
#include "runtime/usage/command_table.h"

namespace evalrun::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNoImage = "none";

// --- the image -------------------------------------------------------------------------------------------------------

// How an image knows a command. What it is for goes before what it only uses: Kotlin's programs run by `java`, and
// Rust's compiler needs `gcc`.
enum class Knows { No, UsesIt, IsForIt };

Knows knows(const Image& image, const std::string& command) {
  const auto begins = [&](const std::vector<std::string>& line) { return !line.empty() && line.front() == command; };
  if (begins(image.run) || begins(image.compile)) return Knows::IsForIt;
  const auto is_it = [&](const std::string& path) { return last_part(path) == command; };
  const bool uses_it = begins(image.compiled_run) || std::ranges::any_of(image.programs, is_it);
  return uses_it ? Knows::UsesIt : Knows::No;
}

std::string image_of(const Options& options) {
  if (!options.image.empty()) {
    const bool is_path = options.image.find('/') != std::string::npos;
    return is_path ? fs::absolute(options.image).string() : options.image;
  }
  const std::string& command = options.command.front();
  const std::string quoted = "\"" + printable(command) + "\"";
  std::vector<std::string> all, found;
  Knows best = Knows::UsesIt;
  for (const Image& image : list_images(image_search_path())) {
    all.push_back(image.name);
    const Knows how = knows(image, last_part(command));
    if (how < best) continue;
    if (how > best) found.clear();
    best = how;
    found.push_back(image.name);
  }
  all.emplace_back(kNoImage);
  if (found.size() == 1) return found.front();
  if (found.empty()) throw UsageError("no image is known for " + quoted + "; name one with -i: " + alternatives(all));
  throw UsageError(quoted + " is in the images " + join_words(found) + "; name one with -i");
}

// --- the files -------------------------------------------------------------------------------------------------------

struct PlacedFile {
  std::string name;  // below /work
  std::string path;  // of this host, absolute
  bool is_program;   // may be executed
};

bool is_executable(const struct stat& status) {
  return (status.st_mode & S_IXUSR) != 0;
}

std::string file_line(const PlacedFile& file) {
  return "{ from = " + toml_string(file.path) + (file.is_program ? ", mode = \"0755\" }" : " }");
}

PlacedFile named_file(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string path = equals == text.npos ? text : text.substr(equals + 1);
  const std::string name = equals == text.npos ? last_part(path) : text.substr(0, equals);
  if (name.empty() || path.empty()) throw UsageError("--file cannot be \"" + printable(text) + "\"; use NAME=PATH");
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw UsageError("--file " + printable(path) + ": " + errno_text(errno));
  return {name, fs::absolute(path).string(), is_executable(status)};
}

// The word of the command that may be the program's own file: see the help of `exec`.
std::optional<std::string> program_word(const std::vector<std::string>& command) {
  if (command.front().find('/') != std::string::npos) return command.front();
  const auto found =
      std::find_if(command.begin() + 1, command.end(), [](const std::string& word) { return !word.starts_with('-'); });
  return found == command.end() || found->empty() ? std::nullopt : std::optional(*found);
}

Fd open_beneath(const std::string& path, std::uint64_t resolve) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC | (resolve == 0 ? 0 : O_NOFOLLOW);
  how.resolve = resolve;
  return Fd(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
}

// A link could lead anywhere, and the folder may have been unpacked from a stranger's archive.
std::optional<PlacedFile> program_file(const std::string& word, std::vector<std::string>& notes) {
  const fs::path path = fs::path(word).lexically_normal();
  const bool leaves = std::ranges::any_of(fs::path(word), [](const fs::path& part) { return part == ".."; });
  if (path.is_absolute() || leaves || path.filename().empty()) return std::nullopt;
  struct stat status {};
  const Fd file = open_beneath(word, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
  if (file && ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode)) {
    return PlacedFile{path.string(), fs::absolute(path).string(), is_executable(status)};
  }
  if (::stat(word.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
    const std::string name = printable(word);
    notes.push_back(name + " is or leads through a symbolic link and is not placed; to place it: --file " + name + "=" +
                    name);
  }
  return std::nullopt;
}

std::vector<PlacedFile> files_of(const Options& options, std::vector<std::string>& notes) {
  std::vector<PlacedFile> files;
  for (const std::string& text : options.files) files.push_back(named_file(text));
  const std::optional<std::string> word = program_word(options.command);
  if (!word) return files;
  const std::string name = fs::path(*word).lexically_normal().string();
  if (std::ranges::find(files, name, &PlacedFile::name) != files.end()) return files;  // the operator's own word
  if (auto file = program_file(*word, notes)) files.push_back(std::move(*file));
  return files;
}

// --- the plan --------------------------------------------------------------------------------------------------------

std::string stream(const std::string& path) {
  if (path.empty()) return "\"inherit\"";
  if (path == "/dev/null") return "\"null\"";
  return "{ file = " + toml_string(fs::absolute(path).string()) + " }";
}

std::string base_text(const Options& options, std::vector<std::string>& notes) {
  const std::string image = image_of(options);
  std::string text = image == kNoImage ? "" : "image = " + toml_string(image) + "\n";
  text += "argv = [";
  for (const std::string& word : options.command) {
    text += (&word == &options.command.front() ? "" : ", ") + toml_string(word);
  }
  text += "]\nstdin = " + stream(options.stdin_file) + "\nstdout = " + stream(options.stdout_file) +
          "\nstderr = " + stream(options.stderr_file) + "\n\n[files]\n";
  for (const PlacedFile& file : files_of(options, notes)) {
    text += toml_string(file.name) + " = " + file_line(file) + "\n";
  }
  return text;
}

// A table of the top level as a section, anything else as a line.
std::string document(const TomlNode& root) {
  std::string lines, sections;
  for (const TomlMember& member : std::get<TomlTable>(root.value)) {
    const auto* table = std::get_if<TomlTable>(&member.node.value);
    if (table == nullptr) {
      lines += toml_key(member.name) + " = " + to_toml(member.node) + "\n";
      continue;
    }
    if (table->empty()) continue;
    sections += "\n[" + toml_key(member.name) + "]\n";
    for (const TomlMember& inner : *table) sections += toml_key(inner.name) + " = " + to_toml(inner.node) + "\n";
  }
  return lines + sections;
}

void check_words(const std::vector<std::string>& command) {
  for (const std::string& word : command) {
    if (!is_utf8(word)) throw UsageError("\"" + printable(word) + "\" is not UTF-8, and a plan can hold nothing else");
  }
  if (command.front().empty()) throw UsageError("the command's first word is empty; name a program");
}

}  // namespace

std::string file_override(const std::string& text) {
  const PlacedFile file = named_file(text);
  if (!is_utf8(file.name) || !is_utf8(file.path)) {
    throw UsageError("--file " + printable(text) + ": expected UTF-8, since a plan can hold nothing else");
  }
  return "files." + toml_string(file.name) + "=" + file_line(file);
}

ExecPlan make_exec_plan(const Options& options) {
  check_words(options.command);
  ExecPlan made;
  made.set = options.limits;
  made.set.insert(made.set.end(), options.set.begin(), options.set.end());
  made.base = {base_text(options, made.notes), kExecPlan, "exec", fs::current_path()};
  made.text = {document(read_plan_tree(made.base, made.set)), kExecPlan, "exec", fs::current_path()};
  return made;
}

}  // namespace evalrun::cli
