#include "runtime/cli/judge.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "runtime/archive/tree.h"
#include "runtime/cli/end_signals.h"
#include "runtime/cli/judge_journal.h"
#include "runtime/cli/judge_report.h"
#include "runtime/cli/judge_result.h"
#include "runtime/cli/message.h"
#include "runtime/cli/report_files.h"
#include "runtime/contest/expectation.h"
#include "runtime/contest/judging.h"
#include "runtime/contest/package_tasks.h"
#include "runtime/contest/plan_tasks.h"
#include "runtime/contest/time_limit.h"
#include "runtime/core/error.h"
#include "runtime/core/plural.h"
#include "runtime/core/sha256.h"
#include "runtime/core/text.h"
#include "runtime/judge/capacity.h"
#include "runtime/packages/read_package.h"
#include "runtime/problem/finding.h"
#include "runtime/reader/image.h"
#include "runtime/submissions/class_folder.h"

namespace evalrun::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kPackageIsWrong = 2;
constexpr int kNotJudged = 3;
// Nothing of what was handed in is run.
constexpr Duration kTimeToShowOutputs = std::chrono::seconds(10);

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

// --- what is judged --------------------------------------------------------------------------------------------------

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// A submission that was named by itself, or the entries of a folder.
struct Submissions {
  std::vector<contest::Entry> entries;
  bool is_class = false;
};

void add_class(Submissions& all, const std::shared_ptr<const archive::Tree>& tree, const std::string& prefix,
               const contest::ImageTable& images, const contest::SourceOptions& options) {
  for (const std::string& name : contest::submissions_in(*tree)) {
    all.entries.push_back({.name = prefix + name, .sources = [tree, name, &images, options] {
                             return contest::sources_in_tree(*tree, name, images, options);
                           }});
  }
  all.is_class = true;
}

Submissions submissions_of(const Options& options, const contest::ImageTable& images, const contest::Tasks& tasks) {
  contest::SourceOptions sources = tasks.source_options();
  sources.language = options.language;
  Submissions all;
  for (std::size_t i = 1; i < options.judged.size(); ++i) {
    const std::string& path = options.judged[i];
    const bool may_be_class =
        options.folders == Folders::Classes || (options.folders == Folders::Found && is_folder(path));
    if (may_be_class) {
      const auto tree = std::make_shared<const archive::Tree>(path);
      if (options.folders == Folders::Classes || contest::is_class(*tree)) {
        const std::string prefix = options.judged.size() == 2 ? "" : (fs::path(path) / "").string();
        add_class(all, tree, prefix, images, sources);
        continue;
      }
    }
    all.entries.push_back({.name = path, .sources = [path, &images, &tasks, sources] {
                             if (auto outputs = tasks.outputs_at(path, sources)) return std::move(*outputs);
                             return contest::sources_at(path, images, sources);
                           }});
  }
  return all;
}

// --- judging ---------------------------------------------------------------------------------------------------------

// A line as each submission ends, where a terminal shows it.
class Progress {
 public:
  explicit Progress(std::size_t all) : all_(all), is_wanted_(all > 1 && ::isatty(STDERR_FILENO) == 1) {}

  void tell(const contest::Judged& one) {
    ++done_;
    if (!is_wanted_) return;
    // A terminal that is held (Ctrl-S) must not hold the judge.
    pollfd terminal{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&terminal, 1, 0) <= 0 || (terminal.revents & POLLOUT) == 0) return;
    std::cerr << "[" + std::to_string(done_) + "/" + std::to_string(all_) + "] " + progress_of(one) + "\n"
              << std::flush;
  }

 private:
  std::size_t all_, done_ = 0;
  bool is_wanted_;
};

contest::JudgingOptions judging_options(const Options& options) {
  contest::JudgingOptions made;
  made.jobs = options.jobs;
  made.rules = options.rules;
  made.pointless_cases = options.all_cases ? judge::PointlessCases::Run : judge::PointlessCases::Skip;
  made.overrides = options.set;
  return made;
}

// From now on SIGINT and SIGTERM interrupt it; `ended_by` says which. All are borrowed.
void end_at_signals(contest::Judging& judging, const EndSignals& signals, int& ended_by) {
  judging.loop().watch(signals.get(), loop::Interest::Read, judging.loop().caller(), [&] {
    if (const int signal = signals.take()) {
      ended_by = signal;
      judging.interrupt(signal);
    }
  });
}

// One command's work on a package or a plan.
class TaskJudge {
 public:
  TaskJudge(const Options& options, const contest::ImageTable& images, contest::Tasks& tasks,
            const std::string& task_hash, ResultFile& output)
      : options_(options),
        images_(images),
        tasks_(tasks),
        output_(output),
        reports_(options),
        judging_(tasks_, judging_options(options)) {
    if (!options.journal.empty()) {
      journal_.emplace(options.journal, task_hash);
      if (!journal_->warning().empty()) say(journal_->warning());
    }
    end_at_signals(judging_, signals_, ended_by_);
  }

  int judge_named() {
    const Submissions submissions = submissions_of(options_, images_, tasks_);
    if (submissions.entries.empty()) throw UsageError("there is no submission in " + options_.judged[1]);
    std::vector<contest::Judged> known;
    const Duration limit = find_limit(known);
    std::vector<contest::Judged> judged = judge_all(submissions.entries, limit, problem());
    std::erase_if(judged, is_unfinished);
    const bool as_table = submissions.is_class || journal_;
    const std::string text = as_table ? heading(problem(), limit) + class_table(board(limit))
                                      : to_text(JudgeReport{problem(), judged, limit});
    write(text, limit);
    if (judging_.was_interrupted()) return tell_interruption();
    return status_;
  }

  // The package's own submissions. Those that the limit was found from are judged already, unless it cuts them short.
  int self_test(const contest::PackageTasks& package) {
    std::vector<contest::Judged> known;
    const Duration limit = find_limit(known, &package);
    std::vector<contest::Entry> entries;
    for (const problem::Submission& submission : problem().submissions) {
      const bool is_known = std::ranges::any_of(known, [&](const contest::Judged& one) {
        return one.labelled == &submission && (one.refusal || one.slowest <= limit);
      });
      if (!is_known && !submission.expected.do_not_run) entries.push_back(entry_of(package, submission));
    }
    std::erase_if(known, [&](const contest::Judged& one) { return !one.refusal && one.slowest > limit; });
    for (contest::Judged& one : known) one.limit = limit;  // it kept that, too
    for (const contest::Judged& one : known) results_.push_back(to_result(one, problem()));
    std::vector<contest::Judged> judged = judge_all(entries, limit, problem());
    std::ranges::move(known, std::back_inserter(judged));
    std::erase_if(judged, is_unfinished);
    if (problem::is_of_kattis(problem().format)) judge_with_more_time(package, judged, limit);
    std::ranges::sort(judged, {}, &contest::Judged::name);
    std::ranges::sort(results_, {}, [](const auto& one) { return one.at("submission").template get<std::string>(); });
    const SelfTestReport report{problem(), judged, limit, slowest_accepted_, slowest_name_};
    write(to_text(report), limit);
    if (judging_.was_interrupted()) return tell_interruption();
    return exit_status_of(report);
  }

 private:
  // The command was interrupted before this one was started, or before it ended.
  static bool is_unfinished(const contest::Judged& one) { return one.name.empty() || one.was_interrupted; }

  [[nodiscard]] const problem::Problem& problem() const { return tasks_.problem(); }

  static contest::Entry entry_of(const contest::PackageTasks& package, const problem::Submission& submission) {
    return {.name = submission.name,
            .sources = [&package, &submission] { return package.sources_of(submission); },
            .labelled = &submission};
  }

  // Those that the limit is found from, graded without one.
  std::vector<contest::Judged> judge_lower_bounds(const contest::PackageTasks& package) {
    std::vector<contest::Entry> entries;
    for (const problem::Submission& submission : problem().submissions) {
      if (contest::is_lower_bound(submission)) entries.push_back(entry_of(package, submission));
    }
    Progress progress(entries.size());
    return judging_.judge(entries, contest::kUnknownTimeLimit,
                          [&](std::size_t, const contest::Judged& one) { progress.tell(one); });
  }

  // None where a submission has no limit of its own. DMOJ's test.yml sets one for each.
  [[nodiscard]] std::optional<Duration> longest_of_submissions() const {
    std::optional<Duration> longest;
    for (const problem::Submission& submission : problem().submissions) {
      if (!submission.time_limit) return {};
      longest = std::max(longest.value_or(Duration{}), *submission.time_limit);
    }
    return longest;
  }

  // The limit, and what is known already of submissions that it was found from.
  Duration find_limit(std::vector<contest::Judged>& known) {
    return find_limit(known, dynamic_cast<const contest::PackageTasks*>(&tasks_));
  }

  Duration find_limit(std::vector<contest::Judged>& known, const contest::PackageTasks* package) {
    if (const auto given = parse_duration(options_.time_limit)) return *given;
    if (problem().limits.time) return *problem().limits.time;
    if (problem().types.submit_answer) return kTimeToShowOutputs;
    if (const auto longest = longest_of_submissions()) return *longest;
    if (journal_ && journal_->time_limit()) return *journal_->time_limit();
    if (package != nullptr) known = judge_lower_bounds(*package);
    const contest::Judged* slowest = nullptr;
    for (const contest::Judged& one : known) {
      if (one.grade.verdict != judge::Verdict::Ac || one.refusal) continue;
      if (slowest == nullptr || one.slowest > slowest->slowest) slowest = &one;
    }
    if (judging_.was_interrupted()) return problem().limits.time_resolution;
    if (slowest == nullptr) {
      say("the package sets no time limit, and none of its submissions that would tell it was accepted here; give "
          "--time-limit");
      return problem().limits.time_resolution;
    }
    slowest_accepted_ = slowest->slowest;
    slowest_name_ = slowest->name;
    const Duration limit = contest::derived_time_limit(problem().limits, slowest->slowest);
    if (journal_ && !judging_.was_interrupted()) journal_->keep_time_limit(limit);
    return limit;
  }

  // What the journal knows is not judged again.
  std::vector<contest::Judged> judge_all(const std::vector<contest::Entry>& entries, Duration limit,
                                         const problem::Problem& problem) {
    const std::size_t first = results_.size();
    results_.resize(first + entries.size());
    std::vector<contest::Entry> left;
    std::vector<std::size_t> places;
    std::vector<std::uint64_t> ids;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      results_[first + i] = {
          {"submission", json_text(entries[i].name)}, {"verdict", nullptr}, {"skipped", "not judged"}};
      const std::uint64_t id = journal_ ? id_of(entries[i]) : 0;
      const std::string* known = journal_ ? journal_->find(id) : nullptr;
      if (known != nullptr) {
        results_[first + i] = nlohmann::ordered_json::parse(*known);
        status_ = std::max(status_, exit_status_of(results_[first + i]));
        ++judged_;
        continue;
      }
      left.push_back(entries[i]);
      places.push_back(first + i);
      ids.push_back(id);
    }
    all_ += entries.size();
    Progress progress(left.size());
    return judging_.judge(left, limit, [&](std::size_t index, contest::Judged& one) {
      nlohmann::ordered_json& result = results_[places[index]] = to_result(one, problem);
      const int status = exit_status_of(result);
      status_ = std::max(status_, status);
      ++judged_;
      progress.tell(one);
      if (!journal_ || one.refusal) return;
      journal_->keep(ids[index], status, result.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
      one.task.reset();
      one.grade = {};
    });
  }

  [[nodiscard]] bool is_as_labelled(const contest::Judged& one) const {
    return contest::mismatches(problem(), one.labelled->expected, *one.task, one.grade).empty();
  }

  // Between the limit and what is surely too slow, a label may hold for either: machines differ. Kattis's tools judge
  // so.
  void judge_with_more_time(const contest::PackageTasks& package, std::vector<contest::Judged>& judged,
                            Duration limit) {
    const auto too_slow = [](const judge::CaseGrade& one) { return one.verdict == judge::Verdict::Tle; };
    std::vector<contest::Entry> entries;
    for (const contest::Judged& one : judged) {
      if (one.refusal || !one.task || is_as_labelled(one) || std::ranges::none_of(one.grade.cases, too_slow)) continue;
      entries.push_back(entry_of(package, *one.labelled));
    }
    if (entries.empty() || judging_.was_interrupted()) return;
    const auto longer = std::chrono::duration_cast<Duration>(limit * problem().limits.limit_to_too_slow);
    Progress progress(entries.size());
    const auto told = [&](std::size_t, contest::Judged& one) { progress.tell(one); };
    for (contest::Judged& again : judging_.judge(entries, longer, told)) {
      if (again.refusal || !again.task || again.was_interrupted || !is_as_labelled(again)) continue;
      for (nlohmann::ordered_json& result : results_) {
        if (result.value("submission", "") == again.name) result = to_result(again, problem());
      }
      *std::ranges::find(judged, again.labelled, &contest::Judged::labelled) = std::move(again);
    }
  }

  static std::uint64_t id_of(const contest::Entry& entry) {
    const contest::SourcesOrRefusal sources = entry.sources();
    const auto* found = std::get_if<contest::Sources>(&sources);
    return found == nullptr ? 0 : JudgeJournal::id_of(entry.name, *found);
  }

  [[nodiscard]] report::Board board(Duration limit) const {
    report::Board board = judge_board(tasks_, limit);
    for (const auto& result : results_) add_result(board, result);
    return board;
  }

  // The result, and the reports beside it.
  void write(const std::string& text, Duration limit) {
    output_.write(options_.format == Format::Json ? to_json(problem(), limit, results_) : text);
    if (reports_.are_wanted()) reports_.write(board(limit));
  }

  int tell_interruption() {
    say_interrupted(ended_by_, ": " + std::to_string(judged_) + " of " + std::to_string(all_) + " submissions judged" +
                                   (journal_ ? "; the same command goes on with the journal" : ""));
    return kNotJudged;
  }

  const Options& options_;
  const contest::ImageTable& images_;
  contest::Tasks& tasks_;
  ResultFile& output_;
  ReportFiles reports_;
  std::optional<JudgeJournal> journal_;
  const EndSignals signals_;
  contest::Judging judging_;
  std::vector<nlohmann::ordered_json> results_;
  std::size_t all_ = 0, judged_ = 0;
  int status_ = 0;
  int ended_by_ = 0;
  std::optional<Duration> slowest_accepted_;
  std::string slowest_name_;
};

// All that a verdict depends on but for the submission.
std::string hash_of(const Options& options, const std::string& task) {
  std::string all = task + "\n" + options.time_limit + "\n" + options.memory_limit + "\n" + options.language + "\n" +
                    std::string(judge::name_of(options.rules)) + "\n" +
                    std::to_string(static_cast<int>(options.compat)) + (options.all_cases ? "\nall" : "");
  for (const std::string& set : options.set) all += "\n" + set;
  return sha256_hex(all);
}

std::string hash_of(const packages::Package& package) {
  std::string all;
  for (const std::string& path : package.tree.files_below("")) all += sha256_hex(path) + package.tree.sha256(path);
  return sha256_hex(all);
}

bool say_refusals(const contest::Tasks& tasks) {
  for (const std::string& why : tasks.refusals()) say(why);
  return !tasks.refusals().empty();
}

int judge_plan(const Options& options, ResultFile& output) {
  std::vector<std::string> set = options.set;
  if (!options.memory_limit.empty()) set.push_back("limits.memory=" + options.memory_limit);
  const contest::ImageTable images(image_search_path());
  contest::PlanTasks tasks(read_plan(options.judged[0]), set, images);
  if (say_refusals(tasks)) return kPackageIsWrong;
  Options without_set = options;
  without_set.set.clear();  // they are in the tasks already
  judge::raise_descriptor_limit();
  return TaskJudge(without_set, images, tasks, hash_of(options, tasks.common().plan.origin.sha256), output)
      .judge_named();
}

contest::TaskOptions task_options(const Options& options) {
  contest::TaskOptions made;
  made.memory = parse_bytes(options.memory_limit);
  made.compat = options.compat;
  made.overrides = options.set;
  return made;
}

int judge_package(const Options& options, ResultFile& output, const packages::Package& package) {
  const contest::ImageTable images(image_search_path());
  contest::PackageTasks tasks(package, options.judged[0], images, task_options(options));
  if (say_refusals(tasks)) return kPackageIsWrong;
  judge::raise_descriptor_limit();
  const std::string hash = options.journal.empty() ? "" : hash_of(options, hash_of(package));
  TaskJudge judge(options, images, tasks, hash, output);
  return options.self_test ? judge.self_test(tasks) : judge.judge_named();
}

bool has_something_to_run(const problem::Problem& problem) {
  return !problem.validator_cases.empty() || std::ranges::any_of(problem.programs, [](const problem::Program& program) {
    return program.role == problem::Role::InputValidator || program.role == problem::Role::OutputValidator ||
           program.role == problem::Role::Checker;
  });
}

// Reads all of the package, which is done, and runs its validators.
int check_package(const Options& options, packages::Package& package) {
  std::size_t runs = 0;
  if (has_something_to_run(package.problem)) {
    const contest::ImageTable images(image_search_path());
    contest::PackageTasks tasks(package, options.judged[0], images, task_options(options));
    judge::raise_descriptor_limit();
    contest::Judging judging(tasks, judging_options(options));
    const EndSignals signals;
    int ended_by = 0;
    end_at_signals(judging, signals, ended_by);
    runs = judging.validate(tasks, package.findings);
    if (judging.was_interrupted()) {
      say_interrupted(ended_by);
      return kNotJudged;
    }
    say_errors(package.findings);
    if (package.findings.has_errors()) return kPackageIsWrong;
  }
  print_summary(package);
  if (runs != 0) std::cout << "  validators            " << plural(runs, "run") << ", nothing is wrong\n";
  return 0;
}

int work_on(const Options& options, ResultFile& output) {
  packages::Package package = packages::read_package(options.judged[0], {}, options.links_root);
  say_errors(package.findings);
  if (package.findings.has_errors()) return kPackageIsWrong;
  if (options.check_package) return check_package(options, package);
  return judge_package(options, output, package);
}

}  // namespace

int judge_task(const Options& options, ResultFile& output) {
  if (options.judged.empty()) throw UsageError("judge needs a TASK; see evalrun judge --help");
  const bool alone = options.check_package || options.self_test;
  if (alone && options.judged.size() > 1) throw UsageError("--check and --self-test take the PACKAGE alone");
  if (!alone && options.judged.size() == 1) {
    throw UsageError("judge needs a SUBMISSION after the TASK, or --self-test, or --check");
  }
  if (options.self_test && !options.journal.empty()) throw UsageError("--self-test keeps no journal");
  try {
    if (!contest::is_plan_name(options.judged[0])) return work_on(options, output);
    if (alone) throw UsageError("--check and --self-test take a package; evalrun check reads a plan");
    return judge_plan(options, output);
  } catch (const archive::TreeError& error) {
    say(error.what());
    return kPackageIsWrong;
  }
}

}  // namespace evalrun::cli
