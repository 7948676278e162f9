#include "runtime/pool/cell_pool.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string_view>

#include "runtime/core/error.h"

namespace evalrun::pool {
namespace {

// What is larger is not copied through memory.
constexpr std::uint64_t kLargestJob = std::uint64_t{16} << 20;
constexpr std::uint64_t kPage = 4096;
// Of rootfs::place_job_files: 0 to 2, the report pipe, the root, the file.
constexpr unsigned kDescriptorsToPlace = 6;
constexpr std::array<std::string_view, 6> kCallsToPlace = {"close", "fchmod", "mkdirat", "openat", "openat2", "write"};
// In a row: a keeper or a run that is killed from outside says nothing of the next.
constexpr unsigned kMostFailures = 3;

// None of one that compile refuses, or whose size says nothing: a file of the kernel's has none.
std::optional<std::uint64_t> size_of(const WorkFile& file) {
  if (const auto* text = std::get_if<std::string>(&file.source)) return text->size();
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(std::get<std::filesystem::path>(file.source), error);
  return error || size == 0 ? std::nullopt : std::optional<std::uint64_t>(size);
}

// The target places the job's files itself, locked down: under its own limits and rights.
bool may_place_files(const Plan& plan) {
  return plan.kind.limits.open_files >= kDescriptorsToPlace &&
         std::ranges::none_of(plan.kind.seccomp.deny, [](const std::string& call) {
           return std::ranges::find(kCallsToPlace, call) != kCallsToPlace.end();
         });
}

// What is more than the plan's limits is refused when it is compiled for a cold run.
bool can_be_told(const Plan& plan) {
  if (!plan.job.files.empty() && !may_place_files(plan)) return false;
  if (plan.job.files.size() > plan.kind.limits.inodes) return false;
  std::uint64_t all = 0;
  std::uint64_t pages = 0;
  for (const WorkFile& file : plan.job.files) {
    const std::optional<std::uint64_t> size = size_of(file);
    if (!size || *size > plan.kind.limits.file_size.count) return false;
    all += *size;
    pages += (*size + kPage - 1) / kPage;
  }
  if (pages * kPage > plan.kind.limits.workspace.count) return false;
  for (const auto& [name, value] : plan.job.env) all += name.size() + value.size();
  for (const std::string& word : plan.job.argv) all += word.size();
  return all <= kLargestJob;
}

// Whether a run can be prepared without its job: rules made for the program's own files depend on it, and a file that
// takes the output is emptied when a run is made.
bool is_the_same_for_all_jobs(const Plan& plan) {
  if (std::holds_alternative<OutputFile>(plan.kind.output) ||
      std::holds_alternative<OutputFile>(plan.kind.error_output)) {
    return false;
  }
  for (const Capability word : {Capability::FsRead, Capability::FsWrite, Capability::FsDelete, Capability::Exec}) {
    if (plan.kind.capabilities.takes(word)) return false;
  }
  return plan.kind.landlock.write.empty() && plan.kind.landlock.read.empty() && plan.kind.landlock.execute.empty() &&
         plan.kind.landlock.remove.empty() && !plan.kind.limits.address_space;
}

}  // namespace

CellPool::CellPool(loop::EventLoop& loop, groups::Groups& groups, const host::HostFacts& host, unsigned ready,
                   sandbox::Cloner* cloner)
    : loop_(loop), groups_(groups), host_(host), ready_(ready), cloner_(cloner), snapshots_(loop, host) {}

CellPool::~CellPool() {
  kinds_.clear();
  for (const supervise::Teardown& teardown : ending_) loop_.forget(teardown.sandbox->pidfd().get());
}

std::unique_ptr<supervise::Run> CellPool::with_teardown_here(std::unique_ptr<supervise::Run> run) {
  run->hand_teardown_to([this](supervise::Teardown teardown) { await_exit(std::move(teardown)); });
  return run;
}

// Waited for in the loop, as everything is; the cell is free then.
void CellPool::await_exit(supervise::Teardown teardown) {
  const auto place = ending_.insert(ending_.end(), std::move(teardown));
  const int pidfd = place->sandbox->pidfd().get();
  try {
    loop_.watch(pidfd, loop::Interest::Read, loop_.caller(), [this, place, pidfd] {
      loop_.forget(pidfd);
      ending_.erase(place);
    });
  } catch (const std::exception&) {
    ending_.erase(place);  // waited for here: a run's destructor gives its teardown away
  }
}

CellPool::PreparedKind* CellPool::find(const Plan& plan) {
  const auto found =
      std::ranges::find_if(kinds_, [&](const PreparedKind& kind) { return kind.plan.kind == plan.kind; });
  if (found == kinds_.end()) return nullptr;
  kinds_.splice(kinds_.begin(), kinds_, found);
  return &kinds_.front();
}

void CellPool::add(const sandbox::CompiledPlan& first) {
  if (kinds_.size() >= kMostKinds) kinds_.pop_back();
  std::list<PreparedKind> made;  // joins the others when it is whole
  PreparedKind& kind = made.emplace_front();
  kind.plan = without_job(first.plan());
  kind.snapshot = first.shared_snapshot();
  kind.program = first.plan().job.argv.front();
  kind.env = first.plan().job.env;
  // Which process to pin is known by its listener (Run::start).
  const bool cannot_be_pinned =
      !first.child().has_listener && !std::holds_alternative<CpusAny>(kind.plan.kind.limits.cpus);
  kind.is_cold = cannot_be_pinned || !is_the_same_for_all_jobs(kind.plan) || !warm::why_not_shared(first).empty();
  kinds_.splice(kinds_.begin(), made);
}

std::shared_ptr<warm::Cell> CellPool::free_cell(PreparedKind& kind) {
  std::erase_if(kind.cells, [](const std::shared_ptr<warm::Cell>& cell) {
    return cell->is_free() && (cell->is_retired() || cell->runs() >= warm::kRunsOfACell);
  });
  for (const auto& cell : kind.cells) {
    if (cell->is_free()) return cell;
  }
  // As many run as wait.
  if (kind.cells.size() >= std::size_t{2} * ready_) return nullptr;
  // Compiled by itself: nothing of the job that came first is in it.
  if (!kind.compiled) kind.compiled = sandbox::compile(kind.plan, host_, {.carried = {}, .snapshot = kind.snapshot});
  return kind.cells.emplace_back(std::make_shared<warm::Cell>(kind.compiled, cloner_));
}

std::unique_ptr<supervise::Run> CellPool::make_waiting(PreparedKind& kind) {
  for (; kind.failures < kMostFailures; ++kind.failures) {
    // Whoever is started cold meets what is thrown here too, and tells it.
    std::shared_ptr<warm::Cell> cell;
    try {
      cell = free_cell(kind);
      if (!cell) return nullptr;
      return with_teardown_here(
          std::make_unique<supervise::Run>(loop_, groups_, kind.compiled, supervise::RunHooks{},
                                           supervise::RunOrigin{.groundwork = supervise::Groundwork(groups_, cell),
                                                                .cloner = cloner_,
                                                                .start = sandbox::Start::WhenTold}));
    } catch (const std::exception&) {
    }
    std::erase(kind.cells, cell);
  }
  kind.is_cold = true;
  return nullptr;
}

std::unique_ptr<supervise::Run> CellPool::take_waiting(PreparedKind& kind) {
  while (!kind.waiting.empty()) {
    std::unique_ptr<supervise::Run> run = std::move(kind.waiting.front());
    kind.waiting.pop_front();
    if (run->is_waiting()) {
      kind.failures = 0;
      return run;
    }
    ++kind.failures;  // while it was prepared
  }
  return kind.is_cold ? nullptr : make_waiting(kind);
}

// Null where it must be started cold; `hooks` is untouched then. A run that shall start otherwise than its kind does
// is: what is held of its memory is another limit.
std::unique_ptr<supervise::Run> CellPool::start_prepared(const Plan& plan, const Snapshot& snapshot,
                                                         supervise::RunHooks& hooks) {
  if (ready_ == 0 || !can_be_told(plan)) return nullptr;
  PreparedKind* kind = find(plan);
  if (kind == nullptr || kind->is_cold || kind->snapshot != snapshot) return nullptr;
  std::unique_ptr<supervise::Run> run = take_waiting(*kind);
  if (run) run->start(plan, std::move(hooks));
  return run;
}

bool CellPool::knows(const Plan& plan) const {
  if (ready_ == 0 || plan.job.argv.empty() || !can_be_told(plan)) return false;
  return std::ranges::any_of(kinds_, [&](const PreparedKind& kind) {
    return !kind.is_cold && kind.program == plan.job.argv.front() && kind.env == plan.job.env &&
           kind.plan.kind == plan.kind;
  });
}

std::unique_ptr<supervise::Run> CellPool::start(const Plan& plan, supervise::RunHooks hooks) {
  if (std::unique_ptr<supervise::Run> run = start_prepared(plan, nullptr, hooks)) return run;
  return start(sandbox::compile(plan, host_), std::move(hooks));
}

std::unique_ptr<supervise::Run> CellPool::start_by_choice(const Plan& plan, supervise::RunHooks hooks) {
  return start_as(choose(plan), plan, std::move(hooks));
}

std::unique_ptr<supervise::Run> CellPool::start_as(const snapshot::Choice& choice, const Plan& plan,
                                                   supervise::RunHooks hooks) {
  if (std::unique_ptr<supervise::Run> run = start_prepared(plan, choice.snapshot, hooks)) {
    run->explain_start(choice.why_not);
    return watched(std::move(run), choice.snapshot);
  }
  sandbox::CompileExtras extras{.carried = {}, .snapshot = choice.snapshot, .why_no_snapshot = choice.why_not};
  return watched(start(sandbox::compile(plan, host_, std::move(extras)), std::move(hooks)), choice.snapshot);
}

// A snapshot from which runs cannot start is found out by them.
std::unique_ptr<supervise::Run> CellPool::watched(std::unique_ptr<supervise::Run> run, const Snapshot& snapshot) {
  if (snapshot) {
    snapshots_.note_run(*snapshot);
    run->tell_failed_restore([this, snapshot](const std::string& why) { snapshots_.note_failure(*snapshot, why); });
  }
  return run;
}

std::unique_ptr<supervise::Run> CellPool::start_first_of_two(const snapshot::Choice& choice, const Plan& plan,
                                                             supervise::RunHooks hooks) {
  std::unique_ptr<supervise::Run> run = start_as(choice, plan, std::move(hooks));
  if (PreparedKind* kind = ready_ == 0 ? nullptr : find(plan)) kind->comes_first_of_two = true;
  return run;
}

std::unique_ptr<supervise::Run> CellPool::start(const std::shared_ptr<const sandbox::CompiledPlan>& plan,
                                                supervise::RunHooks hooks) {
  const Snapshot snapshot = plan->shared_snapshot();
  if (std::unique_ptr<supervise::Run> run = start_prepared(plan->plan(), snapshot, hooks)) return run;
  auto run = start_alone(plan, std::move(hooks));
  if (ready_ == 0) return run;
  const PreparedKind* kind = find(plan->plan());
  // The one before was made when there was no snapshot yet, or another.
  const bool is_outdated = kind != nullptr && snapshot && kind->snapshot != snapshot;
  if (is_outdated) kinds_.pop_front();
  if (kind == nullptr || is_outdated) add(*plan);
  return run;
}

std::unique_ptr<supervise::Run> CellPool::start_alone(std::shared_ptr<const sandbox::CompiledPlan> plan,
                                                      supervise::RunHooks hooks) {
  return std::make_unique<supervise::Run>(loop_, groups_, std::move(plan), std::move(hooks),
                                          supervise::RunOrigin{.cloner = cloner_});
}

std::unique_ptr<supervise::Run> CellPool::start_on(supervise::Groundwork groundwork,
                                                   const std::shared_ptr<const sandbox::CompiledPlan>& plan,
                                                   supervise::RunHooks hooks) {
  return with_teardown_here(
      std::make_unique<supervise::Run>(loop_, groups_, plan, std::move(hooks),
                                       supervise::RunOrigin{.groundwork = std::move(groundwork), .cloner = cloner_}));
}

bool CellPool::is_ready() const noexcept {
  if (kinds_.empty() || kinds_.front().is_cold) return true;
  const auto& waiting = kinds_.front().waiting;
  return waiting.size() >= ready_ &&
         std::ranges::all_of(waiting, [](const auto& run) { return run->is_prepared() || !run->is_waiting(); });
}

bool CellPool::prepare(std::size_t most) {
  if (kinds_.empty()) return false;
  if (prepare(kinds_.front(), most)) return true;
  // The one before it is needed as soon.
  const auto before = std::next(kinds_.begin());
  return before != kinds_.end() && before->comes_first_of_two && prepare(*before, most);
}

bool CellPool::prepare(PreparedKind& kind, std::size_t most) {
  if (kind.is_cold) return false;
  if (kind.waiting.size() >= std::min<std::size_t>(ready_, most)) return false;
  std::unique_ptr<supervise::Run> run = make_waiting(kind);
  if (!run) return false;
  try {
    kind.waiting.push_back(std::move(run));
  } catch (const std::bad_alloc&) {
    ++kind.failures;
    return false;
  }
  return true;
}

}  // namespace evalrun::pool
