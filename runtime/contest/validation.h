// Validation: what `judge --check` runs of a package. Its input validators see every input, its output validators see
// the answers, and both see the data that the package holds for them: inputs and outputs to reject, outputs to accept.
//
// Equal runs are made once. A validator that fails in no way of its convention is named with its argv, its end and its
// stderr, as when it fails in a grading.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "runtime/contest/jury_runs.h"
#include "runtime/contest/package_tasks.h"
#include "runtime/judge/program.h"
#include "runtime/pool/cell_pool.h"
#include "runtime/problem/finding.h"

namespace evalrun::contest {

class Validation {
 public:
  // All is borrowed. The package's missing data were made. Throws SystemError and archive::TreeError.
  Validation(pool::CellPool& pool, judge::Jury& jury, PackageTasks& tasks, unsigned jobs);
  Validation(const Validation&) = delete;
  Validation& operator=(const Validation&) = delete;

  // After every turn of the loop, which advances the jury too. Throws what runs and files throw.
  void advance() { runs_.advance(); }
  [[nodiscard]] bool finished() const noexcept { return runs_.finished(); }
  void interrupt(int signal) { runs_.interrupt(signal); }

  [[nodiscard]] std::size_t runs() const noexcept { return asked_by_run_.size(); }
  // After finished(): adds what was found, in the order of the cases.
  void report(problem::Findings& findings) const;

 private:
  enum class Wanted { ValidInput, InvalidInput, AcceptedAnswer, AcceptedOutput, RejectedOutput };

  struct Input {
    std::string name;  // its file in the package
    std::string key;   // of equal inputs equal
    std::filesystem::path file;
    std::map<std::string, std::vector<std::string>> arguments;  // by validator
    Wanted wanted = Wanted::ValidInput;
  };
  struct Output {
    std::string name, key;
    std::filesystem::path input, answer, file;
    Judging judging;
    std::vector<std::string> arguments;
    Wanted wanted = Wanted::AcceptedAnswer;
    bool is_sample = false;
  };

  // One question to one validator.
  struct Asked {
    Wanted wanted = Wanted::ValidInput;
    std::string of;                                   // Input::name, Output::name
    std::shared_ptr<const JuryProgram> program = {};  // null: the default comparison
    bool is_sample = false;
    std::size_t group = 0;  // equal for all that are asked about one input or output
    bool has_rejected = false;
    std::string found = {};  // what is wrong; "": nothing
  };

  void look_at_cases();
  void look_at_data_for_validators();
  [[nodiscard]] std::filesystem::path for_validators(const problem::Case& one,
                                                     const std::filesystem::path& input) const;
  void look_at(const Input& what);
  void look_at(const Output& what);
  void compare(const Output& what, const Checker& checker);
  void ask(Asked asked, JuryRun run);
  void end(Asked& asked, JuryRunEnd& end) const;
  [[nodiscard]] std::vector<problem::ProgramIndex> input_validators() const;

  PackageTasks& tasks_;
  std::vector<Asked> asked_;
  std::vector<std::size_t> asked_by_run_;
  std::set<std::string> known_;  // the questions that are asked already
  std::size_t groups_ = 0;
  JuryRuns runs_;
};

}  // namespace evalrun::contest
