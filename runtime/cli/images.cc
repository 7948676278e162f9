#include "runtime/cli/images.h"

#include <unistd.h>

#include <iostream>

#include "runtime/cli/execute.h"
#include "runtime/core/text.h"
#include "runtime/reader/addition.h"
#include "runtime/reader/image.h"
#include "runtime/reader/parse.h"

namespace evalrun::cli {
namespace {

// Programs that the image needs and this host lacks.
std::vector<std::string> missing_programs(const Image& image) {
  std::vector<std::string> missing;
  for (const std::string& program : image.programs) {
    if (::access(program.c_str(), X_OK) != 0) missing.push_back(program);
  }
  return missing;
}

std::string install_line(const Image& image) {
  std::string line = "apt-get install";
  for (const std::string& package : image.packages) line += " " + shell_word(package);
  return line;
}

// The plan a smoke program is: written as a user would write it, and parsed by the same parser.
PlanText smoke_plan(const Image& image, const SmokeProgram& smoke) {
  const std::filesystem::path folder = image.path.parent_path() / image.name;
  std::string text = "image = " + toml_string(image.path.string()) + "\n";
  if (!smoke.argv.empty()) {
    text += "argv = [";
    for (const std::string& word : smoke.argv) text += toml_string(word) + ", ";
    text += "]\n";
  }
  if (!smoke.source.empty()) text += "source = " + toml_string(smoke.source) + "\n";
  text += "stdin = { text = " + toml_string(smoke.input) + " }\n[files]\n";
  std::vector<std::string> files = smoke.files;
  if (!smoke.source.empty()) files.push_back(smoke.source);
  for (const std::string& file : files)
    text += toml_string(file) + " = { from = " + toml_string((folder / file).string()) + " }\n";
  return {text, image.path.filename().string() + " smoke " + smoke.name, smoke.name, folder};
}

bool run_smoke(const Image& image, const SmokeProgram& smoke) {
  std::vector<std::string> overrides;
  for (const auto& [key, value] : smoke.set) overrides.push_back(key + "=" + value);
  Engine engine = make_engine();
  const Result result = execute(engine, engine.compile(source_of(smoke_plan(image, smoke)), overrides), {}).result;
  const bool right = result.verdict() == Verdict::Ok && result.standard_output() == smoke.expect;
  std::cout << (right ? "ok      " : "FAILED  ") << one_line(image.name + " " + smoke.name);
  if (!right) {
    std::cout << ": " << name_of(result.verdict()) << ", " << one_line(result.message()) << "\n--- expected\n"
              << printable(smoke.expect) << "--- standard output\n"
              << printable(result.standard_output()) << "--- standard error\n"
              << printable(result.standard_error());
  }
  std::cout << "\n";
  return right;
}

}  // namespace

void list_images() {
  for (const Image& image : evalrun::list_images(image_search_path())) {
    const std::vector<std::string> missing = missing_programs(image);
    const std::string state =
        missing.empty() ? "installed" : "missing " + join_words(missing) + " (" + install_line(image) + ")";
    std::cout << one_line(image.name + ": " + image.description + "; " + state) << "\n";
  }
}

bool check_image(const std::string& name) {
  const Image image = load_image(name, image_search_path());
  const std::vector<std::string> missing = missing_programs(image);
  if (!missing.empty()) {
    std::cout << one_line(image.name + ": missing " + join_words(missing) + "; run: " + install_line(image)) << "\n";
    return false;
  }
  bool all = true;
  for (const SmokeProgram& smoke : image.smoke) all = run_smoke(image, smoke) && all;
  return all;
}

}  // namespace evalrun::cli
