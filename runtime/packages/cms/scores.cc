#include "runtime/packages/cms/scores.h"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "runtime/core/text.h"
#include "runtime/packages/cms/task_cases.h"
#include "runtime/packages/reading/bounds.h"
#include "runtime/packages/reading/name_pattern.h"
#include "runtime/problem/comparison.h"

namespace evalrun::packages::cms {
namespace {

using problem::Child;
using problem::ScoreRule;

constexpr std::size_t kMostTargets = 400'000;  // cases of all subtasks: one case may be in many

class ScoreReader {
 public:
  ScoreReader(Reading& reading, MapReader& yaml, const std::optional<Gen>& gen, std::vector<problem::Case> cases)
      : reading_(reading), yaml_(yaml), gen_(gen), cases_(std::move(cases)) {}

  void read() {
    const auto total = yaml_.number("total_value", 0, kMostPoints);
    const YamlPointer parameters = yaml_.take("score_type_parameters");
    if (has_own_scores(yaml_)) {
      const auto type = yaml_.choice("score_type", {"Sum", "GroupMin", "GroupMul", "GroupThreshold"});
      if (type && parameters != nullptr) read_score_type(*type, parameters);
      return;
    }
    for (const char* key : {"score_type", "score_type_parameters"}) {
      if (!yaml_.has(key)) continue;
      reading_.findings.note(yaml_.place_of(key), std::string(key) +
                                                      ": CMS looks at it only where score_type, "
                                                      "score_type_parameters and n_input are all there");
    }
    yaml_.ignore({"score_type"});
    if (gen_ && !gen_->subtasks.empty()) return add_gen_subtasks();
    add_sum(cases_.empty() ? 0 : total.value_or(100) / static_cast<double>(cases_.size()));
  }

 private:
  void add_sum(double points) {
    reading_.problem.groups[0].scoring.most = points * static_cast<double>(cases_.size());
    for (problem::Case& one : cases_) {
      one.points = points;
      reading_.problem.groups[0].children.push_back({Child::Kind::Case, reading_.problem.cases.size()});
      reading_.problem.cases.push_back(std::move(one));
    }
  }

  void add_gen_subtasks() {
    double sum = 0;
    std::size_t next = 0;
    const std::vector<std::size_t> order = by_codename();
    for (const GenSubtask& subtask : gen_->subtasks) {
      sum += subtask.points;
      std::vector<std::size_t> targets;
      for (std::size_t i = 0; i < subtask.cases && next < order.size(); ++i) targets.push_back(order[next++]);
      add_subtask(targets, subtask.points, ScoreRule::Minimum, 0);
    }
    if (sum != 100) {
      reading_.error(kGenFile, "the points of its subtasks come to " + shown_number(sum) +
                                   ", and CMS wants 100; correct them, or write score_type, score_type_parameters and "
                                   "n_input into task.yaml");
    }
  }

  // CMS counts cases out to the subtasks in the order of their names, where 1000 stands before 101.
  [[nodiscard]] std::vector<std::size_t> by_codename() const {
    std::vector<std::size_t> order(cases_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](std::size_t i) { return cases_[i].name; });
    return order;
  }

  void add_subtask(const std::vector<std::size_t>& targets, double points, ScoreRule rule, double within) {
    const problem::GroupIndex index = reading_.problem.groups.size();
    reading_.problem.groups[0].children.push_back({Child::Kind::Group, index});
    reading_.problem.groups.emplace_back().name = "subtask " + std::to_string(index - 1);
    problem::Scoring& scoring = reading_.problem.groups[index].scoring;
    scoring.score = rule;
    scoring.within = within;
    scoring.case_score = problem::OwnPoints{};
    scoring.rejected_counts = true;
    scoring.most = points;
    const bool is_minimum = rule == ScoreRule::Minimum;
    if (!is_minimum) scoring.factor = points;
    reading_.problem.groups[0].scoring.most = reading_.problem.groups[0].scoring.most.value_or(0) + points;
    for (const std::size_t target : targets) {
      problem::Case one = cases_[target];
      one.name = reading_.problem.groups[index].name + "/" + one.name;
      one.points = is_minimum ? points : 1;
      reading_.problem.groups[index].children.push_back({Child::Kind::Case, reading_.problem.cases.size()});
      reading_.problem.cases.push_back(std::move(one));
      is_judged_.insert(target);
    }
  }

  void read_score_type(const std::string& type, const YamlPointer& parameters) {
    if (type == "Sum") {
      const auto points = yaml_.number("score_type_parameters", 0, kMostPoints);
      if (points) add_sum(*points);
      return;
    }
    if (parameters->kind != YamlNode::Kind::List || parameters->items.empty()) {
      return yaml_.error("score_type_parameters",
                         "expected a list of subtasks, as in [[40, 3], [60, 5]], not " +
                             (parameters->kind == YamlNode::Kind::List ? "an empty list" : kind_of(*parameters)));
    }
    const ScoreRule rule = type == "GroupMin"   ? ScoreRule::Minimum
                           : type == "GroupMul" ? ScoreRule::Product
                                                : ScoreRule::AllWithin;
    Targets targets{by_codename(), 0, 0, "", {}};
    for (std::size_t i = 0; i < cases_.size(); ++i) targets.by_name[cases_[i].name] = i;
    for (const YamlPointer& item : parameters->items) read_subtask(*item, rule, targets);
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      if (is_judged_.contains(i)) continue;
      reading_.findings.note(yaml_.place_of("score_type_parameters"),
                             "score_type_parameters: case " + codename(i) + " is in no subtask; it is not judged");
    }
  }

  struct Targets {
    std::vector<std::size_t> order;
    std::size_t next = 0;
    std::size_t all = 0;
    std::string kind;  // of the first subtask: all have the same
    std::map<std::string, std::size_t> by_name;
  };

  void read_subtask(const YamlNode& item, ScoreRule rule, Targets& targets) {
    YamlPointer points, cases, threshold;
    if (item.kind == YamlNode::Kind::List) {
      const std::size_t wanted = rule == ScoreRule::AllWithin ? 3 : 2;
      if (item.items.size() != wanted) {
        reading_.findings.error(item.where, std::string("score_type_parameters: expected ") +
                                                (wanted == 3 ? "[POINTS, CASES, THRESHOLD]" : "[POINTS, CASES]") +
                                                ", and here are " + std::to_string(item.items.size()) + " values");
        return;
      }
      points = item.items[0];
      cases = item.items[1];
      if (wanted == 3) threshold = item.items[2];
    } else if (item.kind == YamlNode::Kind::Map) {
      MapReader map(std::make_shared<YamlNode>(item), "task.yaml", reading_.findings, "score_type_parameters.");
      points = map.take("max_score");
      cases = map.take("testcases");
      if (rule == ScoreRule::AllWithin) threshold = map.take("threshold");
      map.ignore({"always_show_testcases"});
      map.finish();
    }
    const auto most = points == nullptr ? std::nullopt : number_in(*points);
    if (!most || cases == nullptr) {
      reading_.findings.error(item.where,
                              "score_type_parameters: expected the points of a subtask and its cases, as in [40, 3]");
      return;
    }
    std::optional<double> within;
    if (rule == ScoreRule::AllWithin) {
      within = threshold == nullptr ? std::nullopt : number_in(*threshold);
      if (!within) {
        reading_.findings.error(item.where,
                                "score_type_parameters: GroupThreshold needs a threshold; add a third value");
        return;
      }
    }
    const auto chosen = targets_of(*cases, targets);
    if (!chosen) return;
    targets.all += chosen->size();
    if (targets.all > kMostTargets) {
      reading_.findings.error(item.where, "score_type_parameters: the subtasks have more than " +
                                              std::to_string(kMostTargets) + " cases together");
      return;
    }
    add_subtask(*chosen, *most, rule, within.value_or(0));
  }

  static std::optional<double> number_in(const YamlNode& node) {
    if (node.kind != YamlNode::Kind::Scalar) return std::nullopt;
    const auto value = problem::decimal_number(node.text);
    return value && *value >= 0 && *value <= kMostPoints ? value : std::nullopt;
  }

  // So many of the next cases, those whose names match a regular expression, or those of the names.
  std::optional<std::vector<std::size_t>> targets_of(const YamlNode& cases, Targets& targets) {
    const auto number =
        cases.kind == YamlNode::Kind::Scalar && !cases.is_quoted ? whole_number(cases.text) : std::nullopt;
    const std::string kind = cases.kind == YamlNode::Kind::List ? "lists" : number ? "numbers" : "expressions";
    const auto wrong = [&](const std::string& what) {
      reading_.findings.error(cases.where, "score_type_parameters: " + what);
      return std::nullopt;
    };
    if (cases.kind == YamlNode::Kind::Map) return wrong("expected a number of cases, an expression or a list of names");
    if (targets.kind.empty()) targets.kind = kind;
    if (targets.kind != kind) {
      return wrong("the cases of the subtasks are " + targets.kind + " and " + kind + "; use one of them for all");
    }
    std::vector<std::size_t> chosen;
    if (number) {
      if (*number < 1 || static_cast<std::size_t>(*number) > targets.order.size() - targets.next) {
        return wrong("this subtask has " + std::to_string(*number) + " cases, and " +
                     std::to_string(targets.order.size() - targets.next) + " are left");
      }
      for (std::int64_t i = 0; i < *number; ++i) chosen.push_back(targets.order[targets.next++]);
      return chosen;
    }
    if (cases.kind == YamlNode::Kind::Scalar) {
      if (!reading_.spend_matches(targets.order.size(), cases.where)) return std::nullopt;
      try {
        const NamePattern pattern(cases.text, LetterCase::Counts);
        for (const std::size_t i : targets.order) {
          if (pattern.match(cases_[i].name)) chosen.push_back(i);
        }
      } catch (const std::invalid_argument& error) {
        return wrong(in_quotes(cases.text) + " " + error.what());
      }
      if (chosen.empty()) return wrong("no case has a name that matches " + in_quotes(cases.text) + ", such as 000");
      return chosen;
    }
    for (const YamlPointer& item : cases.items) {
      const auto found = targets.by_name.find(item->text);
      if (item->kind != YamlNode::Kind::Scalar || found == targets.by_name.end()) {
        return wrong(kind_of(*item) + " is no name of a case, such as 000");
      }
      chosen.push_back(found->second);
    }
    if (chosen.empty()) return wrong("this subtask has no case; name one");
    return chosen;
  }

  Reading& reading_;
  MapReader& yaml_;
  const std::optional<Gen>& gen_;
  std::vector<problem::Case> cases_;  // by number
  std::set<std::size_t> is_judged_;
};

}  // namespace

// A key without a value is as good as none.
bool has_own_scores(MapReader& yaml) {
  const bool has_type = yaml.take("score_type") != nullptr;
  const bool has_parameters = yaml.take("score_type_parameters") != nullptr;
  return has_type && has_parameters && yaml.take("n_input") != nullptr;
}

void read_scores(Reading& reading, MapReader& yaml, const std::optional<Gen>& gen, std::vector<problem::Case> cases) {
  ScoreReader(reading, yaml, gen, std::move(cases)).read();
}

}  // namespace evalrun::packages::cms
