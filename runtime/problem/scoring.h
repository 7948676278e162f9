// Groups of cases, and what the cases' results come to: values. judge/scoring.h works them out.
//
// Cases and groups are two flat lists. A group names its children by their places in them, in the order in which they
// are judged. Group 0 is the root.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace evalrun::problem {

using ProgramIndex = std::size_t;  // in Problem::programs
using CaseIndex = std::size_t;     // in Problem::cases
using GroupIndex = std::size_t;    // in Problem::groups

// What one case gives to its group.
// Accept or reject, or score.txt where the validator writes scores.
struct AcceptReject {
  friend bool operator==(const AcceptReject&, const AcceptReject&) = default;
  double accept = 1;
  double reject = 0;
};
// At most this: by score_multiplier.txt, score.txt, or all of it.
struct BoundedScore {
  friend bool operator==(const BoundedScore&, const BoundedScore&) = default;
  double most = 0;
};
// score.txt is required.
struct UnboundedScore {
  friend bool operator==(const UnboundedScore&, const UnboundedScore&) = default;
};
// Case::points times the checker's part.
struct OwnPoints {
  friend bool operator==(const OwnPoints&, const OwnPoints&) = default;
};
using CaseScore = std::variant<AcceptReject, BoundedScore, UnboundedScore, OwnPoints>;

enum class ScoreRule {
  Sum,
  Minimum,
  Maximum,
  Average,
  AllOrNothing,
  Product,   // CMS's GroupMul
  AllWithin  // CMS's GroupThreshold: 1 if each child has more than 0 and at most Scoring::within, else 0
};
enum class VerdictRule {
  WorstError,
  FirstError,
  AlwaysAccept,
  WorstFlag  // DMOJ: OLE, RTE, TLE, MLE, WA, the worst first
};
enum class AfterRejection {
  Stop,  // the rest of the group is not run, and the group is graded by what was
  GoOn,
  StopTheRest  // DMOJ: after a failed case worth nothing, everything that follows is skipped
};

struct Scoring {
  friend bool operator==(const Scoring&, const Scoring&) = default;
  ScoreRule score = ScoreRule::Sum;
  double within = 0;  // of AllWithin
  double factor = 1;  // the group's score is this times what the rule gives
  VerdictRule verdict = VerdictRule::WorstError;
  AfterRejection after_rejection = AfterRejection::GoOn;
  CaseScore case_score;
  bool accept_if_any_accepted = false;
  bool ignore_sample = false;             // of the root alone: its last child counts
  double least = 0;                       // the range of the group's score
  std::optional<double> most;             // absent: unbounded
  bool rejected_counts = false;           // a group that is not accepted keeps its score (DMOJ, 2025-09, Polygon)
  std::optional<ProgramIndex> grader;     // instead of these rules
  std::vector<std::string> grader_flags;  // as they stand in the package
};

// In a group, in the order in which they are judged.
struct Child {
  friend bool operator==(const Child&, const Child&) = default;
  enum class Kind { Case, Group } kind = Kind::Case;
  std::size_t index = 0;                // in Problem::cases or Problem::groups
  std::optional<CaseScore> score = {};  // of a case, in place of its group's
};

struct Group {
  friend bool operator==(const Group&, const Group&) = default;
  std::string name;  // "" is the root; "secret/group1", "batch 2"
  std::vector<Child> children;
  std::vector<GroupIndex> requires_groups;  // it is not run unless all of these have passed
  Scoring scoring;
};

}  // namespace evalrun::problem
