// Draft: one file, a plan or an image, while it is being read. What must be seen whole before it can go into the plan
// waits here: mounts and links replace those of an image, calls cancel those of an image.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/plan/plan.h"
#include "runtime/reader/image.h"

namespace evalrun {

// A key that was set.
struct Entry {
  std::string key;   // in full: "mount[0].bind", "files.\"main.py\".from"
  std::string name;  // its last part: "bind", "main.py"
  SourcePosition position;
};

struct ImageInclude {
  std::string reference;
  SourcePosition position;
};

// A group of [scoring].
struct ScoringGroup {
  std::string name;
  problem::ScoreRule aggregate = problem::ScoreRule::Sum;
  std::optional<unsigned> points;
  std::vector<std::string> required;  // groups
  bool stops = false;
  SourcePosition position;
};

// [scoring], which is settled when the cases are known.
struct ScoringKeys {
  problem::ScoreRule aggregate = problem::ScoreRule::Sum;  // of the groups and of the cases without one
  std::vector<ScoringGroup> groups;
};

// What a section of a jury's program has beside the keys of a plan, which jury_program.h reads.
struct JuryKeys {
  problem::Convention convention = problem::Convention::Kattis;
  std::vector<std::string> args;
  std::vector<WorkFile> files;  // of these keys; for their checks alone
};

// [tests], as it stands.
struct TestsKeys {
  Tests tests;
  std::variant<std::filesystem::path, std::string> source;  // a file of the host (absolute) | text
};

struct Draft {
  Draft(Plan& into, SourcePosition file, std::filesystem::path relative_to)
      : plan(into), whole(std::move(file)), folder(std::move(relative_to)) {}

  Plan& plan;  // written to directly, but for what follows
  SourcePosition whole;
  std::filesystem::path folder;  // what relative paths of this file are relative to

  // Of a plan file: what its task has beside the plan.
  Limits compile_limits = CompileStep::compile_limits();  // the image's, which [compile] begins with
  std::optional<CompileStep> compile;
  std::vector<Case> cases;
  std::vector<PlanStep> steps;
  std::string output_file;  // of the cases
  Checker checker;
  bool checker_is_program = false;
  JuryKeys checker_keys, interactor_keys;
  bool checks_after_interactor = false;
  unsigned passes = 1;
  std::optional<TestsKeys> tests;
  ScoringKeys scoring;
  std::set<std::size_t> cases_with_answer;

  std::vector<Mount> mounts;
  std::vector<Link> links;
  std::vector<std::string> allow, deny;  // seccomp's
  std::map<std::string, SourcePosition> positions;

  // Of an image file.
  Image image;
  std::vector<ImageInclude> includes;
  bool abstract = false;

  // A case's and a step's own limits go over the plan's, which may stand further down: the changes, for each in turn.
  using LimitsChange = std::function<void(Limits&)>;
  std::vector<std::vector<LimitsChange>> case_limits, step_limits;
  std::set<std::size_t> steps_with_input;  // the others have the plan's

  // Of the file of [files] being read.
  bool file_is_folder = false;
  std::optional<std::uint32_t> file_mode;

  std::optional<Entry> mount_is_read_only;  // `write = false` of the mount being read

  [[nodiscard]] std::filesystem::path absolute(const std::string& path) const { return folder / path; }
  [[nodiscard]] SourcePosition where(const std::string& key) const;
};

// Checks what the file says as a whole, and joins it to the plan over what included files have put there. The cases get
// their limits; they stay in the draft, as all does that is not the plan's. Throws PlanError.
void join(Draft& draft);

}  // namespace evalrun
