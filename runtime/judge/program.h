// A program of a task made ready for its runs: the submission, or one of the jury's. Both are compiled, and what their
// compile step leaves is carried over, in the same way.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rootfs/pin.h"
#include "runtime/host/host.h"
#include "runtime/judge/artefacts.h"
#include "runtime/judge/verdict.h"
#include "runtime/plan/plan.h"
#include "runtime/pool/cell_pool.h"
#include "runtime/sandbox/compile.h"
#include "runtime/supervise/run.h"

namespace evalrun::judge {

struct CompileGrade {
  Verdict verdict = Verdict::Ok;  // OK, CE or IE
  std::string message;
  supervise::RunResult run;
};

// /work after a run, for files in it to be read.
enum class WorkAfterwards { Gone, Kept };

// Whether files cannot be at both of these paths below /work at a time.
bool exclude_each_other(const std::string& a, const std::string& b);

// The compiler has the program's image, files and layers, and limits of its own. What is for the program's run alone,
// it has not: neither its streams and ports nor what the plan takes from the program, which a compiler may need.
Plan plan_of_compile_step(const Plan& program, const CompileStep& step);

class Program {
 public:
  // `host` is borrowed. Of a program with a compile step the plan's files are those of that step.
  Program(Plan plan, const host::HostFacts& host) : plan_(std::move(plan)), host_(host) {}

  // What its runs have in common. A run's own plan is made of it.
  [[nodiscard]] const Plan& plan() const noexcept { return plan_; }
  // For who changes its job from run to run without copying its files.
  [[nodiscard]] Plan& plan() noexcept { return plan_; }

  // Takes over what `left_by`, the compile step or another run, has left in `work`, for runs with these limits: that
  // and nothing else is in their /work. Returns why it cannot, in words; "" where it has.
  std::string carry(Fd work, const std::vector<Limits>& limits, const std::string& left_by = "the compile step");
  // How many files a run is given by descriptor: what was left, where it is too large for the plan.
  [[nodiscard]] std::size_t carried() const noexcept { return artefacts_ ? artefacts_->count() : 0; }

  // One run of it, with `plan` in place of its own; `more` is placed in /work too. Throws what sandbox::compile throws.
  [[nodiscard]] std::shared_ptr<const sandbox::CompiledPlan> compile(const Plan& plan, WorkAfterwards work,
                                                                     const snapshot::Choice& start = {},
                                                                     std::vector<rootfs::CarriedFile> more = {}) const;

 private:
  Plan plan_;
  const host::HostFacts& host_;
  std::optional<Artefacts> artefacts_;  // too large for the plan to hold their content
};

// The compile step of a program at work.
class Build {
 public:
  // Starts it. Throws what sandbox::compile and Run throw.
  Build(pool::CellPool& pool, const host::HostFacts& host, const Plan& program, const CompileStep& step);

  [[nodiscard]] bool finished() const noexcept { return run_->finished(); }
  void interrupt(int signal) { run_->interrupt(signal); }
  // Once, after finished(). `into` is given what the step left, for runs with these limits.
  CompileGrade end(Program& into, const std::vector<Limits>& limits);

 private:
  Limits limits_;
  std::unique_ptr<supervise::Run> run_;
};

// The jury's programs, compiled once whichever gradings ask for them.
class Jury {
 public:
  // Both are borrowed.
  Jury(pool::CellPool& pool, const host::HostFacts& host) : pool_(pool), host_(host) {}
  Jury(const Jury&) = delete;
  Jury& operator=(const Jury&) = delete;

  enum class State { Building, Ready, Failed };
  // Begins to build it, if nobody has. Throws what Build throws.
  State prepare(const std::shared_ptr<const JuryProgram>& program);
  // After every turn of the loop.
  void advance();
  // How many compile steps are at work.
  [[nodiscard]] std::size_t building() const noexcept;
  void interrupt(int signal);

  // Of one that is ready.
  [[nodiscard]] const Program& program(const JuryProgram& program) const;
  // Of one that has failed.
  [[nodiscard]] const CompileGrade& failure(const JuryProgram& program) const;

 private:
  struct Member {
    std::shared_ptr<const JuryProgram> kept;
    State state = State::Building;
    std::optional<Program> program;
    std::optional<Build> build;
    CompileGrade grade;
  };

  pool::CellPool& pool_;
  const host::HostFacts& host_;
  std::map<const JuryProgram*, Member> members_;
};

}  // namespace evalrun::judge
