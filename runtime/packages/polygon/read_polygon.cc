#include "runtime/packages/polygon/read_polygon.h"

#include <algorithm>

#include "runtime/core/text.h"
#include "runtime/packages/polygon/judging.h"
#include "runtime/packages/polygon/problem_xml.h"
#include "runtime/packages/polygon/solutions.h"
#include "runtime/packages/polygon/sources.h"
#include "runtime/packages/reading/map_reader.h"

namespace evalrun::packages {
namespace polygon {
namespace {

using problem::Role;
using pugi::xml_node;

constexpr const char* kStandardCheckers =
    "acmp caseicmp casencmp casewcmp dcmp fcmp hcmp icmp lcmp ncmp nyesno pointscmp pointsinfo rcmp rcmp4 rcmp6 rcmp9 "
    "rncmp uncmp wcmp yesno";

void read_names(Reading& reading, const xml_node& root) {
  for (const xml_node name : root.child("names").children("name")) {
    const std::string language = name.attribute("language").value();
    if (language == "english" || reading.problem.name == reading.problem.short_name)
      reading.problem.name = name.attribute("value").value();
  }
}

void read_checker(Reading& reading, ProblemXml& xml, const SourceFiles& files, const xml_node& assets) {
  const xml_node checker = assets.child("checker");
  if (!checker) {
    if (!assets.child("interactor")) {
      reading.error(kProblemFile, "assets has no checker; add one, such as name=\"std::wcmp.cpp\"");
    }
    reading.problem.checkers.emplace_back(problem::BuiltInChecker{"testlib", "wcmp", {}});
    return;
  }
  const std::string name = checker.attribute("name").value();
  if (name.starts_with("std::")) {
    const std::string base = name.substr(5, name.rfind('.') - 5);
    const std::vector<std::string> known = split_at_space(kStandardCheckers);
    if (std::ranges::find(known, base) != known.end()) {
      reading.problem.checkers.emplace_back(problem::BuiltInChecker{"testlib", base, {}});
      return;
    }
  }
  if (!checker.child("source")) {
    xml.error(checker, "name " + in_quotes(name) + " is no standard checker, and there is no source; add source");
  } else if (const auto program = add_source(reading, xml, files, checker.child("source"), Role::Checker)) {
    reading.problem.checkers.emplace_back(problem::ProgramChecker{{*program}});
  }
  if (reading.problem.checkers.empty())
    reading.problem.checkers.emplace_back(problem::BuiltInChecker{"testlib", "wcmp", {}});
}

void read_interactor(Reading& reading, ProblemXml& xml, const SourceFiles& files, const xml_node& assets) {
  const xml_node interactor = assets.child("interactor");
  if (!interactor) return;
  reading.problem.types.interactive = true;
  for (const xml_node run : interactor.child("runs").children("run")) {
    if (std::string(run.child_value()) != "1") xml.error(interactor, "runs: running a solution twice is not supported");
  }
  const auto program = add_source(reading, xml, files, interactor.child("source"), Role::Interactor);
  if (!program) return;
  problem::Interaction interaction;
  interaction.interactor = *program;
  if (assets.child("checker")) interaction.verdict = problem::Interaction::Verdict::ByCheckerOfItsOutput;
  reading.problem.interaction = interaction;
}

void read_validators(Reading& reading, ProblemXml& xml, const SourceFiles& files, const xml_node& assets) {
  for (const xml_node validator : assets.child("validators").children("validator")) {
    if (validator.child("source")) add_source(reading, xml, files, validator.child("source"), Role::InputValidator);
  }
}

}  // namespace
}  // namespace polygon

void read_polygon(Reading& reading) {
  using namespace polygon;
  reading.problem.format = problem::Format::Polygon;
  reading.problem.name = reading.problem.short_name;
  reading.problem.groups.emplace_back();
  const std::unique_ptr<ProblemXml> xml = ProblemXml::read(reading);
  if (xml == nullptr) return;
  const pugi::xml_node root = xml->root();
  xml->check_children(root, {"names", "statements", "tutorials", "judging", "files", "assets", "properties", "stresses",
                             "documents", "tags"});
  read_names(reading, root);
  const SourceFiles files = source_files_of(reading, *xml);
  const auto main = read_solutions(reading, *xml, files);
  const pugi::xml_node assets = root.child("assets");
  read_checker(reading, *xml, files, assets);
  read_interactor(reading, *xml, files, assets);
  read_validators(reading, *xml, files, assets);
  read_judging(reading, *xml, files, main);
}

}  // namespace evalrun::packages
