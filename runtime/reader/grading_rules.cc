#include "runtime/reader/grading_rules.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "runtime/core/text.h"

namespace evalrun {
namespace {

[[noreturn]] void refuse(const Task& task, const std::string& key, const std::string& message) {
  throw PlanError(task.plan.origin.where(key), key, message);
}

bool is_set(const Task& task, const std::string& key) {
  return task.plan.origin.positions.contains(key);
}

void check_names(const Task& task) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < task.cases.size(); ++i) {
    const Case& one = task.cases[i];
    if (names.insert(one.name).second) continue;
    throw PlanError(one.position, "case[" + std::to_string(i) + "].name",
                    "expected a name of its own, found a second " + in_quotes(one.name));
  }
}

// The streams of a graded run belong to its case and to the checker.
void check_streams_of_cases(const Task& task) {
  if (is_set(task, "stdin")) refuse(task, "stdin", "expected in each [[case]], since there are cases");
  if (std::holds_alternative<OutputInherit>(task.plan.kind.output) ||
      std::holds_alternative<OutputFile>(task.plan.kind.output)) {
    refuse(task, "stdout", "expected \"capture\" or \"null\", since the cases' output goes to the checker");
  }
  if (std::holds_alternative<OutputInherit>(task.plan.kind.error_output) ||
      std::holds_alternative<OutputFile>(task.plan.kind.error_output)) {
    refuse(task, "stderr", "expected \"capture\", \"null\" or \"stdout\", since there are many cases");
  }
  if (!task.plan.kind.collect.empty())
    refuse(task, "collect", "expected without [[case]]: each case would write the same files");
}

// The keys that belong to some checkers only, and what these are called for people.
struct CheckerOption {
  const char* key;
  std::vector<CheckerKind> kinds;
  const char* named;
};

std::vector<CheckerOption> checker_options() {
  using enum CheckerKind;
  const std::vector<CheckerKind> dmoj = {DmojStandard,  DmojIdentical, DmojEasy,      DmojFloats,
                                         DmojFloatsAbs, DmojFloatsRel, DmojLinecount, DmojLinematches,
                                         DmojRstripped, DmojSorted,    DmojUnordered};
  return {
      {"tolerance", {Floats}, "kind = \"floats\""},
      {"absolute", {Floats}, "kind = \"floats\""},
      {"relative", {Floats}, "kind = \"floats\""},
      {"case_sensitive", {Kattis}, "kind = \"kattis\""},
      {"space_change_sensitive", {Kattis}, "kind = \"kattis\""},
      {"float_tolerance", {Kattis}, "kind = \"kattis\""},
      {"float_absolute_tolerance", {Kattis}, "kind = \"kattis\""},
      {"float_relative_tolerance", {Kattis}, "kind = \"kattis\""},
      {"compat", {Kattis}, "kind = \"kattis\""},
      {"precision",
       {DmojFloats, DmojFloatsAbs, DmojFloatsRel},
       "kind = \"dmoj/floats\", \"dmoj/floatsabs\" or \"dmoj/floatsrel\""},
      {"error_mode", {DmojFloats}, "kind = \"dmoj/floats\""},
      {"pe_allowed", {DmojIdentical}, "kind = \"dmoj/identical\""},
      {"filter_new_line", {DmojRstripped}, "kind = \"dmoj/rstripped\""},
      {"split_on", {DmojSorted}, "kind = \"dmoj/sorted\""},
      {"binary_data", dmoj, "a checker of DMOJ's"},
  };
}

// Of a program of the jury's.
constexpr const char* kJuryKeys[] = {"image", "argv", "source", "convention", "args", "files", "limits"};

// `whole` stands for both others.
void check_tolerances(const Task& task, const std::string& whole, const std::string& absolute,
                      const std::string& relative) {
  if (is_set(task, whole) && (is_set(task, absolute) || is_set(task, relative))) {
    refuse(task, whole, "expected without " + absolute + " and " + relative + ", which it stands for");
  }
}

void settle_checker(Task& task, const GradingKeys& keys) {
  const bool is_program = keys.judge == Judge::Program;
  for (const CheckerOption& option : checker_options()) {
    const std::string key = std::string("checker.") + option.key;
    if (!is_set(task, key)) continue;
    const bool belongs = !is_program && std::ranges::find(option.kinds, task.checker.kind) != option.kinds.end();
    if (!belongs) refuse(task, key, std::string("expected with ") + option.named + " only");
  }
  for (const char* name : kJuryKeys) {
    const std::string key = std::string("checker.") + name;
    if (!is_program && is_set(task, key)) refuse(task, key, "expected with kind = \"program\" only");
  }
  check_tolerances(task, "checker.tolerance", "checker.absolute", "checker.relative");
  check_tolerances(task, "checker.float_tolerance", "checker.float_absolute_tolerance",
                   "checker.float_relative_tolerance");
  // One of the two alone: the other allows nothing.
  const bool absolute = is_set(task, "checker.absolute");
  const bool relative = is_set(task, "checker.relative");
  if (absolute && !relative) task.checker.relative = 0;
  if (relative && !absolute) task.checker.absolute = 0;
}

// A jury's program is its argv, or what the image makes of its source.
void check_program_of(const Task& task, const std::string& section) {
  const bool has_argv = is_set(task, section + ".argv");
  const bool has_source = is_set(task, section + ".source");
  if (has_argv || (has_source && is_set(task, section + ".image"))) return;
  throw PlanError(task.plan.origin.where(has_source ? section + ".source" : section),
                  section + (has_source ? ".image" : ".argv"),
                  has_source ? "missing; expected the image that runs the source, or argv in place of both"
                             : "missing; expected the program and its arguments, or image and source");
}

// Waiting for the other side uses no CPU time.
void check_idle_limits(const Task& task) {
  const char* why = "expected without [interactor]: a side that waits for the other one uses no CPU";
  if (is_set(task, "limits.idle")) refuse(task, "limits.idle", why);
  for (std::size_t i = 0; i < task.cases.size(); ++i) {
    if (!task.cases[i].limits.idle) continue;
    throw PlanError(task.cases[i].position, "case[" + std::to_string(i) + "].limits.idle", why);
  }
}

void check_interactor(const Task& task, const GradingKeys& keys) {
  check_program_of(task, "interactor");
  check_idle_limits(task);
  if (is_set(task, "checker") && !keys.checks_after_interactor) {
    refuse(task, "checker",
           "expected with interactor.then_check = true only: without it the interactor decides, and a checker has "
           "nothing to judge");
  }
  if (is_set(task, "output_file")) {
    refuse(task, "output_file", "expected without [interactor]: standard output goes to the interactor, which decides");
  }
  for (std::size_t i = 0; i < task.cases.size(); ++i) {
    if (task.cases[i].output_file.empty()) continue;
    throw PlanError(task.cases[i].position, "case[" + std::to_string(i) + "].output_file",
                    "expected without [interactor]: standard output goes to the interactor, which decides");
  }
  if (std::holds_alternative<OutputNull>(task.plan.kind.output)) {
    refuse(task, "stdout", "expected \"capture\": it goes to the interactor");
  }
}

void check_passes(const Task& task, const GradingKeys& keys) {
  if (task.passes == 1) return;
  const bool interacts = is_set(task, "interactor");
  if (keys.judge == Judge::BuiltIn && !interacts) {
    refuse(task, "passes",
           "expected with [interactor] or checker.kind = \"program\": one of these asks for the next pass");
  }
  const bool checks = keys.judge == Judge::Program;
  const JuryKeys& asks = checks ? keys.checker : keys.interactor;
  if (asks.convention != problem::Convention::Kattis || (interacts && keys.checks_after_interactor && !checks)) {
    refuse(task, "passes",
           std::string("expected with ") + (checks ? "checker" : "interactor") +
               ".convention = \"kattis\": testlib's programs cannot ask for a next pass");
  }
}

void check_jury_of_cases(const Task& task, const GradingKeys& keys) {
  const bool has_program = keys.judge == Judge::Program || is_set(task, "interactor");
  const bool compares = keys.judge == Judge::BuiltIn && (!is_set(task, "interactor") || keys.checks_after_interactor);
  for (std::size_t i = 0; i < task.cases.size(); ++i) {
    const Case& one = task.cases[i];
    const std::string key = "case[" + std::to_string(i) + "]";
    if (compares && !keys.cases_with_answer.contains(i)) {
      throw PlanError(one.position, key + ".expect", "missing");
    }
    if (!has_program && !one.judging_args.empty()) {
      throw PlanError(one.position, key + ".checker_args",
                      "expected with [interactor] or checker.kind = \"program\": nothing else takes arguments");
    }
  }
}

// Groups in an order in which each stands after those that it requires; the circle where there is none.
class GroupOrder {
 public:
  explicit GroupOrder(const ScoringKeys& keys) : keys_(keys), states_(keys.groups.size(), State::New) {
    for (std::size_t i = 0; i < keys.groups.size(); ++i) {
      const ScoringGroup& group = keys.groups[i];
      if (!places_.emplace(group.name, i).second) {
        fail(i, "name", "expected a name of its own, found a second " + in_quotes(group.name));
      }
    }
    for (std::size_t i = 0; i < keys.groups.size(); ++i) {
      for (const std::string& name : keys.groups[i].required) {
        if (!places_.contains(name))
          fail(i, "requires", "expected groups of [scoring], found " + in_quotes(name) + meant(name));
      }
    }
  }

  // The place in ScoringKeys::groups; none where no group has that name.
  [[nodiscard]] std::optional<std::size_t> find(const std::string& name) const {
    const auto found = places_.find(name);
    return found == places_.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] std::string meant(const std::string& name) const {
    std::vector<std::string> names;
    for (const ScoringGroup& group : keys_.groups) names.push_back(group.name);
    const std::string near = nearest(name, names);
    return near.empty() ? "" : "; did you mean " + in_quotes(near) + "?";
  }

  // Takes up the group after all that it requires.
  void add(std::size_t index) {
    if (states_[index] == State::Done) return;
    path_.push_back(index);
    if (states_[index] == State::Begun)
      fail(index, "requires", "the groups require each other in a circle: " + circle());
    states_[index] = State::Begun;
    for (const std::string& name : keys_.groups[index].required) add(places_.at(name));
    states_[index] = State::Done;
    path_.pop_back();
    order_.push_back(index);
  }
  [[nodiscard]] const std::vector<std::size_t>& order() const noexcept { return order_; }

  [[noreturn]] void fail(std::size_t index, const std::string& key, const std::string& message) const {
    throw PlanError(keys_.groups[index].position, "scoring.group[" + std::to_string(index) + "]." + key, message);
  }

 private:
  enum class State { New, Begun, Done };

  [[nodiscard]] std::string circle() const {
    std::string text;
    const auto first = std::ranges::find(path_, path_.back());
    for (auto at = first; at != path_.end(); ++at) text += (at == first ? "" : " -> ") + keys_.groups[*at].name;
    return text;
  }

  const ScoringKeys& keys_;
  std::map<std::string, std::size_t> places_;
  std::vector<State> states_;
  std::vector<std::size_t> path_, order_;
};

// What a group is worth, and what its cases' points are multiplied by for that.
problem::Scoring rules_of(const ScoringGroup& group, const std::vector<double>& points, const GroupOrder& order,
                          std::size_t index) {
  problem::Scoring rules;
  rules.score = group.aggregate;
  rules.verdict = problem::VerdictRule::FirstError;
  rules.after_rejection = group.stops ? problem::AfterRejection::Stop : problem::AfterRejection::GoOn;
  rules.case_score = problem::OwnPoints{};
  rules.rejected_counts = true;
  const bool least = group.aggregate == problem::ScoreRule::Minimum;
  if (least && std::ranges::adjacent_find(points, std::not_equal_to<>()) != points.end()) {
    order.fail(index, "aggregate", "expected cases that are worth the same, since the least of their points counts");
  }
  const double whole = least ? points.front() : std::accumulate(points.begin(), points.end(), 0.0);
  rules.most = group.points ? static_cast<double>(*group.points) : whole;
  if (group.aggregate == problem::ScoreRule::AllOrNothing) return rules;  // which gives `most`
  if (whole == 0 && *rules.most > 0) {
    order.fail(index, "points", "expected cases with points: those of this group are worth nothing");
  }
  if (whole > 0) rules.factor = *rules.most / whole;
  return rules;
}

void settle_groups(Task& task, const ScoringKeys& keys) {
  using problem::Child;
  GroupOrder order(keys);
  std::vector<std::vector<std::size_t>> cases(keys.groups.size());
  std::vector<Child> loose;  // as they stand among the cases
  for (std::size_t i = 0; i < task.cases.size(); ++i) {
    const Case& one = task.cases[i];
    if (one.group.empty()) {
      loose.push_back({Child::Kind::Case, i});
      continue;
    }
    const std::optional<std::size_t> index = order.find(one.group);
    if (!index) {
      throw PlanError(one.position, "case[" + std::to_string(i) + "].group",
                      "expected a group of [scoring], found " + in_quotes(one.group) + order.meant(one.group));
    }
    cases[*index].push_back(i);
    if (cases[*index].size() == 1) loose.push_back({Child::Kind::Group, *index});
  }
  for (std::size_t i = 0; i < keys.groups.size(); ++i) {
    if (cases[i].empty()) order.fail(i, "name", "no [[case]] has the group " + in_quotes(keys.groups[i].name));
  }
  // Groups stand where the first of their cases does, or further up where another one requires them.
  task.groups.emplace_back();
  std::vector<std::size_t> places(keys.groups.size());
  std::vector<double> worth;
  const auto add_group = [&](std::size_t index) {
    problem::Group group;
    group.name = keys.groups[index].name;
    std::vector<double> points;
    for (const std::size_t i : cases[index]) {
      group.children.push_back({Child::Kind::Case, i});
      points.push_back(task.cases[i].points);
    }
    for (const std::string& name : keys.groups[index].required) {
      group.requires_groups.push_back(places[*order.find(name)]);
    }
    group.scoring = rules_of(keys.groups[index], points, order, index);
    worth.push_back(*group.scoring.most);
    places[index] = task.groups.size();
    task.groups.front().children.push_back({Child::Kind::Group, task.groups.size()});
    task.groups.push_back(std::move(group));
  };
  for (const Child& child : loose) {
    if (child.kind == Child::Kind::Case) {
      worth.push_back(task.cases[child.index].points);
      task.groups.front().children.push_back(child);
      continue;
    }
    const std::size_t known = order.order().size();
    order.add(child.index);
    const std::vector<std::size_t> added(order.order().begin() + static_cast<std::ptrdiff_t>(known),
                                         order.order().end());
    for (const std::size_t index : added) add_group(index);
  }
  problem::Scoring& root = task.groups.front().scoring;
  root.score = keys.aggregate;
  root.verdict = problem::VerdictRule::FirstError;
  root.case_score = problem::OwnPoints{};
  root.rejected_counts = true;
  root.most = keys.aggregate == problem::ScoreRule::Minimum ? *std::ranges::min_element(worth)
                                                            : std::accumulate(worth.begin(), worth.end(), 0.0);
}

}  // namespace

void settle_grading(Task& task, const GradingKeys& keys) {
  settle_checker(task, keys);
  if (keys.judge == Judge::Program) check_program_of(task, "checker");
  if (!task.cases.empty()) {
    check_names(task);
    check_streams_of_cases(task);
    if (is_set(task, "interactor")) check_interactor(task, keys);
    check_passes(task, keys);
    check_jury_of_cases(task, keys);
    for (std::size_t i = 0; i < task.cases.size(); ++i) {
      Case& one = task.cases[i];
      if (one.output_file.empty()) one.output_file = task.output_file;
      one.own_points = one.points;
      if (!keys.cases_with_answer.contains(i)) one.expected = std::string();
    }
    if (is_set(task, "scoring")) settle_groups(task, keys.scoring);
    return;
  }
  if (is_set(task, "output_file")) {
    refuse(task, "output_file", "expected with [[case]]: without cases `collect` copies files out");
  }
  for (const char* key : {"checker", "interactor", "scoring", "passes"}) {
    if (is_set(task, key)) refuse(task, key, "expected with [[case]]: there is no output to check");
  }
}

}  // namespace evalrun
