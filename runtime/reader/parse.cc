#include "runtime/reader/parse.h"

#include <algorithm>
#include <map>
#include <utility>

#include "runtime/core/host_file.h"
#include "runtime/core/sha256.h"
#include "runtime/core/text.h"
#include "runtime/plan/jury_limits.h"
#include "runtime/plan/profile.h"
#include "runtime/reader/grading_rules.h"
#include "runtime/reader/jury_program.h"
#include "runtime/reader/key_table.h"
#include "runtime/reader/overrides.h"
#include "runtime/reader/plan_tree.h"
#include "runtime/reader/steps_section.h"
#include "runtime/reader/tests_section.h"
#include "runtime/reader/text_file.h"
#include "runtime/reader/toml_tree.h"
#include "runtime/reader/tree_reader.h"

namespace evalrun {
namespace {

constexpr std::string_view kSource = "{source}";
constexpr std::string_view kSources = "{sources}";
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

// Of a tar, `path` is a pattern: it may lie in another's folder, and is saved under a name of its own.
void check_collect(const std::vector<CollectFile>& wanted) {
  std::vector<CollectFile> saved = wanted;
  for (CollectFile& file : saved) {
    file.path = saved_name(file);
  }
  check_paths(saved, "collect");
}

void check_network(const Plan& plan) {
  if (plan.kind.network.mode == NetworkMode::Loopback) return;
  const auto refuse = [&](const std::vector<std::uint16_t>& ports, const std::string& key) {
    if (!ports.empty())
      throw PlanError(plan.origin.where(key), key, "expected no ports, since network.mode is not \"loopback\"");
  };
  refuse(plan.kind.network.bind, "network.bind");
  refuse(plan.kind.network.connect, "network.connect");
}

void check_cpu_limits(const Limits& limits, const SourcePosition& position, const std::string& key) {
  if (!limits.cpu_hard || *limits.cpu_hard > limits.cpu) return;
  throw PlanError(
      position, key,
      "expected more than limits.cpu, which is " + to_string(limits.cpu) + ", found " + to_string(*limits.cpu_hard));
}

// Two streams on one file would overwrite each other; an input that is also an output is empty before it is read.
void check_streams(const Plan& plan) {
  const auto* input = std::get_if<InputFile>(&plan.job.input);
  const auto* output = std::get_if<OutputFile>(&plan.kind.output);
  const auto* error_output = std::get_if<OutputFile>(&plan.kind.error_output);
  const auto same = [](const auto* a, const auto* b) {
    return a != nullptr && b != nullptr && a->path.lexically_normal() == b->path.lexically_normal();
  };
  if (same(output, error_output)) {
    throw PlanError(plan.origin.where("stderr.file"), "stderr.file",
                    "expected a file other than stdout's, or stderr = \"stdout\"");
  }
  if (same(input, output)) {
    throw PlanError(plan.origin.where("stdout.file"), "stdout.file", "expected a file other than stdin's");
  }
  if (same(input, error_output)) {
    throw PlanError(plan.origin.where("stderr.file"), "stderr.file", "expected a file other than stdin's");
  }
}

bool takes_source(const std::vector<std::string>& line) {
  return std::ranges::any_of(line, [](const std::string& word) {
    return word.find(kSource) != word.npos || word.find(kStem) != word.npos || word == kSources;
  });
}

// A line of the image in place of one that the plan does not give.
std::vector<std::string> image_line(const Plan& plan, const Image& image, const std::vector<std::string>& line,
                                    const std::string& what) {
  if (plan.job.source.empty() && takes_source(line)) {
    throw PlanError(plan.origin.where("source"), "source",
                    "missing; the " + what + " of image " + in_quotes(image.name) + " needs it");
  }
  return line;
}

void take_compile_line(Task& task, const Image& image) {
  Plan& plan = task.plan;
  if (image.compile.empty()) {
    throw PlanError(plan.origin.where("compile"), "compile.argv",
                    "missing; expected the compiler and its arguments, or an image that has a compile line");
  }
  task.compile->argv = image_line(plan, image, image.compile, "compile line");
  plan.origin.positions["compile.argv"] = plan.origin.where("image");
}

void take_run_line(Task& task, const Image& image) {
  Plan& plan = task.plan;
  const std::vector<std::string>& line = task.compile && !image.compiled_run.empty() ? image.compiled_run : image.run;
  const bool is_taken = takes_source(line) || (task.compile && takes_source(task.compile->argv));
  if (!plan.job.source.empty() && !is_taken) {
    throw PlanError(plan.origin.where("source"), "source",
                    "expected with an image whose run line has {source}, or with argv");
  }
  if (line.empty()) {
    throw PlanError(plan.origin.where("argv"), "argv",
                    "missing; expected the program and its arguments, or an image that has a run line");
  }
  plan.job.argv = image_line(plan, image, line, "run line");
  plan.origin.positions["argv"] = plan.origin.where("image");
}

bool is_below(const std::string& path, const std::string& folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || folder == "/" || path[folder.size()] == '/');
}

// The source is a file of [files] or a folder of them, or may come with a mount, or may be what the compile step
// leaves.
bool may_be_there(const Task& task, UsedBy step) {
  const Plan& plan = task.plan;
  const auto places = [&](const WorkFile& file) { return is_below(file.path, plan.job.source); };
  if (std::ranges::any_of(plan.job.files, places)) return true;
  if (!task.steps.empty() && std::ranges::any_of(task.steps.front().files, places)) return true;
  const auto gives = [&](const Case& one) { return std::ranges::any_of(one.files, places); };
  if (step == UsedBy::Run && !task.cases.empty() && std::ranges::all_of(task.cases, gives)) return true;
  if (step == UsedBy::Run && task.compile) return true;
  const std::string in_work = "/work/" + plan.job.source;
  const std::string in_cwd = (std::filesystem::path(plan.kind.cwd) / plan.job.source).string();
  return std::ranges::any_of(plan.kind.mounts, [&](const Mount& mount) {
    return mount.at != "/" && (is_below(in_work, mount.at) || is_below(in_cwd, mount.at));
  });
}

// Without this each run would fail as if the program were wrong. Later steps find what the first one leaves.
void check_source(const Task& task) {
  const Plan& plan = task.plan;
  const bool compiled = task.compile && takes_source(task.compile->argv);
  const bool has_own_line = !task.steps.empty() && !task.steps.front().argv.empty();
  if (!compiled && !takes_source(has_own_line ? task.steps.front().argv : plan.job.argv)) return;
  if (may_be_there(task, compiled ? UsedBy::Compile : UsedBy::Run)) return;
  std::vector<std::string> placed;
  for (const WorkFile& file : plan.job.files) placed.push_back(file.path);
  const std::string meant = nearest(plan.job.source, placed);
  throw PlanError(
      plan.origin.where("source"), "source",
      "expected a file that [files] places, found " + in_quotes(plan.job.source) +
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

// A word that begins with one of these would be read as an option, or as a file of further arguments.
std::string as_word(const std::string& path) {
  return path.find_first_of("-@+") == 0 ? "./" + path : path;
}

std::vector<Filling> fillings_of(const std::string& source, Bytes memory) {
  const std::string mebibytes = std::to_string(std::max<std::uint64_t>(memory.count >> 20, 1));
  std::vector<Filling> fillings = {{kMemory, mebibytes, mebibytes}};
  if (source.empty()) return fillings;
  const std::string stem = std::filesystem::path(source).stem().string();
  fillings.push_back({kSource, source, as_word(source)});
  fillings.push_back({kStem, stem, stem});
  return fillings;
}

bool has_ending(std::string_view path, const std::vector<std::string>& endings) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const std::size_t dot = name.rfind('.');
  return dot != name.npos && std::ranges::find(endings, name.substr(dot)) != endings.end();
}

// The plan's source first, since what a compiler makes may be called after it; empty if there is none.
std::vector<std::string> sources_of(const Job& job, const Image& image) {
  std::vector<std::string> sources;
  if (job.source.empty()) return sources;
  for (const WorkFile& file : job.files) {
    if (file.path != job.source && has_ending(file.path, image.endings)) sources.push_back(as_word(file.path));
  }
  std::ranges::sort(sources);
  sources.insert(sources.begin(), as_word(job.source));
  return sources;
}

void fill_in_word(std::string& word, const std::vector<Filling>& fillings) {
  for (std::size_t at = word.find('{'); at != word.npos; at = word.find('{', at)) {
    const auto found = std::ranges::find_if(
        fillings, [&](const Filling& each) { return std::string_view(word).substr(at).starts_with(each.placeholder); });
    if (found == fillings.end()) {
      ++at;
      continue;
    }
    const std::string& filling = at == 0 ? found->at_begin : found->inside;
    word.replace(at, found->placeholder.size(), filling);
    at += filling.size();
  }
}

// One pass over each word: what is filled in is not looked at again.
void fill_in(std::vector<std::string>& argv, const std::vector<Filling>& fillings,
             const std::vector<std::string>& sources) {
  for (auto word = argv.begin(); word != argv.end();) {
    if (*word != kSources || sources.empty()) {
      fill_in_word(*word++, fillings);
      continue;
    }
    word = argv.insert(argv.erase(word), sources.begin(), sources.end());
    word += static_cast<std::ptrdiff_t>(sources.size());
  }
}

// The compile step has limits of its own, and so have a case and a step.
void fill_in_lines(Task& task, const Image& image) {
  Job& job = task.plan.job;
  const Bytes memory = task.plan.kind.limits.memory;
  const std::vector<std::string> sources = sources_of(job, image);
  const std::vector<std::string> line = job.argv;
  fill_in(job.argv, fillings_of(job.source, memory), sources);
  if (task.compile) fill_in(task.compile->argv, fillings_of(job.source, task.compile->limits.memory), sources);
  for (PlanStep& step : task.steps) {
    if (step.argv.empty()) step.argv = line;
    fill_in(step.argv, fillings_of(job.source, step.limits.memory), sources);
  }
  for (Case& one : task.cases) {
    if (one.limits.memory == memory) continue;
    std::vector<std::string> own = line;
    fill_in(own, fillings_of(job.source, one.limits.memory), sources);
    if (own != job.argv) one.argv = std::move(own);
  }
}

// The image's profiles, then the plan's: their limits and ports come first, under what the image sets. So an image is
// applied again where it turns out that there are other profiles than that of every plan.
Image begin(Plan& plan, const Plan& rehearsed, const SourcePosition& image_named, ImageCache& images) {
  const Plan header = plan;
  const bool has_image = !rehearsed.kind.image.empty();
  Image image;
  if (has_image) {
    const auto& applied = images.apply(rehearsed.kind.image, image_named, plan.origin.folder);
    image = applied.image;
    plan = applied.plan;
    plan.origin.name = header.origin.name;
    plan.origin.sha256 = header.origin.sha256;
    plan.origin.folder = header.origin.folder;
    plan.origin.whole = header.origin.whole;
  }
  std::vector<NamedProfile> named = plan.kind.profiles;
  std::vector<Narrowing> narrowings = plan.kind.narrowings;
  named.insert(named.end(), rehearsed.kind.profiles.begin(), rehearsed.kind.profiles.end());
  narrowings.insert(narrowings.end(), rehearsed.kind.narrowings.begin(), rehearsed.kind.narrowings.end());
  if (named.empty()) return image;
  plan = header;
  begin_with(plan, named, narrowings);
  return has_image ? images.apply_over(rehearsed.kind.image, image_named, plan) : image;
}

GradingKeys read_all_keys(const TomlNode& root, Task& task, ImageCache& images) {
  Plan& plan = task.plan;
  // Values go straight into the plan, over those of its image; so the plan is read twice, the first time only for the
  // image's name, for profiles and for its own errors, which should come before the image's.
  Plan scratch;
  Draft rehearsal(scratch, plan.origin.whole, plan.origin.folder);
  read_tree(root, plan_keys(), rehearsal);
  const Image image = begin(plan, scratch, rehearsal.where("image"), images);
  Draft draft(plan, plan.origin.whole, plan.origin.folder);
  draft.compile_limits = image.compile_limits;
  read_tree(root, plan_keys(), draft);
  const std::vector<std::string> own_calls = draft.allow;
  join(draft);
  task.compile = std::move(draft.compile);
  task.cases = std::move(draft.cases);
  task.steps = std::move(draft.steps);
  task.output_file = std::move(draft.output_file);
  task.checker = draft.checker;
  task.passes = draft.passes;
  settle_capabilities(plan, own_calls);
  plan.kind.image = image.name;
  if (task.compile && task.compile->argv.empty()) take_compile_line(task, image);
  if (!uses_line_of_plan(task) && plan.job.argv.empty()) plan.job.argv = task.steps.front().argv;
  if (plan.job.argv.empty()) take_run_line(task, image);
  if (!plan.job.source.empty()) check_source(task);
  fill_in_lines(task, image);
  return {draft.checker_is_program ? Judge::Program : Judge::BuiltIn,
          std::move(draft.checker_keys),
          std::move(draft.interactor_keys),
          draft.checks_after_interactor,
          std::move(draft.cases_with_answer),
          std::move(draft.scoring),
          std::move(draft.tests)};
}

const TomlTable* section_of(const TomlNode& root, std::string_view name) {
  const auto& members = std::get<TomlTable>(root.value);
  const auto found = std::ranges::find(members, name, &TomlMember::name);
  return found == members.end() ? nullptr : std::get_if<TomlTable>(&found->node.value);
}

// The plan's own checker and interactor, once it is known that they have something to do.
void make_jury(const TomlNode& root, Task& task, const GradingKeys& keys, ImageCache& images) {
  const auto make = [&](const char* section, const JuryKeys& of, Duration wall) {
    task.jury.push_back(
        jury_program(*section_of(root, section), {section, of.convention, of.args, wall}, task.plan.origin, images));
    return task.jury.size() - 1;
  };
  if (keys.judge == Judge::Program) {
    task.judged_by = JudgedByPrograms{{make("checker", keys.checker, Duration{})}};
  }
  if (section_of(root, "interactor") != nullptr) {
    Duration wall{};
    for (const Case& one : task.cases) wall = std::max(wall, one.limits.wall);
    task.interaction =
        Interaction{make("interactor", keys.interactor, wall + kWallAfterDialogue), keys.checks_after_interactor};
  }
  // Score files are Kattis's; testlib's programs write points to standard error.
  if (!task.jury.empty()) task.scores = JuryScores::MayBeWritten;
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
  header.origin.name = text.name;
  header.origin.sha256 = hash_with_changes(sha256_hex(text.text), overrides);
  header.origin.folder = text.folder;
  header.origin.whole = {text.file, 1, 1};
  return header;
}

Task task_of_tree(const TomlNode& root, Plan header, ImageCache& images) {
  Task task;
  task.plan = std::move(header);
  const Plan& plan = task.plan;
  const GradingKeys keys = read_all_keys(root, task, images);
  if (!plan.origin.positions.contains("cwd")) task.plan.kind.cwd = plan.kind.workspace;
  // The image's HOME is the workspace.
  if (const auto home = task.plan.job.env.find("HOME"); home != task.plan.job.env.end() && home->second == "/work") {
    home->second = plan.kind.workspace;
  }
  check_network(plan);
  check_streams(plan);
  check_cpu_limits(plan.kind.limits, plan.origin.where("limits.cpu_hard"), "limits.cpu_hard");
  if (task.compile) {
    check_cpu_limits(task.compile->limits, plan.origin.where("compile.limits.cpu_hard"), "compile.limits.cpu_hard");
  }
  for (std::size_t i = 0; i < task.cases.size(); ++i) {
    check_cpu_limits(task.cases[i].limits, task.cases[i].position, "case[" + std::to_string(i) + "].limits.cpu_hard");
  }
  for (std::size_t i = 0; i < task.steps.size(); ++i) {
    const PlanStep& step = task.steps[i];
    const std::string key = "step[" + std::to_string(i) + "]";
    check_cpu_limits(step.limits, step.position, key + ".limits.cpu_hard");
    check_paths(step.files, key + ".files");
  }
  check_paths(plan.job.files, "files");
  if (!task.steps.empty()) check_paths(with_files(plan.job.files, task.steps.front().files), "step[0].files");
  for (std::size_t i = 0; i < task.cases.size(); ++i) {
    const std::vector<WorkFile>& own = task.cases[i].files;
    const std::string key = "case[" + std::to_string(i) + "].files";
    check_paths(own, key);
    if (!own.empty()) check_paths(with_files(plan.job.files, own), key);
  }
  check_collect(plan.kind.collect);
  check_steps(task);
  settle_grading(task, keys);
  make_jury(root, task, keys, images);
  if (keys.tests) add_tests(task, *keys.tests);
  return task;
}

Task parse_task(const PlanText& text, const std::vector<std::string>& overrides,
                const std::vector<std::filesystem::path>& images, const std::vector<PlanAddition>& additions) {
  TomlNode root = read_plan_tree(text, overrides);
  for (const PlanAddition& addition : additions) apply_addition(root, addition);
  ImageCache cache(images);
  return task_of_tree(root, plan_header(text, overrides), cache);
}

Plan parse_plan(const PlanText& text, const std::vector<std::string>& overrides,
                const std::vector<std::filesystem::path>& images, const std::vector<PlanAddition>& additions) {
  Task task = parse_task(text, overrides, images, additions);
  if (task.compile) {
    throw PlanError(task.plan.origin.where("compile"), "compile", "expected a plan of one program, without [compile]");
  }
  if (!task.cases.empty()) {
    throw PlanError(task.cases.front().position, "case[0]", "expected a plan of one program, without [[case]]");
  }
  if (!task.steps.empty()) {
    throw PlanError(task.steps.front().position, "step[0]", "expected a plan of one program, without [[step]]");
  }
  return std::move(task.plan);
}

}  // namespace evalrun
