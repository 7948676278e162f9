// Runs of the jury's programs by themselves, side by side in the event loop: generators, solutions that make answers,
// and validators. Each has a sandbox of its own, with the jury's limits.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/core/fd.h"
#include "runtime/judge/jury_fault.h"
#include "runtime/judge/program.h"
#include "runtime/plan/plan.h"
#include "runtime/pool/cell_pool.h"
#include "runtime/supervise/run.h"

namespace evalrun::contest {

struct JuryRun {
  // A file of the host, which the program sees under this name in /work.
  struct Placed {
    std::string name;
    std::filesystem::path file;
  };

  std::shared_ptr<const JuryProgram> program;
  std::vector<std::string> arguments;  // after its own argv
  std::filesystem::path input;         // its standard input; "": empty
  std::vector<Placed> placed;
  std::vector<WorkFile> files;           // more of them
  std::filesystem::path output, errors;  // files for its streams; "": what its plan says
  judge::WorkAfterwards work = judge::WorkAfterwards::Gone;
};

struct JuryRunEnd {
  std::optional<judge::JuryFault> not_run;  // it does not compile, or all was interrupted; the rest is empty then
  std::vector<std::string> argv;
  supervise::RunResult run;
  Fd work;  // where it was to be kept
};

class JuryRuns {
 public:
  using Ended = std::function<void(std::size_t, JuryRunEnd&)>;

  // `pool` and `jury` are borrowed. `jobs` run at a time. `ended` is called with the place of each run, from advance();
  // it adds none.
  JuryRuns(pool::CellPool& pool, judge::Jury& jury, unsigned jobs, Ended ended);
  ~JuryRuns();
  JuryRuns(const JuryRuns&) = delete;
  JuryRuns& operator=(const JuryRuns&) = delete;

  // Returns its place: how many were added before.
  std::size_t add(JuryRun run);
  // After every turn of the loop, which advances the jury too. Throws what runs and files throw.
  void advance();
  // Whether all that were added have ended.
  [[nodiscard]] bool finished() const noexcept { return next_ == runs_.size() && held_.empty() && live_.empty(); }
  void interrupt(int signal);

 private:
  struct Live;

  [[nodiscard]] bool has_room() const;
  bool take(std::size_t place);
  void start_what_can_be();
  void start(std::size_t place);
  void end_without_run(std::size_t place, judge::JuryFault why);

  pool::CellPool& pool_;
  judge::Jury& jury_;
  const unsigned jobs_;
  const Ended ended_;
  bool interrupted_ = false;
  std::vector<JuryRun> runs_;      // of one that has ended, an empty one
  std::size_t next_ = 0;           // the first that was not looked at
  std::vector<std::size_t> held_;  // before it: those that wait for their program
  std::vector<std::unique_ptr<Live>> live_;
};

}  // namespace evalrun::contest
