#include "runtime/reader/image.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "runtime/core/text.h"
#include "runtime/reader/image_file.h"
#include "runtime/reader/key_table.h"
#include "runtime/reader/text_file.h"
#include "runtime/reader/text_rule.h"
#include "runtime/reader/toml_tree.h"
#include "runtime/reader/tree_reader.h"

namespace evalrun {
namespace {

namespace fs = std::filesystem;

// Deep enough for language -> toolchain -> base; a longer chain is a mistake.
constexpr std::size_t kMaxIncludes = 8;
constexpr std::string_view kEnding = ".toml";

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// Names of the image files in a folder, without their ending; none where it cannot be read.
std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path& path = entry->path();
    if (path.extension() == kEnding && is_file(path)) names.push_back(path.stem().string());
  }
  return names;
}

// What people call an image elsewhere.
struct OtherName {
  std::string_view name, image;
};
constexpr OtherName kOtherNames[] = {{"c++", "cpp"},    {"cxx", "cpp"},     {"g++", "cpp"},
                                     {"gcc", "c"},      {"py", "python"},   {"python3", "python"},
                                     {"js", "node"},    {"nodejs", "node"}, {"javascript", "node"},
                                     {"pypy3", "pypy"}, {"golang", "go"},   {"rs", "rust"}};

std::string meant_image(const std::string& reference, const std::vector<std::string>& names) {
  const auto* other = std::ranges::find(kOtherNames, reference, &OtherName::name);
  if (other != std::end(kOtherNames) && std::ranges::find(names, other->image) != names.end()) {
    return std::string(other->image);
  }
  return nearest(reference, names);
}

[[noreturn]] void fail_not_found(const ImageRequest& request, const std::vector<fs::path>& search_path) {
  std::vector<std::string> folders, names;
  for (const fs::path& folder : search_path) {
    folders.push_back(folder.string());
    std::ranges::move(names_in(folder), std::back_inserter(names));
  }
  const std::string meant = meant_image(request.reference, names);
  const std::string searched =
      folders.empty() ? "; there is no folder to search: set EVALRUN_IMAGES" : " in " + join_words(folders);
  throw PlanError(request.position, "image",
                  "no image " + in_quotes(request.reference) + searched +
                      (meant.empty() ? "" : "; did you mean " + in_quotes(meant) + "?"));
}

fs::path find_image(const ImageRequest& request, const std::vector<fs::path>& search_path) {
  if (is_image_path(request.reference)) {
    fs::path path = request.folder / request.reference;
    if (is_file(path)) return path;
    throw PlanError(request.position, "image", "no image file " + path.string());
  }
  for (const fs::path& folder : search_path) {
    fs::path path = folder / (request.reference + std::string(kEnding));
    if (is_file(path)) return path;
  }
  fail_not_found(request, search_path);
}

void check_smoke(const Image& image) {
  std::set<std::string> names;
  for (const SmokeProgram& smoke : image.smoke) {
    if (!names.insert(smoke.name).second) {
      throw PlanError(smoke.position, "smoke.name",
                      "expected a name of its own, found a second " + in_quotes(smoke.name));
    }
    if (smoke.argv.empty() && image.run.empty()) {
      throw PlanError(smoke.position, "smoke.argv", "missing; the image has no run line");
    }
  }
}

// It becomes several words, so it cannot be a part of one.
void check_lines(const Draft& draft) {
  const Image& image = draft.image;
  const std::pair<const char*, const std::vector<std::string>&> lines[] = {
      {"run", image.run}, {"compile", image.compile}, {"compiled_run", image.compiled_run}};
  for (const auto& [key, line] : lines) {
    for (const std::string& word : line) {
      if (word.find("{sources}") == word.npos || word == "{sources}") continue;
      throw PlanError(draft.where(key), key, "expected {sources} as a word of its own, found " + in_quotes(word));
    }
  }
}

// Reads an image file and, before it, those that it includes, each once.
class ImageReader {
 public:
  // An image in `read` is not read again where another one includes it.
  ImageReader(const std::vector<fs::path>& search_path, Plan& plan, std::set<fs::path>& read)
      : search_path_(search_path), plan_(plan), read_(read) {}

  struct Result {
    Image image;
    bool abstract;
  };

  Result read(const fs::path& path) {
    const std::string file = path.string();
    const fs::path folder = fs::absolute(path).parent_path();
    const SourcePosition whole = {file, 1, 1};
    const TomlNode root = parse_toml(read_text_file(file, file), file);
    // Values go straight into the plan, those of included images before those of this one; so the file is read twice,
    // the first time only for its includes and its errors.
    Plan scratch;
    Draft rehearsal(scratch, whole, folder);
    read_tree(root, image_keys(), rehearsal);
    const fs::path own = identity(path);
    chain_.push_back(own);
    for (const ImageInclude& include : rehearsal.includes) read_include(include, folder);
    chain_.pop_back();
    read_.insert(own);

    Draft draft(plan_, whole, folder);
    read_tree(root, image_keys(), draft);
    draft.image.path = fs::absolute(path);
    check(draft);
    std::erase_if(draft.positions, [](const auto& entry) {
      return !is_shared_section(std::string_view(entry.first).substr(0, entry.first.find('.')));
    });
    Result result{draft.image, draft.abstract};
    join(draft);
    return result;
  }

 private:
  // The same for every way to write the path.
  static fs::path identity(const fs::path& path) {
    std::error_code error;
    fs::path canonical = fs::canonical(path, error);
    return error ? fs::absolute(path) : canonical;
  }

  void read_include(const ImageInclude& include, const fs::path& folder) {
    // An image's neighbours come first, so that an image outside the search path can bring its own base.
    std::vector<fs::path> places = {folder};
    places.insert(places.end(), search_path_.begin(), search_path_.end());
    const fs::path path = find_image({include.reference, include.position, folder}, places);
    const fs::path found = identity(path);
    if (std::ranges::find(chain_, found) != chain_.end()) {
      throw PlanError(include.position, "include", in_quotes(include.reference) + " includes itself");
    }
    if (chain_.size() > kMaxIncludes) {
      throw PlanError(include.position, "include", "images nest too deeply: at most " + std::to_string(kMaxIncludes));
    }
    if (!read_.contains(found)) read(path);
  }

  static void check(const Draft& draft) {
    const std::string stem = draft.image.path.stem().string();
    if (draft.image.name.empty()) throw PlanError(draft.whole, "name", "missing; expected " + in_quotes(stem));
    if (draft.image.name != stem) {
      throw PlanError(draft.where("name"), "name",
                      "expected the file's own name, " + in_quotes(stem) + ", found " + in_quotes(draft.image.name));
    }
    check_lines(draft);
    check_smoke(draft.image);
  }

  const std::vector<fs::path>& search_path_;
  Plan& plan_;
  std::vector<fs::path> chain_;  // from the image that was asked for to the one being read
  std::set<fs::path>& read_;
};

std::vector<fs::path> existing(std::vector<fs::path> folders) {
  std::erase_if(folders, [](const fs::path& path) {
    std::error_code ignored;
    return !fs::is_directory(path, ignored);
  });
  return folders;
}

fs::path own_folder() {
  std::error_code error;
  const fs::path executable = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : executable.parent_path();
}

}  // namespace

Image apply_image(const ImageRequest& request, const std::vector<fs::path>& search_path, Plan& plan) {
  const fs::path path = find_image(request, search_path);
  std::set<fs::path> read;
  auto [image, abstract] = ImageReader(search_path, plan, read).read(path);
  if (abstract) {
    throw PlanError(request.position, "image", in_quotes(image.name) + " is only there to be included by other images");
  }
  return image;
}

std::vector<fs::path> images_of_environment() {
  std::vector<fs::path> candidates;
  if (const char* listed = std::getenv("EVALRUN_IMAGES")) {
    std::string_view rest = listed;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(':'), rest.size());
      if (end != 0) candidates.push_back(fs::absolute(rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return existing(std::move(candidates));
}

std::vector<fs::path> image_search_path() {
  std::vector<fs::path> candidates = images_of_environment();
  if (const fs::path folder = own_folder(); !folder.empty()) {
    candidates.push_back(folder.parent_path() / "images");  // <checkout>/build/evalrun
    candidates.push_back(folder.parent_path() / "share/evalrun/images");
  }
  return existing(std::move(candidates));
}

std::vector<Image> list_images(const std::vector<fs::path>& search_path) {
  std::map<std::string, fs::path> files;  // the first of each name
  for (const fs::path& folder : search_path) {
    for (const std::string& name : names_in(folder)) files.emplace(name, folder / (name + std::string(kEnding)));
  }
  std::vector<Image> images;
  std::set<fs::path> read;  // what all of them include is looked at once
  for (const auto& [name, path] : files) {
    Plan scratch;
    auto [image, abstract] = ImageReader(search_path, scratch, read).read(path);
    if (!abstract) images.push_back(std::move(image));
  }
  return images;
}

Image load_image(const std::string& name_or_path, const std::vector<fs::path>& search_path) {
  Plan scratch;
  return apply_image({name_or_path, SourcePosition{}, fs::current_path()}, search_path, scratch);
}

}  // namespace evalrun
