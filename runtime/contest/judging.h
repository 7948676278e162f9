// Judging: the submissions of a package, or of a class, graded side by side in one event loop.
//
// Each core takes a submission, and runs its compile step and then its cases. Where there are fewer submissions than
// cores, at the end too, the cases of one run side by side. Which it is makes no difference to any verdict:
// judge/grading.h says why.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/contest/package_tasks.h"
#include "runtime/contest/tasks.h"
#include "runtime/contest/validation.h"
#include "runtime/groups/cgroup.h"
#include "runtime/host/host.h"
#include "runtime/judge/grading.h"
#include "runtime/loop/event_loop.h"
#include "runtime/pool/cell_pool.h"

namespace evalrun::contest {

// One submission that is to be judged.
struct Entry {
  std::string name;                               // for people: "accepted/a.cpp"
  std::function<SourcesOrRefusal()> sources;      // read when its turn comes: a class has many
  const problem::Submission* labelled = nullptr;  // what the package says of it; null: nothing
};

struct Judged {
  std::string name;
  const problem::Submission* labelled = nullptr;
  std::optional<Refusal> refusal;  // it was not run
  std::string language;
  std::shared_ptr<const Task> task;  // null with a refusal
  judge::Grade grade;
  Duration limit{};
  Duration slowest{};  // case, of those that ran
  bool is_near_limit = false;
  bool was_interrupted = false;
  unsigned runs = 1;  // near the limit it is graded three times, and the median by time counts
};

struct JudgingOptions {
  unsigned jobs = 0;  // programs at a time; 0: one for each core
  judge::Rules rules = judge::Rules::Kattis;
  judge::PointlessCases pointless_cases = judge::PointlessCases::Skip;
  judge::AfterFailure after_failure = judge::AfterFailure::GoOn;
  std::vector<std::string> overrides;  // of --set
};

class Judging {
 public:
  // `tasks` is borrowed. Throws HostError and SystemError.
  Judging(Tasks& tasks, JudgingOptions options);
  ~Judging();
  Judging(const Judging&) = delete;
  Judging& operator=(const Judging&) = delete;

  [[nodiscard]] loop::EventLoop& loop() noexcept { return loop_; }

  // Called with each as it ends, in whichever order, and its place among the entries. It may take what it needs of it
  // and leave the rest empty. What was interrupted is not told.
  using Told = std::function<void(std::size_t, Judged&)>;

  // Grades all of them with this time limit. A submission of which no task can be made is refused. Throws what starting
  // a run throws.
  std::vector<Judged> judge(const std::vector<Entry>& entries, Duration time_limit, const Told& told = {});

  // Runs the validators of the package whose tasks these are, and adds what they found. Returns how many runs it took.
  std::size_t validate(PackageTasks& package, problem::Findings& findings);

  // Ends what is running and starts nothing more.
  void interrupt(int signal);
  [[nodiscard]] bool was_interrupted() const noexcept { return interrupted_; }

 private:
  struct Live;

  std::unique_ptr<Live> make_live(const Entry& entry, std::size_t index, Duration time_limit);
  // Turns the loop until it has finished.
  void finish(const auto& work);
  void make_missing_data();
  void start(Live& live);
  void end(Live& live);
  void share_cores_of_the_last();
  [[nodiscard]] unsigned cores() const;

  Tasks& tasks_;
  const JudgingOptions options_;
  loop::EventLoop loop_;
  groups::Groups groups_;
  host::HostFacts host_;
  pool::CellPool pool_;
  judge::Jury jury_;
  std::unique_ptr<Generation> generation_;
  std::unique_ptr<Validation> validation_;
  std::vector<std::unique_ptr<Live>> live_;
  unsigned jobs_of_each_ = 1;
  bool interrupted_ = false;
};

}  // namespace evalrun::contest
