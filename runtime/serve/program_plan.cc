#include "runtime/serve/program_plan.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "runtime/core/error.h"
#include "runtime/core/text.h"

namespace evalrun::serve {
namespace {

constexpr const char* kBody = "request";
// What programs of the other systems are used to having.
constexpr const char* kCommonLimits =
    "[limits]\nprocesses = 128\nopen_files = 1024\nworkspace = \"256MiB\"\nfile_size = \"256MiB\"\nstack = "
    "\"unlimited\"\n"
    "output = \"1TiB\"\n";
constexpr const char* kStatus = "/var/lib/dpkg/status";

TomlPlace nowhere() {
  static const auto file = std::make_shared<const std::string>(kBody);
  return {file, 0, 0};
}

std::string words_in_toml(const std::string& words) {
  std::istringstream stream(words);
  std::string text = "[";
  for (std::string word; stream >> word;) text += toml_string(word) + ", ";
  return text + "]";
}

std::string plan_of_row(const LanguageRow& row) {
  std::string text = "image = " + toml_string(row.image) + "\n";
  if (*row.run != '\0') text += "argv = " + words_in_toml(row.run) + "\n";
  text += kCommonLimits;
  if (*row.compile == '\0') return text;
  text += "[compile]\n";
  if (std::string_view(row.compile) != "image") text += "argv = " + words_in_toml(row.compile) + "\n";
  return text +
         "[compile.limits]\nprocesses = 256\nopen_files = 1024\nworkspace = \"512MiB\"\nfile_size = \"512MiB\"\n";
}

// "4:12.2.0-3" → "12.2.0", "2:1.17-74" → "1.17.0".
std::string semantic(const std::string& version) {
  std::string text = version.substr(version.find(':') == version.npos ? 0 : version.find(':') + 1);
  text = text.substr(0, text.find_first_not_of("0123456789."));
  while (text.ends_with('.')) text.pop_back();
  if (text.empty()) return "1.0.0";
  auto dots = std::ranges::count(text, '.');
  for (; dots < 2; ++dots) text += ".0";
  for (; dots > 2; --dots) text.resize(text.rfind('.'));
  return text;
}

}  // namespace

TomlNode toml_text(std::string text) {
  return {std::move(text), nowhere()};
}

TomlNode toml_texts(const std::vector<std::string>& texts) {
  TomlArray array;
  for (const std::string& text : texts) array.push_back(toml_text(text));
  return {std::move(array), nowhere()};
}

SetChange set_text(std::string key, std::string text) {
  return {std::move(key), toml_text(std::move(text))};
}

const Image* LanguageShop::image_of(const LanguageRow& row) {
  const auto [place, is_new] = images_.try_emplace(row.image);
  if (is_new) {
    try {
      Image image = load_image(row.image, shop_.image_path);
      const auto is_here = [](const std::string& program) { return ::access(program.c_str(), X_OK) == 0; };
      if (std::ranges::all_of(image.programs, is_here)) place->second = std::move(image);
    } catch (const PlanError&) {
      // It is not here.
    }
  }
  return place->second ? &*place->second : nullptr;
}

bool LanguageShop::has(const LanguageRow& row) {
  return image_of(row) != nullptr && (*row.needs == '\0' || ::access(row.needs, F_OK) == 0);
}

std::string LanguageShop::ending_of(const LanguageRow& row) {
  const Image* image = image_of(row);
  return image == nullptr || image->endings.empty() ? "" : image->endings.front();
}

Task LanguageShop::task_of(const LanguageRow& row, Program program) {
  std::unique_ptr<const PlanTemplate>& plan = templates_[row.name];
  if (!plan) {
    plan = std::make_unique<const PlanTemplate>(PlanText{plan_of_row(row), kBody, row.name, "/"},
                                                std::vector<std::string>{});
  }
  const bool compiles = *row.compile != '\0';
  std::vector<PlanChange> changes;
  changes.emplace_back(set_text("source", program.files.front().first));
  changes.emplace_back(set_text("limits.wall", to_string(program.run.wall)));
  changes.emplace_back(set_text("limits.cpu", to_string(program.cpu.value_or(program.run.wall))));
  changes.emplace_back(set_text("limits.memory", to_string(program.run.memory)));
  if (compiles) {
    changes.emplace_back(set_text("compile.limits.wall", to_string(program.compile.wall)));
    changes.emplace_back(set_text("compile.limits.cpu", to_string(program.compile_cpu.value_or(program.compile.wall))));
    changes.emplace_back(set_text("compile.limits.memory", to_string(program.compile.memory)));
  }
  TomlTable files;
  for (auto& [path, content] : program.files) {
    if (std::ranges::any_of(files, [&](const TomlMember& each) { return each.name == path; })) {
      throw PlanError({kBody, 0, 0}, "files", "two files are called " + in_quotes(path));
    }
    TomlTable file;
    file.push_back({"text", nowhere(), toml_text(std::move(content))});
    files.push_back({std::move(path), nowhere(), {std::move(file), nowhere()}});
  }
  TomlTable input;
  input.push_back({"text", nowhere(), toml_text(std::move(program.input))});
  TomlTable keys;
  keys.push_back({"files", nowhere(), {std::move(files), nowhere()}});
  keys.push_back({"stdin", nowhere(), {std::move(input), nowhere()}});
  if (!program.collect.empty()) {
    TomlArray collect;
    const Bytes most{std::max<std::uint64_t>(1, shop_.ceilings.output.count / program.collect.size())};
    for (const std::string& path : program.collect) {
      TomlTable wanted;
      wanted.push_back({"path", nowhere(), toml_text(path)});
      wanted.push_back({"optional", nowhere(), {true, nowhere()}});
      wanted.push_back({"max", nowhere(), toml_text(to_string(most))});
      collect.push_back({std::move(wanted), nowhere()});
    }
    keys.push_back({"collect", nowhere(), {std::move(collect), nowhere()}});
  }
  changes.emplace_back(MergeChange{std::move(keys)});
  Task task = plan->make(std::move(changes), "/", shop_.images);
  for (const std::string& word : program.args) {
    if (word.find('\0') != word.npos) throw PlanError({kBody, 0, 0}, "args", "expected texts without a NUL byte");
    task.plan.job.argv.push_back(word);
  }
  Limits& limits = task.plan.kind.limits;
  if (program.at_most == Program::AtMost::Stop) {
    limits.output = {std::nullopt, program.kept_output, program.kept_output};
  } else {
    task.plan.kind.output = OutputCapture{program.kept_output};
    task.plan.kind.error_output = OutputCapture{program.kept_output};
  }
  refuse_excess(task, shop_.ceilings);
  return task;
}

std::string version_of_image(const Image& image) {
  if (image.packages.empty()) return "1.0.0";
  std::ifstream status(kStatus);
  bool is_it = false;
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Package: ")) is_it = line.substr(9) == image.packages.front();
    if (is_it && line.starts_with("Version: ")) return semantic(line.substr(9));
  }
  return "1.0.0";
}

}  // namespace evalrun::serve
