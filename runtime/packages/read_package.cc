#include "runtime/packages/read_package.h"

#include <algorithm>
#include <array>

#include "runtime/core/plural.h"
#include "runtime/core/text.h"
#include "runtime/packages/cms/read_cms.h"
#include "runtime/packages/dmoj/read_dmoj.h"
#include "runtime/packages/kattis/read_kattis.h"
#include "runtime/packages/polygon/read_polygon.h"
#include "runtime/packages/reading/reading.h"

namespace evalrun::packages {
namespace {

struct FormatRow {
  const char* file;  // its presence in the root is the format
  void (*read)(Reading&);
};

constexpr FormatRow kFormats[] = {
    {"problem.yaml", read_kattis}, {"domjudge-problem.ini", read_kattis},
    {"init.yml", read_dmoj},       {"problem.xml", read_polygon},
    {"task.yaml", read_cms},
};

bool has_format(const archive::Tree& tree) {
  return std::ranges::any_of(kFormats, [&](const FormatRow& row) { return tree.has_file(row.file); });
}

// An archive as the format wants it has one folder, and the package is in that.
void enter_only_folder(archive::Tree& tree) {
  if (has_format(tree)) return;
  const std::vector<std::string> names = tree.names_in("");
  if (names.size() == 1 && tree.has_folder(names[0])) tree.enter(names[0]);
}

// What judging looks at, in the problem package format and in CMS's. Other formats name each file that they need.
constexpr const char* kNeeded[] = {"data/",    "submissions/", "output_validator/", "output_validators/",
                                   "graders/", "include/",     "static_validator/"};

constexpr const char* kNeededByCms[] = {"input/", "output/", "check/", "cor/", "sol/"};

// A statement that is a link to elsewhere hinders nobody; data that is one does.
void tell_refusals(const archive::Tree& tree, problem::Findings& findings) {
  const bool is_cms = tree.has_file("task.yaml");
  for (const archive::Refusal& refusal : tree.refusals()) {
    const auto lies_in = [&](const char* folder) {
      return refusal.path.starts_with(folder) || refusal.path + "/" == folder;
    };
    const bool is_needed =
        std::ranges::any_of(kNeeded, lies_in) || (is_cms && std::ranges::any_of(kNeededByCms, lies_in));
    if (refusal.fault == archive::Refusal::Fault::Name || is_needed) {
      findings.error({refusal.path, 0, 0}, refusal.why);
    } else {
      findings.note({refusal.path, 0, 0}, refusal.why);
    }
  }
}

std::string how_built(const problem::Program& program) {
  switch (program.build) {
    case problem::Build::ByLanguage: return program.language;
    case problem::Build::ByScripts: return "build and run";
    case problem::Build::IsBuilt: return "as it is";
  }
  return "";
}

}  // namespace

Package read_package(const std::string& path, const archive::Bounds& bounds, const std::string& links_root) {
  Package package{archive::Tree(path, bounds, links_root), {}, {}};
  archive::Tree& tree = package.tree;
  enter_only_folder(tree);
  if (tree.has_file("init.yml")) add_dmoj_archive(tree, package.findings);
  tell_refusals(tree, package.findings);
  const FormatRow* format = nullptr;
  for (const FormatRow& row : kFormats) {
    if (!tree.has_file(row.file)) continue;
    if (format != nullptr && format->read != row.read) {
      package.findings.error({row.file, 0, 0}, std::string("stands beside ") + format->file +
                                                   ", which is another format; remove one of them");
    } else if (format == nullptr) {
      format = &row;
    }
  }
  if (format == nullptr) {
    package.findings.error({"", 0, 0},
                           tree.has_file("contest.yaml")
                               ? "this is a contest of CMS's; each of its tasks is a package, so name the folder of one"
                               : "this is no problem package: it has no problem.yaml (Kattis, DOMjudge), init.yml "
                                 "(DMOJ), problem.xml (Polygon) or task.yaml (CMS)");
    return package;
  }
  Reading reading{tree, package.findings, {}};
  reading.problem.short_name = tree.name();
  format->read(reading);
  problem::set_keys(reading.problem);
  package.problem = std::move(reading.problem);
  return package;
}

std::string summary(const Package& package) {
  const problem::Problem& is = package.problem;
  std::string text = is.short_name + ": " + problem::name_of(is.format) + ", " + problem::type_words(is) + "\n";
  text = one_line(text.substr(0, text.size() - 1)) + "\n";
  const auto line = [&](const std::string& name, const std::string& value) {
    text += padded("  " + name, 24) + one_line(value) + "\n";
  };
  line("name", is.name);
  line("groups", std::to_string(is.groups.empty() ? 0 : is.groups.size() - 1));
  line("cases", std::to_string(is.cases.size()) + ", " + std::to_string(problem::distinct_cases(is)) + " distinct");
  line("time limit",
       is.limits.time ? evalrun::to_string(*is.limits.time) : "from the accepted submissions, or --time-limit");
  if (is.limits.memory) line("memory limit", evalrun::to_string(*is.limits.memory));
  if (is.passes > 1) line("passes", std::to_string(is.passes));
  for (const problem::Program& program : is.programs) {
    line(problem::name_of(program.role), program.name + ", " + how_built(program));
  }
  std::map<std::string, std::size_t> folders;
  std::size_t labelled = 0;
  for (const problem::Submission& submission : is.submissions) {
    const problem::Expectation& expected = submission.expected;
    const bool has_label = !expected.final_results.empty() || !expected.rules.empty() || expected.score ||
                           !expected.group_results.empty() || !expected.case_results.empty() || expected.not_full_score;
    if (!has_label) continue;
    ++labelled;
    ++folders[expected.folder.empty() ? "tests" : expected.folder];
  }
  std::string by_folder;
  for (const auto& [folder, count] : folders) {
    by_folder += (by_folder.empty() ? " (" : ", ") + std::to_string(count) + " " + folder;
  }
  line("labelled submissions", std::to_string(labelled) + by_folder + (by_folder.empty() ? "" : ")"));
  if (is.submissions.size() > labelled) {
    line("not labelled", plural(is.submissions.size() - labelled, "submission"));
  }
  return text;
}

}  // namespace evalrun::packages
