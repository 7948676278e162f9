#include "runtime/problem/problem.h"

#include <algorithm>
#include <set>

#include "runtime/core/sha256.h"

namespace evalrun::problem {
namespace {

// Every part with its length, so that no two lists of parts give the same bytes.
class KeyHash {
 public:
  void add(std::string_view part) {
    hash_.update(std::to_string(part.size()) + ":");
    hash_.update(part);
  }
  void add(const std::vector<std::string>& words) {
    add(std::to_string(words.size()));
    for (const std::string& word : words) add(word);
  }
  void add(const std::optional<File>& file) { add(file ? "file " + file->sha256 : std::string("none")); }
  [[nodiscard]] std::string hex() const { return hash_.hex(); }

 private:
  Sha256 hash_;
};

std::string key_of(const Case& one) {
  KeyHash hash;
  hash.add(one.input);
  hash.add(one.answer);
  if (one.generated) {
    hash.add(std::to_string(one.generated->generator));
    hash.add(one.generated->arguments);
    hash.add(one.generated->input);
  }
  hash.add(one.answer_by ? std::to_string(*one.answer_by) : "");
  hash.add(one.args);
  hash.add(one.validator_args);
  hash.add(std::to_string(one.files.size()));
  for (const PlacedFile& placed : one.files) {
    hash.add(placed.name);
    hash.add(placed.file.sha256);
  }
  hash.add(std::to_string(one.checker));
  hash.add(one.normal_newlines ? "normal" : "");
  hash.add(one.input_name);
  hash.add(one.output_name);
  hash.add(one.submitted_name);
  return hash.hex();
}

}  // namespace

const char* name_of(Format format) {
  switch (format) {
    case Format::KattisLegacy: return "Kattis legacy";
    case Format::Kattis2023: return "Kattis 2023-07";
    case Format::Kattis2025: return "Kattis 2025-09";
    case Format::Dmoj: return "DMOJ";
    case Format::Polygon: return "Polygon";
    case Format::Cms: return "CMS";
  }
  return "";
}

bool is_of_kattis(Format format) {
  switch (format) {
    case Format::KattisLegacy:
    case Format::Kattis2023:
    case Format::Kattis2025: return true;
    case Format::Dmoj:
    case Format::Polygon:
    case Format::Cms: return false;
  }
  return false;
}

const char* name_of(Role role) {
  switch (role) {
    case Role::OutputValidator: return "output validator";
    case Role::Interactor: return "interactor";
    case Role::Checker: return "checker";
    case Role::InputValidator: return "input validator";
    case Role::StaticValidator: return "static validator";
    case Role::Grader: return "grader";
    case Role::Generator: return "generator";
    case Role::Manager: return "manager";
    case Role::Solution: return "solution";
  }
  return "";
}

const char* name_of(Convention convention) {
  switch (convention) {
    case Convention::Kattis: return "kattis";
    case Convention::Testlib: return "testlib";
    case Convention::DmojDefault: return "default";
    case Convention::DmojTestlib: return "testlib";
    case Convention::DmojCoci: return "coci";
    case Convention::DmojPeg: return "peg";
    case Convention::DmojPython: return "python";
    case Convention::Cms: return "cms";
  }
  return "";
}

const char* code_of(Result result) {
  switch (result) {
    case Result::Accepted: return "AC";
    case Result::WrongAnswer: return "WA";
    case Result::TimeLimit: return "TLE";
    case Result::RunTimeError: return "RTE";
    case Result::MemoryLimit: return "MLE";
    case Result::OutputLimit: return "OLE";
    case Result::NoOutput: return "NO";
    case Result::PresentationError: return "PE";
    case Result::CompileError: return "CE";
    case Result::Skipped: return "SC";
    case Result::JudgeError: return "JE";
    case Result::Any: return "any";
  }
  return "";
}

void set_keys(Problem& problem) {
  for (Case& one : problem.cases) one.key = key_of(one);
}

std::size_t distinct_cases(const Problem& problem) {
  std::set<std::string_view> keys;
  for (const Case& one : problem.cases) keys.insert(one.key);
  return keys.size();
}

std::string type_words(const Problem& problem) {
  std::string words = problem.types.scoring ? "scoring" : "pass-fail";
  if (problem.types.interactive) words += " interactive";
  if (problem.types.multi_pass) words += " multi-pass";
  if (problem.types.submit_answer) words += " submit-answer";
  return words;
}

}  // namespace evalrun::problem
