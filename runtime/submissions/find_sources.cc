#include "runtime/submissions/find_sources.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "runtime/core/path_parts.h"
#include "runtime/core/text.h"
#include "runtime/problem/language.h"
#include "runtime/reader/text_rule.h"
#include "runtime/submissions/entry_file.h"
#include "runtime/submissions/refused.h"

namespace evalrun::contest {
namespace {

namespace fs = std::filesystem;
using Cause = Refusal::Cause;
using problem::Language;

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

class Finding {
 public:
  Finding(std::vector<WorkFile> files, HandedInBy handed_in, const ImageTable& images, const SourceOptions& options)
      : handed_in_(handed_in), images_(images), options_(options) {
    sources_.files = std::move(files);
  }

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
    if (code.empty() && handed_in_ == HandedInBy::People) code = language_by_other_signs();
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
        const std::string name = last_part(path);
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

  HandedInBy handed_in_;
  const ImageTable& images_;
  const SourceOptions& options_;
  const Image* named_image_ = nullptr;
  Sources sources_;
};

}  // namespace

Sources find_sources(std::vector<WorkFile> files, HandedInBy by, const std::string& language, const std::string& entry,
                     std::vector<std::string> remarks, const ImageTable& images, const SourceOptions& options) {
  return Finding(std::move(files), by, images, options).find(language, entry, std::move(remarks));
}

}  // namespace evalrun::contest
