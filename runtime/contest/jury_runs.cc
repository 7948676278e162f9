#include "runtime/contest/jury_runs.h"

#include <algorithm>

#include "runtime/core/host_file.h"

namespace evalrun::contest {
namespace {

// So many runs may wait for their programs while others are looked for. A package has 100,000 cases.
constexpr std::size_t kMostHeld = 64;

}  // namespace

struct JuryRuns::Live {
  std::size_t place = 0;
  std::vector<std::string> argv;
  std::unique_ptr<supervise::Run> run;
};

JuryRuns::JuryRuns(pool::CellPool& pool, judge::Jury& jury, unsigned jobs, Ended ended)
    : pool_(pool), jury_(jury), jobs_(std::max(jobs, 1U)), ended_(std::move(ended)) {}

JuryRuns::~JuryRuns() = default;

std::size_t JuryRuns::add(JuryRun run) {
  runs_.push_back(std::move(run));
  return runs_.size() - 1;
}

void JuryRuns::start(std::size_t place) {
  const JuryRun& what = runs_[place];
  const judge::Program& ready = jury_.program(*what.program);
  Plan plan = ready.plan();
  plan.job.argv.insert(plan.job.argv.end(), what.arguments.begin(), what.arguments.end());
  plan.job.input = InputNull{};
  if (!what.input.empty()) plan.job.input = InputFile{what.input};
  if (!what.output.empty()) plan.kind.output = OutputFile{what.output};
  if (!what.errors.empty()) plan.kind.error_output = OutputFile{what.errors};
  plan.job.files.insert(plan.job.files.end(), what.files.begin(), what.files.end());
  std::vector<rootfs::CarriedFile> placed;
  for (const JuryRun::Placed& one : what.placed) placed.push_back({one.name, open_to_read(one.file.string()), 0444});
  auto live = std::make_unique<Live>();
  live->place = place;
  live->argv = plan.job.argv;
  live->run = pool_.start_alone(ready.compile(plan, what.work, {}, std::move(placed)));
  live_.push_back(std::move(live));
}

void JuryRuns::end_without_run(std::size_t place, judge::JuryFault why) {
  JuryRunEnd end;
  end.not_run = std::move(why);
  runs_[place] = {};
  ended_(place, end);
}

bool JuryRuns::has_room() const {
  return interrupted_ || live_.size() + jury_.building() < jobs_;
}

// False where it has to wait.
bool JuryRuns::take(std::size_t place) {
  if (!has_room()) return false;
  const std::shared_ptr<const JuryProgram> program = runs_[place].program;
  if (interrupted_) {
    end_without_run(place, {program->name, {}, "interrupted", ""});
    return true;
  }
  switch (jury_.prepare(program)) {
    case judge::Jury::State::Building: return false;
    case judge::Jury::State::Ready: start(place); return true;
    case judge::Jury::State::Failed:
      end_without_run(place, judge::fault_of_compile_step(*program, jury_.failure(*program)));
      return true;
  }
  return true;
}

// In their order, but those whose program is being compiled let some others pass.
void JuryRuns::start_what_can_be() {
  std::erase_if(held_, [&](std::size_t place) { return take(place); });
  while (next_ < runs_.size() && has_room() && held_.size() < kMostHeld) {
    if (!take(next_)) held_.push_back(next_);
    ++next_;
  }
}

void JuryRuns::advance() {
  for (std::size_t i = 0; i < live_.size();) {
    if (!live_[i]->run->finished()) {
      ++i;
      continue;
    }
    const std::unique_ptr<Live> live = std::move(live_[i]);
    live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(i));
    JuryRunEnd end;
    end.argv = std::move(live->argv);
    end.run = live->run->take_result(nullptr);
    if (runs_[live->place].work == judge::WorkAfterwards::Kept) end.work = live->run->take_work_folder();
    runs_[live->place] = {};
    ended_(live->place, end);
  }
  start_what_can_be();
}

void JuryRuns::interrupt(int signal) {
  interrupted_ = true;
  for (const auto& live : live_) live->run->interrupt(signal);
}

}  // namespace evalrun::contest
