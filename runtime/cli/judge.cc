#include "runtime/cli/judge.h"

#include <iostream>

#include "runtime/archive/tree.h"
#include "runtime/cli/message.h"
#include "runtime/core/error.h"
#include "runtime/packages/read_package.h"
#include "runtime/problem/finding.h"

namespace evalrun::cli {
namespace {

std::string left_out(std::size_t count, const std::string& what) {
  return "and " + std::to_string(count) + " more " + what;
}

int check_package(const Options& options) {
  const packages::Package package = packages::read_package(options.judged[0], {}, options.links_root);
  const problem::Findings& findings = package.findings;
  for (const problem::Finding& finding : findings.list()) {
    if (finding.severity == problem::Severity::Error) say(problem::to_string(finding));
  }
  if (findings.errors() > problem::Findings::kMost) {
    say(left_out(findings.errors() - problem::Findings::kMost, "errors"));
  }
  if (findings.has_errors()) return 2;
  std::cout << packages::summary(package);
  for (const problem::Finding& finding : findings.list())
    std::cout << "  note: " << problem::to_string(finding) << "\n";
  if (findings.notes() > problem::Findings::kMost) {
    std::cout << "  note: " << left_out(findings.notes() - problem::Findings::kMost, "notes") << "\n";
  }
  return 0;
}

}  // namespace

int judge_package(const Options& options) {
  if (options.judged.empty()) throw UsageError("judge needs a PACKAGE; see evalrun judge --help");
  if (!options.check_package || options.judged.size() > 1) {
    throw UsageError("judge does not run submissions yet; use evalrun judge --check PACKAGE to read the package");
  }
  try {
    return check_package(options);
  } catch (const archive::TreeError& error) {
    say(error.what());
    return 2;
  }
}

}  // namespace evalrun::cli
