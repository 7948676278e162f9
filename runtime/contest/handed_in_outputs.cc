#include "runtime/contest/handed_in_outputs.h"

#include <algorithm>

#include "runtime/reader/parse.h"

namespace evalrun::contest {
namespace {

// In place of a language.
constexpr const char* kOutputs = "output";

}  // namespace

bool are_outputs(const Sources& sources) {
  return sources.language == kOutputs;
}

SourcesOrRefusal outputs_from(std::vector<WorkFile> files, const ImageTable& images) {
  auto choice = image_for("bash", images, {"bash"});
  if (auto* refusal = std::get_if<Refusal>(&choice)) return std::move(*refusal);
  Sources sources;
  sources.image = std::get<ImageChoice>(choice).image;
  sources.language = kOutputs;
  for (const WorkFile& file : files) sources.code_bytes += std::get<std::string>(file.source).size();
  sources.files = std::move(files);
  return sources;
}

Task task_of_outputs(const Sources& sources, const ImageTable& images, const std::vector<std::string>& overrides) {
  Task task;
  task.plan = parse_plan({"image = \"" + sources.image + "\"\nargv = [\"true\"]\n", "<outputs>", "outputs", "/"},
                         overrides, images.search_path());
  task.plan.job.files = sources.files;
  return task;
}

void show_outputs(Task& task, const Sources& sources, const problem::Problem& problem) {
  for (std::size_t i = 0; i < task.cases.size(); ++i) {
    std::string name = problem.cases[i].submitted_name;
    if (name.empty() && sources.files.size() == 1) name = sources.files.front().path;
    const bool is_there = std::ranges::find(sources.files, name, &WorkFile::path) != sources.files.end();
    if (is_there) task.cases[i].argv = {"cat", "--", name};
  }
}

}  // namespace evalrun::contest
