#include "runtime/judge/scoring.h"

#include <algorithm>
#include <cstdio>

#include "runtime/core/overloaded.h"

namespace evalrun::judge {
namespace {

using problem::AfterRejection;
using problem::Child;
using problem::Group;
using problem::GroupIndex;
using problem::Scoring;

struct Word {
  Verdict verdict;
  std::string_view name;
};
// From the worst on, as the default grader of the Kattis format has them.
constexpr Word kWords[] = {
    {Verdict::Ie, "JE"},   {Verdict::Ce, "CE"},   {Verdict::Re, "RTE"}, {Verdict::Sv, "RTE"}, {Verdict::Mle, "MLE"},
    {Verdict::Tle, "TLE"}, {Verdict::Ole, "OLE"}, {Verdict::Wa, "WA"},  {Verdict::Pe, "PE"},
};

// From the worst on, as DMOJ's flags are numbered.
constexpr Verdict kFlags[] = {Verdict::Ie,  Verdict::Ce,  Verdict::Ole, Verdict::Re, Verdict::Sv,
                              Verdict::Tle, Verdict::Mle, Verdict::Wa,  Verdict::Pe};

// A result that a group's rules look at: of a case or of a group in it.
struct Item {
  Verdict verdict = Verdict::Ac;
  double score = 0;
};

// Works the groups out, one after the other, in their order.
class Work {
 public:
  Work(const std::vector<Group>& groups, const std::vector<CaseFacts>& cases,
       const std::vector<std::optional<GraderAnswer>>& answers)
      : groups_(groups), cases_(cases), answers_(answers) {
    result_.groups.resize(groups.size());
    result_.skipped.resize(cases.size());
  }

  Scores take() {
    if (!groups_.empty()) work_out(0);
    return std::move(result_);
  }

 private:
  void work_out(GroupIndex index);
  void add_children(GroupIndex index, std::vector<Item>& items);
  Item item_of_case(const Group& group, const Child& child, std::string& fault);
  void skip(GroupIndex index, const std::string& why);
  void skip_child(const Child& child, const std::string& why);
  void judge(GroupIndex index, const std::vector<Item>& items);
  void ask_grader(GroupIndex index, const std::vector<Item>& items);
  [[nodiscard]] std::string why_not_to_run(const Group& group) const;

  const std::vector<Group>& groups_;
  const std::vector<CaseFacts>& cases_;
  const std::vector<std::optional<GraderAnswer>>& answers_;
  Scores result_;
  std::string ends_all_;  // why nothing more counts
};

std::string Work::why_not_to_run(const Group& group) const {
  for (const GroupIndex required : group.requires_groups) {
    if (result_.groups[required].verdict != Verdict::Ac) return "group " + groups_[required].name + " was not passed";
  }
  return "";
}

void Work::skip(GroupIndex index, const std::string& why) {
  result_.groups[index].why_not_run = why;
  for (const Child& child : groups_[index].children) skip_child(child, why);
}

void Work::skip_child(const Child& child, const std::string& why) {
  if (child.kind == Child::Kind::Group) return skip(child.index, why);
  result_.skipped[child.index] = why;
}

double score_of_case(const problem::CaseScore& rule, const CaseFacts& facts, std::string& fault) {
  const bool accepted = facts.verdict == Verdict::Ac;
  // DOMjudge's validators may score what they reject; those of others never do, and their score is not read.
  const bool may_have_score = accepted || facts.verdict == Verdict::Wa;
  const auto of_bounded = [&](const problem::BoundedScore& bounded) {
    if (!accepted) return 0.0;
    if (facts.multiplier) return *facts.multiplier * bounded.most;
    if (!facts.score) return bounded.most;
    if (*facts.score < 0 || *facts.score > bounded.most) {
      fault = "score.txt holds " + plain(*facts.score) + ", and the case is worth " + plain(bounded.most);
    }
    return *facts.score;
  };
  const auto of_unbounded = [&](const problem::UnboundedScore&) {
    if (!accepted) return 0.0;
    if (facts.multiplier) fault = "score_multiplier.txt multiplies nothing where a score has no bound";
    if (!facts.score && fault.empty()) fault = "score.txt is missing, and the case's score has no bound";
    return facts.score.value_or(0);
  };
  return std::visit(
      Overloaded{[&](const problem::AcceptReject& fixed) {
                   const double without_file = accepted ? fixed.accept : fixed.reject;
                   return may_have_score ? facts.score.value_or(without_file) : without_file;
                 },
                 of_bounded, of_unbounded,
                 [&](const problem::OwnPoints&) { return facts.points * facts.share.value_or(accepted ? 1.0 : 0.0); }},
      rule);
}

Item Work::item_of_case(const Group& group, const Child& child, std::string& fault) {
  const CaseFacts& facts = cases_[child.index];
  Item item;
  item.verdict = facts.verdict.value_or(Verdict::Ie);
  item.score = score_of_case(child.score.value_or(group.scoring.case_score), facts, fault);
  return item;
}

void Work::add_children(GroupIndex index, std::vector<Item>& items) {
  const Group& group = groups_[index];
  std::string stopped;
  for (const Child& child : group.children) {
    if (!ends_all_.empty() || !stopped.empty()) {
      skip_child(child, stopped.empty() ? ends_all_ : stopped);
      continue;
    }
    Item item;
    if (child.kind == Child::Kind::Case) {
      item = item_of_case(group, child, result_.groups[index].fault);
      const bool is_worth_nothing = cases_[child.index].points == 0;
      if (item.verdict != Verdict::Ac && groups_[0].scoring.after_rejection == AfterRejection::StopTheRest &&
          is_worth_nothing) {
        ends_all_ = "a case that is worth nothing was rejected, which ends the judging";
      }
    } else {
      work_out(child.index);
      if (result_.call) return;
      const GroupGrade& inner = result_.groups[child.index];
      if (!inner.verdict) {
        if (!inner.why_not_run.empty()) items.push_back({Verdict::Wa, 0});  // its cases count as not accepted
        continue;
      }
      item = {*inner.verdict, inner.score};
    }
    items.push_back(item);
    if (item.verdict != Verdict::Ac && group.scoring.after_rejection == AfterRejection::Stop) {
      stopped =
          group.name.empty() ? "an earlier case was rejected" : "an earlier case of " + group.name + " was rejected";
    }
  }
}

Verdict verdict_of_items(const Scoring& rules, const std::vector<Item>& items) {
  const auto accepted = [](const Item& item) { return item.verdict == Verdict::Ac; };
  if (std::ranges::find(items, Verdict::Ie, &Item::verdict) != items.end()) return Verdict::Ie;
  if (rules.verdict == problem::VerdictRule::AlwaysAccept) return Verdict::Ac;
  if (rules.accept_if_any_accepted && std::ranges::any_of(items, accepted)) return Verdict::Ac;
  if (rules.verdict == problem::VerdictRule::FirstError) {
    const auto first = std::ranges::find_if_not(items, accepted);
    return first == items.end() ? Verdict::Ac : first->verdict;
  }
  if (rules.verdict == problem::VerdictRule::WorstFlag) {
    for (const Verdict flag : kFlags) {
      if (std::ranges::find(items, flag, &Item::verdict) != items.end()) return flag;
    }
    return Verdict::Ac;
  }
  for (const Word& word : kWords) {
    if (std::ranges::find(items, word.verdict, &Item::verdict) != items.end()) return word.verdict;
  }
  return Verdict::Ac;
}

double score_of_items(const Scoring& rules, const std::vector<Item>& items) {
  if (items.empty()) return 0;
  double sum = 0;
  for (const Item& item : items) sum += item.score;
  switch (rules.score) {
    case problem::ScoreRule::Sum: return sum;
    case problem::ScoreRule::Minimum: return std::ranges::min_element(items, {}, &Item::score)->score;
    case problem::ScoreRule::Maximum: return std::ranges::max_element(items, {}, &Item::score)->score;
    case problem::ScoreRule::Average: return sum / static_cast<double>(items.size());
    case problem::ScoreRule::AllOrNothing: {
      const bool all = std::ranges::all_of(items, [](const Item& item) { return item.verdict == Verdict::Ac; });
      return all ? rules.most.value_or(sum) : 0;
    }
    case problem::ScoreRule::Product: {
      double product = 1;
      for (const Item& item : items) product *= item.score;
      return product;
    }
    case problem::ScoreRule::AllWithin:
      return std::ranges::all_of(items, [&](const Item& item) { return item.score > 0 && item.score <= rules.within; });
  }
  return 0;
}

void Work::ask_grader(GroupIndex index, const std::vector<Item>& items) {
  const std::optional<GraderAnswer>& answer = answers_[index];
  if (!answer) {
    GraderCall& call = result_.call.emplace();
    call.group = index;
    for (const Item& item : items) {
      call.input += std::string(kattis_name_of(item.verdict)) + " " + plain(item.score) + "\n";
    }
    return;
  }
  GroupGrade& grade = result_.groups[index];
  grade.verdict = answer->verdict.value_or(Verdict::Ie);
  grade.score = answer->score;
  if (!answer->fault.empty()) grade.fault = answer->fault;
}

void Work::judge(GroupIndex index, const std::vector<Item>& all) {
  const Scoring& rules = groups_[index].scoring;
  std::vector<Item> items = all;
  if (rules.ignore_sample && items.size() > 1) items.erase(items.begin(), items.end() - 1);
  GroupGrade& grade = result_.groups[index];
  const bool has_judge_error = std::ranges::find(items, Verdict::Ie, &Item::verdict) != items.end();
  if (rules.grader && !has_judge_error) {
    ask_grader(index, items);
  } else {
    grade.verdict = verdict_of_items(rules, items);
    grade.score = rules.factor * score_of_items(rules, items);
  }
  if (!grade.verdict) return;
  if (!rules.rejected_counts && *grade.verdict != Verdict::Ac) grade.score = 0;
  const bool counts = *grade.verdict == Verdict::Ac || rules.rejected_counts;
  if (grade.fault.empty() && counts && !items.empty() && rules.most && grade.score > *rules.most + 1e-9) {
    grade.fault = "the score " + plain(grade.score) + " is above the most, " + plain(*rules.most);
  }
  if (!grade.fault.empty()) grade.verdict = Verdict::Ie;
}

void Work::work_out(GroupIndex index) {
  const std::string why_not = why_not_to_run(groups_[index]);
  if (!why_not.empty()) return skip(index, why_not);
  std::vector<Item> items;
  add_children(index, items);
  if (!result_.call) judge(index, items);
}

}  // namespace

Scores work_out(const std::vector<Group>& groups, const std::vector<CaseFacts>& cases,
                const std::vector<std::optional<GraderAnswer>>& answers) {
  return Work(groups, cases, answers).take();
}

std::string plain(double number) {
  char text[40];
  std::snprintf(text, sizeof text, "%.15g", number);
  return text;
}

std::string_view kattis_name_of(Verdict verdict) {
  if (verdict == Verdict::Ac || verdict == Verdict::Ok) return "AC";
  for (const Word& word : kWords) {
    if (word.verdict == verdict) return word.name;
  }
  return "JE";
}

std::optional<Verdict> verdict_of_kattis_name(std::string_view name) {
  if (name == "AC") return Verdict::Ac;
  if (name == "IF") return Verdict::Ie;
  for (const Word& word : kWords) {
    if (word.name == name) return word.verdict;
  }
  return {};
}

SkipRules::SkipRules(const std::vector<Group>& groups, std::size_t cases)
    : groups_(groups),
      cases_(cases),
      parents_(groups.size(), Place{kNone, 0}),
      first_rejected_(groups.size(), kNone),
      order_(cases, 0) {
  std::size_t order = 0;
  // A stack of its own: how deep groups are nested is the package's choice.
  std::vector<Place> left;
  if (!groups.empty()) left.push_back({0, 0});
  while (!left.empty()) {
    Place& at = left.back();
    const std::vector<Child>& children = groups[at.group].children;
    if (at.position == children.size()) {
      left.pop_back();
      continue;
    }
    const Child& child = children[at.position];
    const Place place = at;
    ++at.position;
    if (child.kind == Child::Kind::Case) {
      cases_[child.index] = place;
      order_[child.index] = order++;
    } else {
      parents_[child.index] = place;
      left.push_back({child.index, 0});
    }
  }
}

// Whatever its other cases come to.
bool SkipRules::is_rejected_for_sure(GroupIndex group) const {
  const Scoring& rules = groups_[group].scoring;
  return first_rejected_[group] != kNone && !rules.grader && !rules.accept_if_any_accepted && !rules.ignore_sample &&
         rules.verdict != problem::VerdictRule::AlwaysAccept;
}

void SkipRules::note_rejected(std::size_t index, bool is_worth_nothing) {
  Place place = cases_[index];
  if (is_worth_nothing && groups_[0].scoring.after_rejection == AfterRejection::StopTheRest) {
    stops_after_ = std::min(stops_after_, order_[index]);
  }
  for (;;) {
    first_rejected_[place.group] = std::min(first_rejected_[place.group], place.position);
    if (!is_rejected_for_sure(place.group) || parents_[place.group].group == kNone) return;
    place = parents_[place.group];
  }
}

std::string SkipRules::why_skipped(std::size_t index) const {
  if (order_[index] > stops_after_) return "a case that is worth nothing was rejected, which ends the judging";
  for (Place place = cases_[index];; place = parents_[place.group]) {
    const Group& group = groups_[place.group];
    if (group.scoring.after_rejection == AfterRejection::Stop && first_rejected_[place.group] < place.position) {
      return group.name.empty() ? "an earlier case was rejected" : "an earlier case of " + group.name + " was rejected";
    }
    for (const GroupIndex required : group.requires_groups) {
      if (is_rejected_for_sure(required)) return "group " + groups_[required].name + " was not passed";
    }
    if (parents_[place.group].group == kNone) return "";
  }
}

}  // namespace evalrun::judge
