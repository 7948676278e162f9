#include "runtime/packages/polygon/solutions.h"

#include <algorithm>

#include "runtime/core/path_parts.h"
#include "runtime/core/text.h"

namespace evalrun::packages::polygon {
namespace {

using problem::ProgramIndex;
using problem::Result;
using problem::Role;
using pugi::xml_node;

struct TagRow {
  const char* tag;
  std::vector<Result> results;
};

const std::vector<TagRow>& tag_rows() {
  using enum Result;
  static const std::vector<TagRow> rows = {
      {"main", {Accepted}},
      {"accepted", {Accepted}},
      {"rejected",
       {WrongAnswer, TimeLimit, RunTimeError, MemoryLimit, OutputLimit, PresentationError, NoOutput, CompileError}},
      {"incorrect",
       {WrongAnswer, TimeLimit, RunTimeError, MemoryLimit, OutputLimit, PresentationError, NoOutput, CompileError}},
      {"wrong-answer", {WrongAnswer}},
      {"presentation-error", {PresentationError}},
      {"time-limit-exceeded", {TimeLimit}},
      {"memory-limit-exceeded", {MemoryLimit}},
      {"failed", {RunTimeError}},
      {"time-limit-exceeded-or-accepted", {TimeLimit, Accepted}},
      {"time-limit-exceeded-or-memory-limit-exceeded", {TimeLimit, MemoryLimit}},
      {"do-not-run", {}},
  };
  return rows;
}

}  // namespace

std::optional<ProgramIndex> read_solutions(Reading& reading, ProblemXml& xml, const SourceFiles& files) {
  std::optional<ProgramIndex> main;
  for (const xml_node solution : xml.root().child("assets").child("solutions").children("solution")) {
    const xml_node source = solution.child("source");
    const std::string path = source.attribute("path").value();
    const std::string tag = solution.attribute("tag").value();
    if (!reading.tree.has_file(path)) {
      xml.error(source ? source : solution, "there is no file " + in_quotes(path) + " in the package; add it");
      continue;
    }
    const auto row = std::ranges::find_if(tag_rows(), [&](const TagRow& one) { return tag == one.tag; });
    if (row == tag_rows().end()) {
      xml.error(solution, "tag: " + in_quotes(tag) +
                              " is not known; use main, accepted, rejected, wrong-answer or another of Polygon's");
      continue;
    }
    problem::Submission submission;
    submission.name = last_part(path);
    submission.path = path;
    submission.files = reading.files_of(path);
    submission.entry = last_part(path);
    submission.language = language_of(xml, source, submission.entry);
    submission.expected.folder = tag;
    submission.expected.final_results = row->results;
    submission.expected.do_not_run = tag == "do-not-run";
    submission.expected.where = xml.place(solution);
    reading.problem.submissions.push_back(std::move(submission));
    if (tag == "main") main = add_source(reading, xml, files, source, Role::Solution);
  }
  return main;
}

}  // namespace evalrun::packages::polygon
