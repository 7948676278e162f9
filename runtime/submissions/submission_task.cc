// The task that compiles and runs a submission.
#include <memory>
#include <utility>

#include "runtime/core/sha256.h"
#include "runtime/reader/overrides.h"
#include "runtime/reader/plan_tree.h"
#include "runtime/submissions/submission_files.h"

namespace evalrun::contest {
namespace {

namespace fs = std::filesystem;

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
