#include "runtime/packages/kattis/group_settings.h"

#include <tuple>

#include "runtime/core/text.h"
#include "runtime/packages/reading/map_reader.h"
#include "runtime/problem/comparison.h"

namespace evalrun::packages::kattis {
namespace {

void apply_old_grading(const DataReading& data, Settings& settings) {
  if (data.grading.accept_score) settings.accept_score = *data.grading.accept_score;
  if (data.grading.reject_score) settings.reject_score = *data.grading.reject_score;
  if (data.grading.range) std::tie(settings.least, settings.most) = *data.grading.range;
  if (data.grading.on_reject) settings.on_reject = *data.grading.on_reject;
}

void check_score(const char* key, double score, MapReader& yaml, const Settings& settings) {
  if (yaml.has(key) && yaml.has("range") && (score < settings.least || score > settings.most)) {
    yaml.error(key, "lies outside this group's range; widen range");
  }
}

void read_flags(const DataReading& data, MapReader& yaml, Settings& settings) {
  if (auto word = yaml.choice("on_reject", {"break", "continue"})) settings.on_reject = *word;
  if (auto word = yaml.choice("grading", {"default", "custom"})) settings.custom_grading = *word == "custom";
  if (auto flags = yaml.text("grader_flags")) settings.grader_flags = *flags;
  if (auto score = yaml.number("accept_score", -kMostScore, kMostScore)) settings.accept_score = *score;
  if (auto score = yaml.number("reject_score", -kMostScore, kMostScore)) settings.reject_score = *score;
  if (const auto words = yaml.split("range")) {
    if (const auto range = range_of(*words)) {
      std::tie(settings.least, settings.most) = *range;
    } else {
      yaml.error("range", "expected two numbers, the smaller first, as in \"0 100\" or \"-inf +inf\"");
    }
  }
  if (!data.reading.problem.types.scoring) return;
  check_score("accept_score", settings.accept_score, yaml, settings);
}

void read_scores(const DataReading& data, MapReader& yaml, const char* max_key, const char* aggregation_key,
                 const char* require_key, const std::string& folder, Settings& settings) {
  for (const char* key : {max_key, aggregation_key, require_key}) {
    if (!yaml.has(key)) continue;
    if (folder == "data/sample") yaml.error(key, "is not permitted in data/sample, which has no score; remove it");
    if (!data.reading.problem.types.scoring)
      yaml.error(key, "is for scoring problems; write type: scoring or remove it");
  }
  if (const auto word = yaml.text(max_key)) {
    const auto score = whole_number(*word);
    if (*word == "unbounded") {
      settings.max_score.emplace();
    } else if (score && *score >= 0) {
      settings.max_score.emplace(static_cast<double>(*score));
    } else {
      yaml.error(max_key, "expected a whole number of 0 or more, or unbounded, not " + in_quotes(*word));
    }
  }
  if (auto word = yaml.choice(aggregation_key, {"pass-fail", "sum", "min"})) settings.aggregation = *word;
  const YamlPointer names = yaml.take(require_key);
  if (const auto list = scalars(names, yaml.prefix() + require_key, data.reading.findings)) {
    for (const std::string& name : *list) settings.require_pass.emplace_back(name, yaml.place_of(require_key));
  }
}

void read_maximum(const DataReading& data, MapReader& yaml, const std::string& folder, Settings& settings) {
  // The draft of 2023 has the same under a key of its own.
  if (yaml.has("scoring")) {
    MapReader scoring = yaml.map("scoring");
    read_scores(data, scoring, "score", "aggregation", "require-pass", folder, settings);
    scoring.finish();
  }
  read_scores(data, yaml, "max_score", "score_aggregation", "require_pass", folder, settings);
  if (const auto word = yaml.text("static_validation_score")) {
    const auto score = whole_number(*word);
    if (*word == "pass-fail") {
      settings.static_score.emplace();
    } else if (score && *score >= 0) {
      settings.static_score.emplace(static_cast<double>(*score));
    } else {
      yaml.error("static_validation_score", "expected a whole number or pass-fail, not " + in_quotes(*word));
    }
  }
  if (auto args = yaml.words("static_validator_args")) settings.static_args = std::move(*args);
}

std::optional<Words> words_of(Reading& reading, const YamlNode& node, const std::string& key) {
  if (node.kind == YamlNode::Kind::Scalar) return split_at_space(node.text);
  if (node.kind == YamlNode::Kind::Null) return Words{};
  return scalars(std::make_shared<YamlNode>(node), key, reading.findings);
}

// A list or a string of words for every validator, or a map of them by its name.
void read_input_validator_args(Reading& reading, MapReader& yaml, const char* key, Settings& settings) {
  const YamlPointer node = yaml.take(key);
  if (node == nullptr) return;
  settings.input_validator_args.clear();
  if (node->kind != YamlNode::Kind::Map) {
    settings.input_validator_args[""] = words_of(reading, *node, key).value_or(Words{});
    return;
  }
  // The older map is {name, flags}; the newer one has the validators' names for keys.
  MapReader inner(node, yaml.file(), reading.findings, std::string(key) + ".");
  if (inner.has("flags")) {
    const std::string name = inner.text("name").value_or("");
    settings.input_validator_args[name] = inner.split("flags").value_or(Words{});
    inner.finish();
    return;
  }
  for (const auto& [name, words] : node->pairs) {
    if (auto list = words_of(reading, *words, std::string(key) + "." + name->text)) {
      settings.input_validator_args[name->text] = std::move(*list);
    }
  }
}

void read_output_validator_args(Reading& reading, MapReader& yaml, Settings& settings) {
  for (const char* key : {"output_validator_args", "output_validator_flags"}) {
    const YamlPointer node = yaml.take(key);
    if (node == nullptr) continue;
    if (node->kind == YamlNode::Kind::Map) {
      MapReader inner(node, yaml.file(), reading.findings, std::string(key) + ".");
      inner.ignore({"name"});
      settings.output_validator_args = {inner.split("flags").value_or(Words{}), yaml.place_of(key)};
      inner.finish();
    } else if (auto words = words_of(reading, *node, key)) {
      settings.output_validator_args = {std::move(*words), yaml.place_of(key)};
    }
  }
}

// BAPCtools writes data/test_group.yaml when it generates the cases, and repositories often leave it out: it says the
// same in its own file. Null where there is none, or where that file cannot be read: nothing else is looked at there.
constexpr const char* kGenerators = "generators/generators.yaml";

MapReader settings_of_generators(const DataReading& data) {
  problem::Findings ignored;
  Reading looking{data.reading.tree, ignored, {}};  // with bounds of its own
  MapReader yaml(looking.yaml_of(kGenerators), kGenerators, ignored);
  const char* const name = yaml.has("test_group.yaml") ? "test_group.yaml" : "testdata.yaml";
  return {yaml.take(name), kGenerators, data.reading.findings, std::string(name) + "."};
}

std::optional<MapReader> settings_file_of(const DataReading& data, const std::string& folder) {
  const std::string path = config_of(data.reading, folder);
  if (path.empty() && folder == "data" && data.reading.tree.has_file(kGenerators)) return settings_of_generators(data);
  if (path.empty()) return std::nullopt;
  if (path.ends_with("test_group.yaml") && data.reading.tree.has_file(folder + "/testdata.yaml")) {
    data.reading.error(folder, "has both test_group.yaml and testdata.yaml; keep one of them");
  }
  return MapReader(data.reading.yaml_of(path), path, data.reading.findings);
}

}  // namespace

std::optional<std::pair<double, double>> range_of(const std::vector<std::string>& words) {
  if (words.size() != 2) return std::nullopt;
  const auto end_of = [](const std::string& word) -> std::optional<double> {
    if (word == "inf" || word == "+inf") return kInfinity;
    if (word == "-inf") return -kInfinity;
    return problem::decimal_number(word);
  };
  const auto least = end_of(words[0]);
  const auto most = end_of(words[1]);
  if (!least || !most || *least > *most) return std::nullopt;
  return std::pair(*least, *most);
}

std::string config_of(const Reading& reading, const std::string& folder) {
  for (const char* name : {"test_group.yaml", "testdata.yaml"}) {
    if (reading.tree.has_file(folder + "/" + name)) return folder + "/" + name;
  }
  return "";
}

void read_settings(const DataReading& data, const std::string& folder, Settings& settings) {
  settings.where = {folder, 0, 0};
  std::optional<MapReader> file = settings_file_of(data, folder);
  if (!file) return apply_old_grading(data, settings);
  MapReader& yaml = *file;
  settings.where = yaml.where();
  switch (data.system) {
    case GroupSystem::GraderFlags:
    case GroupSystem::Domjudge: read_flags(data, yaml, settings); break;
    case GroupSystem::MaximumScores: read_maximum(data, yaml, folder, settings); break;
  }
  // Both spellings of arguments, whatever the system: packages mix them.
  if (auto args = yaml.words("args")) settings.args = std::move(*args);
  read_input_validator_args(data.reading, yaml, "input_validator_args", settings);
  read_input_validator_args(data.reading, yaml, "input_validator_flags", settings);
  read_output_validator_args(data.reading, yaml, settings);
  if (const auto feedback = yaml.boolean("full_feedback")) settings.full_feedback = feedback;
  yaml.ignore({"input_visualizer_args", "output_visualizer_args", "hint", "description"});
  yaml.finish();
  apply_old_grading(data, settings);
}

void read_case_yaml(const DataReading& data, const std::string& path, Settings& settings) {
  if (is_legacy(data.reading) || !data.reading.tree.has_file(path + ".yaml")) return;
  MapReader yaml(data.reading.yaml_of(path + ".yaml"), path + ".yaml", data.reading.findings);
  if (auto args = yaml.words("args")) settings.args = std::move(*args);
  read_input_validator_args(data.reading, yaml, "input_validator_args", settings);
  read_output_validator_args(data.reading, yaml, settings);
  if (const auto feedback = yaml.boolean("full_feedback")) settings.full_feedback = feedback;
  yaml.ignore({"input_visualizer_args", "output_visualizer_args", "hint", "description"});
  yaml.finish();
}

Settings arguments_of(const Settings& root) {
  Settings settings;
  settings.args = root.args;
  settings.input_validator_args = root.input_validator_args;
  settings.output_validator_args = root.output_validator_args;
  settings.full_feedback = root.full_feedback;
  return settings;
}

}  // namespace evalrun::packages::kattis
