#include "runtime/cli/judge.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "runtime/archive/tree.h"
#include "runtime/cli/end_signals.h"
#include "runtime/cli/judge_report.h"
#include "runtime/cli/message.h"
#include "runtime/contest/expectation.h"
#include "runtime/contest/judging.h"
#include "runtime/contest/time_limit.h"
#include "runtime/core/error.h"
#include "runtime/core/text.h"
#include "runtime/judge/capacity.h"
#include "runtime/packages/read_package.h"
#include "runtime/problem/finding.h"
#include "runtime/reader/image.h"

namespace evalrun::cli {
namespace {

constexpr int kPackageIsWrong = 2;

std::string left_out(std::size_t count, const std::string& what) {
  return "and " + std::to_string(count) + " more " + what;
}

void say_errors(const problem::Findings& findings) {
  for (const problem::Finding& finding : findings.list()) {
    if (finding.severity == problem::Severity::Error) say(problem::to_string(finding));
  }
  if (findings.errors() > problem::Findings::kMost) {
    say(left_out(findings.errors() - problem::Findings::kMost, "errors"));
  }
}

void print_summary(const packages::Package& package) {
  const problem::Findings& findings = package.findings;
  std::cout << packages::summary(package);
  for (const problem::Finding& finding : findings.list())
    std::cout << "  note: " << problem::to_string(finding) << "\n";
  if (findings.notes() > problem::Findings::kMost) {
    std::cout << "  note: " << left_out(findings.notes() - problem::Findings::kMost, "notes") << "\n";
  }
}

// --- judging ---------------------------------------------------------------------------------------------------------

// One command's work on a package.
class PackageJudge {
 public:
  PackageJudge(const Options& options, const packages::Package& package)
      : options_(options),
        images_(image_search_path()),
        tasks_(package, options.judged[0], images_, task_options(options)),
        judging_(tasks_, judging_options(options)) {
    judging_.loop().watch(signals_.get(), loop::Interest::Read, judging_.loop().caller(), [this] {
      if (const int signal = signals_.take()) judging_.interrupt(signal);
    });
  }

  int run() {
    if (!tasks_.refusals().empty()) {
      for (const std::string& why : tasks_.refusals()) say(why);
      return kPackageIsWrong;
    }
    return options_.self_test ? self_test() : judge_named();
  }

 private:
  static contest::TaskOptions task_options(const Options& options) {
    contest::TaskOptions made;
    made.memory = parse_bytes(options.memory_limit);
    made.compat = options.compat;
    return made;
  }

  static contest::JudgingOptions judging_options(const Options& options) {
    contest::JudgingOptions made;
    made.jobs = options.jobs;
    made.rules = options.rules;
    made.pointless_cases = options.all_cases ? judge::PointlessCases::Run : judge::PointlessCases::Skip;
    made.overrides = options.set;
    return made;
  }

  [[nodiscard]] const problem::Problem& problem() const { return tasks_.problem(); }

  contest::Entry entry_of(const problem::Submission& submission) const {
    return {.name = submission.name, .sources = tasks_.sources_of(submission), .labelled = &submission};
  }

  // Those that the limit is found from, graded without one.
  std::vector<contest::Judged> judge_lower_bounds() {
    std::vector<contest::Entry> entries;
    for (const problem::Submission& submission : problem().submissions) {
      if (contest::is_lower_bound(submission)) entries.push_back(entry_of(submission));
    }
    return judging_.judge(std::move(entries), contest::kUnknownTimeLimit, told());
  }

  // The limit, and what is known already of submissions that it was found from.
  Duration find_limit(std::vector<contest::Judged>& known) {
    if (const auto given = parse_duration(options_.time_limit)) return *given;
    if (problem().limits.time) return *problem().limits.time;
    known = judge_lower_bounds();
    const contest::Judged* slowest = nullptr;
    for (const contest::Judged& one : known) {
      if (one.grade.verdict != judge::Verdict::Ac || one.refusal) continue;
      if (slowest == nullptr || one.slowest > slowest->slowest) slowest = &one;
    }
    if (slowest == nullptr) {
      say("the package sets no time limit, and none of its submissions that would tell it was accepted here; give "
          "--time-limit");
      return problem().limits.time_resolution;
    }
    slowest_accepted_ = slowest->slowest;
    slowest_name_ = slowest->name;
    return contest::derived_time_limit(problem().limits, slowest->slowest);
  }

  std::function<void(const contest::Judged&)> told() {
    if (::isatty(STDERR_FILENO) != 1) return {};
    return [](const contest::Judged& one) { say(progress_of(one)); };
  }

  [[nodiscard]] bool is_as_labelled(const contest::Judged& one) const {
    return contest::mismatches(problem(), one.labelled->expected, *one.task, one.grade).empty();
  }

  // Between the limit and what is surely too slow, a label may hold for either: machines differ. Kattis's tools judge
  // so.
  void judge_with_more_time(std::vector<contest::Judged>& judged, Duration limit) {
    const auto too_slow = [](const judge::CaseGrade& one) { return one.verdict == judge::Verdict::Tle; };
    std::vector<contest::Entry> entries;
    for (const contest::Judged& one : judged) {
      if (one.refusal || is_as_labelled(one) || std::ranges::none_of(one.grade.cases, too_slow)) continue;
      entries.push_back(entry_of(*one.labelled));
    }
    if (entries.empty() || judging_.was_interrupted()) return;
    const auto longer = std::chrono::duration_cast<Duration>(limit * problem().limits.limit_to_too_slow);
    for (contest::Judged& again : judging_.judge(std::move(entries), longer, told())) {
      if (again.refusal || !again.task || !is_as_labelled(again)) continue;
      *std::ranges::find(judged, again.labelled, &contest::Judged::labelled) = std::move(again);
    }
  }

  int self_test() {
    std::vector<contest::Judged> known;
    const Duration limit = find_limit(known);
    std::vector<contest::Entry> entries;
    for (const problem::Submission& submission : problem().submissions) {
      const bool is_known = std::ranges::any_of(known, [&](const contest::Judged& one) {
        return one.labelled == &submission && (one.refusal || one.slowest <= limit);
      });
      if (!is_known && !submission.expected.do_not_run) entries.push_back(entry_of(submission));
    }
    std::erase_if(known, [&](const contest::Judged& one) { return !one.refusal && one.slowest > limit; });
    for (contest::Judged& one : known) one.limit = limit;  // it kept that, too
    std::vector<contest::Judged> judged = judging_.judge(std::move(entries), limit, told());
    std::ranges::move(known, std::back_inserter(judged));
    if (contest::has_kattis_labels(problem().format)) judge_with_more_time(judged, limit);
    std::ranges::sort(judged, {}, &contest::Judged::name);
    const SelfTestReport report{problem(), judged, limit, slowest_accepted_, slowest_name_};
    std::cout << to_text(report);
    if (judging_.was_interrupted()) return 3;
    return exit_status_of(report);
  }

  int judge_named() {
    std::vector<contest::Judged> known;
    const Duration limit = find_limit(known);
    std::vector<contest::Entry> entries;
    for (std::size_t i = 1; i < options_.judged.size(); ++i) {
      const std::string& path = options_.judged[i];
      entries.push_back({.name = path, .sources = tasks_.sources_at(path, options_.language)});
    }
    const std::vector<contest::Judged> judged = judging_.judge(std::move(entries), limit, told());
    std::cout << to_text(JudgeReport{problem(), judged, limit});
    if (judging_.was_interrupted()) return 3;
    return exit_status_of(judged);
  }

  const Options& options_;
  const EndSignals signals_;
  contest::ImageTable images_;
  contest::PackageTasks tasks_;
  contest::Judging judging_;
  std::optional<Duration> slowest_accepted_;
  std::string slowest_name_;
};

int work_on(const Options& options) {
  const packages::Package package = packages::read_package(options.judged[0], {}, options.links_root);
  say_errors(package.findings);
  if (package.findings.has_errors()) return kPackageIsWrong;
  if (options.check_package) {
    print_summary(package);
    return 0;
  }
  judge::raise_descriptor_limit();
  return PackageJudge(options, package).run();
}

}  // namespace

int judge_package(const Options& options) {
  if (options.judged.empty()) throw UsageError("judge needs a PACKAGE; see evalrun judge --help");
  const bool alone = options.check_package || options.self_test;
  if (alone && options.judged.size() > 1) throw UsageError("--check and --self-test take the PACKAGE alone");
  if (!alone && options.judged.size() == 1) {
    throw UsageError("judge needs a SUBMISSION after the PACKAGE, or --self-test, or --check");
  }
  try {
    return work_on(options);
  } catch (const archive::TreeError& error) {
    say(error.what());
    return kPackageIsWrong;
  }
}

}  // namespace evalrun::cli
