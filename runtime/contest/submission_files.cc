#include "runtime/contest/submission_files.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "runtime/contest/entry_file.h"
#include "runtime/core/error.h"
#include "runtime/core/host_file.h"
#include "runtime/core/sha256.h"
#include "runtime/core/text.h"
#include "runtime/problem/language.h"
#include "runtime/reader/overrides.h"
#include "runtime/reader/plan_tree.h"
#include "runtime/reader/text_rule.h"

namespace evalrun::contest {
namespace {

namespace fs = std::filesystem;
using Cause = Refusal::Cause;
using problem::Language;

// Thrown inside this file alone.
struct Refused {
  Refusal refusal;
};
[[noreturn]] void refuse(Cause cause, const std::string& message) {
  throw Refused{{cause, one_line(message)}};
}

std::vector<std::string> paths_of(const std::vector<WorkFile>& files) {
  std::vector<std::string> paths;
  for (const WorkFile& file : files) paths.push_back(file.path);
  return paths;
}

std::string_view ending_of(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const std::size_t dot = name.rfind('.');
  return dot == name.npos ? "" : name.substr(dot);
}

std::string lower(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

// --- what is handed in -----------------------------------------------------------------------------------------------

// Files that no program needs: of version control and editors, and what archivers and interpreters add.
bool is_left_out(std::string_view path) {
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    if (part.starts_with('.') || part == "__MACOSX" || part == "__pycache__") return true;
    path.remove_prefix(std::min(part.size() + 1, path.size()));
  }
  return false;
}

bool is_archive(std::string_view begin) {
  const auto has = [&](std::size_t at, std::string_view magic) {
    return begin.substr(std::min(at, begin.size())).starts_with(magic);
  };
  using namespace std::string_view_literals;
  return has(0, "PK\3\4") || has(0, "PK\5\6") || has(0, "\x1f\x8b") || has(0, "BZh") ||
         has(0,
             "\xfd"
             "7zXZ\0"sv) ||
         has(0, "\x28\xb5\x2f\xfd") || has(257, "ustar");
}

// Archives that are not read, by how they begin.
const char* foreign_archive(std::string_view begin) {
  if (begin.starts_with("Rar!")) return "a RAR archive";
  if (begin.starts_with("7z\xbc\xaf")) return "a 7z archive";
  return nullptr;
}

archive::Bounds bounds_of(const SourceOptions& options) {
  archive::Bounds bounds;
  bounds.file = options.most_bytes;
  bounds.total = 4 * options.most_bytes;
  return bounds;
}

class Reading {
 public:
  explicit Reading(const SourceOptions& options) : options_(options) {}

  void add(const std::string& path, std::string text) {
    bytes_ += text.size();
    if (bytes_ > options_.most_bytes) {
      refuse(Cause::Unreadable, "the files have more than " + std::to_string(options_.most_bytes) + " bytes");
    }
    if (files_.size() == options_.most_files) {
      refuse(Cause::Unreadable, "there are more than " + std::to_string(options_.most_files) + " files");
    }
    files_.push_back({path, std::move(text), WorkFile{}.mode, {path, 0, 0}});
  }

  // The folder of a tree; "" is all of it. Names begin below the one folder that holds all the rest.
  void add_folder(const archive::Tree& tree, std::string folder) {
    for (const archive::Refusal& refusal : tree.refusals()) {
      if (!folder.empty() && !refusal.path.starts_with(folder + "/")) continue;
      if (refusal.fault == archive::Refusal::Fault::Name) refuse(Cause::Unreadable, refusal.path + " " + refusal.why);
      if (!is_left_out(refusal.path)) remarks_.push_back(one_line(refusal.path + " is left out: it " + refusal.why));
    }
    for (;;) {
      std::vector<std::string> names = tree.names_in(folder);
      std::erase_if(names, is_left_out);
      if (names.size() != 1 || !tree.has_folder(archive::below(folder, names.front()))) break;
      folder = archive::below(folder, names.front());
    }
    const std::size_t prefix = folder.empty() ? 0 : folder.size() + 1;
    for (const std::string& path : tree.files_below(folder)) {
      const std::string name = path.substr(prefix);
      if (!is_left_out(name)) add(name, tree.read(path, options_.most_bytes));
    }
  }

  void add_file_or_archive(const Fd& file, const std::string& name) {
    const std::string begin = read_at_most(file, kMagic);
    if (const char* kind = foreign_archive(begin)) {
      refuse(Cause::Unreadable, name + " is " + kind + "; pack it as a zip");
    }
    if (is_archive(begin)) {
      const archive::Tree tree(file, name, archive::Formats::ZipOrTar, bounds_of(options_));
      return add_folder(tree, "");
    }
    add(name, read_at_most(file, options_.most_bytes + 1));
  }

  std::vector<WorkFile> take_files() { return std::move(files_); }
  std::vector<std::string> take_remarks() { return std::move(remarks_); }

 private:
  static constexpr std::size_t kMagic = 262;  // "ustar" stands at 257

  // From the beginning.
  static std::string read_at_most(const Fd& file, std::uint64_t most) {
    std::string text;
    std::array<char, 16384> block;  // not zeroed
    while (text.size() < most) {
      const std::size_t wanted = std::min<std::uint64_t>(block.size(), most - text.size());
      const ssize_t count = ::pread(file.get(), block.data(), wanted, static_cast<off_t>(text.size()));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) refuse(Cause::Unreadable, "it cannot be read: " + errno_text(errno));
      if (count == 0) break;
      text.append(block.data(), static_cast<std::size_t>(count));
    }
    return text;
  }

  const SourceOptions& options_;
  std::vector<WorkFile> files_;
  std::vector<std::string> remarks_;
  std::uint64_t bytes_ = 0;
};

// --- from files to sources -------------------------------------------------------------------------------------------

enum class HandedIn { ByPeople, InAPackage };

class Finding {
 public:
  Finding(std::vector<WorkFile> files, HandedIn handed_in, const ImageTable& images, const SourceOptions& options)
      : handed_in_(handed_in), images_(images), options_(options) {
    sources_.files = std::move(files);
  }

  // What a package says goes before what the files look like, and --language before both.
  Sources find(const std::string& language, const std::string& entry, std::vector<std::string> remarks) {
    sources_.remarks = std::move(remarks);
    for (const WorkFile& file : sources_.files) {
      check_name(file);
      sources_.code_bytes += text_of(file).size();
    }
    if (sources_.files.empty()) refuse(Cause::NoSource, "there is no file in it");
    choose_language(language);
    choose_image();
    name_the_only_source();
    std::string begins_in = entry;
    if (!options_.only_file_name.empty() && sources_.files.size() == 1) {
      WorkFile& only = sources_.files.front();
      rename(only, fs::path(only.path).replace_filename(options_.only_file_name).string() +
                       fs::path(only.path).extension().string());
      begins_in = only.path;
    }
    if (const std::string included = include_files(); !included.empty()) begins_in = included;
    set_entry(begins_in);
    std::ranges::sort(sources_.files, {}, &WorkFile::path);
    check_places();
    return std::move(sources_);
  }

 private:
  static const std::string& text_of(const WorkFile& file) { return std::get<std::string>(file.source); }

  static void check_name(const WorkFile& file) {
    if (text_rule::kWorkPath.accepts(file.path)) return;
    refuse(Cause::Unreadable, in_quotes(file.path) + " cannot be placed below /work; rename it");
  }

  void remark(const std::string& text) { sources_.remarks.push_back(one_line(text)); }

  // --- language and image ---

  void choose_language(const std::string& of_package) {
    if (!options_.language.empty()) return choose_named(options_.language);
    std::string code = of_package;
    if (code.empty() || code == "prolog") code = language_by_endings(sources_.files);
    if (code.empty()) code = language_by_endings_of_images();
    // A package says of such files that they are none of its submissions.
    if (code.empty() && handed_in_ == HandedIn::ByPeople) code = language_by_other_signs();
    if (code.empty()) refuse_unknown();
    sources_.language = code;
  }

  // Endings that images know beside those of the package format, such as .bash; the language of most files.
  [[nodiscard]] std::string language_by_endings_of_images() const {
    std::string best;
    std::ptrdiff_t most = 0;
    for (const Image& image : images_.images()) {
      if (image.languages.empty() || problem::find_language(image.languages.front()) == nullptr) continue;
      const auto count = std::ranges::count_if(sources_.files, [&](const WorkFile& file) {
        return std::ranges::find(image.endings, ending_of(file.path)) != image.endings.end();
      });
      if (count <= most) continue;
      most = count;
      best = image.languages.front();
    }
    return best;
  }

  [[nodiscard]] std::string language_by_other_signs() const {
    std::vector<std::string> paths = paths_of(sources_.files);
    for (std::string& path : paths) path = lower(path);
    if (const Language* language = problem::language_of(paths)) return language->code;
    return language_by_first_line(sources_.files);
  }

  void choose_named(const std::string& name) {
    if (problem::find_language(name) != nullptr) {
      sources_.language = name;
      return;
    }
    const Image* image = images_.find(name);
    if (image == nullptr || image->languages.empty()) {
      std::vector<std::string> known;
      for (const Language& language : problem::languages()) known.emplace_back(language.code);
      for (const Image& each : images_.images()) {
        if (!each.languages.empty()) known.push_back(each.name);
      }
      const std::string meant = nearest(name, known);
      refuse(Cause::UnknownLanguage,
             image == nullptr
                 ? "--language " + in_quotes(name) + " is neither the code of a language nor the name of an image" +
                       (meant.empty() ? "; codes are cpp, java, python3 and the like"
                                      : "; did you mean " + in_quotes(meant) + "?")
                 : "image " + in_quotes(name) + " does not say which languages it serves: languages = [\"...\"]");
    }
    named_image_ = image;
    sources_.language = image->languages.front();
  }

  [[noreturn]] void refuse_unknown() const {
    std::set<std::string> endings;
    for (const WorkFile& file : sources_.files) {
      if (const std::string_view ending = ending_of(file.path); !ending.empty()) endings.emplace(ending);
    }
    const std::string first = in_quotes(sources_.files.front().path);
    if (sources_.files.size() == 1) {
      refuse(Cause::UnknownLanguage,
             endings.empty()
                 ? first + " has no ending that tells its language; --language says it"
                 : "no language has the ending " + *endings.begin() + " of " + first + "; --language says it");
    }
    std::vector<std::string> some(endings.begin(), endings.end());
    if (some.size() > 8) some.resize(8);
    refuse(Cause::UnknownLanguage,
           "none of its " + std::to_string(sources_.files.size()) + " files has the ending of a language" +
               (some.empty() ? "" : "; they have " + join_words(some)) + "; --language says it");
  }

  void choose_image() {
    if (named_image_ != nullptr) {
      if (const std::vector<std::string> missing = missing_programs(*named_image_); !missing.empty()) {
        std::string line = "image " + named_image_->name + " lacks " + join_words(missing);
        if (!named_image_->packages.empty()) line += ": apt-get install";
        for (const std::string& package : named_image_->packages) line += " " + package;
        refuse(Cause::NotInstalled, line);
      }
      sources_.image = named_image_->name;
      return;
    }
    auto choice = image_for(sources_.language, images_, options_.preferred_images);
    if (auto* refusal = std::get_if<Refusal>(&choice)) throw Refused{std::move(*refusal)};
    auto& chosen = std::get<ImageChoice>(choice);
    sources_.image = chosen.image;
    if (!chosen.passed_over.empty()) remark("image " + chosen.image + " is taken, since " + chosen.passed_over);
  }

  [[nodiscard]] const Language& language() const { return *problem::find_language(sources_.language); }

  // Of the language, or with another ending that the image knows: Perl's .pl.
  [[nodiscard]] std::vector<std::string> source_paths() const {
    std::vector<std::string> sources = problem::sources_in(language(), paths_of(sources_.files));
    const std::vector<std::string>& more = images_.find(sources_.image)->endings;
    for (const WorkFile& file : sources_.files) {
      const bool is_known = std::ranges::find(sources, file.path) != sources.end();
      if (!is_known && std::ranges::find(more, ending_of(file.path)) != more.end()) sources.push_back(file.path);
    }
    return sources;
  }

  // A source without an ending of its language gets one, since compilers go by it: MAIN.CPP, or solution.txt with
  // --language.
  void name_the_only_source() {
    if (!source_paths().empty()) return;
    const Image& image = *images_.find(sources_.image);
    const std::string endings = language().endings;
    const std::string ending = !image.endings.empty() ? image.endings.front() : endings.substr(0, endings.find(' '));
    if (ending.empty()) return;
    bool has_one = false;
    for (WorkFile& file : sources_.files) {
      const std::string folded = lower(ending_of(file.path));
      const bool is_it = !folded.empty() && (" " + endings + " ").find(" " + folded + " ") != std::string::npos;
      if (!is_it && sources_.files.size() != 1) continue;
      rename(file, fs::path(file.path).replace_extension(is_it ? folded : ending).string());
      has_one = true;
    }
    if (!has_one) {
      refuse(Cause::NoSource, "none of its files has an ending of the language " + sources_.language + ": " + endings);
    }
  }

  void rename(WorkFile& file, const std::string& path) {
    if (file.path == path) return;
    const auto same = [&](const WorkFile& other) { return other.path == path; };
    if (std::ranges::any_of(sources_.files, same)) {
      remark(file.path + " keeps its name: " + path + " is there already");
      return;
    }
    remark(file.path + " is placed as " + path);
    file.path = path;
  }

  // --- what a package adds ---

  // Returns the main file among them, if there is one.
  std::string include_files() {
    std::string begins_in;
    for (const std::string& key : {std::string("default"), sources_.language}) {
      const auto found = options_.include.find(key);
      if (found == options_.include.end()) continue;
      for (const WorkFile& file : found->second) {
        check_name(file);
        std::erase_if(sources_.files, [&](const WorkFile& old) { return old.path == file.path; });
        sources_.files.push_back(file);
      }
      if (key == "default") continue;
      for (const std::string& path : problem::sources_in(language(), paths_of(found->second))) {
        const std::string name = path.substr(path.rfind('/') + 1);
        const bool is_main =
            options_.included_entry.empty()
                ? (*language().entry != '\0' && name == language().entry) || lower(name).starts_with("main.")
                : fs::path(name).stem() == options_.included_entry;
        if (is_main && begins_in.empty()) begins_in = path;
      }
    }
    return begins_in;
  }

  // --- the entry ---

  void set_entry(const std::string& wanted) {
    Entry entry = find_entry(language(), sources_.files, source_paths(), wanted);
    if (entry.path.empty()) {
      refuse(Cause::NoSource, wanted.empty() ? "there is no file that it could begin in"
                                             : "there is no file " + in_quotes(wanted) + " that it could begin in");
    }
    sources_.source = entry.path;
    sources_.main_class = entry.main_class;
    for (const auto& [path, place] : entry.places) {
      const auto file = std::ranges::find(sources_.files, path, &WorkFile::path);
      const bool is_entry = path == sources_.source;
      rename(*file, place);
      if (is_entry) sources_.source = file->path;
    }
  }

  // No path may be a folder of another one.
  void check_places() const {
    std::set<std::string_view> paths;
    for (const WorkFile& file : sources_.files) {
      check_name(file);  // a class may be the file's name now
      paths.insert(file.path);
    }
    for (const std::string_view path : paths) {
      for (std::size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
        if (!paths.contains(path.substr(0, slash))) continue;
        refuse(Cause::Unreadable,
               std::string(path) + " would lie in " + std::string(path.substr(0, slash)) + ", which is a file");
      }
    }
  }

  HandedIn handed_in_;
  const ImageTable& images_;
  const SourceOptions& options_;
  const Image* named_image_ = nullptr;
  Sources sources_;
};

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

Sources find_in(Reading& reading, const ImageTable& images, const SourceOptions& options) {
  std::vector<std::string> remarks = reading.take_remarks();
  return Finding(reading.take_files(), HandedIn::ByPeople, images, options).find("", "", std::move(remarks));
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
    return Finding(read_files(tree, files, options.most_bytes), HandedIn::InAPackage, images, options)
        .find(language, entry_said(language, entry, files), {});
  });
}

// --- the task --------------------------------------------------------------------------------------------------------

class TreeMaker {
 public:
  TomlNode text(std::string value) const { return {std::move(value), place_}; }
  TomlNode array(TomlArray elements) const { return {std::move(elements), place_}; }
  TomlNode table(TomlTable members) const { return {std::move(members), place_}; }
  TomlMember member(std::string name, TomlNode node) const { return {std::move(name), place_, std::move(node)}; }

 private:
  TomlPlace place_{std::make_shared<const std::string>("<submission>"), 0, 0};
};

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

namespace {

void read_at(Reading& reading, const std::string& path, const SourceOptions& options) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    const archive::Tree tree(path, bounds_of(options));
    reading.add_folder(tree, "");
    return;
  }
  const HostFile file = open_host_file(path, FileUse::Read);
  if (!file.descriptor) refuse(Cause::Unreadable, path + ": " + file.refusal);
  reading.add_file_or_archive(file.descriptor, fs::path(path).filename().string());
}

}  // namespace

SourcesOrRefusal sources_at(const std::string& path, const ImageTable& images, const SourceOptions& options) {
  return answer([&] {
    Reading reading(options);
    read_at(reading, path, options);
    return find_in(reading, images, options);
  });
}

std::variant<std::vector<WorkFile>, Refusal> files_at(const std::string& path, const SourceOptions& options) {
  Sources sources;
  auto found = answer([&] {
    Reading reading(options);
    read_at(reading, path, options);
    sources.files = reading.take_files();
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
  return answer([&] {
    Reading reading(options);
    if (tree.has_file(path)) {
      reading.add_file_or_archive(tree.open(path), path.substr(path.rfind('/') + 1));
    } else {
      reading.add_folder(tree, path);
    }
    return find_in(reading, images, options);
  });
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
      [&] { return Finding(std::move(files), HandedIn::ByPeople, images, options).find(language, entry, {}); });
}

// The tree of a plan's keys, not its text: no byte of a file or a name is quoted or parsed.
Task task_for(const Sources& sources, const ImageTable& images, const std::vector<std::string>& overrides) {
  const TreeMaker make;
  const Image* image = images.find(sources.image);
  TomlTable files;
  std::vector<std::string> hashed = {sources.image, sources.source, sources.main_class};
  for (const WorkFile& file : sources.files) {
    const auto& text = std::get<std::string>(file.source);
    files.push_back(make.member(file.path, make.table({make.member("text", make.text(text))})));
    hashed.push_back(sha256_hex(file.path) + sha256_hex(text));
  }
  TomlTable keys;
  keys.push_back(make.member("image", make.text(sources.image)));
  keys.push_back(make.member("source", make.text(sources.source)));
  keys.push_back(make.member("files", make.table(std::move(files))));
  const bool is_compiled = image != nullptr && !image->compile.empty();
  if (is_compiled) keys.push_back(make.member("compile", make.table({})));
  if (is_compiled && !sources.main_class.empty()) {
    TomlArray argv;
    for (std::string word : image->compiled_run) {
      if (word == "{stem}") word = sources.main_class;
      argv.push_back(make.text(std::move(word)));
    }
    if (!argv.empty()) keys.push_back(make.member("argv", make.array(std::move(argv))));
  }
  TomlNode root = make.table(std::move(keys));
  for (const std::string& override : overrides) apply_override(root, override);
  Plan header =
      plan_header({"", "<submission>", fs::path(sources.source).stem().string(), fs::current_path()}, overrides);
  header.origin.sha256 = hash_with_changes(header.origin.sha256, hashed);
  ImageCache cache(images.search_path());
  return task_of_tree(root, std::move(header), cache);
}

}  // namespace evalrun::contest
