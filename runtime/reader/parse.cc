#include "runtime/reader/parse.h"

#include <algorithm>
#include <map>
#include <utility>

#include "runtime/core/host_file.h"
#include "runtime/core/sha256.h"
#include "runtime/core/text.h"
#include "runtime/plan/profile.h"
#include "runtime/reader/grading_rules.h"
#include "runtime/reader/key_table.h"
#include "runtime/reader/overrides.h"
#include "runtime/reader/plan_tree.h"
#include "runtime/reader/text_file.h"
#include "runtime/reader/toml_tree.h"
#include "runtime/reader/tree_reader.h"

namespace evalrun {
namespace {

constexpr std::string_view kSource = "{source}";
constexpr std::string_view kStem = "{stem}";
constexpr std::string_view kMemory = "{memory_mib}";

// What is started first with the source as a word of its line.
enum class UsedBy { Compile, Run };

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

bool takes_source(const std::vector<std::string>& line) {
  return std::ranges::any_of(
      line, [](const std::string& word) { return word.find(kSource) != word.npos || word.find(kStem) != word.npos; });
}

// A line of the image in place of one that the plan does not give.
std::vector<std::string> image_line(const Plan& plan, const Image& image, const std::vector<std::string>& line,
                                    const std::string& what) {
  if (plan.source.empty() && takes_source(line)) {
    throw PlanError(plan.where("source"), "source",
                    "missing; the " + what + " of image " + in_quotes(image.name) + " needs it");
  }
  return line;
}

void take_compile_line(Plan& plan, const Image& image) {
  if (image.compile.empty()) {
    throw PlanError(plan.where("compile"), "compile.argv",
                    "missing; expected the compiler and its arguments, or an image that has a compile line");
  }
  plan.compile->argv = image_line(plan, image, image.compile, "compile line");
  plan.positions["compile.argv"] = plan.where("image");
}

void take_run_line(Plan& plan, const Image& image) {
  const std::vector<std::string>& line = plan.compile && !image.compiled_run.empty() ? image.compiled_run : image.run;
  const bool is_taken = takes_source(line) || (plan.compile && takes_source(plan.compile->argv));
  if (!plan.source.empty() && !is_taken) {
    throw PlanError(plan.where("source"), "source", "expected with an image whose run line has {source}, or with argv");
  }
  if (line.empty()) {
    throw PlanError(plan.where("argv"), "argv",
                    "missing; expected the program and its arguments, or an image that has a run line");
  }
  plan.argv = image_line(plan, image, line, "run line");
  plan.positions["argv"] = plan.where("image");
}

bool is_below(const std::string& path, const std::string& folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || folder == "/" || path[folder.size()] == '/');
}

// The source is a file of [files] or a folder of them, or may come with a mount, or may be what the compile step
// leaves.
bool may_be_there(const Plan& plan, UsedBy step) {
  const auto places = [&](const WorkFile& file) { return is_below(file.path, plan.source); };
  if (std::ranges::any_of(plan.files, places)) return true;
  if (step == UsedBy::Run && plan.compile) return true;
  const std::string in_work = "/work/" + plan.source;
  const std::string in_cwd = (std::filesystem::path(plan.cwd) / plan.source).string();
  return std::ranges::any_of(plan.mounts, [&](const Mount& mount) {
    return mount.at != "/" && (is_below(in_work, mount.at) || is_below(in_cwd, mount.at));
  });
}

// Without this each run would fail as if the program were wrong.
void check_source(const Plan& plan) {
  const bool compiled = plan.compile && takes_source(plan.compile->argv);
  if (!compiled && !takes_source(plan.argv)) return;
  if (may_be_there(plan, compiled ? UsedBy::Compile : UsedBy::Run)) return;
  std::vector<std::string> placed;
  for (const WorkFile& file : plan.files) placed.push_back(file.path);
  const std::string meant = nearest(plan.source, placed);
  throw PlanError(
      plan.where("source"), "source",
      "expected a file that [files] places, found " + in_quotes(plan.source) +
          (placed.empty()   ? "; [files] places none"
           : !meant.empty() ? "; did you mean " + in_quotes(meant) + "?"
                            : "; [files] has " + in_quotes(placed.front()) + (placed.size() > 1 ? " and others" : "")));
}

// What stands for a placeholder in a word that may begin with it.
struct Filling {
  std::string_view placeholder;
  std::string inside;
  std::string at_begin;
};

std::vector<Filling> fillings_of(const std::string& source, Bytes memory) {
  const std::string mebibytes = std::to_string(std::max<std::uint64_t>(memory.count >> 20, 1));
  std::vector<Filling> fillings = {{kMemory, mebibytes, mebibytes}};
  if (source.empty()) return fillings;
  const std::string stem = std::filesystem::path(source).stem().string();
  // A word that would begin with "-" would be read as an option.
  fillings.push_back({kSource, source, source.starts_with('-') ? "./" + source : source});
  fillings.push_back({kStem, stem, stem});
  return fillings;
}

// One pass over each word: what is filled in is not looked at again.
void fill_in(std::vector<std::string>& argv, const std::vector<Filling>& fillings) {
  for (std::string& word : argv) {
    for (std::size_t at = word.find('{'); at != word.npos; at = word.find('{', at)) {
      const auto found = std::ranges::find_if(fillings, [&](const Filling& each) {
        return std::string_view(word).substr(at).starts_with(each.placeholder);
      });
      if (found == fillings.end()) {
        ++at;
        continue;
      }
      const std::string& filling = at == 0 ? found->at_begin : found->inside;
      word.replace(at, found->placeholder.size(), filling);
      at += filling.size();
    }
  }
}

// Each step has limits of its own, and so has a case.
void fill_in_lines(Plan& plan) {
  const std::vector<std::string> line = plan.argv;
  fill_in(plan.argv, fillings_of(plan.source, plan.limits.memory));
  if (plan.compile) fill_in(plan.compile->argv, fillings_of(plan.source, plan.compile->limits.memory));
  for (Case& one : plan.cases) {
    if (one.limits.memory == plan.limits.memory) continue;
    std::vector<std::string> own = line;
    fill_in(own, fillings_of(plan.source, one.limits.memory));
    if (own != plan.argv) one.argv = std::move(own);
  }
}

// The image's profiles, then the plan's: their limits and ports come first, under what the image sets. So an image is
// applied again where it turns out that there are other profiles than that of every plan.
Image begin(Plan& plan, const Plan& rehearsed, const SourcePosition& image_named, ImageCache& images) {
  const Plan header = plan;
  const bool has_image = !rehearsed.image.empty();
  Image image;
  if (has_image) {
    const auto& applied = images.apply(rehearsed.image, image_named, plan.folder);
    image = applied.image;
    plan = applied.plan;
    plan.name = header.name;
    plan.sha256 = header.sha256;
    plan.folder = header.folder;
    plan.whole = header.whole;
  }
  std::vector<NamedProfile> named = plan.profiles;
  std::vector<Narrowing> narrowings = plan.narrowings;
  named.insert(named.end(), rehearsed.profiles.begin(), rehearsed.profiles.end());
  narrowings.insert(narrowings.end(), rehearsed.narrowings.begin(), rehearsed.narrowings.end());
  if (named.empty()) return image;
  plan = header;
  begin_with(plan, named, narrowings);
  return has_image ? images.apply_over(rehearsed.image, image_named, plan) : image;
}

void read_all_keys(const TomlNode& root, Plan& plan, ImageCache& images) {
  // Values go straight into the plan, over those of its image; so the plan is read twice, the first time only for the
  // image's name, for profiles and for its own errors, which should come before the image's.
  Plan scratch;
  Draft rehearsal(scratch, plan.whole, plan.folder);
  read_tree(root, plan_keys(), rehearsal);
  const Image image = begin(plan, scratch, rehearsal.where("image"), images);
  Draft draft(plan, plan.whole, plan.folder);
  read_tree(root, plan_keys(), draft);
  const std::vector<std::string> own_calls = draft.allow;
  join(std::move(draft));
  settle_capabilities(plan, own_calls);
  plan.image = image.name;
  if (plan.compile && plan.compile->argv.empty()) take_compile_line(plan, image);
  if (plan.argv.empty()) take_run_line(plan, image);
  if (!plan.source.empty()) check_source(plan);
  fill_in_lines(plan);
}

}  // namespace

PlanText read_plan_file(const std::string& file) {
  namespace fs = std::filesystem;
  const fs::path path(file);
  return {read_text_file(file, file), file, path.stem().string(), fs::absolute(path).parent_path()};
}

PlanText read_plan(const std::string& path_or_dash) {
  const std::optional<int> descriptor = descriptor_named_by(path_or_dash);
  if (!descriptor) return read_plan_file(path_or_dash);
  const std::string name = path_or_dash == "-" ? "<stdin>" : path_or_dash;
  const std::string stem = path_or_dash == "-" ? "stdin" : std::filesystem::path(path_or_dash).stem().string();
  return {read_text_from(*descriptor, name), name, stem, std::filesystem::current_path()};
}

TomlNode read_plan_tree(const PlanText& text, const std::vector<std::string>& overrides) {
  check_text_size(text.text.size(), text.file);
  TomlNode root = parse_toml(text.text, text.file);
  for (const std::string& override : overrides) apply_override(root, override);
  return root;
}

std::string hash_with_changes(const std::string& sha256, const std::vector<std::string>& changes) {
  if (changes.empty()) return sha256;
  Sha256 hash;
  hash.update(sha256);
  for (const std::string& change : changes) hash.update("\n" + sha256_hex(change));
  return hash.hex();
}

Plan plan_header(const PlanText& text, const std::vector<std::string>& overrides) {
  Plan header;
  header.name = text.name;
  header.sha256 = hash_with_changes(sha256_hex(text.text), overrides);
  header.folder = text.folder;
  header.whole = {text.file, 1, 1};
  return header;
}

Plan plan_of_tree(const TomlNode& root, Plan header, ImageCache& images) {
  Plan plan = std::move(header);
  read_all_keys(root, plan, images);
  check_network(plan);
  check_streams(plan);
  check_paths(plan.files, "files");
  check_paths(plan.collect, "collect");
  settle_grading(plan);
  return plan;
}

Plan parse_plan(const PlanText& text, const std::vector<std::string>& overrides,
                const std::vector<std::filesystem::path>& images, const std::vector<PlanAddition>& additions) {
  TomlNode root = read_plan_tree(text, overrides);
  for (const PlanAddition& addition : additions) apply_addition(root, addition);
  ImageCache cache(images);
  return plan_of_tree(root, plan_header(text, overrides), cache);
}

}  // namespace evalrun
