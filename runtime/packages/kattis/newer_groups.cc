#include "runtime/packages/kattis/newer_groups.h"

#include <algorithm>
#include <map>

#include "runtime/core/text.h"
#include "runtime/packages/kattis/data_cases.h"

namespace evalrun::packages::kattis {
namespace {

using problem::AfterRejection;
using problem::Child;
using problem::GroupIndex;
using problem::ScoreRule;

// The last part of the name of a case that is no file.
constexpr const char* kStaticValidation = "static_validation";

class NewerGroupReader {
 public:
  explicit NewerGroupReader(DataReading& data) : data_(data) {}

  void read(const Settings& root) {
    for (const char* part : {"data/sample", "data/secret"}) {
      if (data_.reading.tree.has_folder(part)) add_part(part, root);
    }
    // A submission's score is secret's; its verdict is everything's.
    const bool scoring = data_.reading.problem.types.scoring;
    problem::Scoring& rules = data_.reading.problem.groups[0].scoring;
    rules.after_rejection = scoring ? AfterRejection::GoOn : AfterRejection::Stop;
    rules.ignore_sample = scoring;
    rules.rejected_counts = scoring;
  }

 private:
  void add_part(const std::string& folder, const Settings& root) {
    Settings settings = arguments_of(root);
    read_settings(data_, folder, settings);
    const bool is_secret = folder == "data/secret";
    Contents contents = contents_of(data_.reading, folder);
    if (contents.items.empty() && !settings.static_score) return;
    const GroupIndex index = data_.reading.problem.groups.size();
    data_.reading.problem.groups[0].children.push_back({Child::Kind::Group, index});
    data_.reading.problem.groups.emplace_back().name = case_name(folder);
    const auto is_group = [&](const Contents::Item& item) {
      return item.kind == Child::Kind::Group && !config_of(data_.reading, item.path).empty();
    };
    const bool has_groups = is_secret && std::ranges::any_of(contents.items, is_group);
    if (!settings.aggregation && is_secret) settings.aggregation = "sum";
    if (!settings.max_score && is_secret) settings.max_score.emplace(100);
    take_requirements(index, settings);
    if (!has_groups) {
      add_cases(folder, index, settings);
      finish_group(index, settings);
      return;
    }
    for (const Contents::Item& item : contents.items) {
      if (item.kind == Child::Kind::Case) {
        data_.reading.error(item.path + ".in",
                            "stands beside groups; data/secret has cases or groups, so move it into a group");
      } else if (!is_group(item)) {
        data_.reading.error(
            item.path, "has no test_group.yaml, but other folders of data/secret have; add one, which may be empty");
      } else {
        add_group(item.path, index, root, settings);
      }
    }
    finish_group(index, settings);
  }

  void add_group(const std::string& folder, GroupIndex parent, const Settings& root, const Settings& secret) {
    // The draft of 2023 inherits arguments from secret, the version of 2025 does not.
    Settings settings = arguments_of(data_.reading.problem.format == problem::Format::Kattis2023 ? secret : root);
    read_settings(data_, folder, settings);
    const GroupIndex index = data_.reading.problem.groups.size();
    data_.reading.problem.groups[parent].children.push_back({Child::Kind::Group, index});
    data_.reading.problem.groups.emplace_back().name = case_name(folder);
    take_requirements(index, settings);
    add_cases(folder, index, settings);
    if (data_.reading.problem.groups[index].children.empty() && !settings.static_score) {
      data_.reading.error(folder, "this group has no case; add one or remove the folder");
    }
    if (data_.reading.problem.types.scoring && secret.max_score->has_value() &&
        (!settings.max_score || !settings.max_score->has_value())) {
      data_.reading.findings.error(
          settings.where,
          "max_score: this group needs one, because data/secret is bounded; add it, or make secret unbounded");
    }
    if (secret.aggregation == "pass-fail" && settings.aggregation.value_or("pass-fail") != "pass-fail") {
      data_.reading.findings.error(
          settings.where, "score_aggregation: data/secret is pass-fail, so its groups are too; change one of them");
    }
    finish_group(index, settings);
  }

  // All cases below, in folders too.
  void add_cases(const std::string& folder, GroupIndex index, const Settings& settings) {
    for (const Contents::Item& item : contents_of(data_.reading, folder).items) {
      if (item.kind == Child::Kind::Case) {
        if (data_.reading.tree.has_folder(item.path)) {
          data_.reading.error(item.path, "is a folder of the same name as a case; rename one of them");
        }
        add_case(data_, item.path, index, settings);
        continue;
      }
      if (!config_of(data_.reading, item.path).empty()) {
        data_.reading.error(config_of(data_.reading, item.path),
                            "groups lie directly in data/secret, and none in another; move this one up");
      }
      add_cases(item.path, index, settings);
    }
  }

  // The first group before `end` of this name, with or without "secret/".
  std::optional<GroupIndex> group_named(const std::string& name, GroupIndex end) {
    for (; named_ < end; ++named_) {
      const std::string& full = data_.reading.problem.groups[named_].name;
      by_name_.emplace(full, named_);
      if (full.starts_with("secret/")) by_name_.emplace(full.substr(std::string("secret/").size()), named_);
    }
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? std::nullopt : std::optional(found->second);
  }

  void take_requirements(GroupIndex index, const Settings& settings) {
    const std::string& name = data_.reading.problem.groups[index].name;
    for (const auto& [required, where] : settings.require_pass) {
      const std::optional<GroupIndex> named = group_named(required, index);
      const GroupIndex place = named.value_or(0);
      const problem::Group* found = &data_.reading.problem.groups[place];
      if (!named || place >= index || (place == 2 && found->name == "secret")) {
        data_.reading.findings.error(where,
                                     "require_pass: " + in_quotes(required) +
                                         " is no group before this one; name sample or an earlier group, such as "
                                         "secret/group1");
      } else if (name == "secret" && found->name != "sample") {
        data_.reading.findings.error(where, "require_pass: data/secret may require sample alone");
      } else if (data_.reading.problem.types.scoring && found->name != "sample" &&
                 found->scoring.score != ScoreRule::AllOrNothing) {
        data_.reading.findings.error(where, "require_pass: " + in_quotes(required) +
                                                " is no pass-fail group; only such a group is passed or not");
      } else {
        data_.reading.problem.groups[index].requires_groups.push_back(place);
      }
    }
  }

  // What the group comes to, and its static validation, for which the scores of its other cases leave room.
  void finish_group(GroupIndex index, const Settings& settings) {
    set_scoring(index, settings);
    if (settings.static_score) {
      add_static_case(index, settings);
    } else if (!settings.static_args.empty()) {
      data_.reading.findings.error(settings.where, "static_validator_args: static_validation_score is missing; add it");
    }
  }

  // Judged first: a group that stops at a rejection runs nothing after it.
  void add_static_case(GroupIndex index, const Settings& settings) {
    problem::Problem& problem = data_.reading.problem;
    const auto refuse = [&](const std::string& why) {
      data_.reading.findings.error(settings.where, "static_validation_score" + why);
    };
    const auto validator = std::ranges::find(problem.programs, problem::Role::StaticValidator, &problem::Program::role);
    problem::Group& group = problem.groups[index];
    const bool is_scored = problem.types.scoring && group.scoring.score != ScoreRule::AllOrNothing;
    if (validator == problem.programs.end()) {
      return refuse(" needs a program in static_validator/, and there is none; add it");
    }
    if (problem.types.submit_answer) return refuse(": a submit-answer problem has no program to validate; remove it");
    if (!*settings.static_score && is_scored) return refuse(": is pass-fail, so score_aggregation is pass-fail too");
    if (*settings.static_score && !is_scored)
      return refuse(": is a number, and the group has no scores; say pass-fail");
    problem::Case one;
    one.name = group.name + "/" + kStaticValidation;
    if (data_.reading.tree.has_file("data/" + one.name + ".in")) {
      data_.reading.error("data/" + one.name + ".in", "has the name of the static validation; rename it");
    }
    const problem::StaticChecker checker{static_cast<problem::ProgramIndex>(validator - problem.programs.begin())};
    one.validator_args = settings.static_args;
    one.is_sample = group.name == "sample";
    one.full_feedback = one.is_sample;
    one.checker = problem.checkers.size();
    one.key = kStaticValidation;
    for (const std::string& word : settings.static_args) one.key += '\0' + word;
    problem.checkers.emplace_back(checker);
    problem::Child child{Child::Kind::Case, problem.cases.size()};
    if (*settings.static_score) child.score = problem::BoundedScore{**settings.static_score};
    group.children.insert(group.children.begin(), child);
    problem.cases.push_back(std::move(one));
  }

  void set_scoring(GroupIndex index, const Settings& settings) {
    problem::Group& group = data_.reading.problem.groups[index];
    problem::Scoring& scoring = group.scoring;
    const std::string aggregation = group.name == "sample" || !data_.reading.problem.types.scoring
                                        ? "pass-fail"
                                        : settings.aggregation.value_or("pass-fail");
    scoring.after_rejection = aggregation == "sum" ? AfterRejection::GoOn : AfterRejection::Stop;
    scoring.score = aggregation == "sum"   ? ScoreRule::Sum
                    : aggregation == "min" ? ScoreRule::Minimum
                                           : ScoreRule::AllOrNothing;
    if (!data_.reading.problem.types.scoring || group.name == "sample") {
      scoring.case_score = problem::AcceptReject{};
      return;
    }
    scoring.rejected_counts = true;
    if (settings.max_score) scoring.most = *settings.max_score;
    if (aggregation == "pass-fail") {
      scoring.case_score = problem::AcceptReject{};
      if (!scoring.most) {
        data_.reading.findings.error(settings.where,
                                     "max_score: a pass-fail group needs one; add it, or set score_aggregation");
      }
      return;
    }
    if (!scoring.most) {
      scoring.case_score = problem::UnboundedScore{};
      if (!data_.reading.problem.validator_scores) {
        data_.reading.findings.error(
            settings.where, "max_score: is unbounded, so an output validator must write scores; add output_validator/");
      }
      return;
    }
    const double of_static = settings.static_score ? settings.static_score->value_or(0) : 0;
    const double count = static_cast<double>(std::max<std::size_t>(group.children.size(), 1));
    scoring.case_score =
        problem::BoundedScore{aggregation == "sum" ? (*scoring.most - of_static) / count : *scoring.most};
  }

  DataReading& data_;
  std::map<std::string, GroupIndex> by_name_;
  GroupIndex named_ = 1;  // the first group that is not in by_name_
};

}  // namespace

void read_newer_groups(DataReading& data, const Settings& root) {
  NewerGroupReader(data).read(root);
}

}  // namespace evalrun::packages::kattis
