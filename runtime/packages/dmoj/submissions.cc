#include "runtime/packages/dmoj/submissions.h"

#include "runtime/core/text.h"
#include "runtime/packages/dmoj/languages.h"
#include "runtime/packages/reading/bounds.h"
#include "runtime/packages/reading/map_reader.h"

namespace evalrun::packages::dmoj {
namespace {

std::vector<problem::Result> results(Reading& reading, MapReader& yaml, const std::string& key,
                                     const YamlPointer& node) {
  std::vector<problem::Result> found;
  const auto words = scalars(node, key, reading.findings);
  if (!words) return found;
  for (const std::string& word : *words) {
    if (word == "*") {
      found.push_back(problem::Result::Any);
    } else if (const auto result = result_named(word)) {
      found.push_back(*result);
    } else {
      yaml.error(key, in_quotes(word) + " is no result; use AC, WA, TLE, MLE, OLE, RTE, IR, CE, SC or IE");
    }
  }
  return found;
}

void read_case_results(Reading& reading, MapReader& yaml, problem::Expectation& expected) {
  const YamlPointer node = yaml.take("cases");
  if (node == nullptr) return;
  if (node->kind == YamlNode::Kind::List) {
    std::size_t number = 0;
    for (const YamlPointer& item : node->items) {
      expected.case_results[std::to_string(++number)] = results(reading, yaml, "cases", item);
    }
  } else if (node->kind == YamlNode::Kind::Map) {
    for (const auto& [number, item] : node->pairs)
      expected.case_results[number->text] = results(reading, yaml, "cases", item);
  } else {
    yaml.error("cases", "expected a list or a map of results, not " + kind_of(*node));
  }
}

// Of several sources each is a submission of its own, under the same label.
void read_test(Reading& reading, const std::string& folder, const std::string& file) {
  MapReader yaml(reading.yaml_of(file), file, reading.findings);
  problem::Submission common;
  common.expected.where = {file, 0, 0};
  if (const auto language = yaml.text("language")) {
    common.language = language_named(*language);
    if (common.language.empty()) {
      reading.findings.note(yaml.place_of("language"),
                            "language: " + in_quotes(*language) + " is not known here; it is skipped");
    }
  }
  if (const auto time = yaml.number("time", 0.001, kMostSeconds)) common.time_limit = seconds(*time);
  if (const auto memory = yaml.whole("memory", 1, std::int64_t{1} << 30)) common.memory_limit = kibibytes(*memory);
  common.expected.final_results = {problem::Result::Accepted};
  if (const YamlPointer expect = yaml.take("expect"))
    common.expected.final_results = results(reading, yaml, "expect", expect);
  read_case_results(reading, yaml, common.expected);
  if (const auto score = yaml.number("score", 0, kMostPoints)) common.expected.score = std::pair(*score, *score);
  common.expected.do_not_run = yaml.boolean("skip").value_or(false);
  const auto sources = scalars(yaml.take("source"), "source", reading.findings);
  if (!sources || sources->empty()) yaml.error("source", "is missing; name the submission's file");
  yaml.ignore({"score_cases", "feedback", "feedback_cases", "extended_feedback", "extended_feedback_cases", "arch",
               "points", "required_auxiliary_executors"});
  for (const std::string& source : sources.value_or(std::vector<std::string>{})) {
    const std::string path = folder + "/" + source;
    if (!reading.tree.has_file(path)) {
      yaml.error("source", "there is no file " + in_quotes(path) + "; add it");
      continue;
    }
    problem::Submission submission = common;
    submission.name = sources->size() == 1 ? folder : path;
    submission.path = path;
    if (auto found = reading.file_of(path)) submission.files.push_back({source, std::move(*found)});
    submission.entry = source;
    reading.problem.submissions.push_back(std::move(submission));
  }
  yaml.finish();
}

}  // namespace

void read_submissions(Reading& reading) {
  for (const std::string& name : reading.tree.names_in("tests")) {
    const std::string folder = "tests/" + name;
    for (const char* file : {"/test.yml", "/test.posix.yml"}) {
      if (!reading.tree.has_file(folder + file)) continue;
      read_test(reading, folder, folder + file);
      break;
    }
  }
}

}  // namespace evalrun::packages::dmoj
