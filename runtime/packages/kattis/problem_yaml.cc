#include "runtime/packages/kattis/problem_yaml.h"

#include <algorithm>
#include <set>

#include "runtime/core/text.h"
#include "runtime/packages/kattis/group_settings.h"
#include "runtime/packages/reading/bounds.h"
#include "runtime/packages/reading/map_reader.h"
#include "runtime/problem/language.h"

namespace evalrun::packages::kattis {
namespace {

using problem::Format;
using problem::Problem;

constexpr std::int64_t kMostMebibytes = std::int64_t{1} << 20;
constexpr double kMostFactor = 1000;

void read_version(Reading& reading, ProblemYaml& said, MapReader& yaml) {
  const std::string version = yaml.text("problem_format_version").value_or("legacy");
  if (version == "legacy" || version == "legacy-icpc") {
    said.is_icpc = version == "legacy-icpc";
  } else if (version == "2023-07" || version == "2023-07-draft") {
    reading.problem.format = Format::Kattis2023;
  } else if (version == "2025-09" || version == "2025-09-draft" || version == "draft") {
    reading.problem.format = Format::Kattis2025;
  } else {
    yaml.error("problem_format_version",
               in_quotes(version) + " is not known; use legacy, legacy-icpc, 2023-07 or 2025-09");
  }
  if (is_legacy(reading)) return;
  for (const char* key : {"name", "uuid"}) {
    if (!yaml.has(key))
      yaml.findings().error(yaml.where(), std::string(key) + ": is missing; this version requires it");
  }
}

void read_name(Reading& reading, MapReader& yaml) {
  reading.problem.name = reading.problem.short_name;
  const YamlPointer name = yaml.take("name");
  if (name == nullptr) return;
  if (name->kind == YamlNode::Kind::Scalar) {
    reading.problem.name = name->text;
  } else if (name->kind == YamlNode::Kind::Map) {
    for (const auto& [language, text] : name->pairs) {
      if (text->kind != YamlNode::Kind::Scalar) {
        reading.findings.error(text->where, "name." + language->text + ": expected text, not " + kind_of(*text));
      } else if (language->text == "en" || reading.problem.name == reading.problem.short_name) {
        reading.problem.name = text->text;
      }
    }
  } else {
    yaml.error("name", "expected text, or a map of languages, not " + kind_of(*name));
  }
}

// A word, words with spaces between them as DOMjudge takes them, or a list.
void read_type(Reading& reading, ProblemYaml& said, MapReader& yaml) {
  const YamlPointer node = yaml.take("type");
  if (node == nullptr) return;
  const auto list = scalars(node, "type", reading.findings);
  if (!list) return;
  std::vector<std::string> words;
  for (const std::string& item : *list) {
    for (std::string& word : split_at_space(item)) words.push_back(std::move(word));
  }
  bool pass_fail = false;
  std::set<std::string> seen;
  for (const std::string& word : words) {
    if (!seen.insert(word).second) {
      yaml.error("type", in_quotes(word) + " stands here twice; remove one");
      break;
    }
    if (word == "pass-fail") {
      pass_fail = true;
    } else if (word == "scoring") {
      reading.problem.types.scoring = true;
    } else if (word == "interactive") {
      reading.problem.types.interactive = true;
    } else if (word == "multi-pass") {
      reading.problem.types.multi_pass = true;
    } else if (word == "submit-answer") {
      reading.problem.types.submit_answer = true;
    } else {
      const std::string near = nearest(word, {"pass-fail", "scoring", "interactive", "multi-pass", "submit-answer"});
      yaml.error("type", in_quotes(word) + " is not known; " +
                             (near.empty() ? "use pass-fail, scoring, interactive, multi-pass or submit-answer"
                                           : "did you mean " + near + "?"));
    }
  }
  if (pass_fail && reading.problem.types.scoring)
    yaml.error("type", "is pass-fail and scoring at once; keep one of them");
  if (reading.problem.types.submit_answer && (reading.problem.types.interactive || reading.problem.types.multi_pass)) {
    yaml.error("type", "a submit-answer problem has no program, so it cannot be interactive or multi-pass");
  }
  if (said.is_icpc && reading.problem.types.scoring)
    yaml.error("type", "legacy-icpc has only pass-fail problems; use legacy");
}

// The oldest packages say here what holds for every group, whatever its testdata.yaml says.
void read_old_grading(Reading& reading, ProblemYaml& said, MapReader& grading) {
  said.old_grading.accept_score = grading.number("accept_score", -kMostScore, kMostScore);
  said.old_grading.reject_score = grading.number("reject_score", -kMostScore, kMostScore);
  if (const auto words = grading.split("range")) {
    said.old_grading.range = range_of(*words);
    if (!said.old_grading.range) {
      grading.error("range", "expected two numbers, the smaller first, as in \"0 100\" or \"-inf +inf\"");
    }
  }
  const auto word = grading.choice("on_reject", {"first_error", "worst_error", "grade"});
  if (word == "first_error") said.old_grading.on_reject = "break";
  if (word == "grade") said.old_grading.on_reject = "continue";
  for (const char* key : {"accept_score", "reject_score", "range"}) {
    if (grading.has(key) && !reading.problem.types.scoring)
      grading.error(key, "is for scoring problems; write type: scoring");
  }
}

void read_grading(Reading& reading, ProblemYaml& said, MapReader& yaml) {
  MapReader grading = yaml.map("grading");
  if (const auto objective = grading.choice("objective", {"max", "min"}); objective && *objective == "min") {
    reading.problem.objective = Problem::Objective::Minimize;
  }
  grading.ignore({"show_test_data_groups"});
  read_old_grading(reading, said, grading);
  grading.finish();
}

void read_validation(Reading& reading, ProblemYaml& said, MapReader& yaml) {
  const auto words = yaml.split("validation");
  if (!words) return;
  for (const std::string& word : *words) {
    if (word == "custom") {
      said.validation.is_custom = true;
    } else if (word == "score") {
      said.validation.scores = true;
    } else if (word == "interactive") {
      reading.problem.types.interactive = true;
    } else if (word == "multi-pass") {
      reading.problem.types.multi_pass = true;
    } else if (word != "default") {
      const std::string near = nearest(word, {"default", "custom", "score", "interactive", "multi-pass"});
      yaml.error("validation", in_quotes(word) + " is not known; " +
                                   (near.empty() ? "use default, or custom with score, interactive or multi-pass"
                                                 : "did you mean " + near + "?"));
    }
  }
  const bool is_default = std::ranges::find(*words, "default") != words->end();
  if (is_default && words->size() > 1) yaml.error("validation", "default stands alone; use custom");
  if (!is_default && !said.validation.is_custom && !words->empty()) {
    yaml.error("validation", "begins with custom, as in \"custom " + (*words)[0] + "\"");
  }
  if (said.validation.scores && !reading.problem.types.scoring) {
    yaml.error("validation", "score is for scoring problems; write type: scoring");
  }
}

void read_legacy(Reading& reading, ProblemYaml& said, MapReader& yaml) {
  yaml.ignore({"author"});
  if (said.is_icpc && yaml.has("grading")) yaml.error("grading", "legacy-icpc has no scores; use legacy");
  read_validation(reading, said, yaml);
  if (auto flags = yaml.split("validator_flags")) said.validator_flags = std::move(*flags);
  read_grading(reading, said, yaml);
}

void read_languages(Reading& reading, MapReader& yaml) {
  const YamlPointer node = yaml.take("languages");
  if (node == nullptr || (node->kind == YamlNode::Kind::Scalar && node->text == "all")) return;
  const auto codes = scalars(node, "languages", reading.findings);
  if (!codes) return;
  for (const std::string& code : *codes) {
    if (problem::find_language(code) == nullptr) {
      yaml.error("languages", in_quotes(code) + " is no code of a language, such as cpp, java or python3");
    }
  }
  reading.problem.languages = *codes;
}

void read_constants(Reading& reading, MapReader& yaml) {
  const YamlPointer node = yaml.take("constants");
  if (node == nullptr) return;
  if (node->kind != YamlNode::Kind::Map) {
    yaml.error("constants", "expected a map, not " + kind_of(*node));
    return;
  }
  for (const auto& [name, value] : node->pairs) {
    if (value->kind == YamlNode::Kind::Scalar) {
      reading.problem.constants[name->text] = value->text;
      continue;
    }
    if (value->kind != YamlNode::Kind::Map) {
      reading.findings.error(value->where, "constants." + name->text + ": expected a value or a map");
      continue;
    }
    bool has_value = false;
    for (const auto& [variant, text] : value->pairs) {
      if (text->kind != YamlNode::Kind::Scalar) {
        reading.findings.error(text->where, "constants." + name->text + "." + variant->text + ": expected a value");
        continue;
      }
      has_value = has_value || variant->text == "value";
      reading.problem.constants[variant->text == "value" ? name->text : name->text + "." + variant->text] = text->text;
    }
    if (!has_value) {
      reading.findings.error(name->where, "constants." + name->text + ": has no key value; add it beside the variants");
    }
  }
}

void read_new(Reading& reading, ProblemYaml& said, MapReader& yaml) {
  yaml.ignore({"credits", "version", "embargo_until", "allow_file_writing"});
  if (reading.problem.format == Format::Kattis2023) {
    yaml.ignore({"author", "show_test_data_groups"});
    read_validation(reading, said, yaml);
    if (auto flags = yaml.split("validator_flags")) said.validator_flags = std::move(*flags);
    read_grading(reading, said, yaml);
  }
  read_languages(reading, yaml);
  read_constants(reading, yaml);
}

void read_limits(Reading& reading, MapReader& yaml) {
  MapReader limits = yaml.map("limits");
  problem::Limits& is = reading.problem.limits;
  if (reading.problem.format != Format::Kattis2025) {
    is.accepted_to_limit = limits.number("time_multiplier", 0.001, kMostFactor).value_or(is_legacy(reading) ? 5 : 2);
    is.limit_to_too_slow =
        limits.number("time_safety_margin", 0.001, kMostFactor).value_or(is_legacy(reading) ? 2 : 1.5);
  }
  if (is_legacy(reading) && limits.has("time_multipliers")) {
    limits.ignore({"time_multipliers"});
    reading.findings.note(limits.place_of("time_multipliers"),
                          "limits.time_multipliers: is a key of later versions and not looked at in this one; here it "
                          "is time_multiplier, which is 5 unless it is given");
  }
  if (!is_legacy(reading)) {
    MapReader multipliers = limits.map("time_multipliers");
    is.accepted_to_limit = multipliers.number("ac_to_time_limit", 1, kMostFactor).value_or(is.accepted_to_limit);
    is.limit_to_too_slow = multipliers.number("time_limit_to_tle", 1, kMostFactor).value_or(is.limit_to_too_slow);
    multipliers.finish();
    if (const auto resolution = limits.number("time_resolution", 0.001, kMostSeconds)) {
      is.time_resolution = seconds(*resolution);
    }
  }
  if (const auto time = limits.number("time_limit", 0.001, kMostSeconds)) {
    is.time = seconds(*time);
    if (!is_legacy(reading) && is.time->count() % is.time_resolution.count() != 0) {
      limits.error("time_limit", "is no multiple of time_resolution, which is " +
                                     evalrun::to_string(is.time_resolution) + "; set time_resolution");
    }
  }
  const auto bytes = [&](const char* key, unsigned shift) -> std::optional<Bytes> {
    const auto count = limits.whole(key, 1, kMostMebibytes);
    if (!count) return std::nullopt;
    return Bytes{static_cast<std::uint64_t>(*count) << shift};
  };
  const auto time = [&](const char* key) -> std::optional<Duration> {
    const auto count = limits.number(key, 0.001, kMostSeconds);
    if (!count) return std::nullopt;
    return seconds(*count);
  };
  is.memory = bytes("memory", 20);
  is.output = bytes("output", 20);
  is.code = bytes("code", 10);
  is.compilation_time = time("compilation_time");
  is.compilation_memory = bytes("compilation_memory", 20);
  is.validation_time = time("validation_time");
  is.validation_memory = bytes("validation_memory", 20);
  is.validation_output = bytes("validation_output", 20);
  const auto passes = limits.whole("validation_passes", 2, 1000);
  if (passes && !reading.problem.types.multi_pass) {
    limits.error("validation_passes", "is for multi-pass problems; add multi-pass to type");
  }
  reading.problem.passes = reading.problem.types.multi_pass ? static_cast<unsigned>(passes.value_or(2)) : 1;
  limits.finish();
}

}  // namespace

ProblemYaml read_problem_yaml(Reading& reading) {
  ProblemYaml said;
  MapReader yaml(reading.yaml_of("problem.yaml"), "problem.yaml", reading.findings);
  read_version(reading, said, yaml);
  read_name(reading, yaml);
  read_type(reading, said, yaml);
  yaml.ignore({"uuid", "source", "source_url", "license", "rights_owner", "keywords"});
  if (is_legacy(reading)) {
    read_legacy(reading, said, yaml);
  } else {
    read_new(reading, said, yaml);
  }
  read_limits(reading, yaml);
  yaml.finish();
  return said;
}

}  // namespace evalrun::packages::kattis
