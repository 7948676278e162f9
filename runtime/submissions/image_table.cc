// Which image serves a language, and what this host lacks for it.

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "runtime/core/text.h"
#include "runtime/problem/language.h"
#include "runtime/submissions/submission_files.h"

namespace evalrun::contest {
namespace {

bool is_executable(const std::string& path) {
  return ::access(path.c_str(), X_OK) == 0;
}

std::string install_line(const Image& image) {
  if (image.packages.empty()) return "";
  std::string line = ": apt-get install";
  for (const std::string& package : image.packages) line += " " + shell_word(package);
  return line;
}

// "pypy lacks /usr/bin/pypy3: apt-get install pypy3"
std::string lack_of(const Image& image) {
  return "image " + image.name + " lacks " + join_words(missing_programs(image)) + install_line(image);
}

}  // namespace

ImageTable::ImageTable(std::vector<std::filesystem::path> search_path)
    : search_path_(std::move(search_path)), images_(list_images(search_path_)) {}

const Image* ImageTable::find(const std::string& name) const {
  const auto found = std::ranges::find(images_, name, &Image::name);
  return found == images_.end() ? nullptr : &*found;
}

std::vector<const Image*> ImageTable::serving(const std::string& language) const {
  std::vector<const Image*> serving;
  for (const Image& image : images_) {
    if (std::ranges::find(image.languages, language) != image.languages.end()) serving.push_back(&image);
  }
  return serving;
}

std::vector<std::string> missing_programs(const Image& image) {
  std::vector<std::string> missing;
  for (const std::string& program : image.programs) {
    if (!is_executable(program)) missing.push_back(program);
  }
  // What the lines begin with, where the images' PATH leads.
  for (const auto& line : {image.run, image.compile, image.compiled_run}) {
    if (line.empty() || line.front().empty() || line.front().find_first_of("/{") != std::string::npos) continue;
    const std::string program = "/usr/bin/" + line.front();
    if (is_executable(program) || is_executable("/bin/" + line.front())) continue;
    if (std::ranges::find(missing, program) == missing.end()) missing.push_back(program);
  }
  return missing;
}

std::variant<ImageChoice, Refusal> image_for(const std::string& language, const ImageTable& images,
                                             const std::vector<std::string>& preferred) {
  std::vector<const Image*> serving = images.serving(language);
  if (serving.empty()) {
    std::vector<std::string> served;
    for (const Image& image : images.images())
      served.insert(served.end(), image.languages.begin(), image.languages.end());
    std::ranges::sort(served);
    served.erase(std::ranges::unique(served).begin(), served.end());
    return Refusal{
        Refusal::Cause::NoImage,
        one_line("no image serves the language " + language +
                 (served.empty() ? "; no image serves any" : "; there are images for " + join_words(served)))};
  }
  const auto rank = [&](const Image* image) { return std::ranges::find(preferred, image->name) - preferred.begin(); };
  std::ranges::stable_sort(serving, {}, rank);
  const auto is_preferred = [&](const Image* image) { return rank(image) < std::ssize(preferred); };
  std::string passed_over;
  for (const Image* image : serving) {
    if (missing_programs(*image).empty()) return ImageChoice{image->name, is_preferred(image) ? "" : passed_over};
    if (is_preferred(image)) passed_over += (passed_over.empty() ? "" : "; ") + lack_of(*image);
  }
  return Refusal{Refusal::Cause::NotInstalled,
                 one_line("the language " + language + " is not installed: " + lack_of(*serving.front()))};
}

}  // namespace evalrun::contest
