#include "runtime/packages/kattis/older_groups.h"

#include <algorithm>
#include <set>

#include "runtime/core/text.h"
#include "runtime/packages/kattis/data_cases.h"
#include "runtime/packages/reading/map_reader.h"

namespace evalrun::packages::kattis {
namespace {

using problem::AfterRejection;
using problem::Child;
using problem::GroupIndex;
using problem::ScoreRule;
using problem::VerdictRule;

constexpr std::size_t kMostFlags = 4096;  // bytes of grader_flags: each group has them

class OlderGroupReader {
 public:
  explicit OlderGroupReader(DataReading& data) : data_(data) {}

  void read(const Settings& root) {
    for (const char* part : {"data/sample", "data/secret"}) {
      if (data_.reading.tree.has_folder(part)) add_group(part, 0, root);
    }
    problem::Scoring& scoring = data_.reading.problem.groups[0].scoring;
    scoring = scoring_of(root);
    if (data_.system != GroupSystem::Domjudge) return;
    score_as_domjudge(0, root, false);
    if (config_of(data_.reading, "data/sample").empty())
      scoring.ignore_sample = true;  // without the file it is no group
  }

 private:
  void add_group(const std::string& folder, GroupIndex parent, const Settings& inherited) {
    Settings settings = data_.system == GroupSystem::Domjudge ? for_domjudge_group(inherited) : inherited;
    read_settings(data_, folder, settings);
    const Contents contents = contents_of(data_.reading, folder);
    if (contents.items.empty()) return;
    const GroupIndex index = data_.reading.problem.groups.size();
    data_.reading.problem.groups[parent].children.push_back({Child::Kind::Group, index});
    data_.reading.problem.groups.emplace_back().name = case_name(folder);
    data_.reading.problem.groups[index].scoring = scoring_of(settings);
    if (data_.system == GroupSystem::Domjudge) {
      const bool is_leaf =
          std::ranges::none_of(contents.items, [](const auto& item) { return item.kind == Child::Kind::Group; });
      score_as_domjudge(index, settings, is_leaf);
    }
    for (const Contents::Item& item : contents.items) {
      if (item.kind == Child::Kind::Case) {
        add_case(data_, item.path, index, settings);
      } else {
        add_group(item.path, index, settings);
      }
    }
  }

  problem::Scoring scoring_of(const Settings& settings) {
    problem::Scoring scoring;
    scoring.after_rejection = settings.on_reject == "break" ? AfterRejection::Stop : AfterRejection::GoOn;
    scoring.case_score = problem::AcceptReject{settings.accept_score, settings.reject_score};
    scoring.least = settings.least;
    if (settings.most != kInfinity) scoring.most = settings.most;
    if (settings.grader_flags.size() > kMostFlags) {
      data_.reading.findings.error(settings.where,
                                   "grader_flags: is longer than " + std::to_string(kMostFlags) + " bytes");
      return scoring;
    }
    scoring.grader_flags = split_at_space(settings.grader_flags);
    if (settings.custom_grading) {
      scoring.grader = grader(settings.where);
      return scoring;
    }
    for (const std::string& flag : scoring.grader_flags) {
      if (flag == "worst_error" || flag == "no_errors") {
        scoring.verdict = VerdictRule::WorstError;
      } else if (flag == "first_error") {
        scoring.verdict = VerdictRule::FirstError;
      } else if (flag == "always_accept") {
        scoring.verdict = VerdictRule::AlwaysAccept;
      } else if (flag == "sum") {
        scoring.score = ScoreRule::Sum;
      } else if (flag == "avg") {
        scoring.score = ScoreRule::Average;
      } else if (flag == "min") {
        scoring.score = ScoreRule::Minimum;
      } else if (flag == "max") {
        scoring.score = ScoreRule::Maximum;
      } else if (flag == "ignore_sample") {
        scoring.ignore_sample = true;
      } else if (flag == "accept_if_any_accepted") {
        scoring.accept_if_any_accepted = true;
      } else if (told_flags_.insert(flag).second) {
        const std::string near = nearest(flag, {"worst_error", "no_errors", "first_error", "always_accept", "sum",
                                                "avg", "min", "max", "ignore_sample", "accept_if_any_accepted"});
        data_.reading.findings.error(
            settings.where,
            "grader_flags: the default grader does not know " + in_quotes(flag) + "; " +
                (near.empty() ? "add grading: custom and a program in graders/" : "did you mean " + near + "?"));
      }
    }
    return scoring;
  }

  // DOMjudge's groups inherit no scores and no flags. What is not said is a sum, a score of 0, and a stop.
  static Settings for_domjudge_group(const Settings& inherited) {
    Settings settings;
    settings.accept_score = 0;
    settings.args = inherited.args;
    settings.input_validator_args = inherited.input_validator_args;
    settings.output_validator_args = inherited.output_validator_args;
    return settings;
  }

  // A group without others in it gets its accept_score once, if all its cases are accepted. With a validator that
  // scores, each case has what score.txt says. A group's verdict is the first that is not AC, and its score counts
  // whatever its verdict is.
  void score_as_domjudge(GroupIndex index, const Settings& settings, bool is_leaf) {
    problem::Scoring& scoring = data_.reading.problem.groups[index].scoring;
    scoring.verdict = VerdictRule::FirstError;
    scoring.rejected_counts = true;
    scoring.most.reset();  // it does not look at the range of a sum
    if (!is_leaf || data_.reading.problem.validator_scores) return;
    scoring.score = ScoreRule::AllOrNothing;
    scoring.most = settings.accept_score;
  }

  std::optional<problem::ProgramIndex> grader(const SourcePosition& where) {
    for (std::size_t i = 0; i < data_.reading.problem.programs.size(); ++i) {
      if (data_.reading.problem.programs[i].role == problem::Role::Grader) return i;
    }
    if (!told_no_grader_) {
      data_.reading.findings.error(where, "grading: custom needs a program in graders/, and there is none; add it");
      told_no_grader_ = true;
    }
    return std::nullopt;
  }

  DataReading& data_;
  std::set<std::string> told_flags_;
  bool told_no_grader_ = false;
};

}  // namespace

void read_older_groups(DataReading& data, const Settings& root) {
  OlderGroupReader(data).read(root);
}

}  // namespace evalrun::packages::kattis
