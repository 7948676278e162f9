#include "runtime/plan/parse.h"

#include <algorithm>
#include <map>
#include <utility>

#include "runtime/core/sha256.h"
#include "runtime/core/text.h"
#include "runtime/plan/image_file.h"
#include "runtime/plan/key_table.h"
#include "runtime/plan/overrides.h"
#include "runtime/plan/text_file.h"
#include "runtime/plan/toml_tree.h"
#include "runtime/plan/tree_reader.h"

namespace evalrun {
namespace {

constexpr std::string_view kSource = "{source}";

std::string in_quotes(const std::string& text) {
  return "\"" + printable(text) + "\"";
}

// No path may be named twice, nor be a folder of another one: it could not be a file then.
template <typename File>
void check_paths(const std::vector<File>& files, const std::string& section) {
  std::map<std::string_view, const File*> by_path;
  for (const File& file : files) {
    if (by_path.emplace(file.path, &file).second) continue;
    throw PlanError(file.position, section, "expected each file once, found " + in_quotes(file.path) + " again");
  }
  for (const File& file : files) {
    for (std::size_t slash = file.path.find('/'); slash != file.path.npos; slash = file.path.find('/', slash + 1)) {
      const auto folder = by_path.find(std::string_view(file.path).substr(0, slash));
      if (folder == by_path.end()) continue;
      throw PlanError(file.position, section,
                      in_quotes(file.path) + " would lie in " + in_quotes(folder->second->path) + ", which is a file");
    }
  }
}

void check_network(const Plan& plan) {
  if (plan.network.mode == NetworkMode::Loopback) return;
  const auto refuse = [&](const std::vector<std::uint16_t>& ports, const std::string& key) {
    if (!ports.empty())
      throw PlanError(plan.where(key), key, "expected no ports, since network.mode is not \"loopback\"");
  };
  refuse(plan.network.bind, "network.bind");
  refuse(plan.network.connect, "network.connect");
}

// Two streams on one file would overwrite each other; an input that is also an output is empty before it is read.
void check_streams(const Plan& plan) {
  const auto* input = std::get_if<InputFile>(&plan.input);
  const auto* output = std::get_if<OutputFile>(&plan.output);
  const auto* error_output = std::get_if<OutputFile>(&plan.error_output);
  const auto same = [](const auto* a, const auto* b) {
    return a != nullptr && b != nullptr && a->path.lexically_normal() == b->path.lexically_normal();
  };
  if (same(output, error_output)) {
    throw PlanError(plan.where("stderr.file"), "stderr.file",
                    "expected a file other than stdout's, or stderr = \"stdout\"");
  }
  if (same(input, output)) {
    throw PlanError(plan.where("stdout.file"), "stdout.file", "expected a file other than stdin's");
  }
  if (same(input, error_output)) {
    throw PlanError(plan.where("stderr.file"), "stderr.file", "expected a file other than stdin's");
  }
}

void take_run_line(Plan& plan, const Image& image) {
  const bool takes_source =
      std::ranges::any_of(image.run, [](const std::string& word) { return word.find(kSource) != word.npos; });
  if (!plan.source.empty() && !takes_source) {
    throw PlanError(plan.where("source"), "source", "expected with an image whose run line has {source}, or with argv");
  }
  if (image.run.empty()) {
    throw PlanError(plan.where("argv"), "argv",
                    "missing; expected the program and its arguments, or an image that has a run line");
  }
  if (plan.source.empty() && takes_source) {
    throw PlanError(plan.where("source"), "source",
                    "missing; the run line of image " + in_quotes(image.name) + " needs it");
  }
  plan.argv = image.run;
  plan.positions["argv"] = plan.where("image");
}

void fill_in_source(std::vector<std::string>& argv, const std::string& source) {
  for (std::string& word : argv) {
    for (std::size_t at = word.find(kSource); at != word.npos; at = word.find(kSource, at + source.size())) {
      word.replace(at, kSource.size(), source);
    }
  }
}

void read_all_keys(const TomlNode& root, Plan& plan, const std::vector<std::filesystem::path>& images) {
  // Values go straight into the plan, over those of its image; so the plan is read twice, the first time only for the
  // image's name and for its own errors, which should come before the image's.
  Plan scratch;
  Draft rehearsal(scratch, plan.whole, plan.folder);
  read_tree(root, plan_keys(), rehearsal);
  Image image;
  if (!scratch.image.empty()) {
    image = apply_image({scratch.image, rehearsal.where("image"), plan.folder}, images, plan);
  }
  Draft draft(plan, plan.whole, plan.folder);
  read_tree(root, plan_keys(), draft);
  join(std::move(draft));
  plan.image = image.name;
  if (plan.argv.empty()) take_run_line(plan, image);
  if (!plan.source.empty()) fill_in_source(plan.argv, plan.source);
}

}  // namespace

PlanText read_plan(const std::string& path_or_dash) {
  namespace fs = std::filesystem;
  if (path_or_dash == "-") return {read_text_file("-", "<stdin>"), "<stdin>", "stdin", fs::current_path()};
  const fs::path path(path_or_dash);
  return {read_text_file(path_or_dash, path_or_dash), path_or_dash, path.stem().string(),
          fs::absolute(path).parent_path()};
}

Plan parse_plan(const PlanText& text, const std::vector<std::string>& overrides,
                const std::vector<std::filesystem::path>& images) {
  check_text_size(text.text.size(), text.file);
  TomlNode root = parse_toml(text.text, text.file);
  for (const std::string& override : overrides) apply_override(root, override);
  Plan plan;
  plan.name = text.name;
  plan.sha256 = sha256_hex(text.text);
  plan.folder = text.folder;
  plan.whole = {text.file, 1, 1};
  read_all_keys(root, plan, images);
  check_network(plan);
  check_streams(plan);
  check_paths(plan.files, "files");
  check_paths(plan.collect, "collect");
  return plan;
}

}  // namespace evalrun
