// Generation: the data of cases that a package does not hold is made before anything is judged. Generators make inputs,
// and for DMOJ the answers too; the jury's solution makes the answers that are missing then.
//
// Theory of operation. Each distinct (program, arguments, input) runs once, in a sandbox of its own with the jury's
// limits, `jobs` at a time. First come the generators, then the solutions, which read what those have made. A program
// that fails is the jury's fault in every case that needs it: the case's `fault` names its argv, its end and its
// stderr.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/contest/case_files.h"
#include "runtime/contest/jury_runs.h"
#include "runtime/judge/program.h"
#include "runtime/plan/plan.h"
#include "runtime/pool/cell_pool.h"
#include "runtime/problem/problem.h"

namespace evalrun::contest {

// What one case lacks.
struct DataOrder {
  std::size_t index = 0;                         // in the task's cases
  const problem::Case* one = nullptr;            // borrowed
  std::shared_ptr<const JuryProgram> generator;  // null: the input is there
  std::filesystem::path generator_input;         // its standard input; "": none
  std::filesystem::path input;                   // where it is there
  std::shared_ptr<const JuryProgram> solution;   // null: nothing more is needed for the answer
};

struct MadeData {
  std::filesystem::path input, answer;    // "": not made
  std::optional<judge::JuryFault> fault;  // why not; none: all was made
};

class Generation {
 public:
  // All but the orders is borrowed.
  Generation(pool::CellPool& pool, judge::Jury& jury, CaseFiles& files, std::vector<DataOrder> orders, unsigned jobs);
  ~Generation();
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  // After every turn of the loop, which advances the jury too. Throws what runs and files throw.
  void advance();
  [[nodiscard]] bool finished() const noexcept { return phase_ == Phase::Done; }
  void interrupt(int signal);

  [[nodiscard]] const std::vector<DataOrder>& orders() const { return orders_; }
  // As the orders, after finished().
  [[nodiscard]] const std::vector<MadeData>& made() const { return made_; }

 private:
  enum class Phase { Inputs, Answers, Done };
  struct Work;

  Work& work_for(const std::string& key);
  void plan_inputs();
  void take_inputs();
  void plan_answers();
  void take_answers();
  void start_works();
  void end(Work& work, JuryRunEnd& end);
  void keep_output_file(Work& work, const Fd& folder);

  CaseFiles& files_;
  const std::vector<DataOrder> orders_;
  std::vector<MadeData> made_;
  Phase phase_ = Phase::Inputs;
  std::map<std::string, std::unique_ptr<Work>> works_;  // of this phase
  std::vector<Work*> works_in_order_;                   // of all phases; those of the first end before the second
  std::vector<std::string> work_of_order_;              // the key of each; "": none
  std::size_t files_made_ = 0;
  JuryRuns runs_;
};

}  // namespace evalrun::contest
